# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stages as roles in plays of one's own, and no playbook of the collection. The tests tell one story, in order."""

from __future__ import annotations

import json
import re
import subprocess
import typing as t

import pytest

from tests.integration.by_hand import codes, install, reasons
from tests.integration.conftest import FIXED, LabFleet, StartFleet, deb

OLD = "20.0.0-4416"
STAGES = ("precheck", "upgrade", "reboot", "security_update", "verify")


def play(hosts: str, *roles: str, **keywords: object) -> dict[str, object]:
    """One play of an own playbook."""
    named = [f"deep_security.remediation.{role}" for role in roles]
    return {"hosts": hosts, "gather_facts": False, "roles": named, **keywords}


def run(lab: LabFleet, *plays: t.Mapping[str, object], check: bool = False) -> subprocess.CompletedProcess[str]:
    """The plays as one playbook of the user's own."""
    book = lab.folder / "own.yml"
    book.write_text(json.dumps(list(plays)), encoding="utf-8")
    return lab.ansible(str(book), *(["--check"] if check else []))


def upgraded(lab: LabFleet) -> set[str]:
    """Hosts on which a package was installed since the fleet began."""
    return {name for name in ("relay", "web-1", "web-2") if lab.journal(name, "package_installed")}


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """A Relay and two Agents, all affected."""
    hosts = {
        "relay": deb(role="relay"),
        "web-1": deb(),
        "web-2": deb(reboot_required="after_upgrade", vars={"dsa_reboot": "if_required"}),
    }
    for host in hosts.values():
        host["update_seconds"] = 0.5
    return start_fleet({"packages": [FIXED, OLD], "hosts": hosts})


def test_1_agents_alone_are_blocked_while_their_relay_is_affected(lab: LabFleet) -> None:
    before = lab.fingerprint()
    done = run(lab, play("web-1:web-2", *STAGES), play("web-1:web-2", "report"))
    assert done.returncode == 2, done.stdout
    outcomes = lab.report()
    for name in ("web-1", "web-2"):
        assert outcomes[name]["done"] == "blocked", reasons(outcomes[name])
        assert "Relays come first: relay is affected (20.0.0-4416)" in outcomes[name]["reason"]
    assert lab.fingerprint() == before


def test_2_so_is_each_role_by_itself(lab: LabFleet) -> None:
    """Also in batches: each play plans for itself, and none takes over what another decided."""
    before = lab.fingerprint()
    alone = [play("web-1:web-2", role, serial=1) for role in ("upgrade", "reboot", "security_update", "verify")]
    done = run(lab, *alone)
    assert "Traceback" not in done.stdout
    assert count(done.stdout, "deep_security.remediation.plan : Decide which hosts may be worked on") == 2 * len(alone)
    assert lab.fingerprint() == before


def test_3_check_mode_predicts_and_changes_nothing(lab: LabFleet) -> None:
    before = lab.fingerprint()
    done = run(lab, play("relay", *STAGES), play("web-1:web-2", *STAGES), play("all", "report"), check=True)
    assert "Traceback" not in done.stdout
    outcomes = lab.report()
    assert {name: outcome["done"] for name, outcome in outcomes.items()} == dict.fromkeys(outcomes, "would upgrade")
    assert lab.fingerprint() == before


def test_4_an_upgrade_alone_leaves_the_update_due_and_the_agents_waiting(lab: LabFleet) -> None:
    done = run(lab, play("relay", "upgrade"), play("web-1", "upgrade"), play("all", "report"))
    assert done.returncode == 2, done.stdout
    outcomes = lab.report()
    assert upgraded(lab) == {"relay"}, done.stdout
    assert not lab.journal("relay", "security_update_requested")
    assert not outcomes["relay"]["passed"], reasons(outcomes["relay"])
    assert outcomes["web-1"]["done"] == "blocked"
    assert "relay" in outcomes["web-1"]["reason"]


def test_5_an_update_alone_ends_what_the_upgrade_of_another_run_began(lab: LabFleet) -> None:
    done = run(lab, play("relay", "security_update", "verify"))
    assert done.returncode == 0, done.stdout
    assert lab.journal("relay", "security_update_succeeded")
    assert len(lab.journal("relay", "package_installed")) == 1


def test_6_relay_first_then_agents_one_by_one(lab: LabFleet) -> None:
    # From the beginning, for all of them in one playbook; a removal by hand brings the Relay back to where it was.
    install(lab, "relay", OLD, purge=True)
    done = run(
        lab,
        play("relay", *STAGES),
        play("web-1:web-2", *STAGES, serial=1),
        play("all", "report"),
    )
    assert done.returncode == 0, done.stdout
    assert upgraded(lab) == {"relay", "web-1", "web-2"}
    assert {name: outcome["done"] for name, outcome in lab.report().items()} == dict.fromkeys(lab.report(), "upgraded")
    relay_done = lab.journal("relay", "security_update_succeeded")[-1]["time"]
    ends = lab.journal("web-1", "security_update_succeeded")[-1]["time"]
    assert relay_done < lab.touches("web-1")[0]["time"]
    assert ends < lab.touches("web-2")[0]["time"], "serial: 1"
    assert len(lab.journal("web-2", "reboot")) == 1
    # Roles that others depend on run once a play, with serial once a batch.
    assert count(done.stdout, "deep_security.remediation.plan : Decide which hosts may be worked on") == 3


def test_7_again_it_changes_nothing(lab: LabFleet) -> None:
    before = lab.fingerprint()
    done = run(lab, play("relay", *STAGES), play("web-1:web-2", *STAGES), play("all", "report"))
    assert done.returncode == 0, done.stdout
    assert not re.search(r"changed=[1-9]", done.stdout), done.stdout
    assert lab.fingerprint() == before
    assert count(done.stdout, "deep_security.remediation.plan : Decide which hosts may be worked on") == 2


def test_8_a_relay_that_is_old_again_stops_its_agents_in_the_next_playbook(lab: LabFleet) -> None:
    install(lab, "relay", OLD, purge=True)
    install(lab, "web-1", OLD, purge=True)
    before = len(lab.journal("web-1", "package_installed"))
    run(lab, play("web-1", "upgrade", "security_update"), play("web-1", "report"))
    outcome = lab.report()["web-1"]
    assert outcome["done"] == "blocked", reasons(outcome)
    assert "relays_first" in codes(outcome)
    assert len(lab.journal("web-1", "package_installed")) == before


def test_9_variables_of_the_play_count(lab: LabFleet) -> None:
    run(lab, play("web-1", "upgrade", vars={"dsa_relays": []}), play("web-1", "report"), check=True)
    assert lab.report()["web-1"]["done"] == "would upgrade"


def count(output: str, task: str) -> int:
    """How often a task began."""
    return output.count(f"TASK [{task}]")
