# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of hosts, the sizes of batches, and failures that stop a tier."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import (
    batch_sizes,
    order,
    stopped_tier,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import HostRun
from tests.builders import AFFECTED, FIXED, fleet_of, host_run, parsed, plan_of, record, relay

from .common import codes


@pytest.mark.parametrize(
    ("settings", "count", "sizes"),
    [
        ({}, 0, []),
        ({}, 1, [1]),
        ({}, 8, [1, 1, 6]),
        ({}, 100, [1, 10, 89]),
        ({}, 500, [1, 50, 200, 200, 49]),
        ({"dsa_batches": [1, 3, "100%"]}, 10, [1, 3, 6]),
        ({"dsa_batches": "2"}, 5, [2, 2, 1]),
        ({"dsa_batches": "1,100%"}, 5, [1, 4]),
        ({"dsa_batches": "[1, 50%]"}, 5, [1, 3, 1]),
        ({"dsa_batch": ""}, 3, [1, 1, 1]),
        ({"dsa_batch": "1%"}, 3, [1, 1, 1]),
        ({"dsa_batches": 1000, "dsa_batch_limit": 2}, 5, [2, 2, 1]),
    ],
)
def test_batches_cover_all_hosts(settings: dict[str, t.Any], count: int, sizes: list[int]) -> None:
    assert batch_sizes(parsed(settings), count, "agents") == sizes


def test_relays_have_batches_of_their_own() -> None:
    assert batch_sizes(parsed({}), 5, "relays") == [1, 4]
    assert batch_sizes(parsed({"dsa_relay_batch": "2"}), 5, "relays") == [2, 2, 1]


def test_the_order_is_the_inventorys_and_of_one_tier() -> None:
    hosts = [host_run("b", record()), relay("r2", AFFECTED), relay("r1", AFFECTED), host_run("a", record())]
    fleet = fleet_of(*hosts)
    plan = plan_of(*hosts, scope=["a", "r1", "r2", "b"], predicting=True)
    assert order(plan, "relays", fleet) == ["r2", "r1"]
    assert order(plan, "agents", fleet) == ["b", "a"]


def tried(name: str, failed: bool = False, stage: str = "upgrade", **settings: t.Any) -> HostRun:
    """A host that this run touched."""
    return host_run(name, record(FIXED), settings=settings, stages={stage: "failed" if failed else "done"})


@pytest.mark.parametrize(
    ("failed", "done", "first_batch", "code"),
    [
        ("", "ab", "a", None),
        ("a", "", "a", "tier_stopped_first_batch"),  # O4: the canary
        ("a", "bcdefgh", "a", "tier_stopped_first_batch"),
        ("b", "acdefgh", "abc", "tier_stopped_first_batch"),
        ("b", "a", "a", None),  # half of them is what the budget allows
        ("bc", "ade", "a", None),
        ("bc", "a", "a", "tier_stopped_budget"),
        ("bcd", "", "a", "tier_stopped_budget"),
    ],
)
def test_failures_stop_their_tier(failed: str, done: str, first_batch: str, code: str | None) -> None:
    fleet = fleet_of(relay(), *[tried(name, True) for name in failed], *[tried(name) for name in done])
    assert codes(stopped_tier(fleet, "agents", list(first_batch))) == ([code] if code else [])
    assert stopped_tier(fleet, "relays", list(first_batch)) is None


@pytest.mark.parametrize(("budget", "stops"), [(0, True), ("10%", True), (25, False), ("100%", False)])
def test_the_budget_is_the_operators(budget: object, stops: bool) -> None:
    hosts = [tried(name, name == "d", dsa_max_fail_percentage=budget) for name in "abcd"]
    assert bool(stopped_tier(fleet_of(*hosts), "agents", ["a"])) is stops


def test_a_host_that_a_pre_check_stopped_is_no_failure_of_its_tier() -> None:
    assert stopped_tier(fleet_of(relay(), tried("a", True, "precheck")), "agents", ["a"]) is None


def test_a_relay_that_broke_counts_among_relays() -> None:
    """Its service is down, so nothing listens there as a Relay does."""
    broken = host_run("r", record(FIXED, relay=False), stages={"update": "failed"}, work={"tier": "relays"})
    fleet = fleet_of(broken)
    assert codes(stopped_tier(fleet, "relays", ["r"])) == ["tier_stopped_first_batch"]
    assert stopped_tier(fleet, "agents", ["r"]) is None


def test_the_smallest_budget_of_the_hosts_that_failed_counts() -> None:
    hosts = [tried("a", True, dsa_max_fail_percentage=100), tried("b", True, dsa_max_fail_percentage=10)]
    hosts += [tried(name, dsa_max_fail_percentage=0) for name in "cdef"]
    stopped = stopped_tier(fleet_of(*hosts), "agents", [])
    assert stopped is not None
    assert (stopped.code, stopped.values["budget"]) == ("tier_stopped_budget", 10)
