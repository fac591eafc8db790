# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Windows host of the lab without the lab's process, for tests of what it does and returns."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import reading_options, windows_record
from lab import fleet
from lab.layout import Layout
from lab.windows import answers, msi, payload
from lab.windows.door import WinrmDoor
from lab.windows.machine import DATA, WindowsMachine

OLD, NEW = "20.0.0-5995", "20.0.2-1390"
OURS, THEIRS = "deep_security.remediation", "ansible.windows"
PACKAGE = rf"{DATA}\packages\agent.msi"
LOG = rf"{DATA}\install.log"
T = TypeVar("T")


class Host:
    def __init__(self, folder: Path, name: str = "w", **about: Any) -> None:
        known = fleet.build_fleet({"hosts": {name: {"os": "windows", "update_seconds": 0, **about}}}).hosts[0]
        layout = Layout(folder)
        (layout.shared / "relays").mkdir(parents=True, exist_ok=True)
        self.machine = WindowsMachine({**known.as_dict(), "port": 0}, layout)
        self.faults = known.faults
        WinrmDoor(self.machine, 0)

    async def start(self) -> Host:
        self.machine.prepare()
        await self.machine.boot()
        await self.machine.set_up()
        self.machine.set_faults(self.faults)
        return self

    async def call(self, module: str, *, check: Any = False, **arguments: Any) -> dict[str, Any]:
        """The module's result by the lab's Python."""
        if module == "win_dsa_info":
            arguments = {**reading_options(), **arguments}
        name = f"{OURS if module.startswith('win_dsa_') else THEIRS}.{module}"
        request = payload.Request("module", name, {**arguments, "_ansible_check_mode": check})
        out, err, code = await answers.run_module(self.machine, request)
        result: dict[str, Any] = json.loads(out)
        assert not err and (code != 0) == bool(result.get("failed"))
        return result

    async def reading(self, **arguments: Any) -> dict[str, Any]:
        result: dict[str, Any] = (await self.call("win_dsa_info", **arguments))["reading"]
        return result

    async def record(self, **arguments: Any) -> Any:
        """What the controller makes of the reading."""
        return windows_record(await self.reading(**arguments))

    async def install(self, build: str = NEW, **arguments: Any) -> dict[str, Any]:
        self.machine.drive.write(PACKAGE, msi.make(build, "x86_64"))
        codes = [0, 1641, 3010]
        return await self.call("win_package", path=PACKAGE, log_path=LOG, expected_return_code=codes, **arguments)

    async def upgrade(self, build: str = NEW, **arguments: Any) -> dict[str, Any]:
        """As the stage does it: begin, the package, end."""
        self.machine.drive.write(PACKAGE, msi.make(build, "x86_64"))
        options = {"log_path": LOG, "service_timeout": 1, **arguments}
        begun = await self.call("win_dsa_upgrade", step="begin", path=PACKAGE, note={"phase": "upgrading"}, **options)
        if begun.get("failed"):
            return begun
        ran = await self.install(build)
        note = None if ran.get("failed") else {"phase": "update_pending"}
        more = {"note": note, "reboot_required": ran["reboot_required"]}
        ended = await self.call("win_dsa_upgrade", step="end", **options, **more)
        return {**ended, "rc": ran["rc"]}

    async def update(self) -> dict[str, Any]:
        """As the stage does it, with one look when the agent is done."""
        begun = await self.call("win_dsa_security_update", step="start")
        assert begun["changed"], begun
        await asyncio.gather(*self.machine.tasks)
        return await self.call("win_dsa_security_update", step="look", marks=begun["marks"])

    async def reboot(self) -> None:
        self.machine.go_down("reboot", 0)
        assert await self.machine.wait()
        await self.machine.boot()

    def events(self, name: str) -> list[dict[str, Any]]:
        path = self.machine.layout.journal(self.machine.name)
        entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [entry for entry in entries if entry["event"] == name]


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)
