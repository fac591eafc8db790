# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dsa_security_update on a host: what it notes, requests and shows. It judges nothing."""

from __future__ import annotations

import errno
import os
import shutil
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.deep_security.remediation.plugins.module_utils._agent import update
from tests.builders import NOTED_SINCE

from .host_side import FakeHost


@pytest.fixture
def log(host: FakeHost) -> Path:
    """The agent's log, with one old line."""
    path = host.logs / "ds_agent.log"
    path.write_text("old 9016\n")
    return path


def append(path: Path, *lines: str) -> None:
    with path.open("a") as stream:
        stream.writelines(f"{line}\n" for line in lines)


def marks(host: FakeHost) -> list[dict[str, t.Any]]:
    taken: list[dict[str, t.Any]] = host.update("start")["marks"]
    return taken


def look(host: FakeHost, taken: list[dict[str, t.Any]]) -> list[tuple[str, str, bool]]:
    return [(line["file"], line["text"], line["marked"]) for line in host.update("look", marks=taken)["lines"]]


def test_a_start_notes_first_and_requests_last(host: FakeHost, log: Path) -> None:
    host.write_note(phase="upgrading", since="2026-11-01T00:00:00Z", to="20.0.2-1390", done_at="2026-10-01T00:00:00Z")
    host.tool("dsa_query", f"cat '{host.note}' > '{host.folder}/seen'; echo answer to $2")
    host.tool("dsa_control", f"echo 'HTTP Status: 200 - OK'; echo new >> '{log}'")
    result = host.update("start", note={"run": "r2"})
    due = {"phase": "update_pending", "since": "2026-11-01T00:00:00Z", "to": "20.0.2-1390", "run": "r2"}
    assert host.read_note() == due
    assert '"update_pending"' in (host.folder / "seen").read_text()
    assert [call.split()[0] for call in host.calls()] == ["dsa_query"] * 3 + ["dsa_control"]
    assert [line[1] for line in look(host, result["marks"])] == ["new"]
    query = result["query"]
    assert query["out"].splitlines() == [
        f"answer to {name}" for name in ("GetPluginVersion", "GetAgentStatus", "GetComponentInfo")
    ]
    assert (query["rc"], query["cut"], query["timed_out"]) == (0, False, False)
    assert (result["request"]["rc"], result["request"]["accepted"], result["changed"]) == (0, True, True)
    assert result["now"].endswith("Z")


def test_an_update_that_was_not_due_is_due_from_now_on(host: FakeHost) -> None:
    host.write_note(phase="done", since="2026-11-01T00:00:00Z")
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    host.update("start")
    note = host.read_note() or {}
    assert note["since"] >= before
    assert note["phase"] == "update_pending"


def test_the_password_is_not_given_to_a_request(host: FakeHost) -> None:
    host.update("start", self_protection_password="s3cret")
    assert host.calls()[-1] == "dsa_control -m UpdateComponent:true"
    host.update("start", trigger=["-m", "Other:true"])
    assert host.calls()[-1] == "dsa_control -m Other:true"


def test_a_request_that_was_refused_is_repeated_with_the_password(host: FakeHost) -> None:
    answer = 'echo "HTTP Status: 200 - OK"'
    host.tool("dsa_control", f'case "$*" in *"-p s3cret") {answer};; *) echo "HTTP Status: 403";; esac')
    result = host.update("start", self_protection_password="s3cret")
    assert result["request"]["accepted"] is True
    assert host.calls()[-2:] == [
        "dsa_control -m UpdateComponent:true",
        "dsa_control -m UpdateComponent:true -p s3cret",
    ]
    assert "s3cret" not in str(result)


@pytest.mark.parametrize(("wrote", "waited"), NOTED_SINCE)
@pytest.mark.parametrize("step", ["start", "confirm"])
def test_nothing_is_done_where_another_run_has_written_since_the_host_was_read(
    host: FakeHost, step: str, wrote: dict[str, str] | None, waited: bool
) -> None:
    if wrote:
        host.write_note(**wrote)
    note = {"run": "r1", "phase": "done"}
    result = host.update(step, note=note, seen={"run": "r0", "phase": "update_pending"})
    assert (result["waited"], result["changed"]) == (waited, not waited)
    assert bool(host.calls()) is (step == "start" and not waited)
    assert ((host.read_note() or {}).get("run"), host.note.exists()) == (
        ((wrote or {}).get("run"), bool(wrote)) if waited else ("r1", True)
    )


def test_without_what_was_seen_nothing_is_compared(host: FakeHost) -> None:
    host.write_note(run="r2", phase="done")
    assert host.update("start", note={"run": "r1"})["waited"] is False
    assert (host.read_note() or {})["phase"] == "update_pending"


@pytest.mark.parametrize("step", ["start", "confirm"])
def test_nothing_is_requested_where_the_note_cannot_be_read(host: FakeHost, step: str) -> None:
    host.note.write_text("")
    result = host.update(step, note={"phase": "done"})
    assert (result["failed"], result["code"]) == (True, "note_unreadable")
    assert host.calls() == []
    assert host.note.read_text() == ""


@pytest.mark.parametrize(
    ("answer", "accepted"),
    [("echo 'HTTP Status: 403 - Forbidden'", False), ("exit 1", None), ("exit 0", None)],
)
def test_an_answer_to_a_request_comes_back_as_it_is(host: FakeHost, answer: str, accepted: bool | None) -> None:
    host.tool("dsa_control", answer)
    result = host.update("start")
    assert result.get("failed") is None
    assert result["request"]["accepted"] is accepted


def test_an_agent_without_tools_is_no_error_of_ours(host: FakeHost) -> None:
    shutil.rmtree(host.agent)
    shutil.rmtree(host.logs)
    result = host.update("start")
    assert (result["request"]["missing"], result["request"]["accepted"]) == (True, False)
    assert result["marks"] == []
    assert host.update("look", marks=[])["lines"] == []


def test_a_look_shows_only_what_is_new_and_changes_nothing(host: FakeHost, log: Path) -> None:
    taken = marks(host)
    note = host.note.read_text()
    assert look(host, taken) == []
    append(log, "new 9016", "", "[two]")
    assert look(host, taken) == [("ds_agent.log", "new 9016", True), ("ds_agent.log", "[two]", True)]
    assert look(host, taken) == look(host, taken)
    result = host.update("look", marks=taken)
    assert (result["note_text"], result["note_problem"], result["lines_cut"]) == (note, None, False)
    host.note.unlink()
    host.note.mkdir()
    result = host.update("look", marks=taken)
    assert result["note_text"] is None
    assert result["note_problem"]


def test_a_rotated_log_is_followed_and_a_new_one_is_not_marked(host: FakeHost, log: Path) -> None:
    taken = marks(host)
    append(log, "9017")
    log.rename(host.logs / "ds_agent-01.log")
    os.utime(host.logs / "ds_agent-01.log", (1, 1))
    append(log, "9016")
    assert look(host, taken) == [("ds_agent-01.log", "9017", True), ("ds_agent.log", "9016", False)]


def test_an_old_line_is_never_marked_whatever_a_rotation_does(host: FakeHost, log: Path) -> None:
    """findings/powershell.md A2: after two rotations an old success was new, by the file's name and size."""
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
    texts = look(host, taken)
    assert [text for dummy, text, marked in texts if marked] == []
    assert texts[-1] == ("ds_agent.log", "the newest", False)


def test_a_log_that_was_cut_and_grew_again_is_not_marked(host: FakeHost, log: Path) -> None:
    taken = marks(host)
    with log.open("w") as stream:
        stream.write("copied back 9016\nand more than before\n")
    assert [marked for dummy, text, marked in look(host, taken)] == [False, False]


def test_a_log_that_was_empty_has_no_mark(host: FakeHost) -> None:
    """Nothing tells it from another file that got its number: a copy of an old log is no new log."""
    log = host.logs / "ds_agent.log"
    log.touch()
    taken = marks(host)
    append(log, "9016 of long ago")
    assert look(host, taken) == [("ds_agent.log", "9016 of long ago", False)]


def test_logs_come_in_the_order_of_their_times_not_of_their_names(host: FakeHost, log: Path) -> None:
    other = host.logs / "ds_agent-01.log"
    append(other, "x")
    taken = marks(host)
    append(log, "first")
    append(other, "second")
    os.utime(log, (100, 100))
    assert [text for dummy, text, marked in look(host, taken)] == ["first", "second"]
    os.utime(other, (50, 50))
    assert [text for dummy, text, marked in look(host, taken)] == ["second", "first"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_logs_of_any_encoding_are_read(host: FakeHost, encoding: str) -> None:
    log = host.logs / "ds_agent.log"
    log.write_bytes("old 9016 更新\n".encode(encoding))
    taken = marks(host)
    with log.open("ab") as stream:
        stream.write("new 9016 更新\n".encode({"utf-16": "utf-16-le"}.get(encoding, encoding)))
    assert look(host, taken) == [("ds_agent.log", "new 9016 更新", True)]


@pytest.mark.parametrize(("number", "cut"), [(errno.EACCES, True), (errno.EIO, True), (errno.ENOENT, False)])
def test_a_log_that_cannot_be_read_is_not_passed_over(
    host: FakeHost, log: Path, monkeypatch: pytest.MonkeyPatch, number: int, cut: bool
) -> None:
    """What failed later may stand in it. One that a rotation took away meanwhile is none."""

    def refuse(path: str, known: object) -> None:
        raise OSError(number, "it is not to be read")

    taken = marks(host)
    monkeypatch.setattr(update, "_gained", refuse)
    assert update.new_lines(str(host.logs), taken) == ([], cut, ["ds_agent.log"] * cut)


def test_what_comes_back_is_bounded_and_the_newest_is_kept(host: FakeHost, log: Path) -> None:
    taken = marks(host)
    append(log, "begin " + "x" * 10_000_000, *(f"{number} {'y' * 1000}" for number in range(500)), "the newest")
    result = host.update("look", marks=taken)
    assert result["lines_cut"] is True
    assert result["lines"][-1]["text"] == "the newest"
    assert sum(len(line["text"]) for line in result["lines"]) <= 256 * 1024
    append(log, "z" * 10_000)
    assert len(host.update("look", marks=taken)["lines"][-1]["text"]) == 4096


def test_an_answer_that_is_too_long_says_so(host: FakeHost) -> None:
    host.tool("dsa_query", "head -c 70000 /dev/zero | tr '\\0' x")
    query = host.update("look", marks=[])["query"]
    assert query["cut"] is True
    assert len(query["out"]) < 64 * 1024


def test_a_confirmation_has_the_time_of_the_host(host: FakeHost) -> None:
    host.write_note(phase="update_pending", since="2026-11-01T00:00:00Z", to="20.0.2-1390")
    done = {"phase": "done", "build": "20.0.2-1390", "since": None, "done_at": "1999-01-01T00:00:00Z"}
    host.update("confirm", note=done)
    note = host.read_note() or {}
    assert note.pop("done_at") > "2026-01-01"
    assert note == {"phase": "done", "build": "20.0.2-1390", "to": "20.0.2-1390"}


def test_diagnostics_are_those_that_were_made_now(host: FakeHost) -> None:
    old = host.logs / "9999999999.zip"
    old.write_text("old")
    result = host.update("diagnose")
    assert (result["failed"], result["code"]) == (True, "no_diagnostics")
    host.tool("dsa_control", f"echo made > '{host.logs}/1790000000.zip'; echo 'HTTP Status: 200 - OK'")
    os.utime(old, (time.time() + 1000, time.time() + 1000))
    assert host.update("diagnose", self_protection_password="s3cret")["path"] == f"{host.logs}/1790000000.zip"
    assert host.calls()[-1] == "dsa_control -d -p s3cret"


def test_diagnostics_that_fail_do_not_show_the_password(host: FakeHost) -> None:
    host.tool("dsa_control", "echo $3; exit 1")
    assert "s3cret" not in host.update("diagnose", self_protection_password="s3cret")["msg"]
    shutil.rmtree(host.logs)
    assert host.update("diagnose")["code"] == "no_diagnostics"
