# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look what is left of an agent on a Windows host."""

from __future__ import annotations

import typing as t

from ..plugin_utils._ansible.action import DsaAction, Result
from ..plugin_utils._ansible.port import AnsiblePort
from ..plugin_utils._record import judge_leftovers, leftover_options
from ..plugin_utils._stages import HostLost


class ActionModule(DsaAction):
    """The lists and the verdict are on the controller; the module looks."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return leftovers and problems."""
        self.arguments({})
        port = AnsiblePort(self, task_vars, "", 1, 0)
        try:
            result = port.module("win_dsa_host_info", leftover_options())
        except HostLost as error:
            return {"unreachable": True, "msg": str(error)}
        if result.get("failed"):
            return result
        leftovers, problems = judge_leftovers(result.get("reading"))
        return {"changed": False, "leftovers": leftovers, "problems": problems}
