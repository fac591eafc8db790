# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules must return on a Windows with the fake agent, in the order in which they run.

Standard library only: it runs on a bare Windows too. One scenario for each module and step; what can go wrong on a host
has its tests in tests/powershell, on hosts that are described.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Read = Callable[[str], bytes]
Check = Callable[[dict[str, Any], Read], None]
AGENT = r"C:\Program Files\Trend Micro\Deep Security Agent"
DATA = r"C:\Program Files\deep_security_remediation"
NOTE = rf"{DATA}\progress.json"
PRODUCT = r"SOFTWARE\TrendMicro\Deep Security Agent"
CURRENT = r"SOFTWARE\Microsoft\Windows\CurrentVersion"
PACKAGES = rf"{CURRENT}\Component Based Servicing\Packages"
WINDOWS = [r"SOFTWARE\Microsoft\Windows NT\CurrentVersion", "CurrentBuildNumber"]
UNINSTALL = {
    "paths": [rf"{CURRENT}\Uninstall"],
    "words": ["Deep Security"],
    "by": "DisplayName",
    "names": ["DisplayName", "DisplayVersion"],
}
RELAY_PORT = 4122
# Microsoft Root Certificate Authority 2011, which every Windows has.
ROOT = "8F43288AD272F3103B6FB1428485EA3014C0BCFE"
TOKEN = "0B4F8A9C-token-of-an-activation"


@dataclass(frozen=True)
class Scenario:
    """One run of a module. listens: something listens on the Relay's port meanwhile."""

    name: str
    module: str
    check: Check
    options: dict[str, Any] = field(default_factory=dict)
    check_mode: bool = False
    listens: bool = False


SCENARIOS: list[Scenario] = []


def scenario(
    module: str, *, check_mode: bool = False, listens: bool = False, **options: Any
) -> Callable[[Check], Check]:
    """Adds a scenario whose check is the function below."""

    def add(check: Check) -> Check:
        SCENARIOS.append(Scenario(check.__name__, module, check, options, check_mode, listens))
        return check

    return add


def note_of(read: Read) -> dict[str, Any]:
    """The progress note."""
    found: dict[str, Any] = json.loads(read(NOTE))
    return found


def services(reading: dict[str, Any]) -> dict[str, Any]:
    """The services of a reading, by their names."""
    return {entry["name"].lower(): entry for entry in reading["services"]["entries"]}


@scenario("win_dsa_info", keys={"windows": WINDOWS}, below={"uninstall": UNINSTALL})
def reading(result: dict[str, Any], read: Read) -> None:
    found = result["reading"]
    assert found["clock"]["error"] is None and found["keys"]["windows"]["exists"] is True
    assert found["keys"]["windows"]["values"]["CurrentBuildNumber"]["type"] == "String"
    assert found["keys"]["product"]["values"]["InstallationFolder"] == {
        "type": "String",
        "value": AGENT + "\\",
        "cut": False,
    }
    assert found["keys"]["product_spaced"]["exists"] is False and found["keys"]["product_spaced"]["error"] is None
    (entry,) = found["uninstall"]["entries"]
    assert entry["values"]["DisplayVersion"]["value"] == "20.0.0.5995" and found["uninstall"]["errors"] == []
    assert services(found)["ds_agent"]["state"] == "Running" and services(found)["ds_agent"]["start_mode"] == "Auto"
    assert found["install_dir"] == AGENT and found["programs"]["dsa"]["version"] == "20.0.0.5995"
    answer = found["commands"]["dsa_query"]
    assert answer["rc"] == 0 and "PluginVersion.core: 20.0.0-5995\n" in answer["out"]
    assert "AgentStatus.agentState: green\n" in answer["out"] and "Component.AM.mode: on" in answer["out"]
    assert found["relay"]["listening"] is False and found["relay"]["owners"] == []
    assert found["clock"]["boot_time"] < found["clock"]["now"]
    assert found["files"]["note"]["exists"] is False and found["sccm"]["installed"] is False


@scenario("win_dsa_info", listens=True)
def reading_of_a_relay(result: dict[str, Any], read: Read) -> None:
    relay = result["reading"]["relay"]
    assert relay["listening"] is True and relay["error"] is None
    assert any(f":{RELAY_PORT}" in line for line in relay["lines"])
    (owner,) = relay["owners"]
    assert owner["id"] > 0 and "python" in owner["path"].lower()


@scenario("win_dsa_upgrade", step="begin", note={"run": "r1"}, self_protection=True, check_mode=True)
def begin_in_check_mode(result: dict[str, Any], read: Read) -> None:
    assert result["changed"] is True
    try:
        raise AssertionError(read(NOTE))
    except FileNotFoundError:
        pass  # nothing was written


@scenario("win_dsa_upgrade", step="begin", note={"run": "r1"}, self_protection=True, self_protection_password="a b%c&d")
def begin(result: dict[str, Any], read: Read) -> None:
    assert result["changed"] is True and result["waited"] is False and result["self_protection"] == "off"
    note = note_of(read)
    assert note["phase"] == "upgrading" and note["self_protection"] == "off" and note["run"] == "r1"


@scenario("win_dsa_upgrade", step="end", self_protection_password="a b%c&d", reboot_required=True)
def end(result: dict[str, Any], read: Read) -> None:
    assert result["self_protection"] == "on"
    note = note_of(read)
    assert "self_protection" not in note and note["reboot_due_since"].endswith("Z")


@scenario("win_dsa_upgrade", step="begin", path=rf"{AGENT}\package.msi", sha256="0" * 64)
def package_refused(result: dict[str, Any], read: Read) -> None:
    assert result["failed"] is True and result["code"] == "package_refused" and result["refused"] is True


@scenario("win_dsa_upgrade", step="begin", path=rf"{AGENT}\package.msi", sha256="0" * 64)
def package_removed(result: dict[str, Any], read: Read) -> None:
    assert result["failed"] is True and result["code"] == "not_there"


@scenario("win_dsa_upgrade", step="restart", self_protection=True, service_timeout=60)
def restart(result: dict[str, Any], read: Read) -> None:
    assert result["changed"] is True and result["self_protection"] == "on" and "failed" not in result


@scenario("win_dsa_info")
def reading_after_a_restart(result: dict[str, Any], read: Read) -> None:
    found = result["reading"]
    # Amsp depends on ds_agent: Windows stopped it, and does not start it by itself.
    assert {services(found)[name]["state"] for name in ("ds_agent", "amsp")} == {"Running"}
    assert json.loads(found["files"]["note"]["text"])["run"] == "r1"


@scenario("win_dsa_upgrade", step="protect")
def protect(result: dict[str, Any], read: Read) -> None:
    assert result["self_protection"] == "on"


@scenario("win_dsa_upgrade", step="note", note={"phase": "done"})
def note(result: dict[str, Any], read: Read) -> None:
    assert result["changed"] is True and note_of(read)["phase"] == "done"


@scenario("win_dsa_security_update", step="start")
def update_begins(result: dict[str, Any], read: Read) -> None:
    assert result["request"]["accepted"] is True and result["query"]["rc"] == 0
    (mark,) = result["marks"]
    assert mark["name"] == "ds_agent.log" and mark["size"] > 0 and len(mark["fingerprint"]) == 64
    assert note_of(read)["phase"] == "update_pending"


@scenario("win_dsa_security_update", step="look", marks=[])
def update_is_looked_at(result: dict[str, Any], read: Read) -> None:
    assert any("line of the fake agent" in line["text"] for line in result["lines"])
    assert result["changed"] is False and json.loads(result["note_text"])["phase"] == "update_pending"


@scenario("win_dsa_security_update", step="confirm", note={"phase": "done"})
def update_is_confirmed(result: dict[str, Any], read: Read) -> None:
    assert result["changed"] is True and note_of(read)["done_at"].endswith("Z")


@scenario("win_dsa_security_update", step="diagnose")
def diagnostics(result: dict[str, Any], read: Read) -> None:
    assert result["path"].endswith(r"\diag\1234567890.zip")


@scenario("win_dsa_control", arguments=["-m", "UpdateComponent:true"])
def control(result: dict[str, Any], read: Read) -> None:
    assert result["changed"] is True and result["reply"]["accepted"] is True


@scenario("win_dsa_control", arguments=["--refuse", f"token:{TOKEN}"])
def control_refused(result: dict[str, Any], read: Read) -> None:
    assert result["failed"] is True and result["code"] == "refused"
    assert TOKEN not in json.dumps(result)


@scenario("win_dsa_control", arguments=["-a", f"token:{TOKEN}"], no_such_option=1)
def option_refused(result: dict[str, Any], read: Read) -> None:
    assert result["failed"] is True and "no_such_option" in result["msg"]
    assert TOKEN not in json.dumps(result)


@scenario("win_dsa_package_info", path=r"C:\Program Files\PowerShell\7\pwsh.exe")
def signature(result: dict[str, Any], read: Read) -> None:
    package = result["package"]
    assert package["status"] == "Valid" and package["error"] is None and package["partial"] is False
    assert "O=Microsoft Corporation" in package["signer"]
    assert len(package["chain"]) >= 2 and len(package["sha256"]) == 64


@scenario("win_dsa_package_info", path=rf"{AGENT}\dsa.exe")
def no_signature(result: dict[str, Any], read: Read) -> None:
    package = result["package"]
    assert package["status"] == "NotSigned" and package["signer"] is None and package["chain"] == []


@scenario(
    "win_dsa_host_info",
    keys={"windows": WINDOWS, "dll": [rf"{CURRENT}\SharedDLLs", r"%SystemRoot%\no\such.dll"]},
    below={"servicing": {"paths": [PACKAGES], "words": ["KB"], "by": "", "names": ["CurrentState"]}},
    certificates={"Root": [ROOT], "Disallowed": [ROOT]},
    system=True,
)
def precheck(result: dict[str, Any], read: Read) -> None:
    found = result["reading"]
    assert found["certificates"]["Root"] == {"thumbprints": [ROOT], "error": None}
    assert found["certificates"]["Disallowed"] == {"thumbprints": [], "error": None}
    assert found["room"]["drive"] == "C:" and found["room"]["free_bytes"] > 0 and found["sccm"]["installed"] is False
    assert found["servicing"]["errors"] == [] and found["keys"]["windows"]["exists"] is True
    assert found["keys"]["dll"]["values"] == {}


@scenario(
    "win_dsa_host_info",
    keys={"there": [PRODUCT], "none": [rf"{PRODUCT}\none"], "value": [PRODUCT, "InstallationFolder"]},
    below={"uninstall": UNINSTALL},
    paths=[r"%ProgramFiles%\Trend Micro\Deep Security Agent", r"%SystemRoot%\System32\drivers\none.sys"],
)
def leftovers(result: dict[str, Any], read: Read) -> None:
    found = result["reading"]
    keys = found["keys"]
    assert (keys["there"]["exists"], keys["there"]["values"], keys["none"]["exists"]) == (True, {}, False)
    assert list(keys["value"]["values"]) == ["InstallationFolder"]
    assert [(path["exists"], path["folder"]) for path in found["paths"]] == [(True, True), (False, None)]
    assert len(found["uninstall"]["entries"]) == 1
