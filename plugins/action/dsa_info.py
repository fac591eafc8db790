# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the agent of a host, whatever its platform."""

from __future__ import annotations

import typing as t

from ..plugin_utils._ansible.action import DsaAction, Result
from ..plugin_utils._ansible.port import AnsiblePort
from ..plugin_utils._stages import HostLost

_OPTIONS: dict[str, dict[str, t.Any]] = {"timeout": {"type": "int", "default": 15}, "progress_file": {"type": "path"}}
# A program's time limit in milliseconds has to be a number of 32 bits on Windows.
_LONGEST = 1_000_000


class ActionModule(DsaAction):
    """One remote task on every platform; the record is made on the controller."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return agent."""
        arguments = self.arguments(_OPTIONS)
        if not 1 <= arguments["timeout"] <= _LONGEST:
            return {"failed": True, "msg": f"timeout is {arguments['timeout']}; give 1 to {_LONGEST} seconds"}
        port = AnsiblePort(self, task_vars, "", arguments["timeout"], 0, arguments["progress_file"])
        try:
            return {"changed": False, "agent": dict(port.read())}
        except HostLost as error:
            return {"unreachable": True, "msg": str(error)}
