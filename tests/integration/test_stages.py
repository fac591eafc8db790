# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Slices of a fleet, one tier alone, and plugins in playbooks of one's own: one story in steps."""

from __future__ import annotations

import pytest
import yaml

from .conftest import FIXED, LabFleet, StartFleet, Step, deb

RELAYS = ("relay1", "relay2")


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """Two Relays and an Agent, all of them affected."""
    hosts = {**{name: deb(role="relay", update_seconds=0.2) for name in RELAYS}, "web1": deb()}
    return start_fleet({"packages": [FIXED], "hosts": hosts})


def touched(step: Step) -> set[str]:
    """The hosts that were changed until the step ended."""
    return {host for host, touches in step.touched.items() if touches}


@pytest.fixture(scope="module")
def story(lab: LabFleet) -> dict[str, Step]:
    """All that happens to the fleet, in this order."""
    silent = lab.folder / "silent.yml"
    silent.write_text(yaml.safe_dump({"all": {"hosts": {"relay1": {"ansible_port": 1}}}}), encoding="utf-8")
    return {
        "agents alone": lab.step("remediate_agents", 2, "--limit", "web1"),
        "silent relay": lab.step("remediate", 2, "-i", str(silent), dsa_hosts="web1"),
        "relays": lab.step("remediate_relays", 0),
        "predicted": lab.step("remediate_agents", 2, "--check"),
    }


def test_agents_alone_wait_for_the_relays(story: dict[str, Step]) -> None:
    alone = story["agents alone"]
    assert set(alone.report) == {"web1"}
    assert alone.report["web1"]["done"] == "blocked"
    assert "relay1 is affected (20.0.0-4416); relay2 is affected (20.0.0-4416)" in alone.report["web1"]["reason"]
    assert set(alone.commands.values()) == {1}, "Relays outside the limit are read all the same"
    assert not touched(alone)


def test_a_silent_relay_outside_the_run_holds_back_and_no_other_is_worked_on(story: dict[str, Step]) -> None:
    silent = story["silent relay"]
    assert set(silent.report) == {"web1"}
    reason = silent.report["web1"]["reason"]
    assert "Relays come first: relay1: it did not answer: " in reason
    assert "relay2 is affected" in reason, "the others are read nevertheless"
    assert {name for name, count in silent.commands.items() if count} == {"relay2", "web1"}
    assert not touched(silent)


def test_relays_alone(story: dict[str, Step]) -> None:
    relays = story["relays"]
    assert {name: outcome["done"] for name, outcome in relays.report.items()} == dict.fromkeys(
        RELAYS, "upgraded and updated"
    )
    assert touched(relays) == set(RELAYS)


def test_an_agent_alone_may_go_when_the_relays_are_fixed(story: dict[str, Step]) -> None:
    report = story["predicted"].report
    assert {name: outcome["done"] for name, outcome in report.items()} == {"web1": "would upgrade and update"}
    assert touched(story["predicted"]) == set(RELAYS)


def test_plugins_decide_without_touching_a_host(lab: LabFleet) -> None:
    before = lab.commands()
    book = lab.folder / "decide.yml"
    book.write_text(DECIDE, encoding="utf-8")
    done = lab.ansible(str(book))
    assert done.returncode == 0, done.stdout
    assert "ok=3" in done.stdout
    assert lab.commands() == before


DECIDE = """
- hosts: web1
  gather_facts: false
  vars:
    old: {platform: windows, version: 20.0.0-5995}
    new: {platform: windows, version: 20.0.0-6313}
    ten: {platform: linux, version: 10.0.0-3000}
    relay: {platform: linux, version: 20.0.0-4726}
  tasks:
    - name: Judge a record
      deep_security.remediation.dsa_assess:
        agent: "{{ old }}"
      register: judged

    - name: Judge a record in the context of its Relays
      deep_security.remediation.dsa_assess:
        agent: "{{ ten }}"
        relays: ["{{ relay }}"]
      register: below

    - name: Compare
      ansible.builtin.assert:
        that:
          - judged.verdict == 'affected'
          - judged.action == 'upgrade'
          - judged.fixed_from == '20.0.0-6313'
          - not judged.compliant
          - judged is not deep_security.remediation.dsa_compliant
          - judged is not changed
          - below.verdict == 'not_affected'
          - (old | deep_security.remediation.dsa_verdict).verdict == 'affected'
          - (new | deep_security.remediation.dsa_verdict).reason_code == 'at_or_above_fixed'
          - (old | deep_security.remediation.dsa_verdict(certificate_replaced='true')).verdict == 'mitigated'
          - (ten | deep_security.remediation.dsa_verdict).verdict == 'conditional'
          - (ten | deep_security.remediation.dsa_verdict(relays=[relay])).verdict == 'not_affected'
          - new is deep_security.remediation.dsa_compliant
          - old is not deep_security.remediation.dsa_compliant
          - "{} is not deep_security.remediation.dsa_compliant"
          - "[old, new] | select('deep_security.remediation.dsa_compliant') == [new]"
"""
