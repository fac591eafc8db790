#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsa_recover
short_description: Install an agent anew whose Anti-Malware engine stays offline
version_added: 0.1.0
description:
  - Follows the vendor's article KA-0016311 for a Windows host on which the Anti-Malware engine is offline after an
    upgrade, step by step, each seen to have worked before the next.
  - The agent is removed, the host rebooted if that is asked for and allowed, what must be gone is seen to be gone, the
    computer is deleted in the Manager, the agent is installed anew and activated, and is a Relay again if it was one.
  - It stops, with what to do, where a step is the operator's or did not have its effect. Run again, it goes on from
    what it finds. Where Anti-Malware is still offline after all of it, it stops for good, as the article does.
  - Never part of another playbook. It removes the agent, so the host is without protection meanwhile.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  deleted_in_manager:
    description: Whether the computer was deleted in the Manager after the agent was removed.
    type: bool
    default: false
  manager_part:
    description:
      - Who does what the Manager has to be told. V(operator) fails where it is your turn.
      - V(caller) does not fail there, and returns RV(waits_for). The role P(deep_security.remediation.recover#role)
        does that part with M(deep_security.remediation.dsm_computer).
      - V(done) says that the computer has everything again. The agent is told to ask the Manager at once, and it is
        waited until Anti-Malware is on, and the host is a Relay if it was one.
    type: str
    choices: [operator, caller, done]
    default: operator
  activation:
    description:
      - The arguments of C(dsa_control) that activate the agent, as the Manager's deployment script has them.
      - Without them the agent has to be activated in the Manager.
    type: list
    elements: str
    default: []
  relay:
    description: Whether the host was a Relay, and must be one again.
    type: bool
    default: false
  verify:
    description: Whether to refuse a package that neither has the stated SHA-256 nor a good signature.
    type: bool
    default: true
  msi_arguments:
    description: More arguments for the MSI, the ones with which the agent was installed before.
    type: str
  self_protection:
    description: Whether the agent protects itself, so that this is switched off before it is removed.
    type: bool
  self_protection_password:
    description: The password of the self-protection.
    type: str
  interval:
    description: How long to wait between two looks, in seconds.
    type: int
    default: 10
  package_cache:
    description: Where downloaded packages are kept on the controller.
    type: path
    default: ~/.cache/deep_security_remediation
  ca_path:
    description: A CA file for the download of the package.
    type: path
  validate_certs:
    description: Whether the certificate of the server that the package comes from is checked.
    type: bool
    default: true
extends_documentation_fragment:
  - deep_security.remediation._options
  - deep_security.remediation._options.advisory
  - deep_security.remediation._options.reading
  - deep_security.remediation._options.rebooting
  - deep_security.remediation._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
seealso:
  - module: deep_security.remediation.dsa_precheck
  - module: deep_security.remediation.dsm_computer
  - module: deep_security.remediation.dsa_verify
"""

EXAMPLES = r"""
- name: Remove the agent and install it anew
  deep_security.remediation.dsa_recover:
    policy: if_required
    activation: ["-a", "dsm://dsm.example.com:4120/", "policyid:12"]
"""

RETURN = r"""
steps:
  description: What was done in this run.
  returned: always
  type: list
  elements: str
  sample: [removed the agent, rebooted]
waits_for:
  description:
    - With O(manager_part=caller) what is to be done in the Manager now, else null.
    - V(deletion) if the agent is removed, nothing is left of it, and the computer is to be deleted. In check mode if
      that would come.
    - V(restoration) if the agent is installed anew and activated, and its computer is to get back what it had.
  returned: always
  type: str
  sample: deletion
"""
