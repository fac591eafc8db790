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
  clock:
    description: What is known of the host's time already, the C(clock) of an agent record.
    type: dict
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
