# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What a report is made with beside the run itself: waivers, an earlier report, and reports of other runs."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import chain
from pathlib import Path

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.mod_args import ModuleArgsParser
from ansible.parsing.vault import is_encrypted

from .._advisory import Advisory, AdvisoryError
from .._report import Report
from .._report.difference import difference, digest
from .._report.read import WrongReport, read
from .._report.times import age_of
from .._report.waivers import Waiver, apply, combined, of_prechecks, parse
from .._settings import Problem, SettingsError, SettingsErrors
from .._settings.errors import WrongValue
from .._text import one_line
from .run import Run
from .scope import fitting

_FROM, _BASELINE, _MAX_AGE = "dsa_report_from", "dsa_report_baseline", "dsa_report_max_age"
# A folder on a host, as the result of a run names where its report was sent.
_ON_HOST = re.compile(r"([^/:\s]+):(/.*)")


def begin(run: Run) -> None:
    """Record the earlier report, whose file this run may replace; and what is wrong with what the report needs."""
    for problem in _problems(run):
        run.fail(f"{problem}. Nothing was changed")


def _problems(run: Run) -> Iterator[str]:
    try:
        _waivers(run, ())
    except SettingsError as error:
        yield str(error)
    yield from _tasks(run)
    path = run.settings[_BASELINE]
    if path:
        try:
            earlier = read(_absolute(path), _BASELINE, datetime.now(timezone.utc))
        except WrongReport as error:
            yield str(error)
            return
        if earlier.outcomes:
            run.journal.append("", "baseline", **digest(earlier))
        else:  # of a run that was refused: no reason to refuse the next one, and every host would be new
            run.journal.append("", "warning", text=f"{_BASELINE} names {path}, a report about no host: see its errors")
        yield from _other_advisory(run, earlier, _BASELINE, path)


def _tasks(run: Run) -> Iterator[str]:
    for number, entry in enumerate(run.settings["dsa_report_to"] or ()):
        problem = wrong_tasks(entry)
        if problem:
            yield f"dsa_report_to[{number}].tasks is {one_line(entry['tasks'])}, {problem}"


def wrong_tasks(entry: Mapping[str, str]) -> str:
    """Why a destination's file of tasks cannot be included, or an empty text: Ansible would end the run there."""
    if "tasks" not in entry:
        return ""
    path = _absolute(entry["tasks"])
    if not path.is_file():
        return "and there is no such file"
    if is_encrypted(path.read_bytes()):
        return ""  # what is in it is found out when it is included
    try:
        tasks = DataLoader().load_from_file(str(path))
        if not isinstance(tasks, list):
            return "which has no list of tasks"
        for action, arguments in _actions(tasks):
            if action.rpartition(".")[2] == "meta" and str(arguments.get("_raw_params")).startswith("end_"):
                return f"which has meta: {arguments['_raw_params']}, and the destinations that follow would be left out"
    except AnsibleError as error:
        return f"which cannot be read: {one_line(error)}"
    return ""


def _actions(tasks: Iterable[object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Each action and its arguments. Raises AnsibleError for one that is not installed."""
    for task in tasks:
        if not isinstance(task, dict):
            raise AnsibleError(f"{one_line(task)} is no task")
        parts = [task[part] for part in ("block", "rescue", "always") if part in task]
        if parts:
            yield from _actions(chain.from_iterable(part or () for part in parts))
        else:
            action, arguments, _host = ModuleArgsParser(task).parse()
            yield action, arguments


def _other_advisory(run: Run, other: Report, setting: str, path: str | Path) -> Iterator[str]:
    own = _advisory(run)
    if own and other.advisory not in ("", own.id):
        by = f"which is by the advisory {other.advisory}, and this run by {own.id}"
        yield f"{setting} names {path}, {by}: name a report by {own.id}, or set dsa_advisory"


def _other_gate(run: Run, part: Report, path: Path) -> Iterator[str]:
    wanted = run.settings["dsa_gate_on"]
    if run.settings.is_set("dsa_gate_on") and part.gate_on != wanted:
        yield f"{_FROM} names {path}, which is a gate on {part.gate_on}, and dsa_gate_on is {wanted}: leave that out"


def _advisory(run: Run) -> Advisory | None:
    """The advisory of the run; None where it cannot be read, which is named already."""
    with suppress(AdvisoryError):
        return run.advisory
    return None


def _waivers(run: Run, hosts: Iterable[str]) -> list[Waiver]:
    """The waivers with the hosts that fit them, of the inventory and of these. Raises SettingsError."""
    waivers = parse(run.settings["dsa_waivers"])
    groups = run.variables["groups"] if waivers else {}
    everybody = list(dict.fromkeys([*map(str, groups.get("all", ())), *hosts]))
    found = []
    for number, waiver in enumerate(waivers):
        try:
            fits = fitting({**groups, "all": everybody}, waiver.pattern)
        except AnsibleError as error:
            name = f"dsa_waivers[{number}].hosts"
            raise WrongValue(name, waiver.pattern, f"Ansible cannot read this pattern: {error}; correct it") from error
        found.append(replace(waiver, hosts=fits))
    return found


def complete(run: Run, report: Report, prechecks: Iterable[str]) -> Report:
    """The report with its waivers, and what changed since the earlier one. prechecks: those that any host may fail."""
    errors: list[str] = []
    waivers: list[Waiver] = []
    try:
        waivers = _waivers(run, (outcome.host for outcome in report.outcomes))
    except SettingsError as error:
        errors = [f"{error}. Nothing was changed"]
    report = apply(report, waivers, datetime.now(timezone.utc).date().isoformat())
    listed = combined([*report.waivers, *of_prechecks(prechecks, report.outcomes)], report.outcomes)
    earlier = run.journal.last("baseline")
    return replace(
        report,
        waivers=listed,
        errors=list(dict.fromkeys([*report.errors, *errors])),
        difference=difference(report, earlier) if earlier else report.difference,
    )


def sources(run: Run) -> list[dict[str, str]]:
    """The folders on hosts from which reports are fetched: host, directory, the folder here that they come to, and the
    file that stands for all of them being there.
    """
    found = []
    for number, text in enumerate(dict.fromkeys(map(run.filled, run.settings[_FROM] or ()))):
        match = _ON_HOST.fullmatch(text)
        if match:
            folder = f"{C.DEFAULT_LOCAL_TMP}/dsa-run.reports-{number}"
            own = {"from": text, "host": match[1], "directory": match[2]}
            found.append({**own, "folder": folder, "complete": f"{folder}.complete"})
    return found


def reports(run: Run) -> list[Report]:
    """The reports of dsa_report_from. Raises SettingsErrors with everything that is wrong with them.

    One that is too old is an error of the run: what it has is shown, and the run does not pass.
    """
    now, found = datetime.now(timezone.utc), []
    problems = [
        f"{_FROM} names {source['from']}, and not all of its reports could be fetched: see the tasks that fetch them"
        for source in sources(run)
        if not Path(source["complete"]).is_file()
    ]
    if not run.settings[_FROM]:
        problems.append(f"{_FROM} is not set: name the JSON reports to make one report of")
    for path, is_named in _paths(run).items():
        try:
            part = read(path, _FROM, now, _advisory(run))
        except WrongReport as error:
            problems.append(str(error))
            continue
        # Beside the reports of a workflow stands what an earlier attempt made of them, with hosts that it lacked.
        if is_named or part.playbook != "report":
            problems += [*_other_advisory(run, part, _FROM, path), *_other_gate(run, part, path)]
            _check_age(run, part, path, now)
            found.append(part)
    if not (found or problems):
        problems.append(f"{_FROM} names {', '.join(run.settings[_FROM])}, and there is no report of one run")
    if problems:
        raise SettingsErrors([Problem(_FROM, "", text) for text in problems])
    return found


def _check_age(run: Run, part: Report, path: Path, now: datetime) -> None:
    (age, ended), hours = age_of(part, now), run.settings[_MAX_AGE]
    if age > timedelta(hours=hours):
        when = f"whose run ended at {ended}, {age / timedelta(hours=1):.1f} hours ago"
        run.fail(f"{_FROM} names {one_line(path)}, {when}, and {_MAX_AGE} is {hours:g}: make it again, or raise that")


def is_read(run: Run, path: Path) -> bool:
    """Whether the report at this path is one of those that a report is made of."""
    return path.resolve() in (each.resolve() for each in _paths(run))


def _paths(run: Run) -> dict[Path, bool]:
    """The files, and whether each was named itself: one of a folder, or that fits a pattern, was not."""
    fetched = {source["from"]: source["folder"] for source in sources(run)}
    found: dict[Path, bool] = {}
    for text in map(run.filled, run.settings[_FROM] or ()):
        path = _absolute(fetched.get(text, text))
        pattern = str(Path(glob.escape(str(path))) / "*.json") if path.is_dir() or text in fetched else str(path)
        is_named = path.is_file() or not glob.has_magic(pattern)
        # Where nothing fits, the pattern itself is what cannot be read.
        missing = [] if text in fetched else [Path(pattern)]
        files = [path] if is_named else sorted(map(Path, glob.glob(pattern))) or missing
        found |= {file: is_named or found.get(file, False) for file in files}
    return found


def _absolute(path: str) -> Path:
    return Path(path).expanduser().absolute()
