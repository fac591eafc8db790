# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Raw readings of Windows hosts, as win_dsa_info returns them: healthy unless a test states otherwise."""

from __future__ import annotations

import copy
from typing import Any

Json = dict[str, Any]

FOLDER = "C:\\Program Files\\Trend Micro\\Deep Security Agent"
UNINSTALL = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall"
CODE = "{01234567-89AB-CDEF-0123-456789ABCDEF}"
NOTE = "C:\\Program Files\\deep_security_remediation\\progress.json"
ANSWER = """PluginVersion.core: 20.0.0-5995
AgentStatus.1: agentState
AgentStatus.agentState: green
AgentStatus.dsmUrl: https://dsm.example.com:4120/
AgentStatus.agentCertHash: 00:11
Component.AM.mode: on
Component.AM.driverOffline: false
Component.AM.version.engine.ATSE: 24.580.1013
Component.AM.version.pattern.7.name: Smart Scan Agent Pattern
Component.AM.version.pattern.7.version: 18.489.00
Component.CORE.version: 12.5
"""
_TYPES = {str: "String", int: "DWord", list: "MultiString"}


def value(content: object, kind: str | None = None, cut: bool = False) -> Json:
    """A value of the registry; its type by its content."""
    return {"type": kind or _TYPES[type(content)], "value": content, "cut": cut}


def key(path: str, exists: bool | None = True, /, **values: object) -> Json:
    """A key of the registry; its values as they are, or as value() makes them."""
    made = {name: each if isinstance(each, dict) else value(each) for name, each in values.items()}
    return {"path": path, "exists": exists, "values": made, "error": None if exists is not None else "Access is denied"}


def listed(version: object = "20.0.0.5995", name: object = "Trend Micro Deep Security Agent", code: str = CODE) -> Json:
    """An entry among the installed programs; without a version where that is None."""
    values = {"DisplayName": name, **({} if version is None else {"DisplayVersion": version})}
    return key(f"{UNINSTALL}\\{code}", **values)


def service(name: str = "ds_agent", state: object = "Running", **more: object) -> Json:
    """A service or driver, in Windows' own words."""
    path = f'"{FOLDER}\\dsa.exe"'
    return {"name": name, "state": state, "start_mode": "Auto", "exit_code": 0, "path": path, "process_id": 700, **more}


def program(name: str, version: str | None = None, exists: bool | None = True) -> Json:
    """A file of the agent."""
    error = None if exists is not None else "Access is denied"
    return {"path": f"{FOLDER}\\{name}", "exists": exists, "version": version, "changed": None, "error": error}


def answer(out: str = ANSWER, **more: Any) -> Json:
    """What dsa_query did."""
    return {"rc": 0, "out": out, "err": "", "cut": False, "missing": False, "timed_out": False, "argv": [], **more}


def reboot(**keys: Json) -> Json:
    """What Windows notes a reboot in: nothing, but these keys."""
    names = ("component_based_servicing", "windows_update", "server_manager")
    return {
        "keys": {
            **{name: key(name, False) for name in names},
            "computer_name": key("computer_name", ComputerName="WEB1"),
            "active_computer_name": key("active_computer_name", ComputerName="web1"),
            "session_manager": key("session_manager"),
            **keys,
        },
        "netlogon": {"entries": [], "errors": []},
        "sccm": {"installed": False, "pending": None, "hard": None, "error": None},
    }


WINDOWS: Json = {
    "windows": key(
        "windows",
        CurrentMajorVersionNumber=10,
        CurrentMinorVersionNumber=0,
        CurrentVersion="6.3",
        CurrentBuildNumber="17763",
        UBR=5329,
        ProductName="Windows Server 2019 Standard",
    ),
    "environment": key("environment", PROCESSOR_ARCHITECTURE="AMD64"),
}
DRIVERS = [service(name, path=None, process_id=None) for name in ("tmcomm", "tmactmon", "tmevtmgr")]
_HEALTHY: Json = {
    "timeout": 15,
    "os": "windows",
    "clock": {"utc_offset": 540, "boot_time": "2026-11-01T03:04:05Z", "now": "2026-11-03T03:04:05Z", "error": None},
    "keys": {
        **WINDOWS,
        "product": key("product", InstallationFolder=FOLDER),
        "product_spaced": key("product_spaced", False),
        "product_32": key("product_32", False),
        "service": key("service", ImagePath=f'"{FOLDER}\\dsa.exe"', Start=2),
    },
    "uninstall": {"entries": [listed()], "errors": []},
    "services": {"entries": [service(), service("Amsp", process_id=800), *DRIVERS], "error": None},
    "install_dir": FOLDER,
    "folders": [FOLDER],
    "programs": {
        "dsa": program("dsa.exe", "20.0.0.5995"),
        "dsa_query": program("dsa_query.cmd"),
        "dsa_control": program("dsa_control.cmd"),
    },
    "commands": {"dsa_query": answer()},
    "relay": {"port": 4122, "listening": False, "lines": [], "owners": [], "error": None},
    "files": {"note": {"path": NOTE, "exists": False, "text": None, "error": None, "cut": False}},
}
_NOTHING = {"path": None, "exists": None, "version": None, "changed": None, "error": None}
_ABSENT: Json = {
    "keys": {
        **WINDOWS,
        **{name: key(name, False) for name in ("product", "product_spaced", "product_32", "service")},
    },
    "uninstall": {"entries": [], "errors": []},
    "services": {"entries": [], "error": None},
    "install_dir": None,
    "programs": dict.fromkeys(("dsa", "dsa_query", "dsa_control"), _NOTHING),
    "commands": {},
}


def reading(**more: Any) -> Json:
    """A healthy host with these parts in place of its own, and with what it notes a reboot in."""
    found = {**_HEALTHY, **more}
    due = found.pop("reboot", None) or reboot()
    return copy.deepcopy({**found, **due, "keys": {**due.get("keys", {}), **found["keys"]}})


def nothing(**more: Any) -> Json:
    """A host without an agent."""
    return reading(**{**_ABSENT, **more})


def with_keys(found: Json, **keys: Json) -> Json:
    """The reading with these keys of the registry."""
    return {**found, "keys": {**found["keys"], **keys}}
