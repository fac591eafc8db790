# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What an uninstallation of the agent should have removed from a Windows host, and what is there of it.

The lists are known from the field and are no lists of the vendor's: good for looking, never for deleting.
"""

from __future__ import annotations

import ntpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._text import one_line
from .registry import Key, Unreadable
from .windows_reboot import DRIVER_FILES
from .windows_tables import UNINSTALL

Options = dict[str, Any]

_SERVICES = (
    *("ds_agent", "ds_notifier", "ds_monitor", "Amsp", "ds_nuagent", "tbimdsa", "tmactmon", "tmcomm", "tmevtmgr"),
    *("tmumh", "tmebc", "tmeyes"),
)
_PRODUCTS = ("AEGIS", "AMSP", "AMSPStatus", "Deep Security Agent", "Falcon", "WL")
_EVENT_SOURCES = (r"Application\Deep Security Agent", r"Application\Deep Security Relay", r"System\tbimdsa")
# As the installer of Windows writes them; which of them is the Agent, the Notifier and the Relay is not known.
_UPGRADE_CODES = (
    "689D08D76B5A47A4FB59D97D2C4B9308",
    "9595A43D099883B49B6A1D3194B54E48",
    "FD7DF71DF377E464F8F59FDA68339BD0",
)
_FOLDERS = ("Deep Security Agent", "Deep Security Notifier", "AMSP")
# Other products of the vendor bring these as well.
_SHARED = frozenset(("tmcomm", "tmumh", "aegis"))
_SERVICE_KEYS = "SYSTEM\\CurrentControlSet\\Services\\"
_NOTIFIER = "Deep Security Notifier"
_RUN = r"Microsoft\Windows\CurrentVersion\Run"
_VIEWS = ("SOFTWARE", r"SOFTWARE\WOW6432Node")


def leftover_options() -> Options:
    """What win_dsa_host_info is to look for."""
    keys = [_SERVICE_KEYS + name for name in _SERVICES]
    keys += [rf"{view}\TrendMicro\{name}" for name in _PRODUCTS for view in _VIEWS]
    keys += [rf"{_SERVICE_KEYS}EventLog\{name}" for name in _EVENT_SOURCES]
    installer = (r"Classes\Installer", r"Microsoft\Windows\CurrentVersion\Installer")
    keys += [rf"SOFTWARE\{place}\UpgradeCodes\{code}" for code in _UPGRADE_CODES for place in installer]
    paths = [rf"{root}\Trend Micro\{name}" for name in _FOLDERS for root in ("%ProgramFiles%", "%ProgramData%")]
    paths += [r"%SystemRoot%\System32\LogFiles\ds_agent"]
    paths += [rf"%SystemRoot%\System32\drivers\{name}" for name in DRIVER_FILES]
    values = {rf"{view}\{_RUN}": [rf"{view}\{_RUN}", _NOTIFIER] for view in _VIEWS}
    return {
        "keys": {**{path: [path] for path in keys}, **values},
        "below": {"uninstall": dict(UNINSTALL)},
        "paths": paths,
    }


def judge_leftovers(found: object) -> tuple[list[Options], list[str]]:
    """What is left: kind, name, maybe_other_product; and what could not be looked at.

    found: the reading of win_dsa_host_info, for these options.
    """
    reading, options = found if isinstance(found, Mapping) else {}, leftover_options()
    problems: list[str] = []
    left: list[Options] = []
    uninstall = reading.get("uninstall")
    for look in (
        _keys(reading.get("keys"), options["keys"], problems),
        _paths(reading.get("paths"), options["paths"], problems),
        _entries(uninstall if isinstance(uninstall, Mapping) else {}, problems),
    ):
        try:
            for kind, name in look:
                shared = ntpath.splitext(ntpath.basename(name))[0].lower() in _SHARED
                left.append({"kind": kind, "name": name, "maybe_other_product": shared})
        except Unreadable as error:
            problems.append(str(error))
    return left, problems


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _keys(found: object, wanted: Mapping[str, Sequence[str]], problems: list[str]) -> Iterator[tuple[str, str]]:
    """Keys, services among them, and values: what has the name of a value counts where the value is there."""
    answers = found if isinstance(found, Mapping) else {}
    for name, (path, *values) in wanted.items():
        key = Key.of(answers.get(name), path)
        try:
            if not key.there:
                continue
        except Unreadable as error:
            problems.append(f"registry: {error}")
            continue
        if values:
            yield from (("registry", f"HKLM\\{path}\\{value}") for value in values if value in key.values)
            continue
        service = path[len(_SERVICE_KEYS) :] if path.startswith(_SERVICE_KEYS) else "\\"
        yield ("registry", f"HKLM\\{path}") if "\\" in service else ("service", service)


def _paths(found: object, wanted: Sequence[str], problems: list[str]) -> Iterator[tuple[str, str]]:
    answers = _list(found)
    for answer in answers:
        seen = answer if isinstance(answer, Mapping) else {}
        path, exists = one_line(seen.get("path"), 500), seen.get("exists")
        if exists is True:
            yield "folder" if seen.get("folder") is True else "file", path
        elif exists is not False:
            problems.append(f"files: {path}: {one_line(seen.get('error') or 'it was not looked at')}")
    if len(answers) != len(wanted):
        # Any of them may be the one that is missing.
        raise Unreadable(f"paths: {len(answers)} of {len(wanted)} were looked at")


def _entries(uninstall: Mapping[str, Any], problems: list[str]) -> Iterator[tuple[str, str]]:
    """Among the installed programs. The Manager is none of the agent's."""
    problems += [f"registry: {one_line(each)}" for each in _list(uninstall.get("errors"))]
    for answer in _list(uninstall.get("entries")):
        try:
            name = Key.of(answer, "an entry of the installed programs").text("DisplayName") or ""
        except Unreadable as error:
            problems.append(f"registry: {error}")
            continue
        if name and "deep security manager" not in " ".join(name.lower().split()):
            yield "uninstall_entry", one_line(name)
    if not isinstance(uninstall.get("entries"), list):
        raise Unreadable("registry: the installed programs were not read")
