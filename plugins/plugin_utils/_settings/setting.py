# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""One setting: what it is called, what it may be, who reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

from .destinations import destinations_of
from .errors import SettingsError, WrongValue
from .shapes import (
    address_of,
    batches_of,
    checksum_of,
    checksums_of,
    expanded,
    filter_of,
    list_of,
    packages_of,
    paths_of,
    pattern_of,
    regex_of,
    target_of,
    version_of,
    waivers_of,
    window_of,
    zone_of,
)
from .values import (
    choice_of,
    exact_text_of,
    flag_of,
    mapping_of,
    names_of,
    number_of,
    percentage_of,
    text_of,
    whole_of,
)

Kind = Literal[
    "address",
    "any_list",
    "batches",
    "bool",
    "checksum",
    "checksums",
    "choice",
    "destinations",
    "filter",
    "float",
    "int",
    "mapping",
    "names",
    "packages",
    "path",
    "paths",
    "pattern",
    "percentage",
    "regex",
    "str",
    "target",
    "version",
    "waivers",
    "window",
    "zone",
]
# Those whose check needs no more than value and name.
_PLAIN: Mapping[Kind, Callable[[object, str], Any]] = {
    "address": address_of,
    "any_list": list_of,
    "batches": batches_of,
    "bool": flag_of,
    "checksum": checksum_of,
    "checksums": checksums_of,
    "destinations": destinations_of,
    "filter": filter_of,
    "mapping": mapping_of,
    "packages": packages_of,
    "paths": paths_of,
    "pattern": pattern_of,
    "percentage": percentage_of,
    "regex": regex_of,
    "target": target_of,
    "version": version_of,
    "waivers": waivers_of,
    "window": window_of,
    "zone": zone_of,
}


@dataclass(frozen=True)
class Setting:
    """A variable of the collection.

    description: plain sentences with Ansible's markup. roles: which roles, or "plays", read it.
    default_text: what counts without a default.
    minimum, maximum: of a number, in unit. of: "host" where the value may differ from host to host, "run" where one
    value counts for the whole run. made: the inventory plugin makes it, nobody sets it.
    path is a path on the controller; one on a managed host is str.
    """

    name: str
    kind: Kind
    description: str
    roles: tuple[str, ...]
    default: Any = None
    default_text: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    example: Any = None
    secret: bool = False
    of: Literal["host", "run"] = "host"
    aliases: tuple[str, ...] = ()
    made: bool = False
    in_readme: bool = False
    required: tuple[str, ...] = ()

    def parse(self, value: object, name: str) -> Any:
        """The typed value. name: the spelling that was used, an alias perhaps. Raises SettingsError."""
        try:
            return self._parse(_decrypted(value, name), name)
        except WrongValue as error:
            if self.secret:
                raise SettingsError(error.without_value) from None
            raise

    def default_value(self) -> Any:
        """What counts where nothing is set. None: there is no default."""
        return expanded(self.default) if self.kind == "path" and self.default else deepcopy(self.default)

    def _parse(self, value: object, name: str) -> Any:
        if self.kind == "int":
            return whole_of(value, name, self.minimum, self.maximum)
        if self.kind == "float":
            return number_of(value, name, self.minimum, self.maximum)
        if self.kind == "choice":
            return choice_of(value, name, self.choices)
        if self.kind == "names":
            return names_of(value, name, self.choices)
        if self.kind == "str":
            return (exact_text_of if self.secret else text_of)(value, name)
        if self.kind == "path":
            return expanded(text_of(value, name))
        if self.made and self.kind == "mapping" and isinstance(value, Mapping):
            return value  # large, the same for the whole run, and read only
        return _PLAIN[self.kind](value, name)


def _decrypted(value: object, name: str) -> object:
    """An inline vault of older releases of Ansible is an object that decrypts itself."""
    if not hasattr(value, "__ENCRYPTED__"):
        return value
    try:
        return str(value)
    except Exception as error:  # the vault's errors are Ansible's, and this module does not need Ansible
        raise SettingsError(f"{name} is vaulted and cannot be decrypted; give the vault's password") from error
