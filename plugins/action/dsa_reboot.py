# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reboot a host if the operator's policy, the hour, and the need of the agent say so."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

from ansible.errors import AnsibleConnectionFailure

from ..plugin_utils._action import READING_OPTIONS, REBOOT_OPTIONS, DsaAction, Result, advisory_of
from ..plugin_utils._advisory import decide
from ..plugin_utils._fleet import rules_from

_OPTIONS: dict[str, dict[str, t.Any]] = {
    **READING_OPTIONS,
    **REBOOT_OPTIONS,
    "advisory": {"type": "str"},
    "reboot": {"type": "dict"},
    "clock": {"type": "dict"},
}


class ActionModule(DsaAction):
    """The platform's own reboot action does the work; here is decided whether, and said what was put off."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return rebooted and deferred; failed when host or agent do not come back."""
        arguments = self.arguments(_OPTIONS)
        rules = rules_from(arguments["policy"], arguments["window"], arguments["timezone"])
        advisory = advisory_of(arguments)
        try:
            asked, clock = arguments["reboot"], arguments["clock"]
            if asked is None and self._task.check_mode:
                asked = {}  # nothing was upgraded, so nothing asks for a reboot yet
            if asked is None or (rules.spans and rules.zone is None and not clock):
                read = self.read_patiently(arguments, task_vars)
                record = read.get("agent") or {}
                asked, clock = record.get("reboot") if asked is None else asked, record.get("clock")
            required, reasons = (asked or {}).get("required"), ", ".join((asked or {}).get("reasons") or [])
            objection = rules.objection(required, clock, datetime.now(timezone.utc))
            if objection:
                # A policy of "always" that the hour forbids is put off like a reboot that is needed.
                deferred = required is True or rules.policy == "always"
                text = f"a reboot is required ({reasons or rules.policy}) and put off: {objection}"
                result: Result = {"changed": False, "rebooted": False, "deferred": deferred, "waiting": False}
                if not deferred:
                    return {**result, "msg": "nothing is known to need a reboot"}
                if not self._task.check_mode:
                    # Nobody verifies a host whose new build does not run yet, so the report has to get it from here.
                    result["agent"] = self.read_patiently(arguments, task_vars).get("agent") or {}
                    result["waiting"] = decide(result["agent"], advisory).reason_code == "sources_disagree"
                if result["waiting"]:
                    text += ". Until then the build from before goes on running, so the security update waits"
                return {**result, "msg": text}
            if self._task.check_mode:
                return {
                    "changed": True,
                    "rebooted": False,
                    "deferred": False,
                    "msg": f"would reboot ({reasons or rules.policy})",
                }
            return self.reboot_and_wait(reasons or rules.policy, arguments, task_vars)
        except AnsibleConnectionFailure as error:
            return {
                "changed": False,
                "failed": True,
                "rebooted": False,
                "msg": f"the host was lost: {error}; run again",
            }
