# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a security update ended, and how: only what is newer than its start proves anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import PatternTooSlow, bounded
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record.evidence import (
    Evidence,
    UpdateStart,
    judge_update,
    parse_time,
    patterns_of,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record.note import done_note

BUILD = "20.0.2-1390"
START, SEEN = "2026-11-23T02:00:00Z", "2026-11-23T02:30:00Z"
SUCCESS, FAILURE = r"Update Successful|\|\s*9016\s*\|", r"CERT_EXPIRE|Update Failed|\|\s*9017\s*\|"
GOOD, BAD = "[Event/5] | 9016 | Anti-Malware Component Update Successful", "[Event/3] | 9017 | Update Failed"
BEFORE = {"IntelliTrap Pattern": "0.253.00", "Smart Scan Agent Pattern": "20.489.00"}
AFTER = {"IntelliTrap Pattern": "0.255.00", "Smart Scan Agent Pattern": "20.611.00"}


def answer(patterns: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """What dsa_query gives for these patterns."""
    lines = ["PluginVersion.core: 20.0.2-1390", "AgentStatus.1: agentState", "AgentStatus.agentState: green"]
    for number, (name, version) in enumerate((BEFORE if patterns is None else patterns).items()):
        lines.append(f"Component.AM.version.pattern.{number}.name: {name}")
        lines.append(f"Component.AM.version.pattern.{number}.version: {version}")
    text = "\n".join([*lines, "Component.CORE.version: 20.0"]) + "\n"
    return {"rc": 0, "out": text, "err": "", "cut": False, "timed_out": False, "missing": False, **more}


def begun(note: Mapping[str, Any] | None = None, record: Mapping[str, Any] | None = None, **more: Any) -> UpdateStart:
    request = {"rc": 0, "out": "HTTP Status: 200 - OK", "err": "", "timed_out": False, "missing": False}
    result = {"now": START, "marks": [], "query": answer(), "request": {**request, "accepted": True}, **more}
    return UpdateStart.from_result(result, note or {}, {"version": BUILD} if record is None else record)


def look(*lines: tuple[str, str, bool] | str, **more: Any) -> dict[str, Any]:
    shaped = [line if isinstance(line, tuple) else ("ds_agent.log", line, True) for line in lines]
    entries = [dict(zip(("file", "text", "marked"), line, strict=True)) for line in shaped]
    return {"query": answer(), "lines": entries, "lines_cut": False, "note_text": None, "now": SEEN, **more}


def judged(
    now: Mapping[str, Any], previous: Mapping[str, Any] | None = None, start: UpdateStart | None = None
) -> Evidence:
    return judge_update(start or begun(), now, previous, SUCCESS, FAILURE)


def at(time: str, text: str) -> str:
    return f"2026-11-23 {time}.000000 [+0000]: {text}"


NEW, OLD = "02:00:10", "01:59:59"


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        ([at(NEW, GOOD)], "succeeded"),
        ([at(NEW, BAD)], "failed"),
        ([at("02:00:00", GOOD)], "succeeded"),
        # Older than the start: of another update, wherever it stands.
        ([at(OLD, GOOD)], "running"),
        ([at(OLD, BAD)], "running"),
        # The zone counts.
        (["2026-11-23 11:00:10 [+0900]: " + GOOD], "succeeded"),
        (["2026-11-23 02:00:10 [+0900]: " + GOOD], "running"),
        (["2026-11-22T21:00:10-05:00 " + GOOD], "succeeded"),
        (["[2026-11-23T02:00:10Z] " + GOOD], "succeeded"),
        # Without a readable time, or its zone, only behind the mark of a file that was there.
        ([GOOD], "succeeded"),
        (["2026-11-23 01:00:00 " + GOOD], "succeeded"),
        # Before the start in every zone.
        (["2026-11-22 13:59:59 " + GOOD], "running"),
        (["2019-01-01 00:00:00 " + GOOD], "running"),
        (["2026-11-22 14:00:00 " + GOOD], "succeeded"),
        # A zone beside UTC is not UTC.
        ([("ds_agent-01.log", "2026-11-23 02:10:00 UTC+9 " + GOOD, False)], "running"),
        ([("ds_agent-01.log", "2026-11-23 02:10:00 GMT+0900 " + GOOD, False)], "running"),
        ([("ds_agent-01.log", "2026-11-22 00:00:00 -99:99 " + GOOD, False)], "running"),
        # Where another file has a failure of which it is not known when it was, a success is no proof.
        ([("a.log", BAD, True), ("b.log", at(NEW, GOOD), True)], "unproven"),
        ([("b.log", at(NEW, GOOD), True), ("a.log", BAD, True)], "unproven"),
        ([("a.log", BAD, True), ("b.log", GOOD, True)], "unproven"),
        ([("a.log", at(NEW, "x"), True), ("a.log", BAD, True), ("b.log", at("02:00:20", GOOD), True)], "succeeded"),
        # The clock was set back between two lines of a file.
        ([at("02:20:00", GOOD), at("02:10:00", BAD)], "failed"),
        ([at("02:20:00", BAD), at("02:10:00", GOOD)], "succeeded"),
        ([("ds_agent.log", GOOD, False)], "running"),
        ([("ds_agent-01.log", "2026-11-23 02:00:10 " + GOOD, False)], "running"),
        ([("ds_agent-01.log", BAD, False)], "running"),
        ([("ds_agent-01.log", at(NEW, GOOD), False)], "succeeded"),
        ([("ds_agent-01.log", at(OLD, GOOD), False)], "running"),
        # The last word by time, whatever the files are called and in whatever order they come.
        ([at("02:00:10", BAD), at("02:00:20", GOOD)], "succeeded"),
        ([at("02:00:10", GOOD), at("02:00:20", BAD)], "failed"),
        ([("a.log", at("02:00:20", GOOD), True), ("b.log", at("02:00:10", BAD), True)], "succeeded"),
        ([("a.log", at("02:00:20", BAD), False), ("b.log", at("02:00:10", GOOD), True)], "failed"),
        # Without a time of its own a line has that of the line before it in its file.
        ([("a.log", at("02:00:20", "x"), True), ("a.log", BAD, True), ("b.log", at("02:00:10", GOOD), True)], "failed"),
        # So a line that continues an older one is as old: it was written late.
        ([at(OLD, "x"), GOOD], "running"),
        ([at(OLD, "x"), GOOD, at(NEW, "y"), BAD], "failed"),
        ([at(OLD, "x"), ("b.log", GOOD, True)], "succeeded"),
        # A time after the look is of another clock, unless the line is new for certain.
        ([("ds_agent-01.log", at("02:30:01", GOOD), False)], "running"),
        ([("ds_agent-01.log", at("02:30:00", GOOD), False)], "succeeded"),
        ([at("02:30:01", GOOD)], "succeeded"),
        ([BAD, GOOD], "succeeded"),
        ([GOOD, BAD], "failed"),
        ([GOOD + BAD], "failed"),
        (["something else", at(NEW, "x")], "running"),
        # What stands behind the length that is looked at is not seen.
        ([at(NEW, "x" * 5000 + GOOD)], "running"),
    ],
)
def test_the_log_counts_where_it_is_newer_than_the_start(lines: list[Any], state: str) -> None:
    found = judged(look(*lines))
    assert found.state == state
    if state in ("succeeded", "failed"):
        assert found.code == f"log_{state}"


@pytest.mark.parametrize("more", [{"lines_cut": True}, {"lines_cut": None}], ids=["cut", "not known"])
def test_a_success_in_logs_that_were_not_read_as_a_whole_proves_nothing(more: dict[str, Any]) -> None:
    """A failure that came later may stand where nothing was read. Patterns prove by themselves."""
    found = judged(look(at(NEW, GOOD), **more))
    assert (found.state, found.code) == ("unproven", "log_not_whole")
    assert judged(look(at(NEW, BAD), **more)).state == "failed"
    seen = look(query=answer(AFTER), **more)
    assert judged(seen, seen).code == "patterns_newer"


def test_a_log_that_cannot_be_read_is_named_with_what_to_do_whatever_the_others_have() -> None:
    unread = {"lines_cut": True, "lines_unread": ["ds_agent.log"]}
    for seen in (look(at(NEW, GOOD), **unread), look(**unread), look(query=answer(AFTER), **unread)):
        found = judged(seen)
        assert (found.state in ("running", "unproven"), found.code) == (True, "logs_unread")
        assert "ds_agent.log could not be read" in found.text
        assert "run again" in found.text
    assert GOOD in judged(look(at(NEW, GOOD), **unread)).text
    assert judged(look(at(NEW, BAD), **unread)).code == "log_failed"
    seen = look(query=answer(AFTER), **unread)
    assert judged(seen, seen).code == "patterns_newer"


@pytest.mark.parametrize(
    ("line", "expired"),
    [
        ("| 9017 | error code: -24 | IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE", True),
        ("| 9017 | IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE", True),
        ("| 9017 | code -24.", True),
        ("| 9017 | (-24)", True),
        ("| 9017 | code 24", False),
        ("| 9017 | code -240", False),
        ("| 9017 | code -2.4", False),
        ("| 9017 | since 2026-11-24", False),
        ("| 9017 | no Relay answers", False),
    ],
)
def test_an_expired_certificate_is_recognised_by_its_code(line: str, expired: bool) -> None:
    assert judged(look(at(NEW, line))).certificate_expired is expired
    assert judged(look("2026-11-24 02:00:10 " + line)).certificate_expired is expired


def test_a_success_after_minus_24_has_no_expired_certificate() -> None:
    assert judged(look(at(NEW, "| 9016 | after -24"))).certificate_expired is False


@pytest.mark.parametrize(
    ("now", "previous", "state", "code"),
    [
        (AFTER, AFTER, "succeeded", "patterns_newer"),
        # One look is no stand-still, and an update brings several patterns.
        (AFTER, None, "running", "patterns_changing"),
        (AFTER, {**BEFORE, "IntelliTrap Pattern": "0.255.00"}, "running", "patterns_changing"),
        (
            {**BEFORE, "IntelliTrap Pattern": "0.255.00"},
            {**BEFORE, "IntelliTrap Pattern": "0.255.00"},
            "succeeded",
            None,
        ),
        (BEFORE, BEFORE, "running", "patterns_unchanged"),
        # By numbers, not by letters.
        ({**BEFORE, "IntelliTrap Pattern": "0.1000.00"}, None, "running", "patterns_changing"),
        ({**BEFORE, "IntelliTrap Pattern": "0.26"}, None, "unproven", "patterns_not_newer"),
        # The same version in another spelling.
        ({**BEFORE, "IntelliTrap Pattern": "0.253"}, None, "unproven", "patterns_not_newer"),
        ({**BEFORE, "IntelliTrap Pattern": "0.253.00.0"}, None, "unproven", "patterns_not_newer"),
        ({**BEFORE, "IntelliTrap Pattern": "0.253.0"}, None, "unproven", "patterns_not_newer"),
        ({**BEFORE, "IntelliTrap Pattern": "0.253.00.1"}, None, "running", "patterns_changing"),
        # findings/powershell.md A4: older, odd, or missing.
        ({**BEFORE, "IntelliTrap Pattern": "0.252.99"}, None, "unproven", "patterns_not_newer"),
        ({**AFTER, "IntelliTrap Pattern": "0.251.00"}, None, "unproven", "patterns_not_newer"),
        ({**BEFORE, "IntelliTrap Pattern": "0.255 beta"}, None, "unproven", "patterns_not_newer"),
        ({**BEFORE, "IntelliTrap Pattern": ""}, None, "running", "query_incomplete"),
        ({"IntelliTrap Pattern": "0.255.00"}, {"IntelliTrap Pattern": "0.255.00"}, "unproven", "patterns_missing"),
        ({}, {}, "unproven", "patterns_missing"),
        # A5: a name that was not there comes with the new build, or late after the start of the agent.
        ({**BEFORE, "New Pattern": "1.0"}, {**BEFORE, "New Pattern": "1.0"}, "unproven", "patterns_added"),
    ],
)
def test_patterns_count_where_they_are_newer_and_stand_still(
    now: Mapping[str, str], previous: Mapping[str, str] | None, state: str, code: str | None
) -> None:
    found = judged(look(query=answer(now)), None if previous is None else look(query=answer(previous)))
    assert found.state == state
    assert code is None or found.code == code


WHOLE = answer(AFTER)
INCOMPLETE: dict[str, dict[str, Any]] = {
    "it timed out": {**WHOLE, "rc": None, "timed_out": True},
    "it failed": {**WHOLE, "rc": 1},
    "it was cut": {**WHOLE, "cut": True},
    "no build": {**WHOLE, "out": WHOLE["out"].replace("PluginVersion.core", "Other.core")},
    "no status": {**WHOLE, "out": WHOLE["out"].replace("AgentStatus.agentState", "AgentStatus.2")},
    "no components": {**WHOLE, "out": WHOLE["out"].partition("Component.")[0]},
    "it ends in the middle": {**WHOLE, "out": WHOLE["out"].partition(" 20.611.00")[0]},
    "one name, two patterns": answer({})
    | {"out": WHOLE["out"] + WHOLE["out"].replace("0.255", "0.3").replace("n.0", "n.7")},
    "nothing": {},
}


@pytest.mark.parametrize("why", INCOMPLETE)
def test_patterns_count_only_in_whole_answers(why: str) -> None:
    query = INCOMPLETE[why]
    assert patterns_of(query) is None
    assert judged(look(query=query), look(query=query)).state in ("running", "unproven")
    assert judged(look(query=answer(AFTER)), look(query=query)).state == "running"
    assert judged(look(query=answer(AFTER)), look(query=answer(AFTER)), begun(query=query)).code == (
        "patterns_not_known_before"
    )


def test_patterns_that_came_with_the_new_build_do_not_count() -> None:
    """A5: the record of before the upgrade has others, and the answer just before the request counts."""
    start = begun(query=answer(AFTER), note={"phase": "upgrading", "patterns": BEFORE, "build": "20.0.0-4416"})
    assert judged(look(query=answer(AFTER)), look(query=answer(AFTER)), start).code == "patterns_unchanged"


def test_a_later_run_compares_with_what_was_there_before_the_first_request() -> None:
    """The update of a run that died may have ended since: patterns would not change once more."""
    note = {"phase": "update_pending", "patterns": BEFORE, "build": BUILD, "since": START}
    start = begun(note, query=answer(AFTER))
    assert start.before == BEFORE
    assert judged(look(query=answer(AFTER)), look(query=answer(AFTER)), start).code == "patterns_newer"


def test_the_record_stands_in_for_an_answer_that_was_not_whole() -> None:
    listed = [{"name": name, "version": version} for name, version in BEFORE.items()]
    record = {"version": BUILD, "problems": [], "anti_malware": {"patterns": listed}}
    assert begun(record=record, query={}).before == BEFORE
    problems = [{"source": "dsa_query", "code": "incomplete", "text": "cut"}]
    assert begun(record={**record, "problems": problems}, query={}).before is None


def note_text(done_at: str, **more: Any) -> str:
    return json.dumps({**done_note(BUILD, "other", datetime.now(timezone.utc)), "done_at": done_at, **more})


@pytest.mark.parametrize(
    ("text", "lines", "code"),
    [
        (note_text("2026-11-23T02:05:00Z"), [], "done_by_other_run"),
        (note_text(START), [], "done_by_other_run"),
        (note_text("2026-11-23T01:59:59Z"), [], "patterns_unchanged"),
        (note_text("soon"), [], "patterns_unchanged"),
        (note_text("2026-11-23T02:05:00Z", phase="update_pending"), [], "patterns_unchanged"),
        (note_text("2026-11-23T02:05:00Z", build="20.0.0-4416"), [], "patterns_unchanged"),
        # Of an installation that is not named.
        (note_text("2026-11-23T02:05:00Z", build=None), [], "patterns_unchanged"),
        (note_text("2026-11-23T02:05:00Z", self_protection=["off"]), [], "patterns_unchanged"),
        ('{"phase": "do', [], "patterns_unchanged"),
        ("", [], "patterns_unchanged"),
        # Its own update failed before the other's ended well, and after it.
        (note_text("2026-11-23T02:05:00Z"), [at("02:01:00", BAD)], "done_by_other_run"),
        (note_text("2026-11-23T02:05:00Z"), [at("02:06:00", BAD)], "log_failed"),
        (note_text("2026-11-23T02:05:00Z"), [BAD], "log_failed"),
    ],
)
def test_what_another_run_finished_is_finished(text: str, lines: list[str], code: str) -> None:
    """findings/hostile.md C1: the slower of two runs waited to the end of its time for an update that was done."""
    assert judged(look(*lines, note_text=text)).code == code


@pytest.mark.parametrize(
    ("accepted", "state"), [(True, "running"), (None, "running"), (False, "failed"), ("yes", "running")]
)
def test_a_request_that_was_refused_fails(accepted: object, state: str) -> None:
    request = {"rc": 0, "out": "HTTP Status: 403 - Forbidden", "err": "", "accepted": accepted}
    start = begun(request=request)
    assert judged(look(), None, start).state == state
    assert judged(look(at(NEW, GOOD)), None, start).state == "succeeded"
    if accepted is False:
        assert judged(look(), None, start).code == "request_refused"
        assert "403" in str(judged(look(), None, start).values)


def test_a_look_that_failed_proves_nothing() -> None:
    found = judged({"failed": True, "msg": "no\nroom"}, look())
    assert (found.state, found.code, found.values) == ("unproven", "update_not_watched", {"why": "no room"})


@pytest.mark.parametrize("which", ["success", "failure"])
def test_an_expression_that_takes_for_ever_names_its_setting(which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against one line of 41 characters it gave no answer in 60 s."""
    monkeypatch.setattr(bounded, "_LIMIT", 0.05)
    rules = {"success": None, "failure": None, which: r"^(a+)+$"}
    with pytest.raises(PatternTooSlow, match=f"dsa_security_update_{which}_regex"):
        judge_update(begun(), look("a" * 40 + "!"), None, rules["success"], rules["failure"])


def test_a_mark_without_an_inode_is_one() -> None:
    """Windows has none: there a file is known by its fingerprint."""
    marks = [{"name": "ds_agent.log", "size": 5, "mtime": 1, "fingerprint": "00"}]
    start = UpdateStart.from_dict(json.loads(json.dumps(begun(marks=marks).as_dict())))
    assert start.marks == marks
    assert judged(look(at(NEW, GOOD)), None, start).state == "succeeded"


def test_a_start_survives_json() -> None:
    start = begun(marks=[{"inode": 1, "size": 2}])
    assert UpdateStart.from_dict(json.loads(json.dumps(start.as_dict()))) == start


def test_without_a_clock_only_marked_lines_count() -> None:
    start = begun(now=None)
    assert judged(look(at(NEW, GOOD)), None, start).state == "running"
    assert judged(look(GOOD), None, start).state == "succeeded"
    assert judged(look(note_text=note_text("2026-11-23T02:05:00Z")), None, start).state == "running"


@given(st.text() | st.none() | st.integers())
def test_no_text_breaks_the_clock(text: object) -> None:
    found = parse_time(text)
    assert found is None or found.tzinfo is not None


@pytest.mark.parametrize("text", ["2026-13-23T02:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_time_that_is_none_is_not_read(text: str) -> None:
    assert parse_time(text) is None


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["query", "lines", "lines_cut", "lines_unread", "note_text", "now"]), _JUNK))
def test_no_look_breaks_the_judgement(found: dict[str, Any]) -> None:
    assert judged(found, found).state in ("running", "unproven")


@given(st.dictionaries(st.sampled_from(["now", "query", "request"]), _JUNK))
def test_no_start_breaks_the_judgement(result: dict[str, Any]) -> None:
    assert judged(look(), None, begun(**result)).state in ("running", "unproven")
