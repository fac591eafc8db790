# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How old a report is: as old as the oldest of its runs that has an end."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.model import Report
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.times import age_of, time_of
from tests.documents import document

NOW = datetime(2026, 11, 27, 12, tzinfo=timezone.utc)


def ended(hour: int | None) -> dict[str, t.Any]:
    """A run of that day."""
    return {"started": "2026-11-27T00:00:00+00:00", "finished": hour and f"2026-11-27T{hour:02}:00:00+00:00"}


@pytest.mark.parametrize(
    ("run", "hours"),
    [
        (ended(10), 2),
        (ended(None), 0),
        ({**ended(10), "merged_from": [ended(10), ended(4), ended(None)]}, 8),
        ({**ended(11), "merged_from": [ended(None)]}, 0),
    ],
    ids=["run", "open", "merged", "merged of an open one"],
)
def test_a_report_is_as_old_as_the_first_of_its_runs_that_ended(run: dict[str, t.Any], hours: int) -> None:
    age, text = age_of(Report.from_dict(document([], **run)), NOW)
    assert (age, text) == (timedelta(hours=hours), f"2026-11-27T{12 - hours:02}:00:00+00:00" if hours else "")


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-27T21:00:00+09:00", NOW),
        ("2026-11-27T12:00:00Z", NOW),
        ("2026-11-27T12:00:00", NOW),
        ("tonight", None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_without_an_offset_is_in_utc(text: str | None, time: datetime | None) -> None:
    assert time_of(text) == time
