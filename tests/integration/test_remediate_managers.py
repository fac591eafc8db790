# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Manager stage: a shell script plays the vendor's installer, then the simulated Manager has the new version.

What is refused before a host is touched, and why, is tested without a fleet: tests/unit, _manager/test_upgrade.py.
"""

from __future__ import annotations

import hashlib
import subprocess
import threading
import time
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.run.common import ROOT

from .conftest import LabFleet, StartFleet, deb

Played = subprocess.CompletedProcess[str]
NAME = "Manager-Linux-20.0.1234.x64.sh"
OLD, NEW = "20.0.737", "20.0.1234"
SECRET = "db-S3cret-pass"
STAGING = "var/opt/deep_security_remediation/manager_upgrade"
LOG = "/root/installation.log"
# Tells what it was given, repeats a password as a careless installer may, and goes on as the test wants it to.
INSTALLER = f"""#!/bin/sh
echo "$*" > /root/arguments
[ "$1 $2 $3 $#" = "-q -console -varfile 4" ] || exit 11
grep -qx 'DatabaseScreen.Password={SECRET}' "$4" || exit 12
stat -c '%a %u' "$4" "${{4%/*}}" > /root/modes
echo 'connecting with {SECRET}'
echo 'what went wrong' > {LOG}
"""
ENDS_WELL = "touch /root/installed\n"
DROPS_CONNECTIONS = """sleep 1.5
/.lab/python3 -IS -c "import sys; sys.path.insert(0, '/.lab'); from standins import world; world.ask_lab('drop_ssh')"
sleep 1.5
"""
# No connection to it is possible: a task that tried one would fail with another text.
NOBODY = {"ansible_host": "127.0.0.1", "ansible_port": 1}


def until(what: str, fits: Callable[[], object], limit: float = 90) -> None:
    """Wait for it."""
    deadline = time.monotonic() + limit
    while not fits():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


class Stage:
    """A lab with a Manager, hosts on which it may be, and what the operator has."""

    def __init__(self, lab: LabFleet, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self.url = lab.manager.about["url"]
        self.variables = yaml.safe_load((lab.lab / "manager-vars.yml").read_text(encoding="utf-8"))
        self.inventory = folder / "managers.yml"
        managers = {"dsm1": None, "refusing": NOBODY, "windows": NOBODY}
        self.inventory.write_text(yaml.safe_dump({"deep_security_managers": {"hosts": managers}}), encoding="utf-8")
        self.answers = folder / "dsm.properties"
        self.answers.write_text(
            f"UpgradeVerificationScreen.Overwrite=False\nDatabaseScreen.Password={SECRET}\n", encoding="ascii"
        )
        self.overwriting = folder / "overwriting.properties"
        self.overwriting.write_text("UpgradeVerificationScreen.Overwrite=True\n", encoding="ascii")

    def file(self, host: str, name: str) -> Path:
        """A file that the installer left in /root of a host."""
        return self.lab.lab / "roots" / host / "root" / name

    def has(self, version: str) -> None:
        """The simulated Manager has this version now."""
        assert self.lab.manager.raw("POST", "/lab/version", f'{{"version": "{version}"}}'.encode()).status == 200

    def vault(self) -> tuple[Path, list[str]]:
        """The answer file, encrypted; the arguments with which Ansible can read it."""
        password, vaulted = self.folder / "vault-password", self.folder / "vaulted.properties"
        password.write_text("of the vault\n", encoding="ascii")
        secret = VaultSecret(b"of the vault")
        vaulted.write_bytes(VaultLib([("default", secret)]).encrypt(self.answers.read_bytes(), secret))
        assert SECRET not in vaulted.read_text(encoding="ascii")
        return vaulted, ["--vault-password-file", str(password)]

    def takes_effect(self) -> None:
        """The host's network is its own: what its installer did is passed on to the simulator from here."""
        manager = self.lab.manager
        until("the installer has ended", lambda: self.file("dsm1", "installed").exists())
        # First a Manager that is still starting, then for a moment the old one.
        manager.arm(server_errors=2)
        until("it was queried while it started", lambda: "server_errors" not in manager.state()["faults"])
        before = sum(manager.state()["requests"].values())
        until("the old one was queried", lambda: sum(manager.state()["requests"].values()) > before)
        self.has(NEW)

    def settings(self, case: str, script: str, **extra: t.Any) -> dict[str, t.Any]:
        """Variables of an upgrade with this installer. None: one that is not set."""
        installer = self.folder / case / NAME
        installer.parent.mkdir(exist_ok=True)
        installer.write_text(INSTALLER + script, encoding="ascii")
        variables = {
            **self.variables,
            "dsm_target_version": NEW,
            "dsm_installer": str(installer),
            "dsm_installer_checksum": hashlib.sha256(installer.read_bytes()).hexdigest(),
            "dsm_answer_file": str(self.answers),
            "dsm_backup_confirmed": True,
            "dsm_upgrade_interval": 2,
            "dsm_install_timeout": 60,
            "dsm_start_timeout": 30,
            **extra,
        }
        return {name: value for name, value in variables.items() if value is not None}

    def play(self, case: str, script: str, *arguments: str, **extra: t.Any) -> Played:
        """The playbook, for one host or those in dsm_hosts."""
        return self.checked(
            self.lab.play(
                "remediate_managers", "-i", str(self.inventory), *arguments, **self.settings(case, script, **extra)
            )
        )

    def cases(self, plays: list[dict[str, t.Any]]) -> Played:
        """These plays in one run."""
        book = self.folder / "cases.yml"
        book.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
        return self.checked(self.lab.ansible(str(book), "-i", str(self.inventory)))

    def checked(self, done: Played) -> Played:
        """No password was shown."""
        assert SECRET not in done.stdout
        return done


@pytest.fixture(scope="module")
def stage(start_fleet: StartFleet, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The lab is started once."""
    hosts = {name: deb(None) for name in ("dsm1", "fails", "slow", "never")}
    return Stage(start_fleet({"manager": {"version": OLD}, "hosts": hosts}), tmp_path_factory.mktemp("operator"))


def case(name: str, host: str, variables: dict[str, t.Any]) -> dict[str, t.Any]:
    """A play with the role, and a task that shows why it failed."""
    role = {"name": "deep_security.remediation.upgrade_manager", "rolespec_validate": False}
    return {
        "hosts": host,
        "gather_facts": False,
        "vars": variables,
        "tasks": [
            {
                "block": [{"ansible.builtin.include_role": role}],
                "rescue": [{"ansible.builtin.debug": {"msg": f"case {name}: {{{{ ansible_failed_result.msg }}}}"}}],
            }
        ],
    }


def windows_paths() -> dict[str, t.Any]:
    """No such Manager can be upgraded in the lab. That its paths are whole is known at least."""
    text = "{{ __upgrade_manager_windows }} {{ __upgrade_manager_installer }} {{ __upgrade_manager_arguments[-1] }}"
    return {
        "hosts": "windows",
        "gather_facts": False,
        "vars_files": [str(ROOT / "roles" / "upgrade_manager" / "vars" / "main.yml")],
        "vars": {"ansible_connection": "winrm", "dsm_installer": "/srv/Manager.exe"},
        "tasks": [{"ansible.builtin.debug": {"msg": text}}],
    }


@pytest.fixture(scope="module")
def runs(stage: Stage) -> dict[str, Played]:
    """All runs that leave an old Manager behind: each has hosts of its own, or touches none."""
    stage.has(OLD)
    # A second node, which must not be tried after the first: the database that both use is in an unknown state.
    address = f"{{{{ '{stage.url}' if inventory_hostname == 'fails' else 'https://127.0.0.1:1' }}}}"
    two = {"dsm_hosts": "fails,dsm1", "dsm_url": address, "dsm_installer_log": LOG}
    slow: dict[str, t.Any] = {"dsm_install_timeout": 8, "dsm_upgrade_interval": 4, "dsm_installer_log": "/nowhere.log"}
    refused: dict[str, dict[str, t.Any]] = {
        "no backup": {"dsm_backup_confirmed": None},
        "bad target": {"dsm_target_version": "newest"},
        "overwrite": {"dsm_answer_file": str(stage.overwriting)},
    }
    plays = [
        case("wrong", "never", stage.settings("wrong", "touch /root/wrong\n", dsm_installer_checksum="0" * 64)),
        case("never", "never", stage.settings("never", ENDS_WELL, dsm_start_timeout=2)),
        # Long enough for a busy machine to start it.
        case("slow", "slow", stage.settings("slow", "sleep 16\n" + ENDS_WELL, **slow)),
        *(case(name, "refusing", stage.settings("refusing", ENDS_WELL, **more)) for name, more in refused.items()),
        windows_paths(),
    ]
    return {
        "cases": stage.cases(plays),
        "fails": stage.play("fails", "exit 3\n", **two),
        "check": stage.play("check", ENDS_WELL, "--check", dsm_hosts="refusing"),
        "nobody": stage.play("nobody", ENDS_WELL, dsm_hosts="nobody"),
    }


def changed(done: Played, host: str) -> int:
    """How many tasks changed something, from the last lines."""
    line = next(line for line in reversed(done.stdout.splitlines()) if line.startswith(f"{host} "))
    return int(line.split("changed=")[1].split()[0])


def nothing_left(stage: Stage, host: str) -> bool:
    """Whether installer and passwords are gone."""
    return not (stage.lab.lab / "roots" / host / STAGING).exists()


def test_a_manager_is_upgraded_through_lost_connections_and_then_left_alone(stage: Stage) -> None:
    stage.has(OLD)
    effect = threading.Thread(target=stage.takes_effect)
    effect.start()
    vaulted, vault = stage.vault()
    script = DROPS_CONNECTIONS + ENDS_WELL
    one = {"dsm_hosts": "dsm1", "dsm_answer_file": str(vaulted)}
    done = stage.play("dsm1", script, "-vvv", "--diff", *vault, **one)
    effect.join()
    assert done.returncode == 0, done.stdout
    assert f"the Manager has {OLD} and is to have {NEW}" in done.stdout
    assert f"the Manager answers with {NEW}" in done.stdout
    assert "FAILED - RETRYING" in done.stdout, "nobody sees that it waits"
    assert changed(done, "dsm1") > 0
    assert stage.file("dsm1", "arguments").read_text(encoding="ascii").endswith("/answers.properties\n")
    assert stage.file("dsm1", "modes").read_text(encoding="ascii").splitlines() == ["600 0", "700 0"]
    assert stage.lab.journal("dsm1", "ssh_dropped")[-1]["connections"] > 0, "no connection was there to be lost"
    assert nothing_left(stage, "dsm1"), "passwords were left on the host"

    before = stage.lab.commands()
    again = stage.play("dsm1", ENDS_WELL, dsm_hosts="dsm1", dsm_backup_confirmed=None)
    assert again.returncode == 0, again.stdout
    assert f"the Manager has {NEW}, nothing is to do" in again.stdout
    assert changed(again, "dsm1") == 0
    assert stage.lab.commands() == before, "the host was not to be touched"


REFUSED = {
    "no backup": f"the Manager has {OLD} and needs {NEW}. An upgrade changes its database",
    "bad target": "dsm_target_version is 'newest'; write a Manager's version such as 20.0.737",
    "overwrite": "dsm_answer_file has UpgradeVerificationScreen.Overwrite=True",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_before_the_host_is_touched(runs: dict[str, Played], name: str) -> None:
    assert f"case {name}: {REFUSED[name]}" in runs["cases"].stdout


def test_a_pattern_that_fits_no_host_is_refused(runs: dict[str, Played]) -> None:
    assert runs["nobody"].returncode == 2, runs["nobody"].stdout
    assert "nobody fits no host of the inventory" in runs["nobody"].stdout


def test_check_mode_predicts_and_touches_no_host(runs: dict[str, Played]) -> None:
    done = runs["check"]
    assert done.returncode == 0, done.stdout
    assert f"would upgrade the Manager to {NEW} with {NAME}" in done.stdout
    assert changed(done, "refusing") == 1


def test_another_file_than_the_vendors_is_not_run(stage: Stage, runs: dict[str, Played]) -> None:
    refused = f"and not {'0' * 64}, the value of dsm_installer_checksum. It was not run"
    assert f"case wrong: {NAME} has the SHA-256" in runs["cases"].stdout
    assert refused in runs["cases"].stdout
    assert not stage.file("never", "wrong").exists()


def test_an_installer_that_fails(stage: Stage, runs: dict[str, Played]) -> None:
    done = runs["fails"]
    kept = stage.lab.folder / "dsa-reports" / "diagnostics" / "fails"
    output = kept / "manager-installer-output.txt"
    assert done.returncode == 2, done.stdout
    assert f"the installer ended with exit status 3. What it wrote is in {output}" in done.stdout
    assert f"Its log is in {kept}/manager-installer.log" in done.stdout
    assert (kept / "manager-installer.log").read_text(encoding="ascii") == "what went wrong\n"
    assert SECRET in output.read_text(encoding="ascii"), "what the installer said is for the operator alone"
    assert output.stat().st_mode & 0o777 == 0o600
    assert "dsm1" not in done.stdout, "the next node was tried"
    assert nothing_left(stage, "fails"), "passwords were left on the host"


def test_an_installer_that_takes_too_long_is_not_stopped(stage: Stage, runs: dict[str, Played]) -> None:
    output = runs["cases"].stdout
    assert "case slow: the installer did not end within 8 s (dsm_install_timeout). It was not stopped" in output
    assert "Its log could not be fetched; dsm_installer_log is /nowhere.log" in output
    assert stage.file("slow", "modes").exists(), "it did not even start"
    until("it was stopped in the middle", lambda: stage.file("slow", "installed").exists())
    assert nothing_left(stage, "slow"), "passwords were left on the host"


def test_a_manager_that_does_not_come_back(stage: Stage, runs: dict[str, Played]) -> None:
    words = f"2 s later the Manager answers with {OLD}, and not with {NEW}. Look at its service"
    assert f"case never: the installer succeeded, but {words}" in runs["cases"].stdout
    assert stage.file("never", "installed").exists()
    assert nothing_left(stage, "never"), "passwords were left on the host"


def test_paths_of_a_windows_manager(runs: dict[str, Played]) -> None:
    folder = r"C:\\Program Files\\deep_security_remediation\\manager_upgrade"
    assert rf"True {folder}\\Manager.exe {folder}\\answers.properties" in runs["cases"].stdout
