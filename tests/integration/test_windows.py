# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Linux and a Windows Relay, Linux and Windows Agents: from affected to verified, one story in steps."""

from __future__ import annotations

import typing as t

import pytest

from .conftest import FIXED, LabFleet, StartFleet, Step, deb, needs_windows, windows

pytestmark = needs_windows

HEALTHY = {"winfixed", "winbare", "unlisted"}
UNKNOWN = {"torn"}
REBOOTED = {"dsa_reboot": "if_required", "dsa_reboot_window": "00:00-24:00"}


def fleet() -> dict[str, t.Any]:
    """Relays by group and by what they listen on; agents of several Windows versions and states."""
    hosts = {
        "relay1": deb(role="relay"),
        "winrelay1": windows("20.0.0-3288", role="relay", group=False, release="2022"),
        "web1": deb(),
        "japanese": windows(release="2016", language="ja"),
        "rebooting": windows(reboot_required="after_upgrade", vars=REBOOTED),
        "deferring": windows(reboot_required="after_upgrade"),
        "protected": windows(
            release="10-22h2",
            arch="i386",
            self_protection="s3cret",
            vars={"dsa_self_protection_password": "s3cret"},
        ),
        "winfixed": windows(FIXED),
        "winbare": {"os": "windows", "role": "none"},
        # Windows lists no such program; what runs, and its file, show the agent.
        "unlisted": windows(FIXED, faults={"agent_not_listed": True}),
        "hidden": windows(faults={"agent_not_listed": True}),
        "torn": windows(FIXED, faults={"listed_twice": "20.0.0-3288"}),
    }
    for host in hosts.values():
        host["update_seconds"] = 0.2
    return {"packages": [FIXED], "hosts": hosts}


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """The fleet of this story."""
    return start_fleet(fleet())


@pytest.fixture(scope="module")
def story(lab: LabFleet) -> dict[str, Step]:
    """All that happens to the fleet, in this order."""
    return {
        "gate": lab.step("gate", 2),
        "check": lab.step("remediate", 2, "--check"),
        "remediate": lab.step("remediate", 2),
        "again": lab.step("remediate", 2),
        # What may be a Relay is read too, or it would block this Agent.
        "rebooted": lab.step("remediate", 0, "--limit", "deferring,winrelay1,winbare", **REBOOTED),
    }


def test_the_gate_reads_each_host_once_and_says_why(story: dict[str, Step]) -> None:
    gate = story["gate"]
    assert {name for name, outcome in gate.report.items() if outcome["passed"]} == HEALTHY
    assert gate.report["winrelay1"]["role"] == "relay"
    assert gate.report["japanese"]["verdict"] == "affected"
    assert gate.report["winbare"]["verdict"] == "not_installed"
    assert gate.report["hidden"]["verdict"] == "affected"
    assert gate.report["torn"]["verdict"] == "unknown"
    assert "lists more than one version" in gate.report["torn"]["reason"]
    assert gate.same
    assert set(gate.commands.values()) == {1}


def test_check_mode_predicts_and_changes_nothing(story: dict[str, Step]) -> None:
    check = story["check"]
    assert check.done("would upgrade and update") == set(check.report) - HEALTHY - UNKNOWN
    assert check.same


def test_remediate_brings_all_to_verified(lab: LabFleet, story: dict[str, Step]) -> None:
    remediate = story["remediate"]
    # Where a reboot is deferred, the update waits for it.
    assert remediate.done("upgraded") == {"deferring"}
    assert remediate.done("upgraded and updated") == set(remediate.report) - HEALTHY - UNKNOWN - {"deferring"}
    failed = {name for name, outcome in remediate.report.items() if not outcome["passed"]}
    assert failed == {"deferring"} | UNKNOWN
    assert remediate.report["japanese"]["version_before"] == "20.0.0-5995"
    assert remediate.report["japanese"]["version"] == FIXED
    lab.assert_relays_came_first()
    assert not remediate.touched["torn"]
    assert "s3cret" not in remediate.output
    states = lab.status()
    for name in set(remediate.report) - HEALTHY - UNKNOWN:
        assert states[name]["patterns_current"] is True, name


@pytest.mark.usefixtures("story")
def test_self_protection_was_off_only_for_the_upgrade(lab: LabFleet) -> None:
    events = [
        (entry["event"], entry.get("on"))
        for entry in lab.journal("protected", "self_protection", "package_installed", "package_install_failed")
    ]
    assert events == [("self_protection", False), ("package_installed", None), ("self_protection", True)]


def test_only_who_may_is_rebooted_and_what_is_put_off_stays_visible(story: dict[str, Step]) -> None:
    """What runs on deferring is the build from before, until the reboot: no update, and no pass."""
    remediate = story["remediate"]
    assert "security_update_requested" not in remediate.touched["deferring"]
    assert {name for name, touches in remediate.touched.items() if "reboot" in touches} == {"rebooting"}
    assert remediate.report["rebooting"]["reboot"] == "done"
    assert remediate.report["deferring"]["reboot"] == "pending"
    assert "reboot_pending" in {finding["code"] for finding in remediate.report["deferring"]["findings"]}


def test_again_changes_nothing_and_costs_one_task_a_host(story: dict[str, Step]) -> None:
    again = story["again"]
    assert "runs only after a reboot, which is deferred: dsa_reboot is never" in again.report["deferring"]["reason"]
    assert again.changed_nothing()
    assert again.same
    assert set(again.commands.values()) == {1}


def test_what_was_put_off_is_done_when_it_may(story: dict[str, Step]) -> None:
    rebooted = story["rebooted"]
    assert "reboot" in rebooted.touched["deferring"]
    assert rebooted.report["deferring"]["reboot"] == "done"
    assert rebooted.touched["deferring"].count("package_installed") == 1
