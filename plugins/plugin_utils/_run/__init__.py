# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""One run: its journal on the controller, and each host in it."""

from __future__ import annotations

from .host_run import RELAY_GROUP, STAGES, HostRun, Outcome, Reading, StageResult
from .journal import Journal, JournalError, host_run

__all__ = [
    "RELAY_GROUP",
    "STAGES",
    "HostRun",
    "Journal",
    "JournalError",
    "Outcome",
    "Reading",
    "StageResult",
    "host_run",
]
