# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One description, two hosts: one is answered by the lab's Python, the other by PowerShell. Both must do the same."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import windows_record
from lab.windows import msi
from lab.windows.engine import Pool
from lab.windows.engine.build import Builder
from lab.windows.engine_host import WindowsHost
from tests.lab.windows_host import Host

LIMIT = 300.0
Step = tuple[str, dict[str, Any]]
# Words that differ without another meaning, how a program is started, and what depends on the times in a log.
WORDS = frozenset(("msg", "exception", "invocation", "mtime", "fingerprint", "argv"))
# Why something failed is in Windows' own words.
REASONS = frozenset(("error", "note_problem"))
# The progress note: the same content, written by two kinds of JSON.
NOTES = frozenset(("note_text",))
TIMES = re.compile(
    r"\d{4}[-/]\d\d[-/]\d\d[T ]+\d\d:\d\d:\d\d(?:\.\d+)?Z?|\b\d\d:\d\d:\d\d\b|(?<!\d)\d{10}(?=\.zip)",
)
# Of the way there, and of the lab itself.
UNEVENTFUL = frozenset(("winrm_command", "winrm_dropped", "winrm_not_understood"))


def comparable(value: Any, name: str = "") -> Any:
    """The value without times and without words."""
    if isinstance(value, dict):
        return {key: comparable(each, key) for key, each in sorted(value.items()) if key not in WORDS}
    if isinstance(value, list):
        return [comparable(each, name) for each in value]
    if not isinstance(value, str):
        return value
    if name in REASONS:
        return "a reason"
    if name in NOTES or value.startswith("{"):
        try:
            return comparable(json.loads(value))
        except ValueError:
            pass
    return re.sub(r"[ \t]+", " ", TIMES.sub("TIME", value))


def differences(python: Any, powershell: Any, place: str) -> Iterator[str]:
    """Where two comparable values differ."""
    if isinstance(python, dict) and isinstance(powershell, dict):
        for key in sorted({*python, *powershell}, key=str):
            yield from differences(python.get(key, "not there"), powershell.get(key, "not there"), f"{place}.{key}")
    elif isinstance(python, list) and isinstance(powershell, list) and len(python) == len(powershell):
        for number, (one, other) in enumerate(zip(python, powershell, strict=True)):
            yield from differences(one, other, f"{place}[{number}]")
    elif python != powershell or type(python) is not type(powershell):
        yield f"{place}: {python!r} in Python, {powershell!r} in PowerShell"


def left(host: Host) -> dict[str, Any]:
    """Every file of the host, and what was done to it."""
    root, found = host.machine.root, {}
    for path in sorted(root.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            text = data.decode("utf-16" if data.startswith(b"\xff\xfe") else "utf-8", "backslashreplace")
            name = TIMES.sub("TIME", str(path.relative_to(root)))
            found[name] = comparable(text, "note_text" if name.endswith(".json") else "")
    journal = host.machine.layout.journal(host.machine.name)
    lines = journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []
    entries = [{key: one[key] for key in one if key != "time"} for one in map(json.loads, lines)]
    return {"files": found, "journal": comparable([one for one in entries if one["event"] not in UNEVENTFUL])}


class Twins:
    """counts: hosts, calls, states that were compared. found: every difference."""

    def __init__(self, pool: Pool, builder: Builder, folder: Path) -> None:
        self.pool = pool
        self.builder = builder
        self.folder = folder
        self.counts = dict.fromkeys(("hosts", "calls", "states"), 0)
        self.found: list[str] = []

    async def run(self, name: str, about: dict[str, Any], steps: list[Step]) -> None:
        """The same steps on both hosts; compared after each."""
        self.counts["hosts"] += 1
        place = self.folder / f"{self.counts['hosts']}-{name}"
        python, powershell = [await Host(place / kind, "w", **about).start() for kind in ("python", "powershell")]
        known: tuple[dict[str, Any], dict[str, Any]] = ({"marks": []}, {"marks": []})
        for number, (module, arguments) in enumerate(steps):
            label = f"{name} step {number} {module} {arguments.get('step', '')}"
            results = []
            for host, call, memory in zip(
                (python, powershell), (python.call, self.powershell(powershell)), known, strict=True
            ):
                results.append(await step(host, call, module, arguments, memory))
            self.compare(label, *results)
            self.counts["calls"] += 1
            self.found += differences(left(python), left(powershell), f"{label}, what is left")
            self.counts["states"] += 1
        for host in (python, powershell):
            await host.machine.stop()

    def powershell(self, host: Host) -> Callable[..., Any]:
        async def call(module: str, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
            if not module.startswith("win_dsa_"):
                return await host.call(module, check=check, **arguments)
            script, data = self.builder.module(module, arguments, check, 0)
            output = await self.pool.run(WindowsHost(host.machine), script, data, LIMIT)
            result: dict[str, Any] = json.loads(output.out)
            return result

        return call

    def compare(self, label: str, python: dict[str, Any], powershell: dict[str, Any]) -> None:
        self.found += differences(comparable(python), comparable(powershell), label)
        if all("commands" in each.get("reading", {}) for each in (python, powershell)):
            one, other = (comparable(windows_record(each["reading"])) for each in (python, powershell))
            self.found += differences(one, other, f"{label}, the record")


async def step(host: Host, call: Any, module: str, arguments: dict[str, Any], memory: dict[str, Any]) -> dict[str, Any]:
    """One call, and what the agent does after it; look gets the marks of the start before it."""
    if module == "reboot":
        await host.reboot()
        return {}
    if module == "file":
        host.machine.drive.write(arguments["path"], arguments["content"])
        return {}
    if module == "put":
        host.machine.drive.write(arguments["path"], msi.make(arguments["build"], "x86_64"))
        return {}
    if module == "win_package" and arguments.get("state") == "absent":
        arguments = {**arguments, "product_id": host.machine.state["product_code"] or "{none}"}
    if arguments.get("step") == "look":
        arguments = {**arguments, "marks": memory["marks"]}
    result: dict[str, Any] = await call(module, **arguments)
    if arguments.get("step") == "start":
        memory["marks"] = result.get("marks") or []
        await asyncio.gather(*host.machine.tasks)
    return result
