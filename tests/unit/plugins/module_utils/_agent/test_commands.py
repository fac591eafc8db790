# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's own tools: bounded in time and size, several at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.deep_security.remediation.plugins.module_utils._agent import commands


def test_a_hanging_tool_is_killed_with_its_children(tmp_path: Path) -> None:
    tool = tmp_path / "dsa_query"
    child = tmp_path / "child"
    script = ["#!/bin/sh", "trap '' TERM", "echo half an answer", f"sleep 60 & echo $! > '{child}'", "wait", ""]
    tool.write_text("\n".join(script))
    tool.chmod(0o755)
    started = time.monotonic()
    answer = commands.run([str(tool)], 1)
    assert answer.timed_out
    assert answer.rc is None
    assert answer.out == "half an answer\n"
    assert time.monotonic() - started < 10
    pid = int(child.read_text())
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and _alive(pid):
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


def test_missing_and_forbidden_tools_are_told_apart(tmp_path: Path) -> None:
    assert commands.run([str(tmp_path / "none")], 1).missing
    (tmp_path / "plain").write_text("x")
    answer = commands.run([str(tmp_path / "plain")], 1)
    assert not answer.missing
    assert answer.rc is None
    assert "ermission" in answer.err


def test_commands_side_by_side_cost_the_longest_alone() -> None:
    started = time.monotonic()
    running = {name: commands.Running(["sleep", name]) for name in ("0.3", "0.6", "30")}
    answers = commands.answers(running, 1.2)
    assert time.monotonic() - started < 3
    assert [answers[name].rc for name in ("0.3", "0.6", "30")] == [0, 0, None]
    assert answers["30"].timed_out


def test_waiting_works_outside_the_main_thread() -> None:
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(commands.run, ["/bin/sh", "-c", "sleep 0.2; echo done"], 20).result()
    assert (answer.rc, answer.out) == (0, "done\n")


def test_the_current_folder_is_not_searched_for_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "no_such_tool").write_text("#!/bin/sh\necho fooled\n")
    (tmp_path / "no_such_tool").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    assert commands.run(["no_such_tool"], 5).missing


def test_an_answer_that_is_cut_is_marked() -> None:
    whole = commands.run(["/bin/sh", "-c", "echo 12345"], 5)
    assert whole.as_dict(6) == {
        "rc": 0,
        "out": "12345\n",
        "err": "",
        "cut": False,
        "missing": False,
        "timed_out": False,
    }
    assert (whole.as_dict(5)["out"], whole.as_dict(5)["cut"]) == ("12345", True)


def test_tools_answer_in_english_whatever_the_language_of_the_host_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """dpkg, systemctl and others translate what is looked for in their answers."""
    for name in ("LC_ALL", "LANG", "LANGUAGE"):
        monkeypatch.setenv(name, "de_DE.UTF-8")
    assert commands.run(["/bin/sh", "-c", 'echo "$LC_ALL $LANG $LANGUAGE"'], 5).out == "C C C\n"
