# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring the package to the host, install it there, and see it through a connection that drops."""

from __future__ import annotations

import base64
import time
import typing as t
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure

from ..plugin_utils import _msi
from ..plugin_utils._action import DsaAction, Result
from ..plugin_utils._advisory import Build, BuildError, parse_build
from ..plugin_utils._fleet import SettingsError

# On the host: a folder that only root can write to, or what was verified could be exchanged before it is installed.
_STAGING = "/var/opt/deep_security_remediation/packages"
_WINDOWS_STAGING = r"%ProgramFiles%\deep_security_remediation\packages"
# How long to leave an installer alone that says it is busy, in seconds.
_BUSY_PAUSE = 20.0

_OPTIONS: dict[str, dict[str, t.Any]] = {
    "version": {"type": "str", "required": True},
    "installed": {"type": "str"},
    "package": {"type": "dict"},
    "verify": {"type": "bool", "default": True},
    "self_protection": {"type": "bool"},
    "self_protection_password": {"type": "str", "no_log": True},
    "command": {"type": "str"},
    "msi_arguments": {"type": "str"},
    "reinstall": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 1800},
    "service_timeout": {"type": "int", "default": 120},
    "reconnect_timeout": {"type": "int", "default": 600},
    "progress_file": {"type": "path"},
    "diagnostics_dir": {"type": "path", "default": "dsa-reports/diagnostics"},
    "wave": {"type": "dict"},
}
_HERE_ALONE = ("wave", "package", "installed", "msi_arguments", "reconnect_timeout", "diagnostics_dir")
# The MSI takes its own command line, and has no time limit that could be kept without leaving half an agent.
_POSIX_ALONE = ("command", "timeout")


class ActionModule(DsaAction):
    """One task; the module of the same name does the work on the host and can be repeated at any point."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return before and after, and failed with a reason and a remedy when the build was not reached."""
        arguments = self.arguments(_OPTIONS)
        package, version = arguments["package"], arguments["version"]
        origin = package.get("origin") if package else "installed"
        if origin not in ("directory", "repository", "url", "manager", "installed", "task"):
            raise SettingsError(f"package.origin is {origin!r}; take the package that dsa_plan chose")
        if self.windows and origin == "repository":
            raise SettingsError("a Windows host has no repository of its own; give dsa_packages a path or a url")
        source = package.get("file") or "the host's own repository" if package else "the package that is installed"
        if origin == "task":
            package, source = None, "the Manager, by a task"
        predicted = {"before": arguments["installed"], "after": version, "source": source}
        if self._task.check_mode:
            text = f"would upgrade {arguments['installed']} to {version} from {source}"
            return {"changed": True, "msg": text, **predicted, **_doubt(package, arguments["verify"])}

        given = {key: value for key, value in arguments.items() if value is not None and key not in _HERE_ALONE}
        given["update_due"] = origin == "task"
        given.setdefault("self_protection", bool(arguments["self_protection_password"]))
        if package:
            given["sha256"] = package.get("sha256")
        if not arguments["reinstall"]:
            del given["reinstall"]
        try:
            if origin not in ("repository", "installed", "task"):
                folder = f"{_WINDOWS_STAGING}\\" if self.windows else f"{_STAGING}/"
                given["path"] = folder + package["file"]
                staged = self._patiently(arguments, task_vars, lambda: self._stage(package, folder, task_vars))
                if staged.get("failed"):
                    why = staged.get("msg") or "no reason given"
                    text = f"{package['file']} could not be copied to {folder}: {why}; nothing was changed"
                    if "No space left" in str(staged) or "not enough space" in str(staged):
                        text += ", make room there and run again"
                    return {"changed": False, "failed": True, "msg": text, **predicted, "after": arguments["installed"]}
            if self.windows:
                result = self._install_msi(package, given, arguments, task_vars)
            else:
                given["restart"] = package is None
                # A second attempt waits for the first, which goes on without us, and then finds its work done.
                result = self._patiently(arguments, task_vars, lambda: self.run_module("dsa_upgrade", given, task_vars))
        except AnsibleConnectionFailure as error:
            limit = arguments["reconnect_timeout"]
            lost = f"the connection was lost during the upgrade and did not come back within {limit} s"
            text = f"{lost}: {error}; look at the host, then run again"
            return {"changed": True, "failed": True, "msg": text, **predicted}
        after = _build(result.get("after"))
        if (arguments["wave"] or {}).get("outcome") == "begun":
            return {**predicted, **result, "changed": False}
        if origin == "task" and not result.get("failed") and (after is None or after < parse_build(version)):
            why = (arguments["wave"] or {}).get("evidence") or "it did nothing for this host"
            result.update(failed=True, msg=f"the Manager did not upgrade the agent: {why}. Look at it there")
        # By the build before the task, as a second attempt finds the first one's work done. Where a command ran and
        # failed nobody knows what it changed: say that it did.
        upgraded = after is not None and after != _build(arguments["installed"])
        touched = bool(result.get("failed")) and "command" in result
        return {**predicted, **result, "changed": bool(result.get("changed") or upgraded or touched)}

    def _patiently(
        self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any], attempt: t.Callable[[], Result]
    ) -> Result:
        return self.reconnecting(arguments["reconnect_timeout"], task_vars["inventory_hostname"], attempt)

    def _stage(self, package: dict[str, t.Any], folder: str, task_vars: dict[str, t.Any]) -> Result:
        """Copy unless the same file is there."""
        arguments = {"src": package["location"], "dest": folder}
        if self.windows:
            # The folder inherits from Program Files that ordinary users may not write there.
            made = self.run_module("ansible.windows.win_file", {"path": folder, "state": "directory"}, task_vars)
            if made.get("failed"):
                return made
            return self.run_action("ansible.windows.win_copy", arguments, task_vars)
        # The folder is made on the way, for root alone.
        return self.run_action(
            "ansible.builtin.copy", {**arguments, "mode": "0600", "directory_mode": "0700"}, task_vars
        )

    def _install_msi(
        self,
        package: dict[str, t.Any] | None,
        given: dict[str, t.Any],
        arguments: dict[str, t.Any],
        task_vars: dict[str, t.Any],
    ) -> Result:
        """Before, win_package, after. What is left open when this ends in between is in the host's progress file."""

        def on_host(step: str, **more: t.Any) -> Result:
            options = {key: value for key, value in given.items() if key not in _POSIX_ALONE}
            return self._patiently(
                arguments,
                task_vars,
                lambda: self.run_module("dsa_upgrade", {**options, **more, "step": step}, task_vars),
            )

        if package is None:
            return on_host("restart")
        begun = on_host("begin")
        if begun.get("failed") or begun.get("done"):
            return begun
        ran = self._run_msi(begun, arguments, task_vars)
        code = ran.get("rc")
        log = {"log_path": begun["log_path"]}
        failed = bool(ran.get("failed")) or code not in _msi.SUCCESS
        wants_reboot = code in (_msi.REBOOT_REQUIRED, _msi.REBOOT_STARTED) or bool(ran.get("reboot_required"))
        ended = on_host("end", failed=failed, reboot_required=wants_reboot, **log)
        about = {"verified_by": begun.get("verified_by"), "command": ["msiexec", "/i", begun["path"]], "rc": code}
        if wants_reboot and not ended.get("failed"):
            reboot = ended.get("reboot") or {}
            reasons = reboot.get("reasons") or [f"msiexec ended with {code}"]
            ended["reboot"] = {"required": True, "reasons": reasons}
        if not failed and ended.get("failed") and ran.get("changed") is False:
            ended["msg"] = f"Windows lists this package as installed already, so it was not run. {ended.get('msg')}"
        if not failed:
            # Said outright, as Ansible takes every exit status but 0 for a failure.
            return {**ended, **about, "failed": bool(ended.get("failed"))}
        lines = list(ended.get("log_lines") or [])
        why = _msi.explain(code, lines) if code else str(ran.get("msg") or "win_package gave no reason")
        left = "" if not ended.get("failed") else f" {ended.get('msg')}"
        kept, local = self._keep_log(begun["log_path"], arguments, task_vars)
        text = f"{why}{left} The host now has: {ended.get('after') or 'no agent that could be read'}. {kept}"
        return {**ended, **about, "failed": True, "output": lines, "diagnostics": local, "msg": text}

    def _run_msi(self, begun: Result, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Result:
        """win_package, again while another installation is running."""
        options = {
            "path": begun["path"],
            "state": "present",
            "log_path": begun["log_path"],
            "expected_return_code": [*_msi.SUCCESS, _msi.BUSY],
        }
        if arguments["msi_arguments"]:
            options["arguments"] = arguments["msi_arguments"]
        deadline = time.monotonic() + arguments["timeout"]
        host = task_vars["inventory_hostname"]
        while True:
            ran = self._patiently(
                arguments, task_vars, lambda: self.run_module("ansible.windows.win_package", options, task_vars)
            )
            if ran.get("rc") != _msi.BUSY or time.monotonic() >= deadline:
                return ran
            self.say(f"{host}: another installation is running there; trying again in a moment")
            time.sleep(min(_BUSY_PAUSE, max(1.0, arguments["timeout"] / 30)))

    def _keep_log(
        self, remote: str, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> tuple[str, str | None]:
        """Bring the installer's log to the controller; a sentence about where it is, and its path here."""
        try:
            read = self.run_module("ansible.windows.slurp", {"src": remote}, task_vars)
        except AnsibleConnectionFailure:
            read = {}  # why the installation failed matters more
        if read.get("failed") or "content" not in read:
            return f"The log is on the host in {remote}.", None
        local = Path(arguments["diagnostics_dir"]).absolute() / task_vars["inventory_hostname"] / "install.log"
        try:
            local.parent.mkdir(parents=True, exist_ok=True)
            local.write_bytes(base64.b64decode(str(read["content"])))
        except OSError as error:
            return f"The log is on the host in {remote}, and could not be kept here: {error}.", None
        return f"The log is in {local}.", str(local)


def _build(text: object) -> Build | None:
    try:
        return parse_build(text)
    except BuildError:
        return None


def _doubt(package: dict[str, t.Any] | None, verify: bool) -> Result:
    """What check mode cannot foresee must be said: a signature is looked at on the host alone."""
    if not verify or not package or not package.get("file") or package.get("sha256"):
        return {}
    text = (
        f"{package['file']} has no SHA-256 in dsa_package_checksums: a host installs it only if it finds its signature "
        "good, which cannot be foreseen"
    )
    return {"warnings": [text]}
