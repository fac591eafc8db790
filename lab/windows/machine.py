# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Windows host of the lab: its registry and files, kept in its root, and its life in the lab's own process."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Coroutine, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from ..host import Machine
from ..layout import Layout
from ..standins import builds, world
from . import msi, releases
from .agent import INSTALL_DIR, Agent
from .files import NO_ROOM, SMALL, Drive

if TYPE_CHECKING:
    from .door import WinrmDoor

DATA = r"C:\Program Files\deep_security_remediation"
# Whoever asks for a reboot, and does not fetch the answer, does not hold it up for longer.
ANSWER_LIMIT = 5.0
FILETIME_OF_1970 = 116444736000000000
REASONS = {
    "component_based_servicing": "component_based_servicing: an update waits for a restart",
    "windows_update": "windows_update: an update waits for a restart",
    "server_manager": "server_manager: a role or feature waits for a restart",
    "computer_rename": "computer_rename: the new name waits for a restart",
    "sccm": "sccm: the Configuration Manager client asks for a restart",
    "file_rename_agent": r"file_rename_agent: 2 files of the agent, first C:\Windows\System32\drivers\tbimdsa.sys",
    "file_rename_other": r"file_rename_other: 1 files of other programs, first C:\Windows\Temp\~other.tmp",
}
T = TypeVar("T")


class Exchange:
    """One command that came over WinRM: when its answer is waited for, and when the other side has it."""

    def __init__(self) -> None:
        self.awaited = asyncio.Event()
        self.answered = asyncio.Event()


CURRENT: ContextVar[Exchange | None] = ContextVar("CURRENT", default=None)
"""The command that what runs belongs to; none in a test without WinRM."""


class WindowsMachine(Machine):
    """The lab's process sees it as it sees any other host; see Machine for what each method is for."""

    door: WinrmDoor

    def __init__(self, about: dict[str, Any], layout: Layout) -> None:
        super().__init__(about, layout)
        self.requests = 0
        self.up = False
        self.shown_boot_time = 0.0
        self.halting: asyncio.Task[None] | None = None
        self.down: asyncio.Future[bool] | None = None
        self.tasks: set[asyncio.Task[Any]] = set()
        self.installing = False
        self.registry: dict[str, Any] = {}
        self.agent = Agent(self)
        self.drive = Drive(
            self.root / "C",
            {
                "ProgramFiles": r"C:\Program Files",
                "ProgramW6432": r"C:\Program Files",
                "ProgramData": r"C:\ProgramData",
                "TEMP": r"C:\Users\administrator\AppData\Local\Temp",
                "TMP": r"C:\Users\administrator\AppData\Local\Temp",
                "SystemRoot": r"C:\Windows",
                "windir": r"C:\Windows",
                "SystemDrive": "C:",
                "USERPROFILE": r"C:\Users\administrator",
            },
        )

    @property
    def is_up(self) -> bool:
        return self.up

    @property
    def japanese(self) -> bool:
        return bool(self.about["language"] == "ja")

    @property
    def release(self) -> releases.Release:
        return releases.RELEASES[self.about["release"]]

    # Its registry and files

    def remember(self, **changes: object) -> None:
        self.registry.update(changes)
        world.save(str(self.root / "registry.json"), self.registry)

    def fault(self, name: str, use: bool = True) -> Any:
        """The parameter of a fault, or None; one that is there `once` is gone after its first use."""
        value = self.faults().get(name)
        if value == "once" and use:
            self.set_faults({key: entry for key, entry in self.faults().items() if key != name})
        return value

    def free_bytes(self) -> int:
        return 0 if self.fault("disk_full") else int(float(self.about["free_gb"]) * 1024**3)

    def write(self, path: str, data: bytes) -> None:
        """A file of the host; OSError with Windows' own words where there is no room for it."""
        if len(data) > max(SMALL, self.free_bytes()):
            raise OSError(NO_ROOM[self.about["language"]])
        self.drive.write(path, data)

    def reboot_state(self) -> dict[str, Any]:
        codes = self.registry["pending"]
        reasons = [REASONS[code] for code in REASONS if code in codes]
        return {"required": any(code != "file_rename_other" for code in codes), "reasons": reasons}

    def has_root(self, thumbprint: str) -> bool:
        stores = self.registry["certificates"]
        known = thumbprint in stores["Root"] + stores["AuthRoot"]
        return known and thumbprint not in stores["Disallowed"]

    def fetch_roots(self, wanted: Sequence[str]) -> None:
        """What Windows does by itself where it may: a root that is asked for comes from Microsoft."""
        stores = self.registry["certificates"]
        missing = [root for root in wanted if root not in stores["Root"] + stores["AuthRoot"]]
        if self.about["root_updates"] and missing:
            stores["AuthRoot"] = sorted([*stores["AuthRoot"], *missing])
            self.remember(certificates=stores)
            self.journal("roots_fetched", thumbprints=missing)

    def lacks(self) -> str | None:
        return releases.signatures_lack(self.release.build, self.about["ubr"], self.registry["packages"])

    # Its life, as the lab's process drives it

    def prepare(self) -> None:
        self.folder.mkdir(parents=True)
        world.save(str(self.folder / "host.json"), self.about)
        self.set_faults({})
        for name in ("Program Files", "ProgramData", "Windows/System32", "Windows/Temp"):
            (self.root / "C" / name).mkdir(parents=True)
        self.drive.real("%TEMP%").mkdir(parents=True)

    def make_small_disks(self) -> None:
        pass  # a full disk is what it says, see write()

    def fill_disks(self) -> None:
        pass

    def make_room(self) -> None:
        pass

    async def boot(self) -> None:
        self.boots += 1
        # Goes forward by at least a minute with each boot: no host takes less, and the lab's take seconds.
        self.shown_boot_time = max(time.time(), self.shown_boot_time + 60 if self.shown_boot_time else 0)
        self.down = asyncio.get_running_loop().create_future()
        self.up = True
        if not self.registry:
            return
        if not self.fault("reboot_pending_forever"):
            self.remember(pending=[])
        if self.registry["build"]:
            self.agent.start()

    async def wait(self) -> bool:
        assert self.down is not None
        wants_up = await self.down
        self.up = False
        self.halting = None
        self.installing = False
        for task in list(self.tasks):
            task.cancel()
        self.agent.kill()
        self.door.forget()
        self.mark_down()
        return wants_up

    def go_down(self, how: str, delay: float) -> bool:
        """Once the command that wants it was answered. delay is what that command says: it is not waited for, as
        win_reboot always says some seconds. False when the host is on its way down already."""
        if self.halting is not None:
            return False
        self.journal(how, delay=delay)
        # Not one of self.tasks: those are ended by it.
        self.halting = asyncio.create_task(self.halt(how == "reboot", CURRENT.get()))
        return True

    async def halt(self, wants_up: bool, command: Exchange | None) -> None:
        if command is not None:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(command.answered.wait(), ANSWER_LIMIT)
        self.end(wants_up)

    def stay_up(self) -> bool:
        if self.halting is None:
            return False
        self.halting.cancel()
        self.halting = None
        return True

    def end(self, wants_up: bool) -> None:
        if self.down is not None and not self.down.done():
            self.down.set_result(wants_up)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Something that runs on this host, until it ends or the host goes down."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def lose_network(self) -> None:
        """WinRM is away for a moment; what runs on the host goes on."""
        self.journal("winrm_dropped", connections=len(self.door.connections))
        self.door.shut()

        async def come_back() -> None:
            await asyncio.sleep(self.about["outage_seconds"])
            await self.door.open()

        self.spawn(come_back())

    async def set_up(self) -> None:
        about = self.about
        build = about["build"]
        stores: dict[str, list[str]] = {"Root": [], "AuthRoot": [], "CA": [], "Disallowed": []}
        for root, (_name, store) in releases.ROOTS.items():
            if root not in about["missing_roots"]:
                stores[store].append(root)
        stores["Disallowed"] = list(about["disallowed_roots"])
        current = (
            about["patterns"] == "current"
            if about["patterns"]
            else bool(build) and builds.can_update(build, "windows", False)
        )
        self.remember(
            build=build,
            file_build=build,
            product_code=msi.product_code(build) if build else None,
            certificates=stores,
            packages=[releases.servicing_package(one, self.release, about["arch"]) for one in about["hotfixes"]],
            pending=list(about["pending_reboot"])
            or (["component_based_servicing"] if about["reboot_required"] is True else []),
            activated=about["activated"],
            relay=about["role"] == "relay",
            anti_malware=about["anti_malware"],
            self_protection=about["self_protection"],
            patterns_current=bool(current),
            updated_with=build if current else None,
            machine_id=f"S-1-5-21-{uuid.uuid5(uuid.NAMESPACE_DNS, self.name).int % 10**9}-1-1",
        )
        if build:
            self.drive.write(INSTALL_DIR + r"\dsa.exe", f"dsa {build}\n".encode())
            self.agent.start()

    async def probe(self) -> dict[str, Any]:
        if not self.up:
            return {"winrm_requests": self.requests}
        installed = self.registry["build"] is not None
        return {
            "package_build": self.registry["build"],
            "running_build": self.agent.build,
            "patterns_current": self.registry["patterns_current"] if installed else None,
            "service": self.agent.state if installed else None,
            "self_protection": self.registry["self_protection"] if installed else None,
            "pending_reboot": self.registry["pending"],
            "winrm_requests": self.requests,
        }

    def boot_filetime(self) -> int:
        return int(self.shown_boot_time * 10_000_000) + FILETIME_OF_1970

    async def stop(self) -> None:
        for task in list(self.tasks):
            task.cancel()
        if self.halting is not None:
            self.halting.cancel()
