# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Whether a Windows host requires a reboot and why, from the raw keys that Windows notes it in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .._text import one_line
from .registry import Key, Unreadable
from .shape import Json, part, time_of
from .windows_paths import folded, of_agent

# Files of the agent's drivers, in System32\drivers.
DRIVER_FILES = (
    "tbimdsa.sys",
    "tmactmon.sys",
    "tmcomm.sys",
    "TMEBC64.sys",
    "TMEBC32.sys",
    "tmebc.sys",
    "tmevtmgr.sys",
    "TMUMH.sys",
    "tmeyes.sys",
)
_DRIVERS = frozenset(name.lower() for name in DRIVER_FILES)
# Other programs, virus scanners above all, have such renames day by day.
_WEAK = "file_rename_other"
_Reasons = Iterator[tuple[str, str]]


def windows_reboot(reading: Mapping[str, object], folders: Sequence[str]) -> tuple[Json, list[str]]:
    """{required, reasons}, and what could not be read. required: None where that may hide a reason.

    reading: a raw reading. folders: where the agent may be installed.
    """
    names, strong = part(reading, "keys"), False
    problems: list[str] = []
    keys = {name: Key.of(names.get(name), name) for name in _KEYS}
    reasons = []
    for found in (
        _updates(keys),
        _server_manager(keys),
        _new_name(keys),
        _joining(part(reading, "netlogon")),
        _sccm(part(reading, "sccm")),
        _renames(keys["session_manager"], list(folders)),
    ):
        try:
            # What a check yielded before it met something unreadable counts.
            for code, text in found:
                strong = strong or code != _WEAK
                reasons.append({"code": code, "text": text})
        except Unreadable as error:
            problems.append(str(error))
    return {"required": True if strong else None if problems else False, "reasons": reasons}, problems


def reboot_due(note: Mapping[str, object] | None, clock: Mapping[str, object]) -> bool:
    """Whether an installation noted that it requires a reboot, and none is known to have come since.

    Windows Installer puts replaced files into Config.Msi until the reboot, where nobody sees whose they were.
    """
    since, boot = (note or {}).get("reboot_due_since"), time_of(clock.get("boot_time"))
    if since is None:
        return False
    return not (boot and time_of(since) and boot > str(since))


_KEYS = (
    "component_based_servicing",
    "windows_update",
    "server_manager",
    "computer_name",
    "active_computer_name",
    "session_manager",
)


def _updates(keys: Mapping[str, Key]) -> _Reasons:
    unseen: list[str] = []
    for code, text in (
        ("component_based_servicing", "an update of Windows itself is not finished"),
        ("windows_update", "Windows Update requires one"),
    ):
        try:
            if keys[code].there:
                yield code, text
        except Unreadable as error:
            unseen.append(str(error))
    if unseen:
        raise Unreadable("; ".join(unseen))


def _server_manager(keys: Mapping[str, Key]) -> _Reasons:
    if keys["server_manager"].number("RestartRequired"):
        yield "server_manager", "a change of roles or features is not finished"


def _new_name(keys: Mapping[str, Key]) -> _Reasons:
    name, active = (keys[key].text("ComputerName") for key in ("computer_name", "active_computer_name"))
    if not name or not active:
        raise Unreadable(f"{keys['computer_name'].path}: ComputerName is not there")
    if name.lower() != active.lower():
        yield "computer_rename", f"the computer is {one_line(active, 40)} and will be {one_line(name, 40)}"


def _joining(netlogon: Mapping[str, object]) -> _Reasons:
    entries, errors = netlogon.get("entries"), netlogon.get("errors")
    paths = [Key.of(entry).path for entry in entries] if isinstance(entries, list) else []
    if {"joindomain", "avoidspnset"} & {path.rpartition("\\")[2].lower() for path in paths}:
        yield "computer_rename", "the computer joins a domain"
    elif errors != [] or not isinstance(entries, list):
        raise Unreadable(f"Netlogon: {one_line(errors or 'it was not read')}")


def _sccm(sccm: Mapping[str, object]) -> _Reasons:
    flags = [sccm.get("pending"), sccm.get("hard")]
    if True in flags:
        yield "sccm", "Configuration Manager requires one"
    elif sccm.get("installed") is not False and (flags != [False, False] or sccm.get("error")):
        raise Unreadable(f"Configuration Manager: {one_line(sccm.get('error') or 'it did not answer')}")


def _renames(key: Key, folders: list[str]) -> _Reasons:
    """Files to rename at the next start: pairs of a file, and its new name or nothing.

    Each entry is looked at by itself, as a list that lacks an entry shifts all pairs behind it; and wherever the path
    begins in it, as marks such as ! and *1 can stand before.
    """
    ours: list[str] = []
    others: list[str] = []
    unseen: list[str] = []
    for name in ("PendingFileRenameOperations", "PendingFileRenameOperations2"):
        try:
            texts, cut = key.texts(name)
        except Unreadable as error:
            unseen.append(str(error))
            continue
        if cut:
            unseen.append(f"{key.path}: {name} is too long and was cut")
        for text in texts:
            path = folded(text)
            if path:
                (ours if _is_ours(path, folders) else others).append(path)
    if ours:
        yield "file_rename_agent", f"{len(ours)} paths of the agent, first {one_line(ours[0], 120)}"
    if others:
        yield _WEAK, f"{len(others)} paths of other programs, first {one_line(others[0], 120)}"
    if unseen:
        raise Unreadable("; ".join(dict.fromkeys(unseen)))


def _is_ours(path: str, folders: list[str]) -> bool:
    folder, dummy, file = path.rpartition("\\")
    return (file in _DRIVERS and "\\drivers" in folder) or of_agent(path, folders)
