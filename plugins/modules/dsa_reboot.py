#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsa_reboot
short_description: Reboot a host if policy and agent want it
version_added: 0.1.0
description:
  - Asks the host whether its agent needs a reboot, and reboots it as O(policy) allows with M(ansible.builtin.reboot).
  - A reboot that is needed and not allowed is reported as deferred.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  reboot:
    description: What is known of the need already, the C(reboot) of an agent record. The host is asked without it.
    type: dict
  policy:
    description: When to reboot.
    type: str
    choices:
      never: Do not reboot. What is needed is reported.
      if_required: Reboot when the agent's package asks for it.
      always: Reboot.
    default: never
  reboot_timeout:
    description: How long the host may take to come back, in seconds.
    type: int
    default: 1800
  reconnect_timeout:
    description: How long a lost connection may stay lost before the reboot, in seconds.
    type: int
    default: 300
extends_documentation_fragment:
  - deep_security.remediation._options
  - deep_security.remediation._options.reading
  - deep_security.remediation._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
seealso:
  - module: ansible.builtin.reboot
"""

EXAMPLES = r"""
- name: Reboot where the agent asks for it
  deep_security.remediation.dsa_reboot:
    policy: if_required
"""

RETURN = r"""
rebooted:
  description: Whether the host was rebooted and is back.
  returned: always
  type: bool
deferred:
  description: Whether a reboot is required and was not allowed.
  returned: unless it failed
  type: bool
elapsed:
  description: How long the reboot took, in seconds.
  returned: when rebooted
  type: int
"""
