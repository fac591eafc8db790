# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The runs that a report is about, and their times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from .model import Json, Report

# What identifies a run, in merged_from.
_RUN = ("run_id", "playbook", "check_mode", "started", "finished", "passed", "limit")


def time_of(text: str | None) -> datetime | None:
    """A time in ISO 8601, UTC where it names no offset; None where it is none."""
    try:
        time = datetime.fromisoformat((text or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def runs_of(report: Report) -> Sequence[Json]:
    """The run of a report; those that it was merged from."""
    return report.merged_from or [{name: getattr(report, name) for name in _RUN}]


def age_of(report: Report, now: datetime) -> tuple[timedelta, str]:
    """How long ago the first of its runs ended, and when; of those that have an end."""
    ends = [(time, run["finished"]) for run in runs_of(report) if (time := time_of(run["finished"]))]
    first, text = min(ends, default=(now, ""))
    return now - first, text
