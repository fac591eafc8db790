# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waivers and paths: what is accepted, and that what is wrong is named with its remedy."""

from __future__ import annotations

import json
import typing as t
from datetime import date, datetime

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import Settings, SettingsError

WAIVER: dict[str, t.Any] = {
    "hosts": "osaka-*",
    "verdicts": ["unreachable"],
    "reason": "the site is closed",
    "owner": "ops@example.com",
    "expires": "2027-01-31",
}
PARSED = {**WAIVER, "findings": []}


def waivers(*entries: t.Any) -> t.Any:
    """The waivers as settings have them."""
    return Settings.parse({"dsa_waivers": list(entries)})["dsa_waivers"]


@pytest.mark.parametrize(
    ("entry", "parsed"),
    [
        (WAIVER, PARSED),
        # YAML makes a date of one without quotes.
        ({**WAIVER, "expires": date(2027, 1, 31)}, PARSED),
        ({**WAIVER, "expires": " 2027-01-31 "}, PARSED),
        ({**WAIVER, "hosts": ["osaka-*", "!osaka-9"]}, {**PARSED, "hosts": "osaka-*,!osaka-9"}),
        ({**WAIVER, "verdicts": "unreachable, unknown"}, {**PARSED, "verdicts": ["unreachable", "unknown"]}),
        (
            {**WAIVER, "verdicts": None, "findings": ["agent_silent"]},
            {**PARSED, "verdicts": [], "findings": ["agent_silent"]},
        ),
    ],
    ids=["plain", "date", "blanks", "pattern", "text", "findings"],
)
def test_a_waiver(entry: t.Any, parsed: t.Any) -> None:
    assert waivers(entry) == [parsed]
    assert not waivers()


def test_extra_variables_give_them_as_text() -> None:
    assert Settings.parse({"dsa_waivers": json.dumps([WAIVER])})["dsa_waivers"] == [PARSED]


@pytest.mark.parametrize("missing", ["hosts", "reason", "owner", "expires"])
@pytest.mark.parametrize("how", ["absent", "blank", "null"])
def test_a_waiver_without_a_field_is_refused(missing: str, how: str) -> None:
    entry = {key: value for key, value in WAIVER.items() if key != missing}
    entry |= {} if how == "absent" else {missing: " " if how == "blank" else None}
    with pytest.raises(SettingsError, match=rf"dsa_waivers\[1\] is .*; it has no {missing}: a waiver needs hosts"):
        waivers(WAIVER, entry)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"verdicts": None}, "name what it waives: either verdicts or findings"),
        ({"findings": ["agent_silent"]}, "name what it waives: either verdicts or findings"),
        ({"verdicts": []}, r"dsa_waivers\[0\].verdicts is .*; name at least one"),
        ({"verdicts": {"a": 1}}, r"dsa_waivers\[0\].verdicts"),
        ({"verdict": "affected"}, r"dsa_waivers\[0\].verdict is .*; this key is not known; known are hosts"),
        ({"expires": "2027-02-30"}, r"expires is .*2027-02-30.*; write the last day on which it counts"),
        ({"expires": "31.1.2027"}, "write the last day"),
        ({"expires": "20270131"}, "write the last day"),
        ({"expires": 20270131}, "write the last day"),
        ({"expires": datetime(2027, 1, 31)}, "write the last day"),
        ({"expires": "never"}, "write the last day"),
        ({"owner": ["ops"]}, r"dsa_waivers\[0\].owner"),
    ],
    ids=str,
)
def test_a_waiver_that_is_wrong_is_refused(change: dict[str, t.Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        waivers({**WAIVER, **change})


@pytest.mark.parametrize("value", [{"hosts": "a"}, "all", ["all"], 1], ids=str)
def test_what_is_no_list_of_waivers_is_refused(value: t.Any) -> None:
    with pytest.raises(SettingsError, match="dsa_waivers"):
        Settings.parse({"dsa_waivers": value})


def test_paths_are_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ops")
    monkeypatch.setenv("SLICE", "2")
    found = Settings.parse({"dsa_report_from": "~/a.json, slice-$SLICE.json"})["dsa_report_from"]
    assert found == ["/home/ops/a.json", "slice-2.json"]
