# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong over WinRM, in one run: each fault has its message, and the rest of the fleet goes on; then again.

What the stages make of every fault is tested in tests/unit/plugins/plugin_utils/_stages/test_faults.py.
"""

from __future__ import annotations

import typing as t

import pytest

from .conftest import ANSWERS, FIXED, LabFleet, Ran, StartFleet, needs_windows, windows

pytestmark = needs_windows

RIGHT, WRONG = "r1ght-s3cret", "wr0ng-s3cret"
REBOOT = {"dsa_reboot": "if_required"}
# host → (its fault, what the operator reads, what the run did)
FAULTS: dict[str, tuple[dict[str, t.Any], str, str]] = {
    "fatal": ({"package_install_fails": True}, "msiexec ended with 1603, a fatal error", "failed"),
    "busy": ({"msi_exit_code": "once"}, "has the fix", "upgraded and updated"),
    "starting": ({"msi_exit_code": 1641}, "has the fix", "upgraded and updated"),
    "dropping": ({"winrm_drops_during_install": "once"}, "has the fix", "upgraded and updated"),
    "dying": ({"winrm_dies": "once"}, "has the fix", "upgraded and updated"),
    "silent": ({"unreachable": True}, "it did not answer", "nothing"),
    "restarting": ({"reboot_seconds": 2}, "has the fix", "upgraded and updated"),
    "gone": ({"reboot_never": True}, "did not come back from its reboot", "failed"),
    "damaged": ({"note_damaged": True}, "its progress note cannot be read", "blocked"),
    "died": ({"earlier_run_died": True}, "has the fix", "upgraded and updated"),
    "mute": ({"dsa_control_no_status": True}, "Self-protection is in an unknown state", "failed"),
    "full": ({"disk_full_after_install": True}, "could not be noted on the host", "failed"),
}
PROTECTED = ("died", "mute")
NOT_PASSED = ("guarded", *[name for name, (*dummy, done) in FAULTS.items() if done != "upgraded and updated"])


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """One host a fault, one with another password, and a Relay."""
    hosts: dict[str, t.Any] = {
        "relay1": windows(role="relay"),
        "guarded": windows(self_protection=RIGHT, vars={"dsa_self_protection_password": WRONG}),
    }
    for name, (faults, *dummy) in FAULTS.items():
        hosts[name] = windows(faults=faults)
    for name in PROTECTED:
        hosts[name] |= {"self_protection": RIGHT, "vars": {"dsa_self_protection_password": RIGHT}}
    hosts["restarting"] |= {"reboot_required": "after_upgrade", "vars": REBOOT}
    hosts["gone"] |= {"reboot_required": "after_upgrade", "vars": {**REBOOT, "dsa_reboot_timeout": 5}}
    for host in hosts.values():
        host["update_seconds"] = 0.2
    return start_fleet({"packages": [FIXED], "hosts": hosts, **ANSWERS})


@pytest.fixture(scope="module")
def first(lab: LabFleet) -> Ran:
    """Some hosts fail, and none of them ends the run."""
    return lab.ran("remediate", 2, dsa_max_fail_percentage=100)


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_message(first: Ran, name: str) -> None:
    dummy, words, done = FAULTS[name]
    outcome = first.report[name]
    assert words in outcome["reason"], outcome["reason"]
    assert (outcome["done"], outcome["passed"]) == (done, done == "upgraded and updated"), outcome["reason"]


def test_relays_came_first(lab: LabFleet, first: Ran) -> None:
    assert first.report["relay1"]["passed"]
    lab.assert_relays_came_first()


def test_a_failed_installation_is_explained_by_its_log(lab: LabFleet, first: Ran) -> None:
    assert "CustomAction LabAlwaysFails returned actual error code 1603" in first.report["fatal"]["reason"]
    log = lab.folder / first.report["fatal"]["diagnostics"]
    assert log.parent.name == "fatal"
    assert "1603" in log.read_bytes().decode("utf-16")


def test_a_wrong_password_changes_nothing_and_is_not_shown(first: Ran) -> None:
    assert "self-protection could not be turned off" in first.report["guarded"]["reason"]
    assert first.touched["guarded"] == []
    assert WRONG not in first.output + str(first.report)


def test_what_an_earlier_run_left_off_is_on_again(lab: LabFleet, first: Ran) -> None:
    assert first.touched["died"].count("self_protection") >= 2
    assert [lab.status()[name]["self_protection"] for name in PROTECTED] == [True, True]


def test_a_lost_connection_installs_once(first: Ran) -> None:
    for name in ("dropping", "dying"):
        assert first.touched[name].count("package_installed") == 1, name


def test_each_host_is_rebooted_once(first: Ran) -> None:
    for name in ("starting", "restarting"):
        assert first.touched[name].count("reboot") == 1, name


def test_mended_hosts_converge_in_the_next_run(lab: LabFleet, first: Ran) -> None:
    for name in NOT_PASSED:
        lab.heal(name)
    settings = {"dsa_reboot_timeout": 60, "dsa_self_protection_password": RIGHT}
    second = lab.ran("remediate", 0, "--limit", ",".join(NOT_PASSED), **settings)
    assert {name: outcome["passed"] for name, outcome in second.report.items()} == dict.fromkeys(NOT_PASSED, True)
    assert RIGHT not in second.output
