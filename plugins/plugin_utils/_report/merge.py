# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""One report of several: of slices of one fleet, or of the job for Relays and the job for Agents."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from .._messages import message
from .model import Json, Outcome, Report
from .next import next_of
from .times import runs_of, time_of
from .waivers import combined

_EARLIEST = datetime.min.replace(tzinfo=timezone.utc)


def merge(reports: Sequence[Report], made_by: Report, expected: Mapping[str, str | None]) -> Report:
    """One report of these, which are by one advisory, in any order; one that is given twice counts once.

    made_by: the report of the run that merges: its facts, its errors, what it leaves out. expected: the hosts of the
    inventory, with their roles. Of a host that several reports have the latest reading counts, and at the same time the
    one that does not pass. One that none has is unreachable. The whole is never better than its parts: it has the
    errors of all, and did not finish where one did not.
    """
    outcomes = _latest(reports, {entry["host"] for entry in made_by.left_out})
    known = {outcome.host for outcome in outcomes}
    outcomes += [_absent(host, role) for host, role in expected.items() if host not in known]
    outcomes.sort(key=lambda outcome: outcome.host)
    runs = _unique(run for report in reports for run in runs_of(report))
    judged = max(reports, key=lambda report: (report.advisory, report.title, report.source))
    ends = [run["finished"] for run in runs] + [report.finished for report in reports]
    return replace(
        made_by,
        advisory=judged.advisory,
        title=judged.title,
        source=judged.source,
        check_mode=all(report.check_mode for report in reports),
        started=min((run["started"] for run in runs), key=_moment),
        finished=None if None in ends else max(ends, key=_moment),
        limit=made_by.limit or _common(report.limit for report in reports),
        dsa_hosts=made_by.dsa_hosts or _common(report.dsa_hosts for report in reports),
        change_id=made_by.change_id or _common(report.change_id for report in reports),
        gate_on=_common(report.gate_on for report in reports) or "compliance",
        errors=[*made_by.errors, *_texts(reports, _errors)],
        warnings=[*made_by.warnings, *_texts(reports, lambda report: report.warnings)],
        left_out=_left_out([made_by, *reports], outcomes),
        waivers=combined((waiver for report in reports for waiver in report.waivers), outcomes),
        merged_from=runs,
        difference=_common(report.difference for report in reports),
        outcomes=tuple(outcomes),
    )


def _latest(reports: Sequence[Report], left_out: set[str]) -> list[Outcome]:
    found: dict[str, list[tuple[datetime, Outcome]]] = {}
    for report in reports:
        ended = max(_moment(run["finished"] or run["started"]) for run in runs_of(report))
        for outcome in report.outcomes:
            found.setdefault(outcome.host, []).append((ended, outcome))
    return [
        known[0][1] if len(known) == 1 else max(known, key=_rank)[1]
        for host, known in found.items()
        if host not in left_out
    ]


def _rank(known: tuple[datetime, Outcome]) -> tuple[datetime, datetime, bool, str]:
    """By the end of the reading, or of the run where the host was not read; then by the end of the run."""
    ended, outcome = known
    read_at = _moment(outcome.read_at) if outcome.read_at else ended
    return read_at, ended, not outcome.passed, _text(outcome.as_dict())


def _absent(host: str, role: str | None) -> Outcome:
    why = message("in_no_report")
    return Outcome(
        host=host,
        role=role,
        verdict_before="unreachable",
        verdict="unreachable",
        next=next_of([why]),
        reason=why.text,
        reasons=[why.as_dict()],
        reason_code="not_read",
    )


def _errors(report: Report) -> Iterable[str]:
    unfinished = report.finished is None and not report.merged_from
    return [*report.errors, *(["it did not finish"] if unfinished else [])]


def _texts(reports: Sequence[Report], texts: t.Callable[[Report], Iterable[str]]) -> list[str]:
    """Errors or warnings with the run that they come from; those of a merged report have it."""
    return sorted(
        {text if report.merged_from else f"run {report.run_id}: {text}" for report in reports for text in texts(report)}
    )


def _left_out(reports: Sequence[Report], outcomes: Sequence[Outcome]) -> list[Mapping[str, str]]:
    """The hosts that are in no report, each with one reason."""
    reported = {outcome.host for outcome in outcomes}
    found: dict[str, str] = {}
    for entry in (entry for report in reports for entry in report.left_out):
        found[entry["host"]] = min(entry["why"], found.get(entry["host"], entry["why"]))
    return [{"host": host, "why": why} for host, why in sorted(found.items()) if host not in reported]


def _common(values: Iterable[t.Any]) -> t.Any:
    """The one value that all have, or None."""
    first, *others = list(values)
    return first if all(other == first for other in others) else None


def _unique(values: Iterable[Json]) -> list[Json]:
    return [json.loads(text) for text in sorted({_text(value) for value in values})]


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _moment(text: str | None) -> datetime:
    return time_of(text) or _EARLIEST
