# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The run journal: one JSON line for each thing that was found or done, on the controller, beside the report.

It is the state of a run. Tasks read it and no variable: a variable can be set in the inventory or with -e. It is also
the audit of the run, and what is left of a run that was interrupted. Secrets and raw readings do not enter it.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import typing as t
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

from .._messages import Message
from .._settings import Settings
from .host_run import HostRun, Reading, StageResult

# In Ansible's own temporary folder of this run, which ends with the run: where the run's journal is.
_POINTER = "dsa-run.json"
_ENDED = ".ended-"
Entry = dict[str, t.Any]


class JournalError(Exception):
    """The journal cannot be written; the message says why and what to do."""


class Journal:
    """The journal of this run. An entry has host (empty: the run itself), kind and time, and what its kind needs."""

    def __init__(self, path: Path, run_id: str, started: str) -> None:
        self.path = path
        self.run_id = run_id
        self.started = started

    @classmethod
    def of_run(cls, run_folder: str, report_path: str | os.PathLike[str]) -> Journal:
        """The journal of this run; begun where there is none yet, in the folder of the report.

        run_folder: Ansible's temporary folder on the controller (DEFAULT_LOCAL_TMP): the same in every task and worker
        of a run, new for each run. Of two workers that begin at once one wins, and the other takes its journal.
        """
        pointer = Path(run_folder) / _POINTER
        if not pointer.exists():
            cls._begin(pointer, Path(report_path).expanduser().absolute().parent)
        known = json.loads(pointer.read_text("utf-8"))
        return cls(Path(known["path"]), known["run_id"], known["started"])

    @staticmethod
    def _begin(pointer: Path, folder: Path) -> None:
        ended = len(list(pointer.parent.glob(f"{_POINTER}{_ENDED}*")))
        run_id = f"{pointer.parent.name}-{ended + 1}" if ended else pointer.parent.name
        now = datetime.now(timezone.utc)
        path = folder / f"run-{now:%Y%m%dT%H%M%SZ}-{run_id}.jsonl"
        known = {"path": str(path), "run_id": run_id, "started": now.isoformat(timespec="seconds")}
        mine = pointer.with_name(f"{_POINTER}.{os.getpid()}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)  # before anybody can be pointed to it
            mine.write_text(json.dumps(known), "utf-8")
            try:
                os.link(mine, pointer)
            except FileExistsError:  # another worker was first
                if json.loads(pointer.read_text("utf-8"))["path"] != str(path):
                    path.unlink(missing_ok=True)
            finally:
                mine.unlink()
        except OSError as error:
            raise JournalError(
                f"the run journal cannot be written to {folder}: {error}; set dsa_report_path to a file in a folder "
                "that can be written. Nothing was changed"
            ) from error

    @staticmethod
    def end(run_folder: str) -> None:
        """What comes now has a journal of its own: a playbook that is imported once more, a play with roles of ours."""
        pointer = Path(run_folder) / _POINTER
        if pointer.exists():
            ended = len(list(pointer.parent.glob(f"{_POINTER}{_ENDED}*")))
            pointer.rename(pointer.with_name(f"{_POINTER}{_ENDED}{ended + 1}"))

    @staticmethod
    def begun(run_folder: str) -> bool:
        """Whether this run has a journal."""
        return (Path(run_folder) / _POINTER).exists()

    def append(self, host: str, kind: str, **values: object) -> None:
        """Add one entry. Raises JournalError."""
        self.append_all([(host, kind, values)])

    def append_all(self, entries: t.Iterable[tuple[str, str, Mapping[str, object]]]) -> None:
        """Add entries of many hosts at once: host, kind, values. Raises JournalError."""
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        lines = [
            json.dumps({"host": host, "kind": kind, "time": now, **values}, ensure_ascii=True, default=str)
            for host, kind, values in entries
        ]
        try:
            with self.path.open("r+b") as stream:  # a journal that somebody removed is no empty one
                fcntl.flock(stream, fcntl.LOCK_EX)
                if stream.seek(0, os.SEEK_END):
                    stream.seek(-1, os.SEEK_END)
                    # A line that a crash or a full disk cut must not take this one with it.
                    lines = [""] * (stream.read(1) != b"\n") + lines
                stream.write("".join(f"{line}\n" for line in lines).encode())
        except OSError as error:
            raise JournalError(
                f"the run journal {self.path} cannot be written: {error}; make room there and run again"
            ) from error

    def entries(self, host: str | None = None) -> Iterator[Entry]:
        """All entries in their order, or those of one host ('' for the run's own). A line that was cut is left out."""
        for line in self._lines(host):
            with suppress(ValueError):
                yield json.loads(line)

    @property
    def damaged(self) -> int:
        """How many lines cannot be read, cut by a crash or a full disk: what they recorded is not known."""
        damaged = 0
        for line in self._lines():
            try:
                json.loads(line)
            except ValueError:
                damaged += 1
        return damaged

    def _lines(self, host: str | None = None) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as stream:
                if os.fstat(stream.fileno()).st_size:
                    with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
                        yield from iter(content.readline, b"") if host is None else _lines_of(host, content)
        except OSError as error:
            raise JournalError(f"the run journal {self.path} cannot be read: {error}; run again") from error

    def last(self, kind: str) -> Entry | None:
        """The run's own latest entry of that kind."""
        return next((entry for entry in reversed(list(self.entries(""))) if entry["kind"] == kind), None)


def _lines_of(host: str, content: mmap.mmap) -> Iterator[bytes]:
    """The lines of one host. Every task looks for its own: of a large fleet's journal nothing else is copied."""
    start = b'{"host": %s,' % json.dumps(host).encode()
    found = content.find(start)
    while found >= 0:
        end = content.find(b"\n", found)
        end = end if end >= 0 else len(content)
        if found == 0 or content[found - 1 : found] == b"\n":
            yield content[found:end]
        found = content.find(start, end)


def host_run(
    host: str, groups: t.Sequence[str], settings: Settings, entries: t.Iterable[Mapping[str, t.Any]]
) -> HostRun:
    """A host as the journal's entries of it tell, in their order."""
    run = HostRun(host, tuple(groups), settings)
    fields: dict[str, t.Any] = {}
    for entry in entries:
        kind = entry["kind"]
        if kind == "read" or (kind == "stage" and entry.get("record") is not None):
            fields["read_at"] = entry.get("time")
        if kind == "read":
            run = run.with_reading(Reading.from_dict(entry))
        elif kind == "plan":
            blocked = entry.get("blocked")
            fields = {
                "read_at": fields.get("read_at"),
                "planned": True,
                "work": entry.get("work"),
                "blocked": Message.from_dict(blocked) if blocked else None,
            }
        elif kind == "stage":
            run = run.after(StageResult.from_dict(entry))
        elif kind == "task":
            fields["tasks"] = {**fields.get("tasks", {}), entry["stage"]: entry}
    return HostRun(**{**run.__dict__, **fields})
