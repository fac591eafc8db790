# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate that cannot be fooled: every host looks fixed by its package, and something else says that it is not proven.

One host a trouble, each below a Relay of its own choice (none), so that one gate sees them all.
"""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import pytest

from tests.integration.by_hand import NOTE, codes, reasons, sh, write
from tests.integration.conftest import FIXED, LabFleet, StartFleet, deb

OLD = "20.0.0-4416"
ALONE: dict[str, list[str]] = {"dsa_relays": []}
ESC, BEL = "\x1b", "\x07"
# Cleared screen, another title, one line up, and a green line that says the opposite.
ESCAPES = f"{ESC}[2J{ESC}]0;PWNED{BEL}{ESC}[1A{ESC}[32mKA-0016311 PASSED{ESC}[0m\r\u009b31m\u202e"

# Host → what is put through sed behind the real dsa_query.
QUERIES = {
    "hotfix": r"s/^PluginVersion.core: .*/PluginVersion.core: 20.0.0.4416 HF1/",
    "nul": r"s/^PluginVersion.core: .*/PluginVersion.core: 20.0.0.4416\x00/",
    "nameless": r"/^PluginVersion.core/d",
    "two-builds": r"s/^PluginVersion.core: .*/&\nPluginVersion.core: 20.0.0.4416/",
    "letter-case": r"s/^PluginVersion.core: .*/pluginversion.CORE: 20.0.0.4416/",
    "unfinished": r"$d",
}
# Host → what stands where its progress note should be.
NOTES: dict[str, bytes] = {
    "note-cut": b'{"phase": "update_pending", "self_prot',
    "note-empty": b"",
    "note-types": b'{"phase": ["a"], "self_protection": ["off"]}',
    "note-no-phase": b'{"self_protection": "on"}',
}
SHELL_NOTES = {
    "note-folder": f"mkdir -p /{NOTE}",
    "note-link": f"ln -s /nowhere /{NOTE}",
}
# Host → (its note, what the gate finds).
GONE = {
    "gone-upgrading": ({"phase": "upgrading", "from": OLD, "to": FIXED}, "agent_gone"),
    "gone-unguarded": ({"phase": "done", "self_protection": "off"}, "agent_gone"),
}
# Host → (what is done to its service by hand, one of these codes is found).
SERVICES = {
    "stopped": ("systemctl stop ds_agent", {"service_not_running"}),
    "killed": ("kill -9 $(cat /run/ds_agent.pid); sleep 0.2", {"service_not_running"}),
    "masked": ("systemctl stop ds_agent; " + "SHOW masked inactive dead", {"service_not_running"}),
    "unit-gone": ("SHOW not-found inactive dead", {"service_not_running"}),
    "no-state": ("SHOW loaded unheard-of dead", {"service_unknown"}),
    "only-process": (
        ": > /var/lib/dpkg/status; rm -f /opt/ds_agent/dsa_query /opt/ds_agent/dsa_control",
        {"running_without_package", "unknown", "version_unreadable", "agent_silent"},
    ),
}
HEALTHY = ("healthy", "bare")
# An upgrade is due there, and must not be done.
TO_WORK_ON = ("note-cut", "note-folder")


def shell_of(command: str) -> str:
    """SHOW LOAD ACTIVE SUB: systemctl gives these states of ds_agent."""
    before, show, states = command.partition("SHOW ")
    if not show:
        return command
    load, active, sub = states.split()
    lines = f"LoadState={load}\\nActiveState={active}\\nSubState={sub}"
    script = f'#!/bin/sh\nprintf "{lines}\\n"\n'
    return f"{before}cd /usr/bin && rm systemctl && printf '{script}' > systemctl && chmod 755 systemctl"


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """All these hosts."""
    names = [*QUERIES, *NOTES, *SHELL_NOTES, *GONE, *SERVICES, "loud", "guard-off", "healthy"]
    hosts = {name: deb(OLD if name in TO_WORK_ON else FIXED, vars=ALONE) for name in names}
    hosts["bare"] = deb(None, vars=ALONE)
    hosts["odd-relay"] = deb(FIXED, role="relay")
    hosts["below-odd"] = deb(vars={"dsa_relays": ["odd-relay"]})
    lab = start_fleet({"packages": [FIXED], "hosts": hosts})
    for name, script in {**QUERIES, "odd-relay": QUERIES["hotfix"]}.items():
        text = f"#!/bin/sh\n/opt/ds_agent/real_query \"$@\" | sed '{script}'\n"
        real = lab.lab / "roots" / name / "opt/ds_agent/dsa_query"
        real.rename(real.with_name("real_query"))
        write(lab, name, "opt/ds_agent/dsa_query", text, 0o755)
    quoted = (
        ESCAPES.encode("unicode_escape").decode().replace("\\u202e", "\\xe2\\x80\\xae").replace("\\x9b", "\\xc2\\x9b")
    )
    write(lab, "loud", "opt/ds_agent/dsa_query", f"#!/bin/sh\nprintf '{quoted}' >&2\nexit 1\n", 0o755)
    for name, content in NOTES.items():
        write(lab, name, NOTE, content)
    write(lab, "odd-relay", NOTE, json.dumps({"phase": "done", "build": FIXED}))
    write(lab, "guard-off", NOTE, json.dumps({"phase": "done", "build": FIXED, "self_protection": "off"}))
    write(lab, "healthy", NOTE, json.dumps({"phase": "done", "build": FIXED, "self_protection": "on"}))
    for name, command in SHELL_NOTES.items():
        sh(lab, name, f"mkdir -p /{Path(NOTE).parent}; {command}")
    for name, (note, dummy) in GONE.items():
        sh(lab, name, "dpkg -P ds-agent")
        write(lab, name, NOTE, json.dumps(note))
    for name, (command, _codes) in SERVICES.items():
        sh(lab, name, shell_of(command))
    return lab


class Gate(t.NamedTuple):
    """What the gate left."""

    done: subprocess.CompletedProcess[str]
    hosts: dict[str, dict[str, t.Any]]
    files: list[bytes]


@pytest.fixture(scope="module")
def gate(lab: LabFleet) -> Gate:
    """One gate over all of them, at its most talkative short of Ansible's own debugging."""
    before = lab.fingerprint()
    done = lab.play("gate", "-v")
    assert done.returncode == 2, done.stdout
    assert lab.fingerprint() == before
    return Gate(done, lab.report(), [path.read_bytes() for path in (lab.folder / "dsa-reports").iterdir()])


@pytest.mark.parametrize("name", QUERIES)
def test_a_running_agent_that_does_not_name_its_build_is_not_passed(gate: Gate, name: str) -> None:
    outcome = gate.hosts[name]
    assert not outcome["passed"], reasons(outcome)
    assert not outcome["compliant"] or outcome["findings"], reasons(outcome)


@pytest.mark.parametrize("name", [*NOTES, *SHELL_NOTES])
def test_a_note_that_cannot_be_read_is_not_passed(gate: Gate, name: str) -> None:
    assert not gate.hosts[name]["passed"]
    assert "note_unreadable" in codes(gate.hosts[name]), reasons(gate.hosts[name])


@pytest.mark.parametrize("name", GONE)
def test_an_agent_lost_in_the_middle_is_not_passed(gate: Gate, name: str) -> None:
    assert not gate.hosts[name]["passed"]
    assert GONE[name][1] in codes(gate.hosts[name]), reasons(gate.hosts[name])


@pytest.mark.parametrize("name", SERVICES)
def test_an_agent_that_is_not_known_to_run_is_not_passed(gate: Gate, name: str) -> None:
    assert not gate.hosts[name]["passed"], reasons(gate.hosts[name])
    assert SERVICES[name][1] & codes(gate.hosts[name]), reasons(gate.hosts[name])


def test_self_protection_that_was_left_off_is_not_passed(gate: Gate) -> None:
    assert not gate.hosts["guard-off"]["passed"]
    assert "self_protection_off" in codes(gate.hosts["guard-off"])


def test_whoever_is_well_passes_among_them(gate: Gate) -> None:
    assert {name for name, outcome in gate.hosts.items() if outcome["passed"]} == set(HEALTHY)


def test_escape_sequences_of_a_host_reach_neither_terminal_nor_files(gate: Gate) -> None:
    assert not gate.hosts["loud"]["passed"]
    assert "PWNED" in gate.hosts["loud"]["reason"], "shown, and harmless"
    for text in (gate.done.stdout.encode(), *gate.files):
        for character in (ESC, BEL, "\r", "\u009b", "\u202e", "\x00"):
            assert character.encode() not in text, repr(character)


def test_remediate_blocks_what_it_cannot_read_and_leaves_it_alone(lab: LabFleet, gate: Gate) -> None:
    names = (*NOTES, *SHELL_NOTES, *GONE, "odd-relay", "below-odd", "loud")
    before = lab.fingerprint()
    done = lab.play("remediate", "--limit", ",".join(names), dsa_service_timeout=5, dsa_security_update_timeout=5)
    assert done.returncode == 2, done.stdout
    outcomes = lab.report()
    assert set(outcomes) == set(names)
    after = lab.fingerprint()
    for name in (*NOTES, *SHELL_NOTES):
        assert (outcomes[name]["done"], "note_unreadable" in codes(outcomes[name])) == ("blocked", True), name
    assert outcomes["gone-upgrading"]["done"] == "blocked", reasons(outcomes["gone-upgrading"])
    for name in (*NOTES, *SHELL_NOTES, *GONE, "below-odd"):
        assert after[name] == before[name], name
        assert not outcomes[name]["passed"], name
    assert not outcomes["odd-relay"]["passed"], reasons(outcomes["odd-relay"])
    assert outcomes["below-odd"]["done"] == "blocked"
    assert "odd-relay" in outcomes["below-odd"]["reason"]
    assert not any(character in done.stdout for character in (ESC, BEL, "\u009b"))


def test_self_protection_that_was_left_off_is_put_right(lab: LabFleet, gate: Gate) -> None:
    done = lab.play("remediate", "--limit", "guard-off,healthy")
    assert done.returncode == 0, done.stdout
    assert all(outcome["passed"] for outcome in lab.report().values())
    assert lab.status()["guard-off"]["self_protection"] is True
    assert not lab.touches("healthy")
