#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsa_plan
short_description: Decide which hosts may be worked on now
version_added: 0.1.0
description:
  - Looks at what a run knows of all hosts of the inventory and decides which hosts of the play need work, with which
    package, and
    which of them must wait.
  - An Agent must wait while a Relay that it may use is not fixed and updated, or not known to be. This is decided
    from the present
    state each time, not from the order of plays.
  - Packages with a URL are downloaded to the controller, each once, before any host is touched. Not in check mode.
  - Runs on the controller alone. Use it with C(run_once), after M(deep_security.remediation.dsa_assess) was
    registered as
    C(__assess_result). It reads the hosts' C(dsa_) variables, which the role P(deep_security.remediation.plan#role)
    documents.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  relay_readings:
    description: Results of a loop of M(deep_security.remediation.dsa_assess) over Relays outside the play.
    type: list
    elements: dict
    default: []
  package_cache:
    description: Where downloaded packages are kept on the controller.
    type: path
    default: ~/.cache/deep_security_remediation
  ca_path:
    description: A file of CA certificates for downloads.
    type: path
  validate_certs:
    description: Whether to verify TLS certificates of downloads.
    type: bool
    default: true
  undelivered:
    description: RV(undelivered) of an earlier plan of the run. It is kept for hosts that are not in this batch.
    type: dict
    default: {}
  manager:
    description:
      - What M(deep_security.remediation.dsm_info) returned. Agents wait for a Manager that is older than
        C(dsm_minimum_version), or of an older line than the target.
    type: dict
    default: {}
extends_documentation_fragment:
  - deep_security.remediation._options.advisory
  - deep_security.remediation._attributes
  - deep_security.remediation._attributes.controller
seealso:
  - module: deep_security.remediation.dsa_upgrade
"""

EXAMPLES = r"""
- name: Decide who may be touched now
  deep_security.remediation.dsa_plan:
  run_once: true
  register: __plan_result
"""

RETURN = r"""
todo:
  description:
    - Per host C(wave), C(verdict), C(installed), C(target) and C(package). No package means that only the update is
      left.
  returned: always
  type: dict
blocked:
  description: Per host why it must wait, or cannot be helped from here.
  returned: always
  type: dict
  sample: {web1: "Relays come first: relay1 is affected (20.0.0-4416)"}
undelivered:
  description: Hosts of RV(blocked) whose package could not be downloaded, with the reason. The report asks for them.
  returned: always
  type: dict
  sample: {web1: "https://files.example.com/a.deb cannot be downloaded: HTTP Error 404: Not Found"}
waves:
  description: Per host of RV(todo) its wave, V(relays) or V(agents).
  returned: always
  type: dict
  sample: {relay1: relays}
"""
