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
  - Asks the host whether its agent needs a reboot, and reboots it as O(policy) and O(window) allow, with
    M(ansible.builtin.reboot) or M(ansible.windows.win_reboot).
  - A host is back when its agent runs and answers, not when a login works.
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
  clock:
    description: What is known of the host's time already, the C(clock) of an agent record.
    type: dict
  window:
    description:
      - The hours in which a reboot is allowed, such as V(22:00-04:00), or a list of such. At any time without it.
      - One that ends before it begins goes over midnight.
    type: raw
  timezone:
    description: Whose time O(window) counts in. V(host) for each host's own, V(UTC), or a name such as V(Asia/Tokyo).
    type: str
  agent_timeout:
    description: How long the agent may take to run and answer after the reboot, in seconds.
    type: int
    default: 300
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
  - module: ansible.windows.win_reboot
"""

EXAMPLES = r"""
- name: Reboot where the agent asks for it
  deep_security.remediation.dsa_reboot:
    policy: if_required
    window: 22:00-04:00
    timezone: Asia/Tokyo
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
waiting:
  description: Whether the installed build runs only after the reboot that was put off.
  returned: when a reboot was put off
  type: bool
agent:
  description: The agent record.
  returned: when a reboot was put off
  type: dict
elapsed:
  description: How long the reboot took, in seconds.
  returned: when rebooted
  type: int
"""
