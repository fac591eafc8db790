# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way into a Windows host: WinRM over HTTP or HTTPS, one port on 127.0.0.1, in the lab's own process."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import sys
import traceback
import uuid
from xml.etree import ElementTree

from . import answers, payload, soap, tls
from .machine import CURRENT, Exchange, WindowsMachine

LARGEST = 16 << 20
SOAP = "application/soap+xml;charset=UTF-8"
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 500: "Internal Server Error"}


class Command(Exchange):
    """One command of a shell: it starts at once, or, when it reads its input, at the end of that."""

    def __init__(self, machine: WindowsMachine, line: str) -> None:
        super().__init__()
        self.machine = machine
        self.script = payload.script_of(line)
        self.data = bytearray()
        self.done: asyncio.Task[answers.Output] | None = None
        self.started = asyncio.Event()
        if not payload.reads_input(self.script):
            self.start()

    def start(self) -> None:
        CURRENT.set(self)  # of the task that serves this connection, and so of what it starts
        self.done = self.machine.spawn(answers.run(self.machine, self.script, bytes(self.data)))
        self.started.set()

    async def ended(self) -> None:
        await self.started.wait()
        assert self.done is not None
        await asyncio.wait([self.done])

    def feed(self, data: bytes, end: bool) -> None:
        self.data += data
        if end and self.done is None:
            self.start()

    def end(self) -> None:
        self.answered.set()
        if self.done is not None:
            self.done.cancel()


class WinrmDoor:
    """Opened when the host is up, and shut when it is not."""

    def __init__(self, machine: WindowsMachine, port: int) -> None:
        self.machine = machine
        self.port = port
        user, password = machine.about["user"], machine.about["winrm_password"]
        self.credentials = b"Basic " + base64.b64encode(f"{user}:{password}".encode())
        self.tls = tls.context(machine.layout) if tls.wanted(machine.about) else None
        self.server: asyncio.Server | None = None
        self.connections: set[asyncio.StreamWriter] = set()
        self.shells: dict[str, dict[str, Command]] = {}
        machine.door = self

    async def open(self) -> None:
        if self.server is None:
            self.server = await asyncio.start_server(
                self.serve, "127.0.0.1", self.port, reuse_address=True, backlog=100, limit=1 << 20, ssl=self.tls
            )

    def shut(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None
        self.drop()

    def drop(self) -> None:
        for writer in list(self.connections):
            writer.transport.abort()

    def forget(self) -> None:
        """The host went down: no shell outlives that."""
        self.shells.clear()

    # HTTP

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.add(writer)
        try:
            while await self.exchange(reader, writer):
                pass
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
            pass  # the other side is gone, or speaks something else
        finally:
            self.connections.discard(writer)
            with contextlib.suppress(OSError):
                writer.close()

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; False when the connection ends with it."""
        head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        fields = {name.strip().lower(): value.strip() for name, _colon, value in (one.partition(b":") for one in head)}
        size = int(fields.get(b"content-length", b"0"))
        if not 0 <= size <= LARGEST:
            return False
        body = await reader.readexactly(size)
        self.machine.requests += 1
        method, path = [*head[0].split(b" "), b"", b""][:2]
        if not hmac.compare_digest(fields.get(b"authorization", b""), self.credentials):
            status, answer = 401, b""
        elif method != b"POST" or not path.startswith(b"/wsman"):
            status, answer = 404, b""
        else:
            status, answer = await self.answer(body)
        lines = [
            f"HTTP/1.1 {status} {REASONS[status]}",
            f"Content-Type: {SOAP}",
            "Server: Microsoft-HTTPAPI/2.0",
            f"Content-Length: {len(answer)}",
        ]
        if status == 401:
            lines.append('WWW-Authenticate: Basic realm="WSMAN"')
        writer.write("\r\n".join([*lines, "", ""]).encode() + answer)
        await writer.drain()
        return fields.get(b"connection", b"").lower() != b"close"

    # Messages

    async def answer(self, body: bytes) -> tuple[int, bytes]:
        try:
            message = soap.read(body)
        except (ElementTree.ParseError, ValueError):
            return 400, b""
        try:
            return await self.act(message)
        except Exception:
            traceback.print_exc()  # into the lab's log
            return 500, soap.fault(message, 1, "the lab itself failed, see its log: " + traceback.format_exc(limit=-1))

    async def act(self, message: soap.Message) -> tuple[int, bytes]:
        action = message.action
        if action == "Create":
            shell = str(uuid.uuid4()).upper()
            self.shells[shell] = {}
            return 200, soap.created(message, shell)
        commands = self.shells.get(message.shell)
        if commands is None:
            return 500, soap.fault(message, soap.NO_SUCH_SHELL, "The request contained invalid selectors: ShellId")
        if action == "Delete":
            for command in self.shells.pop(message.shell).values():
                command.end()
            return 200, soap.answer(message)
        if action == "Command":
            identity = str(uuid.uuid4()).upper()
            commands[identity] = Command(self.machine, message.line)
            return 200, soap.started(message, identity)
        known = commands.get(message.command)
        if known is None:
            return 500, soap.fault(message, soap.NO_SUCH_SHELL, "The command is not there any more")
        if action == "Send":
            known.feed(message.data, message.end)
            return 200, soap.answer(message, "<rsp:SendResponse/>")
        if action == "Receive":
            return await self.receive(message, known)
        if action == "Signal":
            commands.pop(message.command).end()
            return 200, soap.answer(message, "<rsp:SignalResponse/>")
        print(f"{self.machine.name}: WinRM action {action} is not known to the lab", file=sys.stderr)
        return 500, soap.fault(message, 1, f"the lab does not know the action {action}")

    async def receive(self, message: soap.Message, command: Command) -> tuple[int, bytes]:
        command.awaited.set()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(command.ended(), message.limit)
        if command.done is None or not command.done.done():
            return 500, soap.fault(message, soap.TIMED_OUT, "The operation did not end in time")
        if command.done.cancelled():
            return 200, soap.output(message, b"", b"", 1)
        out, err, code = command.done.result()
        return 200, soap.output(message, out, err, code)
