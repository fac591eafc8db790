# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""How a host is reached, by its variables."""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property

from ansible import constants as C
from ansible import context

from .._text import clean
from .hosts import Variables, raw_of

# As far as it is no secret. Passwords and keys come with the credential of the job.
CONNECTION = (
    "ansible_host",
    "ansible_port",
    "ansible_user",
    "ansible_connection",
    "ansible_winrm_scheme",
    "ansible_winrm_transport",
    "ansible_winrm_server_cert_validation",
    "ansible_shell_type",
    "ansible_python_interpreter",
    "ansible_become",
    "ansible_become_method",
    "ansible_become_user",
)
# Behind different jump hosts the same address is that of two hosts. These may hold secrets, and are published nowhere.
WAYS = (
    "ansible_ssh_args",
    "ansible_ssh_common_args",
    "ansible_ssh_extra_args",
    "ansible_ssh_executable",
    "ansible_psrp_proxy",
    "ansible_winrm_proxy",
)
_PORTS = {"psrp": 5986, "winrm": 5986}
_NAMES = {"localhost": "127.0.0.1"}
_LONGEST = 300


def connection(variables: Variables) -> str:
    """The connection plugin of a host."""
    given: object = None
    with suppress(Exception):  # whatever its template raises: the connection itself gives the reason
        given = _value(variables, "ansible_connection")
    name = str(given or context.CLIARGS.get("connection") or C.DEFAULT_TRANSPORT).rpartition(".")[2]
    return "ssh" if name == "smart" else name


def connection_of(variables: Variables) -> dict[str, t.Any]:
    """The connection variables of a host. Of two names of one variable, that of its connection plugin counts."""
    found, kind = _plain(variables, CONNECTION), connection(variables)
    for what in ("host", "port", "user"):
        value = _own(variables, kind, what)
        found.update({} if value is None else {f"ansible_{what}": value})
    return found


def place(name: str, variables: Variables) -> tuple[str, str]:
    """The host and the port that a host is reached at, by whatever way."""
    kind = connection(variables)
    if kind == "local":
        return kind, ""
    host = str(_own(variables, kind, "host") or name).lower().rstrip(".")
    return _NAMES.get(host, host), str(_own(variables, kind, "port") or _PORTS.get(kind, 22))


def address(name: str, variables: Variables) -> object:
    """Where a host is reached. Two hosts never have the same."""
    own = place(name, variables)
    return own if own == ("local", "") else (*own, *_plain(variables, WAYS).items())


class Addresses:
    """The address of each host of a fleet. Templates of ways take long, and are filled in where a place is shared."""

    def __init__(self, hostvars: Mapping[str, Variables]) -> None:
        self._hostvars = hostvars

    @cached_property
    def _places(self) -> dict[str, tuple[str, str]]:
        return {str(name): place(str(name), self._hostvars[name]) for name in self._hostvars}

    @cached_property
    def _count(self) -> Counter[tuple[str, str]]:
        return Counter(self._places.values())

    def __call__(self, name: str) -> object:
        own = self._places[name]
        return address(name, self._hostvars[name]) if self._count[own] > 1 else own


def way(variables: Variables, name: str) -> str:
    """One of WAYS as text, however long; empty where it is not set."""
    try:
        return str(_value(variables, name) or "")
    except Exception:  # whatever its template raises: set, and of no use
        return "{{}}"


def unpublished(variables: Variables, common: Sequence[str]) -> list[str]:
    """The variables that decide where a host is reached, and that no slice of its fleet has.

    common: those that all hosts of the fleet have alike.
    """
    lost = [name for name in ("ansible_host", "ansible_port", "ansible_connection") if way(variables, name)]
    lost = [name for name in lost if name not in connection_of(variables)]
    return [*lost, *(name for name in WAYS if name not in common and way(variables, name))]


def is_plain(value: object) -> bool:
    """Whether it is a value that a template has nothing to do with."""
    if isinstance(value, str):
        return len(value) <= _LONGEST and not any(mark in value for mark in ("{{", "{%", "{#"))
    return isinstance(value, (bool, int))


def _own(variables: Variables, kind: str, what: str) -> t.Any:
    found = list(_plain(variables, [f"ansible_{what}", f"ansible_{kind}_{what}"]).values())
    return found[-1] if found else None


def _plain(variables: Variables, names: Sequence[str]) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    for name in names:
        try:
            value = _value(variables, name)
        except Exception:  # whatever its template raises: then the Relay is silent in a slice, as it is here
            continue
        if is_plain(value):
            found[name] = clean(str.__str__(value)) if isinstance(value, str) else value
    return found


def _value(variables: Variables, name: str) -> object:
    """To fill in the templates of a value takes long, even where it has none."""
    value = raw_of(variables).get(name)
    return value if value is None or is_plain(value) else variables.get(name)
