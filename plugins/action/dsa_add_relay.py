# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Add a Relay that this slice of a fleet lacks."""

from __future__ import annotations

import typing as t

from ..plugin_utils._ansible import relay_hosts
from ..plugin_utils._ansible.action import DsaAction, Result
from ..plugin_utils._run import RELAY_GROUP


class ActionModule(DsaAction):
    """Runs on the controller alone."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return add_host, as the action add_host does."""
        name = self.arguments({"relay": {"type": "str", "required": True}})["relay"]
        found = relay_hosts.given(task_vars)
        variables = found.relays.get(name, {}) if found else {}
        return {"changed": False, "add_host": {"host_name": name, "groups": [RELAY_GROUP], "host_vars": variables}}
