# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Stage upgrade: bring the package to the host, install it there, and read the new build back from all its sources.

One flow for every platform; how a package is staged and installed is what differs.

details: before, after (builds), source (what it was installed from), verified_by, command, rc, output, diagnostics,
reboot_required (the installer requires one), restart_unseen (it began one of which nothing shows the end),
self_protection (off or unknown, where it is not known to be on), doubt (a Message as a dict: what check mode cannot
foresee).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from .._advisory import Build, parse_build
from .._messages import Message, message
from .._record import begun_upgrade, update_due
from .._run import HostRun, Reading, StageResult
from . import windows_upgrade
from .left_off import wait_for_other_run
from .port import HostLost, Port, Result
from .shared import (
    TRIES,
    agent_waits_for_reboot,
    build_of,
    failed,
    guard,
    has_build,
    keeping,
    left_with,
    not_reached,
    not_staged,
    note_of,
    open_guard,
    raise_guard,
    reached,
    reason,
    seen,
    unguarded,
    unless_done,
    upgraded,
    with_guard,
)

# On the host: a folder that only root can write to, or what was verified could be exchanged before it is installed.
_STAGING = "/var/opt/deep_security_remediation/packages/"
# How often a host is read while its new build is waited for, in seconds, at most.
_POLL = 2.0
# States of self-protection in which it is not known to be on.
_OPEN = ("off", "unknown")
# What an installation reports that belongs into the details.
_REPORTED = ("verified_by", "command", "rc", "output", "diagnostics", "reboot_required", "restart_unseen", "not_run")


def upgrade(port: Port, run: HostRun) -> StageResult:
    """Install the planned package; without one restart the service, so that the installed build runs."""
    work = run.work or {}
    if not work.get("target"):
        return StageResult("upgrade", "nothing", message("no_upgrade_planned"))
    package = work.get("package")
    before, target = work.get("installed"), parse_build(work["target"])
    source = _source(package)
    details = {"before": before, "after": target.text, "source": source}
    if port.check_mode:
        code = "would_upgrade" if package else "would_restart"
        text = message(code, before=before or "no readable build", target=target.text, source=source)
        return StageResult("upgrade", "predicted", text, changed=True, details={**details, "doubt": work.get("doubt")})
    if package and package["origin"] == "task":
        return _by_manager(port, run, target, details)
    return (_install if package else _restart)(port, run, target, details)


def _source(package: Mapping[str, Any] | None) -> str:
    if package is None:
        return "installed"
    by_task = package["origin"] == "task"
    return "task of the Manager" if by_task else package.get("file") or "repository"


def begin_by_manager(port: Port, run: HostRun) -> StageResult | None:
    """Note on the host that a task of the Manager upgrades it: a later run must know that an update is due.

    Return the failed stage where it cannot be noted: then no task may upgrade this host.
    """
    target = parse_build((run.work or {})["target"])

    def begin(record: Mapping[str, Any]) -> Result:
        note = begun_upgrade(record, target.text, port.run_id, port.now())
        return port.module("dsa_upgrade", {"step": "note", "note": note, "seen": seen(record)})

    try:
        noted, _record = unless_done(port, run.record or {}, lambda record: has_build(record, target), begin)
    except HostLost as error:
        noted = {"failed": True, "msg": str(error)}
    if noted.get("failed"):
        return StageResult("upgrade", "failed", message("begin_not_noted", why=reason(noted)))
    return None


def _install(port: Port, run: HostRun, target: Build, details: Mapping[str, Any]) -> StageResult:
    work, settings = run.work or {}, run.settings
    package, folder = work["package"], windows_upgrade.STAGING if port.windows else _STAGING
    record = wait_for_other_run(port, settings, run.record or {})
    if record is not run.record and has_build(record, target):
        return _ended(port, run, target, {}, details)
    staged: Result = {}
    options: Result = {
        "sha256": package.get("sha256"),
        "seen": seen(record),
        "service_timeout": settings["dsa_service_timeout"],
        **guard(settings),
    }
    if package["origin"] != "repository":
        options["path"] = folder + package["file"]
        staged = (windows_upgrade.stage if port.windows else _stage)(port, package["location"])
        if staged.get("failed") and not has_build(port.read(), target):
            return not_staged(package["file"], folder, staged, details)
    # Not before the package is there, which can take long: other runs judge by its time.
    begun = begun_upgrade(record, target.text, port.run_id, port.now())
    options["note"] = {**begun, "reinstalled": work.get("reinstalled")}
    # Where it failed and the build is there, another run installed it and removed the file that both bring there.
    ran = {} if staged.get("failed") else _run_installer(port, run, options, target)
    details = {**details, **{key: ran[key] for key in _REPORTED if key in ran}}
    return _ended(port, run, target, ran, details)


def _stage(port: Port, location: str) -> Result:
    options = {"src": location, "dest": _STAGING, "mode": "0600", "directory_mode": "0700"}
    return port.action("ansible.builtin.copy", options)


def _run_here(port: Port, run: HostRun, options: Result) -> Result:
    """One attempt on a POSIX host, where one module does all of it."""
    settings, version = run.settings, (run.work or {})["target"]
    own = {
        "step": "install",
        "version": version,
        "verify": settings["dsa_verify_packages"],
        "command": settings["dsa_upgrade_command"],
        "timeout": settings["dsa_upgrade_timeout"],
    }
    return port.module("dsa_upgrade", {**options, **own})


def _run_installer(port: Port, run: HostRun, options: Result, target: Build) -> Result:
    """Install once, even where the connection was lost meanwhile, or another run does the same."""
    ran: Result = {}
    for _try in range(TRIES):
        ran = (windows_upgrade.install if port.windows else _run_here)(port, run, options)
        # Where another process or run was at work nothing was installed, as it may have done it. A package that is gone
        # was installed by an attempt whose answer was lost, and removed after it.
        if not (ran.get("waited") and not ran.get("failed")) and ran.get("code") != "not_there":
            return ran
        record = wait_for_other_run(port, run.settings, port.read())
        if has_build(record, target):  # whether it runs already is seen later
            return {key: value for key, value in ran.items() if key not in ("failed", "msg", "code")}
        if ran.get("failed"):
            return ran
        note = {**options["note"], "since": begun_upgrade(record, target.text, port.run_id, port.now())["since"]}
        options = {**options, "note": note, "seen": seen(record)}
    return {**ran, "failed": True, "msg": "another process was at work on this host again and again; look at it there"}


def _restart(port: Port, run: HostRun, target: Build, details: Mapping[str, Any]) -> StageResult:
    """The package is there: the agent that runs is another one, or none, or its self-protection was left off."""
    record = run.record or {}
    runs, whole = (record.get("service") or {}).get("state") == "running", reached(record, target)
    if runs and not whole and agent_waits_for_reboot(record):
        return StageResult("upgrade", "nothing", message("restart_waits_for_reboot"))
    if runs and whole:
        return _ended(port, run, target, {}, details, restarted=False)
    options = {"step": "restart", "service_timeout": run.settings["dsa_service_timeout"], **guard(run.settings)}
    return _ended(port, run, target, port.module("dsa_upgrade", options), details, "restart_failed")


def _by_manager(port: Port, run: HostRun, target: Build, details: Mapping[str, Any]) -> StageResult:
    """A task of the Manager was to install it: what counts is the build on the host."""
    record = port.read()
    if not has_build(record, target):
        task = run.tasks.get("upgrade") or {}
        text = message("manager_did_not_upgrade", why=task.get("evidence") or "no task took this host in")
        return _host_has(text, record, details)
    return _restart(port, run.with_reading(Reading("read", record)), target, details)


def _ended(
    port: Port,
    run: HostRun,
    target: Build,
    ran: Result,
    details: Mapping[str, Any],
    failure: str = "installation_failed",
    restarted: bool = True,
) -> StageResult:
    """After an installation or a restart: see to self-protection, and read the build back. failure: code of a message.

    What cannot be raised before the agent's reboot must not prevent that reboot: it is raised right after it.
    """
    off = ran.get("code") == "self_protection_off"
    with keeping(reason(ran)) if ran.get("failed") else nullcontext():
        record = port.read()
        problem = _guard_problem(port, run, ran, record)
    waits = bool(details.get("reboot_required")) or agent_waits_for_reboot(record)
    if ran.get("failed") and not off:
        if waits and failure == "restart_failed":
            result = StageResult("upgrade", "nothing", message("restart_waits_for_reboot"), True, record=record)
        else:
            result = _host_has(message(failure, why=reason(ran)), record, details, "command" in ran)
    elif details["source"] == "repository" and build_of(record) and not has_build(record, target):
        # Waiting would not help: where the repository has nothing newer its package manager ends well too.
        command = " ".join(map(str, ran.get("command") or ["it"]))
        output = " | ".join(map(str, (ran.get("output") or ["no output"])[-3:])).rstrip(".")
        text = message("repository_lacks", target=target.text, command=command, output=output)
        result = _host_has(text, record, details)
    else:
        result = _read_back(port, run, target, details, record, restarted)
    return with_guard(result, problem, fails=not waits)


def _guard_problem(port: Port, run: HostRun, ran: Result, record: Mapping[str, Any]) -> Message | None:
    """Why self-protection is not known to be on, or None. Where this step or another run broke off, it is raised."""
    off = ran.get("code") == "self_protection_off"
    if ran.get("failed") and (off or ran.get("self_protection") in _OPEN):
        return open_guard(ran, explained=not off)  # the step itself tried for long enough
    return raise_guard(port, run.settings, run.settings["dsa_service_timeout"]) if unguarded(record) else None


def _read_back(
    port: Port, run: HostRun, target: Build, details: Mapping[str, Any], record: Mapping[str, Any], restarted: bool
) -> StageResult:
    """Read until the build is there by all its sources, for at most dsa_service_timeout seconds.

    Where the agent waits for a reboot, the one that runs until then may be another one.
    """
    limit = run.settings["dsa_service_timeout"]
    deadline = port.clock() + limit
    while not _is_there(record, target, details):
        if port.clock() >= deadline:
            return not_reached(record, limit, details)
        port.progress("upgrade", message("waiting_for_build", target=target.text, build=left_with(record)))
        port.sleep(min(_POLL, run.settings["dsa_verify_interval"]))
        record = port.read()
    if note_of(record).get("phase") == "upgrading":
        due = {"step": "note", "note": update_due(port.run_id, port.now()), "seen": seen(record)}
        noted = port.module("dsa_upgrade", due)
        if noted.get("failed"):
            return failed(message("note_not_written", why=reason(noted)), record, details)
    return upgraded(record, details, restarted)


def _is_there(record: Mapping[str, Any], target: Build, details: Mapping[str, Any]) -> bool:
    waits = details.get("reboot_required") or agent_waits_for_reboot(record)
    return reached(record, target) or bool(waits and reached(record, target, runs=False))


def _host_has(
    text: Message, record: Mapping[str, Any], details: Mapping[str, Any], changed: bool = True
) -> StageResult:
    """A failed installation, with what the host has now."""
    text = message("failed_host_has", what=text, build=left_with(record))
    return failed(text, record, details, changed or build_of(record) != details.get("before"))
