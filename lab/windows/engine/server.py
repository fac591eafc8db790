# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers the stand-ins of running tasks, over one port of this machine.

A connection begins with a line: the token of its task, and `query` or `program PID NAME`. Queries are lines of JSON,
and so are their answers. A program (a script of standins/) gets lines `out SIZE`, `err SIZE`, each with so many bytes
behind it, and at last `rc NUMBER`; how it was started is read from /proc.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import secrets
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import command_line
from .host import Answer, Call, EngineHost, Failure, unknown
from .paths import Paths

LARGEST = 16 << 20


class Session:
    """One task on one host."""

    def __init__(self, host: EngineHost, paths: Paths) -> None:
        self.host = host
        self.paths = paths
        self.token = secrets.token_hex(16)

    async def query(self, what: str, arguments: list[Any]) -> Any:
        return await getattr(self, f"query_{what}")(*arguments)

    async def query_key(self, path: str) -> Any:
        found = self.host.registry().key(path)
        if found is None:
            return None
        values = {self.paths.inward(name): [kind, self.value(kind, one)] for name, (kind, one) in found[0].items()}
        return {"values": values, "below": found[1]}

    def value(self, kind: str, content: Any) -> Any:
        if isinstance(content, bytes):
            return content.hex()
        if kind in ("String", "ExpandString", "MultiString"):
            return self.paths.inward_all(content)
        return content

    async def query_value_name(self, text: str) -> str:
        """A name that is a path may have come together of both kinds of separators."""
        return self.paths.inward(self.paths.outward(text))

    async def query_services(self) -> Any:
        return self.plain(self.host.services())

    async def query_control(self, name: str, action: str) -> None:
        await self.host.control(name, action)

    async def query_boot_time(self) -> float:
        return self.host.boot_time()

    async def query_sccm(self) -> Any:
        found = self.host.sccm()
        return found and dataclasses.asdict(found)

    async def query_listeners(self) -> Any:
        return self.plain(self.host.listeners())

    async def query_processes(self) -> Any:
        return self.plain(self.host.processes())

    async def query_signature(self, path: str) -> Any:
        return dataclasses.asdict(self.host.signature(self.paths.outward(path)))

    async def query_certificates(self, store: str) -> Any:
        return self.host.certificates(store)

    async def query_free_bytes(self) -> int:
        return self.host.free_bytes()

    def plain(self, entries: list[Any]) -> Any:
        return self.paths.inward_all([dataclasses.asdict(one) for one in entries])

    async def program(self, name: str, process: Path, writer: asyncio.StreamWriter) -> int:
        """A script was started in the place of a program; its exit status."""
        arguments = [os.fsdecode(one) for one in (process / "cmdline").read_bytes().split(b"\0")[2:-1]]
        variables = (os.fsdecode(one).partition("=") for one in (process / "environ").read_bytes().split(b"\0"))
        environment = {
            one[0]: self.paths.outward(one[2]) for one in variables if one[0] and not one[0].startswith("ENGINE_")
        }
        folder = os.readlink(process / "cwd")
        if name != "cmd.exe":
            call = Call(name, arguments, self.paths.outward(folder), environment)
            return await self.end(await self.host.run(call), writer)
        return await self.line(command_line.line_of(arguments), folder, environment, writer)

    async def line(self, line: str, folder: str, environment: Mapping[str, str], writer: asyncio.StreamWriter) -> int:
        """What stands behind /c of cmd.exe: one program after the other."""
        rc = 0
        for command in command_line.commands(command_line.expand(line, environment)):
            arguments = [self.paths.outward(one) for one in command_line.split(command)]
            name = arguments[0].rpartition("\\")[2]
            if name.lower() == "cmd.exe":
                rc = await self.line(command_line.line_of(arguments[1:]), folder, environment, writer)
                continue
            call = Call(name, arguments[1:], self.paths.outward(folder), environment)
            there = self.place(arguments[0], folder).exists()
            rc = await self.end(await self.host.run(call) if there else unknown(arguments[0]), writer)
        return rc

    def place(self, program: str, folder: str) -> Path:
        if program[1:2] == ":":
            return Path(self.paths.real(program))
        return Path(self.paths.real(self.paths.outward(folder) + "\\" + program.removeprefix(".\\")))

    async def end(self, answer: Answer, writer: asyncio.StreamWriter) -> int:
        for kind, data in ((b"out", answer.out), (b"err", answer.err)):
            if data:
                writer.write(b"%s %d\n" % (kind, len(data)))
                writer.write(data)
        await writer.drain()
        await asyncio.sleep(float("inf") if answer.seconds is None else answer.seconds)
        return answer.rc


class Server:
    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        if self.server is None:
            self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, limit=LARGEST)
            self.port = self.server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            token, kind, *about = (await reader.readline()).decode().split()
            session = self.sessions[token]
            if kind == "query":
                await self.answer_queries(session, reader, writer)
            else:
                await self.answer_program(session, about, reader, writer)
        except (OSError, EOFError, KeyError, ValueError):
            pass  # the other side is gone, or is none of ours
        finally:
            with contextlib.suppress(OSError):
                writer.close()

    async def answer_queries(
        self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while line := await reader.readline():
            request = json.loads(line)
            try:
                answer: dict[str, Any] = {"value": await session.query(request["what"], request["arguments"])}
            except Failure as failure:
                answer = {"failure": str(failure), "kind": failure.kind}
            except Exception as error:
                traceback.print_exc()
                answer = {"failure": f"the engine itself failed: {error!r}", "kind": "error"}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()

    async def answer_program(
        self, session: Session, about: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Ended early where the program is killed."""
        work = asyncio.create_task(session.program(about[1], Path("/proc") / about[0], writer))
        killed = asyncio.create_task(reader.read(1))
        try:
            await asyncio.wait((work, killed), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                writer.write(b"rc %d\n" % self.status(work))
                await writer.drain()
        finally:
            work.cancel()
            killed.cancel()

    def status(self, work: asyncio.Task[int]) -> int:
        try:
            return work.result()
        except Exception:
            traceback.print_exc()
            return 255
