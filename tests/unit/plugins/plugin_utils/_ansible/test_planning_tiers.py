# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is planned, which failures stop a tier, and which Relays are read again before a batch."""

from __future__ import annotations

import importlib.util

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible import planning
from tests.builders import AFFECTED, FIXED, record, result
from tests.unit.controller import Controller

NAMES = ("web1", "web2", "web3", "web4")


def fleet(controller: Controller, *relays: str, **more: object) -> Controller:
    """Four Agents, and Relays that they may use."""
    own = {"dsa_relays": None, **more} if relays else more
    return controller.inventory(dict.fromkeys([*NAMES, *relays], own), relays)


def test_only_hosts_of_the_run_are_planned(controller: Controller) -> None:
    fleet(controller).play = {"dsa_hosts": "web2,web3"}
    run = controller.begin(**dict.fromkeys(NAMES, record(AFFECTED)))
    assert planning.tier_of(run, "agents")["order"] == ["web2", "web3"]
    assert [name for name in NAMES if controller.entries(name, "plan")] == ["web2", "web3"]


def test_a_host_that_the_tier_before_worked_on_keeps_its_plan(controller: Controller) -> None:
    run = fleet(controller, "relay1").begin(**dict.fromkeys(NAMES, record(AFFECTED)), relay1=record(AFFECTED))
    assert planning.tier_of(run, "relays")["order"] == ["relay1"]
    controller.staged("relay1", result("upgrade", record=record(FIXED, relay=True)))
    planning.tier_of(run, "agents")
    assert len(controller.entries("relay1", "plan")) == 1


@pytest.mark.parametrize(
    ("playbook", "order"), [("remediate", list(NAMES)), ("remediate_agents", [])], ids=["remediate", "agents alone"]
)
def test_check_mode_counts_on_relays_that_the_same_run_would_fix(
    controller: Controller, playbook: str, order: list[str]
) -> None:
    fleet(controller, "relay1").command_line(check=True)
    run = controller.begin(playbook, **dict.fromkeys(NAMES, record(AFFECTED)), relay1=record(AFFECTED))
    if playbook == "remediate":
        assert planning.tier_of(run, "relays")["order"] == ["relay1"]
        controller.staged("relay1", result("upgrade", "predicted"))
    assert planning.tier_of(run, "agents")["order"] == order
    assert [controller.run().host(name).blocked is None for name in NAMES] == [bool(order)] * 4


def test_check_mode_does_not_count_on_a_relay_that_cannot_be_worked_on(controller: Controller) -> None:
    fleet(controller, "relay1").command_line(check=True)
    run = controller.begin(**dict.fromkeys(NAMES, record(AFFECTED)), relay1=record(AFFECTED))
    planning.tier_of(run, "relays")
    controller.staged("relay1", result("precheck", "failed", changed=False))
    assert planning.tier_of(run, "agents")["order"] == []


def test_a_tier_is_planned_once(controller: Controller) -> None:
    run = fleet(controller).begin(**dict.fromkeys(NAMES, record(AFFECTED)))
    assert planning.tier_of(run, "agents")["order"] == planning.tier_of(controller.run(), "agents")["order"]
    assert len(controller.entries("", "tier")) == 1


@pytest.mark.parametrize(
    ("failed", "code"), [("web1", "tier_stopped_first_batch"), ("web2", None)], ids=["first batch", "later"]
)
def test_nobody_follows_a_canary_that_failed(controller: Controller, failed: str, code: str | None) -> None:
    """One failure of two is within the budget, unless it is that of the first batch."""
    run = fleet(controller, dsa_batch="1,3").begin(**dict.fromkeys(NAMES, record(AFFECTED)))
    assert planning.tier_of(run, "agents")["sizes"] == [1, 3]
    for name in ("web1", "web2"):
        controller.staged(name, result("upgrade", "failed" if name == failed else "done"))
    dummy, plan = planning.plan_hosts(run, ["web3", "web4"])
    assert {reason.code for reason in plan.blocked.values()} == ({code} if code else set())
    assert list(plan.work) == ([] if code else ["web3", "web4"])
    assert [controller.run().host(name).work is None for name in ("web3", "web4")] == [bool(code)] * 2


def test_a_first_batch_of_the_managers_tasks_counts_too(controller: Controller) -> None:
    run = controller.begin()
    empty: dict[str, list[object]] = {"order": [], "sizes": []}
    run.journal.append("", "tier", tier="agents", **empty, by_manager={"order": ["a", "b", "c"], "sizes": [2, 1]})
    assert planning._first_batch(run, "agents") == ["a", "b"]
    assert planning._first_batch(run, "relays") == []


@pytest.mark.parametrize("installed", [True, False])
def test_windows_hosts_wait_where_the_controller_lacks_their_modules(
    controller: Controller, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    found = {"ansible_collections.ansible.windows": object() if installed else None}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found[name])
    entry = {"version": FIXED, "url": "https://packages.example.com/agent.msi", "sha256": "A" * 64}
    controller.inventory({"win1": {"dsa_packages": [entry]}, "web1": {}}).command_line(check=True)
    run = controller.begin(win1=record(AFFECTED, "windows"), web1=record(AFFECTED))
    dummy, plan = planning.plan_hosts(run, ["win1", "web1"])
    assert "web1" in plan.work
    assert {name: reason.code for name, reason in plan.blocked.items()} == (
        {} if installed else {"win1": "no_ansible_windows"}
    )


# Relays before a batch


def test_the_relays_that_a_batch_depends_on_are_read_again(controller: Controller) -> None:
    fleet(controller, "relay1", "relay2")
    controller.hosts["web1"]["dsa_relays"] = ["relay2"]
    controller.hosts["web2"]["dsa_bundle_relay"] = "relay1"
    controller.hosts["web2"]["dsa_relays"] = []
    run = controller.begin(**dict.fromkeys(controller.hosts, record(AFFECTED)))
    assert planning.relays_of_batch(run, ["web1"]) == ["relay2"]
    assert planning.relays_of_batch(run, ["web2"]) == ["relay1"]
    assert sorted(planning.relays_of_batch(run, ["web1", "web3"])) == ["relay1", "relay2"]
    assert planning.relays_of_batch(run, ["relay1", "relay2"]) == [], "Relays wait for nobody"


def test_a_relay_that_this_run_could_not_read_is_not_tried_before_every_batch(controller: Controller) -> None:
    run = fleet(controller, "relay1", "relay2").begin(web1=record(AFFECTED))
    run.journal.append("relay1", "read", status="unreachable", record=None, why="silent")
    assert planning.relays_of_batch(run, ["web1"]) == []


def test_check_mode_reads_no_relay_again(controller: Controller) -> None:
    fleet(controller, "relay1").command_line(check=True)
    run = controller.begin(web1=record(AFFECTED), relay1=record(AFFECTED))
    assert planning.relays_of_batch(run, ["web1"]) == []


def test_relays_outside_the_play_are_read(controller: Controller) -> None:
    run = fleet(controller, "relay1", "relay2").begin(relay1=record(AFFECTED))
    assert planning.relays_outside(run, ["web1"]) == ["relay2"]
    assert planning.relays_outside(run, ["web1", "relay2"]) == []


def test_the_plan_is_shown_with_an_example_of_why_hosts_wait(
    controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"web{number:02}" for number in range(12)]
    waits = {name: {"dsa_relays": ["relay1"]} for name in names}
    run = controller.inventory({"relay1": {}, **waits}, ["relay1"]).begin(
        relay1=record(AFFECTED), **{name: record(AFFECTED) for name in names}
    )
    monkeypatch.setenv("COLUMNS", "100")
    planning.plan_hosts(run, ["relay1", *names])
    assert controller.shown.lines == [
        "Plan: Relays to work on: 1 (relay1), blocked for now: 12, for example web00: Relays come first:",
        "    relay1 is affected (20.0.0-4416)",
    ]
    planning.plan_hosts(run, [])
    assert controller.shown.lines[-1] == "Plan: nothing to do"


def test_the_first_hosts_of_a_plan_are_named(controller: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    names = [f"web{number:02}" for number in range(12)]
    run = controller.inventory(names).begin(**{name: record(AFFECTED) for name in names})
    planning.plan_hosts(run, names)
    assert controller.shown.lines[-1] == f"Plan: Agents to work on: 12 ({', '.join(names[:10])} … and 2 more)"
