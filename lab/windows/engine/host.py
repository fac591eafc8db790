# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a Windows host is to the engine: what the stand-ins query while a task runs.

Every path that a host gives or takes is its own, `C:\\...`; the engine translates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ENVIRONMENT = {
    "ProgramFiles": r"C:\Program Files",
    "ProgramW6432": r"C:\Program Files",
    "ProgramFiles(x86)": r"C:\Program Files (x86)",
    "ProgramData": r"C:\ProgramData",
    "SystemRoot": r"C:\Windows",
    "windir": r"C:\Windows",
    "SystemDrive": "C:",
    "TEMP": r"C:\Users\administrator\AppData\Local\Temp",
    "TMP": r"C:\Users\administrator\AppData\Local\Temp",
    "USERPROFILE": r"C:\Users\administrator",
}


class Failure(Exception):
    """What was queried fails on this host with this text; kind is error, denied or missing."""

    def __init__(self, text: str, kind: str = "error") -> None:
        super().__init__(text)
        self.kind = kind


Values = Mapping[str, tuple[str, Any]]
"""Name -> (kind, value); kind is a RegistryValueKind: String, DWord, MultiString, Binary (bytes), ..."""


@dataclass
class Registry:
    """HKLM in its 64-bit view, by paths below it."""

    keys: Mapping[str, Values] = field(default_factory=dict)
    denied: frozenset[str] | set[str] = frozenset()

    def key(self, path: str) -> tuple[Values, list[str]] | None:
        """The values of a key and the names of those below it; None where there is none. A denied one is a Failure."""
        wanted = path.strip("\\").lower()
        if wanted in {one.lower() for one in self.denied}:
            raise Failure("Requested registry access is not allowed.", "denied")
        values: dict[str, tuple[str, Any]] = {}
        below: dict[str, str] = {}
        found = False
        for known in [*self.keys, *self.denied]:
            if known.lower() == wanted:
                found = True
                values.update(self.keys.get(known, {}))
            elif known.lower().startswith(wanted + "\\"):
                name = known[len(wanted) + 1 :].split("\\")[0]
                below.setdefault(name.lower(), name)
        return (values, list(below.values())) if found or below else None


@dataclass
class Service:
    """An entry of Win32_BaseService; a driver is one that has no process."""

    name: str
    display_name: str = ""
    state: str = "Running"
    start_mode: str = "Auto"
    exit_code: int = 0
    path: str | None = None
    process_id: int = 0
    driver: bool = False
    dependents: tuple[str, ...] = ()


@dataclass
class Sccm:
    """What the client of Configuration Manager returns about a reboot."""

    pending: bool = False
    hard: bool = False


@dataclass
class Listener:
    """A TCP port that a process listens on."""

    port: int
    process_id: int
    address: str = "0.0.0.0"


@dataclass
class Process:
    """A process; the path of its program is hidden from users without the right to it."""

    process_id: int
    path: str | None = None


@dataclass
class Certificate:
    """What is read of a certificate."""

    subject: str
    issuer: str
    thumbprint: str


@dataclass
class Signature:
    """Authenticode of a file: the chain begins with the signer; partial is one that does not reach a root."""

    status: str = "Valid"
    chain: tuple[Certificate, ...] = ()
    timestamper: Certificate | None = None
    partial: bool = False


@dataclass
class Call:
    """A program that was started."""

    program: str
    arguments: list[str]
    folder: str
    environment: Mapping[str, str]


@dataclass
class Answer:
    """What a program writes at once, and how it ends after some seconds; None is never."""

    rc: int = 0
    out: bytes = b""
    err: bytes = b""
    seconds: float | None = 0.0


NETSTAT = "\r\nActive Connections\r\n\r\n  Proto  Local Address          Foreign Address        State           PID\r\n"


class EngineHost:
    """One host. Whatever is not overridden is that of a bare Windows without any program."""

    folder: Path
    """The folder of this machine that is drive C:."""
    culture = "en-US"
    time_zone = "UTC"

    def environment(self) -> dict[str, str]:
        return dict(ENVIRONMENT)

    def registry(self) -> Registry:
        return Registry()

    def services(self) -> list[Service]:
        return []

    async def control(self, name: str, action: str) -> None:
        """Start or stop a service. A Failure is a refusal; a service that hangs does not change its state."""
        raise Failure(f"Cannot {action} {name} service on computer '.'.")

    def boot_time(self) -> float:
        return 0.0

    def sccm(self) -> Sccm | None:
        return None

    def listeners(self) -> list[Listener]:
        return []

    def processes(self) -> list[Process]:
        return []

    def signature(self, path: str) -> Signature:
        return Signature("NotSigned")

    def certificates(self, store: str) -> list[str] | None:
        """The thumbprints in a store of the computer, None where there is no such store."""
        return None

    def free_bytes(self) -> int:
        return 1 << 40

    async def run(self, call: Call) -> Answer:
        """A program other than cmd.exe, which the engine takes apart, and taskkill.exe, which kills for real."""
        if call.program.lower() == "netstat.exe":
            rows = [(f"{one.address}:{one.port}", one.process_id) for one in self.listeners()]
            lines = [f"  TCP    {place:<22} {'0.0.0.0:0':<22} LISTENING       {owner}\r\n" for place, owner in rows]
            return Answer(0, (NETSTAT + "".join(lines)).encode())
        return unknown(call.program)


def unknown(program: str) -> Answer:
    text = f"'{program}' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
    return Answer(1, err=text.encode())
