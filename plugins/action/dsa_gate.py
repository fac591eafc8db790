# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fail a host that does not pass, with the reason."""

from __future__ import annotations

import typing as t

from ..plugin_utils._ansible import report
from ..plugin_utils._ansible.action import DsaAction, Result
from ..plugin_utils._ansible.run import Run


class ActionModule(DsaAction):
    """Runs on the controller alone, for the hosts that the report of this run names."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return failed, msg and reason."""
        self.arguments({})
        run, name = Run(task_vars), str(task_vars["inventory_hostname"])
        why = report.gate_of(run, name)
        if why is None:
            return {"changed": False, "msg": "This host passes."}
        run.journal.append(name, "gated")
        return {"changed": False, "failed": True, **why}
