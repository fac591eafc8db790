# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Manager as a whole: alone, or in the lab's own process with the lab's hosts."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import Mapping
from typing import Any

from ..fleet import Fleet
from ..host import Machine
from . import software, synthetic
from .api import AUDITOR, FULL_ACCESS, Api
from .events import Events
from .files import Files
from .hosts import Hosts, controls, register_without_host
from .legacy import Legacy
from .options import VERSION, wrong_fault
from .server import Server
from .store import Store
from .tasks import Tasks, newest
from .web import Answer, Refused, Request, said


class Manager:
    def __init__(self, fleet: Fleet, files: Files, machines: Mapping[str, Machine]) -> None:
        assert fleet.manager is not None
        self.files = files
        self.about = files.read()
        self.store = Store(fleet.manager)
        self.events = Events()
        self.tasks = Tasks(self.store, self.events)
        keys = {self.about["api_key"]: FULL_ACCESS, self.about["auditor_key"]: AUDITOR}
        self.api = Api(self.store, self.tasks, keys)
        self.api.controls = controls(fleet)
        self.tasks.newest = newest(fleet.packages)
        self.legacy = Legacy(self.store, self.events, self.about["username"], self.about["password"])
        self.hosts = Hosts(self.store, self.tasks, machines)
        if not machines:
            for host in fleet.hosts:
                register_without_host(self.store, host)
        port = int(self.about["url"].rpartition(":")[2])
        self.server = Server(port, self.store, files.certificate, files.journal)
        self.server.answer = self.answer

    def answer(self, request: Request) -> Answer:
        """Raises Refused."""
        path = request.path
        if path.startswith("/api/"):
            return self.api.answer(request)
        if path.startswith("/software/"):
            return software.answer(request, self.files.packages)
        if path == "/lab/faults":
            return self.change_faults(request)
        if path == "/lab/version" and request.method == "POST":
            return self.change_version(request)
        if path == "/lab/state":
            return said(self.state())
        return self.legacy.answer(request)

    # The lab's own doors: no real Manager has them

    def change_faults(self, request: Request) -> Answer:
        """GET shows them; POST with an object arms these; DELETE?name=... takes these away, or all."""
        if request.method == "POST":
            wanted = request.json()
            for name, parameter in wanted.items():
                allowed = wrong_fault(name, parameter)
                if allowed:
                    raise Refused(400, f"{name}: {parameter!r} is not allowed; allowed is {allowed}")
            self.store.set_faults(wanted)
        elif request.method == "DELETE":
            self.heal(request.query.get("name", []))
        with self.store.lock:
            return said(self.store.faults)

    def change_version(self, request: Request) -> Answer:
        """What an upgrade of the Manager itself does: {"version": "20.0.1234"}."""
        wanted = request.json().get("version")
        if not isinstance(wanted, str) or not VERSION.fullmatch(wanted):
            raise Refused(400, f"{wanted!r} is not allowed; allowed is a version like 20.0.737")
        self.store.options.version = wanted
        return said({"version": wanted})

    def heal(self, names: list[str]) -> list[str]:
        """Raises Refused for a name that is no fault."""
        try:
            return self.store.heal(names)
        except ValueError as error:
            raise Refused(400, str(error)) from error

    def state(self) -> dict[str, Any]:
        with self.store.lock:
            return {
                "computers": len(self.store.computers),
                "tasks": len(self.tasks.all),
                "events": len(self.events.all),
                "sessions": len(self.store.sessions),
                "logins": self.store.logins,
                "faults": dict(self.store.faults),
                "requests": dict(self.server.counts),
            }

    # Its life

    async def start(self) -> None:
        """Hears from the lab's hosts, then opens its door."""
        await self.hosts.beat(True)
        options = self.store.options
        # After the hosts, whose IDs are easier to read for it.
        synthetic.fill(self.store, options.computers, options.groups)
        self.server.start()

    async def live(self) -> None:
        """Heartbeats, and what is due later, for ever."""
        loop, awake = asyncio.get_running_loop(), asyncio.Event()
        self.store.wake = functools.partial(wake_up, loop, awake)
        interval = self.store.options.heartbeat_seconds
        next_beat = time.monotonic() + interval
        while True:
            everybody = time.monotonic() >= next_beat
            if everybody:
                next_beat = time.monotonic() + interval
            await self.hosts.beat(everybody)
            due = await asyncio.to_thread(self.store.run_due)
            pause = max(0.0, min(due, next_beat - time.monotonic()))
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(awake.wait(), pause)
            awake.clear()


def wake_up(loop: asyncio.AbstractEventLoop, awake: asyncio.Event) -> None:
    """From any thread."""
    loop.call_soon_threadsafe(awake.set)
