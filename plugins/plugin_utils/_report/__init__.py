# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""One model of what a run did, and the forms in which people and machines read it."""

from __future__ import annotations

from .build import begun_report, make_report
from .files import Written, kept_path, write
from .model import Outcome, Report, failing, gate_message

__all__ = [
    "Outcome",
    "Report",
    "Written",
    "begun_report",
    "failing",
    "gate_message",
    "kept_path",
    "make_report",
    "write",
]
