# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide which hosts of the play may be worked on now, with which package, and which must wait."""

from __future__ import annotations

import typing as t

from ..plugin_utils._ansible.action import DsaAction, Result
from ..plugin_utils._ansible.planning import plan_hosts
from ..plugin_utils._ansible.run import Run


class ActionModule(DsaAction):
    """Runs on the controller alone, once for the hosts of a batch. The run journal has each host's entry."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return work (names of hosts), blocked (host → why) and msg."""
        self.arguments({})
        run = Run(task_vars)
        names = [str(name) for name in task_vars["ansible_play_batch"]]
        dummy, plan = plan_hosts(run, names)
        return {
            "changed": False,
            "work": list(plan.work),
            "blocked": {name: reason.text for name, reason in plan.blocked.items()},
        }
