# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What is merged into a host's progress note at each point of a remediation. A key with None is removed there.

phase: upgrading, update_pending, done. from, to: builds. since: when the phase began. run: which run wrote last.
build, patterns: the installed build and its patterns (name -> version) before the first request of the update after it.
done_at: when that ended. self_protection belongs to the host alone, which knows when it is lowered.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

Note = dict[str, Any]
# What an earlier attempt left must not count as evidence for this one.
_NO_EVIDENCE: Mapping[str, None] = {"build": None, "patterns": None, "engine": None, "update": None, "done_at": None}


def begun_upgrade(record: Mapping[str, Any], target: str, run_id: str, now: datetime) -> Note:
    """An installation begins, by us or by the Manager. Until it is noted otherwise, an update is due after it."""
    before = record.get("version") or (record.get("remediation") or {}).get("from")
    return {**_NO_EVIDENCE, "phase": "upgrading", "from": before, "to": target, "since": _iso(now), "run": run_id}


def update_due(run_id: str, now: datetime) -> Note:
    """The build is there, and the security update after it is due."""
    return {**_NO_EVIDENCE, "phase": "update_pending", "since": _iso(now), "run": run_id}


def start_note(record: Mapping[str, Any], run_id: str) -> Note:
    """A security update is about to be requested. The host adds the phase, and since where an update was not due yet.

    The patterns are kept for a later run, if this one does not live to see the update end: by then they may be new,
    and would never change again. Those noted before for the same build stay, as they are older.
    """
    build, note = record.get("version"), record.get("remediation") or {}
    known = noted_patterns(note, record)
    return {"run": run_id, "build": build, "patterns": (record_patterns(record) if known is None else known) or None}


def done_note(build: str | None, run_id: str, now: datetime) -> Note:
    """The security update ended well with this build. A POSIX host puts its own time into done_at."""
    return {
        **_NO_EVIDENCE,
        "phase": "done",
        "build": build,
        "done_at": _iso(now),
        "since": None,
        "run": run_id,
    }


def noted_patterns(note: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, str] | None:
    """The patterns that a note keeps from before an update that is still due for the installed build, or None."""
    patterns, build = note.get("patterns"), note.get("build")
    if note.get("phase") != "update_pending" or not build or build != record.get("version"):
        return None
    if str(record.get("installed_at") or "") > str(note.get("since") or ""):
        return None  # installed once more since: that can bring patterns of its own
    if not isinstance(patterns, Mapping):
        return None
    return {str(name): version for name, version in patterns.items() if isinstance(version, str)}


def record_patterns(record: Mapping[str, Any]) -> dict[str, str] | None:
    """The patterns of a record (name -> version), None where the agent did not answer all that it was queried for."""
    problems = record.get("problems") or ()
    if any(isinstance(problem, Mapping) and problem.get("source") == "dsa_query" for problem in problems):
        return None
    return patterns_by_name((record.get("anti_malware") or {}).get("patterns") or ())


def patterns_by_name(patterns: Any) -> dict[str, str] | None:
    """name -> version of anti_malware.patterns, None where a version is missing or two contradict each other."""
    versions: dict[str, str] = {}
    for entry in patterns:
        name, version = entry.get("name"), entry.get("version")
        if not name or not version or versions.setdefault(name, version) != version:
            return None
    return versions


def _iso(now: datetime) -> str:
    return now.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
