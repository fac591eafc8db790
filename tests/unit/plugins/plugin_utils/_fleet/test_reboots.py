# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a host may be rebooted: the policy, the hours, and whose hours they are."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import available_timezones

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import (
    RebootRules,
    asked_by_agent,
    rules_from,
)
from tests.builders import parsed

from .common import codes

TOKYO = {"utc_offset": 540, "boot_time": None, "now": None}


def rules(policy: object, window: object = None, zone: object = None) -> RebootRules:
    """The rules by these three settings, as the inventory has them."""
    names = ("dsa_reboot", "dsa_reboot_window", "dsa_reboot_timezone")
    settings = parsed(dict(zip(names, (policy, window, zone), strict=True)))
    return rules_from(*(settings[name] for name in names))


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
    assert (rules(policy).objection(required, None, at(12)) is None) is allowed


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
    assert (rules("always", window, "UTC").objection(None, None, now) is None) is allowed


def test_the_window_counts_in_the_hosts_own_time() -> None:
    window = rules("if_required", "01:00-05:00")
    assert window.objection(True, TOKYO, at(17)) is None  # 02:00 in Tokyo
    objection = window.objection(True, TOKYO, at(2))
    assert objection is not None
    assert codes(objection) == ["reboot_outside_window"]
    assert objection.text == "it is 11:00 (UTC+0900) there, and dsa_reboot_window is 01:00-05:00"


@pytest.mark.skipif(not available_timezones(), reason="no time zone database on this machine (apt install tzdata)")
def test_or_in_a_named_zone() -> None:
    window = rules("if_required", "01:00-05:00", "Asia/Tokyo")
    assert window.objection(True, {"utc_offset": 0}, at(17)) is None
    assert window.objection(True, {"utc_offset": 0}, at(2)) is not None


@pytest.mark.parametrize("clock", [None, {}, {"utc_offset": None}, {"utc_offset": True}, {"utc_offset": 9999}])
def test_no_reboot_where_the_hosts_time_is_not_known(clock: dict[str, object] | None) -> None:
    objection = rules("always", "00:00-24:00", "host").objection(True, clock, at(2))
    assert codes(objection) == ["reboot_time_unknown"]


def because(*codes_of_reasons: str, required: object = True) -> dict[str, object]:
    """A record's reboot. The text is the host's, and never decides."""
    return {"required": required, "reasons": [{"code": code, "text": "agent_installer"} for code in codes_of_reasons]}


@pytest.mark.parametrize(
    ("reboot", "surely", "perhaps"),
    [
        (because("agent_installer"), True, True),
        # A virus scanner renames files of its own day by day.
        (because("file_rename_agent"), False, True),
        (because("windows_update", "reboot_required_file"), True, True),
        (because("component_based_servicing"), False, False),
        (because("file_rename"), False, False),
        (because("agent_installer", required=False), False, False),
        (because("agent_installer", required=None), False, False),
        (because("agent_installer", required="yes"), False, False),
        ({"required": True, "reasons": ["agent_installer: a text"]}, False, False),
        ({"required": True, "reasons": [{"code": ["agent_installer"]}]}, False, False),
        ({"required": True, "reasons": None}, False, False),
        (None, False, False),
    ],
)
def test_whether_a_reboot_is_for_the_sake_of_the_agent(reboot: object, surely: bool, perhaps: bool) -> None:
    assert asked_by_agent(reboot) is surely
    assert asked_by_agent(reboot, surely=False) is perhaps
