# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The hosts of a play under one short name.

ansible-runner writes what stands in hosts: of a play into every event of it: as a list of names, events would grow with
the square of the hosts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4


def in_short(names: Sequence[str], hostvars: Any) -> list[str]:
    """One pattern that fits exactly these hosts, in their order; the names where Ansible's inventory takes none.

    hostvars: Ansible's own. Nothing public names hosts without a group, and a group would change group_names, groups
    and what the operator's patterns fit. So the pattern is put where Ansible keeps those that it has resolved.
    """
    if len(names) < 2:
        return list(names)
    pattern = f"dsa_run_{uuid4().hex}"
    try:
        inventory = hostvars._inventory
        inventory._pattern_cache[pattern] = [inventory.get_host(name) for name in names]
        fitting = [host.name for host in inventory.get_hosts(pattern)]
    except Exception:  # whatever another ansible-core has there: names are as good, and only longer
        return list(names)
    return [pattern] if fitting == list(names) else list(names)
