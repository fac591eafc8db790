# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet of the lab's own tests, and a short way to talk to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
FLEET: dict[str, Any] = {
    "packages": ["20.0.2-1390"],
    "hosts": {
        "relay1": {"role": "relay", "build": "20.0.0-4416"},
        "relay2": {"role": "relay", "build": "20.0.2-1390", "patterns": "old", "group": False},
        "deb1": {"build": "20.0.0-4416", "uses": ["relay1"], "distribution": {"id": "ubuntu", "version": "22.04"}},
        "deb2": {
            "build": "20.0.0-4500",
            "uses": ["relay2"],
            "repository": ["20.0.2-1390"],
            "faults": {"answers_late": 3600},
        },
        "rpm1": {
            "package_manager": "rpm",
            "build": "20.0.0-4416",
            "self_protection": "secret",
            "uses": ["relay2"],
            "repository": ["20.0.2-1390"],
        },
        "bare": {"role": "none", "faults": {"reboot_seconds": 3600}},
        "aix": {"os": "aix", "build": "20.0.1-25771", "uses": ["relay2"]},
        "sol10": {"os": "solaris", "release": "5.10", "build": "20.0.1-25771"},
        "sol11": {
            "os": "solaris",
            "release": "5.11",
            "build": "20.0.1-25771",
        },
        "mac": {"os": "macos", "build": "20.0.0-224", "self_protection": True},
        "half": {"build": "20.0.0-4416", "faults": {"package_install_fails": "once"}},
        "nostart": {"build": "20.0.0-4416", "faults": {"service_does_not_start": True}},
        "query": {"build": "20.0.2-1390", "faults": {"dsa_query_hangs": "once"}},
        "update": {"build": "20.0.2-1390", "uses": [], "faults": {"security_update_fails": "once"}},
        "drops": {"build": "20.0.0-4416", "faults": {"ssh_drops_during_install": "once"}},
        "full": {"build": "20.0.0-4416", "faults": {"disk_full": True}},
        "gone": {"build": "20.0.0-4416", "faults": {"unreachable": True}},
        "broken": {
            "build": "20.0.0-4416",
            "distribution": {"id": "debian", "version": "11"},
            "faults": {"broken_package": True},
        },
        "offline": {"build": "20.0.0-4416", "faults": {"anti_malware_offline_after_upgrade": True}},
        "wrong": {"build": "20.0.0-4416", "faults": {"reports_wrong_build": True}},
        "never": {"build": "20.0.0-4416", "faults": {"reboot_never": True, "reboot_seconds": 0}},
    },
}
for about in FLEET["hosts"].values():
    about.setdefault("update_seconds", 0)


class Lab:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inventory = folder / "inventory.yml"

    def command(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "lab", *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    @contextlib.contextmanager
    def up(self, fleet: dict[str, Any], *options: str) -> Iterator[None]:
        """The lab with this fleet, until it is left. Skips where the machine has no namespaces for it."""
        file = self.folder.with_name("fleet.yml")
        file.write_text(yaml.safe_dump(fleet), encoding="utf-8")
        printed = self.command("up", *options, str(file), str(self.folder), check=False)
        if "does not allow the namespaces" in printed:
            pytest.skip(printed)
        assert self.inventory.exists(), printed
        try:
            yield
        finally:
            self.command("down", str(self.folder))

    def hosts(self) -> dict[str, Any]:
        known: dict[str, Any] = yaml.safe_load(self.inventory.read_text(encoding="utf-8"))["all"]["hosts"]
        return known

    def need(self, host: str) -> None:
        if host not in self.hosts():
            pytest.skip(f"{host}: this machine has not the package manager")

    def connect(self, host: str) -> Any:
        return asyncssh.connect(
            "127.0.0.1",
            self.hosts()[host]["ansible_port"],
            username="root",
            config=None,
            agent_path=None,
            client_keys=[str(self.folder / "id_ed25519")],
            known_hosts=str(self.folder / "known_hosts"),
        )

    def run(self, host: str, command: str, limit: float = 30) -> tuple[int, str]:
        """The exit code and the output of a command on a host; -1 if the connection was lost."""
        self.need(host)

        async def run() -> tuple[int, str]:
            async with self.connect(host) as conn:
                done = await asyncio.wait_for(conn.run(f"{{ {command}\n}} 2>&1"), limit)
                code = -1 if done.exit_status is None else done.exit_status
                return code, str(done.stdout)

        return asyncio.run(run())

    def run_until_down(self, host: str, command: str) -> None:
        """Runs a command that ends the host, until it has cut the connection of another command."""

        async def run() -> None:
            async with (
                self.connect(host) as other,
                self.connect(host) as conn,
                other.create_process("sleep 600") as process,
            ):
                await conn.run(command)
                done = await asyncio.wait_for(process.wait(), 60)
                assert done.exit_status is None, done

        with contextlib.suppress(OSError, asyncssh.Error):  # of leaving connections that are not there any more
            asyncio.run(run())

    def status(self, host: str) -> dict[str, Any]:
        found = json.loads(self.command("status", "--json", str(self.folder), host))["hosts"]
        result: dict[str, Any] = found[0]
        return result

    def journal(self, host: str, *events: str) -> list[dict[str, Any]]:
        path = self.folder / "hosts" / host / "journal.jsonl"
        entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [entry for entry in entries if not events or entry["event"] in events]

    def wait_for(self, host: str, event: str, count: int = 1, limit: float = 15) -> dict[str, Any]:
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            found = self.journal(host, event)
            if len(found) >= count:
                return found[-1]
            time.sleep(0.02)
        raise AssertionError(f"{host}: no {event} in {self.journal(host)}")

    def fingerprint(self) -> dict[str, str]:
        result: dict[str, str] = json.loads(self.command("fingerprint", "--json", str(self.folder)))
        return result

    def offer(self, host: str) -> Path:
        """The package file on offer for a host, put into its /var/tmp as a role would."""
        pattern = {
            "aix": "*AIX*",
            "sol10": "*5.10*",
            "sol11": "*5.11*",
            "mac": "*macOS*",
            "rpm1": "*.rpm",
            "deb1": "*Ubuntu*",
            "broken": "*Debian_11*",
        }.get(host, "*Debian_12*")
        return next((self.folder / "packages").glob(pattern))

    def copy(self, host: str, source: Path, target: str) -> None:
        async def put() -> None:
            async with self.connect(host) as conn, conn.start_sftp_client() as files:
                await files.put(str(source), target)

        self.need(host)
        asyncio.run(put())

    def upgrade(self, host: str) -> tuple[int, str]:
        self.need(host)
        path = self.offer(host)
        target = "/var/tmp/" + path.name
        self.copy(host, path, target)
        command = {
            "rpm1": f"rpm -U {target}",
            "aix": f"gunzip -f {target}; installp -a -d {target.removesuffix('.gz')} ds_agent",
            "sol10": f"pkgadd -v -a /opt/ds_agent/ds_adm.file -d {target} ds-agent",
            "sol11": f"pkg update -g file://{target} pkg:/security/ds-agent",
            "mac": f"installer -pkg {target} -target /",
        }.get(host, f"dpkg -i {target}")
        return self.run(host, command)

    def ansible(self, *words: str) -> subprocess.CompletedProcess[str]:
        if shutil.which("ssh") is None:
            pytest.skip("the OpenSSH client (ssh) is not installed")
        program = Path(sys.executable).parent / "ansible"
        if not program.exists():
            pytest.skip("ansible is not installed beside this Python")
        return subprocess.run(
            [program, "-i", self.inventory, *words],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, "ANSIBLE_DEPRECATION_WARNINGS": "0"},
        )
