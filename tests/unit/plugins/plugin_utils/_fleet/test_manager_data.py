# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the Manager's data are worth: for the verdict, for who is a Relay, for the order."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import make_plan
from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import message
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import HostRun
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SettingsError
from tests.builders import AFFECTED, FIXED, RELAYS, fleet_of, host_run, manager_computer, plan_of, record, relay

from .common import codes

computer = manager_computer


def finding_codes(one: HostRun, *others: HostRun, **more: t.Any) -> set[str]:
    """Codes of the findings about a host."""
    return {finding.code for finding in fleet_of(one, *others, **more).findings(one)}


@pytest.mark.parametrize(
    ("source", "known", "read", "verdict"),
    [
        ("manager", computer(FIXED), None, "fixed"),
        ("manager", computer(AFFECTED), None, "affected"),
        ("manager", computer(None), None, "unknown"),
        ("manager", computer(AFFECTED), record(FIXED), "fixed"),  # what was read counts
        ("host", computer(FIXED), record(AFFECTED), "affected"),
        ("both", computer(FIXED), record(AFFECTED), "affected"),
    ],
)
def test_which_record_is_judged(source: str, known: t.Any, read: t.Any, verdict: str) -> None:
    one = host_run("web1", read, computer=known, settings={"dsa_source": source})
    assert fleet_of(one).verdict(one).verdict == verdict


@pytest.mark.parametrize(
    ("source", "known", "unreachable", "code"),
    [
        ("manager", None, None, "not_in_manager"),
        ("manager", computer(FIXED), "no route", "unreachable_manager"),
        ("host", computer(FIXED), None, "not_read"),
        ("both", computer(FIXED), "no route", "unreachable_manager"),
        ("both", None, "no route", "unreachable"),
    ],
)
def test_what_was_not_read_is_not_judged(source: str, known: t.Any, unreachable: str | None, code: str) -> None:
    one = host_run("web1", None, computer=known, unreachable=unreachable, settings={"dsa_source": source})
    entry = plan_of(relay(), one).entries["web1"]
    assert (entry.work, entry.blocked, entry.reason) == (None, None, code)


@pytest.mark.parametrize(
    ("days", "allowed", "old"),
    [
        (6.9, None, False),
        (7.1, None, True),
        (20, "30", False),
        (0.2, 0.1, True),
        (-0.03, None, False),
        (-0.05, None, True),  # the clocks differ
    ],
)
def test_old_data_of_the_manager_prove_nothing(days: float, allowed: object, old: bool) -> None:
    settings = {"dsa_source": "manager", **({} if allowed is None else {"dsa_manager_max_age": allowed})}
    one = host_run("web1", computer=computer(FIXED, days=days), settings=settings)
    assert ("manager_word_old" in finding_codes(one)) is old


@pytest.mark.parametrize(
    ("known", "listens", "groups", "role"),
    [
        (computer(relay=True), False, [], "relay"),
        (computer(relay=True), None, ["deep_security_agents"], "relay"),
        (computer(relay=False), True, [], "agent"),
        (computer(relay=False), None, RELAYS, "agent"),
        (computer(relay=None), None, RELAYS, "relay"),
        (computer(relay=None), True, [], "relay"),
        (computer(relay=None), None, [], "agent"),
        (computer(kind="appliance"), None, [], "appliance"),
        (None, True, [], "relay"),
    ],
)
def test_a_role_is_the_managers_then_the_inventorys_then_the_detected_one(
    known: t.Any, listens: bool | None, groups: list[str], role: str
) -> None:
    one = host_run("one", record(relay=listens), groups, computer=known)
    assert one.role == role
    assert ("one" in fleet_of(one).relays) is (role == "relay")
    stated = host_run("one", record(relay=listens), groups, {"dsa_role": "manager"}, computer=known)
    assert stated.role == "manager"


@pytest.mark.parametrize(
    ("known", "read", "groups", "found"),
    [
        (computer(AFFECTED), record(AFFECTED), [], set()),
        (computer(AFFECTED), record(FIXED), [], {"manager_disagrees_build"}),
        (computer(None), record(AFFECTED), [], set()),
        (computer(relay=True), record(relay=False), [], {"manager_disagrees_relay"}),
        (computer(relay=False), record(relay=True), [], {"manager_disagrees_relay"}),
        (computer(relay=False), record(relay=None), RELAYS, {"manager_disagrees_relay"}),
        (computer(relay=True), record(relay=None), RELAYS, set()),
        (computer(relay=None), record(relay=True), RELAYS, set()),
        (None, record(relay=True), RELAYS, set()),
    ],
)
def test_disagreement_is_a_finding_and_fails_no_gate(
    known: t.Any, read: t.Any, groups: list[str], found: set[str]
) -> None:
    one = host_run("one", read, groups, computer=known)
    assert finding_codes(one) == found
    assert not any(finding.fails_gate for finding in fleet_of(one).findings(one))


def test_what_a_run_changed_the_manager_cannot_know() -> None:
    assert (
        finding_codes(host_run("one", record(FIXED), computer=computer(AFFECTED), stages={"upgrade": "done"})) == set()
    )


GOOD = {"status": "active", "latest": True}
BY_MANAGER = {"dsa_source": "manager"}


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (host_run("relay1", computer=computer(FIXED, True, updates=GOOD), settings=BY_MANAGER), None),
        (host_run("relay1", computer=computer(FIXED, True), settings=BY_MANAGER), "relay_not_updated"),
        (
            host_run(
                "relay1",
                computer=computer(FIXED, True, updates={"status": "error", "latest": False}),
                settings=BY_MANAGER,
            ),
            "relay_not_updated",
        ),
        (host_run("relay1", computer=computer(AFFECTED, True, updates=GOOD), settings=BY_MANAGER), "relay_not_fixed"),
        (host_run("relay1", computer=computer(FIXED, True, 9, updates=GOOD), settings=BY_MANAGER), "relay_not_updated"),
        (host_run("relay1", record(FIXED), computer=computer(FIXED, True, 60, updates=GOOD)), "relay_not_updated"),
        # Of another build than the one that is installed now the Manager's data prove nothing.
        (host_run("relay1", record(FIXED), computer=computer(AFFECTED, True, updates=GOOD)), "relay_not_updated"),
        (host_run("relay1", record(FIXED), computer=computer(FIXED, True, updates=GOOD)), None),
        # What this collection began is known better from its own note.
        (
            host_run("relay1", record(FIXED, phase="update_pending"), computer=computer(FIXED, True, updates=GOOD)),
            "relay_not_updated",
        ),
        (
            host_run(
                "relay1",
                record(FIXED, remediation_unreadable="it is damaged"),
                computer=computer(FIXED, True, updates=GOOD),
            ),
            "relay_not_updated",
        ),
    ],
)
def test_a_relay_that_the_manager_saw_updated(first: HostRun, code: str | None) -> None:
    made = plan_of(first, host_run("web1", record()), scope=["web1"])
    assert codes(made.blocked.get("web1")) == ([] if code is None else ["relays_first", code])


def test_the_managers_relays_are_all_relays() -> None:
    good = host_run("relay1", record(FIXED), computer=computer(FIXED, True, updates=GOOD))
    agent = host_run("web1", record(), computer=computer())
    assert "web1" in plan_of(good, agent, host_run("web2", computer=computer(), unreachable="no route")).work


@pytest.mark.parametrize(("hosted", "waits"), [(True, False), ("true", False), (False, True), (None, True)])
def test_relays_that_the_vendor_hosts(hosted: object, waits: bool) -> None:
    settings = {} if hosted is None else {"dsm_hosted_relays": hosted}
    made = plan_of(host_run("web1", record(), computer=computer(), settings=settings))
    assert ("web1" in made.blocked) is waits


def test_relays_of_ones_own_count_beside_hosted_ones() -> None:
    hosted = {"dsm_hosted_relays": True}
    own = host_run("relay1", record(), computer=computer(AFFECTED, True), settings=hosted)
    made = plan_of(own, host_run("web1", record(), computer=computer(), settings=hosted))
    assert "relay1" in made.work
    assert codes(made.blocked["web1"]) == ["relays_first", "relay_not_fixed"]


@pytest.mark.parametrize(
    ("stated", "answered", "code"),
    [
        ({}, None, None),
        ({}, "20.0.737", None),
        ({}, "12.0.500", "manager_older_line"),
        ({"dsm_version": "12.0.500"}, None, "manager_older_line"),
        ({"dsm_version": "20.0.737"}, "12.0.500", "manager_older_line"),  # what it answers is fresher
        ({"dsm_minimum_version": "20.0.737"}, "20.0.737", None),
        ({"dsm_minimum_version": "20.0.737"}, "20.0.90", "manager_below_minimum"),
        ({"dsm_minimum_version": "20.0.737"}, None, "manager_not_read"),
        ({"dsm_minimum_version": "20.0.737", "dsm_version": "20.0.800"}, None, None),
        ({"dsm_minimum_version": "20.0.737", "dsm_hosted_relays": True}, None, None),
    ],
)
def test_the_manager_comes_first(stated: dict[str, t.Any], answered: str | None, code: str | None) -> None:
    made = plan_of(relay(build=AFFECTED, settings=stated), manager={"manager": {"version": answered}})
    assert codes(made.blocked.get("relay1")) == ([code] if code else [])


def test_a_manager_that_could_not_be_read() -> None:
    one = relay(build=AFFECTED, settings={"dsm_minimum_version": "20.0.737"})
    made = plan_of(one, manager={"failed": True, "msg": "nothing answers at https://dsm.example.com:4119/"})
    assert codes(made.blocked["relay1"]) == ["manager_unreadable"]
    assert "nothing answers at https://dsm.example.com:4119/" in made.blocked["relay1"].text


def test_an_old_manager_is_no_reason_not_to_update_what_is_fixed() -> None:
    assert "relay1" in plan_of(relay(phase="update_pending"), manager={"manager": {"version": "12.0.1"}}).work


def test_a_version_of_a_manager_that_is_none_stops_the_run() -> None:
    with pytest.raises(SettingsError, match="dsm_minimum_version"):
        plan_of(relay(build=AFFECTED, settings={"dsm_version": "20.0.1", "dsm_minimum_version": "newest"}))


def test_data_of_another_manager_do_not_count() -> None:
    here, there = "https://a.example.com:4119", "https://b.example.com:4119/api/"
    failing = {"17": {"certificate_expired": True, "last_failure": "2026-11-22T03:00:00Z"}}
    mine = host_run("one", record(relay=True), computer=computer(relay=True), settings={"dsm_url": here})
    other = host_run("two", record(relay=True), computer=computer(relay=True), settings={"dsm_url": there})
    made = plan_of(mine, other, manager={"manager": {"version": "12.0.1"}}, url=here + "/")
    assert set(made.blocked) == {"one"}
    assert finding_codes(mine, events=failing, url=here) == {"updates_failing"}
    assert finding_codes(other, events=failing, url=here) == set()


@pytest.mark.parametrize(
    ("stages", "updates", "found"),
    [
        ({}, {"status": "error", "message": "9017 -24"}, {"updates_failing"}),
        ({}, {"status": "active", "latest": False}, set()),  # the newest pattern is on its way
        ({"upgrade": "done", "update": "done"}, {"status": "error", "message": "9017 -24"}, set()),
    ],
)
def test_updates_that_fail_by_the_manager(stages: dict[str, t.Any], updates: t.Any, found: set[str]) -> None:
    one = host_run("one", record(FIXED), computer=computer(FIXED, updates=updates), stages=stages)
    assert finding_codes(one) == found


@pytest.mark.parametrize(
    "odd",
    [
        host_run("odd", record(relay=True), computer=computer(AFFECTED, relay=False)),
        host_run("odd", record(), RELAYS, computer=computer(AFFECTED, relay=False)),
    ],
)
def test_agents_wait_for_a_relay_that_the_manager_contradicts(odd: HostRun) -> None:
    blocked = plan_of(relay(), odd, host_run("web1", record())).blocked["web1"]
    assert codes(blocked) == ["relays_first", "relay_contradicted", "relay_not_fixed"]
    assert "set dsa_role: agent" in blocked.text


def test_contradicted_relays_do_not_wait_for_each_other() -> None:
    odd = [host_run(name, record(), RELAYS, computer=computer(AFFECTED, relay=False)) for name in ("odd1", "odd2")]
    made = plan_of(relay(), *odd, host_run("web1", record()))
    assert {name: work.tier for name, work in made.work.items()} == {"odd1": "relays", "odd2": "relays"}
    fixed = host_run("odd1", record(FIXED), RELAYS, computer=computer(FIXED, relay=False))
    assert set(plan_of(relay(), fixed, host_run("web1", record())).work) == {"odd1"}, "it gets its update"


def test_agents_wait_for_relays_that_the_inventory_leaves_out() -> None:
    agent, named = host_run("web1", record()), host_run("web2", record(), settings={"dsa_relays": ["relay1"]})
    made = plan_of(relay(), agent, named, hidden=message("relays_left_out", relays=["far (9)"]))
    assert codes(made.blocked["web1"]) == ["relays_left_out"]
    assert "far (9)" in made.blocked["web1"].text
    assert "web2" in made.work


@pytest.mark.parametrize(
    ("hosts", "missing"),
    [
        ([host_run("one", record(), settings={"dsa_source": "both"})], True),
        ([host_run("one", settings=BY_MANAGER)], True),
        ([host_run("one", record(), settings={"dsa_source": "both"}), host_run("two", computer=computer())], False),
        ([host_run("one", record())], False),
    ],
)
def test_an_inventory_of_the_manager_that_is_missing(hosts: list[HostRun], missing: bool) -> None:
    assert codes(fleet_of(*hosts).managers_silence()) == (["manager_inventory_missing"] if missing else [])


@pytest.mark.parametrize(
    ("through", "known", "origin"),
    [("host", computer(), "repository"), ("MANAGER", computer(), "task"), ("manager", None, None)],
)
def test_who_installs(through: str, known: t.Any, origin: str | None) -> None:
    settings = {"dsa_upgrade_through": through, "dsa_relays": []}
    made = make_plan(fleet_of(host_run("web1", record(), computer=known, settings=settings)), ["web1"])
    if origin is None:
        assert codes(made.blocked["web1"]) == ["not_known_to_manager"]
    else:
        package = made.work["web1"].package
        assert package is not None
        assert package.origin == origin
