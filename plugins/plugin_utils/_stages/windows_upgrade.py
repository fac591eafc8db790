# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The upgrade of a Windows host: before (win_dsa_upgrade), the MSI (ansible.windows.win_package), and after.

What is left open when this ends in between stands in the host's progress note.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._advisory import Build
from .._messages import message
from .._run import HostRun, StageResult
from . import msi
from .port import HostLost, Port, Result
from .reboot import booted_since
from .shared import build_of, guard, has_build, left_with, not_reached, not_staged, reason, upgraded

if TYPE_CHECKING:
    from .._settings import Settings

_STAGING = "%ProgramFiles%\\deep_security_remediation\\packages\\"
# How long to leave an installer alone that is busy, in seconds.
_BUSY_PAUSE = 20.0


def install(
    port: Port, run: HostRun, target: Build, details: Mapping[str, Any], reinstall: bool = False
) -> StageResult:
    """Install the planned package. reinstall: on a host whose agent was removed."""
    package = (run.work or {})["package"]
    options = {**_options(run, target), "path": _STAGING + package["file"], "sha256": package.get("sha256")}
    if reinstall:
        # A new agent has no self-protection that could be lowered; it may take longer until it answers.
        timeout = run.settings["dsa_verify_timeout"]
        options = {**options, "self_protection": False, "reinstall": True, "service_timeout": timeout}
        options.pop("self_protection_password", None)
    staged = _stage(port, package)
    if staged.get("failed"):
        return not_staged(package["file"], _STAGING, staged, details)
    begun = port.module("dsa_upgrade", {**options, "step": "begin"})
    if begun.get("failed") or begun.get("done"):
        return _result(port, begun, target, details)
    return _installed(port, run, target, options, begun, details)


def restart(port: Port, run: HostRun, target: Build, details: Mapping[str, Any]) -> StageResult:
    """Have the agent that is installed run, and guarded."""
    return _result(port, port.module("dsa_upgrade", {**_options(run, target), "step": "restart"}), target, details)


def _options(run: HostRun, target: Build) -> Result:
    settings = run.settings
    return {
        "version": target.text,
        "verify": settings["dsa_verify_packages"],
        "service_timeout": settings["dsa_service_timeout"],
        **guard(run),
    }


def _stage(port: Port, package: Mapping[str, Any]) -> Result:
    # The folder inherits from Program Files that ordinary users may not write there.
    made = port.module("ansible.windows.win_file", {"path": _STAGING, "state": "directory"})
    if made.get("failed"):
        return made
    return port.action("ansible.windows.win_copy", {"src": package["location"], "dest": _STAGING})


def _installed(
    port: Port, run: HostRun, target: Build, options: Result, begun: Result, details: Mapping[str, Any]
) -> StageResult:
    """Run the MSI; then, whatever it did, raise self-protection and read the build back."""
    log_path = begun["log_path"]
    ran = _run_msi(port, run.settings, begun)
    code = ran.get("rc")
    failed = bool(ran.get("failed")) or code not in msi.SUCCESS
    reboot_required = code in (msi.REBOOT_REQUIRED, msi.REBOOT_STARTED) or bool(ran.get("reboot_required"))
    if code == msi.REBOOT_STARTED and _restarted(port, run):
        reboot_required = False
    end = {**options, "step": "end", "failed": failed, "reboot_required": reboot_required, "log_path": log_path}
    ended = port.module("dsa_upgrade", end)
    command = ["msiexec", "/i", begun["path"]]
    details = {**details, "verified_by": begun.get("verified_by"), "command": command, "rc": code}
    if not failed:
        if ended.get("failed") and ran.get("changed") is False:
            ended["msg"] = f"Windows lists this package as installed already, so it was not run. {reason(ended)}"
        return _result(port, ended, target, {**details, "reboot_required": reboot_required})
    lines = list(ended.get("log_lines") or [])
    why = msi.explain(code, lines) if code else reason(ran)
    if ended.get("failed"):
        why = f"{why} {reason(ended)}"
    try:
        kept, where = _keep_log(port, run.settings, log_path)
        record = port.read()
    except HostLost as error:
        raise HostLost(f"{why}. Then: {error}") from error
    text = message("msi_failed", why=why, build=left_with(record), log=where)
    details = {**details, "after": build_of(record), "output": lines, "diagnostics": kept}
    return StageResult("upgrade", "failed", text, changed=True, record=record, details=details)


def _run_msi(port: Port, settings: Settings, begun: Mapping[str, Any]) -> Result:
    """win_package, again while another installation is running."""
    options = {
        "path": begun["path"],
        "state": "present",
        "log_path": begun["log_path"],
        "expected_return_code": [*msi.SUCCESS, msi.BUSY],
    }
    if settings["dsa_msi_arguments"]:
        options["arguments"] = settings["dsa_msi_arguments"]
    limit = settings["dsa_upgrade_timeout"]
    deadline = port.clock() + limit
    while True:
        ran = port.module("ansible.windows.win_package", options)
        if ran.get("rc") != msi.BUSY or port.clock() >= deadline:
            return ran
        port.display(f"{port.host}: another installation is running there; trying again")
        port.sleep(min(_BUSY_PAUSE, max(1.0, limit / 30)))


def _restarted(port: Port, run: HostRun) -> bool:
    """Wait until the host has restarted, which the installer began; False after dsa_reboot_timeout seconds."""
    if not ((run.record or {}).get("clock") or {}).get("boot_time"):
        return False  # nothing would show it
    deadline = port.clock() + run.settings["dsa_reboot_timeout"]
    while port.clock() < deadline:
        with suppress(HostLost):
            if booted_since(run.record or {}, port.read()):
                return True
        port.sleep(run.settings["dsa_verify_interval"])
    return False


def _result(port: Port, ended: Result, target: Build, details: Mapping[str, Any]) -> StageResult:
    record = port.read()
    if ended.get("failed"):
        details = {**details, "after": build_of(record)}
        text = message("windows_upgrade_failed", why=reason(ended))
        return StageResult("upgrade", "failed", text, changed=not ended.get("refused"), record=record, details=details)
    # The module saw the build; what this record does not show was not reached.
    return upgraded(record, details) if has_build(record, target) else not_reached(record, 0, details)


def _keep_log(port: Port, settings: Settings, remote: str) -> tuple[str | None, str]:
    """Bring the installer's log to the controller: its path here, and where it is in words."""
    read = port.module("ansible.windows.slurp", {"src": remote})
    if read.get("failed") or "content" not in read:
        return None, f"on the host in {remote}"
    local = Path(settings["dsa_diagnostics_dir"]).expanduser().absolute() / port.host / "install.log"
    try:
        local.parent.mkdir(parents=True, exist_ok=True)
        local.write_bytes(base64.b64decode(str(read["content"])))
    except (OSError, ValueError) as error:
        return None, f"on the host in {remote} (it could not be kept here: {error})"
    return str(local), f"in {local}"
