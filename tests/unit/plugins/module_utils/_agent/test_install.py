# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds as the host compares them, and the commands that install a package."""

from __future__ import annotations

import time

import pytest

from ansible_collections.deep_security.remediation.plugins.module_utils._agent import commands, install
from ansible_collections.deep_security.remediation.plugins.module_utils._agent.commands import Answer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20.0.2-1390.el8", (20, 0, 2, 1390)),
        ("20.0.2.1390", (20, 0, 2, 1390)),
        ("20.0", None),
        ("", None),
        (None, None),
    ],
)
def test_numbers(text: str | None, expected: tuple[int, ...] | None) -> None:
    assert install.numbers(text) == expected


FILE = "/packages/agent"
COMMANDS = {
    ("linux", ".rpm"): ["rpm", "-U", f"{FILE}.rpm"],
    ("linux", ".deb"): ["dpkg", "--refuse-downgrade", "--force-confold", "-i", f"{FILE}.deb"],
    ("aix", ".bff"): ["installp", "-a", "-d", f"{FILE}.bff", "ds_agent"],
    ("solaris", ".p5p"): ["pkg", "update", "-g", f"file://{FILE}.p5p", "pkg:/security/ds-agent"],
    ("solaris", ".pkg"): ["pkgadd", "-v", "-a", "/opt/ds_agent/ds_adm.file", "-d", f"{FILE}.pkg", "ds-agent"],
    ("macos", ".pkg"): ["installer", "-pkg", f"{FILE}.pkg", "-target", "/"],
}
REPOSITORIES = [
    ["apt-get", "install", "-y", "--only-upgrade", "ds-agent=20.0.2-1390*"],
    ["dnf", "-y", "upgrade", "ds_agent-20.0.2-1390*"],
    ["yum", "-y", "upgrade", "ds_agent-20.0.2-1390*"],
    ["zypper", "--non-interactive", "update", "ds_agent"],
]


@pytest.mark.parametrize(("os_name", "ending"), COMMANDS)
def test_a_package_is_installed_as_documented(monkeypatch: pytest.MonkeyPatch, os_name: str, ending: str) -> None:
    """Without --refuse-downgrade dpkg would put an older build over a newer one."""
    monkeypatch.setattr(install, "_there", lambda program: True)
    found = install.command_for(os_name, FILE + ending, "20.0.2-1390", None)
    assert found == COMMANDS[os_name, ending]


@pytest.mark.parametrize("expected", REPOSITORIES, ids=lambda argv: str(argv[0]))
def test_a_repository_gets_the_build_with_its_command(monkeypatch: pytest.MonkeyPatch, expected: list[str]) -> None:
    monkeypatch.setattr(install, "_there", lambda program: program == expected[0])
    assert install.command_for("linux", None, "20.0.2-1390", None) == expected


BUSY = [
    "dpkg: error: dpkg frontend lock is locked by another process",
    "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1234",
    "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?",
    "error: can't create transaction lock on /var/lib/rpm/.rpm.lock (Resource temporarily unavailable)",
]


class Installer:
    """An installer, and a clock that moves while it is waited for. busy: how often its lock is held."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, busy: int, line: str = BUSY[0]) -> None:
        self.answers = [Answer(rc=2, err=line)] * busy + [Answer(rc=0, out="installed")]
        self.limits: list[float] = []
        self.seconds = 0.0
        monkeypatch.setattr(install, "clock", lambda: self.seconds)
        monkeypatch.setattr(time, "sleep", self.sleep)
        monkeypatch.setattr(commands, "run", self.run)
        monkeypatch.setenv("DEBIAN_FRONTEND", "")

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def run(self, argv: list[str], limit: float) -> Answer:
        self.limits.append(limit)
        return self.answers.pop(0)


@pytest.mark.parametrize("line", BUSY)
def test_another_package_manager_is_waited_for(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """An automatic update in the night ends by itself."""
    installer = Installer(monkeypatch, 2, line)
    answer, busy = install.run(["dpkg"], 60)
    assert (answer.rc, busy) == (0, False)
    assert installer.limits == [60, 50, 40], "one time limit for all attempts"


def test_another_package_manager_is_not_waited_for_beyond_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    installer = Installer(monkeypatch, 100)
    answer, busy = install.run(["dpkg"], 60)
    assert (answer.rc, busy) == (2, True)
    assert installer.seconds <= 60


def test_any_other_failure_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    installer = Installer(monkeypatch, 1, "dpkg: error: the disk is full")
    answer, busy = install.run(["dpkg"], 60)
    assert (answer.rc, busy, len(installer.limits)) == (2, False, 1)
