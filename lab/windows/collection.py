# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of this collection: which there are, what they take, and the small ones' answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import msi, record, update, upgrade
from .agent import INSTALL_DIR, LOG_FOLDER, UPDATE
from .machine import DATA
from .modules import signature
from .options import REQUIRED, Module, ModuleFailure, Result
from .releases import CHAIN

if TYPE_CHECKING:
    from .machine import WindowsMachine

PROGRESS = DATA + r"\progress.json"
SUCCESS = r"Anti-Malware Component Update Successful|\|\s*9016\s*\|"
FAILURE = r"IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE|Anti-Malware Component Update Failed|\|\s*9017\s*\|"
INSTALLED = 112


async def info(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    return {"agent": await record.read(machine, params["timeout"], params["progress_file"])}


async def precheck(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    about, release, registry = machine.about, machine.release, machine.registry
    wanted = {root.upper() for root in params["roots"]}
    stores = registry["certificates"]
    return {
        "windows": {
            "build": release.build,
            "ubr": about["ubr"],
            "nt_version": release.nt,
            "product": release.product,
            "arch": about["arch"],
            "servicing_packages": [
                {"name": name, "state": INSTALLED}
                for name in registry["packages"]
                if any(word.lower() in name.lower() for word in params["servicing_packages"])
            ],
            "certificates": {name: sorted(wanted & set(found)) for name, found in stores.items()},
            "root_update": {"disabled": not about["root_updates"], "source": None, "last_sync": None},
            "shared_dlls": dict.fromkeys(params["shared_dlls"], 2),
            "drive": "C:",
            "free_bytes": machine.free_bytes(),
            "self_protection": None,
            "reboot": machine.reboot_state(),
            "cert_padding_check": False,
            "package": package(machine, params["package_path"]),
            "problems": [],
        }
    }


def package(machine: WindowsMachine, path: str | None) -> Result | None:
    if path is None:
        return None
    none: Result = {"status": None, "signer": None, "thumbprint": None, "timestamper": None, "chain": []}
    if not machine.drive.exists(path):
        return {"path": path, "exists": False, **none}
    status, signer = signature(machine, path)
    if signer is None:
        return {"path": path, "exists": True, **none, "status": status}
    return {
        "path": path,
        "exists": True,
        "status": status,
        "signer": signer,
        "thumbprint": msi.LEAF,
        "timestamper": msi.TIMESTAMPER,
        "chain": [msi.LEAF, *CHAIN],
    }


async def control(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    arguments, password = list(params["arguments"]), params["password"]
    if "-p" in arguments[:-1]:
        place = arguments.index("-p")
        password = arguments[place + 1]
        del arguments[place : place + 2]
    problem = None if check_mode else machine.agent.control(arguments, password)[0]
    if problem:
        raise ModuleFailure(problem, changed=True)
    return {"changed": True}


async def leftovers(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    found = []
    if machine.registry["build"] is None and machine.drive.real(INSTALL_DIR).is_dir():
        found = [{"kind": "folder", "name": INSTALL_DIR, "maybe_other_product": False}]
    return {"leftovers": found, "problems": []}


def named(name: str) -> str:
    return f"deep_security.remediation.{name}"


KNOWN = {
    named("win_dsa_info"): Module({"timeout": ("int", 15), "progress_file": ("path", PROGRESS)}, info),
    named("win_dsa_precheck_info"): Module(
        {
            "roots": ("list", []),
            "servicing_packages": ("list", []),
            "shared_dlls": ("list", []),
            "package_path": ("path", None),
            "timeout": ("int", 30),
        },
        precheck,
    ),
    named("win_dsa_upgrade"): Module(
        {
            "step": ("begin|end|restart", REQUIRED),
            "version": ("str", REQUIRED),
            "path": ("path", None),
            "sha256": ("str", None),
            "verify": ("bool", True),
            "self_protection": ("bool", False),
            "self_protection_password": ("str", None),
            "service_timeout": ("int", 120),
            "progress_file": ("path", PROGRESS),
            "log_path": ("path", DATA + r"\install.log"),
            "failed": ("bool", False),
            "reboot_required": ("bool", False),
            "reinstall": ("bool", False),
            "update_due": ("bool", False),
        },
        upgrade.run,
    ),
    named("win_dsa_security_update"): Module(
        {
            "trigger": ("list", UPDATE),
            "self_protection_password": ("str", None),
            "log_folder": ("path", LOG_FOLDER),
            "success_regex": ("str", SUCCESS),
            "failure_regex": ("str", FAILURE),
            "step": ("start|look|diagnose|confirm", "start"),
            "progress_file": ("path", PROGRESS),
        },
        update.run,
    ),
    named("win_dsa_control"): Module(
        {"arguments": ("list", REQUIRED), "password": ("str", None), "timeout": ("int", 120)},
        control,
    ),
    named("win_dsa_leftovers_info"): Module({}, leftovers),
}
