# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recover a Windows host whose Anti-Malware engine stays offline."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..plugin_utils._ansible.action import DsaAction, Result
from ..plugin_utils._ansible.downloads import Downloads
from ..plugin_utils._ansible.port import AnsiblePort
from ..plugin_utils._ansible.run import Run
from ..plugin_utils._fleet import NoPackage, Package, choose, target_for
from ..plugin_utils._run import HostRun
from ..plugin_utils._settings import SettingsError
from ..plugin_utils._stages import HostLost
from ..plugin_utils._stages.recover import Recovery
from ..plugin_utils._stages.removal import Stopped

_OPTIONS: dict[str, dict[str, t.Any]] = {
    "deleted_in_manager": {"type": "bool", "default": False},
    "manager_part": {"type": "str", "choices": ["operator", "caller", "done"], "default": "operator"},
    "relay": {"type": "bool", "default": False},
}


class ActionModule(DsaAction):
    """The steps stand in plugin_utils/_stages/recover.py."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return steps, what was done, and waits_for; failed with what to do where it had to stop."""
        arguments = self.arguments(_OPTIONS)
        run = Run(task_vars)
        host = run.host(task_vars["inventory_hostname"])
        settings = host.settings
        port = AnsiblePort(
            self, task_vars, run.journal.run_id, settings["dsa_read_timeout"], settings["dsa_reconnect_timeout"]
        )
        recovery = Recovery(port, host, lambda record: self._package(run, host, record), **arguments)
        result: Result = {}
        try:
            result = {"waits_for": recovery.recover()}
        except Stopped as stopped:
            result = {"failed": True, "waits_for": None, "msg": str(stopped)}
        except HostLost as error:
            text = f"the host was lost: {error}; look at it, then run again"
            result = {"failed": True, "waits_for": None, "msg": text}
        steps = recovery.steps
        result = {"changed": bool(steps), "steps": steps, "msg": "; ".join(steps) or "nothing to do", **result}
        run.journal.append(host.host, "recover", **result)
        return result

    def _package(self, run: Run, host: HostRun, record: Mapping[str, t.Any]) -> Package:
        target = target_for(host.settings["dsa_target_version"], "windows", run.advisory)
        if target is None:
            raise Stopped("nothing was removed: dsa_target_version names no build for windows; name a fixed one")
        settings = host.settings
        try:
            package = choose(record, target, settings)
            if package.origin in ("url", "manager") and not self._task.check_mode:
                package = Downloads(
                    settings["dsa_package_cache"],
                    ca_path=settings["dsa_package_ca_path"],
                    validate_certs=settings["dsa_package_validate_certs"],
                    display=self._display.display,
                ).bring(package)
        except NoPackage as error:
            raise Stopped(f"nothing was removed: {error.reason.text}") from error
        except SettingsError as error:
            raise Stopped(f"nothing was removed: {error}") from error
        return package
