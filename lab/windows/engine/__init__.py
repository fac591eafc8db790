# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real Windows modules, run by PowerShell in Ansible's own wrapper, on hosts that are described.

What only Windows has is replaced by the stand-ins, which query an EngineHost; all else is real. See README.md.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from .build import PLUGINS, Builder
from .coverage import Places, counted, files
from .described import AGENT, DATA, LOGS, DescribedHost
from .executable import executable
from .host import (
    Answer,
    Call,
    Certificate,
    EngineHost,
    Failure,
    Listener,
    Process,
    Registry,
    Sccm,
    Service,
    Signature,
)
from .pool import Output, Pool, TaskFailed, missing

__all__ = [
    "AGENT",
    "DATA",
    "LOGS",
    "Answer",
    "Call",
    "Certificate",
    "DescribedHost",
    "Engine",
    "EngineHost",
    "Failure",
    "Listener",
    "ModuleError",
    "Output",
    "Pool",
    "Process",
    "Registry",
    "Sccm",
    "Service",
    "Signature",
    "TaskFailed",
    "executable",
    "missing",
]
LIMIT = 60.0
T = TypeVar("T")


class ModuleError(Exception):
    """A line of code threw."""


class Engine:
    """A pool for tests that are not asynchronous: its event loop has a thread of its own.

    Payloads are built by the ansible-core of a Python, this one's unless another is given.
    """

    def __init__(self, python: str = sys.executable) -> None:
        self.python = python
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.builders: dict[Path, Builder] = {}
        self.pool = self.wait(self.make())

    async def make(self) -> Pool:
        return Pool()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def builder(self, plugins: Path) -> Builder:
        if plugins not in self.builders:
            self.builders[plugins] = Builder(plugins, self.python)
        return self.builders[plugins]

    def run_output(
        self,
        host: EngineHost,
        module: str,
        arguments: dict[str, Any] | None = None,
        *,
        check: bool = False,
        plugins: Path = PLUGINS,
        limit: float = LIMIT,
        verbosity: int = 0,
    ) -> Output:
        """What goes over WinRM."""
        script, data = self.builder(plugins).module(module, arguments or {}, check, verbosity)
        return self.wait(self.pool.run(host, script, data, limit))

    def run_module(
        self, host: EngineHost, module: str, arguments: dict[str, Any] | None = None, **options: Any
    ) -> dict[str, Any]:
        """The result of a module; options are those of run_output."""
        output = self.run_output(host, module, arguments, **options)
        try:
            result: dict[str, Any] = json.loads(output.out)
        except ValueError:
            raise ModuleError(f"no result: {output}") from None
        return result

    def run_code(
        self,
        host: EngineHost,
        code: str,
        util: str,
        utils: list[str] | None = None,
        *,
        plugins: Path = PLUGINS,
        limit: float = LIMIT,
    ) -> Any:
        """What a line gives inside a util, where all others are loaded too (or only utils)."""
        script, data = self.builder(plugins).code(code, util, utils)
        output = self.wait(self.pool.run(host, script, data, limit))
        found = json.loads(output.out) if output.out.strip() else None
        if output.rc != 0:
            raise ModuleError(found["msg"] if isinstance(found, dict) and "msg" in found else str(output))
        return found

    def coverage(self, plugins: Path, file: Path) -> dict[str, tuple[Places, Places]]:
        """Of each file below plugins: the statements that were counted in a file, and all."""
        hits = counted(file)
        found = {}
        for path in files(plugins):
            places = {
                (line, column) for line, column in self.wait(self.pool.statements(path.read_text(encoding="utf-8")))
            }
            name = str(path.relative_to(plugins))
            found[name] = (hits.get(name, set()) & places, places)
        return found

    def close(self) -> None:
        self.wait(self.pool.stop())
        for builder in self.builders.values():
            builder.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
