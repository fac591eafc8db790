# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What is read of the registry of a Windows host. The modules there have no lists of their own.

KEYS: a name -> the path of a key below HKLM, and the names of values. BELOW: a name -> the keys right below some paths
whose name, or whose value "by", contains one of the words, and the names of values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CURRENT = r"SOFTWARE\Microsoft\Windows\CurrentVersion"
_CONTROL = r"SYSTEM\CurrentControlSet\Control"
_UNINSTALL = r"Microsoft\Windows\CurrentVersion\Uninstall"
KEYS: Mapping[str, list[str]] = {
    "windows": [
        r"SOFTWARE\Microsoft\Windows NT\CurrentVersion",
        *("CurrentMajorVersionNumber", "CurrentMinorVersionNumber", "CurrentVersion", "CurrentBuildNumber"),
        *("UBR", "ProductName"),
    ],
    "environment": [rf"{_CONTROL}\Session Manager\Environment", "PROCESSOR_ARCHITECTURE"],
    # By these Windows remembers that it is to be started anew.
    "component_based_servicing": [rf"{_CURRENT}\Component Based Servicing\RebootPending"],
    "windows_update": [rf"{_CURRENT}\WindowsUpdate\Auto Update\RebootRequired"],
    "server_manager": [
        r"SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache",
        "RestartRequired",
    ],
    "computer_name": [rf"{_CONTROL}\ComputerName\ComputerName", "ComputerName"],
    "active_computer_name": [rf"{_CONTROL}\ComputerName\ActiveComputerName", "ComputerName"],
    "session_manager": [
        rf"{_CONTROL}\Session Manager",
        *("PendingFileRenameOperations", "PendingFileRenameOperations2"),
    ],
}
NETLOGON: Mapping[str, Any] = {
    "paths": [r"SYSTEM\CurrentControlSet\Services\Netlogon"],
    "words": ["JoinDomain", "AvoidSpnSet"],
    "by": "",
    "names": [],
}
UNINSTALL: Mapping[str, Any] = {
    "paths": [rf"SOFTWARE\{_UNINSTALL}", rf"SOFTWARE\WOW6432Node\{_UNINSTALL}"],
    "words": ["Deep Security"],
    "by": "DisplayName",
    "names": ["DisplayName", "DisplayVersion", "InstallDate", "UninstallString"],
}


def reading_options() -> dict[str, Any]:
    """What win_dsa_info is to read besides the agent's own files and services."""
    return {"keys": dict(KEYS), "below": {"netlogon": dict(NETLOGON), "uninstall": dict(UNINSTALL)}}
