# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the report of the run."""

from __future__ import annotations

import typing as t

from ..plugin_utils._ansible import report
from ..plugin_utils._ansible.action import DsaAction, Result
from ..plugin_utils._ansible.run import Run
from ..plugin_utils._ansible.terminal import show
from ..plugin_utils._report.terminal import sentence


class ActionModule(DsaAction):
    """Runs on the controller alone. Writes its file in check mode too: it changes nothing of the fleet."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return passed, summary and path; failed where the gate is on and the run does not pass."""
        self.arguments({})
        run = Run(task_vars)
        ended = report.end(run, [str(name) for name in task_vars["ansible_play_hosts_all"]])
        show(run.display, ended.document, ended.texts, ended.files, ended.problem)
        return {
            "changed": False,
            "failed": bool(run.gated and not ended.passed),
            "passed": ended.passed,
            "summary": ended.document["summary"],
            "path": str(ended.path),
            "msg": ended.error or sentence(ended.document, ended.texts),
        }
