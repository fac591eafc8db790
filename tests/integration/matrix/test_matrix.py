# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The short round that every ansible-core goes through: each Python that it can have on a host reads and upgrades.

The tests tell one story, in order. Without "make matrix" they run with the ansible-core of .venv.
"""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible.release import __version__

from tests.integration.conftest import FIXED, LabFleet, StartFleet, deb, windows
from tests.pythons import VERSIONS, interpreters
from tests.run import ansible_windows

pytestmark = pytest.mark.matrix

CORE = ".".join(__version__.split(".")[:2])
# The oldest and the newest Python that each ansible-core supports on hosts, by its own release notes.
ON_HOSTS = {
    "2.16": ("2.7", "3.12"),
    "2.17": ("3.7", "3.12"),
    "2.18": ("3.8", "3.13"),
    "2.19": ("3.8", "3.13"),
    "2.20": ("3.9", "3.14"),
    "2.21": ("3.9", "3.14"),
}
# Supported by none of them: 2.16 goes from 2.7 to 3.6.
OLDEST, NEWEST = ON_HOSTS[CORE]
SUPPORTED = VERSIONS[VERSIONS.index(OLDEST) : VERSIONS.index(NEWEST) + 1]
FOUND = [version for version in SUPPORTED if version in interpreters()]

# Whoever registers a computer in the Manager names it.
INJECTION = "{{ lookup('ansible.builtin.pipe', 'touch injected') }}"
BUILDS = {"aix1": "20.0.1-25771", "win1": "20.0.0-5995"}


def named(version: str) -> str:
    """The host with that Python."""
    return f"py{version.replace('.', '')}"


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """A Relay, an Agent a Python, an AIX with the oldest Python, and a Windows host; and their Manager."""

    def host(version: str, **more: t.Any) -> dict[str, t.Any]:
        return deb(python=str(interpreters()[version]), **more)

    hosts: dict[str, dict[str, t.Any]] = {named(version): host(version) for version in FOUND}
    for one in hosts.values():
        one["update_seconds"] = 0.5
    hosts["relay1"] = host(FOUND[-1], role="relay")
    if ansible_windows.there():
        hosts["win1"] = windows(update_seconds=0.5)
    hosts["aix1"] = {"os": "aix", "build": "20.0.1-25771", "python": str(interpreters()[FOUND[0]])}
    hosts[named(FOUND[0])]["manager"] = {"display_name": INJECTION}
    lab = start_fleet({"packages": [FIXED], "manager": {}, "hosts": hosts})
    for name in hosts:
        # A system that is named in the country's own script; old Pythons read files as ASCII where LANG says nothing.
        release = lab.lab / "roots" / name / "etc/os-release"
        if release.exists():
            release.write_text('NAME="日本"\n' + release.read_text(encoding="utf-8"), encoding="utf-8")
    return lab


def ours_is_silent(output: str) -> None:
    """No deprecation, no warning that this collection causes; not one of the other kinds of noise either."""
    text = " ".join(output.split())
    # What ansible-core says of itself (its own Python, a discovered interpreter) is not ours.
    found = re.findall(r"\[(?:DEPRECATION )?WARNING\]: .{0,300}", text)
    assert not found, output
    assert "Traceback" not in output


@pytest.mark.parametrize("version", SUPPORTED)
def test_0_python_is_here(version: str) -> None:
    if version not in interpreters():
        pytest.skip(f"no python{version} on PATH or in ~/.pyenv/versions; core {CORE} on it is not tried")


def test_1_the_gate_reads_every_host(lab: LabFleet) -> None:
    done = lab.play("gate")
    assert done.returncode == 2, done.stdout
    ours_is_silent(done.stdout)
    for name, outcome in lab.report().items():
        assert outcome["verdict"] == "affected", (name, outcome["reason"])
        assert outcome["version"] == BUILDS.get(name, "20.0.0-4416")


def test_1_the_manager_knows_every_host(lab: LabFleet) -> None:
    """The same verdicts with no command on any host, and nothing that a host is called is executed."""
    commands = lab.commands()
    done = lab.play("gate", *lab.with_manager(), dsa_source="manager")
    assert done.returncode == 2, done.stdout
    ours_is_silent(done.stdout)
    assert {outcome["verdict"] for outcome in lab.report().values()} == {"affected"}
    assert set(lab.report()) == set(commands)
    assert lab.commands() == commands
    assert not (lab.folder / "injected").exists()


def test_2_check_mode_predicts(lab: LabFleet) -> None:
    before = lab.fingerprint()
    done = lab.play(
        "remediate",
        "--check",
        *lab.with_manager(),
        dsa_source="both",
        dsm_minimum_version="20.0.0",
        dsa_security_update_through="manager",
    )
    assert done.returncode == 2, done.stdout
    ours_is_silent(done.stdout)
    assert {outcome["done"] for outcome in lab.report().values()} == {"would upgrade"}
    assert lab.fingerprint() == before


def test_3_remediate(lab: LabFleet) -> None:
    done = lab.play("remediate")
    assert done.returncode == 0, done.stdout
    ours_is_silent(done.stdout)
    for name, outcome in lab.report().items():
        assert (outcome["passed"], outcome["done"], outcome["version"]) == (True, "upgraded", FIXED), (name, outcome)
    lab.assert_relays_came_first()


def test_4_again_changes_nothing(lab: LabFleet) -> None:
    before, commands = lab.fingerprint(), lab.commands()
    done = lab.play("remediate")
    assert done.returncode == 0, done.stdout
    ours_is_silent(done.stdout)
    assert lab.fingerprint() == before
    assert {name: count - commands[name] for name, count in lab.commands().items()} == dict.fromkeys(commands, 1)


def test_5_what_cannot_be_read_is_a_verdict(lab: LabFleet) -> None:
    """A host without Python: each ansible-core fails the module in another way."""
    done = lab.ansible(
        "deep_security.remediation.gate",
        "--limit",
        named(FOUND[-1]),
        extra={"ansible_python_interpreter": "/nowhere/python3"},
    )
    assert done.returncode == 2, done.stdout
    (outcome,) = lab.report().values()
    assert outcome["verdict"] == "unknown"
    assert "/nowhere/python3" in outcome["reason"]
