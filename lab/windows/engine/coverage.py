# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which statements of our own PowerShell were run: counted where LAB_WINDOWS_COVERAGE names a file.

A statement is identified by the line and the column where it begins. Without the variable no payload is changed for it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from .opened import Opened

VARIABLE = "LAB_WINDOWS_COVERAGE"
PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
Request = Callable[..., Awaitable[Any]]
Places = set[tuple[int, int]]
"""Line and column."""


def files(plugins: Path) -> list[Path]:
    return sorted([*plugins.glob("modules/*.ps1"), *plugins.glob("module_utils/*.psm1")])


class Counter:
    """Files are identified by their content; a changed copy of one is not counted."""

    def __init__(self, file: Path, plugins: Path = PLUGINS) -> None:
        self.file = file
        self.names = [str(path.relative_to(plugins)) for path in files(plugins)]
        self.numbers = {path.read_text(encoding="utf-8"): number for number, path in enumerate(files(plugins))}
        self.instrumented: dict[str, str] = {}
        self.written: dict[int, Places] = {number: set() for number in self.numbers.values()}

    @classmethod
    def from_environment(cls) -> Counter | None:
        return cls(Path(os.environ[VARIABLE])) if os.environ.get(VARIABLE) else None

    async def instrument(self, payload: Opened, request: Request) -> None:
        for name, text in payload.utils().items():
            if text in self.numbers:
                payload.set_util(name, await self.changed(text, request))
        if payload.module() in self.numbers:
            payload.set_module(await self.changed(payload.module(), request))

    async def changed(self, text: str, request: Request) -> str:
        if text not in self.instrumented:
            number = self.numbers[text]
            known = sorted(self.written[number])
            self.instrumented[text] = await request(what="instrument", text=text, file=number, known=known)
        return self.instrumented[text]

    def write(self, hits: Iterable[list[int]]) -> None:
        """Each once: what is known is not counted again, which takes an eighth of the time of a task.

        One write: several processes append to the file.
        """
        lines = []
        for file, line, column in hits:
            if (line, column) not in self.written[file]:
                self.written[file].add((line, column))
                lines.append(json.dumps({"file": self.names[file], "line": line, "column": column}) + "\n")
        new = {file for file, _line, _column in hits}
        self.instrumented = {text: kept for text, kept in self.instrumented.items() if self.numbers[text] not in new}
        with self.file.open("a", encoding="utf-8") as stream:
            stream.write("".join(lines))


def counted(file: Path) -> dict[str, Places]:
    """The statements of each file of plugins that were written to a file."""
    found: dict[str, Places] = {}
    for text in file.read_text(encoding="utf-8").splitlines():
        entry = json.loads(text)
        found.setdefault(entry["file"], set()).add((entry["line"], entry["column"]))
    return found
