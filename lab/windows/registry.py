# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry of a Windows host, below HKLM: made from the machine's state, the same for both engines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import msi
from .agent import INSTALL_DIR
from .engine.host import Registry

if TYPE_CHECKING:
    from .machine import WindowsMachine

# Name -> (kind, value), as .NET names the kinds.
Values = dict[str, tuple[str, Any]]
Keys = dict[str, Values]

WINDOWS = r"SOFTWARE\Microsoft\Windows\CurrentVersion"
NT = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
CONTROL = r"SYSTEM\CurrentControlSet\Control"
SERVICES = r"SYSTEM\CurrentControlSet\Services"
UNINSTALL = WINDOWS + r"\Uninstall"
PACKAGES = WINDOWS + r"\Component Based Servicing\Packages"
PRODUCT = r"SOFTWARE\TrendMicro\Deep Security Agent"
SHARED_DLLS = ("concrt140.dll", "msvcp140.dll", "vccorlib140.dll")
INSTALLED = 112
# What only administrators of another program may read.
DENIED = UNINSTALL + r"\{00000000-1AB0-1AB0-1AB0-000000000000}"
# What requires a reboot -> the key that is there then.
PENDING_KEYS = {
    "component_based_servicing": WINDOWS + r"\Component Based Servicing\RebootPending",
    "windows_update": WINDOWS + r"\WindowsUpdate\Auto Update\RebootRequired",
}
RENAMED = {
    "file_rename_agent": [r"\??\C:\Windows\System32\drivers\tbimdsa.sys", "", r"\??\C:\Config.Msi\1.rbf", ""],
    "file_rename_other": [r"\??\C:\Windows\Temp\~other.tmp", ""],
}


def text(value: str) -> tuple[str, Any]:
    return "String", value


def number(value: int) -> tuple[str, Any]:
    return "DWord", value


def of(machine: WindowsMachine) -> Registry:
    """Every key that has values, or is there without; the keys above them are there too."""
    parts = (windows, pending, trust, agent, uninstall)
    denied = {DENIED} if machine.fault("registry_denied") else set()
    return Registry({path: values for part in parts for path, values in part(machine).items()}, denied)


def windows(machine: WindowsMachine) -> Keys:
    release, about = machine.release, machine.about
    version = {"CurrentVersion": text(release.nt), "ProductName": text(release.product)}
    version["CurrentBuildNumber"] = text(str(release.build))
    if release.nt == "10.0":
        numbers = {"CurrentMajorVersionNumber": number(10), "CurrentMinorVersionNumber": number(0)}
        version |= {"CurrentVersion": text("6.3"), **numbers}
    if about["ubr"] is not None:
        version["UBR"] = number(about["ubr"])
    processor = "x86" if about["arch"] == "i386" else "AMD64"
    return {
        NT: version,
        CONTROL + r"\Session Manager\Environment": {"PROCESSOR_ARCHITECTURE": text(processor)},
        CONTROL + r"\Nls\CodePage": {"OEMCP": text("932" if machine.japanese else "437")},
        SERVICES + r"\Netlogon": {"Start": number(3)},
        WINDOWS + r"\SharedDLLs": {rf"C:\Windows\System32\{name}": number(2) for name in SHARED_DLLS},
        UNINSTALL + r"\{3F0E1A52-0000-4E1B-9C4D-7A57C0DE0001}": {"DisplayName": text("Another Program")},
        **{rf"{PACKAGES}\{name}": {"CurrentState": number(INSTALLED)} for name in machine.state["packages"]},
    }


def pending(machine: WindowsMachine) -> Keys:
    """What waits for a reboot. What the agent's installer put into Config.Msi stands nowhere in the registry."""
    codes = machine.state["pending"]
    found: Keys = {key: {} for code, key in PENDING_KEYS.items() if code in codes}
    server = {"RestartRequired": number(1)} if "server_manager" in codes else {}
    found[r"SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache"] = server
    if "sccm" in codes:
        found[SERVICES + r"\CcmExec"] = {"Start": number(2)}
    name = machine.name.upper()
    other = "NEW-NAME" if "computer_rename" in codes else name
    found[CONTROL + r"\ComputerName\ComputerName"] = {"ComputerName": text(other)}
    found[CONTROL + r"\ComputerName\ActiveComputerName"] = {"ComputerName": text(name)}
    renamed = [path for code, paths in RENAMED.items() if code in codes for path in paths]
    found[CONTROL + r"\Session Manager"] = {"PendingFileRenameOperations": ("MultiString", renamed)} if renamed else {}
    return found


def trust(machine: WindowsMachine) -> Keys:
    certificates = r"SOFTWARE\Microsoft\SystemCertificates\AuthRoot\AutoUpdate"
    found: Keys = {certificates: {}}
    if not machine.about["root_updates"]:
        policy = r"SOFTWARE\Policies\Microsoft\SystemCertificates\AuthRoot"
        found[policy] = {"DisableRootAutoUpdate": number(1)}
    return found


def agent(machine: WindowsMachine) -> Keys:
    """Its own key, and the services; a removal can leave them behind."""
    left = machine.state.get("keys_left")
    if machine.state["build"] is None and not left:
        return {}
    found: Keys = {}
    for entry in machine.agent.service_entries(listed=bool(left)):
        key = SERVICES + "\\" + entry["name"]
        found[key] = {"ImagePath": ("ExpandString", entry["path"]), "Start": number(entry["start"])}
    if not machine.fault("agent_not_listed"):
        found[PRODUCT] = {"InstallationFolder": text(INSTALL_DIR + "\\")}
    return found


def uninstall(machine: WindowsMachine) -> Keys:
    build = machine.state["build"]
    found: Keys = {}
    if build is None or machine.fault("agent_not_listed"):
        return found
    builds = [machine.fault("registry_stale") or build]
    if machine.fault("listed_twice"):
        builds.append(machine.fault("listed_twice"))
    for one in builds:
        code = msi.product_code(one)
        entry = {"DisplayName": text(msi.PRODUCT), "UninstallString": text(f"MsiExec.exe /X{code}")}
        if not machine.fault("no_display_version"):
            entry["DisplayVersion"] = text(dotted(one))
        if machine.state["install_date"]:
            entry["InstallDate"] = text(machine.state["install_date"])
        found[rf"{UNINSTALL}\{code}"] = entry
    return found


def dotted(build: str) -> str:
    """As Windows writes versions; the vendor's own form is not known publicly."""
    return build.replace("-", ".")
