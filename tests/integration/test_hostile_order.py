# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No Agent is touched while a Relay that it may use is not proven to be well, now. Two stories, each in one test.

The sizes of batches come as texts, as a survey gives them. Who waits for whom, and how failures stop a tier, is tested
in tests/unit/plugins/plugin_utils/_fleet.
"""

from __future__ import annotations

import json
import threading
import typing as t

import pytest
import yaml

from tests import report_schema
from tests.integration.by_hand import NOTE, codes, install, reasons, sh, wait_for, write
from tests.integration.conftest import FIXED, LabFleet, StartFleet, deb

REMEDIATED = {"phase": "done", "to": FIXED, "build": FIXED}
UPDATE_DUE = {**REMEDIATED, "phase": "update_pending"}


def start(start_fleet: StartFleet, hosts: dict[str, dict[str, t.Any]], notes: t.Mapping[str, object]) -> LabFleet:
    """A fleet whose hosts have these progress notes."""
    for host in hosts.values():
        host["update_seconds"] = 0.2
    lab = start_fleet({"packages": [FIXED], "hosts": hosts})
    for name, note in notes.items():
        write(lab, name, NOTE, json.dumps(note))
    return lab


@pytest.fixture(scope="module")
def fleet(start_fleet: StartFleet) -> LabFleet:
    """relay-b stands in no group: only what it listens to tells that it is a Relay."""
    hosts = {
        "relay-a": deb(FIXED, role="relay"),
        "relay-b": deb(role="relay", group=False),
        "web-1": deb(FIXED, uses=["relay-a"]),
    }
    return start(start_fleet, hosts, {"relay-a": UPDATE_DUE, "web-1": UPDATE_DUE})


@pytest.fixture(scope="module")
def tiers(start_fleet: StartFleet) -> LabFleet:
    """Two good Relays, and Agents below each that have the fix and need the update; the first is not activated."""
    relays = ("relay-a", "relay-b")
    agents = {"w1": "relay-a", "w2": "relay-b", "w3": "relay-a", "w4": "relay-a", "w5": "relay-b"}
    hosts: dict[str, dict[str, t.Any]] = {name: deb(FIXED, role="relay") for name in relays}
    for name, below in agents.items():
        hosts[name] = deb(FIXED, uses=[below], vars={"dsa_relays": [below], "dsa_security_update_interval": 1})
    hosts["w1"]["activated"] = False
    hosts["w3"]["faults"] = {"security_update_fails": True}
    # Its Relay breaks when it has updated, and before the run sees that.
    hosts["w2"]["vars"]["dsa_security_update_interval"] = 8
    return start(start_fleet, hosts, {**dict.fromkeys(relays, REMEDIATED), **dict.fromkeys(agents, UPDATE_DUE)})


def assert_waits_for_unclear(outcome: t.Mapping[str, t.Any], relay: str) -> None:
    """The host is blocked, and its reason names who is in the way and both ways out."""
    assert outcome["done"] == "blocked", reasons(outcome)
    for word in (relay, "dsa_relays", "dsa_relays_complete"):
        assert word in outcome["reason"], reasons(outcome)


def test_o1_o2_a_relay_that_nobody_declared_and_one_that_was_installed_by_hand(fleet: LabFleet) -> None:
    # O1: an undeclared Relay that does not answer holds Agents back.
    silent = fleet.folder / "silent.yml"
    silent.write_text(yaml.safe_dump({"all": {"hosts": {"relay-b": {"ansible_port": 1}}}}), encoding="utf-8")
    ran = fleet.ran("remediate", 2, "-i", str(silent))
    assert ran.report["relay-a"]["done"] == "updated", reasons(ran.report["relay-a"])
    assert ran.report["relay-b"]["verdict"] == "unreachable"
    assert_waits_for_unclear(ran.report["web-1"], "relay-b")
    assert ran.touched["web-1"] == []

    # So does one outside the limit. O2: relay-a is installed anew by hand, its build over itself: nothing of its record
    # changes but the time of the installation, and it has not updated since.
    install(fleet, "relay-a", FIXED)
    ran = fleet.ran("remediate_agents", 2, "--limit", "web-1")
    assert set(ran.report) == {"web-1"}
    assert_waits_for_unclear(ran.report["web-1"], "relay-b")
    assert "relay-a has the fix, but no security update of this installation since" in ran.report["web-1"]["reason"]
    assert (ran.touched["web-1"], ran.touched["relay-b"]) == ([], [])

    # The way out that the message names; relay-a is updated once more, and then its Agents go.
    before = len(fleet.journal("relay-a", "security_update_requested"))
    ran = fleet.ran("remediate", 0, "--limit", "relay-a,web-1", dsa_relays_complete="true")
    assert {name: host["done"] for name, host in ran.report.items()} == {"relay-a": "updated", "web-1": "updated"}
    assert len(fleet.journal("relay-a", "security_update_requested")) == before + 1
    updated = fleet.journal("relay-a", "security_update_succeeded")[-1]["time"]
    assert updated < fleet.touches("web-1")[0]["time"]


def test_o3_o4_failures_of_agents_and_a_relay_that_breaks_stop_who_comes_after_them(tiers: LabFleet) -> None:
    # Sizes of batches that are none stop the run before it reads a host.
    before = tiers.commands()
    stopped = tiers.play("remediate", dsa_batch="[1, 50%")
    assert stopped.returncode == 2, stopped.stdout
    assert "Traceback" not in stopped.stdout
    report = report_schema.read(tiers.folder / "dsa-reports" / "report.json")
    assert not report["passed"]
    assert "dsa_batch" in "".join(report["errors"])
    assert tiers.commands() == before

    # O4: nobody follows a canary that failed.
    some = {"dsa_failure_budget": "100", "dsa_security_update_interval": None}
    ran = tiers.ran("remediate", 2, dsa_batch="1, 3, 100%", dsa_relay_batch="", **some)
    assert ran.report["w1"]["done"] == "failed"
    for name in ("w2", "w3", "w4", "w5"):
        assert (ran.report[name]["done"], ran.report[name]["passed"]) == ("blocked", False), reasons(ran.report[name])
        assert "tier_stopped_first_batch" in codes(ran.report[name])
        assert ran.touched[name] == []
    assert all(ran.report[name]["passed"] for name in ("relay-a", "relay-b"))

    # O3: after a -24 nobody below the same Relay is started, and a Relay that breaks meanwhile is noticed by the next
    # batch and by the report. Other failures would stop the tier only beyond the budget.
    def break_relay() -> None:
        wait_for(lambda: tiers.journal("w2", "security_update_succeeded"), "w2's update", 300)
        sh(tiers, "relay-b", "systemctl stop ds_agent")

    breaking = threading.Thread(target=break_relay, daemon=True)
    breaking.start()
    ran = tiers.ran("remediate", 2, "--limit", "all:!w1", dsa_batch="1", **some)
    breaking.join(60)
    done = {name: ran.report[name]["done"] for name in ("w2", "w3", "w4", "w5")}
    assert done == {"w2": "updated", "w3": "failed", "w4": "blocked", "w5": "blocked"}, ran.output
    assert "relay-a may still serve patterns with the expired certificate" in ran.report["w4"]["reason"]
    assert "security update of w3 failed with -24" in ran.report["w4"]["reason"]
    assert "relay-b" in ran.report["w5"]["reason"]
    assert (ran.touched["w4"], ran.touched["w5"]) == ([], [])
    assert not ran.report["relay-b"]["passed"], "it was read again, and its service is down"
    assert "service_not_running" in codes(ran.report["relay-b"])
