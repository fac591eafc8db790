# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every code that can be a host's reason calls for something to do, and none by accident."""

from __future__ import annotations

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import load_advisory
from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Message, message
from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages.en import (
    findings,
    manager,
    next,
    plan,
    report,
    stages,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.next import (
    _ABOUT,
    _FOR,
    CODES,
    NEXT,
    next_of,
)
from tests.builders import AFFECTED, BETWEEN, FIXED, fleet_of, host_run, plan_of, record, relay

# Said of what was done, of a host that passes, of what is only a part of a reason, or as names.
NOT_AGAINST_A_HOST = {
    "problem",
    "source_gives",
    "source_without_build",
    "source_unreadable",
    "sign_running",
    "sign_dsa_query",
    "state_of",
    "relay_is",
    "since",
    "nothing",
    "reboot_not_required",
    "no_precheck_needed",
    "precheck_passed",
    "imported",
    "no_upgrade_planned",
    "upgraded",
    "restarted",
    "guarded",
    "no_reboot_required",
    "rebooted",
    "rebooted_meanwhile",
    "updated",
    "diagnostics_kept",
    "diagnostics_on_host",
    "diagnostics_not_made",
    "nothing_to_verify",
    "verified",
    "check_waived",
    "event_last_success",
    "event_last_failure",
    "event_certificate_expired",
    "verdict_at_or_above_fixed",
    "verdict_line_not_affected",
    "verdict_no_such_agent",
    "verdict_relays_fixed",
    "verdict_certificate_replaced",
}
NAMES = ("verdict_name_", "done_", "reboot_name_", "role_", "platform_")
ROOMS = (findings, manager, plan, report, stages)
ALL = {code for room in ROOMS for code in room.SENTENCES if room is not report or not code.startswith(NAMES)}


def test_every_code_of_the_catalogues_is_for_something_or_known_not_to_be() -> None:
    assert ALL >= NOT_AGAINST_A_HOST
    assert set(NEXT) | set(_ABOUT) == ALL - NOT_AGAINST_A_HOST
    assert not set(NEXT) & set(_ABOUT)
    assert sum(map(len, _FOR.values())) == len(NEXT), "a code calls for one thing"


def test_everything_to_do_has_its_sentence() -> None:
    assert [f"next_{code}" for code in CODES] == list(next.SENTENCES)


@pytest.mark.parametrize(
    ("reasons", "code"),
    [
        ([], "nothing"),
        ([message("no_package", target=FIXED)], "provide_package"),
        ([message("no_target"), message("no_package")], "set_target"),
        ([message("failed_host_has", what=message("lost", stage="upgrade"), build="x")], "make_reachable"),
        ([message("not_verified", seconds=1, reasons=[message("finding_remediation_pending")])], "finish_remediation"),
        ([message("not_verified", seconds=1, reasons=[])], "look_at_failure"),
        ([message("not_verified", seconds=1, reasons="in plain words")], "look_at_failure"),
        ([message("verdict_with_problems", reason=message("verdict_no_version"), problems=[])], "look_at_reading"),
        ([message("relays_first", relays=[message("relay_unread"), message("may_be_relays")])], "fix_relay_first"),
        ([message("relays_first", relays=[message("may_be_relays", hosts=["a"])])], "name_relays"),
        ([message("relays_first", relays=[message("relay_same_address", host="a", other="b")])], "correct_settings"),
        ([message("relays_elsewhere", why=message("relay_hosts_missing"))], "run_relays_whole"),
        ([message("guard_open", what=message("upgraded"), guard=message("guard_state"))], "restore_self_protection"),
    ],
)
def test_the_first_reason_counts_and_what_it_is_about(reasons: list[Message], code: str) -> None:
    assert next_of(reasons) == {"code": code, "values": {}}


def test_what_the_plan_blocks_for_is_known() -> None:
    hosts = [
        relay("relay1", AFFECTED, phase=None, settings={"dsa_target_version": None}),
        host_run("web1", record(BETWEEN)),
        host_run("old", record("20.0.3-9999"), settings={"dsa_target_version": FIXED}),
    ]
    blocked = plan_of(*hosts).blocked
    assert {name: next_of([why])["code"] for name, why in blocked.items()} == {
        "relay1": "set_target",
        "web1": "fix_relay_first",
    }


@pytest.mark.parametrize("build", [AFFECTED, BETWEEN, "20.0", None, "10.0.0-100", "23.0.0-1", "7.0.0-1"], ids=str)
@pytest.mark.parametrize("platform", ["linux", "windows", "unix", "macos"])
def test_every_verdict_that_does_not_comply_is_known(build: str | None, platform: str) -> None:
    host = host_run(record=record(build, platform), settings={"dsa_not_installed_compliant": False})
    verdict = fleet_of(host).verdict(host)
    assert verdict.advisory == load_advisory().id
    assert verdict.compliant or next_of([verdict.message])["code"] in CODES[1:]
