# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide who may be worked on now, with which package, and who must wait."""

from __future__ import annotations

import dataclasses
import typing as t

from ..plugin_utils._action import DsaAction, Result, advisory_of, see_fleet, unread_inventory, usable
from ..plugin_utils._download import Downloads
from ..plugin_utils._fleet import Fleet, Plan, SettingsError, make_plan, shown
from ..plugin_utils._fleet.variables import check, misspelt, specification

_OPTIONS: dict[str, dict[str, t.Any]] = {
    "advisory": {"type": "str"},
    "relay_readings": {"type": "list", "elements": "dict", "default": []},
    "package_cache": {"type": "path", "default": "~/.cache/deep_security_remediation"},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
    "undelivered": {"type": "dict", "default": {}},
    "manager": {"type": "dict", "default": {}},
}

# So many hosts are named in a line; the report names all.
_NAMED = 10


class ActionModule(DsaAction):
    """Runs on the controller alone, once for all hosts of the play."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return todo, blocked and waves; download packages that have to come from somewhere else first."""
        arguments = self.arguments(_OPTIONS)
        fleet = see_fleet(advisory_of(arguments), task_vars, arguments["relay_readings"], arguments["manager"])
        silence = unread_inventory(task_vars) or fleet.managers_silence()
        if silence:
            raise SettingsError(f"{silence}. Nothing was changed")
        predicting = bool(self._task.check_mode)
        scope = [name for name in task_vars["ansible_play_batch"] if name in fleet.hosts]
        self._check_variables(scope, task_vars)
        plan = make_plan(fleet, scope, predicting)
        self._doubt_the_manager(fleet, plan)
        missing: dict[str, str] = {}
        if predicting:
            plan = _named(plan)
        else:
            plan, missing = self._bring(plan, arguments)
        waves = {name: work.wave for name, work in plan.todo.items()}
        said = _in_words(plan)
        self.say(said)
        return {
            "changed": False,
            "todo": {name: work.as_dict() for name, work in plan.todo.items()},
            "blocked": dict(plan.blocked),
            # A batch of hosts knows nothing new of the others.
            "undelivered": {name: why for name, why in arguments["undelivered"].items() if name not in scope} | missing,
            "waves": waves,
            "msg": said,
        }

    def _check_variables(self, scope: list[str], task_vars: dict[str, t.Any]) -> None:
        seen: set[str] = set()
        for name in scope:
            variables = task_vars["hostvars"][name]
            seen.update(variables)
            check(name, {key: usable(name, variables, key) for key in specification() if key in variables})
        for sentence in misspelt(seen):
            self._display.warning(sentence)

    def _doubt_the_manager(self, fleet: Fleet, plan: Plan) -> None:
        """A minimum that nobody stated is no reason to refuse, and none to be silent."""
        due = [fleet.hosts[name].variables for name, work in plan.todo.items() if work.target]
        if due and not fleet.manager_version and fleet.manager_problem:
            self._display.warning(f"the Manager's version is compared with nothing: {fleet.manager_problem}")
        if fleet.manager_version and not all(variables.get("dsm_minimum_version") for variables in due):
            self._display.warning(
                f"dsm_minimum_version is not set: of the Manager ({fleet.manager_version}) only the line was compared. "
                "The vendor's policy says which Manager your target needs"
            )

    def _bring(self, plan: Plan, arguments: dict[str, t.Any]) -> tuple[Plan, dict[str, str]]:
        """Fetch each distinct file once, before any host is touched; whose file cannot be had is blocked.

        Return these, host → why, beside the plan.
        """
        downloads = Downloads(
            arguments["package_cache"],
            ca_path=arguments["ca_path"],
            validate_certs=arguments["validate_certs"],
            say=self.say,
        )
        todo, missing = dict(plan.todo), {}
        for name, work in plan.todo.items():
            if work.package is None or work.package.origin not in ("url", "manager"):
                continue
            try:
                todo[name] = dataclasses.replace(work, package=downloads.bring(work.package))
            except SettingsError as error:
                missing[name] = str(error)
                del todo[name]
        return Plan(todo, {**plan.blocked, **missing}), missing


def _named(plan: Plan) -> Plan:
    """The plan without what may be secret in addresses; nothing is fetched from them."""
    todo = {
        name: dataclasses.replace(
            work, package=dataclasses.replace(work.package, location=shown(work.package.location))
        )
        if work.package and work.package.origin == "url"
        else work
        for name, work in plan.todo.items()
    }
    return Plan(todo, plan.blocked)


def _in_words(plan: Plan) -> str:
    """The plan in one line: who is next, and how many wait."""
    parts = []
    for wave in ("relays", "agents"):
        names = [name for name, work in plan.todo.items() if work.wave == wave]
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            parts.append(f"{len(names)} {wave} to do ({', '.join(names[:_NAMED])}{more})")
    if plan.blocked:
        parts.append(f"{len(plan.blocked)} cannot be touched now")
    return f"Plan: {'; '.join(parts) or 'nothing to do'}"
