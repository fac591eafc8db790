# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The report of a run: written when it begins, so that an older one never passes for it, and when it ends."""

from __future__ import annotations

import shutil
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from .._advisory import AdvisoryError, load_advisory
from .._fleet import Fleet
from .._report import Report, begun_report, failing, make_report, render, write
from .._settings import SettingsError
from .run import Run, grouped
from .scope import Scope

_NARROWEST, _WIDEST = 120, 200


@dataclass(frozen=True)
class Ended:
    """A report that was made and written. error: why the run proves nothing, or an empty text."""

    report: Report
    path: Path
    text: str
    error: str
    failing: Mapping[str, str]


def begin(run: Run, scope: Scope) -> None:
    """Write what stands in the file until the run ends."""
    report = begun_report(_facts(run, scope.as_dict()), scope.hosts, scope.left_out, check_mode=run.check_mode)
    problem = _write(report, _path(run))
    if problem:
        run.fail(problem)


def begin_play(run: Run, hosts: Sequence[str]) -> None:
    """The same for a play that is not ours, when its first task begins the journal."""
    report = begun_report(_facts(run, {}), hosts, _scope(run, hosts)["left_out"], check_mode=run.check_mode)
    _write(report, _path(run))  # what goes wrong here goes wrong at the end too, and is shown there


def refused(run: Run, why: str) -> str:
    """Write a report of a run that was refused before it began; what to show."""
    facts = {**_facts(run, {}), "errors": [why]}
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    report = replace(begun_report(facts, (), ()), finished=now)
    return " ".join(filter(None, (why, _write(report, _path(run)))))


def end(run: Run, hosts: Sequence[str] = ()) -> Ended:
    """Make, write and record the report of this run. hosts: what it is about where no playbook of ours began it."""
    scope = run.begun.get("scope") or _scope(run, hosts)
    left_out = list(scope["left_out"])
    names = list(scope["hosts"])
    errors: list[str] = []
    try:
        fleet = run.fleet()
    except (SettingsError, AdvisoryError) as wrong:
        errors = grouped(wrong) if isinstance(wrong, SettingsError) else []
        fleet = Fleet({}, load_advisory())
    roles = run.settings["dsa_report_roles"]
    if roles:
        left_out += [
            {"host": name, "why": "role"}
            for name in names
            if name in fleet.hosts and fleet.hosts[name].role not in roles
        ]
        names = [name for name in names if name not in fleet.hosts or fleet.hosts[name].role in roles]
    facts = _facts(run, scope)
    facts["errors"] = list(dict.fromkeys([*facts["errors"], *errors]))
    if run.journal.damaged:
        facts["errors"].append(
            f"{run.journal.damaged} lines of the run journal {run.journal.path} cannot be read, so it is not known "
            "what they recorded: make room on the disk and run again"
        )
    if not names:
        facts["errors"].append(
            "there is no host to report on, and nothing is proven: check --limit, dsa_hosts and the groups"
        )
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    report = make_report(fleet, names, left_out, facts, now, run.check_mode)
    path = _path(run)
    problem = _write(report, path)
    error = "; ".join([*report.errors, *([problem] if problem else [])])
    passed = report.passed and not problem
    reasons = failing(report)
    run.journal.append_all((name, "gate", {"reason": reason}) for name, reason in reasons.items())
    run.journal.append("", "report", passed=passed, path=str(path), summary=report.summary())
    width = min(max(shutil.get_terminal_size((_NARROWEST, 24)).columns, _NARROWEST), _WIDEST)
    text = f"{render(report, width)}\n{problem or f'Report: {path}'}"
    return Ended(report, path, text, error, reasons)


def spared(run: Run) -> list[str]:
    """Hosts that do not pass, and on which the gate's task did not run."""
    entries = list(run.journal.entries())
    failed = {entry["host"] for entry in entries if entry["kind"] == "gated"}
    return list(
        dict.fromkeys(entry["host"] for entry in entries if entry["kind"] == "gate" and entry["host"] not in failed)
    )


def _scope(run: Run, hosts: Sequence[str]) -> Mapping[str, t.Any]:
    """The scope of a play that is not ours."""
    others = [str(name) for name in run.variables["groups"]["all"] if name not in set(hosts)]
    return {"hosts": list(hosts), "left_out": [{"host": name, "why": "play"} for name in others]}


def _facts(run: Run, scope: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        "run_id": run.journal.run_id,
        "started": run.journal.started,
        "limit": scope.get("limit"),
        "dsa_hosts": None if scope.get("pattern") in (None, "all") else scope["pattern"],
        "playbook": run.begun.get("playbook"),
        "errors": run.errors,
        "warnings": run.texts("warning"),
    }


def _write(report: Report, path: Path) -> str:
    """Write the report; what went wrong, or an empty text. A device such as /dev/null is not replaced by a file."""
    if path.exists() and not path.is_file():
        return f"dsa_report_path is {path}, which is no file: name a file, and run again"
    return write(report, path)


def _path(run: Run) -> Path:
    return Path(run.settings["dsa_report_path"]).expanduser().absolute()


__all__ = ["Ended", "begin", "end", "refused", "spared"]
