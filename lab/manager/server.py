# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTPS: threads, connections that stay open, and the faults that a request can meet."""

from __future__ import annotations

import collections
import email.utils
import socket
import socketserver
import ssl
import threading
import time
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from ..standins import journal
from .store import Store
from .web import Answer, Refused, Request, refusal

MINUTE = 60.0
LARGEST_BODY = 64 * 1024 * 1024
QUIET_SECONDS = 300


class Limit:
    """At most so many requests in any minute."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.times: collections.deque[float] = collections.deque()

    def wait(self, most: int) -> int:
        """Seconds until the next one may come; 0 when it may now."""
        now = time.monotonic()
        with self.lock:
            while self.times and self.times[0] <= now - MINUTE:
                self.times.popleft()
            if len(self.times) < most:
                self.times.append(now)
                return 0
            return int(self.times[0] + MINUTE - now) + 1 if self.times else int(MINUTE)


class Server(socketserver.ThreadingMixIn, HTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, store: Store, certificate: Callable[[bool], Path], log: Path) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.store = store
        self.certificate = certificate
        self.log = log
        self.limit = Limit()
        self.counts: collections.Counter[str] = collections.Counter()
        self.answer: Callable[[Request], Answer] = lambda request: Answer(404)
        self.context = self.make_context()
        store.faults_changed = self.reload

    def make_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate("expired_certificate" in self.store.faults))
        return context

    def reload(self) -> None:
        self.context = self.make_context()

    def get_request(self) -> tuple[socket.socket, Any]:
        # The handshake is the thread's: whoever does not finish it holds up nobody else.
        conn, peer = super().get_request()
        conn.settimeout(QUIET_SECONDS)
        return self.context.wrap_socket(conn, server_side=True, do_handshake_on_connect=False), peer

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients that go away are what several faults are for

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def decide(self, request: Request) -> Answer:
        """The answer, after the faults that come before it."""
        faults, api = self.store.faults, request.path.startswith("/api/")
        try:
            if api and "rate_limit" in faults:
                seconds = self.limit.wait(int(faults["rate_limit"]))
                if seconds:
                    raise Refused(429, "Too many API requests", Retry_After=str(seconds))
            if api and self.store.take("storm"):
                raise Refused(429, "Too many API requests", Retry_After="1")
            if not request.path.startswith("/lab/") and self.store.take("server_errors"):
                raise Refused(500, "Internal server error")
            if api and request.path.rstrip("/") in ("/api/computers", "/api/computers/search"):
                time.sleep(float(faults.get("slow_pages", 0)))
            return self.answer(request)
        except Refused as refused:
            return refusal(refused)
        except Exception:  # a mistake of the simulator itself has to be seen, and not to look like a lost connection
            traceback.print_exc()
            return refusal(Refused(500, "The simulator made a mistake, see its log"))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Deep Security Manager", ""
    disable_nagle_algorithm = True
    server: Server

    def any_method(self) -> None:
        began = time.monotonic()
        size = self.headers.get("Content-Length") or "0"
        if not size.isdigit() or int(size) > LARGEST_BODY or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self.send_answer(refusal(Refused(411, "A request needs a Content-Length of at most 64 MiB")), False)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(int(size)))
        answer = self.server.decide(request)
        lab = request.path.startswith("/lab/")
        cut = bool(answer.data) and not answer.lost and not lab and self.server.store.take("truncated")
        if not lab:
            self.note(request, answer, began)
        if answer.lost:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_answer(answer, cut)

    do_GET = do_POST = do_DELETE = do_PUT = any_method

    def note(self, request: Request, answer: Answer, began: float) -> None:
        """Before the answer goes out, so that whoever has it finds its line. The query may hold a session."""
        self.server.counts[f"{request.method} {request.path}"] += 1
        journal.append(
            str(self.server.log),
            "request",
            method=request.method,
            path=request.path,
            status=answer.status,
            bytes=len(answer.data),
            seconds=round(time.monotonic() - began, 3),
        )

    def send_answer(self, answer: Answer, cut: bool) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(answer.data)))
        if cut:
            self.close_connection = True
        self.end_headers()
        self.wfile.write(answer.data[: len(answer.data) // 2] if cut else answer.data)

    def date_time_string(self, timestamp: float | None = None) -> str:
        now = time.time() if timestamp is None else timestamp
        return email.utils.formatdate(now + self.server.store.skew, usegmt=True)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass
