# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Windows modules' own PowerShell, run by pwsh with stubs in place of what only Windows has."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PLUGINS = HERE.parents[1] / "plugins"
PWSH = shutil.which("pwsh")

pytestmark = pytest.mark.skipif(PWSH is None, reason="there is no pwsh here, which these tests run the modules with")

UNINSTALL = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\{11111111-2222-3333-4444-555555555555}"
CONTROL = r"SYSTEM\CurrentControlSet\Control"
ANSWER = """PluginVersion.core: 20.0.0-5995
AgentStatus.13: driverHooked
AgentStatus.agentState: green
AgentStatus.dsmUrl: https://dsm.example.com:4120/
AgentStatus.agentCertHash: AA:BB
Component.AM.mode: on
Component.AM.driverOffline: false
Component.AM.version.engine.ATSE: 24.580.1013
Component.AM.version.pattern.7.name: Smart Scan Agent Pattern
Component.AM.version.pattern.7.version: 20.301.00
Component.AM.version.pattern.2.name: IntelliTrap Pattern
Component.AM.version.pattern.2.version: 0.253.00
"""


class Machine:
    """A described Windows host, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.agent = folder / "Trend Micro" / "Deep Security Agent"
        self.agent.mkdir(parents=True)
        self.progress = folder / "progress.json"
        self.journal = folder / "journal"
        self.facts: dict[str, t.Any] = {
            "programs": str(folder),
            "journal": str(self.journal),
            "unreadable": [],
            "registry": {
                UNINSTALL: {"DisplayName": "Trend Micro Deep Security Agent", "DisplayVersion": "20.0.0.5995"},
                r"SOFTWARE\Microsoft\Windows NT\CurrentVersion": {
                    "CurrentMajorVersionNumber": 10,
                    "CurrentMinorVersionNumber": 0,
                    "CurrentBuildNumber": "17763",
                    "UBR": 2237,
                    "ProductName": "Windows Server 2019 Standard",
                },
                rf"{CONTROL}\Session Manager\Environment": {"PROCESSOR_ARCHITECTURE": "AMD64"},
                rf"{CONTROL}\ComputerName\ComputerName": {"ComputerName": "WEB1"},
                rf"{CONTROL}\ComputerName\ActiveComputerName": {"ComputerName": "WEB1"},
            },
            "services": [
                {"Name": name, "State": "Running", "ExitCode": 0}
                for name in ("ds_agent", "Amsp", "tmcomm", "tmactmon", "tmevtmgr")
            ],
            "listening": False,
            "owners": [],
            "file_version": "20.0.0.5995",
            "signature": "Valid",
            "refusal": None,
        }
        self.answers(ANSWER)

    def answers(self, text: str, then: str = "") -> None:
        """What dsa_query says."""
        (self.agent / "dsa_query.cmd").write_text(f"cat <<'END'\n{text}END\n{then}\n")

    def upgraded(self, build: str = "20.0.2") -> None:
        """The installer has been here."""
        self.facts["registry"][UNINSTALL]["DisplayVersion"] = f"{build}.1390"
        self.facts["file_version"] = f"{build}.1390"
        self.answers(ANSWER.replace("20.0.0-5995", f"{build}-1390"))

    def _pwsh(self, task: dict[str, t.Any]) -> t.Any:
        file = self.folder / "task.json"
        file.write_text(json.dumps({"plugins": str(PLUGINS), "machine": self.facts, **task}))
        command = [str(PWSH), "-NoProfile", "-NonInteractive", "-File", str(HERE / "run.ps1"), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def run(self, module: str, check_mode: bool = False, **params: t.Any) -> t.Any:
        """Run a module; its result."""
        params.setdefault("progress_file", str(self.progress))
        return self._pwsh({"module": module, "params": params, "check_mode": check_mode})

    def code(self, code: str) -> t.Any:
        """Run a line inside the module util."""
        return self._pwsh({"code": code})

    def calls(self) -> list[str]:
        """What dsa_control and the service were asked."""
        return self.journal.read_text().splitlines() if self.journal.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_record(machine: Machine) -> None:
    agent = machine.run("win_dsa_info")["agent"]
    assert agent["installed"] is True and agent["problems"] == []
    assert agent["versions"] == {"registry": "20.0.0.5995", "file": "20.0.0.5995", "dsa_query": "20.0.0-5995"}
    assert (agent["version_raw"], agent["version_source"]) == ("20.0.0.5995", "registry")
    assert (agent["os_version"], agent["arch"]) == ("10.0.17763", "x86_64")
    assert agent["service"] == {"name": "ds_agent", "state": "running"}
    assert agent["activated"] is True and agent["manager_url"] == "https://dsm.example.com:4120/"
    assert [pattern["name"] for pattern in agent["anti_malware"]["patterns"]] == [
        "IntelliTrap Pattern",
        "Smart Scan Agent Pattern",
    ]
    assert agent["anti_malware"]["drivers"] == {"tmcomm": "running", "tmactmon": "running", "tmevtmgr": "running"}
    assert agent["relay"] == {"enabled": False, "source": "tcp_4122_listener"}
    assert agent["reboot"] == {"required": False, "reasons": []}
    assert agent["product_code"] == "{11111111-2222-3333-4444-555555555555}"


def unlisted(machine: Machine) -> None:
    """Neither the registry nor the folder shows an agent."""
    del machine.facts["registry"][UNINSTALL]
    machine.facts["file_version"] = None
    (machine.agent / "dsa_query.cmd").unlink()


def test_no_agent(machine: Machine) -> None:
    unlisted(machine)
    machine.facts["services"] = []
    agent = machine.run("win_dsa_info")["agent"]
    assert agent["installed"] is False and agent["problems"] == [] and agent["versions"] == {}
    assert agent["install_dir"] is None and agent["relay"] == {"enabled": None, "source": None}
    assert agent["service"] == {"name": "ds_agent", "state": "missing"} and agent["remediation"] is None
    assert agent["anti_malware"]["service"] == {"name": "Amsp", "state": "missing"}
    assert set(agent["anti_malware"]["drivers"].values()) == {"missing"}


@pytest.mark.parametrize("state", ["Running", "Start Pending", "Paused"])
def test_an_agent_that_runs_is_seen_where_nothing_lists_it(machine: Machine, state: str) -> None:
    unlisted(machine)
    machine.facts["services"][0]["State"] = state
    agent = machine.run("win_dsa_info")["agent"]
    assert agent["installed"] is False and agent["problems"] == []
    assert agent["service"] == {"name": "ds_agent", "state": state.lower()}


def test_a_note_outlives_the_agent(machine: Machine) -> None:
    unlisted(machine)
    note = {"phase": "upgrading", "self_protection": "off", "reboot_asked": "2026-11-01T03:04:05Z"}
    machine.progress.write_text(json.dumps(note))
    agent = machine.run("win_dsa_info")["agent"]
    assert agent["installed"] is False and agent["remediation"] == note
    assert agent["reboot"] == {"required": False, "reasons": []}
    machine.progress.write_text("{")
    agent = machine.run("win_dsa_info")["agent"]
    assert agent["remediation"] is None and "is damaged (" in agent["problems"][0]


def test_an_agent_that_hangs_is_killed_and_what_it_said_counts(machine: Machine) -> None:
    machine.answers("PluginVersion.core: 20.0.0-5995\n", "exec sleep 60")
    agent = machine.run("win_dsa_info", timeout=2)["agent"]
    assert agent["versions"]["dsa_query"] == "20.0.0-5995"
    assert "dsa_query: no answer within 2 s" in agent["problems"]


def test_an_unfinished_upgrade_has_no_version(machine: Machine) -> None:
    other = UNINSTALL.replace("1111", "9999")
    machine.facts["registry"][other] = {**machine.facts["registry"][UNINSTALL], "DisplayVersion": "20.0.2.1390"}
    agent = machine.run("win_dsa_info")["agent"]
    assert agent["version_raw"] is None
    assert any("more than one version" in problem for problem in agent["problems"])


def test_what_cannot_be_read_is_null_with_a_reason(machine: Machine) -> None:
    machine.facts["unreadable"] = [UNINSTALL.rpartition("\\")[0], rf"{CONTROL}\Session Manager"]
    agent = machine.run("win_dsa_info")["agent"]
    assert agent["version_source"] == "file"
    assert agent["reboot"]["required"] is None
    assert {problem.partition(":")[0] for problem in agent["problems"]} == {"registry", "reboot, file_rename"}


@pytest.mark.parametrize(
    ("operations", "required", "reasons"),
    [
        ([r"\??\C:\Windows\Temp\a", ""], False, ["file_rename_other: 1 files of other programs, first"]),
        ([r"\??\C:\Windows\System32\drivers\TMComm.sys", ""], True, ["file_rename_agent: 1 files of the agent, first"]),
        (
            [r"\??\C:\a", r"!\??\C:\Windows\System32\drivers\tbimdsa.sys", r"*1\??\C:\b", "", "", ""],
            True,
            ["file_rename_agent: 1 files of the agent, first", "file_rename_other: 1 files of other programs, first"],
        ),
    ],
)
def test_files_to_rename(machine: Machine, operations: list[str], required: bool, reasons: list[str]) -> None:
    machine.facts["registry"][rf"{CONTROL}\Session Manager"] = {"PendingFileRenameOperations": operations}
    reboot = machine.run("win_dsa_info")["agent"]["reboot"]
    assert reboot["required"] is required
    assert [reason.rpartition(" ")[0] for reason in reboot["reasons"]] == reasons


@pytest.mark.parametrize(
    ("owners", "enabled"),
    [
        ([{"id": 7, "path": r"C:\P\relay\x.exe"}], True),
        ([{"id": 7, "path": r"C:\Pother\x.exe"}], False),
        ([{"id": 7, "path": None}], None),
        ([{"id": 4, "path": None}], False),
        ([], None),
        (None, None),
    ],
)
def test_relay(machine: Machine, owners: list[dict[str, t.Any]] | None, enabled: bool | None) -> None:
    machine.facts["owners"] = owners
    assert machine.code(r"Resolve-DsaRelay -Owner $script:Machine.owners -InstallDir C:\P") is enabled


@pytest.mark.parametrize(
    ("text", "newer"),
    [
        ("20.0.0.6313", True),
        ("20.0.0-6313", True),
        ("20.0.2-1390", True),
        ("20.0.0.5995", False),
        ("20.0.6313", False),  # not the whole build
        ("", False),
    ],
)
def test_builds(machine: Machine, text: str, newer: bool) -> None:
    target = '(ConvertTo-DsaBuild -Text "20.0.0-6313")'
    assert machine.code(f'Test-DsaAtLeast -Build (ConvertTo-DsaBuild -Text "{text}") -Target {target}') is newer


def test_arguments_for_cmd(machine: Machine) -> None:
    assert machine.code("ConvertTo-DsaArgument -Argument '--selfprotect=0'") == "--selfprotect=0"
    assert machine.code(r"ConvertTo-DsaArgument -Argument 'a&b%c\'") == '"a&b%c\\\\"'
    assert machine.code("try { ConvertTo-DsaArgument -Argument 'a\"b' } catch { 'refused' }") == "refused"


def test_output_in_the_code_page_of_the_host(machine: Machine) -> None:
    said = ", ".join(f"0x{byte:02x}" for byte in "\u65e5\u672c".encode("cp932"))
    assert machine.code(f"ConvertFrom-DsaByte -Byte @({said})") == "\u65e5\u672c"


def test_log_of_the_installer(machine: Machine) -> None:
    log = machine.folder / "install.log"
    lines = ["a", "MSI (s) (A4:5C): MainEngineThread is returning 1603", *"b" * 30, "Error 1722. There is a problem"]
    log.write_text("\r\n".join(lines), encoding="utf-16")
    found = machine.code(f'Get-DsaInstallerLog -Path "{log}"')
    assert found[0].endswith("returning 1603") and found[-1] == lines[-1] and len(found) == 21


def test_upgrade(machine: Machine) -> None:
    package = machine.folder / "agent.msi"
    package.write_bytes(b"msi")
    given: dict[str, t.Any] = {"version": "20.0.2-1390", "path": str(package), "verify": True, "service_timeout": 1}
    given["self_protection"] = True
    digest = hashlib.sha256(b"msi").hexdigest()

    foretold = machine.run("win_dsa_upgrade", check_mode=True, step="begin", sha256=digest, **given)
    assert foretold["verified_by"] == "SHA-256" and not machine.progress.exists() and machine.calls() == []

    begun = machine.run("win_dsa_upgrade", step="begin", sha256=digest, **given)
    assert begun["done"] is False and begun["before"] == "20.0.0.5995" and begun["path"] == str(package)
    noted = json.loads(machine.progress.read_text())
    assert noted["phase"] == "upgrading" and noted["from"] == "20.0.0.5995" and noted["self_protection"] == "off"

    failed = machine.run("win_dsa_upgrade", step="end", failed=True, **given)
    assert failed["after"] == "20.0.0.5995" and failed["log_lines"] == [] and failed["changed"] is False
    assert json.loads(machine.progress.read_text())["self_protection"] is None

    late = machine.run("win_dsa_upgrade", step="end", **given)
    assert late["failed"] and "1 s later dsa_query says 20.0.0-5995" in late["msg"]

    machine.upgraded()
    ended = machine.run("win_dsa_upgrade", step="end", **given)
    assert ended["changed"] is True and ended["after"] == "20.0.2.1390" and not package.exists()
    assert json.loads(machine.progress.read_text())["phase"] == "update_pending"
    assert machine.run("win_dsa_upgrade", step="begin", **given)["done"] is True
    assert machine.calls() == ["--selfprotect=0", *["--selfprotect=1"] * 3]


def test_a_package_that_is_not_trusted_does_not_stay(machine: Machine) -> None:
    package = machine.folder / "agent.msi"
    for changes in ({"sha256": "0" * 64}, {}):
        package.write_bytes(b"msi")
        machine.facts["signature"] = "NotSigned"
        given: dict[str, t.Any] = {
            "version": "20.0.2-1390",
            "path": str(package),
            "verify": True,
            "service_timeout": 1,
            **changes,
        }
        result = machine.run("win_dsa_upgrade", step="begin", **given)
        assert result["failed"] and result["refused"] and not package.exists()
        assert "The host now has: 20.0.0.5995" in result["msg"]


def test_a_reboot_that_is_put_off_is_not_forgotten(machine: Machine) -> None:
    machine.upgraded()
    given: dict[str, t.Any] = {"version": "20.0.2-1390", "service_timeout": 1, "reboot_required": True}
    assert machine.run("win_dsa_upgrade", step="end", **given)["reboot"]["required"] is True
    reboot = machine.run("win_dsa_info")["agent"]["reboot"]
    assert reboot["required"] is True and reboot["reasons"][0].startswith("agent_installer: ")
    noted = json.loads(machine.progress.read_text())
    machine.progress.write_text(json.dumps({**noted, "reboot_asked": "2026-10-01T03:04:05Z"}))
    assert machine.run("win_dsa_info")["agent"]["reboot"] == {"required": False, "reasons": []}


@pytest.mark.parametrize("before", [None, "off"])
def test_what_was_unprotected_before_stays_noted(machine: Machine, before: str | None) -> None:
    package = machine.folder / "agent.msi"
    package.write_bytes(b"msi")
    machine.progress.parent.mkdir(parents=True, exist_ok=True)
    machine.progress.write_text(json.dumps({"self_protection": before}))
    machine.facts["refusal"] = "a wrong password"
    given: dict[str, t.Any] = {"version": "20.0.2-1390", "path": str(package), "verify": True, "service_timeout": 1}
    result = machine.run("win_dsa_upgrade", step="begin", self_protection=True, **given)
    assert result["failed"] and "a wrong password" in result["msg"]
    assert json.loads(machine.progress.read_text())["self_protection"] == before


def test_arguments_of_dsa_control_are_not_shown(machine: Machine) -> None:
    machine.facts["refusal"] = "dsa_control -a token:s3cr3t9 was refused: s3cr3t9 is no token"
    result = machine.run("win_dsa_control", arguments=["-a", "token:s3cr3t9"], timeout=5)
    assert result["msg"] == "dsa_control -a ******** was refused: ******** is no token"


def test_restart_of_an_old_agent(machine: Machine) -> None:
    machine.upgraded()
    machine.answers(ANSWER)
    given: dict[str, t.Any] = {"version": "20.0.2-1390", "service_timeout": 1, "self_protection": True}
    result = machine.run("win_dsa_upgrade", step="restart", **given)
    assert result["failed"] and machine.calls() == ["--selfprotect=0", "restart", "--selfprotect=1"]


def test_security_update(machine: Machine) -> None:
    given: dict[str, t.Any] = {
        "trigger": ["-m", "UpdateComponent:true"],
        "log_folder": str(machine.folder / "diag"),
        "success_regex": "9016",
        "failure_regex": "9017",
    }
    log = machine.folder / "diag" / "ds_agent.log"
    log.parent.mkdir()
    log.write_text("an old 9017\n")
    machine.run("win_dsa_security_update", step="start", **given)
    assert machine.calls() == ["-m UpdateComponent:true"]
    assert machine.run("win_dsa_security_update", step="look", **given)["state"] == "running"
    log.rename(log.with_name("ds_agent.1.log"))
    log.write_text("")
    assert machine.run("win_dsa_security_update", step="look", **given)["state"] == "running"
    machine.answers(ANSWER.replace("20.301.00", "20.305.00"))
    assert machine.run("win_dsa_security_update", step="look", **given)["state"] == "running"
    seen = machine.run("win_dsa_security_update", step="look", **given)
    assert seen["state"] == "succeeded" and "Smart Scan Agent Pattern 20.305.00" in seen["evidence"]
    assert json.loads(machine.progress.read_text())["phase"] == "done"


def test_a_failure_in_the_log(machine: Machine) -> None:
    folder = machine.folder / "diag"
    folder.mkdir()
    given: dict[str, t.Any] = {
        "trigger": ["-m"],
        "log_folder": str(folder),
        "success_regex": "9016",
        "failure_regex": "9017",
    }
    machine.run("win_dsa_security_update", step="start", **given)
    (folder / "ds_agent.log").write_text("| 9017 | failed\n")
    seen = machine.run("win_dsa_security_update", step="look", **given)
    assert seen["state"] == "failed" and seen["evidence"] == "| 9017 | failed"
