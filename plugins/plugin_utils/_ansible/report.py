# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The report of a run: written when it begins, so that an older one never passes for it, and when it ends."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from itertools import chain
from pathlib import Path

from .._advisory import AdvisoryError, load_advisory
from .._fleet import Fleet
from .._messages import Texts
from .._report import Outcome, Report, Written, begun_report, failing, gate_message, make_report, write
from .._report.document import Document
from .._report.merge import merge
from .._settings import SettingsError
from .._text import one_line
from . import inputs, publish, relay_hosts
from .facts import run_facts, started_by
from .run import Run, grouped
from .scope import Scope

# Of errors, in what a host fails with: the report has all of them.
_LONGEST = 500

_OF_TIER = {"remediate_relays": ("relay",), "remediate_agents": ("agent", "appliance", "manager")}


@dataclass(frozen=True)
class Ended:
    """A report that was made and written.

    document: the report as it was written. path: where its JSON goes. files: what was written, JSON first. problem:
    what could not be written, or an empty text. error: why the run proves nothing, or an empty text. failing: host →
    why it does not pass.
    """

    report: Report
    document: Document
    texts: Texts
    path: Path
    files: Sequence[Path]
    problem: str
    error: str
    failing: Mapping[str, str]

    @property
    def passed(self) -> bool:
        """Whether the run passes, and its report was written."""
        return self.report.passed and not self.error


def begin(run: Run, scope: Scope) -> None:
    """Write what stands in the file until the run ends, after what is read of earlier files."""
    inputs.begin(run)
    problem = _write(run, begun_report(run_facts(run, scope.as_dict()), scope.hosts).as_dict()).problem
    if problem:
        run.fail(problem)


def begin_play(run: Run, hosts: Sequence[str]) -> None:
    """The same for a play that is not ours, when its first task begins the journal."""
    inputs.begin(run)
    # What goes wrong here goes wrong at the end too, and is shown there.
    _write(run, begun_report(run_facts(run, _scope(run, hosts)), hosts).as_dict())


def refused(run: Run, why: str) -> str:
    """Write a report of a run that was refused before it began; what to show."""
    facts = {**run_facts(run, {}), "errors": [why], "check_mode": False}
    report = replace(begun_report(facts, ()), finished=_now())
    return " ".join(filter(None, (why, _write(run, report.as_dict()).problem)))


def end(run: Run, hosts: Sequence[str] = (), reports: Sequence[Report] = (), writes: bool = True) -> Ended:
    """Make, write and record the report of this run.

    hosts: what it is about where no playbook of ours began it. reports: those of other runs, to make one of. writes:
    whether a file may take the place of what is there.
    """
    fleet, errors = _fleet(run)
    report = _made(run, run.begun.get("scope") or _scope(run, hosts), reports, fleet, errors)
    document, texts = report.as_dict(), _texts(run)
    files, problem = written = _write(run, document) if writes else Written((), "")
    error = "; ".join(dict.fromkeys([*report.errors, *([problem] if problem else [])]))
    outcomes = failing(report)
    messages = {outcome.host: gate_message(outcome, texts) for outcome in outcomes}
    run.journal.append_all((outcome.host, "gate", _gate(outcome, messages, texts)) for outcome in outcomes)
    ended = Ended(report, document, texts, path_of(run), files, problem, error, messages)
    published = {
        **publish.of_report(document, texts, ended.path, written),
        "relay_hosts": relay_hosts.published(fleet, run.variables, report.playbook, run.journal.run_id),
    }
    of_run = {"path": str(ended.path), "summary": document["summary"]}
    run.journal.append("", "report", passed=ended.passed, error=error, **of_run, **published)
    return ended


def _gate(outcome: Outcome, messages: Mapping[str, str], texts: Texts) -> dict[str, str]:
    """What the journal has of a host that does not pass: msg is the same for all hosts with the same cause."""
    return {"msg": messages[outcome.host], "reason": texts.joined(outcome.reasons)}


def _fleet(run: Run) -> tuple[Fleet, list[str]]:
    """The hosts as the journal has them, and everything that went wrong with the run as a whole."""
    errors = list(run.errors)
    try:
        return run.fleet(), errors
    except (SettingsError, AdvisoryError) as wrong:
        errors += grouped(wrong) if isinstance(wrong, SettingsError) else []
        return Fleet({}, load_advisory()), errors


def _made(run: Run, scope: Mapping[str, t.Any], reports: Sequence[Report], fleet: Fleet, errors: list[str]) -> Report:
    """The report of what the journal has."""
    names = list(scope["hosts"])
    facts = run_facts(run, scope)
    others = _of_other_roles(_roles(run), fleet, names, reports)
    facts["left_out"] += [{"host": name, "why": "role"} for name in others]
    names = [name for name in names if name not in others]
    if run.journal.damaged:
        errors.append(
            f"{run.journal.damaged} lines of the run journal {run.journal.path} cannot be read, so it is not known "
            "what they recorded: make room on the disk and run again"
        )
    no_host = not names and not any(report.outcomes for report in reports)
    if no_host and not errors and not _other_tier(run, fleet, others):
        errors.append("there is no host to report on, and nothing is proven: check --limit, dsa_hosts and the groups")
    facts["errors"] = list(dict.fromkeys(errors))
    if reports:
        expected = {name: fleet.hosts[name].role if name in fleet.hosts else None for name in names}
        return inputs.complete(run, merge(reports, begun_report(facts, ()), expected), ())
    waived = [fleet.hosts[name].settings["dsa_precheck_waive"] for name in names if name in fleet.hosts]
    return inputs.complete(run, make_report(fleet, names, facts, _now()), chain.from_iterable(waived))


def _roles(run: Run) -> Sequence[str]:
    """The roles that the report is about. A playbook for one tier has its own, whatever is set."""
    roles: Sequence[str] = run.settings["dsa_report_roles"]
    return _OF_TIER.get(str(run.begun.get("playbook")), roles)


def _of_other_roles(
    roles: Sequence[str], fleet: Fleet, names: Sequence[str], reports: Sequence[Report]
) -> dict[str, str | None]:
    """The hosts that the report is not about, with their roles. No roles: it is about all."""
    known: dict[str, str | None] = {name: fleet.hosts[name].role for name in names if name in fleet.hosts}
    known |= {outcome.host: outcome.role for report in reports for outcome in report.outcomes}
    return {name: role for name, role in known.items() if roles and role not in roles}


def _other_tier(run: Run, fleet: Fleet, names: Iterable[str]) -> bool:
    """Whether the playbook is about one tier, and all these hosts are known to be of the other: a slice may be so."""
    playbook, hosts = run.begun.get("playbook"), [fleet.hosts[name] for name in names]
    if playbook == "remediate_agents":
        return bool(hosts) and all(host.role == "relay" for host in hosts)
    return playbook == "remediate_relays" and not any(host.goes_first or host.may_be_relay for host in hosts)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def spared(run: Run) -> list[str]:
    """Hosts that should fail, and on which the gate's task did not run."""
    failed = {entry["host"] for entry in run.journal.entries() if entry["kind"] == "gated"}
    return [name for name in to_fail(run) if name not in failed]


def to_fail(run: Run) -> list[str]:
    """The hosts that fail by the report that was made; one in their place where the inventory has none of them.

    A run with errors proves nothing of any host, whatever the gate is. AWX takes the hosts that failed for a relaunch,
    so all of them fail there; anywhere else once is enough.
    """
    ended = run.journal.last("report") or {}
    if ended.get("passed") or not (ended.get("error") or run.gated):
        return []
    if ended.get("error"):
        found = run.scope if _in_awx(run) else run.one
    else:
        found = [entry["host"] for entry in run.journal.entries() if entry["kind"] == "gate"]
    known = set(map(str, run.variables["groups"]["all"]))
    return [name for name in dict.fromkeys(found) if name in known] or run.one


def gate_of(run: Run, name: str) -> dict[str, str] | None:
    """Why the gate fails this host, as msg and reason; None where it passes."""
    error = (run.journal.last("report") or {}).get("error")
    if error:  # which a terminal has just shown, and AWX shows of a host only here
        text = f": {error}" if _in_awx(run) else ", which the report names"
        return {"msg": one_line(f"the run proves nothing, as it has errors{text}", _LONGEST), "reason": ""}
    own = [entry for entry in run.journal.entries(name) if entry["kind"] == "gate"]
    if own:
        return {key: own[-1][key] for key in ("msg", "reason")}
    if name in to_fail(run):
        others = [entry["host"] for entry in run.journal.entries() if entry["kind"] == "gate"]
        return {"msg": f"{named(others)} did not pass, and this inventory does not have them", "reason": ""}
    return None


def _in_awx(run: Run) -> bool:
    return started_by(run.variables)["awx_job"] is not None


def named(hosts: Sequence[str]) -> str:
    """The first of these hosts, and how many more there are."""
    return ", ".join(map(one_line, hosts[:3])) + (f" and {len(hosts) - 3} more" if len(hosts) > 3 else "")


def _scope(run: Run, hosts: Sequence[str]) -> Mapping[str, t.Any]:
    """The scope of a play that is not ours."""
    others = [str(name) for name in run.variables["groups"]["all"] if name not in set(hosts)]
    return {"hosts": list(hosts), "left_out": [{"host": name, "why": "play"} for name in others]}


def _write(run: Run, document: Document) -> Written:
    """Write the document in all formats of the run."""
    return write(document, path_of(run), run.settings["dsa_report_formats"], _texts(run))


def _texts(run: Run) -> Texts:
    return Texts(run.settings["dsa_report_language"])


def path_of(run: Run) -> Path:
    """Where the JSON report goes."""
    return run.report_path


__all__ = ["Ended", "begin", "end", "gate_of", "named", "path_of", "refused", "spared", "to_fail"]
