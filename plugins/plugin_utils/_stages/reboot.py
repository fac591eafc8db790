# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Stage reboot: reboot a host where the agent needs it and the policy, the hour and the operator allow it.

details: rebooted (bool: by this run), waiting (bool: before a reboot that is deferred the new build is not known to
run), self_protection (off or unknown, where it is not known to be on).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from .._advisory import decide, load_advisory
from .._fleet import rules_from
from .._messages import Message, message
from .._record import findings_of, unreadable_record
from .._run import HostRun, StageResult
from .._settings import Settings
from .port import HostLost, Port, Result
from .shared import (
    agent_waits_for_reboot,
    note_of,
    open_guard,
    problem_texts,
    raise_guard,
    reason,
    unguarded,
    with_guard,
)

# What a reboot can break in an agent.
_HEALTH = (
    "service_not_running",
    "service_unknown",
    "service_part_not_running",
    "drivers_not_running",
    "agent_silent",
    "anti_malware_offline",
    "anti_malware_unknown",
)
_CLOCK_CORRECTED = timedelta(seconds=30)


def reboot(port: Port, run: HostRun) -> StageResult:
    """Reboot if required, or if the policy is always; what is not allowed now is deferred."""
    settings = run.settings
    record = run.record or {}
    rules = rules_from(settings["dsa_reboot"], settings["dsa_reboot_window"], settings["dsa_reboot_timezone"])
    wanted, reasons = required_by(run)
    clock = record.get("clock")
    objection = rules.objection(wanted, clock if isinstance(clock, Mapping) else None, port.now())
    if objection is None and port.check_mode:
        return StageResult(
            "reboot", "predicted", message("would_reboot", reasons=reasons or rules.policy), changed=True
        )
    if objection is None:
        upgraded = run.stages.get("upgrade")
        if upgraded is not None and upgraded.details.get("restart_unseen"):
            return StageResult("reboot", "failed", message("restart_unknown"), changed=True)
        return reboot_and_wait(port, settings, record, reasons or rules.policy, "reboot")
    # A policy of "always" that the hour forbids is deferred like a reboot that is required.
    if not (wanted is True or (rules.policy == "always" and rules.spans)):
        return StageResult("reboot", "nothing", message("no_reboot_required"))
    after = None if port.check_mode else port.read()
    waiting = after is not None and not _runs_new(after, settings)
    text = message(
        "reboot_deferred_waiting" if waiting else "reboot_deferred",
        reasons=reasons or rules.policy,
        objection=objection,
    )
    result = StageResult("reboot", "deferred", text, record=after, details={"rebooted": False, "waiting": waiting})
    if after is None or not unguarded(after):
        return result
    return with_guard(result, open_guard(dict(note_of(after)), explained=True), fails=False)


def _runs_new(record: Mapping[str, Any], settings: Settings) -> bool:
    """Whether the build that is installed is known to run."""
    disagree = decide(record, load_advisory(settings["dsa_advisory"])).reason_code == "sources_disagree"
    return not disagree and all(finding.code != "agent_silent" for finding in findings_of(record))


def required_by(run: HostRun) -> tuple[bool | None, str]:
    """Whether a reboot is required, None where it cannot be told; and the reasons, in words."""
    state = (run.record or {}).get("reboot") or {}
    reasons = [str(each.get("text") if isinstance(each, Mapping) else each) for each in state.get("reasons") or []]
    upgraded, rebooted = run.stages.get("upgrade"), run.stages.get("reboot")
    done = rebooted is not None and rebooted.outcome == "done"
    if upgraded is not None and upgraded.details.get("reboot_required") and not done:
        return True, ", ".join(reasons) or "the installer requires it"
    return state.get("required"), ", ".join(reasons)


def reboot_and_wait(port: Port, settings: Settings, before: Mapping[str, Any], why: str, stage: str) -> StageResult:
    """Reboot the host. It is back when its agent is as healthy as before, not when a login works.

    before: the record by which the reboot is required. Another run, or the operator, may have rebooted the host since:
    then it is not rebooted a second time.
    """
    now = port.read()
    done = None if _rebooted_meanwhile(before, now) else _reboot(port, settings["dsa_reboot_timeout"], before, now, why)
    rebooted = done is not None
    if done is not None and done.get("failed"):
        code = "reboot_unknown" if done.get("unknown") else "reboot_no_return"
        text = message(code, seconds=settings["dsa_reboot_timeout"], why=reason(done))
        # Not read once more: that would wait as long again as a lost connection may last.
        record: Mapping[str, Any] = unreadable_record(text.text)
        details = {"rebooted": False, "waiting": False}
        return StageResult(stage, "failed", text, changed=True, record=record, details=details)
    seconds = settings["dsa_verify_timeout"]
    # At once: until its reboot the agent may have been silent.
    unprotected = raise_guard(port, settings, seconds) if unguarded(now) else None
    cured = {"not_readable", *(["agent_silent"] if agent_waits_for_reboot(before) else [])}
    known = set(_health(now if rebooted else before)) - cured
    record, problems = _wait_for_agent(port, settings, known)
    details = {"rebooted": rebooted, "waiting": False}
    if problems:
        text = message("reboot_agent_not_healthy", seconds=seconds, problems=list(problems.values()))
        result = StageResult(stage, "failed", text, changed=True, record=record, details=details)
    else:
        text = message("rebooted" if rebooted else "rebooted_meanwhile", reasons=why)
        record = _without_due_reboot(port, record) if rebooted else record
        result = StageResult(stage, "done", text, changed=rebooted, record=record, details=details)
    return with_guard(result, unprotected, fails=True)


def _without_due_reboot(port: Port, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where the time of its start does not show that the host was rebooted, it would be rebooted in each run."""
    if not (note_of(record).get("reboot_due_since") and required(record)):
        return record
    port.module("dsa_upgrade", {"step": "note", "note": {"reboot_due_since": None}})
    return port.read()


def _reboot(port: Port, limit: int, before: Mapping[str, Any], now: Mapping[str, Any], why: str) -> Result | None:
    """Reboot the host and wait for it; None where it went down for another run's reboot meanwhile.

    now: the record right before. Where the connection is lost it is rebooted again only if it is known not to have been
    started since: unknown then.
    """
    port.progress("reboot", message("waiting_for_reboot", reasons=why))
    name = "ansible.windows.win_reboot" if port.windows else "ansible.builtin.reboot"
    try:
        return port.action(name, {"reboot_timeout": limit})
    except HostLost as error:
        after = port.read()
        if booted_since(now, after) or _rebooted_meanwhile(before, after):
            return None
        if None in (boot_time(now), boot_time(after)):
            return {"failed": True, "unknown": True, "msg": str(error)}
    return port.action(name, {"reboot_timeout": limit})


def _rebooted_meanwhile(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether the host was started since, and requires no reboot any more. Not every host gives the time of its start:
    that it did require one and does not any longer is as good.
    """
    did, does = required(before), required(now)
    return does is not True and (booted_since(before, now) or (did is True and does is False))


def required(record: Mapping[str, Any]) -> bool | None:
    """Whether a reboot is required, by a record; None where that is not known."""
    return (record.get("reboot") or {}).get("required")


def booted_since(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether the host was started since it was read. A clock that is corrected moves the boot time by a little.

    Where the clock was set back to before the last start, the new start seems older; it runs for a shorter time.
    """
    old, new = boot_time(before), boot_time(now)
    if old is None or new is None:
        return False
    if new - old > _CLOCK_CORRECTED:
        return True
    up_before, up_now = _up(before), _up(now)
    return old - new > _CLOCK_CORRECTED and up_before is not None and up_now is not None and up_now < up_before


def boot_time(record: Mapping[str, Any]) -> datetime | None:
    """When the host was started, by its clock; None where that is not known."""
    return _time((record.get("clock") or {}).get("boot_time"))


def _up(record: Mapping[str, Any]) -> timedelta | None:
    """For how long it ran when it was read."""
    now, boot = _time((record.get("clock") or {}).get("now")), boot_time(record)
    return None if now is None or boot is None else now - boot


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def _health(record: Mapping[str, Any]) -> dict[str, Message]:
    """Health problems of the agent: code → message."""
    if record.get("installed") is None:
        return {"not_readable": message("agent_not_readable", problems=problem_texts(record))}
    return {finding.code: finding.message for finding in findings_of(record) if finding.code in _HEALTH}


def _wait_for_agent(port: Port, settings: Settings, known: set[str]) -> tuple[Mapping[str, Any], dict[str, Message]]:
    """Read until there are no health problems but the known ones, for at most dsa_verify_timeout seconds."""
    deadline = port.clock() + settings["dsa_verify_timeout"]
    while True:
        record = port.read()
        problems = {code: text for code, text in _health(record).items() if code not in known}
        if not problems or port.clock() >= deadline:
            return record, problems
        port.progress("reboot", message("waiting_for_agent", problems=list(problems.values())))
        port.sleep(settings["dsa_verify_interval"])
