# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way through the house, on a fleet of every kind of host. The tests tell one story, in order."""

from __future__ import annotations

import shutil
import typing as t

import pytest

from .conftest import FIXED, LabFleet, StartFleet, deb, rpm

RPM = all(shutil.which(tool) for tool in ("rpm", "rpmbuild", "gpg"))


def fleet() -> dict[str, t.Any]:
    """Relays by group and by looks; agents of every platform and verdict."""
    redhat = rpm if RPM else deb
    hosts = {
        "relay1": deb(role="relay"),
        "relay2": redhat(role="relay", group=False),
        "web1": deb(),
        "web2": redhat("20.0.0-4500"),
        "old12": deb("12.0.0-2265"),
        "protected": deb(
            self_protection="s3cret", vars={"dsa_self_protection": True, "dsa_self_protection_password": "s3cret"}
        ),
        "fixed": deb(FIXED),
        "bare": deb(None),
        "aix1": {"os": "aix", "build": "20.0.1-25771"},
        "sun10": {"os": "solaris", "release": "5.10", "build": "20.0.1-25771"},
        "sun11": {"os": "solaris", "release": "5.11", "build": "20.0.1-25772"},
        "mac1": {"os": "macos", "build": "20.0.0-224"},
    }
    return {"packages": [FIXED, "20.0.0-236"], "hosts": hosts}


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """The fleet of this story."""
    return start_fleet(fleet())


HEALTHY = {"fixed", "bare"}


def test_1_the_gate_fails_and_says_why(lab: LabFleet) -> None:
    before = lab.fingerprint()
    done = lab.play("gate")
    assert done.returncode == 2, done.stdout
    outcomes = lab.report()
    assert {name for name, outcome in outcomes.items() if outcome["passed"]} == HEALTHY
    assert outcomes["relay2"]["role"] == "relay"
    assert outcomes["sun11"]["verdict"] == "indeterminate"
    assert outcomes["old12"]["verdict"] == "affected"
    for name, outcome in outcomes.items():
        assert outcome["reason"]
        assert name in done.stdout
    assert lab.fingerprint() == before


def test_2_check_mode_predicts_and_changes_nothing(lab: LabFleet) -> None:
    before, commands = lab.fingerprint(), lab.commands()
    done = lab.play("remediate", "--check")
    assert done.returncode == 2, done.stdout
    outcomes = lab.report()
    assert {name for name, outcome in outcomes.items() if outcome["done"] == "would upgrade"} == set(outcomes) - HEALTHY
    assert lab.fingerprint() == before
    assert {name: count - commands[name] for name, count in lab.commands().items()} == dict.fromkeys(commands, 1)


def test_3_remediate_brings_all_to_verified(lab: LabFleet) -> None:
    done = lab.play("remediate")
    assert done.returncode == 0, done.stdout
    outcomes = lab.report()
    assert all(outcome["passed"] for outcome in outcomes.values())
    assert {name for name, outcome in outcomes.items() if outcome["done"] == "upgraded"} == set(outcomes) - HEALTHY
    assert outcomes["web1"]["version_before"] == "20.0.0-4416"
    assert outcomes["web1"]["version"] == FIXED
    lab.assert_relays_came_first()
    assert "s3cret" not in done.stdout
    states = lab.status()
    for name in set(outcomes) - HEALTHY:
        assert states[name]["patterns_current"] is True


def test_4_self_protection_was_off_only_for_the_upgrade(lab: LabFleet) -> None:
    events = [
        (entry["event"], entry.get("on"))
        for entry in lab.journal("protected", "self_protection", "package_installed", "package_install_failed")
    ]
    assert events == [("self_protection", False), ("package_installed", None), ("self_protection", True)]


def test_5_again_changes_nothing_and_costs_one_task_a_host(lab: LabFleet) -> None:
    before, commands = lab.fingerprint(), lab.commands()
    done = lab.play("remediate")
    assert done.returncode == 0, done.stdout
    assert "changed=0" in done.stdout
    assert not [line for line in done.stdout.splitlines() if "changed=" in line and "changed=0" not in line]
    assert lab.fingerprint() == before
    assert {name: count - commands[name] for name, count in lab.commands().items()} == dict.fromkeys(commands, 1)


def test_6_the_gate_passes(lab: LabFleet) -> None:
    done = lab.play("gate")
    assert done.returncode == 0, done.stdout
    assert "KA-0016311 PASSED: 12 of 12 hosts passed" in done.stdout
