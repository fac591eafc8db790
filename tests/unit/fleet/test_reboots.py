# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a host may be rebooted: the policy, the hours, and whose hours they are."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import available_timezones

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import (
    SettingsError,
    asked_by_agent,
    rules_from,
)

TOKYO = {"utc_offset": 540, "boot_time": None}


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 23, hour, minute, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("policy", "required", "allowed"),
    [
        (None, True, False),
        ("never", True, False),
        ("if_required", True, True),
        ("if_required", False, False),
        ("if_required", None, False),
        ("always", False, True),
        ("always", None, True),
    ],
)
def test_policy(policy: str | None, required: bool | None, allowed: bool) -> None:
    assert (rules_from(policy, None, None).objection(required, None, at(12)) is None) is allowed


@pytest.mark.parametrize(
    ("window", "now", "allowed"),
    [
        ("01:00-05:00", at(1), True),
        ("01:00-05:00", at(0, 59), False),
        ("01:00-05:00", at(4, 59), True),
        ("01:00-05:00", at(5), False),
        # Over midnight
        ("22:00-04:00", at(22), True),
        ("22:00-04:00", at(21, 59), False),
        ("22:00-04:00", at(0), True),
        ("22:00-04:00", at(3, 59), True),
        ("22:00-04:00", at(4), False),
        ("22:00-24:00", at(23, 59), True),
        ("22:00-24:00", at(0), False),
        (["01:00-02:00", "13:00-14:00"], at(13, 30), True),
        (["01:00-02:00", "13:00-14:00"], at(12, 30), False),
        ("", at(12), True),
        ([], at(12), True),
    ],
)
def test_window(window: object, now: datetime, allowed: bool) -> None:
    assert (rules_from("always", window, "UTC").objection(None, None, now) is None) is allowed


def test_the_window_counts_in_the_hosts_own_time() -> None:
    rules = rules_from("if_required", "01:00-05:00", None)
    assert rules.objection(True, TOKYO, at(17)) is None  # 02:00 in Tokyo
    said = rules.objection(True, TOKYO, at(2))
    assert said is not None
    assert "11:00" in said
    assert "+0900" in said
    assert "01:00-05:00" in said


@pytest.mark.skipif(not available_timezones(), reason="no time zone database on this machine (apt install tzdata)")
def test_or_in_a_named_zone() -> None:
    rules = rules_from("if_required", "01:00-05:00", "Asia/Tokyo")
    assert rules.objection(True, {"utc_offset": 0}, at(17)) is None
    assert rules.objection(True, {"utc_offset": 0}, at(2)) is not None


@pytest.mark.parametrize("clock", [None, {}, {"utc_offset": None}, {"utc_offset": True}, {"utc_offset": 9999}])
def test_no_reboot_where_the_hosts_time_is_not_known(clock: dict[str, object] | None) -> None:
    said = rules_from("always", "00:00-24:00", "host").objection(True, clock, at(2))
    assert said is not None
    assert "dsa_reboot_timezone" in said


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("sometimes", None, None), "dsa_reboot is"),
        (("always", "nightly", None), "dsa_reboot_window"),
        (("always", "25:00-03:00", None), "dsa_reboot_window"),
        (("always", "03:00-03:00", None), "no time at all"),
        (("always", "03:00-24:30", None), "no time at all"),
        (("always", 5, None), "dsa_reboot_window"),
        (("always", None, "Mars/Olympus"), "dsa_reboot_timezone"),
        (("always", None, "../../etc/passwd"), "dsa_reboot_timezone"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(arguments: tuple[object, object, object], word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        rules_from(*arguments)


@pytest.mark.parametrize(
    ("reboot", "ours"),
    [
        ({"required": True, "reasons": ["agent_installer: since 2026-11-01T03:04:05Z"]}, True),
        # A virus scanner renames files of its own day by day.
        ({"required": True, "reasons": ["file_rename_agent: 2 files of the agent, first C:\\x"]}, False),
        ({"required": True, "reasons": ["windows_update", "reboot-required: ds-agent"]}, True),
        ({"required": True, "reasons": ["component_based_servicing"]}, False),
        ({"required": False, "reasons": ["file_rename_agent: x"]}, False),
        ({"required": True, "reasons": None}, False),
        (None, False),
    ],
)
def test_whose_reboot_it_is(reboot: object, ours: bool) -> None:
    assert asked_by_agent(reboot) is ours
