# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What outlives a run in a container: its result in small, and its report at the destinations of dsa_report_to."""

from __future__ import annotations

import hashlib
import mimetypes
import re
import typing as t
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, unquote

from .._messages import Texts
from .._report import Written
from .._report.document import Document
from .._report.files import kept_path
from .._report.result import result_of, with_sent
from .._text import one_line
from .inputs import wrong_tasks
from .run import Run

_SETTING = "dsa_report_to"
_NO_FILE: Mapping[str, t.Any] = {"path": None, "sha256": None, "size": None}
_HIDDEN = "********"
# Published again after each destination: it stays where the run ends before this one.
_NOT_YET = "the run ended before it was sent"
_LONGEST = 500
_UNCUT = 10**6
# With these a server has taken a file.
_TAKEN = (200, 201, 202, 204)


def of_report(document: Document, texts: Texts, path: Path, written: Written) -> dict[str, t.Any]:
    """What the journal has of a report to publish it: the result, and files with the names to send them under."""
    kept = kept_path(document, path)
    files = [(str(kept if file == path else file), kept.with_suffix(file.suffix).name) for file in written.files]
    file = _NO_FILE
    if path in written.files:
        content = kept.read_bytes() if kept.exists() else path.read_bytes()
        file = {"path": str(path), "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    if written.problem:
        errors = list(dict.fromkeys([*document["errors"], written.problem]))
        document = {**document, "passed": False, "errors": errors}
    return {
        "result": result_of(document, texts, file),
        "files": [{"path": place, "name": name} for place, name in files],
    }


def result(run: Run) -> dict[str, t.Any]:
    """The result of the report that was made, with what became of each destination until now."""
    sent = {each["number"]: each for each in run.journal.entries("") if each["kind"] == "sent"}
    destinations = enumerate(_entries(run))
    return with_sent(
        _made(run).get("result") or {},
        (sent.get(number) or {"to": label(entry), "ok": False, "problem": _NOT_YET} for number, entry in destinations),
    )


def stats(run: Run) -> dict[str, t.Any]:
    """What Ansible keeps of the whole run, for the next node of a workflow."""
    relays = _made(run).get("relay_hosts")
    own = {"dsa_result": result(run), "dsa_workflow": run.workflow}
    return {**own, **({} if relays is None else {"dsa_relay_hosts": relays})}


def destinations(run: Run) -> list[dict[str, t.Any]]:
    """What the tasks that send the report are about, one after the other, without anything that is secret."""
    files = list(_made(run).get("files") or ())
    return [
        {
            "number": number,
            "to": label(entry),
            "kind": entry["kind"],
            "files": list(_files(entry, files)),
            **_plain(entry),
        }
        for number, entry in enumerate(_entries(run))
    ]


def _files(entry: Mapping[str, t.Any], files: list[Mapping[str, str]]) -> Iterator[dict[str, str]]:
    """All files for a folder; for one address the JSON alone, which is the first."""
    folder = entry["kind"] != "url" or entry["url"].endswith("/")
    for file in files if folder else files[:1]:
        at = file["name"]
        if entry["kind"] == "url":
            at = quote(at) if folder else ""
        elif Path(file["path"]).name == at:
            at = ""  # copy() makes the folder where the name is not given
        yield {**file, "at": at, "type": mimetypes.guess_type(file["name"])[0] or "application/octet-stream"}


def _plain(entry: Mapping[str, t.Any]) -> dict[str, t.Any]:
    problem = wrong_tasks(entry)
    if problem:
        return {"kind": "none", "problem": f"its file of tasks cannot be used, {problem}"}
    plain = {key: entry[key] for key in ("directory", "host") if key in entry}
    return {**plain, "file": str(Path(entry["tasks"]).absolute())} if "tasks" in entry else plain


def label(entry: Mapping[str, t.Any]) -> str:
    """The destination in words, without user, password and query."""
    if entry["kind"] == "directory":
        return one_line(f"{entry['host']}:{entry['directory']}")
    if entry["kind"] == "tasks":
        return one_line(entry["tasks"])
    scheme, place, rest = _parts(entry["url"])
    return one_line(f"{scheme}://{_HIDDEN if '@' in rest else place.rpartition('@')[2]}")


def _parts(url: str) -> tuple[str, str, str]:
    """Scheme; user, host and path; query and fragment."""
    scheme, dummy, rest = url.partition("://")
    place, query = (*re.split("[?#]", rest, maxsplit=1), "")[:2]
    return scheme, place, query


def destination(run: Run, number: int) -> dict[str, t.Any]:
    """All of one destination, for the task that sends to it and shows nothing of it."""
    return _entries(run)[number]


def _entries(run: Run) -> list[dict[str, t.Any]]:
    """The destinations, for this run: slices of a job have the same variables, and must not replace each other's."""
    places = ("directory", "url")
    return [
        {key: run.filled(value) if key in places else value for key, value in entry.items()}
        for entry in run.settings[_SETTING] or ()
    ]


def note_sent(run: Run, number: int, outcome: Mapping[str, t.Any]) -> tuple[str, str]:
    """Record what became of a destination; its label, and what went wrong or an empty text."""
    entry = destination(run, number)
    problem = _problem(outcome, entry)
    run.journal.append("", "sent", number=number, to=label(entry), ok=not problem, problem=problem or None)
    return label(entry), problem


def _problem(outcome: Mapping[str, t.Any], entry: Mapping[str, t.Any]) -> str:
    parts = outcome.get("results")
    if isinstance(parts, list) and not parts:
        return "there is no file of the report"
    for part in parts if isinstance(parts, list) else [outcome]:
        status = part.get("status") if entry["kind"] == "url" else _TAKEN[0]
        if part.get("failed") or part.get("unreachable") or status not in _TAKEN:
            return _why(part, entry)
    return ""


def _why(part: Mapping[str, t.Any], entry: Mapping[str, t.Any]) -> str:
    """What went wrong. A server may write anything of the request beside its status, so nothing of that is shown."""
    status = part.get("status")
    if entry["kind"] == "url" and not part.get("failed") and isinstance(status, int) and status > 0:
        return f"HTTP status {status}{', and redirects are not followed' if 300 <= status < 400 else ''}"
    text = one_line(part.get("msg") or "no reason given", _UNCUT)
    for secret in sorted(_secrets(entry), key=len, reverse=True):
        text = text.replace(one_line(secret, _UNCUT), _HIDDEN)
    return one_line(text, _LONGEST)  # cut after that: no half of a secret would be found


def _secrets(entry: Mapping[str, t.Any]) -> Iterator[str]:
    """All that is secret in a destination, as a message may have it: as it is given, decoded, or in base64."""
    if entry["kind"] != "url":
        return
    dummy, place, query = _parts(entry["url"])
    user = place.rpartition("@")[0]
    users = [user, unquote(user)]
    if "username" in entry:
        users.append(f"{entry['username']}:{entry.get('password', '')}")
    plain = [entry.get("password"), *(each.partition(":")[2] for each in users), query, unquote(query)]
    encoded = [b64encode(each.encode()).decode() for each in users]
    yield from filter(None, [*plain, *users, *encoded, *entry["headers"].values()])


def _made(run: Run) -> Mapping[str, t.Any]:
    return run.journal.last("report") or {}
