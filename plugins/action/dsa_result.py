# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Publish the result of the run, and what became of sending its report."""

from __future__ import annotations

import typing as t

from ansible.utils.display import Display

from ..plugin_utils._ansible import publish
from ..plugin_utils._ansible.action import DsaAction, Result
from ..plugin_utils._ansible.run import Run
from ..plugin_utils._messages import Texts


class ActionModule(DsaAction):
    """Runs on the controller alone."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return ansible_stats, which Ansible keeps as set_stats does, and msg."""
        given = self.arguments({"destination": {"type": "int"}, "outcome": {"type": "dict", "default": {}}})
        run, text = Run(task_vars), "The result is published."
        if given["destination"] is not None:
            to, problem = publish.note_sent(run, given["destination"], given["outcome"])
            code = "terminal_not_sent" if problem else "terminal_sent"
            text = Texts(run.settings["dsa_report_language"])(code, to=to, problem=problem)
            if problem:
                Display().warning(text)
        stats = {"data": publish.stats(run), "per_host": False, "aggregate": False}
        return {"changed": False, "msg": text, "ansible_stats": stats}
