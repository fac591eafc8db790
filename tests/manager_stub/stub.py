# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small HTTPS server in the process that answers what a test tells it, and a clock that does not wait."""

from __future__ import annotations

import datetime
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

KEY = "2:s3cr3t+Key/of=the:Manager"
Headers = Mapping[str, str]
Connect = Callable[..., Any]
"""Makes a client: the fixture connect."""


@dataclass
class Answer:
    """What the server says. raw goes over the wire as it is, after which the connection is closed."""

    status: int = 200
    body: Any = None
    headers: Headers = field(default_factory=dict)
    raw: bytes | None = None
    length: int | None = None
    """Content-Length, where it is to be wrong."""

    def bytes(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Asked:
    """What the server was asked."""

    method: str
    path: str
    headers: Headers
    body: Any


class Stub:
    """A server whose answers come from a function."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Answer] = lambda asked: Answer(404)

    def says(self, *answers: Answer) -> None:
        """These answers in this order, the last one for ever; 404 without any. Forgets what was asked before."""
        self.asked.clear()
        self.answer = lambda asked: answers[min(len(self.asked), len(answers)) - 1] if answers else Answer(404)


class Clock:
    """Time that passes only where somebody sleeps, or by tick at every look."""

    def __init__(self, tick: float = 0) -> None:
        self.now = 1000.0
        self.tick = tick
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        self.now += self.tick
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def certificate(folder: Path, name: str, *, host: str | None = None, days: int = 30) -> Path:
    """A self-signed certificate and its key in one PEM file, for 127.0.0.1 or for that host name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    alternative = x509.DNSName(host) if host else x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - datetime.timedelta(days=60))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def parsed(data: bytes) -> Any:
    """What a client sent: an object from JSON, else a text."""
    try:
        return json.loads(data)
    except ValueError:
        return data.decode()


@contextmanager
def serving(pem: Path | None) -> Iterator[Stub]:
    """The server, with TLS if it has a certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = parsed(self.rfile.read(size)) if size else None
            asked = Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            stub.asked.append(asked)
            answer = stub.answer(asked)
            if answer.raw is not None:
                self.wfile.write(answer.raw)
                return
            data = answer.bytes()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data) if answer.length is None else answer.length))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_DELETE = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that goes away is what several tests want

    server = Server(("127.0.0.1", 0), Handler)
    if pem:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    stub = Stub(f"https://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def computers(total: int, **more: Any) -> Callable[[Asked], Answer]:
    """Answers of a Manager with that many computers."""
    fleet = [computer(number, **more) for number in range(1, total + 1)]

    def answer(asked: Asked) -> Answer:
        after = asked.body["searchCriteria"][0]["idValue"]
        return Answer(body={"computers": fleet[after : after + asked.body["maxItems"]]})

    return answer


def computer(number: int = 1, **more: Any) -> dict[str, Any]:
    """One computer as the Manager's API describes it."""
    return {
        "ID": number,
        "hostGUID": f"GUID-{number}",
        "hostName": f"host{number}.example.com",
        "displayName": f"Host {number}",
        "lastIPUsed": "192.0.2.1",
        "platform": "Red Hat Enterprise 8 (64 bit)",
        "groupID": number % 3,
        "policyID": 12,
        "relayListID": 1,
        "agentFingerPrint": "AA:BB",
        "applianceFingerPrint": None,
        "agentVersion": "20.0.0.6313",
        "lastAgentCommunication": 1762000000000,
        "computerStatus": {"agentStatus": "active", "agentStatusMessages": ["Managed (Online)"]},
        "computerSettings": {"platformSettingRelayState": {"value": "false"}},
        "antiMalware": {
            "state": "inherited",
            "moduleStatus": {"agentStatus": "active", "agentStatusMessage": "On, Real Time"},
        },
        **more,
    }
