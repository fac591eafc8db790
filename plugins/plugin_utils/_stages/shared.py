# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What several stages share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from .._advisory import Build, BuildError, parse_build
from .._fleet import asked_by_agent
from .._messages import Message, message
from .._run import HostRun, StageResult
from .._settings import Settings
from .._text import one_line
from .port import HostLost, Port, Result

# Longer than any reason that this collection's own modules give.
_LONGEST_REASON = 2000
# The source that gives the build which runs; all others give the one that is installed.
_RUNNING = "dsa_query"
# How often a step is tried again that another process' or run's work kept from beginning.
TRIES = 3


def reason(result: Result) -> str:
    """Why a module failed, in its own words."""
    texts = (result.get(key) for key in ("msg", "module_stderr", "module_stdout", "exception"))
    return one_line(next((text for text in texts if text), "no reason given"), _LONGEST_REASON)


@contextmanager
def keeping(why: str) -> Iterator[None]:
    """Where the host is lost meanwhile, the loss names what was known before it."""
    try:
        yield
    except HostLost as error:
        raise HostLost(f"{why}. Then: {error}") from error


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
    """Whether each source of the installed build gives the target or a newer one, whichever runs."""
    return _all_give(_builds(record, runs=False), target, 1)


def reached(record: Mapping[str, Any], target: Build, runs: bool = True) -> bool:
    """Whether at least two sources give the target or a newer build, and none gives anything else.

    runs: whether the agent that runs has to be one of them. Else it is not counted: until a reboot it is another one.
    """
    answered = _RUNNING in (record.get("versions") or {})
    return (answered or not runs) and _all_give(_builds(record, runs), target, 2)


def _builds(record: Mapping[str, Any], runs: bool) -> list[Any]:
    versions = record.get("versions") or {}
    return [build for source, build in versions.items() if runs or source != _RUNNING]


def _all_give(builds: list[Any], target: Build, least: int) -> bool:
    try:
        return len(builds) >= least and all(parse_build(build) >= target for build in builds)
    except BuildError:
        return False


def left_with(record: Mapping[str, Any]) -> str:
    """What a failed installation left on the host, in words."""
    absent = "no agent" if record.get("installed") is False else problem_texts(record)
    return build_of(record) or absent


def note_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The progress note of a record, empty where there is none."""
    return record.get("remediation") or {}


def seen(record: Mapping[str, Any]) -> Result:
    """What the note has to have still when a step begins: a run that wrote to it since may have done the same."""
    return {key: note_of(record).get(key) for key in ("run", "phase")}


def unless_done(
    port: Port,
    record: Mapping[str, Any],
    done: Callable[[Mapping[str, Any]], bool],
    step: Callable[[Mapping[str, Any]], Result],
) -> tuple[Result, Mapping[str, Any]]:
    """Do a step that compares the note with what was seen; after another run wrote to it, by a new reading.

    Return its result, and the latest record. done: whether a record shows that it is not needed any more: with waited
    alone then.
    """
    for _try in range(TRIES):
        if done(record):
            return {"waited": True}, record
        ran = step(record)
        if not ran.get("waited"):
            return ran, record
        record = port.read()
    return {"failed": True, "msg": "another run is at work on this host again and again; look at it there"}, record


def unguarded(record: Mapping[str, Any]) -> bool:
    """Whether self-protection was lowered, by the progress note, and not raised since."""
    return note_of(record).get("self_protection") in ("off", "unknown")


def agent_waits_for_reboot(record: Mapping[str, Any]) -> bool:
    """Whether a reboot is required for the sake of the agent, surely or perhaps."""
    return asked_by_agent(record.get("reboot"), surely=False)


def waits_for_reboot(run: HostRun) -> bool:
    """Whether the build from before runs until a reboot that this run deferred."""
    reboot = run.stages.get("reboot")
    return reboot is not None and reboot.outcome == "deferred" and bool(reboot.details.get("waiting"))


def guard(settings: Settings) -> Result:
    """The options by which self-protection is lowered and raised.

    It may be lowered by dsa_self_protection; where that is not set, if its password is given.
    """
    allowed, password = settings["dsa_self_protection"], settings["dsa_self_protection_password"]
    options: Result = {"self_protection": bool(password) if allowed is None else bool(allowed)}
    return {**options, "self_protection_password": password} if password else options


def raise_guard(port: Port, settings: Settings, patience: int, lock_timeout: int | None = None) -> Message | None:
    """Raise self-protection; why that is not proven, with its state, or None."""
    options: Result = {"step": "protect", "service_timeout": patience, **guard(settings)}
    ran = port.module("dsa_upgrade", {**options, **({"lock_timeout": lock_timeout} if lock_timeout else {})})
    # A note that cannot be read fails the step, after it was raised.
    ended = not ran.get("failed") or ran.get("code") == "note_unreadable"
    return None if ended and ran.get("self_protection") == "on" else open_guard(ran)


def open_guard(ran: Result, explained: bool = False) -> Message:
    """That self-protection is not known to be on after a step. explained: another text has the reason."""
    state = "off" if ran.get("self_protection") == "off" else "unknown"
    if explained:
        return message("guard_state", state=state)
    return message("self_protection_not_restored", state=state, why=reason(ran))


def with_guard(result: StageResult, problem: Message | None, fails: bool) -> StageResult:
    """The result with the state of self-protection that is not known to be on. fails: whether the stage fails by it."""
    if problem is None:
        return result
    text = message("guard_open", what=result.message, guard=problem)
    details = {**result.details, "self_protection": problem.values["state"]}
    return replace(result, outcome="failed" if fails else result.outcome, message=text, details=details)


def not_staged(file: str, folder: str, result: Result, details: Mapping[str, Any]) -> StageResult:
    """The result of an upgrade whose package could not be copied to the host."""
    text = message("not_staged", file=file, folder=folder, why=reason(result))
    return StageResult("upgrade", "failed", text, details={**details, "after": details.get("before")})


def not_reached(record: Mapping[str, Any], seconds: float, details: Mapping[str, Any]) -> StageResult:
    """The result of an upgrade whose installer reported success, and the build is not there."""
    versions = record.get("versions") or {}
    sources = [f"{source} has {build or 'nothing'}" for source, build in sorted(versions.items())]
    service = record.get("service") or {}
    text = message(
        "build_not_reached",
        seconds=round(seconds),
        sources=", ".join(sources) or "no source gives a build",
        service=service.get("name") or "ds_agent",
        state=service.get("state") or "in an unknown state",
        problems=problem_texts(record) if record.get("problems") else "none",
    )
    if details.get("not_run"):
        text = message("msi_not_run", what=text)
    return failed(text, record, details)


def failed(text: Message, record: Mapping[str, Any], details: Mapping[str, Any], changed: bool = True) -> StageResult:
    """The result of an upgrade that failed, with the build that the host has now."""
    details = {**details, "after": build_of(record)}
    return StageResult("upgrade", "failed", text, changed=changed, record=record, details=details)


def upgraded(record: Mapping[str, Any], details: Mapping[str, Any], restarted: bool = True) -> StageResult:
    """The result of an upgrade that reached its build. restarted: where that is as before, else it was only guarded."""
    before, after = details.get("before"), build_of(record)
    details = {**details, "after": after}
    if before == after:
        text = message("restarted" if restarted else "guarded", build=after)
    else:
        text = message("upgraded", before=before or "no readable build", after=after, source=details["source"])
    return StageResult("upgrade", "done", text, changed=True, record=record, details=details)
