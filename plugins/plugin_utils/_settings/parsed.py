# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The settings of one host, parsed once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .errors import Problem, SettingsError, SettingsErrors
from .table import ALIASES, SETTINGS
from .values import is_blank


class Settings(Mapping[str, Any]):
    """A mapping of every setting to its typed value, the default where it is not set (None where it has none).

    Settings() has all defaults. The constructor takes typed values as they are; parse() takes Ansible's.
    KeyError for a name that is no setting.
    """

    def __init__(self, values: Mapping[str, Any] | None = None, host: str = "") -> None:
        self._values = {ALIASES.get(name, name): value for name, value in (values or {}).items()}
        self.host = host

    @classmethod
    def parse(cls, values: Mapping[str, Any], host: str = "") -> Settings:
        """The settings among a host's variables; others are ignored, and not looked at.

        Blank texts and nulls mean "not set". Raises SettingsErrors with all problems of the host.
        """
        parsed: dict[str, Any] = {}
        spelt: dict[str, str] = {}
        problems: list[Problem] = []
        for given in filter(_NAMES.__contains__, values):
            if is_blank(value := values[given]):
                continue
            name = ALIASES.get(given, given)
            try:
                result = SETTINGS[name].parse(value, given)
            except SettingsError as error:
                problems.append(Problem(given, host, str(error)))
                continue
            if name in parsed and parsed[name] != result:
                text = f"{given} and {spelt[name]} are two names of one setting and have different values; set one"
                problems.append(Problem(given, host, text))
            parsed[name], spelt[name] = result, given
        if problems:
            raise SettingsErrors(problems)
        return cls(parsed, host)

    @staticmethod
    def names() -> frozenset[str]:
        """All names and aliases, to pick from a host's variables what is worth templating."""
        return _NAMES

    def is_set(self, name: str) -> bool:
        """Whether the user set it. KeyError for a name that is no setting."""
        name = ALIASES.get(name, name)
        return SETTINGS[name].name in self._values

    def __getitem__(self, name: str) -> Any:
        name = ALIASES.get(name, name)
        if name in self._values:
            return self._values[name]
        return SETTINGS[name].default_value()

    def __iter__(self) -> Iterator[str]:
        return iter(SETTINGS)

    def __len__(self) -> int:
        return len(SETTINGS)

    def __repr__(self) -> str:
        shown = ", ".join(name for name in SETTINGS if name in self._values)
        return f"<Settings of {self.host or 'no host'}: {shown or 'defaults'}>"


_NAMES = frozenset(SETTINGS) | frozenset(ALIASES)
