# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Settings that count for the whole run, from the settings of all its hosts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .errors import Problem, SettingsErrors, quoted
from .parsed import Settings
from .table import SETTINGS

_OF_RUN = [setting for setting in SETTINGS.values() if setting.of == "run"]


def for_run(hosts: Iterable[Settings]) -> Settings:
    """The settings of the run: what one host at least sets, and no other host sets otherwise.

    Raises SettingsErrors where hosts contradict each other: it would count for all what one of them says.
    """
    values: dict[str, Any] = {}
    source: dict[str, str] = {}
    problems: dict[str, Problem] = {}
    for settings in hosts:
        for setting in _OF_RUN:
            name = setting.name
            if not settings.is_set(name) or name in problems:
                continue
            value = settings[name]
            if values.setdefault(name, value) == value:
                source.setdefault(name, settings.host)
                continue
            one, other = ("one thing", "another") if setting.secret else (quoted(values[name]), quoted(value))
            text = (
                f"{name} is {one} on {source[name]} and {other} on {settings.host}, and one value counts for the whole "
                "run: set it for the group all, or with -e"
            )
            problems[name] = Problem(name, "", text)
    if problems:
        raise SettingsErrors(problems.values())
    return Settings(values)
