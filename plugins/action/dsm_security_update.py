# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Update a batch of agents with scheduled tasks of the Manager, and wait for them."""

from __future__ import annotations

from ..plugin_utils._manager.tasks import MANAGER, ManagerTaskAction


class ActionModule(ManagerTaskAction):
    """The module of the same name does the steps."""

    module = "deep_security.remediation.dsm_security_update"
    what = "Security update through the Manager"
    stage = "update"
    passed_on = (
        *MANAGER,
        "computers",
        "also",
        "filter",
        "max_tasks",
        "task_timeout",
        "before",
        "settled",
        "tasks",
    )
    through = "dsa_security_update_through"
    # A Relay's components may be old although they are current, and Agents use them: its own stage updates it.
    not_of_relays = ("current",)
    # A fixed agent gets such an update every day anyway.
    with_companions = True
    outcomes = {
        "succeeded": "succeeded",
        "current": "succeeded",
        "failed": "failed",
        "running": "unfinished",
    }
