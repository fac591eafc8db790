# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module of the same name and makes agent records of its raw readings."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils._record.manager import with_records


class ActionModule(ActionBase):
    """The module talks to the Manager; records are made here, on the controller."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """The module's result with records."""
        super().run(tmp, task_vars)
        result = self._execute_module(module_name="deep_security.remediation.dsm_computer_info", task_vars=task_vars)
        try:
            return with_records(result)
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from error
