# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Stage update: request a security update, watch it from the controller, and prove how it ended.

details: evidence (text), certificate_expired (bool: code -24), by (host, manager or other_run), diagnostics (path on
the controller).
"""

from __future__ import annotations

import ntpath
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._fleet import proven_by_other_run
from .._messages import Message, message
from .._record import Evidence, PatternTooSlow, UpdateStart, done_note, judge_update, start_note
from .._run import HostRun, Reading, StageResult
from .._settings import Settings, SettingsError
from .port import Port, Result
from .shared import build_of, keeping, reason, seen, unless_done, waits_for_reboot

_ARTICLE = "「Deep Security Agent や Relayのアップグレード後にセキュリティアップデートが完了しない」"


def update(port: Port, run: HostRun) -> StageResult:
    """Update the patterns, or take over what a task of the Manager did for this host."""
    if waits_for_reboot(run):
        return StageResult("update", "deferred", message("update_waits_for_reboot"))
    if port.check_mode:
        return StageResult("update", "predicted", message("would_update"), changed=True)
    task = run.tasks.get("update")
    if task is not None and task.get("outcome") in ("succeeded", "failed", "unfinished"):
        return _by_manager(port, run, task)
    if (run.record or {}).get("activated") is False:
        return _failed(message("update_not_activated"), changed=False)
    return _watch(port, run)


def _watch(port: Port, run: HostRun) -> StageResult:
    """Start the update and look until it has ended, or the time is up."""
    settings, first = run.settings, (run.first.record if run.first else None) or {}
    own = _own(settings)

    def request(record: Mapping[str, Any]) -> Result:
        note, trigger = start_note(record, port.run_id), settings["dsa_security_update_trigger"]
        options = {"step": "start", "trigger": trigger, "note": note, "seen": seen(record)}
        return port.module("dsa_security_update", {**options, **own})

    def done(record: Mapping[str, Any]) -> bool:
        return proven_by_other_run(first, record, port.run_id)

    begun, record = unless_done(port, run.record or {}, done, request)
    run = run.with_reading(Reading("read", record))
    if begun.get("waited"):
        return _by_other_run(record)
    if begun.get("failed"):
        return _failed(message("update_not_started", why=reason(begun)), changed=False)
    start = UpdateStart.from_result(begun, run.note, run.record or {})
    own.pop("self_protection_password", None)
    watched = _look_until_ended(port, run, start, {"step": "look", "marks": begun["marks"], **own})
    details = {"evidence": watched.text, "certificate_expired": watched.certificate_expired, "by": "host"}
    if watched.state == "succeeded":
        # Not where another run installs by now: the update that it needs is due.
        return _noted(port, run, details, seen={"phase": "update_pending"}) or _done(details)
    if watched.state == "failed":
        code = "update_failed_expired" if watched.certificate_expired else "update_failed"
        return _failed(message(code, evidence=watched.text), details)
    return _unfinished(port, run, details)


def _by_other_run(record: Mapping[str, Any]) -> StageResult:
    """What another run did since this one read the host: nothing is requested that it would have to wait for."""
    evidence = message("done_by_other_run")
    details = {"evidence": evidence.text, "certificate_expired": False, "by": "other_run"}
    return StageResult("update", "done", message("updated", evidence=evidence), record=record, details=details)


def _look_until_ended(port: Port, run: HostRun, start: UpdateStart, options: Result) -> Evidence:
    settings = run.settings
    limit, interval = (settings[f"dsa_security_update_{name}"] for name in ("timeout", "interval"))
    success, failure = (settings[f"dsa_security_update_{word}_regex"] for word in ("success", "failure"))
    started = port.clock()
    previous: Result | None = None
    while True:
        port.sleep(min(interval, limit))
        last = port.clock() - started >= limit
        seen = port.module("dsa_security_update", options)
        try:
            evidence = judge_update(start, seen, previous, success, failure)
        except PatternTooSlow as error:
            raise SettingsError(str(error)) from error
        previous = seen
        if evidence.state in ("succeeded", "failed") or last:
            return evidence
        waited = round(port.clock() - started)
        port.progress("update", message("waiting_for_update", seconds=waited, limit=limit, evidence=evidence.text))


def _by_manager(port: Port, run: HostRun, task: Mapping[str, Any]) -> StageResult:
    """What a task of the Manager did for many hosts at once, as this host's own outcome."""
    evidence = f"the Manager: {task.get('evidence') or 'no evidence'}"
    expired = task.get("certificate_expired") is True
    details = {"evidence": evidence, "certificate_expired": expired, "by": "manager"}
    if task["outcome"] == "failed":
        return _failed(message("update_failed_expired" if expired else "update_failed", evidence=evidence), details)
    if task["outcome"] == "unfinished":
        return _unfinished(port, run, details)
    return _noted(port, run, details) or _done(details)


def _noted(port: Port, run: HostRun, details: Mapping[str, Any], **more: Any) -> StageResult | None:
    """Note the update on the host, so that a later run need not repeat it; a failure, or None."""
    build = build_of(run.record or {})
    options: Result = {"step": "confirm", "note": done_note(build, port.run_id, port.now()), **more}
    noted = port.module("dsa_security_update", options)
    if noted.get("failed"):
        return _failed(message("update_not_noted", evidence=details["evidence"], why=reason(noted)), details)
    return None


def _done(details: Mapping[str, Any]) -> StageResult:
    return StageResult(
        "update", "done", message("updated", evidence=details["evidence"]), changed=True, details=details
    )


def _unfinished(port: Port, run: HostRun, details: Mapping[str, Any]) -> StageResult:
    """The vendor has a procedure of its own for this, not public in full: collect, point to it, stop waiting."""
    kept: str | None = None
    where: Message = message("diagnostics_not_made", why="dsa_diagnostics is false")
    if run.settings["dsa_diagnostics"]:
        with keeping(f"the security update did not finish ({details['evidence']})"):
            kept, where = _diagnose(port, run)
    text = message("update_unfinished", evidence=details["evidence"], article=_ARTICLE, diagnostics=where)
    return _failed(text, {**details, "diagnostics": kept})


def _diagnose(port: Port, run: HostRun) -> tuple[str | None, Message]:
    made = port.module("dsa_security_update", {"step": "diagnose", **_own(run.settings)})
    if made.get("failed"):
        return None, message("diagnostics_not_made", why=reason(made))
    folder = Path(run.settings["dsa_diagnostics_dir"]).expanduser().absolute() / port.host
    local = folder / ntpath.basename(made["path"])  # of a path of either kind
    fetched = port.action("ansible.builtin.fetch", {"src": made["path"], "dest": str(local), "flat": True})
    if fetched.get("failed"):
        return None, message("diagnostics_on_host", path=made["path"], why=reason(fetched))
    return str(local), message("diagnostics_kept", path=str(local))


def _failed(text: Message, details: Mapping[str, Any] | None = None, changed: bool = True) -> StageResult:
    return StageResult("update", "failed", text, changed=changed, details=details or {})


def _own(settings: Settings) -> Result:
    """The options that are set; where one is not the module's own default holds."""
    given = {
        "log_folder": settings["dsa_log_folder"],
        "self_protection_password": settings["dsa_self_protection_password"],
    }
    return {name: value for name, value in given.items() if value}
