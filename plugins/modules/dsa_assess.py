#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsa_assess
short_description: Judge the Deep Security Agent of a host by an advisory
version_added: 0.1.0
description:
  - Reads the agent of a host in one remote task, whatever its platform, and decides whether it is affected by an
    advisory.
  - With O(agent) it judges that record and touches no host.
  - It does not fail for an agent that is affected or cannot be read. What cannot be told is V(unknown), with a reason.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  agent:
    description:
      - An agent record to judge instead of reading the host, as M(deep_security.remediation.dsa_info) returns it.
    type: dict
  source:
    description:
      - With V(manager) a host that complies by O(computer) is not read. One that does not, or of which the Manager
        knows nothing or nothing new, is. So is a Relay, unless C(updates) of its record say that it has the latest,
        since others wait for its update.
      - With V(host) and V(both) the host is read.
    type: str
    choices: [host, manager, both]
    default: host
  computer:
    description: What the Manager knows of this host, an entry of what M(deep_security.remediation.dsm_computer_info)
      returns, or the inventory plugin's C(dsm_computer).
    type: dict
  manager_max_age:
    description: For how many days after an agent's last contact the Manager is believed.
    type: float
    default: 7
  relays:
    description:
      - Records of every Relay that the agent can use. Agents of line 10.0 are judged by them.
      - A record may have C(certificate_replaced) and C(name) beside the rest.
    type: list
    elements: dict
  certificate_replaced:
    description: Whether vendor support replaced the certificate file on this host.
    type: bool
    default: false
  not_installed_compliant:
    description: Whether a host without an agent passes.
    type: bool
    default: true
extends_documentation_fragment:
  - deep_security.remediation._options
  - deep_security.remediation._options.reading
  - deep_security.remediation._options.advisory
  - deep_security.remediation._attributes
  - deep_security.remediation._attributes.info
seealso:
  - module: deep_security.remediation.dsa_info
  - plugin: deep_security.remediation.dsa_verdict
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Judge every host
  deep_security.remediation.dsa_assess:
  register: assessed

- name: Stop where the patterns cannot be updated
  ansible.builtin.assert:
    that: assessed.compliant
    fail_msg: "{{ assessed.reason }}"

- name: Judge a record without touching a host
  deep_security.remediation.dsa_assess:
    agent:
      platform: windows
      version: 20.0.0-5995
"""

RETURN = r"""
agent:
  description: The agent record, as M(deep_security.remediation.dsa_info) returns it.
  returned: always
  type: dict
findings:
  description: What is wrong beside the build. A list of C(code), C(message) and C(fails_gate).
  returned: always
  type: list
  elements: dict
  sample: [{code: anti_malware_offline, message: The Anti-Malware engine is offline., fails_gate: true}]
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
