# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's one process: holds the hosts, serves their SSH, and answers `lab` and the hosts on a Unix socket.

It runs in namespaces of its own (user, mount, PID), so that it may make the hosts' without being root, and so that
nothing of the lab outlives it, however it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import asyncssh

from .fleet import FAULTS, Fleet, Host
from .host import HostError, Machine
from .layout import Layout
from .manager.files import Files
from .manager.options import Options
from .manager.simulator import Manager
from .manager.web import Refused
from .ssh import Door
from .windows import answers
from .windows.door import WinrmDoor
from .windows.machine import WindowsMachine

DEFAULT_REBOOT_SECONDS = 0.2


class Lab:
    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.plan: dict[str, Any] = json.loads(layout.plan.read_text(encoding="utf-8"))
        self.machines: dict[str, Machine] = {}
        self.doors: dict[str, Door | WinrmDoor] = {}
        self.lives: dict[str, asyncio.Task[None]] = {}
        self.revive: dict[str, asyncio.Event] = {}
        self.ended = asyncio.Event()
        for about in self.plan["hosts"]:
            machine, door = self.make(about)
            self.machines[machine.name] = machine
            self.doors[machine.name] = door
            self.revive[machine.name] = asyncio.Event()
        self.manager = self.make_manager()

    def make_manager(self) -> Manager | None:
        options = self.plan.get("manager")
        if options is None:
            return None
        fields = Host.__dataclass_fields__
        hosts = [Host(**{name: about[name] for name in fields}) for about in self.plan["hosts"]]
        return Manager(Fleet(self.plan["packages"], hosts, Options(**options)), Files(self.layout.top), self.machines)

    def make(self, about: dict[str, Any]) -> tuple[Machine, Door | WinrmDoor]:
        if about["os"] == "windows":
            windows = WindowsMachine(about, self.layout)
            return windows, WinrmDoor(windows, about["port"])
        machine = Machine(about, self.layout)
        return machine, Door(machine, about["port"], self.layout.top / "host_keys" / machine.name, self.layout.key)

    async def start(self) -> None:
        limit = asyncio.Semaphore(2 * (os.cpu_count() or 1))

        async def one(machine: Machine) -> None:
            async with limit:
                await self.start_host(machine)

        work = [one(machine) for machine in self.machines.values()]
        if any(machine.about["engine"] == "powershell" for machine in self.machines.values()):
            work.append(answers.pool().warm())
        results = await asyncio.gather(*work, return_exceptions=True)
        for result in results:
            if result is not None:
                raise result
        if self.manager is not None:
            await self.manager.start()
            self.lives["manager"] = asyncio.create_task(self.manager.live())

    async def start_host(self, machine: Machine) -> None:
        faults = machine.about["faults"]
        machine.prepare()
        if any(name.startswith("disk_full") for name in faults):
            machine.make_small_disks()
        await machine.boot()
        await machine.set_up()
        if "disk_full" in faults:
            machine.fill_disks()
        # The story begins here: how the host came to be is not part of its journal.
        self.layout.journal(machine.name).unlink(missing_ok=True)
        machine.set_faults(faults)
        machine.journal("booted", boot=machine.boots)
        if "unreachable" not in faults:
            await self.doors[machine.name].open()
        self.lives[machine.name] = asyncio.create_task(self.live(machine))

    async def live(self, machine: Machine) -> None:
        """A host's life after its first boot: down, and, if it was a reboot, up again."""
        door, revive = self.doors[machine.name], self.revive[machine.name]
        while True:
            wants_up = await machine.wait()
            door.shut()
            revive.clear()
            if not wants_up or "reboot_never" in machine.faults():
                await revive.wait()
            else:
                seconds = float(machine.faults().get("reboot_seconds", DEFAULT_REBOOT_SECONDS))
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(revive.wait(), seconds)
            await machine.boot()
            if "unreachable" not in machine.faults():
                await door.open()
            machine.journal("booted", boot=machine.boots)

    async def heal(self, machine: Machine, names: list[str]) -> dict[str, Any]:
        faults = machine.faults()
        unknown = [name for name in names if name not in FAULTS]
        if unknown:
            return {"error": f"{unknown[0]!r} is no fault; faults are {', '.join(sorted(FAULTS))}"}
        healed = [name for name in faults if not names or name in names]
        machine.set_faults({name: value for name, value in faults.items() if name not in healed})
        if "disk_full" in healed:
            machine.make_room()
        if "broken_package" in healed:
            self.mend_packages(machine)
        if "unreachable" in healed and machine.is_up:
            await self.doors[machine.name].open()
        if "reboot_never" in healed or "reboot_seconds" in healed:
            self.revive[machine.name].set()
        if healed:
            machine.journal("healed", faults=healed)
        return {"healed": healed}

    def mend_packages(self, machine: Machine) -> None:
        for name in self.plan["broken"].get(machine.name, []):
            shutil.copyfile(self.layout.store / "good" / name, self.layout.packages / name)
        from .inventory import write_vars

        write_vars(self.layout)

    async def status(self, names: list[str]) -> dict[str, Any]:
        machines = [machine for machine in self.machines.values() if not names or machine.name in names]
        probes = await asyncio.gather(*(machine.probe() for machine in machines))
        return {
            "hosts": {
                machine.name: {
                    "state": "up" if machine.is_up else "down",
                    "boots": machine.boots,
                    "faults": machine.faults(),
                    **probe,
                }
                for machine, probe in zip(machines, probes, strict=True)
            }
        }

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        action = request.get("do")
        if action == "stop":
            self.ended.set()
            return {"stopping": True}
        if action == "status":
            return await self.status(request.get("hosts", []))
        if action == "fingerprint":
            return {
                "hosts": dict(
                    zip(
                        self.machines,
                        await asyncio.gather(
                            *(asyncio.to_thread(machine.fingerprint) for machine in self.machines.values())
                        ),
                        strict=True,
                    )
                )
            }
        if action == "heal" and request.get("host") == "manager" and self.manager is not None:
            try:
                return {"healed": self.manager.heal(request.get("faults", []))}
            except Refused as refused:
                return {"error": str(refused)}
        machine = self.machines.get(str(request.get("host")))
        if machine is None:
            return {"error": f"no host {request.get('host')!r}; hosts are {', '.join(self.machines)}"}
        if action == "heal":
            return await self.heal(machine, request.get("faults", []))
        door = self.doors[machine.name]
        if action == "go_down" and isinstance(door, Door):
            answered = door.answered(str(request.get("command")))
            machine.end_after(request["how"], asyncio.sleep(float(request["delay"])), answered)
            return {"going_down": True}
        if action == "drop_ssh":
            machine.journal("ssh_dropped", connections=len(door.connections))
            door.drop()
            return {"dropped": True}
        return {"error": f"unknown request {action!r}"}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            if line:
                writer.write(json.dumps(await self.answer(json.loads(line))).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            pass
        finally:
            writer.close()

    async def stop(self) -> None:
        for task in self.lives.values():
            task.cancel()
        for door in self.doors.values():
            door.shut()
        await asyncio.gather(*(machine.stop() for machine in self.machines.values()))


def write_keys(layout: Layout, hosts: list[dict[str, Any]]) -> None:
    (layout.top / "host_keys").mkdir()
    lines = []
    for host in hosts:
        if host["os"] == "windows":
            continue
        key = asyncssh.generate_private_key("ssh-ed25519")
        path = layout.top / "host_keys" / host["name"]
        key.write_private_key(str(path))
        path.chmod(0o600)
        public = key.export_public_key().decode().strip()
        lines.append(f"[127.0.0.1]:{host['port']} {public}\n")
    layout.known_hosts.write_text("".join(lines), encoding="ascii")
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(layout.key))
    layout.key.chmod(0o600)
    key.write_public_key(str(layout.key) + ".pub")


async def run(layout: Layout, ready: int) -> None:
    lab = Lab(layout)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lab.ended.set)
    write_keys(layout, lab.plan["hosts"])
    # Bound by a short relative name, as the path of a socket must be short.
    os.chdir(layout.top)
    server = await asyncio.start_unix_server(lab.serve, layout.socket.name)
    try:
        await lab.start()
        os.write(ready, b"up\n")
        os.close(ready)
        await lab.ended.wait()
    finally:
        await lab.stop()
        server.close()
        layout.socket.unlink(missing_ok=True)


def main() -> None:
    result = 1
    try:
        ready = int(sys.argv[2])
        os.set_inheritable(ready, False)
        asyncio.run(run(Layout(Path(sys.argv[1])), ready))
        result = 0
    except HostError as error:
        print(error, file=sys.stderr)
    except Exception:
        traceback.print_exc()
    # It is the first process of its namespace: whatever is still there ends with it.
    sys.stderr.flush()
    os._exit(result)


if __name__ == "__main__":
    main()
