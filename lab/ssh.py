# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SSH servers of the hosts: one port each on 127.0.0.1, all in the lab's one process."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import asyncssh

from .host import Machine

SHOWN = 300
FORWARDED = ("LANG", "LANGUAGE")
# What a command left running may hold its output open for ever: the answer does not wait longer for that.
OUTPUT_LIMIT = 1.0
# A command that asked for a reboot, and goes on, does not hold it up for longer.
ANSWER_LIMIT = 5.0


class Server(asyncssh.SSHServer):
    def __init__(self, door: Door) -> None:
        self.door = door
        self.connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.connection = conn
        self.door.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.connection is not None:
            self.door.connections.discard(self.connection)


class Files(asyncssh.SFTPServer):
    """Files of the host's private world, by way of its root on the machine's disk."""

    def __init__(self, chan: asyncssh.SSHServerChannel[bytes], machine: Machine) -> None:
        super().__init__(chan, chroot=str(machine.root).encode())
        self.machine = machine

    def realpath(self, path: bytes) -> bytes | Awaitable[bytes]:
        # What is relative is relative to root's home, as under a real server.
        return super().realpath(self.at_home(path))

    def map_path(self, path: bytes) -> bytes:
        return super().map_path(self.at_home(path))

    def at_home(self, path: bytes) -> bytes:
        return path if path.startswith(b"/") else b"/root" if path in (b"", b".") else b"/root/" + path

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        if pflags & asyncssh.FXF_WRITE:
            self.machine.journal("file_written", path=path.decode(errors="replace"), by="sftp")
        return super().open(path, pflags, attrs)


class Door:
    """The way into one host: opened when it is up, and shut when it is not."""

    def __init__(self, machine: Machine, port: int, host_key: Path, client_key: Path) -> None:
        self.machine = machine
        self.port = port
        self.keys = (host_key, client_key)
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self.acceptor: asyncssh.SSHAcceptor | None = None
        self.running: set[asyncio.Task[None]] = set()
        self.numbers = itertools.count(1)
        self.unanswered: dict[str, asyncio.Event] = {}
        """Number of a command, which it has in LAB_COMMAND -> when its answer arrived."""

    async def open(self) -> None:
        if self.acceptor is not None:
            return
        self.acceptor = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            server_factory=lambda: Server(self),
            server_host_keys=[str(self.keys[0])],
            authorized_client_keys=str(self.keys[1]) + ".pub",
            process_factory=self.handle,
            sftp_factory=lambda chan: Files(chan, self.machine),
            allow_scp=False,
            encoding=None,
            line_editor=False,
            reuse_address=True,
            compression_algs=None,
            login_timeout=30,
            keepalive_interval=0,
            backlog=100,
            agent_forwarding=False,
            gss_host=None,
            server_version="lab",
        )

    def shut(self) -> None:
        if self.acceptor is not None:
            self.acceptor.close()
            self.acceptor = None
        self.drop()

    def drop(self) -> None:
        for connection in list(self.connections):
            connection.abort()

    def handle(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        # Not a task of the connection's: as under a real server, a command goes on when its connection is cut.
        task = asyncio.create_task(self.serve(process))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def answered(self, number: str) -> None:
        """Until the answer of that command arrived, for a limited time."""
        if number in self.unanswered:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.unanswered[number].wait(), ANSWER_LIMIT)

    async def serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        number = str(next(self.numbers))
        answered = self.unanswered[number] = asyncio.Event()
        try:
            await self.carry_out(process, number)
        finally:
            answered.set()
            del self.unanswered[number]

    async def carry_out(self, process: asyncssh.SSHServerProcess[bytes], number: str) -> None:
        command = process.command
        self.machine.journal("ssh_command", command=shorten(command or "(login shell)"))
        env = {
            **self.machine.environment(),
            "LAB_COMMAND": number,
            **{name: value for name, value in process.env.items() if name in FORWARDED or name.startswith("LC_")},
        }
        child = await asyncio.create_subprocess_exec(
            *self.machine.enter(command),
            env=env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )
        feeding = asyncio.create_task(feed(process, child))
        outputs = [
            asyncio.create_task(carry(child.stdout, process.stdout)),
            asyncio.create_task(carry(child.stderr, process.stderr)),
        ]
        result = await child.wait()
        await asyncio.wait(outputs, timeout=OUTPUT_LIMIT)
        for task in (feeding, *outputs):
            task.cancel()
        if self.machine.ending and result in (-9, 137):
            return  # killed, as everything on a host that goes down: no answer, only a cut connection
        with contextlib.suppress(OSError, asyncssh.Error):
            if result < 0:
                process.exit(128 - result)
            else:
                process.exit(result)
            await process.wait_closed()


async def feed(process: asyncssh.SSHServerProcess[bytes], child: asyncio.subprocess.Process) -> None:
    assert child.stdin is not None
    try:
        while data := await process.stdin.read(1 << 16):
            child.stdin.write(data)
            await child.stdin.drain()
    except (OSError, asyncssh.Error, asyncssh.BreakReceived, asyncssh.SignalReceived, asyncssh.TerminalSizeChanged):
        pass
    with contextlib.suppress(OSError):
        child.stdin.close()


async def carry(source: asyncio.StreamReader | None, target: Any) -> None:
    assert source is not None
    connected = True
    while data := await source.read(1 << 16):
        if connected:
            try:
                target.write(data)
                await target.drain()
            except (OSError, asyncssh.Error):
                connected = False  # go on reading: the command must not notice


def shorten(text: str) -> str:
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
