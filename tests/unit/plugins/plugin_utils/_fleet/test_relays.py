# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who depends on whom: no Agent is touched below a Relay that is not known to be fixed, updated and healthy."""

from __future__ import annotations

import typing as t
from collections import Counter

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import decide
from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import fleet as fleet_module
from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import make_plan
from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import targets as targets_module
from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import message
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.next import next_of
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import HostRun, Reading, StageResult
from tests.builders import (
    AFFECTED,
    BETWEEN,
    FIXED,
    RELAYS,
    fleet_of,
    host_run,
    manager_computer,
    plan_of,
    record,
    relay,
    result,
)

from .common import codes

AGENT = host_run("web1", record())


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (relay(build=AFFECTED), "relay_not_fixed"),
        (relay(build=BETWEEN), "relay_not_fixed"),
        (relay(build=None), "relay_not_fixed"),
        (relay(build="21.0.0-1"), "relay_not_fixed"),
        (relay(build="10.0.0-100"), "relay_not_fixed"),
        (relay(unreachable="no route"), "unreachable"),
        (relay(unread="no python"), "not_readable"),
        (host_run("relay1", groups=RELAYS), "not_read"),
        (relay(phase="update_pending"), "relay_not_updated"),
        (relay(phase="upgrading"), "relay_not_updated"),
        (relay(phase=None), "relay_not_updated"),
        (relay(stages={"update": "failed"}), "relay_failed"),
        (relay(stages={"precheck": "failed"}), "relay_failed"),
        (relay(record=record(FIXED, relay=True, remediation_unreadable="it is damaged")), "relay_not_updated"),
        (
            relay(record=record(FIXED, relay=True, phase="done", service={"name": "ds_agent", "state": "stopped"})),
            "finding_service_not_running",
        ),
        (
            relay(record=record(FIXED, relay=True, note={"phase": "done", "to": FIXED, "self_protection": "off"})),
            "finding_self_protection_off",
        ),
    ],
)
def test_an_agent_waits_for_its_relay(first: HostRun, code: str) -> None:
    blocked = plan_of(first, AGENT).blocked["web1"]
    assert codes(blocked)[0] == "relays_first"
    assert code in codes(blocked)
    assert "relay1" in blocked.text


@pytest.mark.parametrize(
    "first",
    [
        relay(),
        relay(phase=None, stages={"update": "done"}),
        relay(build="9.6.2-8888"),
        relay(build=AFFECTED, settings={"dsa_certificate_replaced": True}),
        relay(groups=(), settings={"dsa_role": "relay"}),
        relay(groups=()),
    ],
    ids=["fixed", "updated now", "9.6", "certificate", "by dsa_role", "by its listener"],
)
def test_an_agent_goes_when_its_relay_is_good(first: HostRun) -> None:
    work = plan_of(first, AGENT).work["web1"]
    assert (work.tier, work.target) == ("agents", FIXED)


def test_no_relay_known_is_no_permission() -> None:
    assert codes(plan_of(AGENT).blocked["web1"]) == ["no_relay_known"]
    complete = host_run("web1", record(), settings={"dsa_relays_complete": True})
    assert codes(plan_of(complete).blocked["web1"]) == ["no_relay_known"]
    assert "web1" in plan_of(host_run("web1", record(), settings={"dsa_relays": []})).work


def test_a_relay_of_another_site_holds_nobody_back() -> None:
    made = plan_of(
        relay("osaka", AFFECTED),
        relay("tokyo"),
        host_run("here", record(), settings={"dsa_relays": ["tokyo"]}),
        host_run("there", record(), settings={"dsa_relays": ["osaka"]}),
        host_run("anywhere", record()),
    )
    assert set(made.work) == {"osaka", "here"}
    assert set(made.blocked) == {"there", "anywhere"}


@pytest.mark.parametrize("name", ["dsa_relays", "dsa_bundle_relay"])
def test_a_relay_that_the_inventory_lacks_blocks_the_hosts_that_name_it(name: str) -> None:
    """In a slice of a fleet most are lacking: no reason to stop those that have theirs."""
    lost = host_run("web1", record(), settings={name: "tokio"})
    made = plan_of(relay(), lost, host_run("web2", record()))
    assert set(made.work) == {"web2"}
    blocked = made.blocked["web1"]
    assert "relay_not_in_inventory" in codes(blocked)
    assert "tokio is not in the inventory" in blocked.text
    assert fleet_of(relay(), lost).verdict(lost).verdict == "affected"
    assert "web1" in plan_of(relay(), lost, predicting=True).blocked, "check mode predicts no better"


@pytest.mark.parametrize("group", ["deep_security_managers", "deep_security_agents"])
def test_a_relay_is_a_relay_whatever_else_it_is(group: str) -> None:
    assert "web1" in plan_of(relay("both", AFFECTED, groups=(group, *RELAYS)), AGENT).blocked
    assert "web1" in plan_of(relay(), relay("both", AFFECTED, groups=(group,)), AGENT).blocked


def test_relays_outside_the_scope_count_too() -> None:
    """With --limit, or in a slice."""
    assert "web1" in plan_of(relay(build=AFFECTED), AGENT, scope=["web1"]).blocked


@pytest.mark.parametrize("predicting", [False, True])
def test_in_a_part_of_a_fleet_agents_wait_however_good_its_relays_are(predicting: bool) -> None:
    elsewhere = message("relays_elsewhere", why=message("relay_hosts_missing"))
    named = host_run("web2", record(), settings={"dsa_relays": ["relay1"]})
    none = host_run("web3", record(), settings={"dsa_relays": []})
    hosted = host_run("web4", record(), settings={"dsm_hosted_relays": True})
    old = host_run("old", record("10.0.0-100"))
    hosts = (relay(), AGENT, named, none, hosted, old)
    made = plan_of(*hosts, hidden=elsewhere, predicting=predicting)
    assert codes(made.blocked["web1"]) == codes(made.blocked["web4"]) == ["relays_elsewhere", "relay_hosts_missing"]
    assert set(made.work) == {"web2", "web3"}, "those that name all they may use"
    assert fleet_of(*hosts, hidden=elsewhere).verdict(old).verdict == "conditional"
    assert next_of([made.blocked["web1"]])["code"] == "run_relays_whole"


class TestHostsThatMayBeRelays:
    """O1: a host in no group and without dsa_role that could not be read, beside Relays that are declared and good."""

    @pytest.mark.parametrize(
        "unread",
        [
            host_run("osaka", unreachable="no route"),
            host_run("osaka", unread="no python"),
            host_run("osaka"),  # --limit left it out
            host_run("osaka", record(AFFECTED, relay=None)),  # it was read, and whether it is one stayed open
            host_run("osaka", computer=manager_computer(AFFECTED, relay=None), unreachable="no route"),
            host_run("osaka", computer=manager_computer(AFFECTED, relay=None), settings={"dsa_source": "manager"}),
        ],
    )
    def test_they_block_agents(self, unread: HostRun) -> None:
        blocked = plan_of(relay(), unread, AGENT).blocked["web1"]
        assert codes(blocked) == ["relays_first", "may_be_relays"]
        for word in ("osaka", "dsa_relays", "dsa_relays_complete: true"):
            assert word in blocked.text

    @pytest.mark.parametrize(
        "told",
        [
            host_run("osaka", record(AFFECTED)),  # read, and no Relay
            host_run("osaka", record(None)),
            host_run("osaka", unreachable="no route", groups=["deep_security_agents"]),
            host_run("osaka", unreachable="no route", groups=["deep_security_managers"]),
            host_run("osaka", unreachable="no route", settings={"dsa_role": "agent"}),
            host_run("osaka", unreachable="no route", computer=manager_computer(relay=False)),
        ],
    )
    def test_what_is_known_to_be_no_relay_does_not(self, told: HostRun) -> None:
        assert "web1" in plan_of(relay(), told, AGENT).work

    @pytest.mark.parametrize("settings", [{"dsa_relays": ["relay1"]}, {"dsa_relays_complete": True}])
    def test_either_remedy_frees_the_agent(self, settings: dict[str, t.Any]) -> None:
        agent = host_run("web1", record(), settings=settings)
        assert "web1" in plan_of(relay(), host_run("osaka", unreachable="no route"), agent).work

    def test_neither_remedy_frees_it_from_a_relay_that_is_known(self) -> None:
        agent = host_run("web1", record(), settings={"dsa_relays_complete": True})
        blocked = plan_of(relay(build=AFFECTED), host_run("osaka"), agent).blocked["web1"]
        assert codes(blocked) == ["relays_first", "relay_not_fixed"]

    def test_a_name_that_was_not_read_blocks_where_it_is_named(self) -> None:
        agent = host_run("web1", record(), settings={"dsa_relays": ["osaka"], "dsa_relays_complete": True})
        blocked = plan_of(relay(), host_run("osaka"), agent).blocked["web1"]
        assert codes(blocked) == ["relays_first", "relay_unread", "not_read"]

    def test_the_first_three_are_named_and_all_are_counted(self) -> None:
        silent = [host_run(f"x{number}", unreachable="no route") for number in range(500)]
        blocked = plan_of(relay(), *silent, AGENT).blocked["web1"]
        assert blocked.values["count"] == 500
        assert "x0, x1, x2" in blocked.text
        assert "500" in blocked.text
        assert "x3" not in blocked.text
        assert len(str(blocked.as_dict())) < 1000

    def test_the_remedies_are_shown_however_many_relays_are_bad(self) -> None:
        bad = [relay(f"relay{number}", AFFECTED) for number in range(9)]
        blocked = plan_of(*bad, host_run("x"), AGENT).blocked["web1"]
        assert blocked.values["count"] == 10
        assert "dsa_relays_complete" in blocked.text


class TestRelaysThatBreakDuringTheRun:
    """O3, as far as it is seen from the fleet: what was read of a Relay later counts."""

    def test_a_relay_whose_service_stopped_is_still_one(self) -> None:
        """Its listener, by which alone it is known, is gone as well."""
        stopped = record(FIXED, relay=False, phase="done", service={"name": "ds_agent", "state": "stopped"})
        broken = relay(groups=()).after(result("update", record=stopped))
        for agent in (AGENT, host_run("web1", record(), settings={"dsa_relays_complete": True})):
            assert "finding_service_not_running" in codes(plan_of(broken, agent).blocked["web1"])

    @pytest.mark.parametrize("groups", [RELAYS, ()])
    def test_a_relay_that_is_silent_by_now_blocks(self, groups: t.Any) -> None:
        silent = relay(groups=groups).with_reading(Reading("unreachable", None, "no route"))
        for agent in (AGENT, host_run("web1", record(), settings={"dsa_relays_complete": True})):
            blocked = plan_of(silent, agent).blocked["web1"]
            assert codes(blocked) == ["relays_first", "relay_unread", "unreachable"]

    def test_an_agent_that_is_silent_by_now_is_no_relay(self) -> None:
        lost = host_run("web0", record(FIXED)).with_reading(Reading("unreachable", None, "no route"))
        assert "web1" in plan_of(relay(), lost, AGENT).work

    def test_an_agent_that_failed_with_24_stops_new_starts_below_its_relays(self) -> None:
        expired = result("update", "failed", details={"certificate_expired": True})
        failed = host_run("web0", record(FIXED), settings={"dsa_relays": ["tokyo"]}, stages={"update": expired})
        here = host_run("web1", record(), settings={"dsa_relays": ["tokyo"]})
        there = host_run("web2", record(), settings={"dsa_relays": ["osaka"]})
        made = plan_of(relay("tokyo"), relay("osaka"), failed, here, there)
        assert codes(made.blocked["web1"]) == ["relays_first", "relay_served_expired"]
        assert "web0" in made.blocked["web1"].text
        assert "web2" in made.work

    @pytest.mark.parametrize(
        "update",
        [
            result("update", "failed"),
            result("update", "failed", details={"certificate_expired": False}),
            result("update", "done", details={"certificate_expired": True}),  # it succeeded at last
        ],
    )
    def test_other_failures_do_not(self, update: StageResult) -> None:
        failed = host_run("web0", record(FIXED), stages={"update": update})
        assert "web1" in plan_of(relay(), failed, AGENT).work

    def test_a_relay_that_failed_with_24_stands_for_itself(self) -> None:
        expired = result("update", "failed", details={"certificate_expired": True})
        below = host_run("web1", record(), settings={"dsa_relays": ["tokyo"]})
        made = plan_of(relay("tokyo"), relay("osaka", stages={"update": expired}), below, host_run("web2", record()))
        assert "web1" in made.work
        assert codes(made.blocked["web2"]) == ["relays_first", "relay_failed"]


def test_agents_of_a_large_fleet_are_judged_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[str] = Counter()

    def counted(*arguments: t.Any) -> t.Any:
        calls["decide"] += 1
        return decide(*arguments)

    for module in (fleet_module, targets_module):
        monkeypatch.setattr(module, "decide", counted)
    relays = [relay(f"relay{number}", phase="done" if number % 2 else None) for number in range(20)]
    agents = [host_run(f"web{number}", record(FIXED if number % 3 else AFFECTED)) for number in range(1000)]
    fleet = fleet_of(*relays, *agents)
    for predicting in (False, True):
        make_plan(fleet, list(fleet.hosts), predicting)
    for host in fleet.hosts.values():
        fleet.verdict(host)
        fleet.findings(host)
    assert calls["decide"] == 1020 + 1, "once each, and once for the target"


def test_a_host_with_a_newer_record_is_judged_anew() -> None:
    fleet = fleet_of(relay(), AGENT)
    assert fleet.verdict(AGENT).verdict == "affected"
    assert fleet.verdict(AGENT.after(result("upgrade", record=record(FIXED)))).verdict == "fixed"
    assert fleet.verdict(AGENT).verdict == "affected"


def test_a_10_0_agent_goes_free_once_its_relays_are_fixed() -> None:
    old = host_run("old", record("10.0.0-100"))
    assert fleet_of(relay(), old).verdict(old).verdict == "not_affected"
    assert fleet_of(relay(build=AFFECTED), old).verdict(old).action == "fix_relay"
    silent = host_run("x", unreachable="no route")
    assert fleet_of(relay(), silent, old).verdict(old).verdict == "conditional"
    complete = host_run("old", record("10.0.0-100"), settings={"dsa_relays_complete": True})
    assert fleet_of(relay(), silent, complete).verdict(complete).verdict == "not_affected"
