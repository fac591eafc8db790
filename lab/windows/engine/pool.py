# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Warm pwsh processes, each with one task at a time in a runspace of its own.

One at a time, as the environment and the console are the process's. A process is ended after so many tasks (its memory
grows), when a task killed it or exceeded its limit, and where it has compiled another Ansible.Basic. All end with the
process that has the pool, as their standard input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from . import build, coverage, opened, standin_texts
from .host import EngineHost
from .paths import Paths
from .server import Server, Session

MOST_WORKERS = 4
# Each start takes two seconds of a processor, and the first tasks of a process take longer than the later ones.
WORKERS = max(1, min(MOST_WORKERS, (os.cpu_count() or 2) // 2))
TASKS = 800
LIMIT = 900.0
HERE = Path(__file__).parent
CACHE = HERE.parents[2] / ".cache" / "engine"
KEPT = re.compile("PATH|HOME|USER|LANG|LC_.*|PSModulePath|DOTNET_.*|LD_.*|XDG_.*")
"""What of this process's environment pwsh needs. A host has its own."""
QUIET = {
    "POWERSHELL_TELEMETRY_OPTOUT": "1",
    "POWERSHELL_UPDATECHECK": "Off",
    "NO_COLOR": "1",
    # Half of the processor time of a short task would go into measuring what to compile better.
    "DOTNET_TieredPGO": "0",
    # A task makes much that is needed for a moment: with a small first generation a seventh of its time is collection.
    "DOTNET_GCgen0size": "0x4000000",
    # No files for debuggers: a process that is killed leaves them in the folder of temporary files, which PowerShell
    # lists again and again.
    "DOTNET_EnableDiagnostics": "0",
    "POWERSHELL_DIAGNOSTICS_OPTOUT": "1",
}


WARM = """#!powershell
#AnsibleRequires -CSharpUtil Ansible.Basic
$module = [Ansible.Basic.AnsibleModule]::Create($args, @{ options = @{} })
$module.ExitJson()
"""


class TaskFailed(Exception):
    """The process of a task ended, or its time is up."""


class Output(NamedTuple):
    out: bytes
    err: bytes
    rc: int


def missing() -> str | None:
    """Why there is no engine here."""
    return None if shutil.which("pwsh") else "there is no pwsh on PATH"


def size() -> int:
    text = os.environ.get("LAB_WINDOWS_WORKERS") or str(WORKERS)
    if not text.isdigit() or not 1 <= int(text) <= MOST_WORKERS:
        raise ValueError(f"LAB_WINDOWS_WORKERS: {text!r}; give a number from 1 to {MOST_WORKERS}")
    return int(text)


class Worker:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.tasks = 0
        self.basic = ""

    @classmethod
    async def start(cls) -> Worker:
        command = ["pwsh", "-NoProfile", "-NonInteractive", "-File", str(HERE / "worker.ps1"), str(CACHE)]
        CACHE.mkdir(parents=True, exist_ok=True)
        pipe = asyncio.subprocess.PIPE
        environment = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)} | QUIET
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, env=environment, cwd="/", start_new_session=True, limit=1 << 20
        )
        return cls(process)

    async def request(self, **request: Any) -> Any:
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            await self.process.stdin.drain()
            length = int(await self.process.stdout.readline())
            return json.loads(await self.process.stdout.readexactly(length))
        except (OSError, EOFError, ValueError) as error:
            raise TaskFailed(f"pwsh ended (exit status {await self.stop()})") from error

    async def stop(self) -> int:
        """With all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return await self.process.wait()


class Pool:
    def __init__(self) -> None:
        self.server = Server()
        self.free = asyncio.Semaphore(size())
        self.idle: list[Worker] = []
        self.busy: set[Worker] = set()
        self.counter = coverage.Counter.from_environment()

    async def run(self, host: EngineHost, script: str, data: bytes, limit: float = LIMIT) -> Output:
        """Run what ansible-core sent for a module on a host; TaskFailed where that has no end."""
        await self.server.start()
        payload = opened.read(script, data)
        async with self.free:
            worker = await self.take(payload.basic() and hashlib.sha256(payload.basic().encode()).hexdigest())
            try:
                output = await asyncio.wait_for(self.task(worker, host, script, payload), limit)
            except asyncio.TimeoutError:
                raise TaskFailed(f"the task did not end in {limit:g} s") from None
            finally:
                await self.give_back(worker)
        return output

    async def warm(self) -> None:
        """Start all processes with a task each, so that no later task takes longer than the others."""
        with tempfile.TemporaryDirectory() as folder:
            host = EngineHost()
            host.folder = Path(folder) / "C"
            script, data = await asyncio.to_thread(build.build_one, "warm", WARM)
            await asyncio.gather(*(self.run(host, script, data) for _one in range(size())))

    async def statements(self, text: str) -> list[list[int]]:
        """Where the statements of a script begin: line and column."""
        async with self.free:
            worker = await self.take("")
            try:
                found: list[list[int]] = await worker.request(what="statements", text=text)
                return found
            finally:
                await self.give_back(worker)

    async def task(self, worker: Worker, host: EngineHost, script: str, payload: opened.Opened) -> Output:
        paths = Paths(host.folder)
        session = Session(host, paths)
        prepare(host, paths)
        for name, value in payload.arguments.items():
            if "password" not in name:
                payload.arguments[name] = paths.inward_all(value)
        if self.counter is not None:
            await self.counter.instrument(payload, worker.request)
        standin_texts.put_in(payload)
        self.server.sessions[session.token] = session
        self.busy.add(worker)
        try:
            found = await worker.request(
                what="run",
                script=script,
                input=payload.data().decode(),
                port=self.server.port,
                token=session.token,
                environment=self.environment(host, paths, session),
                folder=str(paths.drives / "C"),
                culture=host.culture,
            )
        finally:
            del self.server.sessions[session.token]
        worker.tasks += 1
        self.busy.discard(worker)
        if self.counter is not None:
            self.counter.write(found["hits"])
        return Output(outward(paths, found["out"]).encode(), paths.outward(found["err"]).encode(), found["rc"])

    def environment(self, host: EngineHost, paths: Paths, session: Session) -> dict[str, str]:
        found = {"ENGINE_PORT": str(self.server.port), "ENGINE_TOKEN": session.token, "TZ": host.time_zone}
        for name, value in host.environment().items():
            # Windows finds a variable in any case.
            for spelled in (name, name.upper(), name.lower()):
                found[spelled] = paths.inward(value)
        return {**found, "TMPDIR": found.get("TEMP", str(paths.drives / "C"))}

    async def take(self, basic: str) -> Worker:
        """One that has compiled no other Ansible.Basic; any where the task has none, as a start takes seconds.

        The one that was used last: a process becomes faster with each of its first tasks.
        """
        worker = next((one for one in reversed(self.idle) if not basic or one.basic in ("", basic)), None)
        if worker is None:
            while self.idle and len(self.idle) + len(self.busy) >= size():
                await self.idle.pop(0).stop()
            worker = await Worker.start()
        else:
            self.idle.remove(worker)
        worker.basic = basic or worker.basic
        return worker

    async def give_back(self, worker: Worker) -> None:
        """One whose task has no end is not used again."""
        if worker in self.busy or worker.tasks >= TASKS or worker.process.returncode is not None:
            self.busy.discard(worker)
            await worker.stop()
        else:
            self.idle.append(worker)

    async def stop(self) -> None:
        for worker in [*self.idle, *self.busy]:
            await worker.stop()
        self.idle.clear()
        self.server.stop()


def prepare(host: EngineHost, paths: Paths) -> None:
    """The programs that Windows has, and its folder for what lasts a moment."""
    environment = host.environment()
    system = Path(paths.inward(environment["SystemRoot"])) / "System32"
    system.mkdir(parents=True, exist_ok=True)
    Path(paths.inward(environment["TEMP"])).mkdir(parents=True, exist_ok=True)
    for program in standin_texts.FOLDER.glob("*.exe"):
        if not (system / program.name).exists():
            (system / program.name).symlink_to(program)


def outward(paths: Paths, text: str) -> str:
    """Output with the host's own paths in it; a result is JSON."""
    try:
        result = json.loads(text)
    except ValueError:
        return paths.outward(text)
    return json.dumps(paths.outward_all(result), ensure_ascii=False) + "\r\n"
