# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A described Windows host for the tests: the engine's, with the agent's programs, its note and faults at hand."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import threading
import time
import typing as t
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import reading_options
from lab.windows.engine import Answer, Call, DescribedHost, Engine, Failure, Service

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
UNINSTALL = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
AGENT_KEY = UNINSTALL + r"\{11111111-2222-3333-4444-555555555555}"
PRODUCT = r"SOFTWARE\TrendMicro\Deep Security Agent"
SERVICES = r"SYSTEM\CurrentControlSet\Services"
FOLDER = r"C:\Program Files\Trend Micro\Deep Security Agent"
ANSWER = """PluginVersion.core: 20.0.0-5995
AgentStatus.13: driverHooked
AgentStatus.agentState: green
AgentStatus.dsmUrl: https://dsm.example.com:4120/
AgentStatus.agentCertHash: AA:BB
Component.AM.mode: on
Component.AM.driverOffline: false
Component.AM.version.engine.ATSE: 24.580.1013
Component.AM.version.pattern.7.name: Smart Scan Agent Pattern
Component.AM.version.pattern.7.version: 20.301.00
Component.AM.version.pattern.2.name: IntelliTrap Pattern
Component.AM.version.pattern.2.version: 0.253.00
"""
"""All that dsa_query answers; each query gets the lines that begin with its own word."""
QUERIES = {"GetPluginVersion": "PluginVersion.", "GetAgentStatus": "AgentStatus.", "GetComponentInfo": "Component."}
TEMP = r"C:\Users\administrator\AppData\Local\Temp"
# Any program of the host may wait for so long, in seconds, before a test is given up.
PATIENCE = 60.0


@dataclass(frozen=True)
class Program:
    """What one of the agent's programs does: what it writes, and how it ends. hangs: until it is killed."""

    out: str | bytes = b""
    err: str | bytes = b""
    rc: int = 0
    hangs: bool = False
    once: bool = False
    """Of dsa_query: it answers the first query with all of this, and the others with nothing."""

    def answer(self) -> Answer:
        """The same for the engine."""
        out, err = (text.encode() if isinstance(text, str) else text for text in (self.out, self.err))
        return Answer(rc=self.rc, out=out, err=err, seconds=None if self.hangs else 0.0)

    def texts(self) -> tuple[str, str]:
        """Both outputs as a host reads them: UTF-8, or else the code page 932."""
        answer = self.answer()
        return _decoded(answer.out), _decoded(answer.err)


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp932", "replace")


OK = Program("HTTP Status: 200 - OK\r\nResponse:\r\n")
Behaviour = Program | Callable[[list[str]], "Program | None"] | None
"""The same for all arguments, or by them; None: there is no such program."""


class Windows(DescribedHost):
    """A Windows Server 2019 with an activated agent 20.0.0-5995 that is well."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        super().__init__(folder)
        self.engine = engine
        self.data = self.path(r"C:\Program Files\deep_security_remediation")
        self.agent = self.path(FOLDER)
        self.logs = self.path(r"C:\ProgramData\Trend Micro\Deep Security Agent\diag")
        self.data.mkdir(parents=True, exist_ok=True)
        self.note = self.data / "progress.json"
        self.query_answer: Behaviour = None
        self.control_answer: Behaviour = OK
        self.answers["dsa_query.cmd"] = self._query
        self.answers["dsa_control.cmd"] = self._control

    # ---- the agent's programs

    def _query(self, call: Call) -> Answer:
        query = call.arguments[-1]
        if self.query_answer is None:
            lines = [line for line in ANSWER.splitlines() if line.startswith(QUERIES[query])]
            return Program("".join(f"{line}\r\n" for line in lines)).answer()
        if isinstance(self.query_answer, Program) and self.query_answer.once and query != next(iter(QUERIES)):
            return Answer()
        return self._behave(self.query_answer, call)

    def _control(self, call: Call) -> Answer:
        return self._behave(self.control_answer, call)

    def _behave(self, behaviour: Behaviour, call: Call) -> Answer:
        program = behaviour(call.arguments) if callable(behaviour) else behaviour
        assert program is not None, f"{call.program} was run, and there is none"
        return program.answer()

    # ---- running

    def module(self, name: str, *, check_mode: bool = False, **params: t.Any) -> dict[str, t.Any]:
        """Run a module; its result. What win_dsa_info reads of the registry is what its action has it read."""
        if name == "win_dsa_info":
            params = {**reading_options(), **params}
        control = self.agent / "dsa_control.cmd"
        if self.control_answer is None:
            control.unlink(missing_ok=True)
        elif self.agent.exists() and not control.exists():
            control.touch()
        return self.engine.run_module(self, name, params, check=check_mode)

    def payload(self, name: str) -> bytes:
        """What ansible-core sends for a module, before it is cut into parts."""
        return self.engine.builder(PLUGINS).module(name, {}, False, 0)[1]

    def workers(self) -> list[int]:
        """The processes one of which will run the next module."""
        if not self.engine.pool.idle:
            self.engine.run_code(self, "1", "_DsaHost")
        return [worker.process.pid for worker in self.engine.pool.idle]

    def each(self, util: str, code: str, inputs: list[t.Any]) -> list[t.Any]:
        """What a line of code, run inside a util, returns for each input ($one); {"error": text} where it throws.

        One run for all: for tables that are too long to run a module for each row.
        """
        data = base64.b64encode(json.dumps(inputs).encode()).decode()
        lines = f"""
            $inputs = [Engine.Json]::Read([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String("{data}")))
            $found = @(foreach ($one in $inputs) {{
                try {{ @{{ value = $({code}) }} }} catch {{ @{{ value = @{{ error = $_.Exception.Message }} }} }}
            }})
            $text = Microsoft.PowerShell.Utility\\ConvertTo-Json -InputObject $found -Depth 60 -Compress
            [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($text))
        """
        # As base64 so that no path in it is translated, which would change its JSON.
        found = json.loads(base64.b64decode(self.engine.run_code(self, lines, util)))
        return [one["value"] for one in found]

    def upgrade(self, step: str, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        """A step of win_dsa_upgrade, with little patience."""
        given = {"service_timeout": 1, "lock_timeout": 5, "progress_file": self.windows(self.note), **options}
        return self.module("win_dsa_upgrade", check_mode=check_mode, step=step, **given)

    def update(self, step: str, **options: t.Any) -> dict[str, t.Any]:
        """A step of win_dsa_security_update."""
        given = {"lock_timeout": 5, "progress_file": self.windows(self.note), **options}
        return self.module("win_dsa_security_update", step=step, **given)

    def arguments(self) -> list[list[str]]:
        """What dsa_control was given, call by call."""
        return [call.arguments for call in self.programs if call.program == "dsa_control.cmd"]

    def acts(self) -> list[str]:
        """What was done to the agent: calls of dsa_control, and stops and starts of services, in order."""
        done = []
        for what, name, *arguments in self.calls:
            if what in ("stop", "start"):
                done.append(f"{what} {name}")
            elif what == "run" and name == "dsa_control.cmd":
                done.append(" ".join(["dsa_control", *arguments]))
        return done

    def tree(self) -> dict[str, str]:
        """Every file of the host with its content, without the engine's own programs."""
        files = (path for path in self.folder.rglob("*") if path.is_file() and path.parent.name != "System32")
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def windows(self, path: Path) -> str:
        """The host's own name of a file."""
        return self.paths.outward(str(path))

    # ---- the note

    def use_note(self, name: str) -> None:
        """Keep the note under another name."""
        self.note = self.note.with_name(name)

    def write_note(self, **content: object) -> None:
        """An earlier run's note."""
        self.note.write_text(json.dumps(content))

    def read_note(self) -> dict[str, t.Any] | None:
        """The note as it is now."""
        return json.loads(self.note.read_text()) if self.note.exists() else None

    @contextlib.contextmanager
    def unreadable_note(self, why: str) -> Iterator[None]:
        """A note that is there and cannot be opened or read. locked: reading it fails."""
        if why == "a folder":
            self.note.mkdir()
        else:
            self.note.symlink_to("/proc/self/mem" if why == "locked" else self.data / "gone")
        yield

    @contextlib.contextmanager
    def locked(self) -> Iterator[threading.Event]:
        """Another run is at work. It ends when the event is set, or with this block."""
        free = threading.Event()
        with (self.note.parent / "upgrade.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

            def release() -> None:
                free.wait(PATIENCE)
                fcntl.flock(lock, fcntl.LOCK_UN)

            releaser = threading.Thread(target=release)
            releaser.start()
            yield free
            free.set()
            releaser.join()

    @contextlib.contextmanager
    def on_sleep(self, done: Callable[[], None]) -> Iterator[None]:
        """Call done when a step of this host first sleeps."""
        pipe = self.path(TEMP) / "sleeps"
        pipe.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(pipe)

        def wait() -> None:
            with pipe.open("rb") as stream:
                stream.read(1)
            pipe.unlink()
            done()

        waiting = threading.Thread(target=wait, daemon=True)
        waiting.start()
        yield
        waiting.join(PATIENCE)

    # ---- what the host is

    def set(self, path: str, name: str, value: object, kind: str = "String") -> None:
        """A value of the registry."""
        self.keys[path] = {**self.keys.get(path, {}), name: (kind, value)}

    def unset(self, path: str, name: str) -> None:
        """A value of the registry is not there."""
        self.keys[path] = {known: value for known, value in self.keys.get(path, {}).items() if known != name}

    def code_page(self, page: str | None) -> None:
        """The code page of programs of the host."""
        path = r"SYSTEM\CurrentControlSet\Control\Nls\CodePage"
        if page is None:
            self.keys.pop(path, None)
        else:
            self.set(path, "OEMCP", page)

    def set_service(self, name: str, **changes: t.Any) -> None:
        """Change a service, or add one."""
        known = {one.name: one for one in self.service_list}
        known[name] = replace(known.get(name, Service(name)), **changes)
        self.service_list = list(known.values())

    def remove_service(self, name: str) -> None:
        """There is no such service any more."""
        self.service_list = [one for one in self.service_list if one.name != name]
        self.keys.pop(rf"{SERVICES}\{name}", None)

    def without_image_path(self) -> None:
        """Neither Windows' entry of the service nor its key names the program."""
        self.set_service("ds_agent", path=None)
        self.unset(rf"{SERVICES}\ds_agent", "ImagePath")

    def move_agent(self, folder: str) -> None:
        """The agent lives elsewhere, and its service knows."""
        self.path(folder).parent.mkdir(parents=True, exist_ok=True)
        self.agent.rename(self.path(folder))
        self.agent = self.path(folder)
        self.set_service("ds_agent", path=rf'"{folder}\ds_agent.exe"')
        self.set(rf"{SERVICES}\ds_agent", "ImagePath", rf'"{folder}\ds_agent.exe"', "ExpandString")

    def remove_agent(self) -> None:
        """A host that never had the agent."""
        shutil.rmtree(self.agent)
        shutil.rmtree(self.logs.parent)
        self.service_list = []
        words = ("deep security", "ds_agent", "amsp", "tmcomm", "tmactmon", "tmevtmgr", AGENT_KEY.lower())
        self.keys = {
            path: values for path, values in self.keys.items() if not any(one in path.lower() for one in words)
        }

    def fault(self, name: str) -> None:
        """Something that goes wrong in the middle of a step."""
        if name == "stop refused":
            self.refuses["stop", "ds_agent"] = Failure("Cannot stop ds_agent service on computer '.'.")
        elif name == "start fails":
            self.refuses["start", "ds_agent"] = Failure("Cannot start service ds_agent on computer '.'.")
        elif name in ("stop hangs", "start hangs"):
            self.hangs.add((name.split()[0], "ds_agent"))
        elif name == "dependent fails":
            self.set_service("ds_other")
            self.set_service("ds_agent", dependents=("ds_other",))
            self.refuses["start", "ds_other"] = Failure("Cannot start service ds_other on computer '.'.")
        else:
            raise ValueError(name)

    def break_command(self, name: str) -> None:
        """A command of PowerShell throws, where nobody expects it."""
        self.write(TEMP + r"\broken", name)

    # ---- times

    def about_now(self, text: str) -> bool:
        """Whether a time is one of now, in UTC and in the calendar of everybody."""
        return text.endswith("Z") and abs(_seconds(text) - time.time()) < 10 * PATIENCE

    def at_boot(self, text: str) -> bool:
        """Whether a time is that of the host's start."""
        return text.endswith("Z") and abs(_seconds(text) - self.boot) < 2


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
