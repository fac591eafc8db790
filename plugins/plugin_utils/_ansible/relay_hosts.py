# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Relays across the slices of a fleet: AWX removes the hosts of all other slices from the inventory of a slice.

The stage of the Relays publishes how they are reached, and nothing that is secret. A slice adds those that it lacks and
reads them: what it was given can make no Relay count as fixed.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping, Sequence
from pathlib import Path

from .._fleet import Fleet
from .._settings.errors import WrongValue
from .._settings.values import is_blank, mapping_of
from .._text import clean, one_line
from .hosts import Variables

VARIABLE = "dsa_relay_hosts"
# How a host is reached, as far as it is no secret. Passwords and keys come with the credential of the job.
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
_OF_STAGES = ("remediate", "remediate_relays")
# In Ansible's own temporary folder of this run.
_ADDED = "dsa-run.relays"
_LONGEST = 300


def published(
    fleet: Fleet, hostvars: Mapping[str, Variables], playbook: str | None
) -> dict[str, dict[str, t.Any]] | None:
    """Host → its connection variables, of all Relays that the stage of the Relays knows, and of all that may be one.

    None for other playbooks: of a slice of them it would be a part, and the next node would take it for the whole.
    """
    if playbook not in _OF_STAGES:
        return None
    return {name: _connection(hostvars[name]) for name in fleet.candidates}


def _connection(variables: Variables) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    for name in CONNECTION:
        try:
            value = variables.get(name)
        except Exception:  # whatever its template raises: then the Relay is silent in a slice, as it is here
            continue
        if _is_plain(value):
            found[name] = clean(str.__str__(value)) if isinstance(value, str) else value
    return found


def _is_plain(value: object) -> bool:
    """Whether it is a value that a template has nothing to do with."""
    if isinstance(value, str):
        return len(value) <= _LONGEST and not any(mark in value for mark in ("{{", "{%", "{#"))
    return isinstance(value, (bool, int))


def given(variables: Variables) -> dict[str, dict[str, t.Any]]:
    """What the stage of the Relays published, with nothing else in it. Raises SettingsError."""
    value = variables.get(VARIABLE)
    if is_blank(value):
        return {}
    found: dict[str, dict[str, t.Any]] = {}
    for name, own in mapping_of(value, VARIABLE).items():
        entry = {} if is_blank(own) else mapping_of(own, f"{VARIABLE}.{name}")
        if not name or one_line(name) != name:
            raise WrongValue(VARIABLE, name, "this is no name of a host; take it as the stage of the Relays set it")
        found[name] = {key: entry[key] for key in CONNECTION if key in entry and _is_plain(entry[key])}
    return found


def begin(run_folder: str, variables: Variables) -> None:
    """Find out which Relays are to be added to this run. Raises SettingsError for what cannot be used."""
    known, before = set(map(str, variables["groups"].get("all", ()))), added(run_folder)
    names = list(dict.fromkeys([*before, *(name for name in given(variables) if name not in known)]))
    if names:
        (Path(run_folder) / _ADDED).write_text(json.dumps(names), encoding="utf-8")


def added(run_folder: str) -> Sequence[str]:
    """The Relays that this run adds: hosts of the fleet, not of this inventory, so the run is not about them.

    Nor is any other one of the same command: what was added stays in Ansible's inventory.
    """
    path = Path(run_folder) / _ADDED
    return list(json.loads(path.read_text("utf-8"))) if path.exists() else []


def lacking(run_folder: str, variables: Variables) -> list[str]:
    """Those of them that are still to be added."""
    known = set(map(str, variables["groups"].get("all", ())))
    return [name for name in added(run_folder) if name not in known]
