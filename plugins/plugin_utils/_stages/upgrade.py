# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Stage upgrade: bring the package to the host, install it there, and read the new build back from two sources.

details: before, after (builds), source (what it was installed from), verified_by, command, rc, output, diagnostics,
reboot_required (the installer requires one), doubt (a Message as a dict: what check mode cannot foresee).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._advisory import Build, BuildError, parse_build
from .._messages import Message, message
from .._record import begun_upgrade, update_due
from .._run import HostRun, Reading, StageResult
from . import windows_upgrade
from .port import HostLost, Port, Result
from .shared import build_of, guard, has_build, left_with, not_reached, not_staged, reason, unguarded, upgraded

# On the host: a folder that only root can write to, or what was verified could be exchanged before it is installed.
_STAGING = "/var/opt/deep_security_remediation/packages/"
# How often a host is read while its new build is waited for, in seconds, at most.
_POLL = 2.0
# How often an installation is tried again that another process' work kept from beginning.
_TRIES = 3


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
    if package is None:
        return _restart(port, run, target, details)
    return (windows_upgrade.install if port.windows else _install)(port, run, target, details)


def _source(package: Mapping[str, Any] | None) -> str:
    if package is None:
        return "installed"
    by_task = package["origin"] == "task"
    return "task of the Manager" if by_task else package.get("file") or "repository"


def begin_by_manager(port: Port, run: HostRun) -> StageResult | None:
    """Note on the host that a task of the Manager upgrades it: a later run must know that an update is due.

    Return the failed stage where it cannot be noted: then no task may upgrade this host.
    """
    work = run.work or {}
    options: Result = {"step": "note", "note": begun_upgrade(run.record or {}, work["target"], port.run_id, port.now())}
    if port.windows:
        options = {"step": "restart", "version": work["target"], "update_due": True}
    try:
        noted = port.module("dsa_upgrade", options)
    except HostLost as error:
        noted = {"failed": True, "msg": str(error)}
    if noted.get("failed"):
        return StageResult("upgrade", "failed", message("begin_not_noted", why=reason(noted)))
    return None


def _install(port: Port, run: HostRun, target: Build, details: Mapping[str, Any]) -> StageResult:
    settings, package = run.settings, (run.work or {})["package"]
    options: Result = {
        "step": "install",
        "version": target.text,
        "sha256": package.get("sha256"),
        "verify": settings["dsa_verify_packages"],
        "command": settings["dsa_upgrade_command"],
        "timeout": settings["dsa_upgrade_timeout"],
        "service_timeout": settings["dsa_service_timeout"],
        "note": begun_upgrade(run.record or {}, target.text, port.run_id, port.now()),
        "seen_run": str(run.note.get("run") or ""),
        **guard(run),
    }
    staged: Result = {}
    if package["origin"] != "repository":
        options["path"] = _STAGING + package["file"]
        staged = port.action(
            "ansible.builtin.copy",
            {"src": package["location"], "dest": _STAGING, "mode": "0600", "directory_mode": "0700"},
        )
        if staged.get("failed") and not has_build(port.read(), target):
            return not_staged(package["file"], _STAGING, staged, details)
    # Where it failed and the build is there, another run installed it and removed the file that both bring there.
    ran = {} if staged.get("failed") else _run_installer(port, options, target)
    details = {**details, **{key: ran[key] for key in ("verified_by", "command", "rc", "output") if key in ran}}
    if ran.get("failed"):
        return _failed(message("installation_failed", why=reason(ran)), port, details, "command" in ran)
    record = port.read()
    if unguarded(record.get("remediation") or {}):
        problem = _protect(port, run, details)  # of an installation that another run left half done
        if problem:
            return problem
    if package["origin"] == "repository" and build_of(record) and not has_build(record, target):
        # Waiting would not help: where the repository has nothing newer its package manager ends well too.
        command = " ".join(map(str, ran.get("command") or ["it"]))
        output = " | ".join(map(str, (ran.get("output") or ["no output"])[-3:])).rstrip(".")
        text = message("repository_lacks", target=target.text, command=command, output=output)
        return _failed(text, port, details, True, record)
    return _read_back(port, run, target, details, record)


def _run_installer(port: Port, options: Result, target: Build) -> Result:
    """Install once, even where the connection was lost meanwhile, or another run does the same."""
    ran: Result = {}
    for _try in range(_TRIES):
        ran = port.module("dsa_upgrade", options)
        # Where another process or run was at work nothing was installed, as it may have done it. A package that is gone
        # was installed by an attempt whose answer was lost, and removed after it.
        if not (ran.get("waited") and not ran.get("failed")) and ran.get("code") != "not_there":
            return ran
        record = port.read()
        if has_build(record, target):  # whether it runs already is seen later
            return {key: value for key, value in ran.items() if key not in ("failed", "msg", "code")}
        if ran.get("failed"):
            return ran
        options = {**options, "seen_run": str((record.get("remediation") or {}).get("run") or "")}
    return {**ran, "failed": True, "msg": "another process was at work on this host again and again; look at it there"}


def _restart(port: Port, run: HostRun, target: Build, details: Mapping[str, Any]) -> StageResult:
    """The package is there: the agent that runs is another one, or none, or its self-protection was left off."""
    if port.windows:
        return windows_upgrade.restart(port, run, target, details)
    record = run.record or {}
    restart = (record.get("service") or {}).get("state") != "running" or not _reached(record, target)
    if restart:
        options = {"step": "restart", "service_timeout": run.settings["dsa_service_timeout"], **guard(run)}
        ran = port.module("dsa_upgrade", options)  # it raises self-protection as well
        if ran.get("failed"):
            return _failed(message("restart_failed", why=reason(ran)), port, details, True)
    elif unguarded(run.note):
        problem = _protect(port, run, details)
        if problem:
            return problem
    return _read_back(port, run, target, details, restarted=restart)


def _protect(port: Port, run: HostRun, details: Mapping[str, Any]) -> StageResult | None:
    """Raise self-protection; a failure, or None."""
    options = {"step": "protect", "service_timeout": run.settings["dsa_service_timeout"], **guard(run)}
    ran = port.module("dsa_upgrade", options)
    if ran.get("failed"):
        return _failed(message("self_protection_not_restored", why=reason(ran)), port, details, True)
    return None


def _by_manager(port: Port, run: HostRun, target: Build, details: Mapping[str, Any]) -> StageResult:
    """A task of the Manager was to install it: what counts is the build on the host."""
    record = port.read()
    if not has_build(record, target):
        task = run.tasks.get("upgrade") or {}
        text = message("manager_did_not_upgrade", why=task.get("evidence") or "no task took this host in")
        return _failed(text, port, details, True, record)
    return _restart(port, run.with_reading(Reading("read", record)), target, details)


def _read_back(
    port: Port,
    run: HostRun,
    target: Build,
    details: Mapping[str, Any],
    record: Mapping[str, Any] | None = None,
    restarted: bool = True,
) -> StageResult:
    """Read until every source gives the target or a newer build, for at most dsa_service_timeout seconds."""
    limit = run.settings["dsa_service_timeout"]
    deadline = port.clock() + limit
    record = record or port.read()
    while not _reached(record, target):
        if port.clock() >= deadline:
            return not_reached(record, limit, details)
        port.sleep(min(_POLL, run.settings["dsa_verify_interval"]))
        record = port.read()
    if (record.get("remediation") or {}).get("phase") == "upgrading":
        noted = port.module("dsa_upgrade", {"step": "note", "note": update_due(port.run_id, port.now())})
        if noted.get("failed"):
            text = message("note_not_written", why=reason(noted))
            details = {**details, "after": build_of(record)}
            return StageResult("upgrade", "failed", text, changed=True, record=record, details=details)
    return upgraded(record, details, restarted)


def _failed(
    text: Message, port: Port, details: Mapping[str, Any], changed: bool, record: Mapping[str, Any] | None = None
) -> StageResult:
    """A failed installation, with what the host has now."""
    record = record or port.read()
    after = build_of(record)
    text = message("failed_host_has", what=text, build=left_with(record))
    changed = changed or after != details.get("before")
    return StageResult("upgrade", "failed", text, changed, record=record, details={**details, "after": after})


def _reached(record: Mapping[str, Any], target: Build) -> bool:
    """Whether at least two sources give the target or a newer build, and none gives anything else."""
    builds = list((record.get("versions") or {}).values())
    try:
        return len(builds) > 1 and all(parse_build(build) >= target for build in builds)
    except BuildError:
        return False
