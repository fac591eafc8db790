# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of this collection: which there are, what they take, and the small ones' answers.

They observe and act, as those in PowerShell do, and judge nothing. A machine without PowerShell needs no more.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from . import protection, reading, update, upgrade
from .agent import LOG_FOLDER, UPDATE
from .machine import PROGRESS
from .modules import signature
from .options import REQUIRED, Module, ModuleFailure, Result

if TYPE_CHECKING:
    from .machine import WindowsMachine

SHORTEST_SECRET = 4


async def info(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    found = await reading.read(machine, params["timeout"], params["progress_file"], params["keys"])
    return {"reading": {**found, **reading.found_below(machine, params["below"])}}


async def host(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    stores = machine.state["certificates"]
    found: Result = {
        "keys": reading.keys(machine, params["keys"]),
        "paths": [seen(machine, path) for path in params["paths"]],
        "certificates": {
            name: {"thumbprints": [one.upper() for one in wanted if one.upper() in stores[name]], "error": None}
            for name, wanted in params["certificates"].items()
        },
        **reading.found_below(machine, params["below"]),
    }
    if params["system"]:
        room = {"drive": "C:", "free_bytes": machine.free_bytes(), "error": None}
        found |= {"room": room, "sccm": reading.sccm(machine)}
    return {"reading": found}


async def package(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    path = params["path"]
    place = seen(machine, path)
    found: Result = {"path": path, "exists": place["exists"], "chain": [], "partial": None}
    found |= dict.fromkeys(("size", "sha256", "status", "signer", "issuer", "thumbprint", "timestamper", "error"))
    if place["folder"]:
        found["error"] = "it is a folder"
    elif place["exists"]:
        data = machine.drive.read(path)
        found |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        signed = signature(machine, path)
        found |= {"status": signed["status"], "timestamper": signed["timestamper"]}
        if signed["chain"]:
            first = signed["chain"][0]
            found |= {"signer": first["subject"], "issuer": first["issuer"], "thumbprint": first["thumbprint"]}
            found["chain"] = [{name: one[name] for name in ("subject", "thumbprint")} for one in signed["chain"]]
            found["partial"] = signed["partial"]
    return {"package": found}


async def control(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    arguments = params["arguments"]
    if not isinstance(arguments, list) or not arguments or not all(arguments):
        raise ModuleFailure("arguments is no list of texts, or has an empty one", code="bad_option")
    if check_mode:
        return {"changed": True}
    reply = await protection.call(machine, arguments, params["password"])
    shown = protection.shown(reply)
    text = hidden(shown.pop("text"), arguments)
    shown |= {name: hidden(shown[name], arguments) for name in ("out", "err")}
    result = {"changed": reply.accepted is not False, "reply": shown}
    if reply.accepted is not True:
        code = "refused" if reply.accepted is False else "unknown"
        raise ModuleFailure(f"dsa_control: {text}", **result, code=code)
    return result


def hidden(text: str, arguments: list[str]) -> str:
    """A text without what an argument may hold: a token to activate with, a password."""
    for secret in (part for one in arguments for part in (one, re.split("[:=]", one, maxsplit=1)[-1])):
        text = text.replace(secret, "********") if len(secret) >= SHORTEST_SECRET else text
    return text


def seen(machine: WindowsMachine, path: str) -> Result:
    place = machine.drive.real(path)
    folder = place.is_dir() if place.exists() else None
    return {"path": path, "exists": folder is not None, "folder": folder, "error": None}


def named(name: str) -> str:
    return f"deep_security.remediation.{name}"


KNOWN = {
    named("win_dsa_info"): Module(
        {"timeout": ("int", 15), "progress_file": ("path", PROGRESS), "keys": ("dict", {}), "below": ("dict", {})}, info
    ),
    named("win_dsa_host_info"): Module(
        {
            "keys": ("dict", {}),
            "below": ("dict", {}),
            "paths": ("list", []),
            "certificates": ("dict", {}),
            "system": ("bool", False),
        },
        host,
    ),
    named("win_dsa_package_info"): Module({"path": ("path", REQUIRED), "timeout": ("int", 30)}, package),
    named("win_dsa_upgrade"): Module(
        {
            "step": ("begin|end|restart|protect|note", REQUIRED),
            "note": ("dict", None),
            "path": ("path", None),
            "sha256": ("str", None),
            "self_protection": ("bool", None),
            "self_protection_password": ("str", None),
            "seen": ("dict", None),
            "reboot_required": ("bool", False),
            "log_path": ("path", None),
            "service_timeout": ("int", 120),
            "lock_timeout": ("int", 1800),
            "progress_file": ("path", PROGRESS),
        },
        upgrade.run,
    ),
    named("win_dsa_security_update"): Module(
        {
            "step": ("start|look|confirm|diagnose", REQUIRED),
            "note": ("dict", None),
            "seen": ("dict", None),
            "trigger": ("list", UPDATE),
            "marks": ("dicts", None),
            "log_folder": ("path", LOG_FOLDER),
            "self_protection_password": ("str", None),
            "timeout": ("int", 15),
            "lock_timeout": ("int", 1800),
            "progress_file": ("path", PROGRESS),
        },
        update.run,
    ),
    named("win_dsa_control"): Module(
        {"arguments": ("raw", REQUIRED), "password": ("str", None), "timeout": ("int", 120)},
        control,
    ),
}
