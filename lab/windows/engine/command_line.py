# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cmd.exe makes of the line behind its /c, as far as lines of our modules go.

https://learn.microsoft.com/windows-server/administration/windows-commands/cmd
https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence


class NotSupported(Exception):
    """The engine's cmd.exe does not support this; a module that needs it gets an error instead of a guess."""


def line_of(arguments: Sequence[str]) -> str:
    """The line behind /c. Its outer quotation marks are gone: .NET took them off when it started the program."""
    for place, one in enumerate(arguments):
        if one.lower() == "/c":
            return " ".join(arguments[place + 1 :])
    raise NotSupported("cmd.exe without /c")


def expand(line: str, environment: Mapping[str, str]) -> str:
    """%NAME%, once; a name that is not there stays."""
    known = {name.lower(): value for name, value in environment.items()}
    return re.sub(r"%([^%=]+)%", lambda match: known.get(match[1].lower(), match[0]), line)


def commands(line: str) -> list[str]:
    """The commands of a line: & separates them, but not between quotation marks or behind a ^."""
    found = [""]
    quoted = escaped = False
    for character in line:
        if escaped or quoted or character not in '^&|<>()"':
            found[-1] += character
            quoted = quoted and character != '"'
            escaped = False
        elif character == '"':
            found[-1] += character
            quoted = True
        elif character == "^":
            escaped = True
        elif character == "&":
            found.append("")
        else:
            raise NotSupported(f"{character} in a line of cmd.exe: {line}")
    return [one.strip() for one in found if one.strip()]


def split(command: str) -> list[str]:
    """The arguments of a command, as the C runtime of the programs parses them."""
    found: list[str] = []
    current: str | None = None
    quoted = False
    for match in re.finditer(r'(\\*)"|(\s)|([^\s"])', command):
        mark, blank = match[1] is not None, match[2]
        if blank and not quoted:
            found += [] if current is None else [current]
            current = None
            continue
        current = current or ""
        if not mark:
            current += match[0]
            continue
        current += "\\" * (len(match[1]) // 2)
        if len(match[1]) % 2:
            current += '"'
        else:
            quoted = not quoted
    return found + ([] if current is None else [current])
