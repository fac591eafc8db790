# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What is wrong with a setting: the variable, its value as far as it may be shown, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .._text import one_line, shorten

# Of an address: the user with a password, and the query, in which keys may stand. Rather too much than too little.
_USER = re.compile(r"(\w+://).*@", re.DOTALL)
_QUERY = re.compile(r"(\w+://[^?]*\?).+", re.DOTALL)
# So many hosts are named with a problem that they share.
_NAMED = 3


class SettingsError(ValueError):
    """A variable cannot be used as it is."""


class WrongValue(SettingsError):
    """One value that cannot be used. remedy never repeats the value, so that it can be told of secrets too."""

    def __init__(self, name: str, value: object, remedy: str) -> None:
        super().__init__(f"{name} is {quoted(value)}; {remedy}")
        self.without_value = f"{name} cannot be used as it is (its value is secret and not shown); {remedy}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. host is empty where it concerns the whole run. text names the variable."""

    variable: str
    host: str
    text: str


class SettingsErrors(SettingsError):
    """All problems of one host, or of several, at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(sentences(self.problems)))


def sentences(problems: Sequence[Problem]) -> list[str]:
    """One sentence for each problem, with the hosts that share it: "dsa_role is ... (host web-1)"."""
    hosts: dict[str, list[str]] = {}
    for problem in problems:
        hosts.setdefault(problem.text, []).append(problem.host)
    return [text + _where(sorted({name for name in names if name})) for text, names in hosts.items()]


def _where(names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f" ({'host' if len(names) == 1 else 'hosts'} {', '.join(names[:_NAMED])}{more})"


def quoted(value: object) -> str:
    """The value in one short line, addresses without user, password and query."""
    text = value if isinstance(value, str) else repr(value)
    if "://" in text:
        text = _QUERY.sub(r"\1…", _USER.sub(r"\1", text))
    return shorten(str(text)) if isinstance(value, str) else one_line(text, 128)
