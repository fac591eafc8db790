# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reboot a host if the operator's policy says so and the agent asks for it."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleConnectionFailure

from ..plugin_utils._action import READING_OPTIONS, DsaAction, Result

_OPTIONS: dict[str, dict[str, t.Any]] = {
    **READING_OPTIONS,
    "reboot": {"type": "dict"},
    "policy": {"type": "str", "choices": ["never", "if_required", "always"], "default": "never"},
    "reboot_timeout": {"type": "int", "default": 1800},
    "reconnect_timeout": {"type": "int", "default": 300},
}


class ActionModule(DsaAction):
    """ansible.builtin.reboot does the work; here is decided whether, and said what was put off."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return rebooted and deferred; failed when the host does not come back."""
        arguments = self.arguments(_OPTIONS)
        policy, host = arguments["policy"], task_vars["inventory_hostname"]
        try:
            asked = arguments["reboot"]
            if asked is None and self._task.check_mode:
                asked = {}  # nothing was upgraded, so nothing asks for a reboot yet
            if asked is None:
                read = self.reconnecting(
                    arguments["reconnect_timeout"], host, lambda: self.read_record(arguments, task_vars)
                )
                asked = (read.get("agent") or {}).get("reboot") or {}
            required, reasons = asked.get("required"), ", ".join(asked.get("reasons") or [])
            if policy == "never" or (policy == "if_required" and required is not True):
                deferred = required is True
                text = (
                    f"a reboot is required ({reasons}), dsa_reboot is {policy}: it stays to be done" if deferred else ""
                )
                return {"changed": False, "rebooted": False, "deferred": deferred, "msg": text or "no reboot is needed"}
            if self._task.check_mode:
                return {
                    "changed": True,
                    "rebooted": False,
                    "deferred": False,
                    "msg": f"would reboot ({reasons or policy})",
                }
            self.say(f"{host}: rebooting ({reasons or policy})")
            result = self.run_action("reboot", {"reboot_timeout": arguments["reboot_timeout"]}, task_vars)
        except AnsibleConnectionFailure as error:
            return {"changed": False, "failed": True, "rebooted": False, "msg": f"the host was lost: {error}"}
        if result.get("failed"):
            limit, why = arguments["reboot_timeout"], result.get("msg")
            text = f"the host did not come back from its reboot within {limit} s: {why}; look at its console"
            return {"changed": True, "failed": True, "rebooted": False, "msg": text}
        return {
            "changed": True,
            "rebooted": True,
            "deferred": False,
            "elapsed": result.get("elapsed"),
            "msg": "rebooted",
        }
