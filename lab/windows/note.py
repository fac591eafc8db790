# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The progress note of a Windows host, by the code that POSIX hosts have for theirs."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from .reading import file

if TYPE_CHECKING:
    from .machine import WindowsMachine

progress: Any = importlib.import_module("plugins.module_utils._agent.progress")
PAUSE = 0.1


class StepError(Exception):
    """A step that could not be done: its code, and a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@contextlib.contextmanager
def errors(real: str, shown: str) -> Any:
    """Errors of the POSIX code name the path of this machine; the host's own takes its place."""
    try:
        yield
    except progress.StepError as error:
        raise StepError(error.code, error.message.replace(real, shown)) from error


class Note:
    def __init__(self, machine: WindowsMachine, path: str) -> None:
        self.machine = machine
        self.path = path
        self.real = str(machine.drive.real(path))

    def read(self) -> tuple[str | None, str | None]:
        """Its text and what is wrong with it, both None without one."""
        found = file(self.machine, self.path)
        problem = found["error"] or ("it is too large" if found["cut"] else None)
        if problem is None and "\ufffd" in (found["text"] or ""):
            problem = "it is no UTF-8 text"
        return (None, problem) if problem else (found["text"], None)

    def require(self) -> dict[str, Any]:
        """Its content, empty without one; StepError where it is there and cannot be read."""
        text, problem = self.read()
        try:
            if problem is None:
                content: dict[str, Any] = {} if text is None else progress.parse(text)
                return content
        except ValueError as error:
            problem = str(error)
        raise StepError("note_unreadable", f"{self.path} cannot be read: {problem}")

    def update(self, changes: dict[str, Any] | None) -> None:
        before = self.require()
        content = {key: value for key, value in {**before, **(changes or {})}.items() if value is not None}
        if content == before:
            return
        if self.machine.is_full():
            raise StepError("note_not_written", f"{self.path} cannot be written: {self.machine.no_room()}")
        with errors(self.real, self.path):
            progress.save(self.real, content)


@contextlib.asynccontextmanager
async def locked(machine: WindowsMachine, path: str, timeout: float) -> AsyncIterator[bool]:
    """Hold the lock of the note; whether another process held it before. Waiting does not hold up the lab."""
    real, waited = str(machine.drive.real(path)), False
    deadline = progress.clock() + timeout
    while True:
        try:
            with errors(real, path):
                stream = progress.lock(real, 0)[0]
            break
        except StepError as error:
            if error.code != "lock_timeout" or progress.clock() >= deadline:
                raise
        waited = True
        await asyncio.sleep(PAUSE)
    try:
        yield waited
    finally:
        stream.close()
