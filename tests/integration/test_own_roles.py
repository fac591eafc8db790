# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stages as roles in plays of one's own, and no playbook of the collection: one story in steps."""

from __future__ import annotations

import json
import re
import typing as t

import pytest

from tests.integration.by_hand import codes, install, reasons
from tests.integration.conftest import FIXED, LabFleet, StartFleet, deb

OLD = "20.0.0-4416"
HOSTS = ("relay", "web-1", "web-2")
STAGES = ("precheck", "upgrade", "reboot", "security_update", "verify")


def play(hosts: str, *roles: str, **keywords: object) -> dict[str, object]:
    """One play of an own playbook."""
    named = [f"deep_security.remediation.{role}" for role in roles]
    return {"hosts": hosts, "gather_facts": False, "roles": named, **keywords}


class Step(t.NamedTuple):
    """What one playbook did. same: it left every byte of every host as it was."""

    status: int
    output: str
    report: dict[str, dict[str, t.Any]]
    touches: dict[str, list[str]]
    same: bool

    def plans(self) -> int:
        """How often it was decided which hosts may be worked on."""
        return self.output.count("TASK [deep_security.remediation.plan : Decide which hosts may be worked on]")

    def done(self) -> dict[str, str]:
        """Host → what the report has as done."""
        return {name: outcome["done"] for name, outcome in self.report.items()}


def step(lab: LabFleet, *plays: t.Mapping[str, object], check: bool = False) -> Step:
    """The plays as one playbook of the user's own. touches: of this step alone."""
    book = lab.folder / "own.yml"
    book.write_text(json.dumps(list(plays)), encoding="utf-8")
    before, known = lab.fingerprint(), {name: len(lab.touches(name)) for name in HOSTS}
    done = lab.ansible(str(book), *(["--check"] if check else []))
    touches = {name: [entry["event"] for entry in lab.touches(name)[known[name] :]] for name in HOSTS}
    return Step(done.returncode, done.stdout, lab.report(), touches, lab.fingerprint() == before)


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """A Relay and two Agents, all affected."""
    hosts = {
        "relay": deb(role="relay"),
        "web-1": deb(),
        "web-2": deb(reboot_required="after_upgrade", vars={"dsa_reboot": "if_required"}),
    }
    for host in hosts.values():
        host["update_seconds"] = 0.2
    return start_fleet({"packages": [FIXED, OLD], "hosts": hosts})


@pytest.fixture(scope="module")
def story(lab: LabFleet) -> dict[str, Step]:
    """All that happens to the fleet, in this order."""
    agents = "web-1:web-2"
    each_alone = [play("web-1", role) for role in ("precheck", "reboot", "security_update", "verify")]
    each_alone.append(play(agents, "upgrade", serial=1))
    everything = (play("relay", *STAGES), play(agents, *STAGES), play("all", "report"))
    steps = {
        "agents alone": step(lab, *each_alone, play(agents, *STAGES), play(agents, "report")),
        "check mode": step(lab, *everything, check=True),
        "upgrade alone": step(lab, play("relay", "upgrade"), play("web-1", "upgrade"), play("all", "report")),
        "the rest": step(
            lab, play("relay", "security_update", "verify"), play(agents, *STAGES, serial=1), play("all", "report")
        ),
        "again": step(lab, *everything),
    }
    for name in ("relay", "web-1"):
        install(lab, name, OLD, purge=True)
    steps["old relay"] = step(lab, play("web-1", "upgrade", "security_update"), play("web-1", "report"))
    settings: dict[str, list[str]] = {"dsa_relays": []}
    steps["no relay"] = step(lab, play("web-1", "upgrade", vars=settings), play("web-1", "report"), check=True)
    return steps


def test_agents_alone_are_blocked_while_their_relay_is_affected(story: dict[str, Step]) -> None:
    """Also by each role by itself and in batches: each play plans for itself, and takes over no other's decision."""
    alone = story["agents alone"]
    assert alone.status == 2, alone.output
    for name in ("web-1", "web-2"):
        assert alone.report[name]["done"] == "blocked", reasons(alone.report[name])
        assert "Relays come first: relay is affected (20.0.0-4416)" in alone.report[name]["reason"]
    assert "Traceback" not in alone.output
    assert alone.plans() == 4 + 2 + 1
    assert alone.same


def test_check_mode_predicts_and_changes_nothing(story: dict[str, Step]) -> None:
    assert "Traceback" not in story["check mode"].output
    assert story["check mode"].done() == dict.fromkeys(HOSTS, "would upgrade and update")
    assert story["check mode"].same


def test_an_upgrade_alone_leaves_the_update_due_and_the_agents_waiting(story: dict[str, Step]) -> None:
    alone = story["upgrade alone"]
    assert alone.status == 2, alone.output
    assert alone.touches == {"relay": ["package_installed"], "web-1": [], "web-2": []}, alone.output
    assert not alone.report["relay"]["passed"], reasons(alone.report["relay"])
    assert alone.done()["web-1"] == "blocked"
    assert "relay" in alone.report["web-1"]["reason"]


def test_an_update_alone_ends_what_the_upgrade_of_another_run_began(story: dict[str, Step]) -> None:
    rest = story["the rest"]
    assert rest.status == 0, rest.output
    assert rest.touches["relay"] == ["security_update_requested"]
    assert rest.report["relay"]["updated"], reasons(rest.report["relay"])


def test_then_its_agents_go_one_by_one(lab: LabFleet, story: dict[str, Step]) -> None:
    """In the same playbook: what the play before did counts."""
    rest = story["the rest"]
    for name in ("web-1", "web-2"):
        assert rest.done()[name] == "upgraded and updated"
        assert rest.touches[name].count("package_installed") == 1
    relay_done = lab.journal("relay", "security_update_succeeded")[-1]["time"]
    ends = lab.journal("web-1", "security_update_succeeded")[-1]["time"]
    assert relay_done < lab.touches("web-1")[0]["time"]
    assert ends < lab.touches("web-2")[0]["time"], "serial: 1"
    assert rest.touches["web-2"].count("reboot") == 1
    # Roles that others depend on run once a play, with serial once a batch.
    assert rest.plans() == 3


def test_again_it_changes_nothing(story: dict[str, Step]) -> None:
    again = story["again"]
    assert again.status == 0, again.output
    assert not re.search(r"changed=[1-9]", again.output), again.output
    assert again.same
    assert again.plans() == 2


def test_a_relay_that_is_old_again_stops_its_agents_in_the_next_playbook(story: dict[str, Step]) -> None:
    outcome = story["old relay"].report["web-1"]
    assert outcome["done"] == "blocked", reasons(outcome)
    assert "relays_first" in codes(outcome)
    assert story["old relay"].touches["web-1"] == []


def test_variables_of_the_play_count(story: dict[str, Step]) -> None:
    assert story["no relay"].done()["web-1"] == "would upgrade"
