# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Which hosts a run reads and works on, in which order and batches; decided on the controller, kept in the journal."""

from __future__ import annotations

import importlib.util
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from .._advisory import Context, decide
from .._fleet import Fleet, Plan, PlanEntry, batch_sizes, make_plan, order, stopped_tier
from .._messages import Message, Texts, message
from .._record import out_of_date
from .._report.notes import hosts as hosts_named
from .._run import HostRun
from .._settings import SettingsError
from .._text import one_line
from .downloads import Downloads
from .hosts import host_runs
from .run import Run
from .terminal import in_width

Tier = t.Literal["relays", "agents"]
TIERS: tuple[Tier, ...] = ("relays", "agents")
# So many hosts are named in a line; the report names all.
_NAMED = 10
_LONGEST_REASON = 200


def hosts_to_read(run: Run) -> list[str]:
    """The hosts of the scope of which the Manager's data is not enough."""
    if run.errors:
        return []
    fleet = run.fleet()
    gate = run.begun.get("playbook") == "gate"
    return [name for name in run.scope if not _manager_is_enough(fleet.hosts[name], fleet, gate)]


def relays_outside(run: Run, hosts: Iterable[str] = ()) -> list[str]:
    """Relays outside these hosts, or outside the scope, that they may use: without a reading of them they block."""
    if run.errors:
        return []
    inside, found = set(hosts or run.scope), dict[str, None]()
    fleet, gate = run.fleet(), run.begun.get("playbook") == "gate"
    for name, host in fleet.hosts.items():
        if name not in inside and host.goes_first:
            found[name] = None
        if name in inside:
            named = (*(host.settings["dsa_relays"] or ()), host.settings["dsa_bundle_relay"])
            found.update(dict.fromkeys(relay for relay in named if relay in fleet.hosts and relay not in inside))
    unread = (fleet.hosts[name] for name in found if fleet.hosts[name].first is None)
    return [relay.host for relay in unread if not _manager_is_enough(relay, fleet, gate)]


def tier_of(run: Run, tier: Tier) -> Mapping[str, t.Any]:
    """The journal's entry of a tier; planned when it is first needed.

    order (hosts) and sizes (of batches): of hosts that work on their own. by_manager: the same of those that tasks of
    the Manager work on.
    """
    for entry in run.journal.entries(""):
        if entry["kind"] == "tier" and entry["tier"] == tier:
            return entry
    if run.errors:
        return {"order": [], "sizes": [], "by_manager": {"order": [], "sizes": []}}
    everybody = host_runs(run.variables, run.journal)
    # What the tier before worked on keeps its entry, for the report.
    fleet, plan = plan_hosts(run, [name for name in run.scope if not everybody[name].stages])
    hosts = order(plan, tier, fleet)
    by_manager = [name for name in hosts if uses_manager(fleet.hosts[name])]
    alone = [name for name in hosts if not uses_manager(fleet.hosts[name])]
    entry = {"tier": tier, **_batches(fleet, alone, tier), "by_manager": _batches(fleet, by_manager, tier)}
    run.journal.append("", "tier", **entry)
    return entry


def plan_hosts(run: Run, names: Sequence[str]) -> tuple[Fleet, Plan]:
    """Plan for these hosts, bring their packages to the controller, and record each host's entry."""
    fleet = run.fleet()
    # Where Relays are not worked on, no Agent can be promised that they will be fixed.
    predicting = run.check_mode and run.begun.get("playbook") != "remediate_agents"
    plan = make_plan(fleet, names, predicting)
    stopped = {str(tier): stopped_tier(fleet, tier, _first_batch(run, tier)) for tier in TIERS}
    entries = {name: _prerequisites(fleet.hosts[name], _unless(stopped, entry)) for name, entry in plan.entries.items()}
    if not run.check_mode:
        entries = _bring(run, fleet, entries)
    plan = Plan(entries)
    run.journal.append_all((name, "plan", plan_dict(entry)) for name, entry in entries.items())
    for line in in_width(_in_words(plan, Texts(run.settings["dsa_report_language"]))):
        run.display.display(line)
    return fleet, plan


def _first_batch(run: Run, tier: Tier) -> list[str]:
    """The hosts of the tier's first batch in this run: its failures stop the tier."""
    for entry in run.journal.entries(""):
        if entry["kind"] == "tier" and entry["tier"] == tier:
            part = entry if entry["order"] else entry["by_manager"]
            return list(part["order"][: part["sizes"][0]]) if part["order"] else []
    return []


def _bring(run: Run, fleet: Fleet, entries: Mapping[str, PlanEntry]) -> dict[str, PlanEntry]:
    """Download each distinct file once, before any host is touched; a host whose file cannot be had is blocked."""
    done: dict[str, PlanEntry] = {}
    folders: dict[tuple[t.Any, ...], Downloads] = {}
    for name, entry in entries.items():
        done[name] = entry
        package = entry.work.package if entry.work else None
        if entry.work is None or package is None or package.origin not in ("url", "manager"):
            continue
        settings = fleet.hosts[name].settings
        where = tuple(settings[f"dsa_package_{part}"] for part in ("cache", "ca_path", "validate_certs"))
        # One for all hosts with the same settings: an address that failed is not tried again for each of them.
        downloads = folders.setdefault(where, Downloads(*where, display=run.display.display))
        try:
            done[name] = replace(entry, work=replace(entry.work, package=downloads.bring(package)))
        except SettingsError as error:
            done[name] = PlanEntry(None, message("not_downloaded", why=str(error)), "not_downloaded")
    return done


def relays_of_batch(run: Run, names: Iterable[str]) -> list[str]:
    """The Relays that these hosts depend on and that this run has read: they are read again before the batch."""
    if run.check_mode:
        return []  # nothing has changed since
    fleet, batch = run.fleet(), list(names)
    found = dict[str, None]()
    for name in batch:
        host = fleet.hosts[name]
        relays = [] if host.goes_first else [relay.host for relay in fleet.relays_of(host) or ()]
        for relay in (*relays, *filter(None, [host.settings["dsa_bundle_relay"]])):
            known = fleet.hosts.get(relay)
            if known is not None and relay not in batch and known.first is not None and not known.unread:
                found[relay] = None
    return list(found)


def hosts_with_work(run: Run, names: Iterable[str]) -> list[str]:
    """Those of a batch that the plan has work for and that did not fail."""
    return [name for name in names if (host := run.host(name)).work is not None and not host.failure]


def hosts_by_manager(run: Run, names: Iterable[str], build: str = "") -> list[str]:
    """Those of them that a task of the Manager brings to this build; to any build without one."""
    return [
        name
        for name in hosts_with_work(run, names)
        if (work := run.host(name).work)
        and (work.get("package") or {}).get("origin") == "task"
        and build in ("", work["target"])
    ]


def builds_by_manager(run: Run, names: Iterable[str]) -> list[str]:
    """The builds that tasks of the Manager bring these hosts to."""
    works = (run.host(name).work for name in hosts_by_manager(run, names))
    return sorted({str(work["target"]) for work in works if work})


def plan_dict(entry: PlanEntry) -> dict[str, object]:
    """An entry of the plan as JSON. What may be secret in an address does not enter the journal: see Package."""
    work = entry.work.as_dict() if entry.work else None
    doubt = entry.doubt.as_dict() if entry.doubt else None
    return {
        "work": {**work, "doubt": doubt} if work else None,
        "blocked": entry.blocked.as_dict() if entry.blocked else None,
    }


def uses_manager(run: HostRun) -> bool:
    """Whether tasks of the Manager do a part of the work on this host."""
    return bool(run.computer) and "manager" in (
        run.settings["dsa_upgrade_through"],
        run.settings["dsa_security_update_through"],
    )


def _batches(fleet: Fleet, hosts: list[str], tier: Tier) -> dict[str, list[t.Any]]:
    # A play has one list of sizes: that of its first host stands for all.
    return {"order": hosts, "sizes": batch_sizes(fleet.hosts[hosts[0]].settings, len(hosts), tier) if hosts else []}


def _manager_is_enough(run: HostRun, fleet: Fleet, gate: bool) -> bool:
    """Whether the Manager's record stands for a host.

    A host that needs work is read; so is a Relay whose record does not have that it has updated.
    """
    if run.source != "manager":
        return False
    record = run.manager_record
    if gate or not record:
        return gate
    updates, days = record.get("updates"), run.settings["dsa_manager_max_age"]
    updates = updates if isinstance(updates, Mapping) else {}
    old = out_of_date(run.computer.get("last_contact"), days, fleet.now)
    context = Context(certificate_replaced=run.settings["dsa_certificate_replaced"])
    if old or not decide(record, fleet.advisory, context).compliant or updates.get("status") == "error":
        return False
    return (record.get("relay") or {}).get("enabled") is False or updates.get("latest") is True


def _unless(stopped: Mapping[str, Message | None], entry: PlanEntry) -> PlanEntry:
    """A host is not worked on when its tier has stopped."""
    why = stopped[entry.work.tier] if entry.work else None
    return PlanEntry(None, why, why.code) if why else entry


def _prerequisites(run: HostRun, entry: PlanEntry) -> PlanEntry:
    """What the controller itself lacks is known before a host is touched."""
    if entry.work is None or entry.work.package is None or (run.record or {}).get("platform") != "windows":
        return entry
    if importlib.util.find_spec("ansible_collections.ansible.windows") is None:
        return PlanEntry(None, message("no_ansible_windows"), "no_ansible_windows")
    return entry


def _in_words(plan: Plan, texts: Texts) -> str:
    """The plan in one line: which hosts are next, and how many wait, with one as an example of why."""
    parts = []
    for tier in TIERS:
        names = [name for name, entry in plan.entries.items() if entry.work and entry.work.tier == tier]
        if names:
            parts.append(texts(f"progress_plan_{tier}", count=len(names), hosts=hosts_named(names, texts, _NAMED)))
    blocked = plan.blocked
    if blocked:
        host, why = next(iter(blocked.items()))
        reason = one_line(texts.message(why.as_dict()), _LONGEST_REASON)
        parts.append(texts("progress_plan_blocked", count=len(blocked), host=host, reason=reason))
    parts = parts or [texts("progress_plan_nothing")]
    return texts("progress_plan", parts=texts("terminal_separator").join(parts))
