# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Query the Manager once for the whole run: its version, or the failed updates that its events tell of."""

from __future__ import annotations

import typing as t

from ..plugin_utils._ansible.action import DsaAction, Result
from ..plugin_utils._ansible.manager import query
from ..plugin_utils._ansible.port import COLLECTION
from ..plugin_utils._ansible.run import Run
from ..plugin_utils._text import clean_tree

_OPTIONS: dict[str, dict[str, t.Any]] = {
    "what": {"type": "str", "choices": ["version", "events"], "required": True},
}


class ActionModule(DsaAction):
    """Runs on the controller. The answer goes into the run journal, where the plan and the report find it."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return msg; a Manager that does not answer is recorded too: the plan decides what follows from it."""
        what = self.arguments(_OPTIONS)["what"]
        run = Run(task_vars)
        host = run.host(task_vars["inventory_hostname"])
        name, options = query(what, host.settings)
        result = self._execute_module(module_name=f"{COLLECTION}.{name}", module_args=options, task_vars=task_vars)
        result = clean_tree({key: value for key, value in result.items() if key != "invocation"})
        if what == "version":
            run.journal.append("", "manager", url=options["url"], result=result)
        elif not result.get("failed"):
            run.journal.append("", "events", url=options["url"], computers=result.get("computers"))
        return {
            "changed": False,
            "failed": bool(result.get("failed")),
            "msg": str(result.get("msg") or "the Manager answered"),
        }
