# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Manager as a source, as the truth about Relays, and as who starts updates. One story.

What its data are worth is tested without a fleet: tests/unit, test_manager_data.py and test_planning.py.
"""

from __future__ import annotations

import json
import typing as t

import pytest

from .conftest import FIXED, LabFleet, StartFleet, Step, deb

AFFECTED = "20.0.0-4416"
# What the tests wait for; that nothing newer came counts at once where the Manager states it.
BY_MANAGER = {
    "dsa_source": "manager",
    "dsa_security_update_through": "manager",
    "dsa_security_update_interval": 3,
    "dsa_security_update_settle": 4,
    "dsm_minimum_version": "20.0.700",
}
RELAYS = {"relay1", "mirror"}
# Hosts that the Manager's task updates, and one that it does not know, which updates itself.
WAVE = {"web1", "aix1"}
AGENTS = {*WAVE, "stranger"}
# Nothing can be done for them.
HELPLESS = {"silent", "appliance"}


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """The fleet. The Manager has forgotten one host, and has seen an update of another fail."""
    hosts: dict[str, dict[str, t.Any]] = {
        "relay1": deb(role="relay"),
        # A Relay by the Manager's word alone.
        "mirror": deb(group=False, manager={"relay": True, "group": "Relays"}),
        "web1": deb(manager={"group": "Wave"}),
        # A Relay by its group and its looks, and none by the Manager's word, nor by the operator's.
        "web2": deb(FIXED, role="relay", manager={"relay": False, "group": "Others"}, vars={"dsa_role": "agent"}),
        "aix1": {"os": "aix", "build": "20.0.1-25771", "manager": {"group": "Wave"}},
        "stranger": deb(),
        "silent": deb(faults={"unreachable": True}),
        "appliance": deb(group=False, manager={"kind": "appliance"}),
    }
    for host in hosts.values():
        host["update_seconds"] = 0.3
    lab = start_fleet({"packages": [FIXED], "manager": {}, "hosts": hosts})
    known = {name: computer["ID"] for name, computer in lab.manager.computers().items()}
    lab.manager.api("DELETE", f"computers/{known['stranger']}")
    lab.manager.update({"type": "computer", "computerID": known["silent"]})
    lab.manager.wait("the update that fails", lambda: lab.journal("silent", "security_update_failed"))
    return lab


def step(lab: LabFleet, name: str, **extra: t.Any) -> Step:
    """A playbook with the Manager's inventory; it must end with 2, as not every host can be helped."""
    return lab.step(name, 2, *lab.with_manager(), **extra)


def new_tasks(lab: LabFleet) -> int:
    """How many scheduled tasks were made so far."""
    return int(lab.manager.state()["requests"].get("POST /api/scheduledtasks", 0))


def asked(ran: Step) -> set[str]:
    """Hosts to which a command came."""
    return {name for name, count in ran.commands.items() if count}


def failing(ran: Step) -> set[str]:
    """Hosts that do not pass."""
    return {name for name, outcome in ran.report.items() if not outcome["passed"]}


def test_the_managers_data_count_and_it_starts_the_updates(lab: LabFleet) -> None:
    _the_gate_judges_by_the_managers_word_and_touches_nobody(lab)
    _one_task_for_each_wave(lab)
    _the_second_run_changes_nothing(lab)


def _the_gate_judges_by_the_managers_word_and_touches_nobody(lab: LabFleet) -> None:
    ran = step(lab, "gate", dsa_source="manager")
    assert asked(ran) == set()
    outcomes = ran.report
    assert {name: outcome["verdict"] for name, outcome in outcomes.items()} == {
        **dict.fromkeys({*RELAYS, *WAVE, *HELPLESS}, "affected"),
        "web2": "fixed",
        "stranger": "unknown",
    }
    assert set(outcomes) - failing(ran) == {"web2"}
    assert {name for name, outcome in outcomes.items() if outcome["role"] == "relay"} == RELAYS
    reason = outcomes["stranger"]["reason"]
    assert "the Manager's inventory has no entry for it" in reason
    assert "Give it the name that it has there, or read the host itself with dsa_source: both" in reason
    assert "Pattern updates of this agent fail already: event 9017" in outcomes["silent"]["reason"]
    assert "with error code -24" in outcomes["silent"]["reason"]
    assert "fail already" not in outcomes["web1"]["reason"]
    assert outcomes["appliance"]["role"] == "appliance"
    reason = outcomes["appliance"]["reason"]
    assert reason.startswith(f"{AFFECTED} is affected (Linux builds up to {AFFECTED})")
    assert "not activated" not in reason


def _one_task_for_each_wave(lab: LabFleet) -> None:
    assert new_tasks(lab) == 1, "that of the update that fails"
    ran = step(lab, "remediate", **BY_MANAGER)
    assert failing(ran) == HELPLESS, ran.output
    assert ran.done("upgraded and updated") == RELAYS | AGENTS
    assert new_tasks(lab) == 3, "the Relays, the Agents, and that of the update that fails"
    state = lab.manager.state()
    assert state["tasks"] == 0, "tasks were left behind"
    assert state["logins"] > 0 == state["sessions"], "sessions were left open"
    assert "web2" not in asked(ran), "the Manager's word is enough for hosts that have the fix"
    updates = {name: len(lab.journal(name, "security_update_requested")) for name in RELAYS | AGENTS}
    assert set(updates.values()) == {1}, updates
    begun = min(lab.touches(name)[0]["time"] for name in AGENTS)
    for relay in RELAYS:
        assert lab.journal(relay, "security_update_succeeded")[-1]["time"] < begun, relay
    for name in RELAYS | AGENTS:
        progress = lab.lab / "roots" / name / "var/opt/deep_security_remediation/progress.json"
        assert json.loads(progress.read_text(encoding="utf-8"))["phase"] == "done", name


def _the_second_run_changes_nothing(lab: LabFleet) -> None:
    lab.manager.wait("the last heartbeat", lambda: lab.manager.computers()["web1"]["agentVersion"].startswith("20.0.2"))
    ran = step(lab, "remediate", **BY_MANAGER)
    assert failing(ran) == HELPLESS, ran.output
    assert set(ran.report) - ran.done("nothing") == {"appliance"}
    assert ran.same
    # Of Relays the Manager does not tell whether they have updated since.
    assert asked(ran) == {"stranger", "appliance", *RELAYS}
    assert new_tasks(lab) == 3
