#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsa_verify
short_description: Wait until an upgraded Deep Security Agent is verified
version_added: 0.1.0
description:
  - Reads the host until two sources give a fixed build, the service runs, Anti-Malware is not offline and the
    security update is done.
  - Fails with everything that is missing when the time is up.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  certificate_replaced:
    description: Whether vendor support replaced the certificate file on this host.
    type: bool
    default: false
  target:
    description: The build that every source must have reached. Without it any fixed build will do.
    type: str
  wait:
    description: How long to wait, in seconds. Anti-Malware can be offline until the first heartbeat after an upgrade.
    type: int
    default: 300
  interval:
    description: How long to wait between two readings, in seconds.
    type: int
    default: 10
  reconnect_timeout:
    description: How long a lost connection may stay lost, in seconds.
    type: int
    default: 300
extends_documentation_fragment:
  - deep_security.remediation._options
  - deep_security.remediation._options.reading
  - deep_security.remediation._options.advisory
  - deep_security.remediation._attributes
  - deep_security.remediation._attributes.info
seealso:
  - module: deep_security.remediation.dsa_assess
"""

EXAMPLES = r"""
- name: Be sure
  deep_security.remediation.dsa_verify:
    target: 20.0.2-1390
"""

RETURN = r"""
agent:
  description: The last agent record, as M(deep_security.remediation.dsa_info) returns it.
  returned: always
  type: dict
findings:
  description: What is wrong beside the build, as M(deep_security.remediation.dsa_assess) returns it.
  returned: always
  type: list
  elements: dict
verdict:
  description:
    - The decision about the agent. One of V(affected), V(fixed), V(indeterminate), V(not_affected), V(conditional),
      V(mitigated),
      V(not_applicable), V(not_installed), V(unknown).
  returned: always
  type: str
  sample: affected
compliant:
  description: Whether the verdict passes a gate. Unknown never does.
  returned: always
  type: bool
  sample: false
reason:
  description: The decision in one sentence.
  returned: always
  type: str
  sample: "20.0.0-4416 cannot update its patterns (Linux: up to 20.0.0-4416)."
reason_code:
  description: The same for machines.
  returned: always
  type: str
  sample: at_or_below_affected
action:
  description: What is called for. One of V(none), V(upgrade), V(fix_relay), V(ask_support), V(investigate).
  returned: always
  type: str
  sample: upgrade
advisory:
  description: The advisory that was applied.
  returned: always
  type: str
  sample: KA-0016311
line:
  description: The line of the build.
  returned: always
  type: str
  sample: "20.0"
platform:
  description: The platform by whose column the build was judged.
  returned: always
  type: str
  sample: linux
version:
  description: The build that was judged, normalised.
  returned: always
  type: str
  sample: 20.0.0-4416
affected_up_to:
  description: The last affected build of the line on this platform.
  returned: always
  type: str
  sample: 20.0.0-4416
fixed_from:
  description: The first fixed build of the line on this platform.
  returned: always
  type: str
  sample: 20.0.0-4726
"""
