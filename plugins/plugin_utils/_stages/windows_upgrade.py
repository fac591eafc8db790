# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""One installation on a Windows host: the MSI is run by ansible.windows.win_package, between two steps of ours.

What is left open when this ends in between stands in the host's progress note.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from .._messages import message
from .._record import judge_signature
from .._run import HostRun
from .._settings import Settings
from .._text import one_line
from . import msi
from .port import HostLost, Port, Result
from .reboot import boot_time, booted_since
from .shared import guard, keeping, reason

# Both below a folder that inherits from Program Files that ordinary users may not write there.
STAGING = "%ProgramFiles%\\deep_security_remediation\\packages\\"
_LOG = "%ProgramFiles%\\deep_security_remediation\\install.log"
# What Windows Installer logs of its exit status where a reboot is required or was begun. It is never translated.
_RETURNS_REBOOT = re.compile(r"MainEngineThread is returning (3010|1641)\b")
# How long to leave an installer alone that is busy, in seconds.
_BUSY_PAUSE = 20.0


def stage(port: Port, location: str) -> Result:
    """Copy a package to the host."""
    made = port.module("ansible.windows.win_file", {"path": STAGING, "state": "directory"})
    if made.get("failed"):
        return made
    return port.action("ansible.windows.win_copy", {"src": location, "dest": STAGING})


def install(port: Port, run: HostRun, options: Result) -> Result:
    """One attempt, with the result of dsa_upgrade's step install.

    And reboot_required, not_run, diagnostics; restart_unseen: nothing shows the end of a restart that the MSI began.
    """
    package = _inspected(port, run.settings, options)
    if package.get("failed"):
        return package
    path, sha256 = package["path"], package["sha256"]
    begun = port.module("dsa_upgrade", {**options, "step": "begin", "path": path, "sha256": sha256, "log_path": _LOG})
    begun = {**begun, "verified_by": package["verified_by"]}
    if begun.get("failed") or begun.get("waited"):
        return begun
    msi_options = {"path": path, "state": "present", "checksum": sha256, "checksum_algorithm": "sha256"}
    ran = _run_msi(port, run.settings, {**msi_options, "log_path": _LOG})
    result = {**begun, "command": ["msiexec", "/i", path], "rc": ran.get("rc"), "not_run": ran.get("changed") is False}
    end = {"step": "end", "service_timeout": options["service_timeout"], **guard(run.settings)}
    if ran.get("failed") or ran.get("rc") not in msi.SUCCESS:
        return {**result, **_failure(port, run.settings, ran, end)}
    code = ran["rc"]
    reboot = _reboot_due(port, run, code) or bool(ran.get("reboot_required") and code != msi.REBOOT_STARTED)
    look = {"log_path": _LOG} if result["not_run"] and not reboot else {}
    ended = port.module("dsa_upgrade", {**end, "reboot_required": reboot, **look})
    logged = _RETURNS_REBOOT.search(str((ended.get("log") or {}).get("text"))) if look else None
    if logged:
        # The answer of an attempt that was lost: win_package finds the package installed, and reports no reboot.
        code = int(logged[1])
        reboot = _reboot_due(port, run, code)
        ended = port.module("dsa_upgrade", {**end, "reboot_required": reboot})
    _remove(port, path)
    unseen = code == msi.REBOOT_STARTED and boot_time(run.record or {}) is None
    return {**result, **ended, "changed": True, "reboot_required": reboot, "restart_unseen": unseen}


def _inspected(port: Port, settings: Settings, options: Result) -> Result:
    """path, sha256 and verified_by of the staged package; or a failure. What is not trusted does not stay there."""
    seen = port.module("dsa_package_info", {"path": options["path"]})
    if seen.get("failed"):
        return seen
    package = seen["package"]
    path, sha256, stated = package.get("path") or options["path"], package.get("sha256"), options.get("sha256")
    if package.get("exists") is False:
        return {"failed": True, "code": "not_there", "msg": f"{path} is not there any more; run again"}
    if not sha256:
        return {"failed": True, "msg": f"{path} cannot be read: {one_line(package.get('error') or 'no reason given')}"}
    found = {"path": path, "sha256": sha256, "verified_by": None}
    if stated:
        if sha256.lower() == stated.lower():
            return {**found, "verified_by": "SHA-256"}
        why = f"its SHA-256 is {sha256}, not {stated}"
    elif not settings["dsa_verify_packages"]:
        return found
    else:
        problem = judge_signature(package, settings["dsa_windows_signer"])
        if problem is None:
            return {**found, "verified_by": f"signature of {one_line(package['signer'], 120)}"}
        why = problem.text
    _remove(port, path)
    return {"failed": True, "refused": True, "code": "package_refused", "msg": f"{path} is refused: {why}"}


def _remove(port: Port, path: str) -> None:
    """Remove a package; one that cannot be removed does no harm."""
    port.module("ansible.windows.win_file", {"path": path, "state": "absent"})


def _run_msi(port: Port, settings: Settings, options: Result) -> Result:
    """win_package, again while another installation is running."""
    options = {**options, "expected_return_code": [*msi.SUCCESS, msi.BUSY]}
    if settings["dsa_msi_arguments"]:
        options["arguments"] = settings["dsa_msi_arguments"]
    limit = settings["dsa_upgrade_timeout"]
    deadline = port.clock() + limit
    while True:
        ran = port.module("ansible.windows.win_package", options)
        if ran.get("rc") != msi.BUSY or port.clock() >= deadline:
            return ran
        port.progress("upgrade", message("waiting_for_installation"))
        port.sleep(min(_BUSY_PAUSE, max(1.0, limit / 30)))


def _reboot_due(port: Port, run: HostRun, code: int) -> bool:
    """Whether a reboot is required by an exit status; one that the installer began is waited for."""
    return code == msi.REBOOT_REQUIRED or (code == msi.REBOOT_STARTED and not _restarted(port, run))


def _restarted(port: Port, run: HostRun) -> bool:
    """Wait until the host has restarted, which the installer began; False after dsa_reboot_timeout seconds."""
    if boot_time(run.record or {}) is None:
        return False  # nothing would show it
    deadline = port.clock() + run.settings["dsa_reboot_timeout"]
    while port.clock() < deadline:
        with suppress(HostLost):
            if booted_since(run.record or {}, port.read()):
                return True
        port.sleep(run.settings["dsa_verify_interval"])
    return False


def _failure(port: Port, settings: Settings, ran: Result, end: Mapping[str, Any]) -> Result:
    """The MSI failed: raise self-protection, explain why by the log, and keep the log."""
    code = ran.get("rc")
    with keeping(msi.explain(code, []) if code else reason(ran)):
        ended = port.module("dsa_upgrade", {**end, "log_path": _LOG})
    log = ended.get("log") or {}
    lines = msi.telling(str(log.get("text") or ""))
    why = msi.explain(code, lines) if code else reason(ran)
    if log.get("error"):
        why = f"{why}. The log could not be read: {one_line(log['error'])}"
    if ended.get("failed"):
        why = f"{why}. {reason(ended)}"
    with keeping(why):
        kept, where = _keep_log(port, settings, str(log.get("path") or _LOG))
    result = {"failed": True, "code": "installer_failed", "msg": f"{why}. The log is {where}"}
    return {**result, "output": lines, "diagnostics": kept, "self_protection": ended.get("self_protection")}


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
