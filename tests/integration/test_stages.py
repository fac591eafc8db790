# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One stage at a time, slices of a fleet, and plugins in playbooks of one's own. The tests tell one story, in order."""

from __future__ import annotations

import shutil
import subprocess
import typing as t

import pytest
import yaml

from .conftest import FIXED, LabFleet, StartFleet, deb, rpm

RELAYS, AGENTS = ("relay1", "relay2"), ("web1", "web2", "web3")
TOUCHED = ("package_installed", "package_install_failed", "security_update_requested", "self_protection", "reboot")


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """Two Relays and three Agents, all of them affected. How many at once is written into group_vars."""
    hosts = {**{name: deb(role="relay") for name in RELAYS}, **{name: deb() for name in AGENTS}}
    for host in hosts.values():
        host["update_seconds"] = 0.5
    lab = start_fleet({"packages": [FIXED], "hosts": hosts})
    variables = lab.lab / "group_vars" / "all.yml"
    variables.parent.mkdir()
    variables.write_text(yaml.safe_dump({"dsa_relay_batch": 1, "dsa_batch": [1, "100%"]}), encoding="utf-8")
    return lab


def play(lab: LabFleet, name: str, *arguments: str, **extra: t.Any) -> subprocess.CompletedProcess[str]:
    """A playbook, with the batches that group_vars name and no others."""
    return lab.play(name, *arguments, dsa_batch=None, dsa_relay_batch=None, **extra)


def touched(lab: LabFleet) -> set[str]:
    """Hosts on which anything was done so far."""
    return {name for name in (*RELAYS, *AGENTS) if lab.journal(name, *TOUCHED)}


def span(lab: LabFleet, name: str) -> tuple[float, float]:
    """When work on a host began and when it ended."""
    times = [entry["time"] for entry in lab.journal(name, *TOUCHED, "security_update_succeeded")]
    return min(times), max(times)


def test_1_agents_alone_wait_for_the_relays(lab: LabFleet) -> None:
    done = play(lab, "remediate_agents")
    assert done.returncode == 2, done.stdout
    outcomes = lab.report()
    assert set(outcomes) == set(AGENTS)
    for outcome in outcomes.values():
        assert outcome["done"] == "blocked"
        assert "relay1 is affected (20.0.0-4416); relay2 is affected (20.0.0-4416)" in outcome["reason"]
    assert not touched(lab)


def test_2_relays_outside_the_limit_are_read_all_the_same(lab: LabFleet) -> None:
    before = lab.commands()
    done = play(lab, "remediate_agents", "--limit", "web1")
    assert done.returncode == 2, done.stdout
    outcomes = lab.report()
    assert set(outcomes) == {"web1"}
    assert "Relays come first: relay1 is affected (20.0.0-4416); relay2 is affected" in outcomes["web1"]["reason"]
    assert {name for name, count in lab.commands().items() if count > before[name]} == {"relay1", "relay2", "web1"}
    assert not touched(lab)


def test_3_a_relay_outside_the_limit_that_does_not_answer_holds_back(lab: LabFleet) -> None:
    silent = lab.folder / "silent.yml"
    silent.write_text(yaml.safe_dump({"all": {"hosts": {"relay1": {"ansible_port": 1}}}}), encoding="utf-8")
    (lab.folder / "dsa-reports" / "report.json").unlink()
    done = play(lab, "remediate_agents", "-i", str(silent), "--limit", "web1")
    assert done.returncode == 2, done.stdout
    reason = lab.report()["web1"]["reason"]
    assert "Relays come first: relay1: it did not answer: " in reason
    assert "relay2 is affected" in reason, "the others are read nevertheless"
    assert not touched(lab)


def test_4_the_gate_takes_a_limit_and_a_pattern(lab: LabFleet) -> None:
    done = play(lab, "gate", "--limit", "web1,relay1", dsa_hosts="deep_security_agents")
    assert done.returncode == 2, done.stdout
    assert set(lab.report()) == {"web1"}


def test_5_relays_alone(lab: LabFleet) -> None:
    done = play(lab, "remediate_relays")
    assert done.returncode == 0, done.stdout
    outcomes = lab.report()
    assert {name: outcome["done"] for name, outcome in outcomes.items()} == dict.fromkeys(RELAYS, "upgraded")
    assert touched(lab) == set(RELAYS)
    assert done.stdout.count("PLAY [Remediate Relays]") == 2, "dsa_relay_batch of group_vars"
    first, second = sorted(span(lab, name) for name in RELAYS)
    assert first[1] < second[0]


def test_6_an_agent_alone_goes_when_the_relays_are_fixed(lab: LabFleet) -> None:
    done = play(lab, "remediate_agents", "--check", "--limit", "web1")
    assert done.returncode == 2, done.stdout
    assert lab.report()["web1"]["done"] == "would upgrade"
    done = play(lab, "remediate_agents", dsa_hosts="web1")
    assert done.returncode == 0, done.stdout
    assert lab.report()["web1"]["done"] == "upgraded"
    assert touched(lab) == {*RELAYS, "web1"}
    assert play(lab, "gate", "--limit", "web1").returncode == 0


def test_7_agents_go_in_the_batches_of_group_vars(lab: LabFleet) -> None:
    done = play(lab, "remediate_agents")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("PLAY [Remediate Agents]") == 2, "dsa_batch of group_vars, over the two that are left"
    first, second = sorted(span(lab, name) for name in ("web2", "web3"))
    assert first[1] < second[0]
    assert {name: outcome["done"] for name, outcome in lab.report().items()} == {
        "web1": "nothing",
        "web2": "upgraded",
        "web3": "upgraded",
    }


def test_8_plugins_decide_without_touching_a_host(lab: LabFleet) -> None:
    before = lab.commands()
    book = lab.folder / "decide.yml"
    book.write_text(DECIDE, encoding="utf-8")
    done = lab.ansible(str(book))
    assert done.returncode == 0, done.stdout
    assert lab.commands() == before


DECIDE = """
- hosts: all
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


def test_9_every_kind_of_host_gives_the_same_record(start_fleet: StartFleet) -> None:
    """The keys of the contract, whatever could be read."""
    redhat = rpm if all(shutil.which(tool) for tool in ("rpm", "rpmbuild", "gpg")) else deb
    hosts: dict[str, dict[str, t.Any]] = {
        "debian": deb(role="relay"),
        "redhat": redhat("12.0.0-2265"),
        "bare": deb(None),
        "aix1": {"os": "aix", "build": "20.0.1-25771"},
        "sun10": {"os": "solaris", "release": "5.10", "build": "20.0.1-25771"},
        "sun11": {"os": "solaris", "release": "5.11", "build": "20.0.1-25772"},
        "mac1": {"os": "macos", "build": "20.0.0-224"},
    }
    for host in hosts.values():
        host["vars"] = {"expected_build": host.get("build"), "expected_os": host["os"]}
    lab = start_fleet({"hosts": hosts})
    before = lab.fingerprint()
    book = lab.folder / "read.yml"
    book.write_text(READ, encoding="utf-8")
    done = lab.ansible(str(book))
    assert done.returncode == 0, done.stdout
    assert "failed=0" in done.stdout
    assert lab.fingerprint() == before


READ = """
- hosts: all
  gather_facts: false
  vars:
    keys:
      - activated
      - anti_malware
      - arch
      - distribution
      - install_dir
      - installed
      - manager_url
      - os
      - platform
      - problems
      - reboot
      - relay
      - remediation
      - service
      - version
      - version_raw
      - version_source
      - versions
    sources: {linux: [dpkg, rpm], aix: [lslpp], solaris: [pkg, pkginfo], macos: [pkgutil]}
  tasks:
    - name: Read
      deep_security.remediation.dsa_info:
      register: read

    - name: Compare
      ansible.builtin.assert:
        that:
          - keys | difference(read.agent.keys()) == []
          - read.agent.service.keys() | sort == ['name', 'state']
          - read.agent.relay.keys() | sort == ['enabled', 'source']
          - read.agent.anti_malware.keys() | sort == ['driver_offline', 'engine', 'mode', 'patterns']
          - read.agent.reboot.keys() | sort == ['reasons', 'required']
          - read.agent.os == expected_os
          - read.agent.version == expected_build
          - read.agent.installed == (expected_build is not none)
          - read is not changed
          - read.agent.problems == []

    - name: Compare what only a host with an agent has
      ansible.builtin.assert:
        that:
          - read.agent.version_source in sources[expected_os]
          - read.agent.versions.keys() | sort == [read.agent.version_source, 'dsa_query'] | sort
          - read.agent.service.state == 'running'
          - read.agent.activated
          - read.agent.anti_malware.mode == 'on'
          - read.agent.relay.enabled == (inventory_hostname == 'debian')
      when: expected_build is not none
"""
