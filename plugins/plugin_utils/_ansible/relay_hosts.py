# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Relays across the slices of a fleet: AWX removes the hosts of all other slices from the inventory of a slice.

The stage of the Relays publishes how all of them are reached, and nothing that is secret. A slice adds those that it
lacks and reads them: what it was given can make no Relay count as fixed. In a part of the fleet without such a list, or
with that of another part, no Agent is known to have all of its Relays read.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from .._fleet import NAMED, Fleet
from .._messages import Message, message
from .._settings.errors import WrongValue
from .._settings.values import flag_of, is_blank, mapping_of
from .._text import one_line
from .addresses import CONNECTION, WAYS, connection_of, is_plain, unpublished, way
from .hosts import Variables, first_set

VARIABLE = "dsa_relay_hosts"
_OF_STAGES = ("remediate", "remediate_relays")
# Relays that are added to the fleet later are in no list that was made before.
_HOURS = 24
# In Ansible's own temporary folder of this run.
_ADDED = "dsa-run.relays"
# In place of variables that are not published: with the others alone a slice would reach another host.
_UNPUBLISHED = "unpublished"
_REMEDY = "run remediate_relays on the whole inventory, and take it as that run publishes it"


@dataclass(frozen=True)
class RelayHosts:
    """What a stage of the Relays publishes.

    run_id, at: of that run, and when. inventory: the ID of its inventory in AWX, or an empty text. complete: whether
    that was no part of the fleet. relays: Relay, or what may be one → its connection variables.
    """

    run_id: str
    at: datetime
    inventory: str
    complete: bool
    relays: Mapping[str, Mapping[str, t.Any]]

    def as_dict(self) -> dict[str, t.Any]:
        """As it is published. count: so that a list from which a Relay was removed is recognized."""
        own = {"run_id": self.run_id, "at": self.at.isoformat(timespec="seconds"), "inventory": self.inventory}
        return {**own, "complete": self.complete, "count": len(self.relays), "relays": dict(self.relays)}


def published(fleet: Fleet, variables: Variables, playbook: str | None, run_id: str) -> dict[str, t.Any] | None:
    """All Relays in the inventory of the stage, and all hosts that may be one, with the variables of their connection.

    None for other playbooks: the next node of a workflow would have theirs in place of that of the stage.
    """
    if playbook not in _OF_STAGES:
        return None
    relays = _reached(fleet, variables["hostvars"])
    at = datetime.now(timezone.utc)
    return RelayHosts(run_id, at, _inventory(variables), fleet.hidden is None, relays).as_dict()


def _reached(fleet: Fleet, hostvars: Mapping[str, Variables]) -> dict[str, dict[str, t.Any]]:
    """Relay → what reaches it, and the names of the variables that only the inventory has."""
    found = {name: connection_of(hostvars[name]) for name in fleet.candidates}
    used = [each for each in WAYS if any(way(hostvars[name], each) for name in found)]
    common = [each for each in used if _alike(way(hostvars[host], each) for host in fleet.hosts)]
    for name, own in found.items():
        if lost := unpublished(hostvars[name], common):
            own[_UNPUBLISHED] = lost
    return found


def _alike(texts: Iterator[str]) -> bool:
    first = next(texts, "")
    return all(text == first for text in texts)


def _inventory(variables: Variables) -> str:
    return one_line(variables.get("awx_inventory_id") or "")


def hidden(variables: Variables, stated: bool | None, added: Sequence[str], now: datetime) -> Message | None:
    """Why the inventory may lack Relays of the fleet, or None.

    stated: dsa_part_of_fleet. added: Relays that this run added. now: when it began. Raises SettingsError.
    """
    left_out = first_set("dsm_relays_left_out", variables, variables["groups"]["all"])
    if left_out and isinstance(left_out, (list, tuple)):
        return message("relays_left_out", relays=[str(name) for name in left_out[:NAMED]])
    # No variable of AWX names a slice. The workflow job that holds the slices has the name of their template.
    template = variables.get("awx_job_template_name") if stated is None else None
    if stated or added or (template and template == variables.get("awx_workflow_job_name")):
        doubt = _doubt(given(variables), variables, now)
        return message("relays_elsewhere", why=doubt) if doubt else None
    return None


def _doubt(found: RelayHosts | None, variables: Variables, now: datetime) -> Message | None:
    """Why that does not stand for all Relays of the fleet, or None."""
    if found is None:
        return message("relay_hosts_missing")
    if not found.complete:
        return message("relay_hosts_of_part", run=found.run_id)
    inventory = _inventory(variables)
    if inventory and found.inventory and inventory != found.inventory:
        return message("relay_hosts_of_other", run=found.run_id, inventory=found.inventory)
    if abs(now - found.at) > timedelta(hours=_HOURS):
        return message("relay_hosts_old", run=found.run_id, at=found.at.isoformat(timespec="minutes"), hours=_HOURS)
    known = set(map(str, variables["groups"]["all"]))
    lacking = [name for name in found.relays if name not in known]
    for name in lacking:
        if _UNPUBLISHED in (own := found.relays[name]):
            return message("relay_way_unpublished", host=name, variables=own[_UNPUBLISHED])
    return message("relay_not_in_inventory", host=", ".join(lacking[:NAMED])) if lacking else None


def given(variables: Variables) -> RelayHosts | None:
    """What the stage of the Relays published, with nothing else in it; None where that is not set.

    Raises SettingsError.
    """
    value = variables.get(VARIABLE)
    content = {} if is_blank(value) else mapping_of(value, VARIABLE)
    if not content:
        return None
    relays, at = content.get("relays"), None
    with suppress(ValueError):
        at = datetime.fromisoformat(str(content.get("at")))
    if not isinstance(relays, Mapping) or content.get("count") != len(relays) or at is None or at.tzinfo is None:
        raise WrongValue(VARIABLE, sorted(content), f"it is not, or not wholly, what a run publishes; {_REMEDY}")
    return RelayHosts(
        one_line(content.get("run_id") or ""),
        at,
        one_line(content.get("inventory") or ""),
        flag_of(content.get("complete"), f"{VARIABLE}.complete"),
        {name: _entry(name, own) for name, own in mapping_of(relays, f"{VARIABLE}.relays").items()},
    )


def _entry(name: str, own: object) -> dict[str, t.Any]:
    entry = {} if is_blank(own) else mapping_of(own, f"{VARIABLE}.relays.{name}")
    if not name or one_line(name) != name:
        raise WrongValue(f"{VARIABLE}.relays", name, f"this is no name of a host; {_REMEDY}")
    found = {key: entry[key] for key in CONNECTION if key in entry and is_plain(entry[key])}
    lost = entry.get(_UNPUBLISHED)
    if not is_blank(lost):
        found[_UNPUBLISHED] = [one_line(each) for each in (lost if isinstance(lost, (list, tuple)) else [lost])]
    return found


def begin(run_folder: str, variables: Variables) -> None:
    """Find out which Relays are to be added to this run. Raises SettingsError for what cannot be used."""
    known, found = set(map(str, variables["groups"].get("all", ()))), given(variables)
    relays = found.relays if found else {}
    lacks = {name: _UNPUBLISHED not in own for name, own in relays.items() if name not in known}
    if names := {**_noted(run_folder), **lacks}:
        (Path(run_folder) / _ADDED).write_text(json.dumps(names), encoding="utf-8")


def _noted(run_folder: str) -> dict[str, bool]:
    """Relay that the inventory lacks → whether it can be reached."""
    path = Path(run_folder) / _ADDED
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


def added(run_folder: str) -> Sequence[str]:
    """The Relays that this run adds, or cannot reach. They are hosts of the fleet, not of this inventory, so the
    run is not about them.

    Nor is any other one of the same command: what was added stays in Ansible's inventory.
    """
    return list(_noted(run_folder))


def lacking(run_folder: str, variables: Variables) -> list[str]:
    """Those of them that are still to be added."""
    known = set(map(str, variables["groups"].get("all", ())))
    return [name for name, reached in _noted(run_folder).items() if reached and name not in known]
