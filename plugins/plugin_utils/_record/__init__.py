# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Raw readings in, agent records out. Pure: no Ansible in here.

The record is documented for users in the RETURN of dsa_info, and as a type in shape.py.
"""

from __future__ import annotations

from .bounded import PatternTooSlow
from .evidence import Evidence, UpdateStart, judge_update
from .findings import Finding, disagreements, failing_updates, findings_of, out_of_date, unverified
from .leftovers import judge_leftovers, leftover_options
from .note import begun_upgrade, done_note, start_note, update_due
from .posix import posix_record
from .shape import AgentRecord, Problem, unreadable_record
from .signature import SIGNER, judge_signature
from .windows import windows_record
from .windows_tables import reading_options

__all__ = [
    "SIGNER",
    "AgentRecord",
    "Evidence",
    "Finding",
    "PatternTooSlow",
    "Problem",
    "UpdateStart",
    "begun_upgrade",
    "disagreements",
    "done_note",
    "failing_updates",
    "findings_of",
    "judge_leftovers",
    "judge_signature",
    "judge_update",
    "leftover_options",
    "out_of_date",
    "posix_record",
    "reading_options",
    "start_note",
    "unreadable_record",
    "unverified",
    "update_due",
    "windows_record",
]
