# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""How a host is reached, by its variables."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from .._text import clean
from .hosts import Variables

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
# Behind different jump hosts the same address is that of two hosts.
_WAYS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args", "ansible_psrp_proxy")
_PORTS = {"psrp": 5986, "winrm": 5986}
_LONGEST = 300


def connection_of(variables: Variables) -> dict[str, t.Any]:
    """The connection variables of a host."""
    return _plain(variables, CONNECTION)


def address(name: str, variables: Variables) -> object:
    """Where a host is reached. Two hosts never have the same."""
    found = connection_of(variables)
    connection = found.get("ansible_connection")
    if connection == "local":
        return connection
    host = str(found.get("ansible_host") or name).lower().rstrip(".")
    port = str(found.get("ansible_port") or _PORTS.get(str(connection), 22))
    return host, port, *_plain(variables, _WAYS).items()


def is_plain(value: object) -> bool:
    """Whether it is a value that a template has nothing to do with."""
    if isinstance(value, str):
        return len(value) <= _LONGEST and not any(mark in value for mark in ("{{", "{%", "{#"))
    return isinstance(value, (bool, int))


def _plain(variables: Variables, names: Sequence[str]) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    for name in names:
        try:
            value = variables.get(name)
        except Exception:  # whatever its template raises: then the Relay is silent in a slice, as it is here
            continue
        if is_plain(value):
            found[name] = clean(str.__str__(value)) if isinstance(value, str) else value
    return found
