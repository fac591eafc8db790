# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From affected to verified, on a fleet of every kind of host but Windows: one story in steps."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from .conftest import FIXED, RPM, LabFleet, StartFleet, Step, deb, rpm


def fleet() -> dict[str, t.Any]:
    """Relays by group and by what they listen on; agents of every platform."""
    redhat = rpm if RPM else deb
    hosts = {
        "relay1": deb(role="relay"),
        "relay2": redhat(role="relay", group=False),
        "web1": deb(
            self_protection="s3cret", vars={"dsa_self_protection": True, "dsa_self_protection_password": "s3cret"}
        ),
        "bare": deb(None),
        "aix1": {"os": "aix", "build": "20.0.1-25771"},
        "sun10": {"os": "solaris", "release": "5.10", "build": "20.0.1-25771"},
        "sun11": {"os": "solaris", "release": "5.11", "build": "20.0.1-25772"},
        "mac1": {"os": "macos", "build": "20.0.0-224"},
    }
    for host in hosts.values():
        host["update_seconds"] = 0.2
    return {"packages": [FIXED, "20.0.0-236"], "hosts": hosts}


HEALTHY = {"bare"}
RELAYS = {"relay1", "relay2"}


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """The fleet of this story. How many at once is written into group_vars."""
    lab = start_fleet(fleet())
    variables = lab.lab / "group_vars" / "all.yml"
    variables.parent.mkdir()
    variables.write_text(yaml.safe_dump({"dsa_relay_batch": 1, "dsa_batch": [1, "100%"]}), encoding="utf-8")
    return lab


@pytest.fixture(scope="module")
def story(lab: LabFleet) -> dict[str, Step]:
    """All that happens to the fleet, in this order."""
    batches = {"dsa_batch": None, "dsa_relay_batch": None}  # no others than those of group_vars
    return {
        "gate": lab.step("gate", 2, "--limit", "relay2,web1,sun11,bare"),
        "check": lab.step("remediate", 2, "--check", **batches),
        "remediate": lab.step("remediate", 0, **batches),
        "again": lab.step("remediate", 0),
        "last gate": lab.step("gate", 0, "--limit", "web1"),
    }


def test_the_gate_fails_and_says_why(story: dict[str, Step]) -> None:
    gate = story["gate"]
    assert {name for name, outcome in gate.report.items() if outcome["passed"]} == HEALTHY
    assert gate.report["relay2"]["role"] == "relay"
    assert gate.report["sun11"]["verdict"] == "indeterminate"
    assert gate.report["web1"]["verdict"] == "affected"
    for name, outcome in gate.report.items():
        assert outcome["reason"]
        assert name in gate.output
    assert gate.same


def test_check_mode_predicts_and_changes_nothing(story: dict[str, Step]) -> None:
    check = story["check"]
    assert check.done("would upgrade and update") == set(check.report) - HEALTHY
    assert check.same
    assert set(check.commands.values()) == {1}


def test_remediate_brings_all_to_verified(lab: LabFleet, story: dict[str, Step]) -> None:
    remediate = story["remediate"]
    assert all(outcome["passed"] for outcome in remediate.report.values())
    assert remediate.done("upgraded and updated") == set(remediate.report) - HEALTHY
    assert remediate.report["web1"]["version_before"] == "20.0.0-4416"
    assert remediate.report["web1"]["version"] == FIXED
    lab.assert_relays_came_first()
    assert "s3cret" not in remediate.output
    states = lab.status()
    for name in set(remediate.report) - HEALTHY:
        assert states[name]["patterns_current"] is True


def span(lab: LabFleet, name: str) -> tuple[float, float]:
    """When work on a host began and when it ended."""
    times = [entry["time"] for entry in (*lab.touches(name), *lab.journal(name, "security_update_succeeded"))]
    return min(times), max(times)


def test_hosts_go_in_the_batches_of_group_vars(lab: LabFleet, story: dict[str, Step]) -> None:
    output, agents = story["remediate"].output, set(story["remediate"].report) - RELAYS - HEALTHY
    assert output.count("PLAY [Remediate Relays]") == 2, "dsa_relay_batch"
    assert output.count("PLAY [Remediate Agents]") == 2, "dsa_batch"
    for tier in (RELAYS, agents):
        first, *rest = sorted(span(lab, name) for name in tier)
        assert all(first[1] < begin for begin, dummy in rest)


@pytest.mark.usefixtures("story")
def test_self_protection_was_off_only_for_the_upgrade(lab: LabFleet) -> None:
    events = [
        (entry["event"], entry.get("on"))
        for entry in lab.journal("web1", "self_protection", "package_installed", "package_install_failed")
    ]
    assert events == [("self_protection", False), ("package_installed", None), ("self_protection", True)]


def test_again_changes_nothing_and_costs_one_task_a_host(story: dict[str, Step]) -> None:
    again = story["again"]
    assert again.changed_nothing()
    assert again.same
    assert set(again.commands.values()) == {1}
    assert "KA-0016311 PASSED: 8 of 8 hosts passed" in again.output


def test_the_gate_passes(story: dict[str, Step]) -> None:
    assert "KA-0016311 PASSED: 1 of 1 hosts passed" in story["last gate"].output
