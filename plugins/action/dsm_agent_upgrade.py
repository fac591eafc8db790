# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upgrade a batch of agents with scheduled tasks of the Manager, where it has such tasks."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..plugin_utils._ansible.action import Result
from ..plugin_utils._manager.tasks import MANAGER, ManagerTaskAction


class ActionModule(ManagerTaskAction):
    """The module of the same name does the steps."""

    module = "deep_security.remediation.dsm_agent_upgrade"
    what = "Upgrade through the Manager"
    stage = "upgrade"
    passed_on = (*MANAGER, "computers", "version", "max_tasks", "task_parameters", "before", "tasks")
    through = "dsa_upgrade_through"
    outcomes = {"succeeded": "succeeded", "running": "unfinished"}

    def refusal(self, options: Result, task_vars: dict[str, t.Any]) -> str | None:
        """Not every Manager has such a task: a disabled one is sent first, to find out."""
        if self._task.check_mode:
            return None
        connection = {name: options[name] for name in (*MANAGER, "task_parameters") if name in options}
        probe = self.step("probe", {**connection, "computers": options["computers"][:1]}, task_vars)
        if probe.get("supported"):
            return None
        why = "; ".join(probe.get("problems") or []) or str(probe.get("msg"))
        return f"this Manager does not upgrade agents by a task ({why}); set dsa_upgrade_through: host"

    def not_done(self, hosts: Mapping[str, int], why: str) -> dict[str, dict[str, t.Any]]:
        """No other stage upgrades these."""
        return {} if self._task.check_mode else {name: {"outcome": "failed", "evidence": why} for name in hosts}
