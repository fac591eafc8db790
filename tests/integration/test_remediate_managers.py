# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Manager stage: a shell script plays the vendor's installer, then the simulated Manager has the new version."""

from __future__ import annotations

import hashlib
import json
import ssl
import subprocess
import sys
import threading
import time
import typing as t
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from tests.conftest import Run, ansible_environment
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


HOSTS = ("dsm1", "refusing", "fails", "slow", "never", "wrong")


class Stage:
    """A lab with a Manager, hosts on which it may be, and what the operator has."""

    def __init__(self, lab: LabFleet, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self.about = json.loads((lab.lab / "manager.json").read_text(encoding="utf-8"))
        self.variables = yaml.safe_load((lab.lab / "manager-vars.yml").read_text(encoding="utf-8"))
        self.trust = ssl.create_default_context(cafile=self.about["ca_path"])
        self.inventory = folder / "managers.yml"
        group = {"deep_security_managers": {"hosts": {"dsm1": None}}}
        self.inventory.write_text(yaml.safe_dump(group), encoding="utf-8")
        self.answers, self.vaulted = folder / "dsm.properties", folder / "vaulted.properties"
        self.answers.write_text(
            f"UpgradeVerificationScreen.Overwrite=False\nDatabaseScreen.Password={SECRET}\n", encoding="ascii"
        )

        self.overwriting = folder / "overwriting.properties"
        self.overwriting.write_text("UpgradeVerificationScreen.Overwrite=True\n", encoding="ascii")

    def file(self, host: str, name: str) -> Path:
        """A file that the installer left in /root of a host."""
        return self.lab.lab / "roots" / host / "root" / name

    def post(self, path: str, **body: object) -> None:
        """To the simulator's own doors."""
        request = urllib.request.Request(self.about["url"] + path, json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, context=self.trust, timeout=10) as answer:
            assert answer.status == 200

    def vault(self) -> list[str]:
        """Encrypts the answer file; the arguments with which Ansible can read it."""
        password = self.folder / "vault-password"
        password.write_text("of the vault\n", encoding="ascii")
        name = str(Path(sys.executable).parent / "ansible-vault")
        files = [str(self.answers), "--output", str(self.vaulted)]
        subprocess.run(
            [name, "encrypt", "--vault-password-file", str(password), *files],
            check=True,
            capture_output=True,
            cwd=self.folder,
            env=ansible_environment(self.folder),
        )
        assert SECRET not in self.vaulted.read_text(encoding="ascii")
        return ["--vault-password-file", str(password)]

    def takes_effect(self) -> None:
        """The host's network is its own: what its installer did is passed on to the simulator from here."""
        deadline = time.monotonic() + 90
        while not self.file("dsm1", "installed").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        # First a Manager that is still starting, then for a moment the old one.
        self.post("/lab/faults", server_errors=2)
        time.sleep(3)
        self.post("/lab/version", version=NEW)

    def play(self, host: str, script: str, *arguments: str, **extra: t.Any) -> Played:
        """The playbook for one host, with this installer. None: a variable that is not set."""
        installer = self.folder / host / NAME
        installer.parent.mkdir(exist_ok=True)
        installer.write_text(INSTALLER + script, encoding="ascii")
        variables = {
            **self.variables,
            "dsm_target_version": NEW,
            "dsm_installer": str(installer),
            "dsm_installer_checksum": hashlib.sha256(installer.read_bytes()).hexdigest(),
            "dsm_answer_file": str(self.answers),
            "dsm_backup_confirmed": True,
            "dsm_upgrade_interval": 1,
            "dsm_install_timeout": 60,
            "dsm_start_timeout": 30,
            **({} if host == "dsm1" else {"dsm_hosts": host}),
            **extra,
        }
        done = self.lab.play("remediate_managers", "-i", str(self.inventory), *arguments, **variables)
        assert SECRET not in done.stdout
        assert not (self.lab.lab / "roots" / host / STAGING).exists(), "passwords were left on the host"
        return done


@pytest.fixture(scope="module")
def stage(start_fleet: StartFleet, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The lab is started once."""
    lab = start_fleet({"manager": {"version": OLD}, "hosts": {name: deb(None) for name in HOSTS}})
    return Stage(lab, tmp_path_factory.mktemp("operator"))


@pytest.fixture(scope="module")
def runs(stage: Stage) -> dict[str, Played]:
    """All runs that leave an old Manager behind, side by side: each has a host of its own, or touches none."""
    # A second node, which must not be tried after the first: the database that both use is in an unknown state.
    address = f"{{{{ '{stage.about['url']}' if inventory_hostname == 'fails' else 'https://127.0.0.1:1' }}}}"
    two = {"dsm_hosts": "fails,dsm1", "dsm_url": address, "dsm_installer_log": LOG}
    stage.post("/lab/version", version=OLD)
    with ThreadPoolExecutor(3) as pool:
        begun = {
            "fails": pool.submit(stage.play, "fails", "exit 3\n", **two),
            "never": pool.submit(stage.play, "never", ENDS_WELL, dsm_start_timeout=2),
            # Long enough for a busy machine to start it.
            "slow": pool.submit(
                stage.play, "slow", "sleep 16\n" + ENDS_WELL, dsm_install_timeout=8, dsm_installer_log="/nowhere.log"
            ),
            "wrong": pool.submit(stage.play, "wrong", ENDS_WELL, dsm_installer_checksum="0" * 64),
            "check": pool.submit(stage.play, "refusing", ENDS_WELL, "--check"),
            "no backup": pool.submit(stage.play, "refusing", ENDS_WELL, dsm_backup_confirmed=None),
            "bad target": pool.submit(stage.play, "refusing", ENDS_WELL, dsm_target_version="newest"),
            "overwrite": pool.submit(stage.play, "refusing", ENDS_WELL, dsm_answer_file=str(stage.overwriting)),
            "nobody": pool.submit(stage.play, "refusing", ENDS_WELL, dsm_hosts="nobody"),
        }
    return {name: run.result() for name, run in begun.items()}


def changed(done: Played, host: str) -> int:
    """How many tasks changed something, from the last lines."""
    line = next(line for line in reversed(done.stdout.splitlines()) if line.startswith(f"{host} "))
    return int(line.split("changed=")[1].split()[0])


def test_a_manager_is_upgraded_through_lost_connections_and_then_left_alone(stage: Stage) -> None:
    stage.post("/lab/version", version=OLD)
    effect = threading.Thread(target=stage.takes_effect)
    effect.start()
    vault = stage.vault()
    script = DROPS_CONNECTIONS + ENDS_WELL
    done = stage.play("dsm1", script, "-vvv", "--diff", *vault, dsm_answer_file=str(stage.vaulted))
    effect.join()
    assert done.returncode == 0, done.stdout
    assert f"the Manager has {OLD} and is to have {NEW}" in done.stdout
    assert f"the Manager answers with {NEW}" in done.stdout
    assert "FAILED - RETRYING" in done.stdout, "nobody sees that it waits"
    assert changed(done, "dsm1") > 0
    assert stage.file("dsm1", "arguments").read_text(encoding="ascii").endswith("/answers.properties\n")
    assert stage.file("dsm1", "modes").read_text(encoding="ascii").splitlines() == ["600 0", "700 0"]
    assert stage.lab.journal("dsm1", "ssh_dropped")[-1]["connections"] > 0, "no connection was there to be lost"

    before = stage.lab.commands()
    again = stage.play("dsm1", ENDS_WELL, dsm_backup_confirmed=None)
    assert again.returncode == 0, again.stdout
    assert f"the Manager has {NEW}, nothing is to do" in again.stdout
    assert changed(again, "dsm1") == 0
    assert stage.lab.commands() == before, "the host was not to be touched"


REFUSED = {
    "no backup": f"the Manager has {OLD} and needs {NEW}. An upgrade changes its database",
    "bad target": "dsm_target_version is 'newest'; write a Manager's version such as 20.0.737",
    "overwrite": "write UpgradeVerificationScreen.Overwrite=False for an upgrade",
    "nobody": "nobody fits no host of the inventory",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_before_the_host_is_touched(stage: Stage, runs: dict[str, Played], name: str) -> None:
    assert runs[name].returncode == 2, runs[name].stdout
    assert REFUSED[name] in runs[name].stdout
    assert stage.lab.commands()["refusing"] == 0


def test_check_mode_predicts_and_copies_nothing(stage: Stage, runs: dict[str, Played]) -> None:
    done = runs["check"]
    assert done.returncode == 0, done.stdout
    assert f"would upgrade the Manager to {NEW} with {NAME}" in done.stdout
    assert changed(done, "refusing") == 1
    assert stage.lab.commands()["refusing"] == 0


def test_another_file_than_the_vendors_is_not_run(stage: Stage, runs: dict[str, Played]) -> None:
    done = runs["wrong"]
    assert done.returncode == 2, done.stdout
    assert f"and not {'0' * 64} as dsm_installer_checksum says. It was not run" in done.stdout
    assert not stage.file("wrong", "arguments").exists()


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


def test_an_installer_that_takes_too_long_is_not_stopped(stage: Stage, runs: dict[str, Played]) -> None:
    done = runs["slow"]
    assert done.returncode == 2, done.stdout
    assert "the installer did not end within 8 s (dsm_install_timeout). It was not stopped" in done.stdout
    assert "Its log could not be fetched; dsm_installer_log is /nowhere.log" in done.stdout
    assert stage.file("slow", "modes").exists(), "it did not even start"
    deadline = time.monotonic() + 30
    while not stage.file("slow", "installed").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert stage.file("slow", "installed").exists(), "it was stopped in the middle"


def test_a_manager_that_does_not_come_back(stage: Stage, runs: dict[str, Played]) -> None:
    done = runs["never"]
    assert done.returncode == 2, done.stdout
    assert f"2 s later the Manager answers with {OLD}, and not with {NEW}. Look at its service" in done.stdout
    assert stage.file("never", "installed").exists()


def test_paths_of_a_windows_manager(run_playbook: Run, tmp_path: Path) -> None:
    # No such Manager can be upgraded in the lab. That its paths are whole is known at least.
    role = ROOT / "roles" / "upgrade_manager" / "vars" / "main.yml"
    text = "{{ __upgrade_manager_windows }} {{ __upgrade_manager_installer }} {{ __upgrade_manager_arguments[-1] }}"
    play = [
        {
            "hosts": "dsm1",
            "gather_facts": False,
            "vars_files": [str(role)],
            "vars": {"ansible_connection": "winrm", "dsm_installer": "/srv/Manager.exe"},
            "tasks": [{"ansible.builtin.assert": {"that": "false", "fail_msg": text}}],
        }
    ]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
    (tmp_path / "hosts.yml").write_text("all: {hosts: {dsm1: }}", encoding="utf-8")
    done = run_playbook(tmp_path / "play.yml", tmp_path / "hosts.yml")
    folder = json.dumps(r"C:\Program Files\deep_security_remediation\manager_upgrade")[1:-1]
    assert rf"True {folder}\\Manager.exe {folder}\\answers.properties" in done.stdout
