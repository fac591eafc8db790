# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Base of the action plugins."""

from __future__ import annotations

import typing as t
from contextlib import suppress

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from .._advisory import AdvisoryError, load_advisory
from .._run import JournalError
from .._settings import SettingsError

Result = dict[str, t.Any]

# Ansible imports an action once and then forks a worker for every host: what is read now is not read by each of them.
with suppress(AdvisoryError, ImportError):  # an advisory that cannot be read is reported where it is used
    load_advisory()


class DsaAction(ActionBase):
    """A subclass does the work of one task in act()."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        """Run act() and turn what the operator can correct into a plain failure."""
        super().run(tmp, task_vars)
        try:
            return self.act(task_vars or {})
        except (AdvisoryError, SettingsError, JournalError) as error:
            raise AnsibleActionFail(str(error)) from error

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Do the work of one task and return its result."""
        raise NotImplementedError

    def arguments(self, spec: dict[str, dict[str, t.Any]]) -> dict[str, t.Any]:
        """The task's arguments, checked against a spec of the form that modules use."""
        return dict(self.validate_argument_spec(argument_spec=spec)[1])
