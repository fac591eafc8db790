# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide who may be worked on now, with which package, and who must wait."""

from __future__ import annotations

import dataclasses
import typing as t

from ..plugin_utils._action import DsaAction, Result, advisory_of, see_fleet
from ..plugin_utils._download import Downloads
from ..plugin_utils._fleet import Plan, SettingsError, make_plan
from ..plugin_utils._fleet.variables import check, misspelt, specification

_OPTIONS: dict[str, dict[str, t.Any]] = {
    "advisory": {"type": "str"},
    "relay_readings": {"type": "list", "elements": "dict", "default": []},
    "package_cache": {"type": "path", "default": "~/.cache/deep_security_remediation"},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
}


class ActionModule(DsaAction):
    """Runs on the controller alone, once for all hosts of the play."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return todo, blocked and waves; download packages that have to come from somewhere else first."""
        arguments = self.arguments(_OPTIONS)
        fleet = see_fleet(advisory_of(arguments), task_vars, arguments["relay_readings"])
        predicting = bool(self._task.check_mode)
        scope = [name for name in task_vars["ansible_play_batch"] if name in fleet.hosts]
        self._check_variables(scope, task_vars)
        plan = make_plan(fleet, scope, predicting)
        if not predicting:
            plan = self._bring(plan, arguments)
        waves = {name: work.wave for name, work in plan.todo.items()}
        return {
            "changed": False,
            "todo": {name: work.as_dict() for name, work in plan.todo.items()},
            "blocked": dict(plan.blocked),
            "waves": waves,
            "msg": f"{len(plan.todo)} to do, {len(plan.blocked)} that cannot be done now",
        }

    def _check_variables(self, scope: list[str], task_vars: dict[str, t.Any]) -> None:
        seen: set[str] = set()
        for name in scope:
            variables = task_vars["hostvars"][name]
            seen.update(variables)
            check(name, {key: variables[key] for key in specification() if key in variables})
        for sentence in misspelt(seen):
            self._display.warning(sentence)

    def _bring(self, plan: Plan, arguments: dict[str, t.Any]) -> Plan:
        """Fetch each distinct file once, before any host is touched; whose file cannot be had is blocked."""
        downloads = Downloads(
            arguments["package_cache"],
            ca_path=arguments["ca_path"],
            validate_certs=arguments["validate_certs"],
            say=self.say,
        )
        todo, blocked = dict(plan.todo), dict(plan.blocked)
        for name, work in plan.todo.items():
            if work.package is None or work.package.origin not in ("url", "manager"):
                continue
            try:
                todo[name] = dataclasses.replace(work, package=downloads.bring(work.package))
            except SettingsError as error:
                blocked[name] = str(error)
                del todo[name]
        return Plan(todo, blocked)
