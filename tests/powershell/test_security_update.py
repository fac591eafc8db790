# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""win_dsa_security_update on a host: what it notes, requests and shows. What it means is decided in Python."""

from __future__ import annotations

import json
import os
import time
import typing as t
from pathlib import Path

import pytest

from tests.builders import NOTED_SINCE

from .windows import ANSWER, OK, Program, Windows

QUERIES = ("GetPluginVersion", "GetAgentStatus", "GetComponentInfo")


@pytest.fixture
def log(host: Windows) -> Path:
    """The agent's log, with one old line."""
    host.logs.mkdir(parents=True, exist_ok=True)
    path = host.logs / "ds_agent.log"
    path.write_text("old 9016\n")
    return path


def append(path: Path, *lines: str, encoding: str = "utf-8") -> None:
    with path.open("ab") as stream:
        stream.write("".join(f"{line}\n" for line in lines).encode(encoding))


def marks(host: Windows) -> list[dict[str, t.Any]]:
    taken: list[dict[str, t.Any]] = host.update("start")["marks"]
    return taken


def look(host: Windows, taken: list[dict[str, t.Any]]) -> list[tuple[str, str, bool]]:
    result = host.update("look", marks=taken)
    assert "failed" not in result
    return [(line["file"], line["text"], line["marked"]) for line in result["lines"]]


def test_a_start_notes_first_and_requests_last(host: Windows, log: Path) -> None:
    host.write_note(phase="upgrading", since="2026-11-01T00:00:00Z", to="20.0.2-1390", done_at="2026-10-01T00:00:00Z")
    seen = []

    def query(arguments: list[str]) -> Program:
        seen.append(host.read_note())
        return Program(ANSWER)

    def control(arguments: list[str]) -> Program:
        append(log, "new")
        return OK

    host.query_answer, host.control_answer = query, control
    result = host.update("start", note={"run": "r2"})
    due = {"phase": "update_pending", "since": "2026-11-01T00:00:00Z", "to": "20.0.2-1390", "run": "r2"}
    assert host.read_note() == due and seen[0] == due
    assert [call.split()[0] for call in host.acts()][-1] == "dsa_control"
    assert host.acts().count("dsa_control -m UpdateComponent:true") == 1
    assert [line[1] for line in look(host, result["marks"])] == ["new"]
    query_answer = result["query"]
    assert query_answer["out"].startswith(ANSWER.splitlines()[0])
    assert (query_answer["rc"], query_answer["cut"], query_answer["timed_out"]) == (0, False, False)
    request = result["request"]
    assert (request["rc"], request["accepted"], result["changed"]) == (0, True, True)
    assert host.about_now(result["now"])


def test_a_mark_has_no_inode_and_no_text(host: Windows, log: Path) -> None:
    (mark,) = marks(host)
    assert set(mark) == {"name", "size", "mtime", "fingerprint"}
    assert (mark["name"], mark["size"]) == ("ds_agent.log", len("old 9016\n"))


def test_an_update_that_was_not_due_is_due_from_now_on(host: Windows) -> None:
    host.write_note(phase="done", since="2026-11-01T00:00:00Z")
    host.update("start")
    note = host.read_note() or {}
    assert host.about_now(note["since"]) and note["phase"] == "update_pending"


@pytest.mark.parametrize(("wrote", "waited"), NOTED_SINCE)
@pytest.mark.parametrize("step", ["start", "confirm"])
def test_nothing_is_done_where_another_run_has_written_since_the_host_was_read(
    host: Windows, step: str, wrote: dict[str, str] | None, waited: bool
) -> None:
    if wrote:
        host.write_note(**wrote)
    note = {"run": "r1", "phase": "done"}
    result = host.update(step, note=note, seen={"run": "r0", "phase": "update_pending"})
    assert (result["waited"], result["changed"]) == (waited, not waited)
    assert bool(host.acts()) is (step == "start" and not waited)
    assert host.read_note() == wrote if waited else (host.read_note() or {})["run"] == "r1"


def test_without_what_was_seen_nothing_is_compared(host: Windows) -> None:
    host.write_note(run="r2", phase="done")
    assert host.update("start", note={"run": "r1"})["waited"] is False
    assert (host.read_note() or {})["phase"] == "update_pending"


def test_the_password_is_not_given_to_a_request(host: Windows) -> None:
    host.update("start", self_protection_password="s3cret")
    assert host.acts()[-1] == "dsa_control -m UpdateComponent:true"
    host.update("start", trigger=["-m", "Other:true"])
    assert host.acts()[-1] == "dsa_control -m Other:true"


def test_a_request_that_was_refused_is_repeated_with_the_password(host: Windows) -> None:
    host.control_answer = lambda arguments: OK if "-p" in arguments else Program("HTTP Status: 403\r\n")
    result = host.update("start", self_protection_password="s3cret")
    assert result["request"]["accepted"] is True
    assert host.acts()[-2:] == ["dsa_control -m UpdateComponent:true", "dsa_control -m UpdateComponent:true -p s3cret"]
    assert "s3cret" not in json.dumps(result)


@pytest.mark.parametrize(
    ("answer", "accepted"),
    [
        (Program("HTTP Status: 403 - Forbidden\r\n"), False),
        (Program(rc=1), None),
        (Program(), None),
        (None, False),
    ],
)
def test_an_answer_to_a_request_comes_back_as_it_is(
    host: Windows, answer: Program | None, accepted: bool | None
) -> None:
    host.control_answer = answer
    result = host.update("start")
    assert "failed" not in result
    assert (result["request"]["accepted"], result["request"]["missing"]) == (accepted, answer is None)


def test_an_agent_without_tools_or_logs_is_no_error_of_ours(host: Windows) -> None:
    host.remove_agent()
    result = host.update("start")
    assert (result["request"]["missing"], result["request"]["accepted"], result["marks"]) == (True, False, [])
    assert host.update("look", marks=[])["lines"] == []


def test_a_look_shows_only_what_is_new_and_changes_nothing(host: Windows, log: Path) -> None:
    taken = marks(host)
    note = host.note.read_text()
    assert look(host, taken) == []
    append(log, "new 9016", "", "[two]")
    assert look(host, taken) == [("ds_agent.log", "new 9016", True), ("ds_agent.log", "[two]", True)]
    before = host.tree()
    result = host.update("look", marks=taken)
    assert host.tree() == before
    assert (result["note_text"], result["note_problem"], result["lines_cut"]) == (note, None, False)
    host.note.unlink()
    host.note.mkdir()
    result = host.update("look", marks=taken)
    assert result["note_text"] is None and result["note_problem"]


def test_a_rotated_log_is_followed_and_a_new_one_is_not_marked(host: Windows, log: Path) -> None:
    taken = marks(host)
    append(log, "9017")
    log.rename(host.logs / "ds_agent-01.log")
    os.utime(host.logs / "ds_agent-01.log", (10**9, 10**9))
    append(log, "9016")
    assert look(host, taken) == [("ds_agent-01.log", "9017", True), ("ds_agent.log", "9016", False)]


@pytest.mark.parametrize(
    ("rotated", "first"),
    [("ds_agent-01.log", "9016"), ("ds_agent.log.1", "9017"), ("ds_agent.1.log", "9016"), ("Ds_Agent-02.LOG", "9017")],
)
def test_lines_come_in_the_order_of_time_whatever_a_rotation_calls_a_file(
    host: Windows, log: Path, rotated: str, first: str
) -> None:
    """W1, A3: 5.1 sorts words with a hyphen otherwise than 7 does, and the last word counted."""
    taken = marks(host)
    append(log, first)
    log.rename(host.logs / rotated)
    os.utime(host.logs / rotated, (10**9, 10**9))
    other = {"9016": "9017", "9017": "9016"}[first]
    append(log, other)
    assert [text for dummy, text, marked in look(host, taken)] == [first, other]


def test_an_old_line_is_never_marked_whatever_a_rotation_does(host: Windows, log: Path) -> None:
    """A2: after two rotations an old success was new, by the file's name and size."""
    older = host.logs / "ds_agent-01.log"
    append(older, "old 9016 of long ago, longer than the newer log")
    taken = marks(host)
    os.utime(older, (1, 1))
    copy = host.logs / "ds_agent-03.log"
    copy.write_bytes(older.read_bytes())
    os.utime(copy, (2, 2))
    older.rename(host.logs / "ds_agent-02.log")
    log.rename(older)
    append(log, "the newest")
    lines = look(host, taken)
    assert [text for dummy, text, marked in lines if marked] == []
    assert lines[-1] == ("ds_agent.log", "the newest", False)


def test_a_log_that_was_cut_and_grew_again_is_not_marked(host: Windows, log: Path) -> None:
    taken = marks(host)
    log.write_text("copied back 9016\nand more than before\n")
    assert [marked for dummy, text, marked in look(host, taken)] == [False, False]


def test_a_mark_of_an_empty_log_marks_nothing(host: Windows, log: Path) -> None:
    """Every file begins as an empty one does: each would be the same file."""
    log.write_text("")
    taken = marks(host)
    log.unlink()
    append(host.logs / "ds_agent-07.log", "old 9016 that was copied back")
    assert [marked for dummy, text, marked in look(host, taken)] == [False]


def test_a_log_with_the_same_end_is_the_same_file_by_its_fingerprint(host: Windows, log: Path) -> None:
    """1,024 bytes before the mark are compared, and not only the last line."""
    log.write_text("a" * 2000 + "\nsame end\n")
    taken = marks(host)
    log.write_text("a" * 1999 + "b\nsame end\nnew 9016\n")
    assert [marked for dummy, text, marked in look(host, taken)][-1] is False


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_logs_of_any_encoding_are_read(host: Windows, log: Path, encoding: str) -> None:
    log.write_bytes("old 9016 更新\n".encode(encoding))
    taken = marks(host)
    append(log, "new 9016 更新", encoding={"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(encoding, encoding))
    assert look(host, taken) == [("ds_agent.log", "new 9016 更新", True)]


@pytest.mark.parametrize("encoding", ["utf-16"])
def test_a_log_of_64_mb_is_read_at_its_end(host: Windows, log: Path, encoding: str) -> None:
    line = ("y" * 1023 + "\n").encode("utf-16-le" if encoding == "utf-16" else encoding)
    with log.open("wb") as stream:
        stream.write(b"\xff\xfe" if encoding == "utf-16" else b"")
        stream.write(line * (65 * 2**20 // len(line)))
    taken = marks(host)
    append(log, "new 9016", encoding="utf-16-le" if encoding == "utf-16" else encoding)
    assert look(host, taken) == [("ds_agent.log", "new 9016", True)]


def test_lines_end_as_on_any_host(host: Windows, log: Path) -> None:
    taken = marks(host)
    with log.open("ab") as stream:
        stream.write(b"one\r\n\r\ntwo\nthree\rfour\r\n")
    assert [text for dummy, text, marked in look(host, taken)] == ["one", "two", "three", "four"]


def test_what_comes_back_is_bounded_and_the_newest_is_kept(host: Windows, log: Path) -> None:
    taken = marks(host)
    append(log, "begin " + "x" * 10_000_000, *(f"{number} {'y' * 1000}" for number in range(500)), "the newest")
    result = host.update("look", marks=taken)
    assert result["lines_cut"] is True
    assert result["lines"][-1]["text"] == "the newest"
    assert sum(len(line["text"]) for line in result["lines"]) <= 256 * 1024
    append(log, "z" * 10_000)
    assert len(host.update("look", marks=taken)["lines"][-1]["text"]) == 4096


def test_a_log_that_cannot_be_read_is_not_passed_over(host: Windows, log: Path) -> None:
    """What failed later may stand in it."""
    taken = marks(host)
    append(log, "new 9016")
    (host.logs / "gone.log").symlink_to(host.logs / "nowhere")
    assert host.update("look", marks=taken)["lines_unread"] == []
    (host.logs / "other.log").symlink_to("other.log")  # no program can open it
    result = host.update("look", marks=taken)
    assert (result["lines_cut"], [line["text"] for line in result["lines"]]) == (True, ["new 9016"])
    assert result["lines_unread"] == ["other.log"]


def test_more_lines_than_come_back_are_said_to_be_cut(host: Windows, log: Path) -> None:
    taken = marks(host)
    append(log, *(f"{number} {'y' * 1000}" for number in range(300)), "the newest")
    result = host.update("look", marks=taken)
    assert result["lines_cut"] is True and result["lines"][-1]["text"] == "the newest"
    assert 200 < len(result["lines"]) < 300


def test_a_line_that_was_begun_at_the_mark_shows_its_rest(host: Windows, log: Path) -> None:
    log.write_text("old 9016\nbegun")
    taken = marks(host)
    append(log, " and ended", "new")
    assert taken[0]["size"] % 2 == 0 and look(host, taken)[0][1] == " and ended"
    log.write_text("old 9016\nbegun.")
    taken = marks(host)
    append(log, " and ended")
    assert taken[0]["size"] % 2 == 1 and look(host, taken) == [("ds_agent.log", " and ended", True)]


def test_a_log_that_cannot_be_read_hides_no_other(host: Windows, log: Path) -> None:
    (host.logs / "ds_agent-09.log").symlink_to("/proc/self/mem")
    (host.logs / "gone.log").symlink_to(host.logs / "nowhere")
    taken = marks(host)
    assert "ds_agent.log" in [mark["name"] for mark in taken]
    append(log, "new")
    assert ("ds_agent.log", "new", True) in look(host, taken)


def test_other_files_are_no_logs(host: Windows, log: Path) -> None:
    taken = marks(host)
    for name in ("1790000000.zip", "ds_agent.log.bak", "ds_agent.log.gz", "log"):
        append(host.logs / name, "9016")
    (host.logs / "folder.log").mkdir()
    assert look(host, taken) == []


def test_an_answer_that_is_too_long_says_so(host: Windows) -> None:
    host.query_answer = Program("x" * 70_000)
    query = host.update("look", marks=[])["query"]
    assert query["cut"] is True and len(query["out"]) <= 60 * 1024


def test_a_confirmation_has_the_time_of_the_host(host: Windows) -> None:
    host.write_note(phase="update_pending", since="2026-11-01T00:00:00Z", to="20.0.2-1390")
    host.update(
        "confirm", note={"phase": "done", "build": "20.0.2-1390", "since": None, "done_at": "1999-01-01T00:00:00Z"}
    )
    note = host.read_note() or {}
    assert host.about_now(note.pop("done_at"))
    assert note == {"phase": "done", "build": "20.0.2-1390", "to": "20.0.2-1390"}


def test_diagnostics_are_those_that_were_made_now(host: Windows, log: Path) -> None:
    """An old pack came back where none was made."""
    old = host.logs / "9999999999.zip"
    old.write_text("old")
    result = host.update("diagnose")
    assert (result["failed"], result["code"]) == (True, "no_diagnostics")

    def control(arguments: list[str]) -> Program:
        (host.logs / "1790000000.zip").write_text("made")
        return OK

    host.control_answer = control
    os.utime(old, (time.time() + 1000, time.time() + 1000))
    result = host.update("diagnose", self_protection_password="s3cret")
    assert result["path"] == host.windows(host.logs / "1790000000.zip")
    assert host.acts()[-1] == "dsa_control -d -p s3cret"
    assert "s3cret" not in json.dumps(result)


@pytest.mark.parametrize("answer", [Program("s3cret\r\n", rc=1), None])
def test_diagnostics_that_fail_do_not_show_the_password(host: Windows, answer: Program | None) -> None:
    host.control_answer = answer
    result = host.update("diagnose", self_protection_password="s3cret")
    assert result["code"] == "no_diagnostics" and "s3cret" not in json.dumps(result)


@pytest.mark.parametrize("trigger", [["-m", 'a"b'], ["-m", "a\nb"]])
def test_a_trigger_that_cmd_exe_cannot_be_trusted_with_is_refused(host: Windows, trigger: list[str]) -> None:
    result = host.update("start", trigger=trigger)
    assert result.get("failed") or result["request"]["accepted"] is False
    assert not any(call.startswith("dsa_control") for call in host.acts())
