# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The short round that every ansible-core goes through: each Python that it can have on a host reads and upgrades.

Without "make matrix" these tests run with the ansible-core of .venv.
"""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible.release import __version__

from tests.integration.conftest import ANSWERS, FIXED, LabFleet, Ran, StartFleet, Step, deb, windows
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
# A host without Python: each ansible-core fails the module in another way.
BLIND = "blind"


def named(version: str) -> str:
    """The host with that Python."""
    return f"py{version.replace('.', '')}"


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """A host a Python, of which the newest is a Relay; a Windows host, one without Python, and their Manager."""
    hosts: dict[str, dict[str, t.Any]] = {
        named(version): deb(python=str(interpreters()[version]), update_seconds=0.2) for version in FOUND
    }
    hosts[named(FOUND[-1])]["role"] = "relay"
    if ansible_windows.there():
        hosts["win1"] = windows(update_seconds=0.2)
    hosts[BLIND] = deb(vars={"ansible_python_interpreter": "/nowhere/python3"})
    hosts[named(FOUND[0])]["manager"] = {"display_name": INJECTION}
    # With every ansible-core the payload is run by PowerShell in tests/powershell/test_forms.py.
    lab = start_fleet({"packages": [FIXED], "manager": {}, "hosts": hosts, **ANSWERS})
    # The command itself: what it prints while it loads counts too.
    lab.preloaded = None
    for name in hosts:
        # A system that is named in the country's own script; old Pythons read files as ASCII where LANG says nothing.
        release = lab.lab / "roots" / name / "etc/os-release"
        if release.exists():
            release.write_text('NAME="日本"\n' + release.read_text(encoding="utf-8"), encoding="utf-8")
    return lab


@pytest.fixture(scope="module")
def predicted(lab: LabFleet) -> Step:
    """Every path of the Manager and of the hosts, in check mode; some hosts are enough for it."""
    some = ",".join([named(FOUND[0]), named(FOUND[-1]), *(["win1"] if ansible_windows.there() else [])])
    manager = {"dsa_source": "both", "dsm_minimum_version": "20.0.0", "dsa_security_update_through": "manager"}
    return lab.step("remediate", 2, "--check", "--limit", some, *lab.with_manager(), **manager)


@pytest.fixture(scope="module")
def remediated(lab: LabFleet, predicted: object) -> Ran:
    """Every host, and for good."""
    # No stage is so short that no line would be due.
    lab.environment["DSA_PROGRESS_INTERVAL"] = "0.05"
    return lab.ran("remediate", 2)


def ours_is_silent(output: str) -> None:
    """No deprecation, no warning that this collection causes; not one of the other kinds of noise either."""
    text = " ".join(output.split())
    # What ansible-core says of itself (its own Python, a discovered interpreter) is not ours.
    found = re.findall(r"\[(?:DEPRECATION )?WARNING\]: .{0,300}", text)
    assert not found, output
    assert "Traceback" not in output


@pytest.mark.parametrize("version", SUPPORTED)
def test_python_is_here(version: str) -> None:
    if version not in interpreters():
        pytest.skip(f"no python{version} on PATH or in ~/.pyenv/versions; core {CORE} on it is not tried")


def test_check_mode_predicts_and_changes_nothing(lab: LabFleet, predicted: Step) -> None:
    """And nothing that a host is called is executed."""
    ours_is_silent(predicted.output)
    for name, outcome in predicted.report.items():
        build = "20.0.0-5995" if name == "win1" else "20.0.0-4416"
        assert (outcome["verdict"], outcome["version"]) == ("affected", build), (name, outcome["reason"])
        assert outcome["done"] == "would upgrade and update"
    assert predicted.same
    assert not (lab.folder / "injected").exists()


def test_every_host_is_read_upgraded_and_updated(lab: LabFleet, remediated: Ran) -> None:
    ours_is_silent(remediated.output)
    for name, outcome in remediated.report.items():
        if name != BLIND:
            assert outcome["passed"], (name, outcome["reason"])
            assert (outcome["done"], outcome["version"]) == ("upgraded and updated", FIXED), name
    lab.assert_relays_came_first(BLIND)


def test_work_that_takes_long_is_shown_while_it_goes_on(remediated: Ran) -> None:
    """Lines come from the processes that work on hosts, and reach the terminal as all other lines do."""
    number, working = r"\d+ of \d+ hosts done", r"\d+ in stage (?:precheck|upgrade|reboot|update|verify)"
    for tier in ("Relays", "Agents"):
        line = rf"^{tier}, batch \d of \d: {number}; 0:0\d:\d\d elapsed; {working}.*; (?:py\d+|win1): "
        assert re.search(line, remediated.output, re.MULTILINE), remediated.output


def test_what_cannot_be_read_is_a_verdict(remediated: Ran) -> None:
    assert remediated.report[BLIND]["verdict"] == "unknown"
    assert "/nowhere/python3" in remediated.report[BLIND]["reason"]
    assert remediated.touched[BLIND] == []
