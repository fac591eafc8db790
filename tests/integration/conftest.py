# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fleets of the lab, and what real Ansible does to them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import typing as t
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from lab.__main__ import main as lab_command
from tests import report_schema
from tests.conftest import COLLECTIONS, environment
from tests.lab.manager_client import ManagerClient
from tests.preloaded import Preloaded

FIXED = "20.0.2-1390"
TARGETS = {"linux": FIXED, "unix": FIXED, "macos": "20.0.0-236", "windows": FIXED}
# The lab's updates take seconds, not hours.
QUICK = {
    "dsa_target_version": TARGETS,
    "dsa_security_update_interval": 1,
    "dsa_security_update_timeout": 60,
    "dsa_verify_interval": 1,
    "dsa_verify_timeout": 60,
    "dsa_service_timeout": 60,
    "dsa_reconnect_timeout": 30,
    "dsa_batch": "100%",
    "dsa_relay_batch": "100%",
}

# What these fleets prove stands above the modules, and Python's answers take a third of the time. PowerShell gives the
# same (tests/lab/test_twins.py); test_windows.py always runs it, and with the full profile all do.
ANSWERS: dict[str, str] = {} if os.environ.get("HYPOTHESIS_PROFILE") == "full" else {"engine": "python"}

# For hosts that never get well: their time limits are waited out.
IMPATIENT = {
    "dsa_service_timeout": 25,
    "dsa_security_update_timeout": 12,
    "dsa_verify_timeout": 12,
    "dsa_reconnect_timeout": 20,
    "dsa_read_timeout": 10,
}


class Ran(t.NamedTuple):
    """A run that ended. touched: host → the events of all that changed it until then, in order."""

    output: str
    report: dict[str, dict[str, t.Any]]
    touched: dict[str, list[str]]


class Step(t.NamedTuple):
    """A run of a story, and what it did. touched: as in Ran. commands: how many each host got.

    same: every byte of every host is as it was.
    """

    output: str
    report: dict[str, dict[str, t.Any]]
    touched: dict[str, list[str]]
    commands: dict[str, int]
    same: bool

    def done(self, what: str) -> set[str]:
        """The hosts of which the report has this as done."""
        return {name for name, outcome in self.report.items() if outcome["done"] == what}

    def changed_nothing(self) -> bool:
        """Whether no host has a changed task in Ansible's recap."""
        counts = re.findall(r"changed=(\d+)", self.output)
        return bool(counts) and set(counts) == {"0"}


class LabFleet:
    """A fleet that is up, and the playbooks of the collection run against it."""

    def __init__(self, folder: Path, fleet: Mapping[str, t.Any], preloaded: Preloaded | None = None) -> None:
        self.folder = folder
        self.lab = folder / "lab"
        self.environment = environment(folder)
        # Runs cost a fraction of what the command costs that loads Ansible itself. None: the command is run.
        self.preloaded = preloaded
        file = folder / "fleet.yml"
        file.write_text(yaml.safe_dump(dict(fleet)), encoding="utf-8")
        self._lab("up", str(file), str(self.lab))

    def _lab(self, *arguments: str) -> str:
        """What a command of the lab prints: in this process, since most of them take less than its start."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            status = lab_command(arguments)
        if status:
            pytest.fail(f"lab {arguments[0]}: {printed.getvalue()}")
        return printed.getvalue()

    def down(self) -> None:
        """End it."""
        self._lab("down", str(self.lab))

    def heal(self, host: str, *faults: str) -> None:
        """Take faults away."""
        self._lab("heal", str(self.lab), host, *faults)

    def status(self) -> dict[str, t.Any]:
        """The lab's own view of its hosts."""
        return {host["name"]: host for host in json.loads(self._lab("status", str(self.lab), "--json"))["hosts"]}

    def fingerprint(self) -> dict[str, str]:
        """Host → digest of every file of its world."""
        digests: dict[str, str] = json.loads(self._lab("fingerprint", str(self.lab), "--json"))
        return digests

    def journal(self, host: str, *events: str) -> list[dict[str, t.Any]]:
        """What was done to a host, in order; only these events where some are named."""
        file = self.lab / "hosts" / host / "journal.jsonl"
        entries = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        return [entry for entry in entries if not events or entry["event"] in events]

    def commands(self) -> dict[str, int]:
        """Host → how many commands came over SSH, or modules and scripts over WinRM, so far."""
        hosts = (self.lab / "hosts").iterdir()
        return {path.name: len(self.journal(path.name, "ssh_command", "winrm_command")) for path in hosts}

    def ansible(self, *arguments: str, extra: Mapping[str, t.Any] | None = None) -> subprocess.CompletedProcess[str]:
        """ansible-playbook with the fleet's inventory; standard error is part of the output. None in extra: not set."""
        variables = {name: value for name, value in {**QUICK, **(extra or {})}.items() if value is not None}
        given = ["-i", str(self.lab / "inventory.yml"), "-e", f"@{self.lab / 'vars.yml'}", "-e", json.dumps(variables)]
        done = self._ansible([*given, *arguments])
        report_schema.check_runs(self.folder)
        return done

    def _ansible(self, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        if self.preloaded:
            return self.preloaded.run(arguments, self.folder)
        return subprocess.run(
            [str(Path(sys.executable).parent / "ansible-playbook"), *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )

    def play(self, name: str, *arguments: str, **extra: t.Any) -> subprocess.CompletedProcess[str]:
        """One of the collection's playbooks."""
        return self.ansible(f"deep_security.remediation.{name}", *arguments, extra=extra)

    @property
    def manager(self) -> ManagerClient:
        """The fleet's simulated Manager."""
        return ManagerClient(self.lab)

    def with_manager(self, inventory: str = "dsm.yml") -> list[str]:
        """Arguments that add an inventory from the Manager, and the variables by which it is asked."""
        return ["-i", str(self.lab / inventory), "-e", f"@{self.lab / 'manager-vars.yml'}"]

    def report(self) -> dict[str, dict[str, t.Any]]:
        """Host → outcome, from the JSON of the last run."""
        report = report_schema.read(self.folder / "dsa-reports" / "report.json")
        return {outcome["host"]: outcome for outcome in report["hosts"]}

    def touches(self, host: str) -> list[dict[str, t.Any]]:
        """What changed a host or its agent, in order."""
        return self.journal(
            host,
            "package_installed",
            "package_install_failed",
            "self_protection",
            "security_update_requested",
            "reboot",
        )

    def ran(self, name: str, status: int, *arguments: str, **extra: t.Any) -> Ran:
        """One of the collection's playbooks, that ends with this status, and what there was right after it."""
        done = self.play(name, *arguments, **extra)
        assert done.returncode == status, done.stdout
        hosts = [path.name for path in (self.lab / "hosts").iterdir()]
        touched = {host: [entry["event"] for entry in self.touches(host)] for host in hosts}
        return Ran(done.stdout, self.report(), touched)

    def step(self, name: str, status: int, *arguments: str, **extra: t.Any) -> Step:
        """As ran(), with what it cost and whether it changed anything."""
        before, commands = self.fingerprint(), self.commands()
        ran = self.ran(name, status, *arguments, **extra)
        sent = {host: count - commands[host] for host, count in self.commands().items()}
        return Step(*ran, sent, self.fingerprint() == before)

    def assert_relays_came_first(self, *but: str) -> None:
        """From the journals: no Agent (but those named) was touched before every Relay was fixed and updated.

        Self-protection that an earlier run left off is turned on when a host is read, which waits for no Relay.
        """
        hosts = self.status()
        relays = [name for name, host in hosts.items() if host["role"] == "relay"]
        agents = [name for name, host in hosts.items() if host["role"] == "agent" and name not in but]
        touches = {name: [each for each in self.touches(name) if not each.get("on")] for name in agents}
        begun = [entry["time"] for name in agents for entry in touches[name][:1]]
        assert begun, "no Agent was touched at all"
        for name in relays:
            done = self.journal(name, "security_update_succeeded")
            assert done, f"Agents were touched, and {name} never updated"
            assert done[-1]["time"] < min(begun), name


StartFleet = Callable[[Mapping[str, t.Any]], LabFleet]


@pytest.fixture(scope="module")
def start_fleet(preloaded: Preloaded) -> Iterator[StartFleet]:
    """Starts fleets that last as long as the tests of one file."""
    started: list[LabFleet] = []
    folders: list[Path] = []

    def start(fleet: Mapping[str, t.Any]) -> LabFleet:
        folders.append(Path(tempfile.mkdtemp(prefix="dsa-test-")))  # short: it holds sockets
        started.append(LabFleet(folders[-1], fleet, preloaded))
        return started[-1]

    yield start
    for fleet in started:
        fleet.down()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def deb(build: str | None = "20.0.0-4416", **more: t.Any) -> dict[str, t.Any]:
    """A Debian host."""
    host = {
        "os": "linux",
        "package_manager": "deb",
        "distribution": {"id": "debian", "version": "12"},
        "arch": "x86_64",
    }
    return {**host, **({"build": build, "role": "agent"} if build else {"role": "none"}), **more}


def rpm(build: str = "20.0.0-4416", **more: t.Any) -> dict[str, t.Any]:
    """A Red Hat host; tests with it need the machine's rpm."""
    host = {
        "os": "linux",
        "package_manager": "rpm",
        "distribution": {"id": "rhel", "version": "8.10"},
        "arch": "x86_64",
    }
    return {**host, "build": build, "role": "agent", **more}


def windows(build: str = "20.0.0-5995", **more: t.Any) -> dict[str, t.Any]:
    """A Windows host; tests with it need the collection ansible.windows beside this one."""
    return {"os": "windows", "build": build, "role": "agent", **more}


WINDOWS = (COLLECTIONS / "ansible_collections" / "ansible" / "windows").exists()
needs_windows = pytest.mark.skipif(
    not WINDOWS,
    reason="the collection ansible.windows is not here (it could not be downloaded)",
)
RPM = all(shutil.which(tool) for tool in ("rpm", "rpmbuild", "gpg"))
needs_rpm = pytest.mark.skipif(
    not RPM,
    reason="rpm or gpg is not on this machine (apt install rpm gpg)",
)
