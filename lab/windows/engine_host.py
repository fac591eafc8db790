# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Windows host of the lab as the PowerShell engine sees it: what stands in for Windows is answered from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import modules, msi, registry
from .agent import DEPENDENT, INSTALL_DIR, PID
from .engine.host import (
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
    unknown,
)
from .reading import PORT

if TYPE_CHECKING:
    from .machine import WindowsMachine


class WindowsHost(EngineHost):
    """The machine's state, in the engine's terms; see EngineHost for what each method is for."""

    def __init__(self, machine: WindowsMachine) -> None:
        self.machine = machine
        self.folder = machine.drive.folder
        if machine.japanese:
            self.culture, self.time_zone = "ja-JP", "Asia/Tokyo"

    def environment(self) -> dict[str, str]:
        return dict(self.machine.drive.names)

    def registry(self) -> Registry:
        return registry.of(self.machine)

    def services(self) -> list[Service]:
        return [
            Service(
                name=entry["name"],
                state=entry["state"],
                start_mode=entry["start_mode"],
                exit_code=entry["exit_code"],
                path=entry["path"],
                process_id=entry["process_id"] or 0,
                driver=entry["process_id"] is None,
                dependents=(DEPENDENT,) if entry["name"] == "ds_agent" and self.has_dependent() else (),
            )
            for entry in self.machine.agent.service_entries()
        ]

    def has_dependent(self) -> bool:
        return bool(self.machine.fault("service_dependents"))

    async def control(self, name: str, action: str) -> None:
        why = self.machine.agent.act(name, action)
        if why:
            raise Failure(why)

    def boot_time(self) -> float:
        if self.machine.fault("boot_time_unreadable"):
            raise Failure("The boot time cannot be read.")
        return self.machine.shown_boot_time

    def sccm(self) -> Sccm | None:
        return Sccm(pending=True) if "sccm" in self.machine.state["pending"] else None

    def listeners(self) -> list[Listener]:
        agent = self.machine.agent
        return [Listener(PORT, PID)] if agent.is_relay and agent.state == "running" else []

    def processes(self) -> list[Process]:
        return [Process(PID, INSTALL_DIR + r"\dsa.exe")] if self.machine.agent.state == "running" else []

    def signature(self, path: str) -> Signature:
        found = modules.signature(self.machine, path)
        chain = tuple(Certificate(one["subject"], one["issuer"], one["thumbprint"]) for one in found["chain"])
        by = found["timestamper"]
        timestamper = Certificate(by, by, msi.TIMESTAMPER_THUMBPRINT) if by else None
        return Signature(found["status"], chain, timestamper, found["partial"])

    def certificates(self, store: str) -> list[str] | None:
        found: dict[str, list[str]] = self.machine.state["certificates"]
        return found.get(store)

    def free_bytes(self) -> int:
        return self.machine.free_bytes()

    async def run(self, call: Call) -> Answer:
        agent = self.machine.agent
        if call.program == "dsa_query.cmd":
            rc, out = await agent.dsa_query(call.arguments[1] if len(call.arguments) > 1 else "")
            return Answer(rc, out)
        if call.program == "dsa_control.cmd":
            rc, text = agent.dsa_control(call.arguments)
            return Answer(rc, text.encode() + b"\r\n")
        if self.machine.fault("no_netstat"):
            return unknown(call.program)
        return await super().run(call)
