# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No Agent is touched while a Relay that it may use is not proven to be well, now. Two stories, each in order.

The sizes of batches come as texts, as a survey gives them.
"""

from __future__ import annotations

import json
import threading

import pytest
import yaml

from tests.integration.by_hand import codes, install, reasons, sh, wait_for
from tests.integration.conftest import FIXED, LabFleet, StartFleet, deb

OLD, NEWER = "20.0.0-4416", "20.0.2-1500"
QUICKLY = {"dsa_service_timeout": 20, "dsa_security_update_timeout": 20, "dsa_verify_timeout": 20}


@pytest.fixture(scope="module")
def fleet(start_fleet: StartFleet) -> LabFleet:
    """relay-b stands in no group: only what it listens to tells that it is a Relay."""
    hosts = {
        "relay-a": deb(role="relay"),
        "relay-b": deb(role="relay", group=False),
        "web-1": deb(uses=["relay-a"]),
        "web-2": deb(uses=["relay-a"]),
    }
    for host in hosts.values():
        host["update_seconds"] = 0.5
    return start_fleet({"packages": [FIXED, NEWER], "hosts": hosts})


def assert_waits_for_unclear(lab: LabFleet, host: str, relay: str) -> None:
    """The host was not touched, and its reason names who is in the way and both ways out."""
    outcome = lab.report()[host]
    assert outcome["done"] == "blocked", reasons(outcome)
    assert not lab.touches(host)
    for word in (relay, "dsa_relays", "dsa_relays_complete"):
        assert word in outcome["reason"], reasons(outcome)


def test_o1_a_relay_in_no_group_and_outside_the_limit_holds_agents_back(fleet: LabFleet) -> None:
    done = fleet.play("remediate", "--limit", "relay-a,web-1", **QUICKLY)
    assert done.returncode == 2, done.stdout
    outcomes = fleet.report()
    assert set(outcomes) == {"relay-a", "web-1"}
    assert outcomes["relay-a"]["done"] == "upgraded", reasons(outcomes["relay-a"])
    assert_waits_for_unclear(fleet, "web-1", "relay-b")
    assert not fleet.touches("relay-b")


def test_o1_nor_when_it_does_not_answer(fleet: LabFleet) -> None:
    silent = fleet.folder / "silent.yml"
    silent.write_text(yaml.safe_dump({"all": {"hosts": {"relay-b": {"ansible_port": 1}}}}), encoding="utf-8")
    done = fleet.play("remediate", "-i", str(silent), **QUICKLY)
    assert done.returncode == 2, done.stdout
    assert_waits_for_unclear(fleet, "web-1", "relay-b")
    assert fleet.report()["relay-b"]["verdict"] == "unreachable"


@pytest.mark.parametrize(("name", "value"), [("dsa_relays_complete", "true"), ("dsa_relays", "relay-a")])
def test_o1_either_way_out_that_the_message_names_is_one(fleet: LabFleet, name: str, value: str) -> None:
    done = fleet.play("remediate", "--check", "--limit", "web-1", **QUICKLY, **{name: value})
    assert fleet.report()["web-1"]["done"] == "would upgrade", done.stdout


def test_o1_an_empty_text_is_no_way_out(fleet: LabFleet) -> None:
    """A survey's field that is left empty is not set; it does not mean that no Relay is used."""
    fleet.play("remediate", "--check", "--limit", "web-1", **QUICKLY, dsa_relays="", dsa_relays_complete="")
    assert_waits_for_unclear(fleet, "web-1", "relay-b")


def test_o2_a_relay_that_was_installed_anew_by_hand_has_not_updated_since(fleet: LabFleet) -> None:
    """Another build with the fix, over the old one; then the same build once more, after a removal."""
    for build, purge in ((NEWER, False), (NEWER, True)):
        install(fleet, "relay-a", build, purge=purge)
        done = fleet.play("remediate_agents", "--limit", "web-1", **QUICKLY, dsa_relays_complete=True)
        assert done.returncode == 2, done.stdout
        outcome = fleet.report()["web-1"]
        assert outcome["done"] == "blocked", reasons(outcome)
        assert "relay-a has the fix, but no security update of this installation since" in outcome["reason"]
        assert not fleet.touches("web-1")


def test_o2_remediate_updates_it_and_then_its_agents_go(fleet: LabFleet) -> None:
    before = len(fleet.journal("relay-a", "security_update_requested"))
    done = fleet.play("remediate", "--limit", "relay-a,web-1", **QUICKLY, dsa_relays_complete=True)
    assert done.returncode == 0, done.stdout
    assert {name: host["done"] for name, host in fleet.report().items()} == {"relay-a": "updated", "web-1": "upgraded"}
    assert len(fleet.journal("relay-a", "security_update_requested")) == before + 1
    updated = fleet.journal("relay-a", "security_update_succeeded")[-1]["time"]
    assert updated < fleet.touches("web-1")[0]["time"]


def test_o2_the_very_same_build_over_itself_counts_too(fleet: LabFleet) -> None:
    """Nothing of the record changes but the time of the installation."""
    install(fleet, "relay-a", NEWER)
    done = fleet.play("remediate_agents", "--limit", "web-2", **QUICKLY, dsa_relays_complete=True)
    assert done.returncode == 2, done.stdout
    assert fleet.report()["web-2"]["done"] == "blocked"
    assert not fleet.touches("web-2")


@pytest.fixture(scope="module")
def tiers(start_fleet: StartFleet) -> LabFleet:
    """Two Relays that have the fix; all Agents but the last are below relay-a."""
    below_a = {"dsa_relays": ["relay-a"]}
    hosts = {
        "relay-a": deb(FIXED, role="relay"),
        "relay-b": deb(FIXED, role="relay"),
        **{name: deb(uses=["relay-a"], vars=below_a) for name in ("a1", "a2", "a3")},
        "b1": deb(uses=["relay-b"], vars={"dsa_relays": ["relay-b"]}),
    }
    hosts["a1"]["faults"] = {"package_install_fails": True}
    hosts["a2"]["faults"] = {"security_update_fails": True}
    for host in hosts.values():
        host["update_seconds"] = 0.5
    return start_fleet({"packages": [FIXED], "hosts": hosts})


@pytest.mark.parametrize("text", ["abc", "[1, 50%"])
def test_sizes_of_batches_that_are_none_stop_the_run_before_it_reads_a_host(tiers: LabFleet, text: str) -> None:
    before = tiers.commands()
    done = tiers.play("remediate", dsa_batch=text)
    assert done.returncode == 2, done.stdout
    assert "dsa_batch" in done.stdout
    assert "Traceback" not in done.stdout
    report = json.loads((tiers.folder / "dsa-reports" / "report.json").read_text(encoding="utf-8"))
    assert not report["passed"]
    assert "dsa_batch" in "".join(report["errors"])
    assert tiers.commands() == before


def test_o4_nobody_follows_a_canary_that_failed(tiers: LabFleet) -> None:
    done = tiers.play("remediate", dsa_batch="1, 3, 100%", dsa_relay_batch="", dsa_failure_budget="100", **QUICKLY)
    assert done.returncode == 2, done.stdout
    outcomes = tiers.report()
    assert outcomes["a1"]["done"] == "failed"
    for name in ("a2", "a3", "b1"):
        assert (outcomes[name]["done"], outcomes[name]["passed"]) == ("blocked", False), reasons(outcomes[name])
        assert "tier_stopped_first_batch" in codes(outcomes[name])
        assert not tiers.touches(name)
    assert all(outcomes[name]["passed"] for name in ("relay-a", "relay-b"))


def test_o3_after_a_24_nobody_below_that_relay_is_started(tiers: LabFleet) -> None:
    """Later failures stop the tier only beyond the budget; this one stops what is below the same Relay at once."""
    tiers.heal("a1")
    done = tiers.play("remediate", dsa_batch="1", dsa_failure_budget="100", **QUICKLY)
    assert done.returncode == 2, done.stdout
    outcomes = tiers.report()
    assert {name: outcomes[name]["done"] for name in ("a1", "a2", "a3", "b1")} == {
        "a1": "upgraded",
        "a2": "failed",
        "a3": "blocked",
        "b1": "upgraded",
    }, done.stdout
    assert not tiers.touches("a3")
    assert "relay-a may still serve patterns with the expired certificate" in outcomes["a3"]["reason"]
    assert "security update of a2 failed with -24" in outcomes["a3"]["reason"]
    assert not outcomes["relay-a"]["passed"] or "relay-a" in outcomes["a3"]["reason"]


def test_o3_a_relay_that_breaks_meanwhile_is_noticed_by_the_next_batch_and_by_the_report(tiers: LabFleet) -> None:
    tiers.heal("a2")
    succeeded = len(tiers.journal("a2", "security_update_succeeded"))

    def break_relay() -> None:
        wait_for(lambda: len(tiers.journal("a2", "security_update_succeeded")) > succeeded, "a2's update")
        sh(tiers, "relay-a", "systemctl stop ds_agent")

    breaking = threading.Thread(target=break_relay)
    breaking.start()
    done = tiers.play("remediate", dsa_batch="[1, 1]", **QUICKLY)
    breaking.join()
    assert done.returncode == 2, done.stdout
    outcomes = tiers.report()
    assert outcomes["a2"]["passed"], reasons(outcomes["a2"])
    assert outcomes["a3"]["done"] == "blocked", reasons(outcomes["a3"])
    assert "relay-a" in outcomes["a3"]["reason"]
    assert not tiers.touches("a3")
    assert not outcomes["relay-a"]["passed"], "it was read again, and its service is down"
    assert "service_not_running" in codes(outcomes["relay-a"])


def test_o3_and_when_it_runs_again_they_go(tiers: LabFleet) -> None:
    sh(tiers, "relay-a", "systemctl start ds_agent")
    done = tiers.play("remediate", dsa_batch="", dsa_relay_batch=" ", **QUICKLY)
    assert done.returncode == 0, done.stdout
    assert tiers.report()["a3"]["done"] == "upgraded"
