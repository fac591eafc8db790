# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""A report from its JSON file, which may have been cut or edited since it was written."""

from __future__ import annotations

import json
import stat
import types
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path

from .._advisory import Advisory
from .._settings import SettingsError
from .._text import load_json, one_line
from .contradictions import contradictions, in_future
from .document import SCHEMA
from .model import Json, Outcome, Report

_REMEDY = "name the JSON report of a run of this collection"
# Bytes. A hundred thousand hosts need less; what is larger could take all memory of the controller.
_LARGEST = 512 * 2**20
_CODED: Mapping[str, t.Any] = {"code": str, "values": Json}
_TEXT: t.Any = str | None
# What the forms of a report use within its fields. The types of the fields are those of Report and Outcome.
_WITHIN: Mapping[str, Mapping[str, t.Any]] = {
    "next": _CODED,
    "reasons": _CODED,
    "findings": {**_CODED, "message": str, "sentence": str, "fails_gate": bool},
    "waived": {"for": t.Literal["verdict", "finding"], **dict.fromkeys(("code", "reason", "owner", "expires"), str)},
    "evidence": {
        "versions": Mapping[str, _TEXT],
        **dict.fromkeys(("services", "problems"), Sequence[Mapping[str, str]]),
        "events": Sequence[Json],
        **dict.fromkeys(("manager", "log"), Sequence[str]),
    },
    "started_by": dict.fromkeys(("user", "awx_job", "awx_job_name", "awx_user"), _TEXT),
    "left_out": {"host": str, "why": str},
    "waivers": {
        **dict.fromkeys(("verdicts", "findings", "checks", "used_by"), Sequence[str]),
        **dict.fromkeys(("hosts", "owner", "expires"), _TEXT),
        "kind": t.Literal["gate", "precheck"],
        "state": t.Literal["applied", "expired", "unused"],
        "reason": str,
    },
    "merged_from": {
        **dict.fromkeys(("playbook", "started", "finished", "limit"), _TEXT),
        "run_id": str,
        "check_mode": bool,
        "passed": bool,
    },
    "difference": {
        **dict.fromkeys(("fixed", "newly_affected", "regressed", "gone", "new"), Sequence[str]),
        "baseline": Json,
    },
}


class WrongReport(SettingsError):
    """A file is no report that can be used. The message names the setting, the file, what is wrong, and the remedy."""


def read(path: Path, setting: str, now: datetime, advisory: Advisory | None = None) -> Report:
    """The report in a file that a setting names. Raises WrongReport.

    advisory: what its verdicts must agree with where they are by it; None where they are no result of this run.
    """

    def wrong(what: str, remedy: str = _REMEDY) -> WrongReport:
        return WrongReport(f"{setting} names {one_line(path)}, {what}; {remedy}")

    try:
        unusable = _unusable(path)
        text = "" if unusable else path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise wrong("and there is no such file") from None
    except (OSError, ValueError) as error:
        plain = error.strerror if isinstance(error, OSError) else None
        raise wrong(f"which cannot be read: {plain or 'it is no text in UTF-8'}") from None
    if unusable:
        raise wrong(unusable)
    try:
        document = load_json(text)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        what = "which ends in the middle: it was cut" if cut else f"which is no JSON: line {error.lineno}, {error.msg}"
        raise wrong(what, "take it again from where it was made") from None
    except ValueError as error:
        raise wrong(f"which is no JSON: {error}") from None
    schema = document.get("schema") if isinstance(document, Mapping) else None
    if not isinstance(schema, int) or isinstance(schema, bool) or "hosts" not in document:
        raise wrong("which is no report of this collection")
    if schema != SCHEMA:
        remedy = "use a release that has it" if schema > SCHEMA else "make it again with this release"
        raise wrong(f"whose schema is {schema}, and this release reads {SCHEMA}", remedy)
    flaw = _flaw(document)
    if flaw:
        raise wrong(f"which is not as a run wrote it: {flaw}", "take it again from where it was made")
    report = Report.from_dict(document)
    future = in_future(report, now)
    if future:
        raise wrong(f"which has a time of the future, {future}", "set the clocks of the controllers, and make it again")
    judged = advisory if advisory and advisory.id == report.advisory else None
    edited = next(contradictions(report, document.get("passed"), judged), "")
    if edited:
        raise wrong(f"which was edited: {edited}", "take it again from where it was made")
    return report


def _unusable(path: Path) -> str:
    """Why it must not be read: to read a pipe would never end, and what is too large takes all memory."""
    found = path.stat()
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        return "which is no file"
    return f"which has {found.st_size // 2**20} MB, more than any report" if found.st_size > _LARGEST else ""


def _flaw(document: Json) -> str:
    """The first place that is missing or of a wrong type, or an empty text."""
    flaw = _flaw_of(document, _OF_REPORT, "")
    if flaw:
        return flaw
    if not isinstance(document["hosts"], list):
        return "hosts"
    flaws = (_flaw_of(row, _OF_HOST, f"hosts[{number}].") for number, row in enumerate(document["hosts"]))
    return next(filter(None, flaws), "") or _twice(document["hosts"])


def _twice(rows: Sequence[Json]) -> str:
    names = [row["host"] for row in rows]
    return "" if len(set(names)) == len(names) else "a host stands in it twice"


def _flaw_of(value: t.Any, expected: Mapping[str, t.Any], place: str) -> str:
    if not isinstance(value, Mapping):
        return place.rstrip(".")
    for name, kind in expected.items():
        if name not in value or not _fits(value[name], kind):
            return f"{place}{name}"
        entries = value[name] if isinstance(value[name], list) else [value[name]]
        for key, hint in _WITHIN.get(name, {}).items():
            if not all(entry is None or (key in entry and _fits(entry[key], hint)) for entry in entries):
                return f"{place}{name}.{key}"
    return ""


def _types(kind: type[Report] | type[Outcome]) -> Mapping[str, t.Any]:
    hints = t.get_type_hints(kind)
    return {each.name: hints[each.name] for each in fields(kind) if each.name != "outcomes"}


_OF_REPORT, _OF_HOST = _types(Report), _types(Outcome)


def _fits(value: object, hint: t.Any) -> bool:
    """Whether a JSON value is of a type as the fields have it."""
    origin, parts = t.get_origin(hint), t.get_args(hint)
    if hint is t.Any:
        return True
    if origin in (t.Union, types.UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is t.Literal:
        return value in parts
    if origin is Sequence:
        return isinstance(value, list) and all(_fits(item, parts[0]) for item in value)
    if origin is Mapping:
        return isinstance(value, dict) and all(_fits(item, parts[1]) for item in value.values())
    return type(value) in ((int, float) if hint is float else (hint,))
