# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules of this collection observe on a Windows host, raw; the controller judges it."""

from __future__ import annotations

import asyncio
import fcntl
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import registry
from .agent import DEPENDENT, INSTALL_DIR, PID, QUERIES
from .engine.host import Failure

if TYPE_CHECKING:
    from .machine import WindowsMachine

Json = dict[str, Any]
PORT = 4122
HELD = "The process cannot access the file '{path}' because it is being used by another process."
# How a program file of the lab has its version.
VERSION = re.compile(rb"(\d{5})\.(\d{5})\.(\d{5})\.(\d{5})")
LARGEST_FILE = 64 * 1024
LARGEST_OUTPUT = 60 * 1024
PRODUCT_KEYS = {
    "product": registry.PRODUCT,
    "product_spaced": r"SOFTWARE\Trend Micro\Deep Security Agent",
    "product_32": r"SOFTWARE\WOW6432Node\TrendMicro\Deep Security Agent",
}


def utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


# The registry


def key(machine: WindowsMachine, path: str, names: Sequence[str] = ()) -> Json:
    """One key, with those of the named values that are there."""
    found: Json = {"path": path, "exists": None, "values": {}, "error": None}
    try:
        opened = registry.of(machine).key(path)
    except Failure as error:
        return {**found, "error": str(error)}
    if opened is None:
        return {**found, "exists": False}
    lowered = {name.lower(): value for name, value in opened[0].items()}
    shown = {name: lowered[name.lower()] for name in names if name.lower() in lowered}
    entries = {name: {"type": kind, "value": value, "cut": False} for name, (kind, value) in shown.items()}
    return {**found, "exists": True, "values": entries}


def keys(machine: WindowsMachine, table: dict[str, list[str]]) -> Json:
    """The keys of a table: a name -> the path, and the names of values."""
    expand = machine.drive.expand
    return {name: key(machine, path, [expand(each) for each in names]) for name, (path, *names) in table.items()}


def subkeys(machine: WindowsMachine, path: str) -> list[str]:
    opened = registry.of(machine).key(path)
    return opened[1] if opened else []


def find(machine: WindowsMachine, where: Json) -> Json:
    """The keys below some paths whose name, or whose value "by", contains one of the words."""

    def fits(text: object) -> bool:
        return any(word.lower() in str(text).lower() for word in where["words"])

    by, entries, errors = where["by"], [], []
    for path in where["paths"]:
        below = [key(machine, f"{path}\\{name}", where["names"]) for name in subkeys(machine, path) if by or fits(name)]
        entries += [one for one in below if not by or fits(value_of(one, by))]
        errors += [f"{one['path']}: {one['error']}" for one in below if one["error"]]
    return {"entries": entries, "errors": errors}


def found_below(machine: WindowsMachine, table: dict[str, Json]) -> Json:
    return {name: find(machine, where) for name, where in table.items()}


def sccm(machine: WindowsMachine) -> Json:
    """The client of Configuration Manager."""
    waiting = key(machine, registry.SERVICES + r"\CcmExec")["exists"]
    return {"installed": waiting, "pending": waiting or None, "hard": False if waiting else None, "error": None}


def value_of(found: Json, name: str) -> Any:
    return found["values"].get(name, {}).get("value")


# Programs


async def answer(machine: WindowsMachine, work: Any, timeout: float) -> Json:
    """What a program wrote within so many seconds, and how it ended."""
    try:
        rc, out = await asyncio.wait_for(work, timeout)
    except asyncio.TimeoutError:
        return {"rc": None, "out": "", "err": "", "cut": False, "missing": False, "timed_out": True}
    text = decode(machine, out) if isinstance(out, bytes) else out
    text = text.replace("\r\n", "\n")
    cut = len(text) > LARGEST_OUTPUT
    return {
        "rc": rc,
        "out": text[:LARGEST_OUTPUT],
        "err": "",
        "cut": cut,
        "missing": False,
        "timed_out": False,
    }


def decode(machine: WindowsMachine, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp932" if machine.japanese else "cp437", "replace")


async def query(machine: WindowsMachine, timeout: float) -> Json:
    """dsa_query's answers to everything that it is queried for, one after the other."""

    async def all_of_them() -> tuple[int, bytes]:
        rc, whole = 0, b""
        for command in QUERIES:
            rc, out = await machine.agent.dsa_query(command)
            whole += out
        return rc, whole

    if not there(machine, "dsa_query.cmd"):
        return {"rc": None, "out": "", "err": "", "cut": False, "missing": True, "timed_out": False}
    return await answer(machine, all_of_them(), timeout)


def there(machine: WindowsMachine, program: str) -> bool:
    return machine.drive.exists(f"{INSTALL_DIR}\\{program}")


# Files and folders


def file(machine: WindowsMachine, path: str) -> Json:
    """A file with its text; what is there and cannot be read has an error."""
    found: Json = {"path": path, "exists": True, "text": None, "error": None, "cut": False}
    place = machine.drive.real(path)
    if not place.exists():
        return {**found, "exists": False}
    if not place.is_file():
        return {**found, "error": "it is a folder"}
    with place.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return {**found, "error": HELD.format(path=machine.drive.expand(path))}
        data = stream.read(LARGEST_FILE + 1)
    text = data[:LARGEST_FILE].decode("utf-8", "replace").removeprefix("\ufeff")
    return {**found, "text": text, "cut": len(data) > LARGEST_FILE}


def program(machine: WindowsMachine, folder: str | None, name: str) -> Json:
    if folder is None:
        return dict.fromkeys(("path", "exists", "version", "changed", "error"))
    path = f"{folder}\\{name}"
    place = machine.drive.real(path)
    found: Json = {"path": path, "exists": place.is_file(), "version": None, "changed": None, "error": None}
    if not found["exists"]:
        return found
    numbers = VERSION.search(place.read_bytes())
    version = ".".join(str(int(number)) for number in numbers.groups()) if numbers else None
    return {**found, "version": version, "changed": utc(place.stat().st_mtime)}


def folders(keys: Json) -> list[str]:
    """Where the agent can be: where its service runs, where it was installed, and where it is by default."""
    image = str(value_of(keys["service"], "ImagePath") or "")
    service = image.strip('"').rpartition("\\")[0]
    noted = [str(value_of(keys[name], "InstallationFolder") or "").rstrip("\\") for name in PRODUCT_KEYS]
    found = [service, *noted, INSTALL_DIR]
    return list(dict.fromkeys(folder for folder in found if folder))


# The whole reading


def services(machine: WindowsMachine) -> Json:
    kept = ("name", "state", "start_mode", "exit_code", "path", "process_id")
    entries = [one for one in machine.agent.service_entries() if one["name"] != DEPENDENT]
    return {"entries": [{name: one[name] for name in kept} for one in entries], "error": None}


def relay(machine: WindowsMachine) -> Json:
    listening = machine.agent.is_relay and machine.agent.state == "running"
    found: Json = {"port": PORT, "listening": listening, "lines": [], "owners": [], "error": None}
    if not listening:
        return found
    if machine.fault("no_netstat"):
        return {**found, "error": "netstat.exe is not there"}
    return {
        **found,
        "lines": [f"TCP    0.0.0.0:{PORT}           0.0.0.0:0              LISTENING       {PID}"],
        "owners": [{"id": PID, "path": INSTALL_DIR + r"\dsa.exe"}],
    }


async def read(machine: WindowsMachine, timeout: float, note: str, table: dict[str, list[str]]) -> Json:
    found = {name: key(machine, path, ("InstallationFolder",)) for name, path in PRODUCT_KEYS.items()}
    found["service"] = key(machine, registry.SERVICES + r"\ds_agent", ("ImagePath", "Start"))
    candidates = folders(found)
    real = machine.drive.real
    used = [each for each in candidates if any((real(each) / name).exists() for name in ("dsa.exe", "dsa_query.cmd"))]
    folder = used[0] if used else None
    names = {"dsa": "dsa.exe", "dsa_query": "dsa_query.cmd", "dsa_control": "dsa_control.cmd"}
    unreadable = bool(machine.fault("boot_time_unreadable"))
    commands = {}
    if folder and there(machine, "dsa_query.cmd"):
        commands["dsa_query"] = await query(machine, timeout)
    return {
        "timeout": timeout,
        "os": "windows",
        "clock": {
            "utc_offset": machine.utc_offset,
            "boot_time": None if unreadable else utc(machine.shown_boot_time),
            "now": utc(time.time()),
            "error": "The boot time cannot be read." if unreadable else None,
        },
        "keys": {**found, **keys(machine, table)},
        "services": services(machine),
        "install_dir": folder,
        "folders": candidates,
        "programs": {name: program(machine, folder, each) for name, each in names.items()},
        "commands": commands,
        "relay": relay(machine),
        "sccm": sccm(machine),
        "files": {"note": file(machine, note)},
    }
