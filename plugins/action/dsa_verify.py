# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a host until it is verified, or until the time is up."""

from __future__ import annotations

import time
import typing as t

from ansible.errors import AnsibleConnectionFailure

from ..plugin_utils._action import READING_OPTIONS, DsaAction, Result, advisory_of
from ..plugin_utils._advisory import BuildError, Context, decide, parse_build
from ..plugin_utils._fleet import SettingsError, find, unverified

_OPTIONS: dict[str, dict[str, t.Any]] = {
    **READING_OPTIONS,
    "advisory": {"type": "str"},
    "certificate_replaced": {"type": "bool", "default": False},
    "target": {"type": "str"},
    "wait": {"type": "int", "default": 300},
    "interval": {"type": "int", "default": 10},
    "reconnect_timeout": {"type": "int", "default": 300},
}


class ActionModule(DsaAction):
    """The agent answers in full only some seconds after its start, Anti-Malware only after a heartbeat: ask again."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return what dsa_assess returns; failed with the reasons while the host is not verified."""
        arguments = self.arguments(_OPTIONS)
        advisory = advisory_of(arguments)
        try:
            target = parse_build(arguments["target"]) if arguments["target"] else None
        except BuildError as error:
            raise SettingsError(f"target: {error}") from error
        context = Context(certificate_replaced=arguments["certificate_replaced"])
        host = task_vars["inventory_hostname"]
        started = time.monotonic()
        said: list[str] = []
        while True:
            try:
                read = self.read_patiently(arguments, task_vars)
            except AnsibleConnectionFailure as error:
                # Not "unreachable": a batch of which every host is unreachable would end the run without a report.
                return {"changed": False, "failed": True, "msg": f"the host was lost: {error}; run again"}
            record = read.get("agent")
            if record is None:
                return {**read, "failed": True}
            judged = decide(record, advisory, context)
            reasons = unverified(record, judged, target)
            waited = time.monotonic() - started
            result = {
                "changed": False,
                "agent": record,
                "findings": [finding.as_dict() for finding in find(record)],
                **judged.as_dict(),
                "failed": bool(reasons),
                "msg": f"not verified after {waited:.0f} s: {' '.join(reasons)}" if reasons else "verified",
            }
            if not reasons or waited + arguments["interval"] > arguments["wait"]:
                return result
            if reasons != said:
                self.say(f"{host}: not verified yet: {' '.join(reasons)}")
                said = reasons
            time.sleep(arguments["interval"])
