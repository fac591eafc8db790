# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The callback groups what thousands of hosts return. How a whole playbook looks is in tests/integration/matrix."""

from __future__ import annotations

import time
import typing as t
from types import SimpleNamespace

import pytest

from ansible_collections.deep_security.remediation.plugins.callback import summary

COLLECTION = "deep_security.remediation"
GATE = f"{COLLECTION}.dsa_gate"


class Shown:
    """What is shown."""

    verbosity = 0
    columns = 79

    def __init__(self) -> None:
        self.lines: list[str] = []

    def display(self, text: str, *, log_only: bool = False, **ignored: object) -> None:
        self.lines += [] if log_only else text.split("\n")

    def banner(self, text: str) -> None:
        self.lines.append(text)


class Stats:
    """Ansible's statistics of so many hosts, of which half changed something."""

    custom: t.ClassVar[dict[str, object]] = {}

    def __init__(self, hosts: int) -> None:
        self.processed = {f"web-{number}": 1 for number in range(hosts)}

    def summarize(self, host: str) -> dict[str, int]:
        none = dict.fromkeys(("unreachable", "failures", "skipped", "rescued", "ignored"), 0)
        return {"ok": 7, "changed": int(host[4:]) % 2, **none}


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.fixture
def callback(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> t.Any:
    made = summary.CallbackModule()
    made._display = shown
    monkeypatch.setattr(made, "get_option", lambda name: name == "nothing")
    monkeypatch.setattr(made, "_handle_warnings", lambda result: None)
    monkeypatch.setenv("COLUMNS", "120")
    made.v2_playbook_on_play_start(play("Read the hosts"))
    return made


def result(host: str, task: str = "Read", action: str = "any", **values: t.Any) -> t.Any:
    return SimpleNamespace(
        _host=SimpleNamespace(get_name=lambda: host),
        _task=SimpleNamespace(get_name=lambda: task, _uuid=task, action=action, run_once=task == "Once"),
        _result=values,
        result=values,
    )


def play(name: str, hosts: int | None = None, strategy: str = "linear") -> t.Any:
    """hosts: how many a batch of it has; None where that is not known."""
    batch = {} if hosts is None else {"ansible_play_batch": [None] * hosts}
    manager = SimpleNamespace(get_vars=lambda play: batch)
    return SimpleNamespace(get_name=lambda: name, strategy=strategy, get_variable_manager=lambda: manager)


def next_task(callback: t.Any, action: str = "any") -> None:
    callback.v2_playbook_on_task_start(SimpleNamespace(action=action), False)


def test_thousands_of_hosts_are_a_few_lines(callback: t.Any, shown: Shown) -> None:
    for number in range(3_000):
        if number % 3:
            callback.v2_runner_on_ok(result(f"web-{number}", changed=number % 3 == 1))
        else:
            callback.v2_runner_on_failed(result(f"web-{number}", msg=f"no port {number % 30}\n"))
    next_task(callback)
    assert shown.lines[:3] == ["", "Read the hosts", "  Read: 1000 changed, 1000 failed, 1000 ok"]
    assert shown.lines[3] == "    failed: no port 0 (web-0, web-30, web-60, web-90, web-120 … and 95 more)"
    assert shown.lines[-1] == "    … and 5 more texts, which -v shows"
    assert len(shown.lines) == 9


def test_the_text_of_most_hosts_comes_first(callback: t.Any, shown: Shown) -> None:
    for host, text in {"a": "rare", "b": "often", "c": "often"}.items():
        callback.v2_runner_on_unreachable(result(host, msg=text))
    next_task(callback)
    assert shown.lines[-2:] == ["    unreachable: often (b, c)", "    unreachable: rare (a)"]


def test_a_play_in_which_nothing_happens_is_not_named(callback: t.Any, shown: Shown) -> None:
    callback.v2_playbook_on_no_hosts_matched()
    next_task(callback)
    callback.v2_runner_on_failed(result("a", action=GATE, msg="affected", reason="4416"))
    callback.v2_playbook_on_no_hosts_remaining()
    next_task(callback)
    assert shown.lines == []


@pytest.mark.parametrize("action", ["dsa_gate", "dsa_report"])
def test_what_broke_in_the_gate_itself_is_shown(callback: t.Any, shown: Shown, action: str) -> None:
    callback.v2_runner_on_failed(result("a", action=f"{COLLECTION}.{action}", msg="the journal cannot be read"))
    callback.v2_runner_on_unreachable(result("b", action=f"{COLLECTION}.{action}", msg="lost"))
    next_task(callback)
    assert shown.lines[3:] == ["    failed: the journal cannot be read (a)", "    unreachable: lost (b)"]


def test_a_task_that_all_hosts_skip_is_not_named(callback: t.Any, shown: Shown) -> None:
    callback.v2_runner_on_skipped(result("a"))
    next_task(callback)
    assert not any("Read:" in line for line in shown.lines)


def test_items_of_a_loop_are_grouped_and_their_host_counts_once(callback: t.Any, shown: Shown) -> None:
    for item in "12":
        callback.v2_runner_item_on_failed(result("a", msg="no room"))
        callback.v2_runner_item_on_failed(result("a", msg=f"item {item}"))
    callback.v2_runner_on_failed(result("a", msg="One or more items failed", results=[{}]))
    next_task(callback)
    assert shown.lines[2:] == [
        "  Read: 1 failed",
        "    failed: no room (a)",
        "    failed: item 1 (a)",
        "    failed: item 2 (a)",
    ]


def test_what_a_host_sends_is_one_harmless_line(callback: t.Any, shown: Shown) -> None:
    callback.v2_runner_on_failed(result("a", msg="\x1b[2J\nPASSED " + "x" * 100_000))
    next_task(callback)
    assert "\x1b" not in "".join(shown.lines)
    assert max(map(len, shown.lines)) < 500


def test_a_long_task_shows_how_far_it_is(callback: t.Any, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    now = callback._shown
    for seconds, host in ((1, "a"), (29, "b"), (31, "c"), (32, "d"), (62, "e")):
        monkeypatch.setattr(time, "monotonic", lambda seconds=seconds: now + seconds)
        callback.v2_runner_on_ok(result(host))
    assert shown.lines[2:] == ["  Read: 3 hosts so far", "  Read: 5 hosts so far"]


def test_with_another_strategy_tasks_are_shown_when_the_play_has_ended(callback: t.Any, shown: Shown) -> None:
    """Else a task would be shown once for each host that begins the next one."""
    callback._play.strategy = "free"
    for host in "ab":
        callback.v2_runner_on_ok(result(host))
        next_task(callback)
    callback.v2_playbook_on_play_start(play("Next"))
    assert shown.lines[2:] == ["  Read: 2 ok"]


def test_the_recap_has_all_hosts_in_one_line(callback: t.Any, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible.plugins.callback.default.context.CLIARGS", {"check": False})
    callback.v2_playbook_on_stats(Stats(3_000))
    (line,) = [line for line in shown.lines if " : ok=" in line]
    assert line.split()[:2] == ["3000", "hosts"]
    assert "ok=3000" in line and "changed=1500" in line and "failed=0" in line


def test_a_task_is_shown_with_its_last_host(callback: t.Any, shown: Shown) -> None:
    """The report is shown before the next play begins."""
    callback.v2_playbook_on_play_start(play("Query", hosts=2))
    callback.v2_runner_on_ok(result("a"))
    assert shown.lines == ["", "Query"]
    callback.v2_runner_on_failed(result("b", msg="no room"))
    assert shown.lines[2:] == ["  Read: 1 failed, 1 ok", "    failed: no room (b)"]
    next_task(callback)
    assert len(shown.lines) == 4
    callback.v2_runner_on_ok(result("a", "Once"))
    assert shown.lines[4:] == ["  Once: 1 ok"]


def test_the_plan_is_shown_once_below_the_name_of_its_play(callback: t.Any, shown: Shown) -> None:
    action = f"{COLLECTION}.dsa_plan"
    next_task(callback, action)
    shown.display("Plan: Agents to work on: 1 (a)")  # by the action
    callback.v2_runner_on_ok(result("a", action=action, work=["a"]))
    callback.v2_runner_on_ok(result("a"))
    next_task(callback)
    assert shown.lines == ["", "Read the hosts", "Plan: Agents to work on: 1 (a)", "  Read: 1 ok"]
    callback.v2_runner_on_failed(result("a", action=action, msg="the journal cannot be read"))
    next_task(callback)
    assert shown.lines[-1] == "    failed: the journal cannot be read (a)"


def test_what_is_published_for_the_next_node_is_not_shown(callback: t.Any, shown: Shown) -> None:
    """The last lines are those of the report; what its next task does is a result again."""
    callback.v2_runner_on_ok(result("a", "Publish", f"{COLLECTION}.dsa_result"))
    next_task(callback)
    assert shown.lines == []
    callback.v2_runner_on_ok(result("a", "Copy"))
    next_task(callback)
    assert shown.lines == ["", "Read the hosts", "  Copy: 1 ok"]


def test_a_play_of_which_every_host_is_skipped_is_not_named(callback: t.Any, shown: Shown) -> None:
    callback.v2_runner_on_skipped(result("a"))
    assert shown.lines == []
    callback.v2_runner_on_ok(result("b"))
    next_task(callback)
    assert shown.lines == ["", "Read the hosts", "  Read: 1 ok, 1 skipped"]


def test_long_texts_have_the_width_of_the_terminal(
    callback: t.Any, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    callback.v2_runner_on_failed(result("a", msg="no room " * 40))
    next_task(callback)
    assert max(map(len, shown.lines)) <= 80
    assert all(line.startswith("    ") for line in shown.lines[3:])
    assert " ".join(shown.lines[3:]).split() == ["failed:", *["no", "room"] * 40, "(a)"]


def test_batches_of_a_play_have_its_name_once(callback: t.Any, shown: Shown) -> None:
    for batch in ("a", "b"):
        callback.v2_playbook_on_play_start(play("Agents", hosts=1))
        callback.v2_runner_on_ok(result(batch))
    assert shown.lines == ["", "Agents", "  Read: 1 ok", "  Read: 1 ok"]
