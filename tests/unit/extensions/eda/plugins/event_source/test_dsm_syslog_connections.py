# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The source's sockets: what a connection or a datagram brings, whose it is, and how much of it is kept."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import typing as t
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.extensions.eda.plugins.event_source import dsm_syslog
from ansible_collections.deep_security.remediation.extensions.eda.plugins.event_source.dsm_syslog import (
    CONNECTIONS,
    MESSAGE_BYTES,
    WAITING,
    Event,
    Form,
    Receiver,
    RefusedError,
    event_of,
    messages,
)
from lab.layout import Layout
from lab.windows import tls

TARGET = Form("target", re.compile("(.+)$"), False)
HEADER = "<134>Nov 28 00:00:00 dsm CEF:0|Trend Micro|Deep Security Manager|20.0.737|2205|Pattern Update Failed|6|"
MESSAGE = (HEADER + r"target=web-1 msg=Agent event: 9017\nError code: -24").encode()


async def read(content: bytes) -> list[bytes]:
    """The messages of a connection that has sent this."""
    reader = asyncio.StreamReader(limit=MESSAGE_BYTES)
    reader.feed_data(content)
    reader.feed_eof()
    return [message async for message in messages(reader)]


@given(st.lists(st.binary(min_size=1, max_size=30)), st.booleans())
def test_messages_of_a_connection(sent: list[bytes], counted: bool) -> None:
    if counted:
        assert asyncio.run(read(b"".join(b"%d %s" % (len(each), each) for each in sent))) == sent
        return
    lines = [b"<1>" + each.translate(None, b"\r\n\0") for each in sent]
    assert asyncio.run(read(b"".join(line + b"\r\n" for line in lines))) == lines


@pytest.mark.parametrize("content", [b"99999999 x", b"9x 1", b"1" * 70000, b"70000 " + b"x" * 70000, b"<" * 70000])
def test_a_connection_without_a_form_ends(content: bytes) -> None:
    with pytest.raises(RefusedError):
        asyncio.run(read(content))


def test_what_is_cut_off_is_no_message() -> None:
    assert asyncio.run(read(b"10 short")) == []
    assert asyncio.run(read(b"<1>no end")) == []


def test_senders() -> None:
    receiver = Receiver(TARGET, ["192.0.2.10", "2001:db8::/32", "198.51.100.0/24"])
    for address in ("192.0.2.10", "::ffff:192.0.2.10", "2001:db8::1", "198.51.100.7"):
        assert receiver.accepts(address), address
    for address in ("192.0.2.11", "::1", "2001:db9::1", "fe80::1%eth0"):
        assert not receiver.accepts(address), address


def test_what_a_stranger_sends_is_no_event() -> None:
    async def events(address: str) -> int:
        receiver = Receiver(TARGET, ["192.0.2.10"])
        receiver.datagram(address, MESSAGE)
        return receiver.events.qsize()

    assert [asyncio.run(events(address)) for address in ("192.0.2.10", "192.0.2.11")] == [1, 0]


def test_what_comes_too_fast_is_lost_and_noted_once(caplog: pytest.LogCaptureFixture) -> None:
    async def flood() -> int:
        receiver = Receiver(TARGET, ["192.0.2.10"])
        for dummy in range(WAITING + 900):
            receiver.datagram("192.0.2.10", MESSAGE)
        return receiver.events.qsize()

    assert asyncio.run(flood()) == WAITING
    assert [record.getMessage() for record in caplog.records] == [
        f"Message 1 that gives no event, from 192.0.2.10: {WAITING} events wait for the rules"
    ]


def free_port(kind: socket.SocketKind) -> int:
    """A port that nothing uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def received(args: dict[str, t.Any], send: t.Callable[[int], t.Awaitable[None]]) -> Event:
    """The first event, when the source listens and that was sent."""
    queue: asyncio.Queue[Event] = asyncio.Queue(1)
    kind = socket.SOCK_DGRAM if args.get("protocol", "udp") == "udp" else socket.SOCK_STREAM
    port = free_port(kind)
    source = asyncio.create_task(
        dsm_syslog.main(queue, {"senders": ["127.0.0.1"], "host": "127.0.0.1", "port": port, **args})
    )
    first = asyncio.create_task(queue.get())
    while not first.done():
        assert not source.done(), source.exception()
        with contextlib.suppress(ConnectionRefusedError):  # it does not listen yet
            await send(port)
        await asyncio.wait({first, source}, timeout=0.1, return_when=asyncio.FIRST_COMPLETED)
    source.cancel()
    await asyncio.gather(source, return_exceptions=True)
    return first.result()


def test_udp() -> None:
    async def send(port: int) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for message in (b"no CEF", HEADER.encode() + b"target=!all", MESSAGE):
                sender.sendto(message, ("127.0.0.1", port))

    assert asyncio.run(received({}, send)) == event_of(MESSAGE, TARGET)


async def stream(port: int, trust: ssl.SSLContext | None = None) -> None:
    """A message after one that is refused, over a connection of its own."""
    dummy, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust)
    writer.write(b"<1>no CEF\n" + MESSAGE + b"\n")
    writer.close()
    await writer.wait_closed()


def test_tcp() -> None:
    assert asyncio.run(received({"protocol": "tcp"}, stream)) == event_of(MESSAGE, TARGET)


def test_tls(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    tls.write(layout)
    trust = ssl.create_default_context(cafile=str(tls.authority(layout)))
    args = {"protocol": "tcp", "certfile": str(tls.shown(layout))}
    assert asyncio.run(received(args, lambda port: stream(port, trust))) == event_of(MESSAGE, TARGET)


def test_a_connection_of_a_stranger_ends() -> None:
    async def connect() -> int:
        receiver = Receiver(TARGET, ["192.0.2.10"])
        server = await asyncio.start_server(receiver.connection, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        writer.write(MESSAGE + b"\n")
        writer.write_eof()
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        server.close()
        return receiver.events.qsize()

    assert asyncio.run(connect()) == 0


def test_connections_are_bounded() -> None:
    async def connect() -> list[bytes]:
        receiver = Receiver(TARGET, ["127.0.0.1"])
        server = await asyncio.start_server(receiver.connection, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        open_ones = [await asyncio.open_connection("127.0.0.1", port) for dummy in range(CONNECTIONS + 1)]
        ended = await asyncio.wait(
            [asyncio.create_task(reader.read()) for reader, dummy in open_ones], return_when=asyncio.FIRST_COMPLETED
        )
        for dummy, writer in open_ones:
            writer.close()
        for task in ended[1]:
            task.cancel()
        server.close()
        return [task.result() for task in ended[0]]

    assert asyncio.run(connect()) == [b""]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "senders"),
        ({"senders": []}, "senders"),
        ({"senders": "192.0.2.10"}, "senders"),
        ({"senders": ["dsm.example.com"]}, "does not appear to be"),
        ({"senders": ["192.0.2.10"], "protocol": "tls"}, "protocol"),
        ({"senders": ["192.0.2.10"], "host_pattern": ".+"}, "group"),
        ({"senders": ["192.0.2.10"], "port": "x"}, "invalid literal"),
    ],
    ids=ascii,
)
def test_wrong_options_are_refused(args: dict[str, t.Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        asyncio.run(dsm_syslog.main(asyncio.Queue(), args))
