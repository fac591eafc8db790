# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate that cannot be fooled: every host looks fixed by its package, and something else says that it is not proven.

One host a trouble, each below a Relay of its own choice (none), so that one gate sees them all. What else such a host
can show is tested in tests/unit/plugins/plugin_utils/_record/test_posix.py.
"""

from __future__ import annotations

import json
import typing as t

import pytest

from tests.integration.by_hand import NOTE, codes, reasons, sh, write
from tests.integration.conftest import FIXED, LabFleet, Ran, StartFleet, deb

OLD = "20.0.0-4416"
ESC, BEL = "\x1b", "\x07"
# Cleared screen, another title, one line up, and a green line that says the opposite.
ESCAPES = f"{ESC}[2J{ESC}]0;PWNED{BEL}{ESC}[1A{ESC}[32mKA-0016311 PASSED{ESC}[0m\r\u009b31m\u202e"
HOTFIX = """#!/bin/sh
/opt/ds_agent/real_query "$@" | sed 's/^PluginVersion.core: .*/PluginVersion.core: 20.0.0.4416 HF1/'
"""
# Host → what is done to it by hand, and one of the codes that are found then.
TROUBLES: dict[str, tuple[str, set[str]]] = {
    "hotfix": ("true", {"source_unreadable", "sources_disagree"}),
    "loud": ("true", {"agent_silent"}),
    "note-link": (f"mkdir -p $(dirname /{NOTE}); ln -s /nowhere /{NOTE}", {"note_unreadable"}),
    "gone": ("dpkg -P ds-agent", {"agent_gone"}),
    "killed": ("kill -9 $(cat /run/ds_agent.pid)", {"service_not_running"}),
    "only-process": (
        ": > /var/lib/dpkg/status; rm -f /opt/ds_agent/dsa_query /opt/ds_agent/dsa_control",
        {"running_without_package", "unknown", "version_unreadable", "agent_silent"},
    ),
    "guard-off": ("true", {"self_protection_off"}),
    "guard-waits": ("true", {"self_protection_off"}),
}
HEALTHY = ("healthy", "bare")
# Some of them have a progress note.
REMEDIATED = {"phase": "done", "build": FIXED}
WRITTEN = {
    "gone": {"phase": "upgrading", "from": OLD, "to": FIXED},
    "guard-off": {**REMEDIATED, "self_protection": "off"},
    "guard-waits": {**REMEDIATED, "build": OLD, "self_protection": "off"},
    "healthy": {**REMEDIATED, "self_protection": "on"},
}


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """All these hosts. An upgrade of note-link is due, and must not be done; guard-waits waits for a Relay."""
    old = ("note-link", "guard-waits")
    hosts = {name: deb(OLD if name in old else FIXED) for name in (*TROUBLES, "healthy")}
    hosts["bare"] = deb(None)
    for host in hosts.values():
        host |= {"vars": {"dsa_relays": []}, "uses": [], "update_seconds": 0.2}
    hosts["guard-waits"]["vars"]["dsa_relays"] = ["gone"]
    lab = start_fleet({"packages": [FIXED], "hosts": hosts})
    real = lab.lab / "roots" / "hotfix" / "opt/ds_agent/dsa_query"
    real.rename(real.with_name("real_query"))
    write(lab, "hotfix", "opt/ds_agent/dsa_query", HOTFIX, 0o755)
    quoted = (
        ESCAPES.encode("unicode_escape").decode().replace("\\u202e", "\\xe2\\x80\\xae").replace("\\x9b", "\\xc2\\x9b")
    )
    write(lab, "loud", "opt/ds_agent/dsa_query", f"#!/bin/sh\nprintf '{quoted}' >&2\nexit 1\n", 0o755)
    for name, (command, dummy) in TROUBLES.items():
        if command != "true":
            sh(lab, name, command)
    for name, note in WRITTEN.items():
        write(lab, name, NOTE, json.dumps(note))
    return lab


@pytest.fixture(scope="module")
def gate(lab: LabFleet) -> Ran:
    """One gate over all of them, at its most talkative short of Ansible's own debugging."""
    before = lab.fingerprint()
    ran = lab.ran("gate", 2, "-v")
    assert lab.fingerprint() == before
    return ran


@pytest.fixture(scope="module")
def remediated(lab: LabFleet, gate: Ran) -> tuple[Ran, dict[str, str], dict[str, str]]:
    """The remediation after it, and the fingerprints before and after that."""
    before = lab.fingerprint()
    ran = lab.ran("remediate", 2, "--limit", "note-link,gone,loud,guard-off,guard-waits,healthy")
    return ran, before, lab.fingerprint()


@pytest.mark.parametrize("name", TROUBLES)
def test_what_is_not_proven_is_not_passed(gate: Ran, name: str) -> None:
    outcome = gate.report[name]
    assert not outcome["passed"], reasons(outcome)
    assert TROUBLES[name][1] & codes(outcome), reasons(outcome)


def test_whoever_is_well_passes_among_them(gate: Ran) -> None:
    assert {name for name, outcome in gate.report.items() if outcome["passed"]} == set(HEALTHY)


def test_escape_sequences_of_a_host_reach_neither_terminal_nor_files(
    lab: LabFleet, gate: Ran, remediated: t.Any
) -> None:
    assert "PWNED" in gate.report["loud"]["reason"], "shown, and harmless"
    assert not remediated[0].report["loud"]["passed"]
    files = [path.read_bytes() for path in (lab.folder / "dsa-reports").rglob("*") if path.is_file()]
    for text in (gate.output.encode(), remediated[0].output.encode(), *files):
        for character in (ESC, BEL, "\r", "\u009b", "\u202e", "\x00"):
            assert character.encode() not in text, repr(character)


def test_remediate_blocks_what_it_cannot_read_and_leaves_it_alone(remediated: t.Any) -> None:
    ran, before, after = remediated
    for name in ("note-link", "gone"):
        assert (ran.report[name]["done"], ran.report[name]["passed"]) == ("blocked", False), reasons(ran.report[name])
        assert after[name] == before[name], name
    assert "note_unreadable" in codes(ran.report["note-link"])


def test_self_protection_that_was_left_off_is_put_right(lab: LabFleet, remediated: t.Any) -> None:
    ran = remediated[0]
    assert ran.report["guard-off"]["passed"], reasons(ran.report["guard-off"])
    assert [entry["on"] for entry in lab.journal("guard-off", "self_protection")] == [True]
    waits = ran.report["guard-waits"]
    assert (waits["done"], waits["passed"], "self_protection_off" in codes(waits)) == ("blocked", False, False)
    assert [entry["on"] for entry in lab.journal("guard-waits", "self_protection")] == [True]
    assert ran.report["healthy"]["passed"]
    assert ran.touched["healthy"] == []
