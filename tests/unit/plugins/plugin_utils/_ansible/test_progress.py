# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines about work that takes long: which process shows one, when, and what is in it."""

from __future__ import annotations

import fcntl
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible import progress
from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.progress import (
    ENDED,
    INTERVAL,
    Place,
    Progress,
    place_of,
    progress_of,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Texts, message
from tests.unit.controller import Controller

STARTED = "2026-11-27T02:00:00+00:00"
LATER = datetime(2026, 11, 27, 3, 2, 5, tzinfo=timezone.utc)
AGENTS = Place("agents", 2, 3, ("web1", "web2", "web3", "web4"), STARTED)
NOTHING: dict[str, list[t.Any]] = {"order": [], "sizes": []}
TIERS = [
    {"tier": "agents", "order": ["a", "b", "c", "d"], "sizes": [1, 2, 1], "by_manager": NOTHING, "time": STARTED},
    {"tier": "relays", **NOTHING, "by_manager": {"order": ["r", "s"], "sizes": [1, 1]}, "time": STARTED},
]


def of(
    folder: Path, host: str = "web1", place: Place | None = AGENTS, shown: list[str] | None = None, language: str = "en"
) -> Progress:
    """The progress of a host in a process of its own."""
    show = (shown if shown is not None else []).append
    return Progress(folder, "run-1", host, place, show, Texts(language))


# Which process shows a line


def test_a_line_is_due_after_the_interval_and_then_again(tmp_path: Path) -> None:
    one, other = of(tmp_path), of(tmp_path, "web2")
    start = one._begun
    assert not one.due(start + INTERVAL - 1)
    assert one.due(start + INTERVAL + 1)
    assert not other.due(start + INTERVAL + 1), "another process has shown it"
    assert not other.due(start + 2 * INTERVAL)
    assert other.due(start + 2 * INTERVAL + 1)
    assert not one.due(start + 2 * INTERVAL + 1)


def test_of_many_processes_at_once_one_shows_the_line(tmp_path: Path) -> None:
    many = [of(tmp_path, f"web{number}") for number in range(32)]
    with ThreadPoolExecutor(32) as pool:
        shown = list(pool.map(lambda each: each.due(each._begun + INTERVAL + 60), many))
    assert sum(shown) == 1


def test_each_run_has_a_pace_of_its_own(tmp_path: Path) -> None:
    """A playbook can be imported several times."""
    one = of(tmp_path)
    other = Progress(tmp_path, "run-2", "web1", None, print, Texts())
    now = max(one._begun, other._begun) + INTERVAL
    assert one.due(now) and other.due(now)


def test_a_line_is_shown_while_a_stage_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "INTERVAL", 0.001)
    seen, shown = threading.Event(), list[str]()

    def show(text: str) -> None:
        shown.append(" ".join(text.split()))
        if "1 in stage upgrade" in shown[-1]:  # the first line can be older than the note
            seen.set()

    with Progress(tmp_path, "run-1", "web1", AGENTS, show, Texts()) as one:
        one.note("upgrade")
        assert seen.wait(60), shown
    assert not one._thread.is_alive(), "it may hold a lock that all other processes need"


def test_lines_begin_with_the_first_stage_however_late_that_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy controller may take longer to reach it than the interval."""
    monkeypatch.setattr(progress, "INTERVAL", 0.001)
    line = threading.Event()
    one = Progress(tmp_path, "run-1", "web1", AGENTS, lambda text: line.set(), Texts())
    ticks = threading.Semaphore(0)
    wait = one._over.wait

    def counted(seconds: float) -> bool:
        ticks.release()
        return wait(seconds)

    monkeypatch.setattr(one._over, "wait", counted)
    with one:
        for _tick in range(5):
            assert ticks.acquire(timeout=60)
        assert not line.is_set()
        one.note("upgrade")
        assert line.wait(60)


def test_what_goes_wrong_with_a_line_does_not_reach_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "INTERVAL", 0.001)
    with of(tmp_path / "removed") as one:
        one.note("upgrade")
        one._thread.join(60)
        assert not one._thread.is_alive()


def test_a_stage_that_cannot_be_noted_does_not_end_the_work(tmp_path: Path) -> None:
    of(tmp_path / "removed").note("upgrade")


def test_without_room_for_a_thread_the_work_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", full)
    with of(tmp_path) as one:
        one.note("upgrade")
    assert list(tmp_path.iterdir())


def test_a_process_that_was_stopped_with_the_lock_holds_up_no_other(tmp_path: Path) -> None:
    one = of(tmp_path)
    with one._stamp.open("a+") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with ThreadPoolExecutor(1) as pool:
            due = pool.submit(one.due, one._begun + INTERVAL + 1)
            try:
                assert due.result(60) is False
            finally:
                fcntl.flock(stream, fcntl.LOCK_UN)


# What is in it


def test_a_line_has_tier_batch_counts_time_and_what_is_waited_for(tmp_path: Path) -> None:
    for host, stages in {"web2": ["upgrade", "update"], "web3": ["upgrade", ENDED], "relay": ["update"]}.items():
        for stage in stages:
            of(tmp_path, host).note(stage)
    one = of(tmp_path)
    one.note("update", message("waiting_for_update", seconds=90, limit=3600, evidence="x"))
    assert one.line(LATER) == (
        "Agents, batch 2 of 3: 1 of 4 hosts done; 1:02:05 elapsed; 2 in stage update; "
        "web1: security update, 90 of at most 3600 s: x"
    )


def test_without_a_tier_all_hosts_of_the_run_count(tmp_path: Path) -> None:
    of(tmp_path, "other").note(ENDED)
    one = of(tmp_path, place=None)
    one.note("upgrade")
    line = one.line(datetime.now(timezone.utc))
    assert line.startswith("1 hosts done; 0:00:0")
    assert line.endswith("; 1 in stage upgrade; web1: 0 s in stage upgrade")


def test_the_latest_that_is_waited_for_is_shown(tmp_path: Path) -> None:
    one = of(tmp_path)
    one.note("verify", message("waiting_for_verification", problems=["old"]))
    one.note("verify", message("waiting_for_verification", problems=["new"]))
    assert "new" in one.line(LATER) and "old" not in one.line(LATER)
    one.note("update")
    assert "new" not in one.line(LATER)


def test_a_stage_is_noted_once(tmp_path: Path) -> None:
    one = of(tmp_path)
    for text in "abc":
        one.note("update", message("updated", evidence=text))
    (path,) = tmp_path.glob("*.jsonl")
    assert path.read_text() == '["web1", "update"]\n'


def test_a_line_is_one_short_line_whatever_a_host_sends(tmp_path: Path) -> None:
    one = of(tmp_path, "経理\n1")
    one.note("update", message("updated", evidence="\x1b[2J\n" + "x" * 100_000))
    line = one.line(LATER)
    assert "\n" not in line and "\x1b" not in line
    assert len(line) < 500


def test_progress_is_in_the_language_of_the_report(tmp_path: Path) -> None:
    one = of(tmp_path, language="ja")
    one.note("upgrade")
    assert "elapsed" not in one.line(LATER) and "batch" not in one.line(LATER)


# Where a host stands


@pytest.mark.parametrize(
    ("host", "tier", "batch", "batches"),
    [("a", "agents", 1, 3), ("b", "agents", 2, 3), ("c", "agents", 2, 3), ("d", "agents", 3, 3), ("s", "relays", 2, 2)],
)
def test_the_place_of_a_host(host: str, tier: str, batch: int, batches: int) -> None:
    place = place_of(host, TIERS)
    assert place is not None
    assert (place.tier, place.batch, place.batches, place.started) == (tier, batch, batches, STARTED)
    assert host in place.hosts


def test_a_host_in_no_tier_has_no_place() -> None:
    assert place_of("z", TIERS) is None


def test_the_latest_tier_of_a_host_counts(controller: Controller) -> None:
    run = controller.begin()
    for tier in ("relays", "agents"):
        run.journal.append("", "tier", tier=tier, order=["web1"], sizes=[1], by_manager=NOTHING)
    one = progress_of(controller.run(), "web1")
    one.note("upgrade")
    assert one.line(datetime.now(timezone.utc)).startswith("Agents, batch 1 of 1: 0 of 1 hosts done; 0:00:0")


def test_a_line_has_the_width_of_the_terminal_and_is_shown_at_once(
    controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may show something between two."""
    monkeypatch.setenv("COLUMNS", "80")
    progress_of(controller.begin(), "web1")._show("0 of 3 hosts done; " * 10)
    (shown,) = controller.shown.lines[-1:]
    assert max(map(len, shown.split("\n"))) <= 80
    assert shown.split() == ["0", "of", "3", "hosts", "done;"] * 10
