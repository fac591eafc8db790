# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have Workload Security upgrade a wave, where it has a task for that, and wait for it."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..plugin_utils._action import Result
from ..plugin_utils._wave import MANAGER, WaveAction


class ActionModule(WaveAction):
    """The module of the same name does the steps."""

    module = "deep_security.remediation.dsm_agent_upgrade"
    what = "Upgrade through the Manager"
    passed_on = (*MANAGER, "computers", "version", "max_tasks", "task_parameters", "before", "tasks")
    chosen_by = "dsa_upgrade_through"
    outcomes = {"succeeded": "succeeded", "running": "unfinished"}

    def refusal(self, given: Result, task_vars: dict[str, t.Any]) -> str | None:
        """Not every Manager has such a task: one that is switched off is sent first, to find out."""
        if self._task.check_mode:
            return None
        connection = {name: given[name] for name in (*MANAGER, "task_parameters") if name in given}
        probe = {**connection, "computers": given["computers"][:1], "step": "probe"}
        found = self.run_module(self.module, probe, task_vars)
        if found.get("supported"):
            return None
        why = "; ".join(found.get("problems") or []) or str(found.get("msg"))
        return f"this Manager does not upgrade agents by a task ({why}); set dsa_upgrade_through: host"

    def left_out(self, hosts: Mapping[str, int], why: str) -> dict[str, dict[str, str]]:
        """Nobody else upgrades these."""
        return {} if self._task.check_mode else {name: {"outcome": "failed", "evidence": why} for name in hosts}
