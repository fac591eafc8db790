# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Manager as a source, as the truth about Relays, and as who starts updates. The tests tell one story, in order."""

from __future__ import annotations

import json
import subprocess
import typing as t

import pytest
import yaml

from .conftest import FIXED, WINDOWS, LabFleet, StartFleet, deb, windows

AFFECTED = "20.0.0-4416"
# What the tests wait for; the Manager's word is believed at once that nothing newer came.
BY_MANAGER = {"dsa_source": "manager", "dsa_security_update_through": "manager", "dsa_security_update_settle": 4}
RELAYS = {"relay1", "mirror"}
# Hosts that the Manager's task updates, and one that it does not know, which updates itself.
WAVE = {"web1", "aix1", *(["win1"] if WINDOWS else [])}
AGENTS = {*WAVE, "stranger"}
# Nothing is to be done for them, or nothing can be.
FIXED_BEFORE = {"web2", "behind", "retired"}
HELPLESS = {"silent", "appliance"}


def _hosts() -> dict[str, dict[str, t.Any]]:
    hosts: dict[str, dict[str, t.Any]] = {
        "relay1": deb(role="relay"),
        # A Relay by the Manager's word alone.
        "mirror": deb(group=False, manager={"relay": True, "group": "Relays"}),
        # A Relay by its group and its looks, and none by the Manager's word, nor by the operator's.
        "retired": deb(FIXED, role="relay", manager={"relay": False, "group": "Others"}, vars={"dsa_role": "agent"}),
        "web1": deb(manager={"group": "Wave"}),
        "web2": deb(FIXED, manager={"group": "Wave"}),
        "aix1": {
            "os": "aix",
            "build": "20.0.1-25771",
            "manager": {"group": "Wave"},
        },
        "behind": deb(),
        "stranger": deb(),
        "silent": deb(faults={"unreachable": True}),
        "appliance": deb(group=False, manager={"kind": "appliance"}),
    }
    if WINDOWS:
        hosts["win1"] = windows(manager={"group": "Wave"})
    for host in hosts.values():
        host["update_seconds"] = 0.3
    return hosts


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """The fleet. The Manager has forgotten one host, and has seen an update of another fail."""
    lab = start_fleet({"packages": [FIXED], "manager": {}, "hosts": _hosts()})
    known = {name: computer["ID"] for name, computer in lab.manager.computers().items()}
    lab.manager.api("DELETE", f"computers/{known['stranger']}")
    lab.manager.update({"type": "computer", "computerID": known["silent"]})
    lab.manager.wait("the update that fails", lambda: lab.journal("silent", "security_update_failed"))
    return lab


def play(lab: LabFleet, name: str, *arguments: str, **extra: t.Any) -> subprocess.CompletedProcess[str]:
    """A playbook with the Manager's inventory; it must end with 2, as not every host can be helped."""
    done = lab.play(name, *lab.with_manager(), *arguments, **extra)
    assert done.returncode == 2, done.stdout
    return done


def failing(lab: LabFleet) -> dict[str, str]:
    """Hosts that do not pass, with the reason."""
    return {name: outcome["reason"] for name, outcome in lab.report().items() if not outcome["passed"]}


def new_tasks(lab: LabFleet) -> int:
    """How many scheduled tasks were made so far."""
    return int(lab.manager.state()["requests"].get("POST /api/scheduledtasks", 0))


def asked(lab: LabFleet, before: dict[str, int]) -> set[str]:
    """Hosts to which a command came since."""
    return {name for name, count in lab.commands().items() if count > before[name]}


def test_1_the_gate_judges_by_the_managers_word_and_touches_nobody(lab: LabFleet) -> None:
    cached = yaml.safe_load((lab.lab / "dsm.yml").read_text(encoding="utf-8"))
    cached |= {
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(lab.folder / "cache"),
    }
    (lab.lab / "cached.dsm.yml").write_text(yaml.safe_dump(cached), encoding="utf-8")
    before = lab.commands()
    done = lab.play("gate", *lab.with_manager("cached.dsm.yml"), dsa_source="manager")
    assert done.returncode == 2, done.stdout
    assert lab.commands() == before
    outcomes = lab.report()
    verdicts = {name: outcome["verdict"] for name, outcome in outcomes.items()}
    assert verdicts == {
        **dict.fromkeys({*RELAYS, *WAVE, "behind", "silent", "appliance"}, "affected"),
        **dict.fromkeys(("web2", "retired"), "fixed"),
        "stranger": "unknown",
    }
    assert {name for name, outcome in outcomes.items() if outcome["passed"]} == {"web2", "retired"}
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


def test_2_the_inventory_says_what_is_what(lab: LabFleet) -> None:
    done = lab.inventory("--list", *lab.with_manager()[:2])
    assert done.returncode == 0, done.stderr
    groups = json.loads(done.stdout)
    assert groups["deep_security_appliances"]["hosts"] == ["appliance"]
    assert set(groups["deep_security_relays"]["hosts"]) >= RELAYS
    assert "mirror" not in groups["deep_security_agents"]["hosts"]
    assert "silent" in groups["deep_security_verdict_affected"]["hosts"]
    assert "dsm_computer" not in groups["_meta"]["hostvars"]["stranger"]
    assert lab.manager.about["api_key"] not in done.stdout + done.stderr


def test_3_where_host_and_manager_differ_both_are_named(lab: LabFleet) -> None:
    book = lab.folder / "behind.yml"
    book.write_text(BEHIND, encoding="utf-8")
    done = lab.ansible(str(book))
    assert done.returncode == 0, done.stdout
    # The cache holds what the Manager knew before.
    done = lab.play("gate", *lab.with_manager("cached.dsm.yml"), dsa_source="both")
    assert done.returncode == 2, done.stdout
    outcomes = lab.report()
    found = {name: {one["code"]: one["message"] for one in outcome["findings"]} for name, outcome in outcomes.items()}
    differing = {
        name: [code for code in codes if code.startswith("manager_disagrees")] for name, codes in found.items()
    }
    assert {name: codes for name, codes in differing.items() if codes} == {
        "behind": ["manager_disagrees_build"],
        "mirror": ["manager_disagrees_relay"],
        "retired": ["manager_disagrees_relay"],
    }
    assert f"The host gives build {FIXED}, the Manager {AFFECTED}" in found["behind"]["manager_disagrees_build"]
    assert "this computer as a Relay, and nothing listens on the host" in found["mirror"]["manager_disagrees_relay"]
    assert (
        "does not have this computer as a Relay, but something listens" in found["retired"]["manager_disagrees_relay"]
    )
    # The host's own word is the fresher one, and the Manager knows who is a Relay.
    assert outcomes["behind"]["passed"]
    assert {name for name, outcome in outcomes.items() if outcome["role"] == "relay"} == RELAYS
    assert outcomes["silent"]["verdict"] == "unreachable"
    assert f"By the Manager it has {AFFECTED}, last contact 20" in outcomes["silent"]["reason"]
    assert outcomes["stranger"]["verdict"] == "affected"


BEHIND = f"""
- hosts: behind
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        src: "{{{{ dsa_package_dir }}}}/Agent-Core-Debian_12-{FIXED}.x86_64.deb"
        dest: /root/agent.deb
    - ansible.builtin.command: dpkg --install /root/agent.deb
"""


def test_4_below_a_manager_that_is_too_old_nobody_is_touched(lab: LabFleet) -> None:
    before = lab.fingerprint()
    play(lab, "remediate", **BY_MANAGER, dsm_minimum_version="20.0.1000")
    outcomes = lab.report()
    for name in (*RELAYS, *AGENTS):
        assert outcomes[name]["done"] == "blocked", name
        words = "its version 20.0.737 is older than dsm_minimum_version 20.0.1000; use, for example,"
        assert f"the Manager must be upgraded first: {words}" in outcomes[name]["reason"]
    assert {name for name, digest in lab.fingerprint().items() if digest != before[name]} == set()
    assert new_tasks(lab) == 1, "that of the update that fails"


def test_5_agents_wait_for_who_is_a_relay_by_the_managers_word(lab: LabFleet) -> None:
    before = lab.commands()
    play(lab, "remediate_agents", "--limit", "web1", **BY_MANAGER)
    assert lab.report()["web1"]["done"] == "blocked"
    reason = lab.report()["web1"]["reason"]
    assert reason.startswith("Relays come first: ")
    for relay in RELAYS:
        assert f"{relay} is affected ({AFFECTED})" in reason
    # Who needs work by the Manager's word is asked itself, also outside the limit.
    assert asked(lab, before) == {"web1", *RELAYS}


def test_6_a_prediction_changes_nothing(lab: LabFleet) -> None:
    before = lab.fingerprint()
    play(lab, "remediate", "--check", **BY_MANAGER, dsm_minimum_version="20.0.700")
    outcomes = lab.report()
    assert {name for name, outcome in outcomes.items() if outcome["done"] == "would upgrade"} == RELAYS | AGENTS
    assert lab.fingerprint() == before
    assert new_tasks(lab) == 1


def test_7_one_task_for_each_wave(lab: LabFleet) -> None:
    before = lab.commands()
    play(lab, "remediate", **BY_MANAGER, dsm_minimum_version="20.0.700")
    outcomes = lab.report()
    assert failing(lab).keys() == HELPLESS, failing(lab)
    assert {name for name, outcome in outcomes.items() if outcome["done"] == "upgraded"} == RELAYS | AGENTS
    assert new_tasks(lab) == 3, "the Relays, the Agents, and that of the update that fails"
    state = lab.manager.state()
    assert state["tasks"] == 0, "tasks were left behind"
    assert state["logins"] > 0 == state["sessions"], "sessions were left open"
    assert not asked(lab, before) & FIXED_BEFORE, "the Manager's word is enough for hosts that have the fix"
    updates = {name: len(lab.journal(name, "security_update_requested")) for name in RELAYS | AGENTS}
    assert set(updates.values()) == {1}, updates
    begun = min(lab.touches(name)[0]["time"] for name in AGENTS)
    for relay in RELAYS:
        assert lab.journal(relay, "security_update_succeeded")[-1]["time"] < begun, relay
    for name in (RELAYS | AGENTS) - {"win1"}:
        progress = lab.lab / "roots" / name / "var/opt/deep_security_remediation/progress.json"
        assert json.loads(progress.read_text(encoding="utf-8"))["phase"] == "done", name


def test_8_the_second_run_changes_nothing(lab: LabFleet) -> None:
    lab.manager.wait("the last heartbeat", lambda: lab.manager.computers()["web1"]["agentVersion"].startswith("20.0.2"))
    before, commands = lab.fingerprint(), lab.commands()
    play(lab, "remediate", **BY_MANAGER, dsm_minimum_version="20.0.700")
    assert failing(lab).keys() == HELPLESS, failing(lab)
    assert {name for name, outcome in lab.report().items() if outcome["done"] != "nothing"} == {"appliance"}
    assert lab.fingerprint() == before
    # Of Relays the Manager does not tell whether they have updated since.
    assert asked(lab, commands) == {"stranger", "appliance", *RELAYS}
    assert new_tasks(lab) == 3


def test_9_a_host_that_is_back_goes_alone_when_its_relays_are_ready(lab: LabFleet) -> None:
    lab.heal("silent")
    commands = lab.commands()
    done = lab.play("remediate_agents", *lab.with_manager(), "--limit", "silent", **BY_MANAGER)
    assert done.returncode == 0, done.stdout
    assert lab.report()["silent"]["done"] == "upgraded", lab.report()["silent"]["reason"]
    assert asked(lab, commands) == {"silent", *RELAYS}
    assert new_tasks(lab) == 4
    play(lab, "gate", dsa_source="both")
    assert failing(lab).keys() == {"appliance"}, failing(lab)
    codes = {one["code"] for outcome in lab.report().values() for one in outcome["findings"]}
    assert "remediation_pending" not in codes
