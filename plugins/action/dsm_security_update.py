# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have the Manager update a whole wave with one scheduled task, and wait for it."""

from __future__ import annotations

from ..plugin_utils._wave import MANAGER, WaveAction


class ActionModule(WaveAction):
    """The module of the same name does the steps."""

    module = "deep_security.remediation.dsm_security_update"
    what = "Security update through the Manager"
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
    chosen_by = "dsa_security_update_through"
    # What a Relay has may be old all the same, and others live on it: it asks for an update itself.
    not_of_relays = ("current",)
    # Updates are what a fixed agent gets every day anyway.
    takes_along = True
    outcomes = {
        "succeeded": "succeeded",
        "current": "succeeded",
        "failed": "failed",
        "running": "unfinished",
    }
