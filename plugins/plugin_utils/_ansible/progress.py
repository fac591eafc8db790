# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Lines about work that takes long: at most one every half minute, for all hosts and workers together.

Each host is worked on in a process of its own. What they share is two files in Ansible's temporary folder of the run:
which host is in which stage, and when the last line was shown.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
import typing as t
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ansible import constants as C

from .._messages import Message, Texts
from .._text import one_line
from .run import Run
from .terminal import in_width

# Seconds between two lines. Tests set it lower.
INTERVAL = float(os.environ.get("DSA_PROGRESS_INTERVAL") or 30)
# What is noted of a host behind its last stage.
ENDED = ""
_LONGEST = 200


@dataclass(frozen=True)
class Place:
    """Where a host stands in its tier. started: when the tier was begun, ISO 8601."""

    tier: str
    batch: int
    batches: int
    hosts: Sequence[str]
    started: str


def place_of(host: str, tiers: t.Iterable[t.Mapping[str, t.Any]]) -> Place | None:
    """The place of a host. tiers: the journal's entries of this kind, the latest first."""
    for entry in tiers:
        for part in (entry, entry["by_manager"]):
            if host in part["order"]:
                number, batch = part["order"].index(host), 0
                while number >= sum(part["sizes"][: batch + 1]):
                    batch += 1
                return Place(entry["tier"], batch + 1, len(part["sizes"]), part["order"], entry["time"])
    return None


class Progress:
    """The progress of one host, as a context: while it is entered a line is shown now and then of all of them."""

    def __init__(
        self,
        folder: str | os.PathLike[str],
        run_id: str,
        host: str,
        place: Place | None,
        show: Callable[[str], None],
        texts: Texts,
    ) -> None:
        self._states = Path(folder) / f"dsa-progress-{run_id}.jsonl"
        self._stamp = self._states.with_suffix(".stamp")
        self._host = host
        self._place = place
        self._show = show
        self._texts = texts
        self._stage: str | None = None
        self._what: Message | None = None
        self._begun = self._since = time.monotonic()
        self._over = threading.Event()
        # A stage can be one call that takes an hour: nothing else in this process could show that it goes on.
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Progress:
        with suppress(RuntimeError):  # no room for a thread: the work goes on without lines about it
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        # The thread may hold the lock of Ansible's queue: a process that ends then would block all others.
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def note(self, stage: str, what: Message | None = None) -> None:
        """Note the stage of this host, and what it waits for."""
        self._what = what
        if stage == self._stage:
            return
        # On a full disk there is no line about the work. One write, so that lines of two processes do not mix.
        with suppress(OSError), self._states.open("ab", buffering=0) as stream:
            stream.write(json.dumps([self._host, stage]).encode() + b"\n")
        # Behind the write: a line reads what was written, and an error ends all lines of this host.
        self._stage, self._since = stage, time.monotonic()

    def _tick(self) -> None:
        while not self._over.wait(INTERVAL):
            try:
                if self._stage is not None and self.due(time.monotonic()):
                    self._show(self.line(datetime.now(timezone.utc)))
            except Exception:  # whatever it is: the work matters, and not a line about it
                return

    def due(self, now: float) -> bool:
        """Whether a line is due, which is this process's to show. now: of a clock that all processes share."""
        with self._stamp.open("a+") as stream:
            try:
                # One that holds it shows the line, or was stopped: who waits for that one could never end.
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            stream.seek(0)
            # Before any line the work of this host counts.
            shown = float(stream.read() or self._begun)
            if now - shown < INTERVAL:
                return False
            stream.truncate(0)
            stream.write(repr(now))
        return True

    def line(self, now: datetime) -> str:
        """All hosts in one line, and this one as an example of what is waited for."""
        place, states = self._place, self._read()
        if place is not None:
            of_tier = set(place.hosts)
            states = {host: stage for host, stage in states.items() if host in of_tier}
        counts = Counter(states.values())
        done = counts.pop(ENDED, 0)
        working = (self._texts("progress_working", count=count, stage=stage) for stage, count in counts.items())
        started = (
            datetime.fromisoformat(place.started) if place else now - timedelta(seconds=time.monotonic() - self._begun)
        )
        values: dict[str, object] = {
            "done": done,
            "elapsed": str(timedelta(seconds=round((now - started).total_seconds()))),
            "working": self._texts("terminal_separator").join(working),
            "host": self._host,
            "what": self._shown_what(),
        }
        if place is None:
            return one_line(self._texts("progress_play", **values))
        tier = self._texts(f"progress_{place.tier}")
        numbers = {"batch": place.batch, "batches": place.batches, "hosts": len(place.hosts)}
        return one_line(self._texts("progress_tier", tier=tier, **numbers, **values), 2 * _LONGEST)

    def _shown_what(self) -> str:
        if self._what is None:
            return self._texts("progress_stage", stage=self._stage, seconds=round(time.monotonic() - self._since))
        return one_line(self._texts.message(self._what.as_dict()), _LONGEST)

    def _read(self) -> dict[str, str]:
        """Host → the stage that it was in last. A line of a few characters each: the journal would take too long."""
        with self._states.open("rb") as stream:
            return dict(json.loads(line) for line in stream)


def progress_of(run: Run, host: str) -> Progress:
    """The progress of a host in this run."""
    tiers = [entry for entry in run.journal.entries("") if entry["kind"] == "tier"]
    texts = Texts(run.settings["dsa_report_language"])

    def show(line: str) -> None:
        # At once: another process may show something between two lines.
        run.display.display("\n".join(in_width(line)))

    return Progress(C.DEFAULT_LOCAL_TMP, run.journal.run_id, host, place_of(host, tiers[::-1]), show, texts)
