# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Settings: every dsa_ and dsm_ variable has its one home in the table here.

Validation, argument specs, role documentation and the README's table are made from it (tests/run/settings.py).
"""

from __future__ import annotations

from .errors import Problem, SettingsError, SettingsErrors, sentences
from .parsed import Settings
from .setting import Setting
from .table import SETTINGS
from .unknown import internal_variables, suspicious_groups, unknown_variables
from .whole_run import for_run

__all__ = [
    "SETTINGS",
    "Problem",
    "Setting",
    "Settings",
    "SettingsError",
    "SettingsErrors",
    "for_run",
    "internal_variables",
    "sentences",
    "suspicious_groups",
    "unknown_variables",
]
