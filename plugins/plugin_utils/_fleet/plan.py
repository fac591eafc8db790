# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.
"""Which hosts are to be worked on now, with what, and which must wait and why.

The plan is made anew from the present state whenever a host is about to be touched. So the order (every Relay fixed and
updated before any Agent below it) does not depend on the order of plays: it holds in another job, another slice,
another day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .._advisory import parse_build
from .._messages import Message, message
from .._run import HostRun
from .._settings import Problem, SettingsErrors
from .fleet import Fleet
from .verification import signature_doubt
from .work import Blocked, Work, finish, naming, work_for


@dataclass(frozen=True)
class PlanEntry:
    """The plan for one host: work, or why it is blocked; neither where there is nothing to do, or nothing that can be
    done from here: then its verdict says what is.

    reason: upgrade, restart or finish for work, the code of blocked, else the verdict's reason_code.
    doubt: why the host may refuse its package, as far as it cannot be known before.
    """

    work: Work | None
    blocked: Message | None
    reason: str
    doubt: Message | None = None


@dataclass(frozen=True)
class Plan:
    """entries: one for each host in scope, in the order of the inventory."""

    entries: Mapping[str, PlanEntry]

    @property
    def work(self) -> dict[str, Work]:
        """The hosts to work on."""
        return {name: entry.work for name, entry in self.entries.items() if entry.work}

    @property
    def blocked(self) -> dict[str, Message]:
        """The hosts that must wait, or cannot be worked on from here, and why."""
        return {name: entry.blocked for name, entry in self.entries.items() if entry.blocked}


def make_plan(fleet: Fleet, scope: Iterable[str], predicting: bool = False) -> Plan:
    """Plan for the hosts in scope. predicting: check mode, where a Relay that would be fixed counts as fixed.

    Raises SettingsErrors when settings make the run pointless or unsafe, such as a target without the fix.
    """
    wanted = set(scope)
    names = [name for name in fleet.hosts if name in wanted]
    problems: list[Problem] = []
    entries: dict[str, PlanEntry] = {}
    for name in names:
        try:
            entries[name] = _entry(fleet, fleet.hosts[name])
        except SettingsErrors as error:
            problems += error.problems
    if problems:
        raise SettingsErrors(problems)
    for name in _relays_to_update(fleet, entries):
        entries[name] = _work_entry(finish(fleet, fleet.hosts[name]))

    as_good_as_fixed = {
        name for name, relay in fleet.candidates.items() if predicting and relay.stages and not relay.failure
    }
    # Relays first: a prediction for Agents depends on what is left of them.
    for name in sorted(entries, key=lambda name: not fleet.hosts[name].goes_first):
        work = entries[name].work
        if work is None:
            continue
        objection = _order_objection(fleet, fleet.hosts[name], work, as_good_as_fixed)
        if objection:
            entries[name] = _blocked_entry(objection)
        elif predicting and work.tier == "relays":
            as_good_as_fixed.add(name)
    return Plan(entries)


def _work_entry(work: Work) -> PlanEntry:
    reason = "upgrade" if work.package else "restart" if work.target else "finish"
    return PlanEntry(work, None, reason)


def _blocked_entry(reason: Message) -> PlanEntry:
    return PlanEntry(None, reason, reason.code)


def _entry(fleet: Fleet, host: HostRun) -> PlanEntry:
    """What the host needs for itself, whatever the others are."""
    if host.unread:
        return PlanEntry(None, None, host.unread.code)  # that it was not read is in the report anyway
    if host.failure:
        return _blocked_entry(message("failed_in_this_run", stage=host.failure.stage))
    unreadable = (host.record or {}).get("remediation_unreadable")
    if unreadable:
        # It may say that an upgrade is unfinished, or self-protection off.
        return _blocked_entry(message("note_unreadable", why=unreadable))
    try:
        work = work_for(fleet, host)
    except Blocked as error:
        return _blocked_entry(error.reason)
    if work is None:
        return PlanEntry(None, None, fleet.verdict(host).reason_code)
    entry = _work_entry(work)
    if work.package and host.settings["dsa_verify_packages"]:
        return replace(entry, doubt=signature_doubt(work.package, host.record or {}))
    return entry


def _order_objection(fleet: Fleet, host: HostRun, work: Work, as_good_as_fixed: set[str]) -> Message | None:
    """Why others come before this host: the Manager, the maker of its bundle, or its Relays."""
    if work.target:
        with naming("dsm_minimum_version", host):
            objection = fleet.manager_objection(host, parse_build(work.target))
        if objection:
            return objection
    objection = fleet.bundle_objection(host)
    if objection or work.tier == "relays":
        return objection
    return fleet.relays_objection(host, as_good_as_fixed)


def _relays_to_update(fleet: Fleet, entries: Mapping[str, PlanEntry]) -> list[str]:
    """Relays in scope that have the fix, whose update since is not proven, and that a host waits for.

    That is a host with work to do, or one that was not read and so may have; and any offline site that depends on its
    bundles. A fleet that complies is left alone.
    """
    due = [
        name
        for name, entry in entries.items()
        if not entry.work and not entry.blocked and (relay := fleet.hosts[name]).goes_first and not fleet.updated(relay)
    ]
    due = [name for name in due if (v := fleet.verdict(fleet.hosts[name])).compliant and v.verdict != "not_installed"]
    if not due:
        return []
    awaited = {host.settings["dsa_bundle_relay"] for host in fleet.hosts.values()}
    for host in fleet.hosts.values():
        entry = entries.get(host.host)
        if not host.goes_first and (host.unread or (entry and entry.work) or fleet.verdict(host).action == "upgrade"):
            awaited.update(relay.host for relay in fleet.relays_of(host) or ())
            if awaited.issuperset(due):
                break
    return [name for name in due if name in awaited]
