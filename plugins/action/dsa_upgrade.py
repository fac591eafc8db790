# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring the package to the host, install it there, and see it through a connection that drops."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleConnectionFailure

from ..plugin_utils._action import DsaAction, Result
from ..plugin_utils._fleet import SettingsError

# On the host: a folder that only root can write to, or what was verified could be exchanged before it is installed.
_STAGING = "/var/opt/deep_security_remediation/packages"

_OPTIONS: dict[str, dict[str, t.Any]] = {
    "version": {"type": "str", "required": True},
    "installed": {"type": "str"},
    "package": {"type": "dict"},
    "verify": {"type": "bool", "default": True},
    "self_protection": {"type": "bool"},
    "self_protection_password": {"type": "str", "no_log": True},
    "command": {"type": "str"},
    "timeout": {"type": "int", "default": 1800},
    "service_timeout": {"type": "int", "default": 120},
    "reconnect_timeout": {"type": "int", "default": 600},
    "progress_file": {"type": "path"},
}


class ActionModule(DsaAction):
    """One task; the module of the same name does the work on the host and can be repeated at any point."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return before and after, and failed with a reason and a remedy when the build was not reached."""
        arguments = self.arguments(_OPTIONS)
        host, package, version = task_vars["inventory_hostname"], arguments["package"], arguments["version"]
        origin = package.get("origin") if package else "installed"
        if origin not in ("directory", "repository", "url", "manager", "installed"):
            raise SettingsError(f"package.origin is {origin!r}; take the package that dsa_plan chose")
        source = package.get("file") or "the host's own repository" if package else "the package that is installed"
        predicted = {"before": arguments["installed"], "after": version, "source": source}
        if self._task.check_mode:
            return {
                "changed": True,
                "msg": f"would upgrade {arguments['installed']} to {version} from {source}",
                **predicted,
            }

        here_alone = ("package", "installed", "reconnect_timeout")
        given = {key: value for key, value in arguments.items() if value is not None and key not in here_alone}
        given.setdefault("self_protection", bool(arguments["self_protection_password"]))
        given.update({"sha256": package.get("sha256")} if package else {"restart": True})
        try:
            if origin not in ("repository", "installed"):
                given["path"] = f"{_STAGING}/{package['file']}"
                staged = self.reconnecting(
                    arguments["reconnect_timeout"], host, lambda: self._stage(package, task_vars)
                )
                if staged.get("failed"):
                    why = staged.get("msg") or "no reason given"
                    text = f"{package['file']} could not be copied to {_STAGING}: {why}; nothing was changed"
                    if "No space left" in str(staged):
                        text += ", make room there and run again"
                    return {"changed": False, "failed": True, "msg": text, **predicted, "after": arguments["installed"]}
            # A second attempt waits for the first, which goes on without us, and then finds its work done.
            result = self.reconnecting(
                arguments["reconnect_timeout"], host, lambda: self.run_module("dsa_upgrade", given, task_vars)
            )
        except AnsibleConnectionFailure as error:
            limit = arguments["reconnect_timeout"]
            lost = f"the connection was lost during the upgrade and did not come back within {limit} s"
            return {
                "changed": True,
                "failed": True,
                "msg": f"{lost}: {error}; look at the host, then run again",
                **predicted,
            }
        # By the build before the task, as a second attempt finds the first one's work done. Where a command ran and
        # failed nobody knows what it changed: say that it did.
        upgraded = result.get("after") not in (None, arguments["installed"])
        touched = bool(result.get("failed")) and "command" in result
        return {**predicted, **result, "changed": bool(result.get("changed") or upgraded or touched)}

    def _stage(self, package: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Result:
        """Copy unless the same file is there; the folder is made on the way, for root alone."""
        arguments = {"src": package["location"], "dest": f"{_STAGING}/", "mode": "0600", "directory_mode": "0700"}
        return self.run_action("copy", arguments, task_vars)
