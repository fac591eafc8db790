# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A security update: what proves it, what ends it, and what is collected of one that does not end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import message
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import PatternTooSlow
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import Reading, StageResult
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages import HostLost
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages import update as _room
from tests.builders import AFFECTED, FIXED, record

from .fake import FAILED, LOST, FakePort, carried, iso, run_of, work

NOTHING: dict[str, Any] = {"dsa_diagnostics": False, "dsa_security_update_timeout": 60}
LOOK = "dsa_security_update look"
START = "dsa_security_update start"
OLD, NEW = "1.100.00", "1.101.00"


def host(platform: str = "linux", note: Any = None, **more: Any) -> FakePort:
    port = FakePort(record(FIXED, platform, phase=None if note else "update_pending", note=note), **more)
    port.state["anti_malware"]["patterns"] = [{"name": "Smart Scan", "version": OLD}]
    return port


def updated(port: FakePort, settings: Any = None, **more: Any) -> StageResult:
    return carried(port, run_of(port, work(None, None), settings, **more), ["update"]).stages["update"]


def query(version: str) -> dict[str, Any]:
    lines = ["PluginVersion.core: 20.0.2-1390", "AgentStatus.1: agentState", "AgentStatus.agentState: green"]
    lines += ["Component.AM.version.pattern.0.name: Smart Scan", f"Component.AM.version.pattern.0.version: {version}"]
    text = "\n".join([*lines, "Component.CORE.version: 20.0"]) + "\n"
    return {"rc": 0, "out": text, "err": "", "cut": False, "timed_out": False, "missing": False}


def looks(line: str | None = None, version: str = OLD) -> Any:
    return lambda port: {**port.looks(line), "query": query(version)}


def begun(accepted: bool | None = True) -> Any:
    def start(port: FakePort) -> Any:
        return {**port._dsa_security_update_start({}), "query": query(OLD), "request": {"accepted": accepted, "rc": 0}}

    return start


@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_the_log_proves_it_and_the_host_notes_it(platform: str) -> None:
    port = host(platform)
    result = updated(port)
    assert (result.outcome, result.changed, result.details["by"]) == ("done", True, "host")
    assert "9016" in result.details["evidence"]
    assert result.details["certificate_expired"] is False
    assert port.state["remediation"] == {
        "phase": "done",
        "to": FIXED,
        "build": FIXED,
        "run": "run-1",
        "done_at": iso(port.now()),
    }


@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_patterns_that_are_newer_and_stand_still_prove_it(platform: str) -> None:
    port = host(platform, answers={START: [begun()], LOOK: [looks(), looks(version=NEW), looks(version=NEW)]})
    result = updated(port)
    assert result.outcome == "done"
    assert NEW in result.details["evidence"]
    assert port.seconds == 45


def test_patterns_from_before_the_request_are_noted_for_a_later_run() -> None:
    port = host(answers={LOOK: [LOST]})
    updated(port)
    assert port.sent(START)[0]["note"] == {"run": "run-1", "build": FIXED, "patterns": {"Smart Scan": OLD}}


def test_an_update_that_a_run_before_requested_is_proven_by_its_own_patterns() -> None:
    note = {"phase": "update_pending", "build": FIXED, "patterns": {"Smart Scan": OLD}, "since": "2026-11-22T00:00:00Z"}
    port = host(note=note, answers={LOOK: [looks(version=NEW)] * 2})
    port.state["anti_malware"]["patterns"] = [{"name": "Smart Scan", "version": NEW}]
    start = {**port._dsa_security_update_start({}), "query": query(NEW)}
    port.note(note)
    port.answers[START] = [start]
    assert updated(port).outcome == "done"


def cut(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "cut": True}


NEWER, MORE = query(NEW), query(OLD)
MORE["out"] = MORE["out"].replace(
    "Component.CORE",
    "Component.AM.version.pattern.1.name: New Kind\nComponent.AM.version.pattern.1.version: 1.0\nComponent.CORE",
)


@pytest.mark.parametrize("platform", ["linux", "windows"])
@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(cut(NEWER), id="cut"),
        pytest.param({**NEWER, "timed_out": True}, id="timed out"),
        pytest.param(query("1.99.00"), id="older"),
        pytest.param(query(""), id="without a version"),
        # Patterns whose names came with the new build.
        pytest.param(MORE, id="one more"),
        pytest.param(query(OLD), id="unchanged"),
        pytest.param(None, id="none"),
    ],
)
def test_patterns_that_prove_nothing_are_no_update(platform: str, seen: Any) -> None:
    looked: list[Any] = [lambda port: {**port.looks(), "query": seen}] * 9
    port = host(platform, answers={START: [begun()], LOOK: looked})
    result = updated(port, NOTHING)
    assert (result.outcome, result.message.code) == ("failed", "update_unfinished")


@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_patterns_of_an_attempt_with_another_build_do_not_count(platform: str) -> None:
    note = {"phase": "update_pending", "build": AFFECTED, "patterns": {"Smart Scan": "1.0.00"}}
    port = host(platform, note=note, answers={START: [begun()], LOOK: [looks()] * 9})
    assert updated(port, NOTHING).outcome == "failed"


@pytest.mark.parametrize("platform", ["linux", "windows"])
@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        (["2026-11-23 01:59:00.000000 [+0000]: | 9016 |"], "failed"),
        (["2026-11-23 02:00:05.000000 [+0000]: | 9016 |"], "done"),
        (["2026-11-23 02:00:09.000000 [+0000]: | 9017 |", "2026-11-23 02:00:05.000000 [+0000]: | 9016 |"], "failed"),
        (["2026-11-23 02:00:05.000000 [+0000]: | 9016 |", "2026-11-23 02:00:09.000000 [+0000]: | 9017 |"], "failed"),
        (["2026-11-23 02:00:09.000000 [+0000]: | 9016 |", "2026-11-23 02:00:05.000000 [+0000]: | 9017 |"], "done"),
    ],
)
def test_only_what_is_newer_than_the_request_counts_and_the_last_word_by_time(
    platform: str, lines: list[str], outcome: str
) -> None:
    """Whatever the files are called, and however often they were rotated."""
    found = [
        {"file": f"ds_agent{number}.log", "text": text, "marked": False} for number, text in enumerate(lines, start=1)
    ]
    port = host(platform, answers={LOOK: [lambda port: {**port.looks(), "lines": found}] * 9})
    assert updated(port, NOTHING).outcome == outcome


def test_an_expression_that_takes_too_long_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*given: Any) -> Any:
        raise PatternTooSlow("dsa_security_update_success_regex", "^(a+)+$")

    monkeypatch.setattr(_room, "judge_update", endless)
    result = updated(host())
    assert (result.outcome, result.message.code) == ("failed", "stage_settings")
    assert "dsa_security_update_success_regex" in result.message.text


@pytest.mark.parametrize("platform", ["linux", "windows"])
@pytest.mark.parametrize(
    ("line", "expired"),
    [
        ("x | 9017 | IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE", True),
        ("x | 9017 | result -24", True),
        ("2026-11-24 | 9017 | result 5", False),
        ("| 9017 | -24", True),
        ("x | 9017 | -240", False),
        ("x | 9017 | result -240", False),
    ],
)
def test_a_failure_shows_whether_the_certificate_is_why(platform: str, line: str, expired: bool) -> None:
    port = host(platform, answers={LOOK: [looks(line)]})
    result = updated(port)
    assert (result.outcome, result.details["certificate_expired"]) == ("failed", expired)
    assert ("every Relay" in result.message.text) is expired
    assert port.state["remediation"]["phase"] == "update_pending"


@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_two_runs_at_once_both_see_that_it_is_done(platform: str) -> None:
    # Ours has no marks and no patterns of its own to see any more: the other's note shows it.
    def other_run(port: FakePort) -> Any:
        note = {"phase": "done", "build": FIXED, "done_at": iso(port.now())}
        return {**port.looks(), "note_text": json.dumps(note)}

    port = host(platform, answers={LOOK: [looks(), other_run]})
    result = updated(port)
    assert (result.outcome, port.seconds) == ("done", 30)
    assert "another run" in result.details["evidence"]


DONE: dict[str, Any] = {"phase": "done", "build": FIXED, "run": "run-2", "done_at": "2026-11-23T03:00:00Z"}


def other_run(phase: str = "done", **more: Any) -> Any:
    """Another run that writes to the note while this one comes to a step, which then goes on as ever."""
    return lambda port: port.note({**DONE, "phase": phase, **more})


@pytest.mark.parametrize("platform", ["linux", "windows"])
@pytest.mark.parametrize(
    "before",
    [
        pytest.param(None, id="no note"),
        pytest.param({"phase": "update_pending", "run": "run-2", "build": FIXED}, id="begun by that run"),
        pytest.param({"phase": "done", "run": "run-0", "build": AFFECTED, "done_at": "2026-10-01T00:00:00Z"}, id="old"),
    ],
)
@pytest.mark.parametrize("when", ["before the start", "at the start"])
def test_what_another_run_has_updated_since_the_host_was_read_is_not_updated_again(
    platform: str, before: Any, when: str
) -> None:
    """A second start would take back what that run has noted, and the Agents below a Relay would wait for it."""
    port = FakePort(record(FIXED, platform, note=before))
    run = run_of(port, work(None, None))
    if when == "at the start":
        port.answers[START] = [other_run()]
    else:
        port.note(DONE)
        run = run.with_reading(Reading("read", port._read()))
    result = carried(port, run, ["update"]).stages["update"]
    assert (result.outcome, result.changed, result.details["by"]) == ("done", False, "other_run")
    assert result.message == message("updated", evidence=message("done_by_other_run"))
    assert port.changing() == ([START] if when == "at the start" else [])
    assert port.state["remediation"] == {**(before or {}), **DONE}
    assert (result.record or {})["remediation"] == port.state["remediation"]


@pytest.mark.parametrize(
    "noted",
    [
        pytest.param({"phase": "update_pending"}, id="begun"),
        pytest.param({"build": AFFECTED, "to": None}, id="of another build"),
        pytest.param({"done_at": "2026-10-01T00:00:00Z"}, id="before the installation"),
    ],
)
def test_what_another_run_has_not_proven_is_updated_by_a_new_reading(noted: dict[str, Any]) -> None:
    port = host(answers={START: [other_run(**noted)]})
    port.state["installed_at"] = "2026-11-01T00:00:00Z"
    result = updated(port)
    assert (result.outcome, result.details["by"]) == ("done", "host")
    assert [sent["seen"] for sent in port.sent(START)] == [
        {"run": None, "phase": "update_pending"},
        {"run": "run-2", "phase": noted.get("phase", "done")},
    ]
    assert port.state["remediation"]["run"] == "run-1"


@pytest.mark.parametrize("note", [{**DONE, "run": "run-1"}, DONE])
def test_a_proof_from_before_this_run_does_not_count_for_its_work(note: dict[str, Any]) -> None:
    port = host(note=note)
    assert updated(port).details["by"] == "host"
    assert len(port.sent(START)) == 1


def test_a_proof_of_this_run_is_not_anothers() -> None:
    """As where a play of one's own has the stage twice."""
    port = host()
    run = run_of(port, work(None, None))
    port.note({**DONE, "run": "run-1"})
    run = run.with_reading(Reading("read", port._read()))
    assert carried(port, run, ["update"]).stages["update"].details["by"] == "host"


def test_a_host_that_other_runs_write_to_again_and_again_fails() -> None:
    port = host(answers={START: [other_run("update_pending", run=f"run-{number}") for number in range(2, 9)]})
    result = updated(port)
    assert (result.message.code, len(port.sent(START))) == ("update_not_started", 3)
    assert "again and again" in result.message.text


def test_a_note_that_cannot_be_read_after_another_run_is_an_error() -> None:
    unreadable = {**FAILED, "code": "note_unreadable"}
    port = host(answers={START: [{"changed": False, "waited": True}, unreadable]})
    port.answers["dsa_info"] = [lambda port: {**port._read(), "remediation": None, "remediation_unreadable": "cut"}]
    assert updated(port).message.code == "update_not_started"


def test_a_proof_does_not_hide_that_another_run_installs_by_now() -> None:
    port = host(answers={"dsa_security_update confirm": [other_run("upgrading")]})
    assert updated(port).outcome == "done"
    assert port.state["remediation"]["phase"] == "upgrading"


def test_a_request_that_is_refused_fails_at_the_first_look() -> None:
    port = host(answers={START: [begun(False)], LOOK: [looks()]})
    result = updated(port)
    assert (result.outcome, port.seconds) == ("failed", 15)
    assert "refused" in result.message.text


def test_a_request_that_cannot_be_made_changes_nothing() -> None:
    port = host(answers={START: [FAILED]})
    result = updated(port)
    assert (result.message.code, result.changed) == ("update_not_started", False)
    assert LOOK not in port.calls


def test_no_update_is_requested_of_an_agent_that_is_not_activated() -> None:
    port = host()
    port.state["activated"] = False
    assert updated(port).message.code == "update_not_activated"
    assert port.changing() == []


def test_a_success_that_cannot_be_noted_is_a_failure() -> None:
    port = host(answers={"dsa_security_update confirm": [FAILED]})
    assert updated(port).message.code == "update_not_noted"


def test_each_look_notes_what_is_waited_for() -> None:
    port = host(answers={LOOK: [looks()] * 9})
    updated(port)
    assert len(port.shown) == 9
    assert "update: security update, 15 of at most 1800 s" in port.shown[0]


# One that does not end


@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_the_diagnostics_of_an_update_that_does_not_end_are_fetched(platform: str, tmp_path: Path) -> None:
    port = host(platform, answers={LOOK: [looks()] * 9})
    result = updated(port, {"dsa_security_update_timeout": 60, "dsa_diagnostics_dir": str(tmp_path)})
    assert (result.message.code, port.seconds) == ("update_unfinished", 60)
    kept = tmp_path / "web1" / "1790000000.zip"
    assert result.details["diagnostics"] == str(kept)
    assert str(kept) in result.message.text
    fetched = port.sent("fetch")[0]
    assert (fetched["dest"], fetched["flat"]) == (str(kept), True)


@pytest.mark.parametrize(
    ("answers", "settings", "text"),
    [
        ({"fetch": [FAILED]}, {}, "on the host in /diag/1790000000.zip (it does not work)"),
        ({"dsa_security_update diagnose": [FAILED]}, {}, "not made: it does not work"),
        ({}, {"dsa_diagnostics": False}, "dsa_diagnostics is false"),
    ],
)
def test_what_could_not_be_collected_is_named(answers: Any, settings: Any, text: str) -> None:
    port = host(answers={LOOK: [looks()] * 9, **answers})
    result = updated(port, {"dsa_security_update_timeout": 60, **settings})
    assert text in result.message.text
    assert result.details["diagnostics"] is None


def test_a_host_that_is_lost_while_it_packs_its_diagnostics_keeps_the_reason() -> None:
    port = host(answers={LOOK: [looks()] * 9, "dsa_security_update diagnose": [HostLost("gone")]})
    result = updated(port, {"dsa_security_update_timeout": 30})
    assert result.message.code == "lost"
    assert "did not finish" in result.message.text
    assert "gone" in result.message.text


@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_a_look_that_fails_is_repeated_and_proves_nothing(platform: str) -> None:
    port = host(platform, answers={LOOK: [FAILED, FAILED]})
    assert updated(port).outcome == "done"
    port = host(platform, answers={LOOK: [FAILED] * 9})
    result = updated(port, NOTHING)
    assert (result.outcome, result.message.code) == ("failed", "update_unfinished")
    assert "it does not work" in result.message.text


# By a task of the Manager


@pytest.mark.parametrize("platform", ["linux", "windows"])
@pytest.mark.parametrize(
    ("outcome", "evidence", "stage", "code"),
    [
        ("succeeded", "patterns of 02:00", "done", "updated"),
        ("failed", "error 5 at 2026-11-24", "failed", "update_failed"),
        ("failed", "pattern 1-24 is old", "failed", "update_failed"),
        ("unfinished", "no answer", "failed", "update_unfinished"),
    ],
)
def test_what_a_task_of_the_manager_did_counts(
    platform: str, outcome: str, evidence: str, stage: str, code: str
) -> None:
    port = host(platform)
    result = updated(port, NOTHING, tasks={"update": {"outcome": outcome, "evidence": evidence}})
    assert (result.outcome, result.message.code, result.details["by"]) == (stage, code, "manager")
    assert evidence in result.message.text
    assert START not in port.calls
    assert (port.state["remediation"]["phase"] == "done") is (stage == "done")


def test_a_task_of_the_manager_that_failed_by_the_expired_certificate() -> None:
    task = {"outcome": "failed", "evidence": "the update failed", "certificate_expired": True}
    result = updated(host(), NOTHING, tasks={"update": task})
    assert (result.message.code, result.details["certificate_expired"]) == ("update_failed_expired", True)


@pytest.mark.parametrize("tasks", [{}, {"update": {"outcome": "skipped", "evidence": ""}}])
def test_a_host_that_no_task_took_in_updates_itself(tasks: Any) -> None:
    port = host()
    assert updated(port, tasks=tasks).details["by"] == "host"
