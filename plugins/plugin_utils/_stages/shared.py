# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What several stages share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._advisory import Build, build_or_none
from .._messages import message
from .._run import HostRun, StageResult
from .._text import one_line
from .port import Result

# Longer than any reason that this collection's own modules give.
_LONGEST_REASON = 2000


def reason(result: Result) -> str:
    """Why a module failed, in its own words."""
    texts = (result.get(key) for key in ("msg", "module_stderr", "module_stdout", "exception"))
    return one_line(next((text for text in texts if text), "no reason given"), _LONGEST_REASON)


def problem_texts(record: Mapping[str, Any]) -> str:
    """The problems of a record in one line."""
    problems = record.get("problems") or []
    texts = [
        f"{problem.get('source')}: {problem.get('text')}" if isinstance(problem, Mapping) else str(problem)
        for problem in problems
    ]
    return "; ".join(texts) or "no reason given"


def build_of(record: Mapping[str, Any]) -> str | None:
    """The build that a record gives, or None."""
    version = record.get("version")
    return str(version) if version else None


def unanswered(record: Mapping[str, Any]) -> bool:
    """Whether a record is that of a host whose reader gave nothing."""
    return record.get("installed") is None and not record.get("platform")


def has_build(record: Mapping[str, Any], target: Build) -> bool:
    """Whether the target or a newer build is installed, whichever runs."""
    build = build_or_none(record.get("version"))
    return build is not None and build >= target


def left_with(record: Mapping[str, Any]) -> str:
    """What a failed installation left on the host, in words."""
    absent = "no agent" if record.get("installed") is False else problem_texts(record)
    return build_of(record) or absent


def unguarded(note: Mapping[str, Any]) -> bool:
    """Whether self-protection was lowered, by the progress note, and not raised since."""
    return note.get("self_protection") in ("off", "unknown")


def waits_for_reboot(run: HostRun) -> bool:
    """Whether the build from before runs until a reboot that this run deferred."""
    reboot = run.stages.get("reboot")
    return reboot is not None and reboot.outcome == "deferred" and bool(reboot.details.get("waiting"))


def self_protection(run: HostRun) -> bool:
    """Whether self-protection may be lowered: by dsa_self_protection; not set: if its password is given."""
    allowed = run.settings["dsa_self_protection"]
    return bool(run.settings["dsa_self_protection_password"]) if allowed is None else bool(allowed)


def guard(run: HostRun) -> Result:
    """The options by which self-protection is lowered and raised."""
    password = run.settings["dsa_self_protection_password"]
    options: Result = {"self_protection": self_protection(run)}
    return {**options, "self_protection_password": password} if password else options


def not_staged(file: str, folder: str, result: Result, details: Mapping[str, Any]) -> StageResult:
    """The result of an upgrade whose package could not be copied to the host."""
    text = message("not_staged", file=file, folder=folder, why=reason(result))
    return StageResult("upgrade", "failed", text, details={**details, "after": details.get("before")})


def not_reached(record: Mapping[str, Any], seconds: float, details: Mapping[str, Any]) -> StageResult:
    """The result of an upgrade whose installer reported success, and the build is not there."""
    versions = record.get("versions") or {}
    sources = [f"{source} says {build or 'nothing'}" for source, build in sorted(versions.items())]
    service = record.get("service") or {}
    text = message(
        "build_not_reached",
        seconds=round(seconds),
        sources=", ".join(sources) or "no source gives a build",
        service=service.get("name") or "ds_agent",
        state=service.get("state") or "in an unknown state",
        problems=problem_texts(record) if record.get("problems") else "none",
    )
    details = {**details, "after": build_of(record)}
    return StageResult("upgrade", "failed", text, changed=True, record=record, details=details)


def upgraded(record: Mapping[str, Any], details: Mapping[str, Any], restarted: bool = True) -> StageResult:
    """The result of an upgrade that reached its build. restarted: where that is as before, else it was only guarded."""
    before, after = details.get("before"), build_of(record)
    details = {**details, "after": after}
    if before == after:
        text = message("restarted" if restarted else "guarded", build=after)
    else:
        text = message("upgraded", before=before or "no readable build", after=after, source=details["source"])
    return StageResult("upgrade", "done", text, changed=True, record=record, details=details)
