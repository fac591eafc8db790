# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Linux and Windows Relays, Linux, Windows and Unix Agents: from affected to verified. One story, in order."""

from __future__ import annotations

import typing as t

import pytest

from .conftest import FIXED, LabFleet, StartFleet, deb, needs_windows, windows

pytestmark = needs_windows

HEALTHY = {"winfixed", "winbare"}
UNKNOWN = {"unlisted"}
REBOOTED = {"dsa_reboot": "if_required", "dsa_reboot_window": "00:00-24:00"}


def fleet() -> dict[str, t.Any]:
    """Relays by group and by looks; agents of several Windows versions and states."""
    hosts = {
        "relay1": deb(role="relay"),
        "winrelay1": windows(role="relay"),
        "winrelay2": windows("20.0.0-3288", role="relay", group=False, release="2022"),
        "web1": deb(),
        "aix1": {"os": "aix", "build": "20.0.1-25771"},
        "win2016": windows(release="2016"),
        "win2022": windows("20.0.0-6312", release="2022"),
        "win11": windows("12.0.0-2265", release="11"),
        "win32": windows(release="10-22h2", arch="i386"),
        "japanese": windows(release="2019", language="ja"),
        "rebooting": windows(reboot_required="after_upgrade", vars=REBOOTED),
        "deferring": windows(reboot_required="after_upgrade"),
        "protected": windows(self_protection="s3cret", vars={"dsa_self_protection_password": "s3cret"}),
        "winfixed": windows(FIXED),
        "winbare": {"os": "windows", "role": "none"},
        "unlisted": windows(FIXED, faults={"agent_not_listed": True}),
    }
    return {"packages": [FIXED], "hosts": hosts}


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """The fleet of this story."""
    return start_fleet(fleet())


def read_once(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """Host → how many commands it was sent in between."""
    return {name: count - before[name] for name, count in after.items()}


def test_1_the_gate_reads_each_host_once_and_says_why(lab: LabFleet) -> None:
    before, commands = lab.fingerprint(), lab.commands()
    done = lab.play("gate")
    assert done.returncode == 2, done.stdout
    outcomes = lab.report()
    assert {name for name, outcome in outcomes.items() if outcome["passed"]} == HEALTHY
    assert outcomes["winrelay2"]["role"] == "relay"
    assert outcomes["win2022"]["verdict"] == "indeterminate"
    assert outcomes["win11"]["verdict"] == "affected"
    assert outcomes["winbare"]["verdict"] == "not_installed"
    assert outcomes["unlisted"]["verdict"] == "unknown"
    assert "there are signs of an agent" in outcomes["unlisted"]["reason"]
    assert lab.fingerprint() == before
    assert set(read_once(commands, lab.commands()).values()) == {1}


def test_2_check_mode_predicts_and_changes_nothing(lab: LabFleet) -> None:
    before = lab.fingerprint()
    done = lab.play("remediate", "--check")
    assert done.returncode == 2, done.stdout
    outcomes = lab.report()
    assert {name for name, outcome in outcomes.items() if outcome["done"] == "would upgrade"} == (
        set(outcomes) - HEALTHY - UNKNOWN
    )
    assert lab.fingerprint() == before


def test_3_remediate_brings_all_to_verified(lab: LabFleet) -> None:
    done = lab.play("remediate")
    assert done.returncode == 2, done.stdout
    outcomes = lab.report()
    assert {name for name, outcome in outcomes.items() if outcome["done"] == "upgraded"} == (
        set(outcomes) - HEALTHY - UNKNOWN
    )
    assert {name for name, outcome in outcomes.items() if not outcome["passed"]} == {"deferring"} | UNKNOWN
    assert outcomes["win2016"]["version_before"] == "20.0.0-5995"
    assert outcomes["win2016"]["version"] == FIXED
    lab.assert_relays_came_first()
    assert not lab.touches("unlisted")
    assert "s3cret" not in done.stdout
    states = lab.status()
    for name in set(outcomes) - HEALTHY - UNKNOWN - {"deferring"}:
        assert states[name]["patterns_current"] is True, name


def test_4_self_protection_was_off_only_for_the_upgrade(lab: LabFleet) -> None:
    events = [
        (entry["event"], entry.get("on"))
        for entry in lab.journal("protected", "self_protection", "package_installed", "package_install_failed")
    ]
    assert events == [("self_protection", False), ("package_installed", None), ("self_protection", True)]


def test_5_only_who_may_is_rebooted_and_what_is_put_off_stays_visible(lab: LabFleet) -> None:
    """What runs on deferring is the build from before, until the reboot: no update, and no pass."""
    outcomes = lab.report()
    assert not lab.journal("deferring", "security_update_requested")
    assert {name for name in outcomes if lab.journal(name, "reboot")} == {"rebooting"}
    assert outcomes["rebooting"]["reboot"] == "done"
    assert outcomes["deferring"]["reboot"] == "pending"
    assert "reboot_pending" in {finding["code"] for finding in outcomes["deferring"]["findings"]}


def test_6_again_changes_nothing_and_costs_one_task_a_host(lab: LabFleet) -> None:
    before, commands = lab.fingerprint(), lab.commands()
    done = lab.play("remediate")
    assert done.returncode == 2, done.stdout
    assert "runs only after a reboot, which is deferred: dsa_reboot is never" in lab.report()["deferring"]["reason"]
    assert not [line for line in done.stdout.splitlines() if "changed=" in line and "changed=0" not in line]
    assert lab.fingerprint() == before
    assert set(read_once(commands, lab.commands()).values()) == {1}


def test_7_what_was_put_off_is_done_when_it_may(lab: LabFleet) -> None:
    # What may be a Relay is read too, or it would block this Agent.
    done = lab.play("remediate", "--limit", "deferring,winrelay2,winbare", **REBOOTED)
    assert done.returncode == 0, done.stdout
    assert lab.journal("deferring", "reboot")
    assert lab.report()["deferring"]["reboot"] == "done"
    assert len(lab.journal("deferring", "package_installed")) == 1
