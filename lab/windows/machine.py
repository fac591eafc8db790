# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Windows host of the lab: its state and files, kept in its root, and its life in the lab's own process."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import time
import uuid
from collections.abc import Coroutine, Sequence
from contextvars import ContextVar
from typing import IO, TYPE_CHECKING, Any, TypeVar

from ..host import BALLAST, Machine
from ..layout import Layout
from ..standins import builds, world
from ..standins.init import mount
from . import msi, releases
from .agent import Agent
from .engine.paths import Paths
from .engine.pool import prepare
from .files import NO_ROOM, SMALL, Drive

if TYPE_CHECKING:
    from .door import WinrmDoor

DATA = r"C:\Program Files\deep_security_remediation"
PROGRESS = DATA + r"\progress.json"
DAMAGED = b'{"phase": "upgr'
# Whoever requests a reboot, and does not fetch the answer, does not hold it up for longer.
ANSWER_LIMIT = 5.0
AN_HOUR, HALF_A_MINUTE = 3600, 31
FILETIME_OF_1970 = 116444736000000000
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
        self.state: dict[str, Any] = {}
        self.note_held: IO[bytes] | None = None
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
    def utc_offset(self) -> int:
        """Of its time zone, in minutes."""
        return 540 if self.japanese else 0

    @property
    def release(self) -> releases.Release:
        return releases.RELEASES[self.about["release"]]

    # Its state and files

    def remember(self, **changes: object) -> None:
        self.state.update(changes)
        world.save(str(self.root / "state.json"), self.state)

    def fault(self, name: str, use: bool = True) -> Any:
        """The parameter of a fault, or None; one that is there `once` is gone after its first use."""
        value = self.faults().get(name)
        if value == "once" and use:
            self.set_faults({key: entry for key, entry in self.faults().items() if key != name})
        return value

    def set_faults(self, faults: dict[str, Any]) -> None:
        before = self.faults()
        super().set_faults(faults)
        self.change_note(
            {name for name in faults if name not in before}, {name for name in before if name not in faults}
        )

    def change_note(self, armed: set[str], healed: set[str]) -> None:
        """The faults that are a state of the progress note: made when they are armed."""
        if "earlier_run_died" in armed:
            note = {"phase": "upgrading", "from": self.state["build"], "self_protection": "off", "run": "it-died"}
            self.drive.write(PROGRESS, json.dumps(note).encode())
            self.remember(self_protection=False)
        if "note_damaged" in armed:
            self.drive.write(PROGRESS, DAMAGED)
        if "note_damaged" in healed and self.drive.exists(PROGRESS) and self.drive.read(PROGRESS) == DAMAGED:
            self.drive.remove(PROGRESS)
        if "note_locked" in armed:
            if not self.drive.exists(PROGRESS):
                self.drive.write(PROGRESS, b'{"phase": "update_pending"}')
            # As another program has it open and shares it with nobody; .NET has flock for that here.
            self.note_held = self.drive.real(PROGRESS).open("rb")
            fcntl.flock(self.note_held, fcntl.LOCK_EX)
        if "note_locked" in healed and self.note_held is not None:
            self.note_held.close()
        if "disk_full_after_install" in healed:
            self.make_room()

    def free_bytes(self) -> int:
        return 0 if self.fault("disk_full") else int(float(self.about["free_gb"]) * 1024**3)

    def is_full(self) -> bool:
        """Whether not even a note can be written any more."""
        return bool(self.fault("disk_full_after_install") and self.state.get("replaced"))

    def no_room(self) -> str:
        return NO_ROOM[self.about["language"]]

    def write(self, path: str, data: bytes) -> None:
        """A file of the host; OSError with Windows' own words where there is no room for it."""
        if self.is_full() or len(data) > max(SMALL, self.free_bytes()):
            raise OSError(self.no_room())
        self.drive.write(path, data)

    def needs_reboot(self) -> bool:
        return any(code != "file_rename_other" for code in self.state["pending"])

    def has_root(self, thumbprint: str) -> bool:
        stores = self.state["certificates"]
        known = thumbprint in stores["Root"] + stores["AuthRoot"]
        return known and thumbprint not in stores["Disallowed"]

    def fetch_roots(self, wanted: Sequence[str]) -> None:
        """What Windows does by itself where it may: a root that is needed comes from Microsoft."""
        stores = self.state["certificates"]
        missing = [root for root in wanted if root not in stores["Root"] + stores["AuthRoot"]]
        if self.about["root_updates"] and missing:
            stores["AuthRoot"] = sorted([*stores["AuthRoot"], *missing])
            self.remember(certificates=stores)
            self.journal("roots_fetched", thumbprints=missing)

    def lacks(self) -> str | None:
        return releases.signatures_lack(self.release.build, self.about["ubr"], self.state["packages"])

    # Its life, as the lab's process drives it

    def prepare(self) -> None:
        from .engine_host import WindowsHost  # which knows this class

        self.folder.mkdir(parents=True)
        world.save(str(self.folder / "host.json"), self.about)
        self.set_faults({})
        for name in ("Program Files", "ProgramData", "Windows/System32", "Windows/Temp"):
            (self.root / "C" / name).mkdir(parents=True)
        prepare(WindowsHost(self), Paths(self.drive.folder))

    def make_small_disks(self) -> None:
        """Room for the package, until an installation fills it; any other full disk is that of write()."""
        if "disk_full_after_install" in self.about["faults"]:
            self.drive.real(DATA).mkdir()
            mount("tmpfs", str(self.drive.real(DATA)), "tmpfs", data="size=512k")

    def fill_disks(self) -> None:
        if not self.is_full() or not self.drive.real(DATA).is_mount():
            return
        with open(self.drive.real(DATA) / BALLAST, "wb", buffering=0) as stream, contextlib.suppress(OSError):
            while stream.write(b"\0" * 4096):
                pass

    def make_room(self) -> None:
        (self.drive.real(DATA) / BALLAST).unlink(missing_ok=True)

    async def boot(self) -> None:
        self.boots += 1
        # The first was a while ago. Each other one is later than whatever was noted before it, though times have whole
        # seconds, and no host takes less than half a minute, as the lab's do.
        now, before = time.time(), self.shown_boot_time
        self.shown_boot_time = max(int(now) + 1.0, before + HALF_A_MINUTE) if before else now - AN_HOUR
        self.down = asyncio.get_running_loop().create_future()
        self.up = True
        if not self.state:
            return
        if not self.fault("reboot_pending_forever"):
            self.remember(pending=[])
        if self.state["build"]:
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
        """Once the command that requests it was answered. delay is that command's own: it is not waited for, as
        win_reboot always has some seconds. False when the host is on its way down already."""
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
            product_code=msi.product_code(build) if build else None,
            install_date=None,
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
            msi.put_files(self, build)
            self.agent.start()

    async def probe(self) -> dict[str, Any]:
        if not self.up:
            return {"winrm_requests": self.requests}
        installed = self.state["build"] is not None
        return {
            "package_build": self.state["build"],
            "running_build": self.agent.build,
            "patterns_current": self.state["patterns_current"] if installed else None,
            "service": self.agent.state if installed else None,
            "self_protection": self.state["self_protection"] if installed else None,
            "pending_reboot": self.state["pending"],
            "winrm_requests": self.requests,
        }

    def boot_filetime(self) -> int:
        return int(self.shown_boot_time * 10_000_000) + FILETIME_OF_1970

    async def stop(self) -> None:
        for task in list(self.tasks):
            task.cancel()
        if self.halting is not None:
            self.halting.cancel()
