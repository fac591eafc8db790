# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""System events of Deep Security Manager, received as CEF by syslog.

An event has nothing in it but numbers, constants and a checked host name: no text of the network reaches a rule, a
template or a command line.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

DOCUMENTATION = r"""
---
short_description: Receive the system events of Deep Security Manager by syslog
description:
  - Listens for syslog messages in the Common Event Format (CEF) that Deep Security Manager forwards.
  - Each system event that names a host gives one event with C(id), the number of the system event as text; C(codes),
    the numbers and the constants in capitals that its fields hold; C(host); and C(meta.hosts), which limits an action
    to that host.
  - A message that is not from the O(senders), is no CEF of Deep Security Manager, or names no host in a form that is
    no pattern to Ansible gives no event. The log has the first of such messages, and then each thousandth.
options:
  senders:
    description: Addresses or networks from which messages are accepted, those of the Manager.
    type: list
    elements: str
    required: true
  host:
    description: The address to listen on.
    type: str
    default: 0.0.0.0
  port:
    description: The port to listen on.
    type: int
    default: 5514
  protocol:
    description:
      - With V(tcp), O(certfile) adds TLS, and messages may be counted (RFC 6587, RFC 5425) or end with a line feed.
    type: str
    choices: [udp, tcp]
    default: udp
  certfile:
    description: A file with the certificate of this receiver, and those up to the one that the Manager has.
    type: str
  keyfile:
    description: The file with its key, where O(certfile) does not hold it.
    type: str
  host_key:
    description: The field that names the host.
    type: str
    default: target
  host_pattern:
    description:
      - A regular expression at the beginning of that field. Its first group is the host's name in the inventory.
      - C(([^.]+)) takes the name up to its first dot.
    type: str
    default: "(.+)$"
  lowercase:
    description: Make the name lower case.
    type: bool
    default: false
"""

EXAMPLES = r"""
- deep_security.remediation.dsm_syslog:
    senders: [192.0.2.10]
    port: 5514
"""

LOGGER = logging.getLogger(__name__)

MESSAGE_BYTES = 65536
CONNECTIONS = 32
# Events that wait for the rules. What comes beyond that by UDP is lost; a TCP connection is read no further.
WAITING = 1000
CODES = 200

# The syslog header is whatever stands before CEF. Seven fields, in which a backslash is before | and itself.
_HEADER = re.compile(
    r"(?:<[0-9]{1,3}>)?[^|]{0,400}?\bCEF: ?[01]\|" + r"((?:[^\\|]|\\.){0,200})\|" * 6,
    re.DOTALL | re.ASCII,
)
_ESCAPED = re.compile(r"\\([\\|=nr])")
_KEY = re.compile(r"(?:^|(?<=\s))([A-Za-z][A-Za-z0-9_.]{0,63})=", re.ASCII)
# No part of a version, a date or a name: as in the module dsm_event_info.
_CODE = re.compile(r"(?<![\w.-])(?:-?[0-9]{1,6}|[A-Z][A-Z0-9_]{3,63})(?![\w-]|[.,][0-9])", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,6}\Z", re.ASCII)
# Never a pattern, an option, a file of hosts or a template.
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\Z", re.ASCII)
_NO_HOSTS = {"all", "ungrouped", "localhost"}

Event = dict[str, Any]


class Queue(Protocol):
    """Where ansible-rulebook takes events from."""

    async def put(self, event: Event) -> None:
        """Wait until there is room, and add an event."""


class RefusedError(ValueError):
    """A message that gives no event, and why."""


@dataclass(frozen=True)
class Form:
    """How a message names the host."""

    key: str
    pattern: re.Pattern[str]
    lowercase: bool


def event_of(message: bytes, form: Form) -> Event:
    """The event that a message gives. Raises RefusedError."""
    if len(message) > MESSAGE_BYTES:
        raise RefusedError(f"longer than {MESSAGE_BYTES} bytes")
    text = message.decode("utf-8", "replace")
    header = _HEADER.match(text)
    if not header:
        raise RefusedError("no CEF")
    vendor, product, _version, number, _name, _severity = header.groups()
    if (vendor, product) != ("Trend Micro", "Deep Security Manager"):
        raise RefusedError("not of Deep Security Manager")
    if not _NUMBER.match(number):
        raise RefusedError("its number is none")
    fields = text[header.end() :]
    host = _host(fields, form)
    codes = dict.fromkeys(_CODE.findall(_plain(fields)))
    return {"id": number, "host": host, "codes": list(codes)[:CODES], "meta": {"hosts": [host]}}


def _host(fields: str, form: Form) -> str:
    keys = list(_KEY.finditer(fields))
    ends = [key.start() for key in keys[1:]] + [len(fields)]
    values = [fields[key.end() : end] for key, end in zip(keys, ends, strict=False) if key[1] == form.key]
    # Two of them: one may stand in a text that somebody else wrote.
    if len(values) != 1:
        raise RefusedError(f"{len(values)} fields {form.key}")
    found = form.pattern.match(_plain(values[0]).strip()[:512])
    name = (found[1] or "") if found else ""
    name = name.lower() if form.lowercase else name
    if not _HOST.match(name) or name.lower() in _NO_HOSTS:
        raise RefusedError(f"{form.key} is no name of a host")
    return name


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: " " if found[1] in "nr" else found[1], text)


class Receiver:
    """Makes events of the messages of all connections."""

    def __init__(self, form: Form, senders: Iterable[str]) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue(WAITING)
        self._form = form
        self._senders = [ipaddress.ip_network(sender) for sender in senders]
        self._refused = 0
        self._connections = 0

    def accepts(self, address: str) -> bool:
        """Whether messages of that address are accepted."""
        sender = ipaddress.ip_address(address.partition("%")[0])
        # So an IPv4 address shows itself at a socket for both.
        sender = getattr(sender, "ipv4_mapped", None) or sender
        accepted = any(sender in network for network in self._senders)
        if not accepted:
            self._refuse(address, "not one of the senders")
        return accepted

    def event(self, address: str, message: bytes) -> Event | None:
        """The event of a message, if it gives one."""
        try:
            return event_of(message, self._form)
        except RefusedError as error:
            self._refuse(address, str(error))
            return None

    def datagram(self, address: str, message: bytes) -> None:
        """Keep the event of a message that came by UDP."""
        event = self.event(address, message) if self.accepts(address) else None
        if event:
            try:
                self.events.put_nowait(event)
            except asyncio.QueueFull:
                self._refuse(address, f"{WAITING} events wait for the rules")

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Keep the events of a connection, to its end."""
        address = str(writer.get_extra_info("peername")[0])
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._connections += 1
        try:
            if not self.accepts(address):
                return
            if self._connections > CONNECTIONS:
                self._refuse(address, f"more than {CONNECTIONS} connections")
                return
            async for message in messages(reader):
                event = self.event(address, message)
                if event:
                    await self.events.put(event)
        except (RefusedError, OSError) as error:
            self._refuse(address, str(error))
        finally:
            self._connections -= 1
            writer.close()

    def _refuse(self, address: str, why: str) -> None:
        self._refused += 1
        if self._refused % 1000 == 1:
            LOGGER.warning("Message %d that gives no event, from %s: %s", self._refused, address, why)


async def messages(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The messages of a connection. Raises RefusedError for one that cannot be told from the next."""
    try:
        while True:
            first = await reader.readexactly(1)
            if not first.isdigit():
                yield (first + await reader.readuntil(b"\n")).rstrip(b"\r\n\0")
                continue
            count = first + await reader.readuntil(b" ")
            if not _NUMBER.match(count[:-1].decode("ascii", "replace")) or int(count) > MESSAGE_BYTES:
                raise RefusedError("the length of a message is none")
            yield await reader.readexactly(int(count))
    except asyncio.LimitOverrunError as error:
        raise RefusedError(f"longer than {MESSAGE_BYTES} bytes") from error
    except asyncio.IncompleteReadError:
        return


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Called by asyncio."""
        self._receiver.datagram(str(addr[0]), data)


def _options(args: Mapping[str, Any]) -> tuple[Form, list[str]]:
    senders = args.get("senders")
    if not isinstance(senders, list) or not senders:
        raise ValueError("dsm_syslog: senders must be a list of addresses or networks, those of the Manager")
    pattern = re.compile(str(args.get("host_pattern") or "(.+)$"))
    if not pattern.groups:
        raise ValueError("dsm_syslog: host_pattern must have a group, which is the name of the host")
    if args.get("protocol", "udp") not in ("udp", "tcp"):
        raise ValueError("dsm_syslog: protocol must be udp or tcp")
    lowercase = str(args.get("lowercase", False)).lower() in ("true", "yes", "1")
    return Form(str(args.get("host_key") or "target"), pattern, lowercase), [str(sender) for sender in senders]


def _tls(args: Mapping[str, Any]) -> ssl.SSLContext | None:
    if not args.get("certfile"):
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(args["certfile"], args.get("keyfile") or None)
    return context


async def main(queue: Queue, args: Mapping[str, Any]) -> None:
    """Entry point of ansible-rulebook: adds events to the queue until it is cancelled."""
    receiver = Receiver(*_options(args))
    host, port = str(args.get("host") or "0.0.0.0"), int(args.get("port") or 5514)
    end: asyncio.DatagramTransport | asyncio.Server
    if args.get("protocol", "udp") == "udp":
        loop = asyncio.get_running_loop()
        end, dummy = await loop.create_datagram_endpoint(lambda: _Datagrams(receiver), local_addr=(host, port))
    else:
        end = await asyncio.start_server(receiver.connection, host, port, limit=MESSAGE_BYTES, ssl=_tls(args))
    LOGGER.info("Listening on %s port %d", host, port)
    try:
        while True:
            await queue.put(await receiver.events.get())
    finally:
        end.close()
