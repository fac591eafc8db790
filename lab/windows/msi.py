# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows Installer: the agent's package, what installing it does to a host, and the log that it writes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..standins import builds
from .agent import DATA_DIR, INSTALL_DIR
from .engine.executable import executable

if TYPE_CHECKING:
    from .machine import WindowsMachine

MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")
FATAL, BUSY, BAD_PACKAGE, OTHER_PLATFORM, OTHER_VERSION = 1603, 1618, 1620, 1633, 1638
OK, REBOOT_STARTED, REBOOT_NEEDED = SUCCESS = (0, 1641, 3010)
SIGNER = "CN=Trend Micro, Inc., O=Trend Micro, Inc., L=Irving, S=Texas, C=US"
TIMESTAMPER = "CN=DigiCert Timestamp 2024, O=DigiCert, C=US"
TIMESTAMPER_THUMBPRINT = "2AB0A2AB0A2AB0A2AB0A2AB0A2AB0A2AB0A2AB0A"
LEAF = "1AB0A1AB0A1AB0A1AB0A1AB0A1AB0A1AB0A1AB0A"
PRODUCT = "Trend Micro Deep Security Agent"
NAMESPACE = uuid.UUID("7d80d986-a5b6-4a74-bf95-9dd7c2b43980")
WORDS = {
    "en": ("Action start {time}: {what}.", "Action ended {time}: {what}. Return value {value}."),
    "ja": ("アクション開始 {time}: {what}。", "アクション終了 {time}: {what}。 戻り値 {value}。"),
}
WHY = {
    "self_protection": "Error 1920. Service 'ds_agent' could not be stopped: it protects itself",
    "package_install_fails": "CustomAction LabAlwaysFails returned actual error code 1603",
    "msi_exit_code": "CustomAction LabExitCode returned actual error code 1603",
    "write_error": "Error 1606. Out of disk space -- Volume: 'C:'; required space: 300,000 KB; available space: 0 KB",
    "acs_support": "Error 1722. CheckAcsSupport: this Windows does not accept Azure Code Signing, see KB5022661",
    "sha2_support": "Error 1330. A required file is not signed in a way that this Windows understands (SHA-2)",
}


def product_code(build: str) -> str:
    return "{" + str(uuid.uuid5(NAMESPACE, build)).upper() + "}"


def make(build: str, arch: str) -> bytes:
    """A stand-in for the vendor's file: of its kind by its first bytes, with as much as a disk can be too full for."""
    about = json.dumps({"build": build, "arch": arch}).encode()
    return MAGIC + len(about).to_bytes(4, "little") + about + bytes(range(256)) * 160


def read(data: bytes) -> dict[str, Any] | None:
    """What a package says of itself, or None where it is none or damaged."""
    size = int.from_bytes(data[8:12], "little")
    try:
        about = json.loads(data[12 : 12 + size])
        whole = data == make(about["build"], about["arch"])
    except (ValueError, KeyError, TypeError):
        return None
    return about if data.startswith(MAGIC) and whole else None


@dataclass
class Log:
    """The log of one run, in the host's language."""

    language: str
    command: str

    def __post_init__(self) -> None:
        self.lines = [
            f"=== Verbose logging started: {time.strftime('%Y/%m/%d  %H:%M:%S')}  "
            "Build type: SHIP UNICODE 5.00.10011.00  Calling process: C:\\Windows\\System32\\msiexec.exe ===",
            f"MSI (c) (18:70) [10:11:12:000]: Command Line: {self.command}",
        ]
        self.lines += [
            f"MSI (s) (D4:9C) [10:11:12:{number:03d}]: PROPERTY CHANGE: Adding Lab{number} property."
            for number in range(30)
        ]

    def action(self, what: str, value: int) -> None:
        start, end = WORDS[self.language]
        now = time.strftime("%H:%M:%S")
        self.lines += [start.format(time=now, what=what), end.format(time=now, what=what, value=value)]

    def finish(self, code: int) -> None:
        self.action("INSTALL", 1 if code in SUCCESS else 3)
        self.lines += [
            f"MSI (s) (D4:9C) [10:11:13:000]: MainEngineThread is returning {code}",
            "MSI (c) (18:70) [10:11:13:001]: Decrementing counter to disable shutdown.",
            f"=== Verbose logging stopped: {time.strftime('%Y/%m/%d  %H:%M:%S')} ===",
        ]

    def data(self) -> bytes:
        return ("\ufeff" + "\r\n".join([*self.lines, ""])).encode("utf-16-le")


async def run(machine: WindowsMachine, path: str | None, product: str | None, log_path: str | None) -> int:
    """msiexec /i path or /x product; the exit code. The installer's own service does the work, so nobody ends it."""
    if machine.installing:
        return BUSY
    machine.installing = True
    work = install(machine, path or "", log_path) if path else remove(machine, product or "", log_path)
    return await asyncio.shield(machine.spawn(work))


async def install(machine: WindowsMachine, path: str, log_path: str | None) -> int:
    log = Log(machine.about["language"], f"/i {path} /qn /norestart")
    try:
        code = await attempt(machine, path, log)
    finally:
        machine.installing = False
    log.finish(code)
    write_log(machine, log_path, log)
    if code == REBOOT_STARTED:
        machine.go_down("reboot", 0.0)
    return code


def write_log(machine: WindowsMachine, path: str | None, log: Log) -> None:
    if path is not None:
        with contextlib.suppress(OSError):  # no room, no log
            machine.write(path, log.data())


async def attempt(machine: WindowsMachine, path: str, log: Log) -> int:
    wanted = machine.fault("msi_exit_code")
    if wanted in (BUSY, "once"):
        return BUSY
    if machine.fault("winrm_drops_during_install"):
        machine.lose_network()
    await asyncio.sleep(machine.about["install_seconds"])
    about = read(machine.drive.read(path))
    if about is None:
        log.lines.append("MSI (s) (D4:9C) [10:11:12:900]: Error 1620. This installation package could not be opened.")
        return BAD_PACKAGE
    before, build = machine.state["build"], str(about["build"])
    if about["arch"] == "x86_64" and machine.about["arch"] == "i386":
        return OTHER_PLATFORM
    if before and number(build) < number(before):
        return OTHER_VERSION
    why = reason_against(machine) or (None if wanted is None or wanted in SUCCESS else "msi_exit_code")
    if why:
        log.action("InstallFinalize", 3)
        log.lines.append(f"MSI (s) (D4:9C) [10:11:12:950]: Product: {PRODUCT} -- {WHY[why]}")
        machine.journal("package_install_failed", **{"from": before, "to": build, "reason": why})
        return int(wanted) if why == "msi_exit_code" else FATAL
    reboot = wanted in (REBOOT_NEEDED, REBOOT_STARTED)
    reboot = reboot or (before is not None and machine.about["reboot_required"] == "after_upgrade")
    put(machine, before, build, reboot)
    return int(wanted) if wanted is not None else REBOOT_NEEDED if reboot else OK


def reason_against(machine: WindowsMachine) -> str | None:
    if machine.state["self_protection"]:
        return "self_protection"
    if machine.fault("package_install_fails"):
        return "package_install_fails"
    if machine.fault("disk_full"):
        return "write_error"
    return machine.lacks()


def put(machine: WindowsMachine, before: str | None, build: str, reboot: bool) -> None:
    """The new build is there; it runs at once, or, where files are in use, after the next restart."""
    machine.journal("package_installed", **{"from": before, "to": build})
    machine.remember(build=build, product_code=product_code(build), replaced=True, keys_left=False)
    # In Windows' own time zone.
    machine.remember(install_date=time.strftime("%Y%m%d", time.gmtime(time.time() + machine.utc_offset * 60)))
    put_files(machine, build)
    machine.fill_disks()
    if reboot:
        code = "agent_installer" if machine.fault("reboot_not_listed") else "file_rename_agent"
        machine.remember(pending=[*machine.state["pending"], code])
    else:
        machine.agent.restart()


def put_files(machine: WindowsMachine, build: str) -> None:
    """The agent's programs; what they do is in agent.py."""
    machine.drive.write(INSTALL_DIR + r"\dsa.exe", executable(build))
    for name in ("dsa_query.cmd", "dsa_control.cmd"):
        machine.drive.write(f"{INSTALL_DIR}\\{name}", f"{name} {build}\n".encode())


def number(build: str) -> tuple[int, ...]:
    return builds.parse(build) or (0,)


async def remove(machine: WindowsMachine, product: str, log_path: str | None) -> int:
    state = machine.state
    log = Log(machine.about["language"], f"/x {product} /qn /norestart")
    try:
        await asyncio.sleep(machine.about["install_seconds"])
    finally:
        machine.installing = False
    code = OK
    if state["self_protection"]:
        log.lines.append(f"MSI (s) (D4:9C) [10:11:12:950]: Product: {PRODUCT} -- {WHY['self_protection']}")
        machine.journal("package_install_failed", **{"from": state["build"], "to": None, "reason": "self_protection"})
        code = FATAL
    else:
        machine.agent.forget()
        machine.journal("package_removed", **{"from": state["build"]})
        # What the Manager knows of it is of no use to the next one: it is to be activated, and made a Relay, anew.
        left = bool(machine.fault("uninstall_leaves_keys"))
        machine.remember(build=None, product_code=None, activated=False, relay=False, keys_left=left)
        if not machine.fault("uninstall_leaves_files"):
            for folder in (INSTALL_DIR, DATA_DIR):
                shutil.rmtree(machine.drive.real(folder), ignore_errors=True)
    log.finish(code)
    write_log(machine, log_path, log)
    return code
