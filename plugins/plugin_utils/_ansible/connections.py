# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Two hosts over one SSH connection: Ansible keeps a connection open, and finds it again by host, port and user alone.

Behind another jump host the same three are another machine, and what is read of the first would stand for both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from ansible import constants as C
from ansible.plugins.loader import connection_loader

from .addresses import connection, place
from .hosts import Variables

_NAMED = 3
# As in ssh, the first one counts.
_PATH = re.compile(r"controlpath[\s=]+[\"']?([^\s\"']+)", re.IGNORECASE)
_MASTER = re.compile(r"controlmaster[\s=]+[\"']?(\w+)", re.IGNORECASE)


@dataclass(frozen=True)
class _Way:
    """How ssh is called for a host. socket: of the open connection, None without one. opens: whether it opens one."""

    host: str
    arguments: tuple[str, ...]
    socket: tuple[str, ...] | None
    opens: bool


def shared(names: Iterable[str], hostvars: Mapping[str, Variables]) -> str:
    """What is wrong with hosts that Ansible would reach over the connection of another one, or an empty text."""
    places: dict[object, list[str]] = {}
    for name in dict.fromkeys(names):
        if connection(hostvars[name]) == "ssh":
            places.setdefault(place(name, hostvars[name]), []).append(name)
    found = [pair for same in places.values() if len(same) > 1 for pair in _pairs(same, hostvars)]
    if not found:
        return ""
    more = f", as do {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return (
        f"{'; '.join(found[:_NAMED])} have the same ansible_host, port and user behind different ways{more}; Ansible "
        "would connect to one machine for both: set ansible_control_path_dir for each site. Nothing was changed"
    )


def _pairs(names: Iterable[str], hostvars: Mapping[str, Variables]) -> Iterator[str]:
    connection_loader.get("ssh", class_only=True)  # without it its options are not known
    first: dict[object, _Way] = {}
    for name in names:
        own = _way(name, hostvars[name])
        other = first.setdefault(own.socket, own)
        if own.socket and own.arguments != other.arguments and (own.opens or other.opens):
            yield f"{other.host} and {name}"


def _way(name: str, variables: Variables) -> _Way:
    """By the options of Ansible's connection plugin: variables, command line, environment, ansible.cfg."""
    args = [_option(f"ssh_{which}", variables) for which in ("args", "common_args", "extra_args")]
    text = " ".join(args)
    path, master = _PATH.search(text), _MASTER.search(text)
    socket: tuple[str, ...] | None = None
    if path:
        socket = (path[1], _option("remote_user", variables)) if path[1].lower() != "none" else None
    elif "controlpersist" in text.lower():
        socket = tuple(_option(each, variables) for each in ("control_path_dir", "control_path", "port", "remote_user"))
        socket = (_option("host", variables) or name, *socket)
    opens = master is not None and master[1].lower() != "no"
    return _Way(name, (*args, _option("ssh_executable", variables)), socket, opens)


def _option(name: str, variables: Variables) -> str:
    value: object = None
    with suppress(Exception):  # whatever its template raises: Ansible does not connect to that host
        value = C.config.get_config_value(name, plugin_type="connection", plugin_name="ssh", variables=variables)
    return "" if value is None else str(value)
