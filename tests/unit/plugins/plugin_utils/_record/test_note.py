# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The progress note through a remediation: what a later run finds, wherever this one ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record.note import (
    begun_upgrade,
    done_note,
    noted_patterns,
    record_patterns,
    start_note,
    update_due,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record.remediation import check_note
from tests.builders import AFFECTED, record

NOW = datetime(2026, 11, 23, 11, 0, 5, 999, tzinfo=timezone(timedelta(hours=9)))
ISO = "2026-11-23T02:00:05Z"
BUILD = "20.0.2-1390"
PATTERNS = {"IntelliTrap Pattern": "0.253.00"}
LISTED = [{"name": "IntelliTrap Pattern", "version": "0.253.00"}]


def merged(note: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """As the host merges."""
    return {key: value for key, value in {**note, **changes}.items() if value is not None}


def test_every_note_of_a_remediation_can_be_read_again() -> None:
    note: dict[str, Any] = {}
    steps = (
        begun_upgrade(record(AFFECTED), BUILD, "r1", NOW),
        update_due("r1", NOW),
        {**start_note(record(BUILD, anti_malware={"patterns": LISTED}), "r1"), "phase": "update_pending"},
        done_note(BUILD, "r1", NOW),
    )
    seen = []
    for changes in steps:
        note = merged(note, changes)
        assert check_note(note) == (note, None)
        seen.append(dict(note))
    begun = {"from": "20.0.0-4416", "to": BUILD, "run": "r1"}
    assert seen == [
        {**begun, "phase": "upgrading", "since": ISO},
        {**begun, "phase": "update_pending", "since": ISO},
        {**begun, "phase": "update_pending", "since": ISO, "build": BUILD, "patterns": PATTERNS},
        {**begun, "phase": "done", "build": BUILD, "done_at": ISO},
    ]


def test_self_protection_belongs_to_the_host() -> None:
    note = {"phase": "upgrading", "self_protection": "off"}
    for changes in (begun_upgrade(record(BUILD), BUILD, "r", NOW), update_due("r", NOW), done_note(BUILD, "r", NOW)):
        note = merged(note, changes)
        assert note["self_protection"] == "off"


def test_an_upgrade_clears_what_earlier_attempts_left() -> None:
    """findings/powershell.md A6."""
    old = {"phase": "update_pending", "patterns": PATTERNS, "build": BUILD, "engine": "1", "update": {}, "done_at": ISO}
    for changes in (begun_upgrade(record(BUILD), BUILD, "r1", NOW), update_due("r1", NOW)):
        assert set(merged(old, changes)) <= {"phase", "from", "to", "since", "run"}


def test_a_build_that_cannot_be_read_any_more_is_taken_from_the_note() -> None:
    note = {"phase": "upgrading", "from": "20.0.0-4416"}
    assert begun_upgrade(record(BUILD, version=None, remediation=note), BUILD, "r2", NOW)["from"] == "20.0.0-4416"


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ({"phase": "update_pending", "build": BUILD, "patterns": {"A": "1.0"}, "since": ISO}, {"A": "1.0"}),
        ({"phase": "update_pending", "build": "20.0.0-4416", "patterns": {"A": "1.0"}, "since": ISO}, None),
        ({"phase": "upgrading", "build": BUILD, "patterns": {"A": "1.0"}, "since": ISO}, None),
        ({"phase": "done", "build": BUILD, "patterns": {"A": "1.0"}, "since": ISO}, None),
        ({"phase": "update_pending", "build": BUILD, "patterns": {"A": "1.0"}, "since": "2026-11-22T00:00:00Z"}, None),
        ({"phase": "update_pending", "build": BUILD, "patterns": [["A"]], "since": ISO}, None),
        ({"phase": "update_pending", "patterns": {"A": "1.0"}, "since": ISO}, None),
        ({}, None),
    ],
    ids=["same build", "another build", "not installed", "done", "installed since", "odd", "no build", "no note"],
)
def test_patterns_of_an_earlier_start_stay_while_its_update_is_due(
    note: dict[str, Any], kept: dict[str, str] | None
) -> None:
    now = record(BUILD, anti_malware={"patterns": LISTED}, remediation=note, installed_at="2026-11-23T01:00:00Z")
    assert noted_patterns(note, now) == kept
    assert start_note(now, "r2")["patterns"] == (kept or PATTERNS)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, PATTERNS),
        ({"problems": [{"source": "dsa_query", "code": "incomplete", "text": "cut"}]}, None),
        ({"problems": [{"source": "rpm", "code": "denied", "text": "no"}]}, PATTERNS),
        ({"anti_malware": {"patterns": [*LISTED, {"name": "B", "version": None}]}}, None),
        ({"anti_malware": {"patterns": [*LISTED, {"name": "IntelliTrap Pattern", "version": "9"}]}}, None),
        ({"anti_malware": None}, {}),
    ],
    ids=["whole", "no whole answer", "another problem", "no version", "two versions", "none"],
)
def test_patterns_of_a_record_count_only_as_a_whole(more: dict[str, Any], expected: dict[str, str] | None) -> None:
    assert record_patterns(record(BUILD, **{"anti_malware": {"patterns": LISTED}, **more})) == expected
