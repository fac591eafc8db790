# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""win_dsa_security_update: ask for an update, look how it goes, pack the diagnostics."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from . import record
from .options import ModuleFailure, Result

if TYPE_CHECKING:
    from .machine import WindowsMachine

TIMEOUT = 15.0
DONE = {"phase": "done", "update": None, "patterns": None, "engine": None, "since": None}


def snapshot(anti_malware: dict[str, Any]) -> list[str] | None:
    listed = [f"{entry['name']} {entry['version']}" for entry in anti_malware.get("patterns") or []]
    if anti_malware.get("engine"):
        listed.append(f"engine {anti_malware['engine']}")
    return sorted(listed) or None


def logs(machine: WindowsMachine, folder: str) -> dict[str, bytes]:
    place = machine.drive.real(folder)
    return {path.name: path.read_bytes() for path in sorted(place.glob("*.log"))} if place.is_dir() else {}


async def start(machine: WindowsMachine, params: dict[str, Any]) -> Result:
    agent = await record.read(machine, TIMEOUT, params["progress_file"])
    if not agent["installed"]:
        raise ModuleFailure("there is no agent: none is installed")
    if agent["activated"] is False:
        raise ModuleFailure("the agent is not activated, no Manager would answer it; activate it and run again")
    left = agent["remediation"] or {}
    known = before = snapshot(agent["anti_malware"])
    if left.get("phase") in ("upgrading", "update_pending"):
        before = snapshot(left) or known
    marks = {name: len(data) for name, data in logs(machine, params["log_folder"]).items()}
    since = left.get("since") or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    due = {"before": before, "seen": known, "marks": marks}
    record.note(machine, params["progress_file"], phase="update_pending", since=since, update=due)
    problem, said = machine.agent.control(params["trigger"], params["self_protection_password"])
    if problem:
        raise ModuleFailure(problem)
    return {"changed": True, "msg": said}


async def look(machine: WindowsMachine, params: dict[str, Any]) -> Result:
    left = record.progress(machine, params["progress_file"])[0] or {}
    due = left.get("update") or {}
    agent = await record.read(machine, TIMEOUT, params["progress_file"])
    now = snapshot(agent["anti_malware"])
    state, evidence = "running", "; ".join(agent["problems"]) or "the patterns have not changed"
    new = sorted(set(now or ()) - set(due.get("before") or ())) if due.get("before") else []
    if new:
        evidence = "new patterns: " + ", ".join(new)
        state = "succeeded" if now == due.get("seen") else state
    marks: dict[str, int] = due.get("marks") or {}
    # Without marks nobody asked, so no line is news.
    for name, data in logs(machine, params["log_folder"]).items() if "marks" in due else ():
        begin = marks.get(name, 0)
        for line in data[begin if begin <= len(data) else 0 :].decode("utf-8", "replace").splitlines():
            for pattern, verdict in ((params["failure_regex"], "failed"), (params["success_regex"], "succeeded")):
                if re.search(pattern, line):
                    state, evidence = verdict, line.strip()[:300]
                    break
    if state == "succeeded":
        record.note(machine, params["progress_file"], **DONE)
    elif now is not None:
        record.note(machine, params["progress_file"], update={**due, "seen": now})
    return {"state": state, "evidence": evidence}


async def diagnose(machine: WindowsMachine, params: dict[str, Any]) -> Result:
    problem, _said = machine.agent.control(["-d"], params["self_protection_password"])
    folder = params["log_folder"]
    place = machine.drive.real(folder)
    packs = [path for path in place.glob("*.zip") if re.fullmatch(r"\d{10}\.zip", path.name)] if place.is_dir() else []
    if problem or not packs:
        raise ModuleFailure(problem or f"dsa_control -d left no pack in {folder}")
    return {"path": f"{folder}\\{max(packs, key=lambda path: path.stat().st_mtime).name}"}


async def confirm(machine: WindowsMachine, params: dict[str, Any]) -> Result:
    record.note(machine, params["progress_file"], **DONE)
    return {"msg": "noted"}


async def run(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    if check_mode:
        return {"changed": True, "outcome": "predicted", "evidence": "check mode", "elapsed": 0}
    return await {"start": start, "look": look, "diagnose": diagnose, "confirm": confirm}[params["step"]](
        machine, params
    )
