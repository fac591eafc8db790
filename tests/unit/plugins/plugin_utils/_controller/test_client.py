# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client: where the API is, pages, and what an answer means."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.error import HTTPError, URLError

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller import Client, ControllerError


def client(answers: Mapping[str, Any]) -> Client:
    """answers: path → value, status or exception."""

    def opened(url: str, **options: Any) -> io.BytesIO:
        path = url.removeprefix("https://awx")
        answer = answers.get(path, 404)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            raise HTTPError(url, answer, "", {}, None)  # type: ignore[arg-type]
        return io.BytesIO(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    return Client("awx/", "t0ken", True, opened)  # as the environment variable often has it


PING = {"version": "24.6.1"}
ME = {"results": [{"id": 1}]}


@pytest.mark.parametrize("root", ["/api/v2/", "/api/controller/v2/"])
def test_the_api_is_found_in_awx_and_behind_the_gateway(root: str) -> None:
    found = client({f"{root}ping/": PING, f"{root}me/": ME, f"{root}projects/1/": {"id": 1}})
    found.check()
    assert found.version == "24.6.1"
    assert found.get("projects/1") == {"id": 1}


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({}, "is neither AWX nor Automation Platform"),
        ({"/api/v2/ping/": b"<html>"}, "is neither AWX nor Automation Platform"),
        ({"/api/v2/ping/": URLError("refused")}, "cannot be reached"),
        ({"/api/v2/ping/": 503}, "answered /api/v2/ping/ with HTTP 503"),
        ({"/api/v2/ping/": PING, "/api/v2/me/": 401}, "does not accept the token"),
        ({"/api/v2/ping/": PING, "/api/v2/me/": 403}, "may not read"),
        ({"/api/v2/ping/": PING, "/api/v2/me/": b"{"}, "is no JSON"),
        ({"/api/v2/ping/": PING, "/api/v2/me/": []}, "for me is not one of AWX"),
        ({"/api/v2/ping/": PING, "/api/v2/me/": None}, "for me is not one of AWX"),
        ({"/api/v2/ping/": PING, "/api/v2/me/": {"results": 1}}, "for me is not one of AWX"),
        ({"/api/v2/ping/": 302, "/api/controller/v2/ping/": 302}, "or redirects to another address"),
        ({"/api/v2/ping/": PING, "/api/v2/me/": 307}, "answered /api/v2/me/ with HTTP 307"),
    ],
    ids=[
        *("nothing", "page", "refused", "busy", "token", "rights", "cut", "list", "null", "other", "redirect"),
        "redirect later",
    ],
)
def test_an_address_or_token_that_cannot_be_used_is_named(answers: dict[str, Any], message: str) -> None:
    with pytest.raises(ControllerError, match=message) as raised:
        client(answers).check()
    assert "t0ken" not in str(raised.value)


def test_lists_are_read_page_by_page_and_one_name_is_one_object() -> None:
    pages = {
        "/api/v2/ping/": PING,
        "/api/v2/me/": ME,
        "/api/v2/credentials/?page_size=200": {"results": [{"id": 1}], "next": "/api/v2/credentials/?page=2"},
        "/api/v2/credentials/?page=2": {"results": [{"id": 2}], "next": None},
        "/api/v2/projects/?name=p&organization=1": {"results": [{"id": 1}, {"id": 2}], "next": None},
        "/api/v2/workflow_job_template_nodes/?identifier=gate": {"results": [], "next": None},
    }
    found = client(pages)
    found.check()
    assert [each["id"] for each in found.all("credentials")] == [1, 2]
    assert found.find("workflow_job_template_nodes", "gate") is None
    with pytest.raises(ControllerError, match="AWX has 2 projects with the name 'p'"):
        found.find("projects", "p", organization="1")


def test_the_token_does_not_follow_a_redirect() -> None:
    """A portal, or whatever a misspelled address leads to, would get it."""
    sent: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent.append(self.path)
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{server.server_port}/other{self.path}")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    with server, pytest.raises(ControllerError, match="or redirects to another address"):
        try:
            Client(f"http://127.0.0.1:{server.server_port}", "t0ken", True).check()
        finally:
            server.shutdown()
    assert sent == ["/api/v2/ping/", "/api/controller/v2/ping/"]
