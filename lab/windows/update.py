# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""win_dsa_security_update: request an update, return what the host shows of it, pack the diagnostics."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import protection, reading
from .note import Note, StepError, locked, progress
from .options import ModuleFailure, Result

if TYPE_CHECKING:
    from .machine import WindowsMachine

posix: Any = importlib.import_module("plugins.module_utils._agent.update")


async def start(machine: WindowsMachine, params: dict[str, Any]) -> Result:
    if not params["check_mode"] and not await merge(machine, params, due):
        return {"changed": False, "waited": True}
    query = await reading.query(machine, params["timeout"])
    marks = posix.marks(str(machine.drive.real(params["log_folder"])))
    now = reading.utc(time.time())
    bare = [{name: mark[name] for name in ("name", "size", "mtime", "fingerprint")} for mark in marks]
    seen = {"changed": True, "waited": False, "marks": bare, "query": query, "now": now}
    if params["check_mode"]:
        return seen
    reply = await protection.call(machine, params["trigger"])
    if reply.accepted is False and params["self_protection_password"]:
        reply = await protection.call(machine, params["trigger"], params["self_protection_password"])
    return {**seen, "request": protection.shown(reply)}


async def merge(machine: WindowsMachine, params: dict[str, Any], changes: Callable[[Result, Result], Result]) -> bool:
    """Merge into the note; whether no other run has written to it since the host was read."""
    async with locked(machine, params["progress_file"], params["lock_timeout"]):
        note = Note(machine, params["progress_file"])
        content, wanted = note.require(), params["note"] or {}
        if progress.written_since(content, params["seen"], wanted):
            return False
        note.update(changes(content, wanted))
        return True


def due(content: Result, wanted: Result) -> Result:
    since = content.get("since") if content.get("phase") in ("upgrading", "update_pending") else None
    return {"since": since or reading.utc(time.time()), **wanted, "phase": "update_pending", "done_at": None}


def done(content: Result, wanted: Result) -> Result:
    return {**wanted, "done_at": reading.utc(time.time())} if wanted.get("phase") == "done" else wanted


async def look(machine: WindowsMachine, params: dict[str, Any]) -> Result:
    text, problem = Note(machine, params["progress_file"]).read()
    query = await reading.query(machine, params["timeout"])
    folder = machine.drive.real(params["log_folder"])
    lines, cut, unread = posix.new_lines(str(folder), recognised(folder, params["marks"]))
    return {
        "query": query,
        "lines": lines,
        "lines_cut": cut,
        "lines_unread": unread,
        "note_text": text,
        "note_problem": problem,
        "now": reading.utc(time.time()),
    }


def recognised(folder: Path, marks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The marks with the inodes that their files have now; a file is known by its fingerprint, whatever its name."""
    found = []
    for _name, path in posix._logs(str(folder)):
        with open(path, "rb") as stream:
            inode, size = Path(path).stat().st_ino, Path(path).stat().st_size
            for mark in sorted(marks, key=lambda one: -int(one["size"])):
                fits = 0 < mark["size"] <= size
                if fits and posix._fingerprint(stream, mark["size"]) == mark["fingerprint"]:
                    found.append({**mark, "inode": inode})
                    break
    return found


async def confirm(machine: WindowsMachine, params: dict[str, Any]) -> Result:
    merged = await merge(machine, params, done)
    return {"changed": merged, "waited": not merged}


async def diagnose(machine: WindowsMachine, params: dict[str, Any]) -> Result:
    folder = str(machine.drive.real(params["log_folder"]))
    before = posix.packs(folder)
    reply = await protection.call(machine, ["-d"], params["self_protection_password"])
    made = posix.packs(folder) - before
    if not made:
        text = f"dsa_control -d made no package in {params['log_folder']}: {reply.text()}"
        raise StepError("no_diagnostics", text)
    newest = max(made, key=lambda pack: str(pack[1]))[0]
    return {"changed": True, "path": f"{params['log_folder']}\\{Path(newest).name}"}


async def run(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    if check_mode and params["step"] in ("confirm", "diagnose"):
        return {"changed": True}
    params["check_mode"] = check_mode
    steps = {"start": start, "look": look, "confirm": confirm, "diagnose": diagnose}
    try:
        return await steps[params["step"]](machine, params)
    except StepError as error:
        raise ModuleFailure(str(error), changed=params["step"] == "diagnose", code=error.code) from error
