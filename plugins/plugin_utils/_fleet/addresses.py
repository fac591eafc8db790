# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Two names for one address: what was read of the one stands for the other, which may be anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .._run import HostRun


def same_address(hosts: Mapping[str, HostRun], address: Callable[[str], object]) -> dict[str, str]:
    """Host → another one that was read at the same address, be it a Relay or an Agent.

    One that gave no record proves nothing anyway.
    """
    first: dict[object, str] = {}
    found: dict[str, str] = {}
    for name, host in hosts.items():
        if host.last and host.last.record:
            other = first.setdefault(address(name), name)
            if other != name:
                found.update({name: other, other: name})
    return found
