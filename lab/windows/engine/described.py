# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Windows host that a test describes: a healthy Windows Server 2019 with an agent, until the test changes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .executable import executable
from .host import (
    Answer,
    Call,
    Certificate,
    EngineHost,
    Failure,
    Listener,
    Process,
    Registry,
    Sccm,
    Service,
    Signature,
    Values,
)
from .paths import Paths

AGENT = r"C:\Program Files\Trend Micro\Deep Security Agent"
LOGS = r"C:\ProgramData\Trend Micro\Deep Security Agent\diag"
DATA = r"C:\Program Files\deep_security_remediation"
UNINSTALL = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\{11111111-2222-3333-4444-555555555555}"
WINDOWS = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
CONTROL = r"SYSTEM\CurrentControlSet\Control"
SERVICE = r"SYSTEM\CurrentControlSet\Services\ds_agent"
DRIVERS = ("tmcomm", "tmactmon", "tmevtmgr")
SIGNER = Certificate("CN=Trend Micro, Inc., O=Trend Micro, Inc., C=US", "CN=Issuing CA, C=US", "AA" * 20)
ROOT = Certificate("CN=Root CA, C=US", "CN=Root CA, C=US", "BB" * 20)
QUERY = {
    "GetPluginVersion": ["PluginVersion.core: 20.0.0-5995"],
    "GetAgentStatus": [
        "AgentStatus.13: driverHooked",
        "AgentStatus.agentState: green",
        "AgentStatus.dsmUrl: https://dsm.example.com:4120/",
        "AgentStatus.agentCertHash: AA:BB",
    ],
    "GetComponentInfo": [
        "Component.AM.mode: on",
        "Component.AM.driverOffline: false",
        "Component.AM.version.engine.ATSE: 24.580.1013",
        "Component.AM.version.pattern.7.name: Smart Scan Agent Pattern",
        "Component.AM.version.pattern.7.version: 20.301.00",
        "Component.AM.version.pattern.2.name: IntelliTrap Pattern",
        "Component.AM.version.pattern.2.version: 0.253.00",
    ],
}
Program = Answer | Callable[[Call], Answer]


def keys(build: str) -> dict[str, Values]:
    return {
        WINDOWS: {
            "CurrentMajorVersionNumber": ("DWord", 10),
            "CurrentMinorVersionNumber": ("DWord", 0),
            "CurrentVersion": ("String", "6.3"),
            "CurrentBuildNumber": ("String", "17763"),
            "UBR": ("DWord", 2237),
            "ProductName": ("String", "Windows Server 2019 Standard"),
        },
        rf"{CONTROL}\Session Manager": {},
        rf"{CONTROL}\Session Manager\Environment": {"PROCESSOR_ARCHITECTURE": ("String", "AMD64")},
        rf"{CONTROL}\ComputerName\ComputerName": {"ComputerName": ("String", "WEB1")},
        rf"{CONTROL}\ComputerName\ActiveComputerName": {"ComputerName": ("String", "WEB1")},
        rf"{CONTROL}\Nls\CodePage": {"OEMCP": ("String", "437")},
        SERVICE: {"ImagePath": ("ExpandString", rf'"{AGENT}\ds_agent.exe"'), "Start": ("DWord", 2)},
        r"SOFTWARE\TrendMicro\Deep Security Agent": {"InstallationFolder": ("String", AGENT + "\\")},
        UNINSTALL: {
            "DisplayName": ("String", "Trend Micro Deep Security Agent"),
            "DisplayVersion": ("String", build),
            "UninstallString": ("String", "MsiExec.exe /X{11111111-2222-3333-4444-555555555555}"),
        },
    }


class DescribedHost(EngineHost):
    """calls is the journal: what was started and what was done to services, in order."""

    def __init__(self, folder: Path, build: str = "20.0.0.5995") -> None:
        self.folder = folder / "C"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.paths = Paths(self.folder)
        self.keys = keys(build)
        self.denied: set[str] = set()
        self.service_list = [
            Service("ds_agent", "Trend Micro Deep Security Agent", path=rf'"{AGENT}\ds_agent.exe"', process_id=2120),
            Service(
                "Amsp", "Trend Micro Solution Platform", path=r"C:\Program Files\Trend Micro\AMSP\coreServiceShell.exe"
            ),
            *(Service(name, name, start_mode="System", driver=True) for name in DRIVERS),
        ]
        self.boot = time.time() - 86400.0
        self.sccm_client: Sccm | None = None
        self.listener_list = [Listener(135, 904), Listener(4118, 2120)]
        self.process_list = [Process(4), Process(904, r"C:\Windows\System32\svchost.exe")]
        self.process_list += [Process(2120, rf"{AGENT}\ds_agent.exe")]
        self.signatures: dict[str, Signature] = {}
        self.default_signature = Signature("Valid", (SIGNER, ROOT), Certificate("CN=Stamper", "CN=Root", "CC" * 20))
        self.stores: dict[str, list[str] | None] = {
            "Root": [ROOT.thumbprint],
            "AuthRoot": [],
            "CA": [],
            "Disallowed": [],
        }
        self.free = 40 << 30
        self.variables = super().environment()
        self.query = {name: list(lines) for name, lines in QUERY.items()}
        self.query["GetPluginVersion"] = [f"PluginVersion.core: {'-'.join(build.rsplit('.', 1))}"]
        self.self_protection = False
        self.answers: dict[str, Program] = {"dsa_query.cmd": self.dsa_query, "dsa_control.cmd": self.dsa_control}
        self.refuses: dict[tuple[str, str], Failure] = {}
        self.hangs: set[tuple[str, str]] = set()
        self.failing: dict[str, Failure] = {}
        self.calls: list[tuple[str, ...]] = []
        self.programs: list[Call] = []
        for name in ("dsa_query.cmd", "dsa_control.cmd", "ds_agent.exe"):
            self.write(rf"{AGENT}\{name}", b"")
        self.write(rf"{AGENT}\dsa.exe", executable(build))
        self.path(LOGS).mkdir(parents=True, exist_ok=True)

    # Its files

    def path(self, path: str) -> Path:
        return Path(self.paths.real(path))

    def write(self, path: str, data: bytes | str) -> None:
        place = self.path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data.encode() if isinstance(data, str) else data)

    def read(self, path: str) -> bytes:
        return self.path(path).read_bytes()

    # What the engine queries

    def fail(self, what: str) -> None:
        if what in self.failing:
            raise self.failing[what]

    def environment(self) -> dict[str, str]:
        return self.variables

    def registry(self) -> Registry:
        return Registry(self.keys, self.denied)

    def services(self) -> list[Service]:
        self.fail("services")
        return self.service_list

    def service(self, name: str) -> Service:
        return next(one for one in self.service_list if one.name.lower() == name.lower())

    async def control(self, name: str, action: str) -> None:
        """A service that depends on one is stopped before it, and is not started with it."""
        self.calls.append((action, name))
        if (action, name) in self.refuses:
            raise self.refuses[(action, name)]
        service = self.service(name)
        if (action, name) in self.hangs:
            service.state = "Stop Pending" if action == "stop" else "Start Pending"
            return
        if action == "stop":
            for other in service.dependents:
                self.service(other).state = "Stopped"
        service.state = "Stopped" if action == "stop" else "Running"

    def boot_time(self) -> float:
        self.fail("boot_time")
        return self.boot

    def sccm(self) -> Sccm | None:
        self.fail("sccm")
        return self.sccm_client

    def listeners(self) -> list[Listener]:
        self.fail("listeners")
        return self.listener_list

    def processes(self) -> list[Process]:
        self.fail("processes")
        return self.process_list

    def signature(self, path: str) -> Signature:
        self.fail("signature")
        return self.signatures.get(path, self.default_signature)

    def certificates(self, store: str) -> list[str] | None:
        self.fail("certificates")
        return self.stores.get(store)

    def free_bytes(self) -> int:
        self.fail("free_bytes")
        return self.free

    async def run(self, call: Call) -> Answer:
        self.calls.append(("run", call.program, *call.arguments))
        self.programs.append(call)
        answer: Any = self.answers.get(call.program)
        if answer is None:
            return await super().run(call)
        return answer if isinstance(answer, Answer) else answer(call)

    # Its agent

    def dsa_query(self, call: Call) -> Answer:
        lines = self.query.get(call.arguments[-1], [])
        return Answer(0, "".join(line + "\r\n" for line in lines).encode())

    def dsa_control(self, call: Call) -> Answer:
        first = call.arguments[0]
        if first.startswith("--selfprotect="):
            self.self_protection = first.endswith("1")
        if first == "-d":
            self.write(rf"{LOGS}\1234567890.zip", b"PK")
        return Answer(0, b"HTTP Status: 200 - OK\r\nResponse:\r\n")
