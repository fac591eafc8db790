# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the Manager's word is worth: for the verdict, for who is a Relay, for the order, and where the host differs."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.deep_security.remediation.plugins.action.dsm_security_update import ActionModule
from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import load_advisory
from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import (
    Fleet,
    Host,
    Plan,
    SettingsError,
    make_plan,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report import Outcome, make_report
from ansible_collections.deep_security.remediation.plugins.plugin_utils._wave import _along

AFFECTED, FIXED = "20.0.0-4416", "20.0.2-1390"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=timezone.utc)
REPOSITORY = {"dsa_target_version": FIXED, "dsa_packages": [{"version": FIXED, "repository": True}]}
RELAYS = ["deep_security_relays"]
LOST: dict[str, t.Any] = {"unreachable": True, "msg": "no route"}


def computer(
    build: str | None = AFFECTED,
    relay: bool | None = False,
    days: float = 0.1,
    updates: dict[str, t.Any] | None = None,
    **more: t.Any,
) -> dict[str, t.Any]:
    """dsm_computer, as the inventory plugin gives it."""
    agent: dict[str, t.Any] = {
        "installed": True if build else None,
        "version": build,
        "version_source": "manager" if build else None,
        "versions": {"manager": build} if build else {},
        "platform": "linux",
        "os": "linux",
        "activated": True,
        "relay": {"enabled": relay, "source": "manager"},
        "updates": updates,
        "problems": [],
    }
    contact = (NOW - timedelta(days=days)).isoformat().replace("+00:00", "Z")
    return {"id": 17, "kind": "agent", "last_contact": contact, "agent": agent, **more}


def record(build: str = AFFECTED, listens: bool | None = False, phase: str | None = None) -> dict[str, t.Any]:
    """A host's own record."""
    return {
        "installed": True,
        "version": build,
        "version_source": "rpm",
        "platform": "linux",
        "os": "linux",
        "arch": "x86_64",
        "versions": {"rpm": build, "dsa_query": build},
        "relay": {"enabled": listens, "source": "tcp_4122_listener"},
        "remediation": {"phase": phase} if phase else None,
        "problems": [],
    }


def host(
    name: str, known: object = None, read: object = None, groups: t.Sequence[str] = (), **variables: t.Any
) -> Host:
    """A host of which the Manager knows this, and that was read so."""
    values: dict[str, t.Any] = {**REPOSITORY, **variables}
    if known is not None:
        values["dsm_computer"] = known
    if read is not None:
        values["__assess_result"] = read if read is LOST else {"agent": read}
    return Host.from_variables(name, groups, values)


def fleet(*hosts: Host, **more: t.Any) -> Fleet:
    """These hosts at two in the morning."""
    return Fleet({one.name: one for one in hosts}, load_advisory(), NOW, **more)


def plan(*hosts: Host, **more: t.Any) -> Plan:
    """The plan for all of them."""
    return make_plan(fleet(*hosts, **more), [one.name for one in hosts])


def outcome(one: Host, *others: Host, **more: t.Any) -> Outcome:
    """What the report says of a host."""
    return make_report(fleet(one, *others, **more), [one.name], False, "now").outcomes[0]


def codes(one: Host, **more: t.Any) -> set[str]:
    """Codes of the findings about a host."""
    return {finding.code for finding in outcome(one, **more).findings}


@pytest.mark.parametrize(
    ("source", "known", "read", "verdict"),
    [
        ("manager", computer(FIXED), None, "fixed"),
        ("manager", computer(AFFECTED), None, "affected"),
        ("manager", computer(None), None, "unknown"),
        ("manager", None, None, "unknown"),
        ("manager", computer(AFFECTED), record(FIXED), "fixed"),  # who was read is believed
        ("manager", computer(FIXED), LOST, "unreachable"),
        ("host", computer(FIXED), None, "unknown"),
        ("host", computer(FIXED), record(AFFECTED), "affected"),
        ("both", computer(FIXED), record(AFFECTED), "affected"),
        ("both", computer(FIXED), LOST, "unreachable"),
    ],
)
def test_who_is_believed(source: str, known: object, read: object, verdict: str) -> None:
    assert outcome(host("web1", known, read, dsa_source=source)).verdict == verdict


def test_what_the_manager_knows_of_a_host_that_is_silent() -> None:
    told = outcome(host("web1", computer(AFFECTED), LOST, dsa_source="both"))
    assert (told.verdict, told.passed) == ("unreachable", False)
    assert f"The Manager knows {AFFECTED} there, last contact 2026-11-22" in told.reason


def test_a_source_that_is_none() -> None:
    with pytest.raises(SettingsError, match="dsa_source of web1 is 'dsm'; write one of host, manager, both"):
        host("web1", computer(), dsa_source="dsm").source  # noqa: B018  # pylint: disable=expression-not-assigned


@pytest.mark.parametrize(
    ("days", "allowed", "passed"),
    [
        (6.9, None, True),
        (7.1, None, False),
        (20, 30, True),
        (20, "30", True),
        (0.2, 0.1, False),
        (-0.03, None, True),
        (-0.05, None, False),  # the clocks differ
    ],
)
def test_old_news_prove_nothing(days: float, allowed: object, passed: bool) -> None:
    more: dict[str, t.Any] = {} if allowed is None else {"dsa_manager_max_age": allowed}
    told = outcome(host("web1", computer(FIXED, days=days), dsa_source="manager", **more))
    assert (told.verdict, told.passed) == ("fixed", passed)
    assert ("manager_word_old" in {finding.code for finding in told.findings}) != passed


def test_an_agent_that_never_spoke() -> None:
    assert codes(host("web1", computer(FIXED, last_contact=None), dsa_source="manager")) == {"manager_word_old"}


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
def test_the_managers_word_then_the_inventorys_then_the_looks(
    known: object, listens: bool | None, groups: list[str], role: str
) -> None:
    assert host("one", known, record(listens=listens), groups).role == role
    assert host("one", known, record(listens=listens), groups, dsa_role="manager").role == "manager"


@pytest.mark.parametrize(
    ("known", "read", "groups", "found"),
    [
        (computer(AFFECTED), record(AFFECTED), [], set()),
        (computer(AFFECTED), record(FIXED), [], {"manager_disagrees_build"}),
        (computer("20.0.0.4416"), record(AFFECTED), [], set()),
        (computer(None), record(AFFECTED), [], set()),
        (computer(relay=True), record(listens=False), [], {"manager_disagrees_relay"}),
        (computer(relay=False), record(listens=True), [], {"manager_disagrees_relay"}),
        (computer(relay=False), record(listens=None), RELAYS, {"manager_disagrees_relay"}),
        (computer(relay=True), record(listens=None), RELAYS, set()),
        (computer(relay=None), record(listens=True), RELAYS, set()),
        (None, record(listens=True), RELAYS, set()),
    ],
)
def test_disagreement_is_a_finding_with_both_values(
    known: object, read: object, groups: list[str], found: set[str]
) -> None:
    assert codes(host("one", known, read, groups)) == found


def test_disagreement_names_both_and_fails_nobody() -> None:
    told = outcome(host("one", computer(AFFECTED), record(FIXED)))
    assert told.passed
    assert f"The host says build {FIXED}, the Manager {AFFECTED}" in told.reason


def test_what_a_run_changed_the_manager_cannot_know() -> None:
    upgraded = host("one", computer(AFFECTED), record(FIXED), __upgrade_result={"changed": True, "after": FIXED})
    assert codes(upgraded) == set()


GOOD = {"status": "active", "latest": True}


@pytest.mark.parametrize(
    ("relay", "why"),
    [
        (host("relay1", computer(FIXED, True, updates=GOOD), dsa_source="manager"), None),
        (host("relay1", computer(FIXED, True), dsa_source="manager"), "nobody knows that it has updated since"),
        (
            host("relay1", computer(FIXED, True, updates={"status": "error", "latest": False}), dsa_source="manager"),
            "nobody knows that it has updated since",
        ),
        (host("relay1", computer(AFFECTED, True, updates=GOOD), dsa_source="manager"), "relay1 is affected"),
        (host("relay1", computer(FIXED, True, 9, updates=GOOD), dsa_source="manager"), "that it has updated since"),
        (host("relay1", computer(FIXED, True, 60, updates=GOOD), record(FIXED)), "that it has updated since"),
        # Of another build than the one that runs now the Manager's word says nothing.
        (host("relay1", computer(AFFECTED, True, updates=GOOD), record(FIXED)), "nobody knows that it has updated"),
        (host("relay1", computer(FIXED, True, updates=GOOD), record(FIXED)), None),
        # An upgrade of ours that was not followed by an update is known better here.
        (
            host("relay1", computer(FIXED, True, updates=GOOD), record(FIXED, phase="update_pending")),
            "nobody knows that it has updated since",
        ),
    ],
)
def test_a_relay_that_the_manager_saw_updated(relay: Host, why: str | None) -> None:
    made = make_plan(fleet(relay, host("web1", None, record())), ["web1"])
    if why is None:
        assert "web1" in made.todo
    else:
        assert why in made.blocked["web1"]


def test_the_managers_relays_are_all_relays() -> None:
    """Nobody else is silent, may be a Relay, and holds the fleet up."""
    relay = host("relay1", computer(FIXED, True, updates=GOOD), record(FIXED))
    assert "web1" in plan(relay, host("web1", computer(), record()), host("web2", computer(), LOST)).todo
    silent = plan(relay, host("web1", computer(), record()), host("web2", computer(relay=None), LOST))
    assert "web2: it did not answer" in silent.blocked["web1"]


def test_a_relay_state_that_the_manager_does_not_tell_holds_the_fleet_up() -> None:
    odd = host("odd", computer(AFFECTED, relay=None), dsa_source="manager")
    made = plan(host("web1", computer(), record()), odd)
    assert "odd is affected" in made.blocked["web1"]


@pytest.mark.parametrize(("hosted", "waits"), [(True, False), ("true", False), (False, True), (None, True)])
def test_relays_that_the_vendor_hosts(hosted: object, waits: bool) -> None:
    more: dict[str, t.Any] = {} if hosted is None else {"dsm_hosted_relays": hosted}
    made = plan(host("web1", computer(), record(), **more))
    assert ("web1" in made.blocked) == waits


def test_relays_of_ones_own_count_beside_hosted_ones() -> None:
    relay = host("relay1", computer(AFFECTED, True), record(), dsm_hosted_relays=True)
    made = plan(relay, host("web1", computer(), record(), dsm_hosted_relays=True))
    assert "relay1" in made.todo
    assert "Relays come first" in made.blocked["web1"]


@pytest.mark.parametrize(
    ("stated", "asked", "why"),
    [
        ({}, None, None),
        ({}, "20.0.737", None),
        ({}, "21.0.1", None),
        ({}, "12.0.500", "of an older line than the target 20.0.2-1390"),
        ({"dsm_version": "12.0.500"}, None, "of an older line"),
        ({"dsm_version": "20.0.737"}, "12.0.500", "of an older line"),  # what it answers is the fresher word
        ({"dsm_minimum_version": "20.0.737"}, "20.0.737", None),
        ({"dsm_minimum_version": "20.0.737"}, "20.0.737.1", None),
        ({"dsm_minimum_version": "20.0.737.2"}, "20.0.737.1", "older than dsm_minimum_version 20.0.737.2"),
        ({"dsm_minimum_version": "20.0.737"}, "20.0.90", "20.0.90 is older than dsm_minimum_version"),
        ({"dsm_minimum_version": "20.0.737"}, None, "the Manager's version is not known: set dsm_url and dsm_api_key"),
        ({"dsm_minimum_version": "20.0.737", "dsm_version": "20.0.800"}, None, None),
        ({"dsm_minimum_version": "20.0.737", "dsm_hosted_relays": True}, None, None),
    ],
)
def test_the_manager_comes_first(stated: dict[str, t.Any], asked: str | None, why: str | None) -> None:
    relay = host("relay1", None, record(AFFECTED), RELAYS, **stated)
    made = plan(relay, manager={"manager": {"version": asked}})
    if why is None:
        assert "relay1" in made.todo
    else:
        assert why in made.blocked["relay1"]
        assert made.todo == {}


def test_a_manager_that_could_not_be_asked() -> None:
    relay = host("relay1", None, record(AFFECTED), RELAYS, dsm_minimum_version="20.0.737")
    made = plan(relay, manager={"failed": True, "msg": "nothing answers at https://dsm.example.com:4119/"})
    assert "is not known: nothing answers at https://dsm.example.com:4119/. Or state it" in made.blocked["relay1"]


def test_an_old_manager_is_no_reason_not_to_update_what_is_fixed() -> None:
    pending = host("relay1", None, record(FIXED, phase="update_pending"), RELAYS)
    assert "relay1" in plan(pending, manager={"manager": {"version": "12.0.1"}}).todo


@pytest.mark.parametrize("name", ["dsm_version", "dsm_minimum_version"])
@pytest.mark.parametrize("text", ["newest", "20", "20.0.x", "20.0.0.1.2"])
def test_versions_of_a_manager_that_are_none(name: str, text: str) -> None:
    known = {"dsm_version": "20.0.1", name: text}
    with pytest.raises(SettingsError, match=name):
        plan(host("relay1", None, record(), RELAYS, **known))


def site(maker: Host) -> tuple[Host, ...]:
    """The Relay that makes the bundle, and an offline site: its Relay, done already, and an Agent that is fixed."""
    offline = {"dsa_bundle_relay": "maker"}
    return (
        maker,
        host("offrelay", None, record(FIXED, phase="done"), RELAYS, **offline),
        host("offagent", None, record(FIXED, phase="done"), dsa_relays=["offrelay"], **offline),
    )


@pytest.mark.parametrize(
    ("maker", "why"),
    [
        (host("maker", None, record(FIXED, phase="done"), RELAYS), None),
        (host("maker", None, record(FIXED, phase="done"), RELAYS, dsa_bundle_relay="maker"), None),
        (host("maker", None, record(AFFECTED), RELAYS), "maker is affected (20.0.0-4416)"),
        (host("maker", None, record(FIXED), RELAYS), None),
        (host("maker", None, LOST, RELAYS), "maker: it did not answer"),
    ],
)
def test_an_offline_site_passes_only_with_the_maker_of_its_bundle(maker: Host, why: str | None) -> None:
    hosts = site(maker)
    for one in hosts[1:]:
        told = outcome(one, *hosts)
        assert told.passed == (why is None)
        if why:
            assert "The Relay that makes the bundle dsupdate_*.zip for this site comes first" in told.reason
            assert why in told.reason


def test_an_offline_relay_waits_for_the_maker_of_its_bundle() -> None:
    maker = host("maker", None, record(AFFECTED), RELAYS)
    offline = host("offrelay", None, record(AFFECTED), RELAYS, dsa_bundle_relay="maker")
    for predicting in (False, True):
        made = make_plan(fleet(maker, offline), ["maker", "offrelay"], predicting)
        assert set(made.todo) == {"maker"}
        assert "make a new bundle there, bring it to the site, and run again" in made.blocked["offrelay"]


def test_the_maker_of_a_bundle_gets_its_update_although_nobody_is_below_it() -> None:
    maker = host("maker", None, record(FIXED), RELAYS)
    agent = host("offagent", None, record(AFFECTED), dsa_relays=["offrelay"], dsa_bundle_relay="maker")
    relay = host("offrelay", None, record(FIXED, phase="done"), RELAYS, dsa_bundle_relay="maker")
    made = plan(maker, relay, agent)
    assert set(made.todo) == {"maker"}
    assert "The Relay that makes the bundle" in made.blocked["offagent"]


def test_a_prediction_does_not_rest_on_a_relay_that_is_blocked() -> None:
    maker = host("maker", None, record(AFFECTED), RELAYS, dsa_target_version=None)
    relay = host("offrelay", None, record(AFFECTED), RELAYS, dsa_bundle_relay="maker")
    agent = host("offagent", None, record(AFFECTED), dsa_relays=["offrelay"])
    made = make_plan(fleet(maker, relay, agent), ["maker", "offrelay", "offagent"], predicting=True)
    assert made.todo == {}


@pytest.mark.parametrize(
    "odd",
    [
        host("odd", computer(AFFECTED, relay=None), LOST),
        host("odd", computer(AFFECTED, relay=False), record(listens=True)),
        host("odd", computer(AFFECTED, relay=False), record(), RELAYS),
    ],
)
def test_agents_wait_for_what_may_be_a_relay_beside_one_that_is(odd: Host) -> None:
    relay = host("relay1", computer(FIXED, True), record(FIXED, phase="done"), RELAYS)
    assert "odd" in plan(relay, odd, host("web1", computer(), record())).blocked["web1"]


def test_what_may_be_relays_after_all_do_not_wait_for_each_other() -> None:
    relay = host("relay1", computer(FIXED, True), record(FIXED, phase="done"), RELAYS)
    odd = [host(name, computer(AFFECTED, relay=False), record(), RELAYS) for name in ("odd1", "odd2")]
    made = plan(relay, *odd, host("web1", computer(), record()))
    assert {name: work.wave for name, work in made.todo.items()} == {"odd1": "relays", "odd2": "relays"}
    assert "odd1 is affected (20.0.0-4416) (the Manager says that it is no Relay" in made.blocked["web1"]
    fixed = host("odd1", computer(FIXED, relay=False), record(FIXED), RELAYS)
    assert set(plan(relay, fixed, host("web1", computer(), record())).todo) == {"odd1"}  # it gets its update


def test_agents_wait_for_relays_that_the_inventory_leaves_out() -> None:
    relay = host("relay1", computer(FIXED, True), record(FIXED, phase="done"), RELAYS)
    agent, told = host("web1", computer(), record()), host("web2", computer(), record(), dsa_relays=["relay1"])
    made = plan(relay, agent, told, left_out=["far (9)"])
    assert "leaves out (far (9))" in made.blocked["web1"]
    assert "web2" in made.todo


def test_another_managers_answers_say_nothing() -> None:
    here, there = "https://a.example.com:4119", "https://b.example.com:4119/api/"
    asked = {"manager": {"version": "12.0.1"}}
    events = {"17": FAILED}
    mine = host("one", computer(relay=True), record(listens=True), dsm_url=here)
    other = host("two", computer(relay=True), record(listens=True), dsm_url=there)
    made = plan(mine, other, manager=asked, url=here + "/")
    assert set(made.blocked) == {"one"}
    assert codes(mine, events=events, url=here) == {"updates_failing"}
    assert codes(other, events=events, url=here) == set()


def test_updates_that_the_manager_says_to_fail() -> None:
    failing = {"status": "error", "message": "9017 -24", "latest": False}
    told = outcome(host("one", computer(FIXED, updates=failing), dsa_source="manager"))
    assert not told.passed
    assert "its security updates fail: 9017 -24" in told.reason
    late = {"status": "active", "latest": False}  # the newest pattern is on its way
    assert outcome(host("one", computer(FIXED, updates=late), dsa_source="manager")).passed


def test_bundles_in_a_circle_end_nobodys_run() -> None:
    one = host("one", None, record(), RELAYS, dsa_bundle_relay="two")
    two = host("two", None, record(), RELAYS, dsa_bundle_relay="one")
    assert set(plan(one, two).blocked) == {"one", "two"}


def test_a_maker_that_nobody_knows() -> None:
    with pytest.raises(SettingsError, match="dsa_bundle_relay of one names nobody, which is not in the inventory"):
        plan(host("one", None, record(), RELAYS, dsa_bundle_relay="nobody"))


@pytest.mark.parametrize(
    ("package", "why"),
    [
        (None, "import a package from Agent-RedHat_EL7-20.0.0-4726.x86_64.zip to Agent-RedHat_EL7-20.0.0-8453"),
        ("Agent-RedHat_EL7-20.0.0-4726.x86_64.zip", "import Agent-RedHat_EL7-20.0.0-4726.x86_64.zip there"),
        ("Agent-RedHat_EL7-20.0.0-8453.x86_64.zip", "import Agent-RedHat_EL7-20.0.0-8453.x86_64.zip there"),
        ("Agent-RedHat_EL7-20.0.0-4725.x86_64.zip", "which a virtual appliance cannot use"),
        ("Agent-RedHat_EL7-20.0.0-8454.x86_64.zip", "which a virtual appliance cannot use"),
        ("Agent-RedHat_EL7-20.0.1-5000.x86_64.zip", "which a virtual appliance cannot use"),
        ("Agent-RedHat_EL8-20.0.0-5000.x86_64.zip", "which a virtual appliance cannot use"),
        ("Agent-Core-RedHat_EL7-20.0.0-5000.x86_64.rpm", "which a virtual appliance cannot use"),
        ("20.0.0-5000", "which a virtual appliance cannot use"),
    ],
)
def test_appliances_are_the_operators(package: str | None, why: str) -> None:
    more = {"dsa_appliance_package": package} if package else {}
    appliance = host("dsva", computer(AFFECTED, kind="appliance"), record(), **more)
    made = plan(appliance)
    assert made.todo == {}
    assert why in made.blocked["dsva"]


FAILED = {"certificate_expired": True, "last_failure": "2026-11-22T03:00:00Z", "last_success": None}


@pytest.mark.parametrize(
    ("events", "read", "found"),
    [
        (FAILED, record(AFFECTED), True),
        (FAILED, record(FIXED), True),
        (FAILED, record(FIXED, phase="done"), True),
        ({**FAILED, "last_success": "2026-11-22T02:00:00Z"}, record(AFFECTED), True),
        ({**FAILED, "certificate_expired": False}, record(AFFECTED), False),
        (None, record(AFFECTED), False),
    ],
)
def test_affected_and_failing_already(events: object, read: object, found: bool) -> None:
    told = outcome(host("one", computer(), read), events={"17": events})
    assert ("updates_failing" in {finding.code for finding in told.findings}) == found
    if found:
        assert "event 9017 with -24, last on 2026-11-22T03:00:00Z" in told.reason
        assert not told.passed


@pytest.mark.parametrize(
    ("hosts", "silent"),
    [
        ([host("one", None, record(), dsa_source="both")], True),
        ([host("one", None, dsa_source="manager")], True),
        ([host("one", None, record(), dsa_source="both"), host("two", computer())], False),
        ([host("one", None, record())], False),
    ],
)
def test_an_inventory_of_the_manager_that_is_missing(hosts: list[Host], silent: bool) -> None:
    told = fleet(*hosts).managers_silence()
    assert bool(told) == silent
    if told:
        assert "no host has dsm_computer: give the Manager's inventory too (-i dsm.yml)" in told


@pytest.mark.parametrize(
    ("through", "known", "origin", "why"),
    [
        ("host", computer(), "repository", None),
        ("manager", computer(), "task", None),
        ("MANAGER", computer(), "task", None),
        ("manager", None, None, "the Manager's inventory does not know this host"),
        ("dsm", computer(), None, "dsa_upgrade_through is 'dsm'; write host or manager"),
    ],
)
def test_who_installs(through: str, known: object, origin: str | None, why: str | None) -> None:
    made = plan(host("web1", known, record(), dsa_upgrade_through=through, dsa_relays=[]))
    if why:
        assert why in made.blocked["web1"]
    else:
        package = made.todo["web1"].package
        assert package is not None
        assert package.origin == origin


@pytest.mark.parametrize(
    ("hosts", "url", "taken"),
    [
        ({"a": {"dsm_computer": computer(), "dsm_url": "https://one"}}, "https://one/api/", {"a": 17}),
        ({"a": {"dsm_computer": computer(), "dsm_url": "https://two"}}, "https://one", {}),
        ({"a": {"dsm_computer": computer()}}, "https://one", {"a": 17}),
        ({"a": {}}, "https://one", {}),
        ({"a": {"dsm_computer": computer(), "__rescue_result": {}}}, "https://one", {}),
        ({"a": {"dsm_computer": computer(), "__reboot_result": {"waiting": True}}}, "https://one", {}),
        ({"a": {"dsm_computer": computer(), "__plan_result": {}}}, "https://one", {}),
        (
            {"a": {"dsm_computer": computer(), "__plan_result": {}, "dsa_security_update_through": "manager"}},
            "https://one",
            {"a": 17},
        ),
    ],
)
def test_whom_a_managers_task_may_name(hosts: dict[str, t.Any], url: str, taken: dict[str, int]) -> None:
    """The IDs of another Manager are those of other computers."""
    action = object.__new__(ActionModule)
    found = action._computers(list(hosts), {"url": url}, {"hostvars": hosts})[0]
    assert found == taken


def test_whom_a_wave_takes_along() -> None:
    """Only who has the fix, was looked at, is of the same kind, and waits for no Relay."""
    fixed = record(FIXED, phase="done")
    good = host("relay1", computer(FIXED, True, id=1), record(FIXED, listens=True, phase="done"))
    beside = [
        host("fixed", computer(FIXED, id=2), fixed),
        host("affected", computer(AFFECTED, id=3), record(AFFECTED)),
        host("unseen", computer(FIXED, id=4)),
        host("silent", computer(FIXED, id=5), LOST),
        host("other", computer(FIXED, id=6), fixed, dsm_url="https://two"),
        host("wave", computer(FIXED, id=7), fixed),
    ]
    assert _along(fleet(good, *beside, url="https://one"), {"wave": 7}, set()) == [2]
    assert _along(fleet(good, *beside, url="https://one"), {"wave": 7}, {"wave"}) == [1]
    bad = host("relay1", computer(AFFECTED, True, id=1), record(AFFECTED, listens=True))
    assert _along(fleet(bad, *beside, url="https://one"), {"wave": 7}, set()) == []
