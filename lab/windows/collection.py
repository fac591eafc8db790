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

from . import protection, reading, registry, update, upgrade
from .agent import LOG_FOLDER, UPDATE
from .machine import PROGRESS
from .modules import signature
from .options import REQUIRED, Module, ModuleFailure, Result

if TYPE_CHECKING:
    from .machine import WindowsMachine

SHORTEST_SECRET = 4
WINTRUST = r"\Microsoft\Cryptography\Wintrust\Config"
AUTHROOT = r"\Microsoft\SystemCertificates\AuthRoot"
PRECHECK_KEYS = {
    "authroot_policy": (r"SOFTWARE\Policies" + AUTHROOT, ("DisableRootAutoUpdate",)),
    "authroot_update": ("SOFTWARE" + AUTHROOT + r"\AutoUpdate", ("RootDirUrl", "LastSyncTime")),
    "cert_padding": ("SOFTWARE" + WINTRUST, ("EnableCertPaddingCheck",)),
    "cert_padding_32": (r"SOFTWARE\WOW6432Node" + WINTRUST, ("EnableCertPaddingCheck",)),
}


async def info(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    return {"reading": await reading.read(machine, params["timeout"], params["progress_file"])}


async def precheck(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    wanted = [root.upper() for root in params["roots"]]
    stores = machine.state["certificates"]
    keys = {name: reading.key(machine, path, names) for name, (path, names) in PRECHECK_KEYS.items()}
    return {
        "reading": {
            "keys": {**reading.version_keys(machine), **keys},
            "servicing": {"packages": servicing(machine, params["servicing_packages"]), "error": None},
            "certificates": {name: [one for one in wanted if one in found] for name, found in stores.items()},
            "shared_dlls": {path: shared(machine, path) for path in params["shared_dlls"]},
            "drive": "C:",
            "free_bytes": machine.free_bytes(),
            "reboot": reading.reboot(machine),
            "problems": [],
        }
    }


def servicing(machine: WindowsMachine, words: list[str]) -> list[Result]:
    names = reading.subkeys(machine, registry.PACKAGES)
    matching = [name for name in names if any(word.lower() in name.lower() for word in words)]
    return [{"name": name, "state": registry.INSTALLED} for name in matching]


def shared(machine: WindowsMachine, path: str) -> int | None:
    """How many programs share a file."""
    name = machine.drive.expand(path)
    found: int | None = reading.value_of(reading.key(machine, registry.WINDOWS + r"\SharedDLLs", (name,)), name)
    return found


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


async def leftovers(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    keys = [reading.key(machine, path) for path in params["keys"]]
    values = [reading.key(machine, one["path"], (one["name"],)) for one in params["values"]]
    found = {"keys": keys, "values": values, "paths": [seen(machine, path) for path in params["paths"]]}
    return {"found": {**found, "uninstall": reading.uninstall(machine, params["uninstall"]), "problems": []}}


def seen(machine: WindowsMachine, path: str) -> Result:
    place = machine.drive.real(path)
    folder = place.is_dir() if place.exists() else None
    return {"path": path, "exists": folder is not None, "folder": folder, "error": None}


def named(name: str) -> str:
    return f"deep_security.remediation.{name}"


KNOWN = {
    named("win_dsa_info"): Module({"timeout": ("int", 15), "progress_file": ("path", PROGRESS)}, info),
    named("win_dsa_precheck_info"): Module(
        {"roots": ("list", []), "servicing_packages": ("list", []), "shared_dlls": ("list", [])}, precheck
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
            "seen_run": ("str", None),
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
    named("win_dsa_leftovers_info"): Module(
        {"keys": ("list", []), "values": ("dicts", []), "paths": ("list", []), "uninstall": ("str", "Deep Security")},
        leftovers,
    ),
}
