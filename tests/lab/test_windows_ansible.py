# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows hosts of the lab as real Ansible sees them, through real pywinrm."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lab.windows.machine import DATA
from tests.integration.conftest import ANSWERS
from tests.lab.lab_fleet import Lab
from tests.lab.windows_host import NEW, OLD
from tests.preloaded import Preloaded
from tests.run import ansible_windows

pytestmark = pytest.mark.skipif(
    not ansible_windows.there(), reason="ansible.windows is not here: python -m tests.run.ansible_windows"
)
WINDOWS = {"os": "windows", "build": OLD, "update_seconds": 0}
FLEET: dict[str, Any] = {
    **ANSWERS,
    "packages": [NEW],
    "hosts": {
        "one": {**WINDOWS, "role": "relay", "release": "2019"},
        "two": {**WINDOWS, "reboot_required": "after_upgrade", "language": "ja", "faults": {"reboot_seconds": 3600}},
        "dies": {**WINDOWS, "faults": {"winrm_dies": "once"}},
        "drops": {**WINDOWS, "faults": {"winrm_drops_during_install": "once"}},
        "gone": {**WINDOWS, "faults": {"unreachable": True}},
        "full": {**WINDOWS, "faults": {"disk_full": True}},
    },
}
PACKAGE = f"Agent-Core-Windows-{NEW}.x86_64.msi"


class WindowsLab(Lab):
    """What some hosts answer to some tasks, all in one play."""

    def __init__(self, folder: Path, commands: Preloaded) -> None:
        super().__init__(folder)
        self.commands = commands

    def tasks(self, hosts: str, *tasks: dict[str, Any], **variables: Any) -> dict[str, list[dict[str, Any]]]:
        """Host -> the results of the tasks, given as {module: arguments} with keywords beside."""
        registered = [{**task, "register": f"r{number}"} for number, task in enumerate(tasks)]
        results = ", ".join(f"r{number}" for number in range(len(tasks)))
        told = {"ansible.builtin.debug": {"msg": f"RESULTS {{{{ [{results}] | to_json | b64encode }}}}"}}
        play = {
            "hosts": hosts,
            "gather_facts": False,
            "ignore_errors": True,
            "ignore_unreachable": True,
            "vars": variables,
            "tasks": [*registered, told],
        }
        file = self.folder / "play.yml"
        file.write_text(json.dumps([play]), encoding="utf-8")
        done = self.commands.run(["-i", str(self.inventory), str(file)], self.folder, 120)
        texts = re.findall(r'\[([a-z]+)\] => \{\s+"msg": "RESULTS (\S+)"', done.stdout)
        found = {host: json.loads(base64.b64decode(text)) for host, text in texts}
        assert found, done.stdout
        return found

    def on(self, host: str, *tasks: dict[str, Any], **variables: Any) -> list[dict[str, Any]]:
        return self.tasks(host, *tasks, **variables)[host]

    def runs(self, host: str) -> list[str]:
        return [entry["name"] for entry in self.journal(host, "winrm_command")]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, preloaded: Preloaded) -> Iterator[WindowsLab]:
    lab = WindowsLab(tmp_path_factory.mktemp("windows") / "run", preloaded)
    with lab.up(FLEET):
        yield lab


def theirs(module: str, **arguments: Any) -> dict[str, Any]:
    return {f"ansible.windows.{module}": arguments}


def ours(module: str, **arguments: Any) -> dict[str, Any]:
    return {f"deep_security.remediation.{module}": arguments}


CHECK = {"check_mode": True}
FOLDER = rf"{DATA}\packages"
PATH = rf"{FOLDER}\{PACKAGE}"


def staging(lab: WindowsLab) -> list[dict[str, Any]]:
    source = str(lab.folder / "packages" / PACKAGE)
    return [theirs("win_file", path=FOLDER, state="directory"), theirs("win_copy", src=source, dest=FOLDER + "\\")]


def requests(lab: WindowsLab, host: str) -> int:
    return int(lab.status(host)["winrm_requests"])


def test_modules_are_answered(lab: WindowsLab) -> None:
    before = requests(lab, "one")
    found = lab.tasks("one:two:drops:full", theirs("win_ping"))
    assert {name: results[0]["ping"] for name, results in found.items()} == dict.fromkeys(found, "pong")
    assert len(found) == 4
    assert requests(lab, "one") - before == 6
    fingerprint = lab.fingerprint()
    setup, checked, info, wrong, strange = lab.on(
        "one",
        theirs("setup", gather_subset=["min"]),
        ours("win_dsa_precheck_info"),
        ours("win_dsa_info"),
        ours("win_dsa_package_info", path=PATH, no_such_option=1),
        theirs("win_regedit", path="HKLM:\\SOFTWARE\\x"),
    )
    assert setup["ansible_facts"]["ansible_distribution_version"] == "10.0.17763.0"
    assert "windows" in checked
    assert (info["agent"]["version_raw"], info["agent"]["os_version"]) == ("20.0.0.5995", "10.0.17763")
    assert info["agent"]["relay"]["enabled"] is True
    assert re.match(r"Unsupported parameters for \(\S*win_dsa_package_info\) module: no_such_option", wrong["msg"])
    assert "the lab does not understand: the module ansible.windows.win_regedit" in strange["module_stderr"]
    assert lab.journal("one", "winrm_not_understood")
    assert "win_regedit" in (lab.folder / "lab.log").read_text(encoding="utf-8")
    assert lab.fingerprint() == fingerprint


def test_who_has_no_password_is_turned_away(lab: WindowsLab) -> None:
    found = lab.on("one", theirs("win_ping"), ansible_password="guess")[0]
    assert found["unreachable"] and "credentials were rejected" in found["msg"]


def test_files_there_and_back(lab: WindowsLab) -> None:
    source = lab.folder / "blob"
    source.write_bytes(os.urandom(600_000))
    folder = rf"{DATA}\certificates"
    copy = theirs("win_copy", src=str(source), dest=rf"{folder}\blob")
    early, made, foreseen, copied, again, fetched, gone, missing = lab.on(
        "one",
        copy,
        theirs("win_file", path=r"%ProgramFiles%\deep_security_remediation\certificates", state="directory"),
        {**copy, **CHECK},
        copy,
        copy,
        {"ansible.builtin.fetch": {"src": rf"{folder}\blob", "dest": str(lab.folder / "back"), "flat": True}},
        theirs("win_file", path=folder, state="absent"),
        theirs("slurp", src=rf"{folder}\blob"),
    )
    assert "Destination directory" in early["msg"] and "does not exist" in early["msg"]
    assert [one["changed"] for one in (made, foreseen, copied, again, gone)] == [True, True, True, False, True]
    assert fetched["changed"] and (lab.folder / "back").read_bytes() == source.read_bytes()
    assert missing["msg"].endswith("is not found")


def test_install_and_reboot(lab: WindowsLab) -> None:
    """A host that is rebooting refuses connections, and comes back: here, when somebody has seen that it is away."""
    port = lab.hosts()["two"]["ansible_port"]

    def heal_when_away() -> None:
        lab.wait_for("two", "reboot", limit=100)
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) != 0:
                    break
            time.sleep(0.05)
        lab.command("heal", str(lab.folder), "two")

    with ThreadPoolExecutor() as pool:
        healed = pool.submit(heal_when_away)
        _made, _copied, foreseen, done, again, installer, rebooted, info = lab.on(
            "two",
            *staging(lab),
            {**theirs("win_package", path=PATH), **CHECK},
            theirs("win_package", path=PATH, log_path=rf"{DATA}\install.log"),
            theirs("win_package", path=PATH),
            theirs("win_service_info", name="msiserver"),
            theirs("win_reboot"),
            ours("win_dsa_info"),
        )
        healed.result(10)
    assert foreseen["changed"] and (done["rc"], done["reboot_required"]) == (3010, True) and not again["changed"]
    assert [service["state"] for service in installer["services"]] == ["stopped"]
    assert rebooted["rebooted"]
    assert info["agent"]["versions"]["dsa_query"] == NEW
    state = lab.status("two")
    assert (state["boots"], state["running_build"], state["pending_reboot"]) == (2, NEW, [])
    events = [entry["event"] for entry in lab.journal("two", "package_installed", "reboot", "booted", "healed")]
    assert events == ["booted", "package_installed", "reboot", "healed", "booted"]


def test_a_connection_that_dies_once(lab: WindowsLab) -> None:
    died, after = lab.on("dies", theirs("win_ping"), theirs("win_ping"))
    assert died.get("ping") is None and re.search("reset|aborted|closed", str(died), re.I), died
    assert after["ping"] == "pong"


def test_the_installer_goes_on_when_the_connection_drops(lab: WindowsLab) -> None:
    package = theirs("win_package", path=PATH)
    port = lab.hosts()["drops"]["ansible_port"]
    back = {
        "ansible.builtin.wait_for": {"host": "127.0.0.1", "port": port, "timeout": 60},
        "delegate_to": "localhost",
        "vars": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable},
    }
    _made, _copied, lost, _waited, again = lab.on("drops", *staging(lab), package, back, package)
    assert "rc" not in lost, lost
    assert lab.journal("drops", "package_installed", "winrm_dropped")
    assert again["changed"] is False and lab.status("drops")["package_build"] == NEW


def test_hosts_that_cannot(lab: WindowsLab) -> None:
    found = lab.tasks("gone:full", *staging(lab))
    assert found["gone"][0]["unreachable"]
    assert "There is not enough space on the disk" in found["full"][1]["msg"], found["full"]
    lab.command("heal", str(lab.folder), "gone")
    socket.create_connection(("127.0.0.1", lab.hosts()["gone"]["ansible_port"])).close()
