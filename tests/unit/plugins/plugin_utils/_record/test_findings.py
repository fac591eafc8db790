# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a host from passing although its build would pass, and what is only shown."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import (
    Build,
    Verdict,
    decide,
    load_advisory,
    parse_build,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Message
from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages.en.findings import SENTENCES
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record.findings import (
    FAILS_GATE,
    Finding,
    disagreements,
    failing_updates,
    findings_of,
    out_of_date,
    unverified,
)
from tests.builders import FIXED, NOW, manager_computer, record

Record = dict[str, Any]


def codes(found: list[Finding]) -> list[str]:
    for each in found:
        assert each.fails_gate is FAILS_GATE[each.code]
        assert each.message.text.strip()
        assert each.message.text.isprintable()
        shown = each.as_dict()
        assert set(shown) == {"code", "message", "fails_gate", "values"}
        assert Message.from_dict(json.loads(json.dumps(each.message.as_dict()))).text == shown["message"]
    return [each.code for each in found]


def problem(source: str, code: str = "no_answer", text: str = "no answer within 15 s") -> dict[str, str]:
    return {"source": source, "code": code, "text": text}


def of_manager(**agent: Any) -> Record:
    made: Record = manager_computer(FIXED)["agent"]
    absent = {
        "service": {"name": None, "state": None},
        "anti_malware": {"mode": None, "driver_offline": None, "engine": None, "patterns": []},
        "remediation": None,
    }
    return {**made, **absent, **agent}


def anti_malware(**state: Any) -> Record:
    return {"mode": "on", "driver_offline": False, "engine": "24.580.1013", "patterns": [], **state}


NO_MODULE: Record = {"mode": None, "driver_offline": None, "engine": None, "patterns": []}
OFF: Record = {"mode": "off", "driver_offline": None, "engine": None, "patterns": []}
DRIVERS = ("tmcomm", "tmactmon", "tmevtmgr")


def states(state: str | None, *names: str) -> list[Record]:
    return [{"name": name, "state": state} for name in names]


def windows(state: str | None = "running", **more: Any) -> Record:
    """A Windows record. state: of Amsp and the drivers."""
    services = [*states("running", "ds_agent"), *states(state, "Amsp")]
    return record(FIXED, "windows", **{"services": services, "drivers": states(state, *DRIVERS), **more})


@pytest.mark.parametrize("platform", ["linux", "windows", "unix", "macos"])
def test_a_healthy_agent_has_no_findings(platform: str) -> None:
    assert findings_of(record(FIXED, platform)) == []


def test_a_host_that_never_had_an_agent_has_no_findings() -> None:
    assert findings_of(record(None)) == []
    assert findings_of({}) == []


def test_a_short_record_of_a_user_has_no_findings() -> None:
    assert findings_of({"installed": True, "platform": "linux", "version": FIXED}) == []


def test_a_record_of_the_manager_has_no_findings_for_what_the_manager_cannot_know() -> None:
    assert findings_of(of_manager()) == []
    assert (
        findings_of(of_manager(version=None, version_source=None, versions={}, problems=["the Manager knows …"])) == []
    )


# --- the progress note ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ({"phase": "done"}, []),
        ({"phase": "done", "self_protection": None}, []),
        ({"phase": "done", "self_protection": "on"}, []),
        ({}, []),
        ({"phase": "upgrading"}, ["remediation_pending"]),
        ({"phase": "update_pending", "since": "2026-11-23T01:00:00Z"}, ["remediation_pending"]),
        ({"phase": "done", "self_protection": "off"}, ["self_protection_off"]),
        ({"phase": "done", "self_protection": "unknown"}, ["self_protection_off"]),
        ({"phase": "update_pending", "self_protection": "off"}, ["remediation_pending", "self_protection_off"]),
        # G5 and A4: odd types and words
        ({"phase": ["a"], "self_protection": ["off"]}, ["note_unreadable"]),
        ({"phase": "Upgrading"}, ["note_unreadable"]),
        ({"phase": "done", "self_protection": False}, ["note_unreadable"]),
        ("upgrading", ["note_unreadable"]),
        ([], ["note_unreadable"]),
    ],
    ids=repr,
)
def test_what_the_progress_note_leaves_to_do(note: object, expected: list[str]) -> None:
    found = findings_of(record(FIXED) | {"remediation": note})
    assert codes(found) == expected
    assert all(each.fails_gate for each in found)


@pytest.mark.parametrize("installed", [True, False, None])
def test_a_note_that_cannot_be_read_is_never_a_note_that_is_absent(installed: bool | None) -> None:
    unreadable = {"installed": installed, "remediation_unreadable": "it is cut off"}
    [found] = findings_of(record(FIXED if installed else None) | unreadable)
    assert (found.code, found.fails_gate) == ("note_unreadable", True)
    assert "it is cut off" in found.message.text


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ({"phase": "upgrading"}, ["agent_gone"]),
        ({"phase": "update_pending", "since": "2026-11-23T01:00:00Z"}, ["agent_gone"]),
        ({"phase": "done", "self_protection": "off"}, ["agent_gone"]),
        ({"self_protection": "unknown"}, ["agent_gone"]),
        ({"phase": "done"}, []),
        (None, []),
    ],
    ids=repr,
)
def test_a_host_that_lost_its_agent_in_the_middle(note: dict[str, Any] | None, expected: list[str]) -> None:
    """G6."""
    found = findings_of(record(None, note=note))
    assert codes(found) == expected
    assert all(each.fails_gate for each in found)


# --- services ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({"name": "ds_agent", "state": "running"}, []),
        *[
            ({"name": "ds_agent", "state": state}, ["service_not_running"])
            for state in ("stopped", "failed", "paused", "pending", "missing", "disabled")
        ],
        ({"name": "ds_agent", "state": None}, ["service_unknown"]),
        ({"name": "ds_agent", "state": "active"}, ["service_unknown"]),
        ({"name": None, "state": None}, ["service_unknown"]),
        ({}, ["service_unknown"]),
        (None, ["service_unknown"]),
        ("running", ["service_unknown"]),
    ],
    ids=repr,
)
@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_only_a_service_that_runs_passes(service: object, expected: list[str], platform: str) -> None:
    """G10."""
    found = findings_of(record(FIXED, platform, service=service))
    assert codes(found) == expected
    assert all(each.fails_gate for each in found)


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ([{"name": "ds_agent", "state": "running"}, {"name": "ds_am", "state": "running"}], []),
        (
            [{"name": "ds_agent", "state": "running"}, {"name": "ds_am", "state": "failed"}],
            ["service_part_not_running"],
        ),
        ([{"name": "ds_agent", "state": "running"}, {"name": "ds_am", "state": None}], ["service_part_not_running"]),
        ([{"name": "ds_agent", "state": "running"}, {"name": "ds_monitor"}], ["service_part_not_running"]),
        ([], []),
        (None, []),
        ([None, "ds_am", {}], []),
    ],
    ids=repr,
)
def test_every_service_of_the_agent_has_to_run(services: object, expected: list[str]) -> None:
    assert codes(findings_of(record(FIXED, services=services))) == expected


def test_the_own_service_is_named_once() -> None:
    down = {"name": "ds_agent", "state": "stopped"}
    assert codes(findings_of(record(FIXED, service=down, services=[down]))) == ["service_not_running"]


@pytest.mark.parametrize(("mode", "expected"), [("on", ["service_part_not_running"]), ("off", [])])
def test_the_service_of_anti_malware_has_to_run_where_anti_malware_is_on(mode: str, expected: list[str]) -> None:
    listed = [*states("running", "ds_agent"), *states("stopped", "Amsp")]
    assert codes(findings_of(windows(anti_malware=anti_malware(mode=mode), services=listed))) == expected


# --- Anti-Malware --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["stopped", "missing", "failed", "pending", None])
def test_drivers_that_do_not_run_fail_although_dsa_query_gives_on(state: str | None) -> None:
    """A12, G10."""
    [found] = findings_of(windows(drivers=[*states("running", "tmcomm"), *states(state, "tmactmon")]))
    assert (found.code, found.fails_gate) == ("drivers_not_running", True)
    assert "tmactmon is" in found.message.text
    assert "tmcomm" not in found.message.text


def test_drivers_count_on_windows_with_anti_malware_only() -> None:
    assert findings_of(windows()) == []
    assert findings_of(windows("missing", anti_malware=OFF)) == []
    assert findings_of(record(FIXED, drivers=[{"name": "tmhook", "state": "missing"}])) == []


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (anti_malware(), []),
        (anti_malware(mode="On"), []),
        (OFF, []),
        # A12: what is not shown to work is not known to.
        (anti_malware(driver_offline=None), ["anti_malware_unknown"]),
        (anti_malware(driver_offline="no"), ["anti_malware_unknown"]),
        (anti_malware(driver_offline=True), ["anti_malware_offline"]),
        (anti_malware(mode="driver-offline"), ["anti_malware_offline"]),
        (anti_malware(mode="driver-offline", driver_offline=None), ["anti_malware_offline"]),
        (anti_malware(mode="offline"), ["anti_malware_offline"]),
        (anti_malware(mode="off", driver_offline=True), ["anti_malware_offline"]),
        (anti_malware(mode="degraded"), ["anti_malware_unknown"]),
        (anti_malware(mode=7), ["anti_malware_unknown"]),
        (anti_malware(mode=None), ["anti_malware_unknown"]),
        ({**NO_MODULE, "engine": "24.580.1013"}, ["anti_malware_unknown"]),
        ({**NO_MODULE, "driver_offline": False}, ["anti_malware_unknown"]),
        ({**NO_MODULE, "patterns": [{"name": "IntelliTrap Pattern", "version": "0.253.00"}]}, ["anti_malware_unknown"]),
        (NO_MODULE, ["anti_malware_absent"]),
        ({}, ["anti_malware_absent"]),
    ],
    ids=repr,
)
@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_the_state_of_anti_malware(state: Record, expected: list[str], platform: str) -> None:
    found = findings_of(record(FIXED, platform, anti_malware=state))
    assert codes(found) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"services": states("running", "ds_agent", "Amsp")}, "anti_malware_unknown"),
        ({"drivers": states("stopped", "tmcomm")}, "anti_malware_unknown"),
        ({"services": [*states("running", "ds_agent"), *states("missing", "Amsp")]}, "anti_malware_absent"),
        ({"drivers": states("missing", *DRIVERS)}, "anti_malware_absent"),
        ({"drivers": states(None, *DRIVERS)}, "anti_malware_unknown"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_a_module_without_a_mode_is_there_where_a_part_of_it_is(parts: Record, expected: str, platform: str) -> None:
    assert codes(findings_of(record(FIXED, platform, anti_malware=NO_MODULE, **parts))) == [expected]


def test_the_manager_does_not_know_the_driver() -> None:
    assert findings_of(of_manager(anti_malware=anti_malware(driver_offline=None))) == []


def test_recovery_is_recommended_on_windows_only() -> None:
    offline = anti_malware(driver_offline=True)
    for platform, named in (("windows", True), ("linux", False)):
        [found] = findings_of(record(FIXED, platform, anti_malware=offline))
        assert ("the playbook recover" in found.message.text) is named


def test_an_unknown_mode_of_a_silent_agent_is_one_finding() -> None:
    silent = record(FIXED, anti_malware=NO_MODULE, problems=[problem("dsa_query")])
    assert codes(findings_of(silent)) == ["agent_silent"]


def test_an_engine_that_the_manager_calls_offline_is_a_finding() -> None:
    offline = of_manager(anti_malware={**NO_MODULE, "driver_offline": True}, platform="windows")
    assert codes(findings_of(offline)) == ["anti_malware_offline"]


# --- the running agent ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("problems", "expected"),
    [
        ([problem("dsa_query")], ["agent_silent"]),
        ([problem("dsa_query", "incomplete"), problem("dsa_query", "missing")], ["agent_silent"]),
        ([problem("rpm"), problem("dsa_query", "denied")], ["agent_silent"]),
        (["dsa_query: no answer within 15 s"], ["agent_silent"]),
        ([problem("rpm", "no_answer", "dsa_query: not from it")], []),
        ([problem("service", "unreadable"), "the state of its services: denied"], []),
        ("dsa_query: no list", []),
    ],
    ids=repr,
)
def test_a_silent_agent_fails_by_the_source_of_the_problem(problems: object, expected: list[str]) -> None:
    assert codes(findings_of(record(FIXED, problems=problems))) == expected


def test_an_agent_that_answers_and_names_no_build_is_silent() -> None:
    assert codes(findings_of(record(FIXED, versions={"rpm": FIXED, "dsa_query": None}))) == ["agent_silent"]


def test_no_answer_of_an_agent_that_is_not_there_is_no_finding() -> None:
    assert findings_of(record(None, problems=[problem("dsa_query", "missing")])) == []
    assert codes(findings_of(record(None, problems=[problem("dsa_query", "no_answer")]))) == ["agent_silent"]


def test_what_is_only_shown_does_not_fail_the_gate() -> None:
    reasons: list[object] = [{"code": "agent_installer", "text": "its installer asked for one"}, "windows_update: due"]
    found = findings_of(record(FIXED, activated=False, reboot={"required": True, "reasons": reasons}))
    assert codes(found) == ["not_activated", "reboot_pending"]
    assert not any(each.fails_gate for each in found)
    assert "its installer asked for one, windows_update: due" in found[1].message.text


@given(
    st.fixed_dictionaries(
        {},
        optional={
            key: st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=6),
                lambda inner: (
                    st.lists(inner, max_size=2)
                    | st.dictionaries(
                        st.sampled_from(["name", "state", "raw", "mode", "source", "text", "phase", "since"]), inner
                    )
                ),
                max_leaves=6,
            )
            for key in (
                *("installed", "versions", "service", "services", "drivers", "anti_malware", "remediation"),
                *("remediation_unreadable", "problems", "reboot", "relay", "activated", "running", "version_source"),
            )
        },
    )
)
def test_any_record_has_its_findings(made: Record) -> None:
    for each in findings_of({"installed": True, **made}):
        json.dumps(each.as_dict())


# --- the Manager ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "manager", "in_group", "expected"),
    [
        ({"version": FIXED}, {"version": FIXED}, False, []),
        ({"version": FIXED}, {"version": "20.0.0-4416"}, False, ["manager_disagrees_build"]),
        ({"version": FIXED}, {"version": None}, False, []),
        ({"version": FIXED, "version_source": "manager"}, {"version": "20.0.0-4416"}, False, []),
        ({"relay": {"enabled": True}}, {"relay": {"enabled": True}}, True, []),
        ({"relay": {"enabled": False}}, {"relay": {"enabled": True}}, True, ["manager_disagrees_relay"]),
        ({"relay": {"enabled": True}}, {"relay": {"enabled": False}}, False, ["manager_disagrees_relay"]),
        ({"relay": {"enabled": None}}, {"relay": {"enabled": False}}, True, ["manager_disagrees_relay"]),
        ({"relay": {"enabled": None}}, {"relay": {"enabled": False}}, False, []),
        ({"relay": {"enabled": True}}, {"relay": {"enabled": None}}, True, []),
        ({}, {}, True, []),
    ],
    ids=repr,
)
def test_where_the_manager_differs(own: Record, manager: Record, in_group: bool, expected: list[str]) -> None:
    found = disagreements(own, manager, in_group)
    assert codes(found) == expected
    assert not any(each.fails_gate for each in found)


@pytest.mark.parametrize(
    ("contact", "failing"),
    [
        ("2026-11-23T01:00:00Z", False),
        ("2026-11-23T02:30:00Z", False),  # clocks differ a little
        ("2026-11-20T02:00:00+00:00", False),
        ("2026-11-20T01:59:59Z", True),
        ("2026-11-23T01:00:00", False),  # no zone: UTC
        ("2026-11-24T02:00:00Z", True),
        ("yesterday", True),
        ("", True),
        (None, True),
        (1786541835, True),
        ("0001-01-01T00:00:00+14:00", True),
    ],
)
def test_how_old_the_data_of_the_manager_may_be(contact: object, failing: bool) -> None:
    assert codes(out_of_date(contact, 3, NOW)) == (["manager_word_old"] if failing else [])


def test_now_may_be_in_any_zone() -> None:
    assert out_of_date("2026-11-23T01:00:00Z", 0.5, datetime(2026, 11, 23, 2, tzinfo=timezone.utc)) == []


@pytest.mark.parametrize(
    ("events", "updates", "expected"),
    [
        (None, None, []),
        ({"certificate_expired": False}, {"status": "ok"}, []),
        ({"certificate_expired": True, "last_failure": "2026-11-22T01:00:00Z"}, None, ["updates_failing"]),
        ({"certificate_expired": True}, {"status": "error"}, ["updates_failing"]),
        ({}, {"status": "error", "message": "no Relay"}, ["updates_failing"]),
        ("true", "error", []),
    ],
    ids=repr,
)
def test_updates_that_fail_by_the_manager(events: object, updates: object, expected: list[str]) -> None:
    assert codes(failing_updates(events, updates)) == expected


# --- verified ------------------------------------------------------------------------------------------------------


def judged(made: Record) -> Verdict:
    return decide(made, load_advisory())


@pytest.mark.parametrize(
    ("made", "target", "expected"),
    [
        (record(FIXED), FIXED, []),
        (record(FIXED), None, []),
        (record(FIXED), "20.0.0-4726", []),
        (record(FIXED), "20.0.3-1", ["unverified_below_target"] * 2),
        (record(FIXED, versions={"rpm": FIXED}), FIXED, ["unverified_one_source"]),
        (record(FIXED, versions={}), FIXED, ["unverified_no_source"]),
        (
            record(FIXED, versions={"rpm": FIXED, "dsa_query": "20.0.0-4726"}),
            FIXED,
            ["unverified_below_target"],
        ),
        (
            record(FIXED, versions={"rpm": FIXED, "file": FIXED, "dsa_query": "20.0.0.4416 HF1"}),
            FIXED,
            ["verdict_source_unreadable"],
        ),
        (
            record("20.0.0-4416", versions={"rpm": "20.0.0-4416", "dsa_query": "?"}),
            None,
            ["verdict_at_or_below_affected", "source_unreadable", "unverified_one_source"],
        ),
        (record(None), None, ["unverified_no_source"]),
        (record(FIXED, phase="update_pending"), FIXED, ["finding_remediation_pending"]),
        (record(FIXED, activated=False), FIXED, []),
    ],
)
def test_what_stands_against_verified(made: Record, target: str | None, expected: list[str]) -> None:
    build: Build | None = parse_build(target) if target else None
    messages = unverified(made, judged(made), build)
    assert [each.code for each in messages] == expected
    assert all(each.text.strip() for each in messages)


# --- the catalogue -------------------------------------------------------------------------------------------------


def test_every_finding_has_its_sentence() -> None:
    for code in FAILS_GATE:
        assert f"finding_{code}" in SENTENCES
    for code in SENTENCES:
        name = code.removeprefix("finding_")
        assert name == code or any(name == each or name.startswith(f"{each}_") for each in FAILS_GATE)


def test_every_finding_fails_the_gate_but_those_that_change_no_verdict() -> None:
    assert {code for code, fails in FAILS_GATE.items() if not fails} == {
        "anti_malware_absent",
        "not_activated",
        "reboot_pending",
        "manager_disagrees_build",
        "manager_disagrees_relay",
    }
