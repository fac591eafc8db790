# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of ansible.windows that the collection uses, answered as their documentation says."""

from __future__ import annotations

import base64
import hashlib
import ssl
from typing import TYPE_CHECKING, Any

from . import msi, options
from .options import REQUIRED, Module, ModuleFailure, Result
from .releases import CHAIN

if TYPE_CHECKING:
    from .machine import WindowsMachine

UNCHECKED = {"*": ("raw", None)}
STORES = {"CertificateAuthority": "CA"}
OTHER_SIGNER = "CN=Somebody Else K.K., O=Somebody Else K.K., L=Osaka, C=JP"
ISSUERS = (
    "CN=DigiCert Trusted G4 Code Signing RSA4096 SHA384 2021 CA1, O=DigiCert, Inc., C=US",
    "CN=DigiCert Trusted Root G4, OU=www.digicert.com, O=DigiCert Inc, C=US",
)


async def win_ping(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    return {"ping": params["data"]}


async def setup(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    build = machine.release.build
    facts = {
        "ansible_hostname": machine.name,
        "ansible_fqdn": machine.name,
        "ansible_nodename": machine.name,
        "ansible_system": "Win32NT",
        "ansible_os_family": "Windows",
        "ansible_os_name": "Microsoft " + machine.release.product,
        "ansible_distribution": "Microsoft " + machine.release.product,
        "ansible_distribution_version": f"{machine.release.nt}.{build}.0",
        "ansible_distribution_major_version": machine.release.nt.split(".")[0],
        "ansible_kernel": f"{machine.release.nt}.{build}.0",
        "ansible_architecture": "32-bit" if machine.about["arch"] == "i386" else "64-bit",
        "ansible_powershell_version": 5,
        "ansible_user_id": machine.about["user"],
        "ansible_machine_id": machine.state["machine_id"],
        "ansible_reboot_pending": machine.needs_reboot(),
    }
    if "all" in params["gather_subset"] or "env" in params["gather_subset"] or "min" in params["gather_subset"]:
        facts["ansible_env"] = {"ProgramFiles": r"C:\Program Files", "ProgramData": r"C:\ProgramData"}
    return {"ansible_facts": facts}


async def slurp(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    path = machine.drive.expand(params.get("src") or params.get("path") or "")
    place = machine.drive.real(path)
    if place.is_dir():
        raise ModuleFailure(f"Path {path} is a directory")
    if not place.exists():
        raise ModuleFailure(f"Path {path} is not found")
    return {"content": base64.b64encode(place.read_bytes()).decode(), "encoding": "base64"}


async def win_stat(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    path = params["path"]
    place = machine.drive.real(path)
    if not place.exists():
        return {"stat": {"exists": False}}
    about = place.stat()
    stat: dict[str, Any] = {
        "exists": True,
        "path": path,
        "filename": path.rpartition("\\")[2],
        "isdir": place.is_dir(),
        "isreg": place.is_file(),
        "islnk": False,
        "isshared": False,
        "isjunction": False,
        "ishidden": False,
        "isreadonly": False,
        "isarchive": place.is_file(),
        "hlnk_targets": [],
        "nlink": 1,
        "attributes": "Directory" if place.is_dir() else "Archive",
        "creationtime": about.st_ctime,
        "lastaccesstime": about.st_atime,
        "lastwritetime": about.st_mtime,
        "owner": r"BUILTIN\Administrators",
    }
    if place.is_file():
        stat["size"] = about.st_size
        stat["extension"] = place.suffix
        if params["get_checksum"]:
            stat["checksum"] = hashlib.new(params["checksum_algorithm"], place.read_bytes()).hexdigest()
    return {"stat": stat}


async def win_file(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    import shutil

    path = machine.drive.expand(next(params[name] for name in ("path", "dest", "name") if params.get(name)))
    place = machine.drive.real(path)
    state = params.get("state")
    if state == "absent":
        changed = place.exists()
        if changed and not check_mode:
            shutil.rmtree(place) if place.is_dir() else place.unlink()
            machine.fill_disks()  # what fills the disk takes that room too
        return {"changed": changed}
    if state == "directory":
        if place.is_file():
            raise ModuleFailure(f"path {path} is not a directory")
        changed = not place.exists()
        if changed and not check_mode:
            place.mkdir(parents=True)
        return {"changed": changed}
    raise ModuleFailure(f"the lab knows win_file with state absent and directory only, not {state}")


async def win_copy(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    """Its two modes for one file: what would have to be copied, and the copy of what was brought."""
    mode, drive = params.get("_copy_mode"), machine.drive
    dest = drive.expand(params["dest"])
    if mode == "query":
        files = []
        for file in params["files"]:
            place = drive.real(f"{dest}\\{file['dest']}")
            if place.is_dir():
                place = place / file["src"].rpartition("/")[2]
            same = place.is_file() and hashlib.sha1(place.read_bytes()).hexdigest() == file.get("checksum")
            forced = options.convert("force", "bool", params.get("force", True), drive.expand)
            if not same and (forced or not place.exists()):
                files.append(file)
        folders = [one for one in params["directories"] if not drive.real(f"{dest}\\{one['dest']}").is_dir()]
        return {"files": files, "directories": folders, "symlinks": []}
    if mode != "single":
        raise ModuleFailure(f"the lab knows win_copy of one local file only, not its mode {mode}")
    source = drive.expand(params["src"])
    target = dest
    if dest.endswith(("/", "\\")) or drive.real(dest).is_dir():
        target = dest.rstrip("/\\") + "\\" + params["_original_basename"]
    parent = drive.real(target).parent
    if not parent.is_dir() and dest == target:
        raise ModuleFailure(f"Destination directory '{dest.rpartition(chr(92))[0]}' does not exist")
    machine.write(target, drive.read(source))
    machine.journal("file_written", path=target, by="win_copy")
    return {"changed": True}


def signature(machine: WindowsMachine, path: str) -> dict[str, Any]:
    """The status of a file's signature as Windows has it, and the chain of who signed, the signer first."""
    data = machine.drive.read(path)
    whole = msi.read(data) is not None
    if not whole and not data.startswith(msi.MAGIC):
        return {"status": "NotSigned", "chain": [], "timestamper": None, "partial": False}
    partial = bool(machine.fault("chain_is_partial"))
    subjects = [OTHER_SIGNER if machine.fault("signed_by_other") else msi.SIGNER, *ISSUERS][: 1 if partial else 3]
    issuers = [*subjects[1:], ISSUERS[0] if partial else subjects[-1]]
    chain = [
        {"subject": subject, "issuer": issuer, "thumbprint": thumbprint}
        for subject, issuer, thumbprint in zip(subjects, issuers, [msi.LEAF, *CHAIN], strict=False)
    ]
    machine.fetch_roots(CHAIN[-1:])
    status = "Valid" if machine.has_root(CHAIN[-1]) else "UnknownError"
    return {
        "status": status if whole else "HashMismatch",
        "chain": chain,
        "timestamper": msi.TIMESTAMPER,
        "partial": partial,
    }


async def win_package(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    path, product, state = params["path"], params["product_id"], params["state"]
    result: Result = {"reboot_required": False, "rc": 0}
    if path is None and (state == "present" or product is None):
        raise ModuleFailure("state is present but all of the following are missing: path", **result)
    if path is not None and not check_mode and not machine.drive.real(path).is_file():
        raise ModuleFailure(f"the file at the path '{path}' cannot be reached", **result)
    if product is None and path is not None and machine.drive.exists(path):
        about = msi.read(machine.drive.read(path))
        product = msi.product_code(about["build"]) if about else None
    installed = product is not None and str(machine.state["product_code"]).lower() == str(product).lower()
    changed = (state == "present") != installed
    if not changed or check_mode:
        return {**result, "changed": changed}
    if state == "present":
        data = machine.drive.read(path)
        digest = result["checksum"] = hashlib.new(params["checksum_algorithm"], data).hexdigest().upper()
        if params["checksum"] and params["checksum"].upper() != digest:
            text = f"The checksum for {path} did not match '{params['checksum']}', it was '{digest}'"
            raise ModuleFailure(text, **result)
        if params["verify_signature"] and (status := signature(machine, path)["status"]) != "Valid":
            text = f"Authenticode check failed: File '{path}': signature status is '{status}', expected 'Valid'"
            raise ModuleFailure(text, **result)
    log = params["log_path"]
    result["rc"] = await msi.run(machine, path if state == "present" else None, product, log)
    if result["rc"] not in params["expected_return_code"]:
        result.update(stdout="", stderr="")
        if log and machine.drive.exists(log):
            result["log"] = machine.drive.read(log).decode("utf-16")
        what = ["/i", path] if state == "present" else ["/x", product]
        command = " ".join([r"C:\Windows\System32\msiexec.exe", *what, "/L*V", str(log), "/qn", "/norestart"])
        raise ModuleFailure(f"unexpected rc from '{command}': see rc, stdout, and stderr for more details", **result)
    return {**result, "changed": True, "failed": False, "reboot_required": result["rc"] == msi.REBOOT_NEEDED}


def certificate(data: bytes) -> str:
    """The thumbprint of a certificate file, PEM or DER; ValueError where it is none."""
    if data.startswith(b"-----BEGIN"):
        data = ssl.PEM_cert_to_DER_cert(data.decode("ascii"))
    if data[:2] != b"\x30\x82" or len(data) < 256:
        raise ValueError("Cannot find the requested object.")
    return hashlib.sha1(data).hexdigest().upper()


async def win_certificate_store(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    path, state = params["path"], params["state"]
    store = STORES.get(params["store_name"], params["store_name"])
    stores = machine.state["certificates"]
    if params["store_location"] != "LocalMachine" or store not in stores:
        raise ModuleFailure(f"unable to find store '{store}' (the lab has {', '.join(stores)} of LocalMachine)")
    thumbprint = str(params["thumbprint"] or "").upper()
    if path is not None:
        if not machine.drive.real(path).is_file():
            raise ModuleFailure(f"File at '{path}' either does not exist or is not a file", thumbprints=[])
        try:
            thumbprint = certificate(machine.drive.read(path))
        except ValueError as error:
            raise ModuleFailure(f"Failed to load cert from file: {error}", thumbprints=[]) from error
    if state not in ("present", "absent") or not thumbprint:
        raise ModuleFailure(f"the lab knows states present and absent of a certificate only, not {state}")
    changed = (thumbprint in stores[store]) != (state == "present")
    if changed and not check_mode:
        kept = [one for one in stores[store] if one != thumbprint]
        machine.remember(certificates={**stores, store: sorted([*kept, thumbprint] if state == "present" else kept)})
        event = "certificate_imported" if state == "present" else "certificate_removed"
        machine.journal(event, store=store, thumbprint=thumbprint)
    return {"changed": changed, "thumbprints": [thumbprint]}


async def win_service_info(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    """Of Windows Installer only, whose service runs while a package is installed, and for a while after it."""
    if params["name"] != "msiserver":
        raise ModuleFailure(f"the lab knows win_service_info of msiserver only, not of {params['name']}")
    state = "started" if machine.installing else "stopped"
    return {"exists": True, "services": [{"name": "msiserver", "state": state, "start_mode": "manual"}]}


KNOWN = {
    "ansible.windows.win_ping": Module({"data": ("str", "pong")}, win_ping),
    "ansible.windows.setup": Module(
        {
            "gather_subset": ("list", ["all"]),
            "gather_timeout": ("int", 10),
            "fact_path": ("path", None),
            "_measure_subset": ("bool", False),
        },
        setup,
    ),
    # These take what they are given, as modules with the older way to read their arguments do.
    "ansible.windows.slurp": Module(UNCHECKED, slurp),
    "ansible.windows.win_file": Module(UNCHECKED, win_file),
    "ansible.windows.win_copy": Module(UNCHECKED, win_copy),
    "ansible.windows.win_stat": Module(
        {
            "path": ("path", REQUIRED),
            "get_checksum": ("bool", True),
            "checksum_algorithm": ("str", "sha1"),
            "get_size": ("bool", True),
            "follow": ("bool", False),
        },
        win_stat,
    ),
    "ansible.windows.win_package": Module(
        {
            "arguments": ("raw", None),
            "expected_return_code": ("ints", [0, 3010]),
            "path": ("str", None),
            "chdir": ("path", None),
            "checksum": ("str", None),
            "checksum_algorithm": ("str", "sha1"),
            "verify_signature": ("bool", False),
            "product_id": ("str", None),
            "state": ("absent|present", "present"),
            "creates_path": ("path", None),
            "creates_version": ("str", None),
            "creates_service": ("str", None),
            "log_path": ("path", None),
            "provider": ("str", "auto"),
            "wait_for_children": ("bool", False),
        },
        win_package,
    ),
    "ansible.windows.win_service_info": Module({"name": ("str", None)}, win_service_info),
    "ansible.windows.win_certificate_store": Module(
        {
            "state": ("absent|exported|present", "present"),
            "path": ("path", None),
            "thumbprint": ("str", None),
            "store_name": ("str", "My"),
            "store_location": ("str", "LocalMachine"),
            "store_type": ("str", "system"),
            "password": ("str", None),
            "key_exportable": ("bool", True),
            "key_storage": ("str", "default"),
            "file_type": ("str", "der"),
        },
        win_certificate_store,
    ),
}
