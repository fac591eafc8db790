# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This doc fragment is PRIVATE to the collection.

from __future__ import annotations


class ModuleDocFragment:
    # What this collection keeps on a host.
    DOCUMENTATION = r"""
options:
  progress_file:
    description: Where this collection keeps on the host how far a remediation came.
    type: path
    default: /var/opt/deep_security_remediation/progress.json
"""

    # For what reads a host.
    READING = r"""
options:
  timeout:
    description: How long the tools of the host may take to answer, in seconds, all together. What hangs is killed.
    type: int
    default: 15
"""

    # For what judges.
    ADVISORY = r"""
options:
  advisory:
    description: The id of an advisory that ships with the collection, or the path of another one on the controller.
    type: str
    default: KA-0016311
"""

    # For all that may reboot a host.
    REBOOTING = r"""
options:
  policy:
    description: When the host may be rebooted.
    type: str
    choices:
      never: Do not reboot. What is needed is reported.
      if_required: Reboot when it is needed.
      always: Reboot.
    default: never
  window:
    description:
      - The hours in which a reboot is allowed, such as V(22:00-04:00), or a list of such. At any time without it.
      - One that ends before it begins goes over midnight.
    type: raw
  timezone:
    description: Whose time O(window) counts in. V(host) for each host's own, V(UTC), or a name such as V(Asia/Tokyo).
    type: str
  reboot_timeout:
    description: How long the host may take to come back, in seconds.
    type: int
    default: 1800
  agent_timeout:
    description: How long the agent may take to run and answer after that, in seconds.
    type: int
    default: 300
  reconnect_timeout:
    description: How long a lost connection may stay lost, in seconds.
    type: int
    default: 300
"""
