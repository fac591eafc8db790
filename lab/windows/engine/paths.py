# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths of a host and of this machine: `C:\\...` is a folder here, with / in it and names that differ by their case."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

WHOLE = re.compile(r"(?is)[a-z]:[\\/].*")
QUOTED = re.compile(r'(?is)("[a-z]:[\\/][^"]*")(.*)')
EXPANDED = re.compile(r"(?s)(%[^%\s]+%)[\\/](.*)")
VARIABLE = re.compile(r"(?s)%[^%\s]+%/.*")
# What no name of a file has ends a path in a text, and so does what messages put behind one.
PART = r"(?:/(?! )(?:[^/\"'<>|*?\r\n\t:;,]|[,;](?! ))*)*"


class Paths:
    """Drive C: is a folder named C; other drives would be beside it."""

    def __init__(self, folder: Path) -> None:
        self.drives = folder.resolve().parent
        if folder.name != "C":
            raise ValueError(f"{folder}: the folder of drive C: has the name C")
        self.here = re.compile(re.escape(str(self.drives)) + rf"/([A-Z])(?![^/\"'<>|*?\r\n\t:;, )])({PART})")

    def inward(self, text: str) -> str:
        """A text that is a path as a whole, that begins with a quoted one, or with %NAME%; others stay."""
        if WHOLE.fullmatch(text):
            return self.real(text)
        if match := QUOTED.fullmatch(text):
            return f'"{self.real(match[1][1:-1])}"{match[2]}'
        if match := EXPANDED.fullmatch(text):
            return f"{match[1]}/" + match[2].replace("\\", "/")
        return text

    def real(self, text: str) -> str:
        """The case of what exists already wins."""
        place = self.drives / text[0].upper()
        for part in re.split(r"[\\/]+", text[3:]):
            exact = place / part
            if part and not exact.exists() and place.is_dir():
                exact = next((one for one in place.iterdir() if one.name.lower() == part.lower()), exact)
            place = exact
        return str(place) + ("/" if text[-1] in "\\/" else "")

    def outward(self, text: str) -> str:
        """The same back, also where a message has a path in it. / is the root of the one drive that is here."""
        if text == "/":
            return "C:"
        if VARIABLE.fullmatch(text):
            return text.replace("/", "\\")
        return self.here.sub(lambda match: f"{match[1]}:" + (match[2].replace("/", "\\") or "\\"), text)

    def inward_all(self, value: Any) -> Any:
        return walk(value, self.inward)

    def outward_all(self, value: Any) -> Any:
        return walk(value, self.outward)


def walk(value: Any, change: Any) -> Any:
    """A value as JSON has it, with every text in it changed, also those that are names."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [walk(one, change) for one in value]
    if isinstance(value, dict):
        return {change(name) if isinstance(name, str) else name: walk(one, change) for name, one in value.items()}
    return value
