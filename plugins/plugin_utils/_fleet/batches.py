# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.
"""The order of hosts, how many go at a time, and when no more are started."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .._messages import Message, message
from .._run import HostRun
from .fleet import NAMED, Fleet
from .plan import Plan
from .work import Tier

_SIZES: Mapping[Tier, str] = {"relays": "dsa_relay_batches", "agents": "dsa_batches"}


def order(plan: Plan, tier: Tier, fleet: Fleet) -> list[str]:
    """The hosts of a tier with work to do, in the order of the inventory."""
    work = plan.work
    return [name for name in fleet.hosts if name in work and work[name].tier == tier]


def batch_sizes(settings: Mapping[str, Any], count: int, tier: Tier) -> list[int]:
    """How many of count hosts go at a time; the sum is count.

    Percentages are of count and rounded up; the last size is repeated; none is above dsa_batch_limit.
    """
    stated = settings[_SIZES[tier]]
    sizes: list[int] = []
    left = count
    while left > 0:
        size = min(_absolute(stated[min(len(sizes), len(stated) - 1)], count), settings["dsa_batch_limit"], left)
        sizes.append(size)
        left -= size
    return sizes


def _absolute(size: int | str, count: int) -> int:
    if isinstance(size, int):
        return size
    return max(1, -(-count * int(size.removesuffix("%")) // 100))


def stopped_tier(fleet: Fleet, tier: Tier, first_batch: Collection[str]) -> Message | None:
    """Why no further host of a tier is started in this run, or None.

    Any failure in the first batch stops the tier; later ones when there are more than dsa_failure_budget allows. A host
    that a pre-check stopped was not touched, and is no failed upgrade.
    """
    tried = [host for host in fleet.touched if _was_in(host, tier)]
    failed = [host.host for host in tried if host.failure]
    first = [name for name in failed if name in first_batch]
    if first:
        return message("tier_stopped_first_batch", tier=tier, hosts=first[:NAMED], failed=len(first))
    budget = min((fleet.hosts[name].settings["dsa_failure_budget"] for name in failed), default=100)
    if 100 * len(failed) <= budget * len(tried):
        return None
    return message("tier_stopped_budget", tier=tier, failed=len(failed), tried=len(tried), budget=budget)


def _was_in(host: HostRun, tier: Tier) -> bool:
    """By its plan, where there was one: a Relay whose service broke is not recognised as one any longer."""
    planned = (host.work or {}).get("tier") or ("relays" if host.goes_first else "agents")
    return bool(planned == tier)
