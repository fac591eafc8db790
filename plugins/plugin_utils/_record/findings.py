# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What is wrong with an agent beside its build: what would stay unnoticed while the gate passes.

Unknown is never healthy: a state that a source of this record has to give and does not give is a finding of its own.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from .._advisory import Build, Verdict, build_or_none
from .._advisory.evidence import entries, from_manager, part, problems_of, sources_of, state_of
from .._messages import Message, message
from .._text import one_line

Record = Mapping[str, t.Any]

# Phases of the progress note that leave something to do.
PENDING = ("upgrading", "update_pending")
_PHASES = (None, "done", *PENDING)
_SELF_PROTECTION = (None, "on", "off", "unknown")
# Every finding that there is: whether a host with it fails the gate, whatever its build.
FAILS_GATE: Mapping[str, bool] = {
    "remediation_pending": True,
    "note_unreadable": True,
    "self_protection_off": True,
    "agent_gone": True,
    "service_not_running": True,
    "service_unknown": True,
    "service_part_not_running": True,
    "drivers_not_running": True,
    "anti_malware_offline": True,
    "anti_malware_unknown": True,
    "anti_malware_absent": False,
    "agent_silent": True,
    "not_activated": False,
    "reboot_pending": False,
    "manager_disagrees_build": False,
    "manager_disagrees_relay": False,
    "manager_word_old": True,
    "updates_failing": True,
}
_NOT_RUNNING = ("stopped", "failed", "paused", "pending", "missing", "disabled")
# Services that exist, or run, only where Anti-Malware is on.
_ANTI_MALWARE_SERVICES = ("amsp", "ds_am")
# More than what clocks that are looked after differ by.
_CLOCKS_DIFFER = timedelta(hours=1)


@dataclass(frozen=True)
class Finding:
    """One thing to know. fails_gate: a host with it does not pass, whatever its build.

    variant: where one code has several sentences, which of them.
    """

    code: str
    values: Mapping[str, object] = field(hash=False)
    fails_gate: bool
    variant: str = ""

    @property
    def message(self) -> Message:
        """The finding for people."""
        return Message(f"finding_{self.code}{self.variant and '_' + self.variant}", self.values)

    def as_dict(self) -> dict[str, object]:
        """The finding as JSON."""
        shown = self.message
        return {
            "code": self.code,
            "message": shown.text,
            "fails_gate": self.fails_gate,
            "values": shown.as_dict()["values"],
        }


def _finding(code: str, variant: str = "", **values: object) -> Finding:
    return Finding(code, values, FAILS_GATE[code], variant)


def findings_of(record: Record) -> list[Finding]:
    """Findings about one agent record, also of a host where no agent is installed."""
    found = [*_note(record), *_silence(record)]
    if record.get("installed") is not True:
        return found
    found += [*_services(record), *_anti_malware(record)]
    if record.get("activated") is False:
        found.append(_finding("not_activated"))
    reboot = part(record, "reboot")
    if reboot.get("required") is True:
        reasons = [each.get("text") if isinstance(each, Mapping) else each for each in entries(reboot.get("reasons"))]
        found.append(_finding("reboot_pending", reasons=[one_line(each) for each in reasons]))
    return found


def _note(record: Record) -> Iterable[Finding]:
    """How far an earlier remediation came. A note that cannot be read may hide a due update and an open guard."""
    note, why = record.get("remediation"), record.get("remediation_unreadable")
    if not why and note is not None and not isinstance(note, Mapping):
        why = "it is no mapping"
    note = note if isinstance(note, Mapping) else {}
    phase, guard = note.get("phase"), note.get("self_protection")
    if not why and phase not in _PHASES:
        why = f"the phase is {one_line(phase, 60)}"
    if not why and guard not in _SELF_PROTECTION:
        why = f"the state of self-protection is {one_line(guard, 60)}"
    if why:
        yield _finding("note_unreadable", why=one_line(why))
    since = message("since", since=one_line(note["since"], 60)) if note.get("since") else message("nothing")
    pending, open_guard = phase in PENDING, guard in ("off", "unknown")
    if record.get("installed") is False:
        if pending or open_guard:
            yield _finding("agent_gone", since=since, phase=phase or "none", self_protection=guard or "on")
        return
    if pending:
        yield _finding("remediation_pending", since=since, phase=phase)
    if open_guard:
        yield _finding("self_protection_off", "unknown" if guard == "unknown" else "")


def _silence(record: Record) -> Iterable[Finding]:
    """Whether the running agent did not answer, or only in part."""
    for problem in problems_of(record):
        absent = record.get("installed") is False and problem.code == "missing"
        if problem.source == "dsa_query" and not absent:
            yield _finding("agent_silent", why=problem.text)
            return
    named = part(record, "versions")
    if "dsa_query" in named and named["dsa_query"] is None:
        yield _finding("agent_silent", why=message("source_without_build", source="dsa_query"))


def _services(record: Record) -> Iterable[Finding]:
    """The agent's own service, and whatever else of the agent has to run."""
    if from_manager(record):
        return  # the Manager knows no services; how old its data is, is a finding of its own
    service = part(record, "service")
    if "service" in record:
        state, name = service.get("state"), one_line(service.get("name") or "of the agent", 60)
        if state in _NOT_RUNNING:
            yield _finding("service_not_running", name=name, state=state)
        elif state != "running":
            yield _finding("service_unknown", name=name, why=_why_unknown(record, state))
    not_counted = {str(service.get("name"))}
    if _mode(record) in (None, "off"):
        # Where Anti-Malware is off its services rightly do not run; where its state is not known, that is the finding.
        not_counted.update(_engines(record))
    down = [state_of(each) for name, each in _parts(record).items() if name not in not_counted and not _runs(each)]
    if down:
        yield _finding("service_part_not_running", services=down)


def _why_unknown(record: Record, state: object) -> str:
    problems = [problem.text for problem in problems_of(record) if problem.source == "service"]
    return one_line(problems[0] if problems else state or "it was not read")


def _runs(service: Record) -> bool:
    return service.get("state") == "running"


def _listed(value: object) -> list[Record]:
    """Services or drivers, each with name and state."""
    return [each for each in entries(value) if isinstance(each, Mapping) and each.get("name")]


def _parts(record: Record) -> dict[str, Record]:
    """Name → every service of the agent that has to run."""
    return {str(each["name"]): each for each in _listed(record.get("services"))}


def _engines(record: Record) -> dict[str, Record]:
    """The services of Anti-Malware among them."""
    return {name: each for name, each in _parts(record).items() if name.lower() in _ANTI_MALWARE_SERVICES}


def _mode(record: Record) -> str | None:
    mode = part(record, "anti_malware").get("mode")
    return str(mode).strip().lower() if mode is not None else None


def _anti_malware(record: Record) -> Iterable[Finding]:
    """Whether Anti-Malware protects the host.

    mode "off" is the decision of a policy, and an agent without the module rightly shows nothing of it. So a mode that
    is null fails only where something else shows that the module is there (see _has_anti_malware). Where nothing does,
    dsa_query answered in full and named no module: that is shown and does not fail. Where dsa_query did not answer in
    full, agent_silent fails. A word for the mode that is not known here fails.
    """
    if "anti_malware" not in record:
        return
    windows, mode, state = record.get("platform") == "windows", _mode(record), part(record, "anti_malware")
    if state.get("driver_offline") is True or (mode or "").endswith("offline"):
        yield _finding("anti_malware_offline", "windows" if windows else "")
    elif mode is None:
        if not from_manager(record) and not any(_silence(record)):
            there = _has_anti_malware(record)
            yield _finding("anti_malware_unknown", mode="null") if there else _finding("anti_malware_absent")
    elif mode != "off":
        if mode != "on":
            yield _finding("anti_malware_unknown", mode=one_line(mode, 60))
        elif state.get("driver_offline") is not False and not from_manager(record):
            # Another key may say that it is offline: what is not shown to work is not known to.
            yield _finding("anti_malware_unknown", "driver")
        down = [state_of(each) for each in _listed(record.get("drivers")) if not _runs(each)]
        if down and windows:
            yield _finding("drivers_not_running", drivers=down)


def _has_anti_malware(record: Record) -> bool:
    """Whether an engine, patterns, a service or a driver shows that the module is there."""
    state = part(record, "anti_malware")
    if state.get("driver_offline") is not None or state.get("engine") is not None or entries(state.get("patterns")):
        return True
    parts = (*_engines(record).values(), *_listed(record.get("drivers")))
    return any(each.get("state") != "missing" for each in parts)


def disagreements(record: Record, manager_record: Record, in_relay_group: bool) -> list[Finding]:
    """Where the Manager's record of a host differs from the host's own.

    None of it fails the gate by itself: the host's own record is the fresher one, and is judged anyway.
    """
    found: list[Finding] = []
    if from_manager(record):
        record = {}
    here, there = build_or_none(record.get("version")), build_or_none(manager_record.get("version"))
    if here is not None and there is not None and here != there:
        found.append(_finding("manager_disagrees_build", here=here.text, there=there.text))
    known = part(manager_record, "relay").get("enabled")
    seen = part(record, "relay").get("enabled")
    if known is True and seen is False:
        found.append(_finding("manager_disagrees_relay"))
    elif known is False and seen is True:
        found.append(_finding("manager_disagrees_relay", "host"))
    elif known is False and in_relay_group:
        found.append(_finding("manager_disagrees_relay", "inventory"))
    return found


def out_of_date(last_contact: object, days: float, now: datetime) -> list[Finding]:
    """Whether an agent that is known through the Manager alone had no contact with it for longer than days.

    last_contact: ISO 8601, in UTC where it names no zone.
    """
    shown = one_line(last_contact or "never", 60)
    try:
        since = datetime.fromisoformat(str(last_contact).replace("Z", "+00:00"))
    except ValueError:
        return [_finding("manager_word_old", "never", last_contact=shown)]
    if since.tzinfo is None:
        since = since.replace(tzinfo=timezone.utc)
    age = now - since
    if age < -_CLOCKS_DIFFER:
        return [_finding("manager_word_old", "future", last_contact=shown)]
    if age.total_seconds() <= days * 86400:
        return []
    return [_finding("manager_word_old", last_contact=shown, days=f"{days:g}")]


def failing_updates(events_entry: object, updates: object) -> list[Finding]:
    """Whether the security updates of an agent fail, by the Manager.

    events_entry: last_failure and certificate_expired (since the last success) of the computer's events.
    updates: status and message of the Manager's record.
    """
    if isinstance(events_entry, Mapping) and events_entry.get("certificate_expired") is True:
        last = one_line(events_entry.get("last_failure") or "an unknown time", 60)
        return [_finding("updates_failing", "certificate", last_failure=last)]
    if isinstance(updates, Mapping) and updates.get("status") == "error":
        return [_finding("updates_failing", why=one_line(updates.get("message") or "no reason given"))]
    return []


def unverified(record: Record, verdict: Verdict, target: Build | None) -> list[Message]:
    """What stands between an upgraded host and the outcome "verified"; empty where nothing does.

    Two sources have to give the build: the exit status of a package manager proves nothing.
    """
    sources = sources_of(record)
    reasons = [] if verdict.compliant else [verdict.message]
    if verdict.reason_code != "source_unreadable":  # that reason names them already
        reasons += sources.unreadable.values()
    if len(sources.builds) == 1:
        reasons.append(message("unverified_one_source", source=next(iter(sources.builds))))
    elif not sources.builds:
        reasons.append(message("unverified_no_source"))
    for source, build in sorted(sources.builds.items()):
        if target is not None and build < target:
            reasons.append(message("unverified_below_target", source=source, build=build.text, target=target.text))
    return reasons + [finding.message for finding in findings_of(record) if finding.fails_gate]
