# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's options, checked as Ansible's own code on a Windows host checks them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .machine import WindowsMachine

TRUE = ("true", "yes", "on", "1", "t", "y")
FALSE = ("false", "no", "off", "0", "f", "n")
# Name -> (type, default); types with "|" in them are the choices of a text, REQUIRED is no default.
Spec = Mapping[str, tuple[str, Any]]
REQUIRED = object()
MOST_SECONDS = 1_000_000
Result = dict[str, Any]


@dataclass(frozen=True)
class Module:
    """What a module takes, name -> (type, default), and what it does with (machine, parameters, check mode)."""

    spec: Spec
    run: Callable[[WindowsMachine, dict[str, Any], bool], Awaitable[Result]]


class ModuleFailure(Exception):
    """The module fails with this text, and with what else it returns."""

    def __init__(self, message: str, **result: Any) -> None:
        super().__init__(message)
        self.result = result


def check(module: str, spec: Spec, given: Mapping[str, Any], expand: Callable[[str], str]) -> dict[str, Any]:
    """The module's parameters."""
    plain = {name: value for name, value in given.items() if not name.startswith("_ansible_")}
    if "*" in spec:
        return plain
    unknown = sorted(set(plain) - set(spec))
    if unknown:
        raise ModuleFailure(
            f"Unsupported parameters for ({module.rpartition('.')[2]}) module: {', '.join(unknown)}. "
            f"Supported parameters include: {', '.join(sorted(spec))}"
        )
    found = {}
    for name, (kind, default) in spec.items():
        value = plain.get(name)
        if value is None and default is REQUIRED:
            raise ModuleFailure(f"missing required arguments: {name}")
        found[name] = convert(name, kind, default if value is None else value, expand)
        if name.endswith("timeout"):
            check_seconds(name, found[name])
    return found


def check_seconds(name: str, value: int) -> None:
    if not 1 <= value <= MOST_SECONDS:
        raise ModuleFailure(f"{name} is {value}; give 1 to {MOST_SECONDS} seconds", code="bad_option")


def convert(name: str, kind: str, value: Any, expand: Callable[[str], str]) -> Any:
    if value is None or kind == "raw":
        return value
    if "|" in kind:
        choices = kind.split("|")
        if str(value) not in choices:
            raise ModuleFailure(f"value of {name} must be one of: {', '.join(choices)}. Got no match for: {value}")
        return str(value)
    if kind == "bool" and not isinstance(value, bool):
        word = str(value).lower()
        if word not in TRUE + FALSE:
            raise ModuleFailure(f"argument for {name} is of type {type(value)} and we were unable to convert to bool")
        return word in TRUE
    if kind == "int":
        try:
            return int(value)
        except (TypeError, ValueError) as error:
            raise ModuleFailure(
                f"argument for {name} is of type {type(value)} and we were unable to convert to int: {error}"
            ) from error
    if kind in ("list", "ints"):
        entries = value if isinstance(value, list) else str(value).split(",")
        if kind == "ints":
            return [int(entry) for entry in entries]
        if not all(entries):
            raise ModuleFailure(f"an entry of {name} is empty", code="bad_option")
        return [str(entry) for entry in entries]
    if kind == "path":
        return expand(str(value))
    return str(value) if kind == "str" else value
