# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the agent of a host, whatever its platform."""

from __future__ import annotations

import typing as t

from ..plugin_utils._action import READING_OPTIONS, DsaAction, Result


class ActionModule(DsaAction):
    """Picks the module by the host's shell, so that one task serves every platform."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return the module's result with a normalised record."""
        return self.read_record(self.arguments(READING_OPTIONS), task_vars)
