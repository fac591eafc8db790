# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWX's API over HTTP, in this process."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from . import checks
from .resources import RESOURCES
from .store import Refused, Store, Thing

TOKEN = "t0ken-of-the-operator"
_ROOT = "/api/v2/"
_PAGE = 5  # AWX has 25; so every list has more than one page


class Awx:
    """One AWX. requests: method and path of everything that was sent. may_make: endpoints that the user may not use."""

    def __init__(self, version: str = "24.6.1", old: Mapping[str, set[str]] | None = None) -> None:
        self.store, self.version, self.url = Store(old), version, ""
        self.requests: list[tuple[str, str]] = []
        self.forbidden: set[str] = set()

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """Status and body."""
        parts = path.removeprefix(_ROOT).strip("/").split("/")
        if parts == ["me"]:
            return 200, self._page([{"id": 1, "username": "operator"}], path, {})
        endpoint = parts[0]
        if endpoint == "project_updates" and len(parts) == 2:
            return 200, self._update(int(parts[1]))
        if endpoint not in RESOURCES and endpoint != "unified_job_templates":
            raise Refused(404, {"detail": "The requested resource could not be found."})
        if len(parts) == 1:
            return self._list(method, endpoint, path, query, body)
        if len(parts) == 2:
            return self._one(method, endpoint, int(parts[1]), body)
        return self._below(method, endpoint, int(parts[1]), parts[2], path, query, body)

    def _list(self, method: str, endpoint: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if method == "OPTIONS":
            may = endpoint not in self.forbidden
            fields = [name for name, field in self.store.fields(endpoint).items() if not field.read_only]
            return 200, {"actions": {"GET": {}, **({"POST": {name: {} for name in fields}} if may else {})}}
        if method == "POST":
            if endpoint in self.forbidden:
                raise Refused(403, {"detail": "You do not have permission to perform this action."})
            return 201, self._shown(endpoint, self.store.create(endpoint, body))
        known = {"id", "type", "name", "organization", *(RESOURCES[endpoint].fields if endpoint in RESOURCES else ())}
        filters = {name: value for name, value in query.items() if name not in ("page", "page_size")}
        if unknown := {name.removeprefix("or__").removesuffix("__contains") for name in filters} - known:
            raise Refused(400, {"detail": f"cannot resolve field {unknown}"})
        found = [thing for thing in self.store.every(endpoint) if _fits(thing, filters)]
        return 200, self._page([self._shown(endpoint, thing) for thing in found], path, query)

    def _one(self, method: str, endpoint: str, key: int, body: Any) -> tuple[int, Any]:
        if method == "DELETE":
            return self.store.delete(endpoint, key), None
        thing = self.store.patch(endpoint, key, body) if method == "PATCH" else self.store.get(endpoint, key)
        if endpoint == "projects" and method == "GET":
            self.store.go_on(thing)
        return 200, self._shown(endpoint, thing)

    def _below(
        self, method: str, endpoint: str, key: int, name: str, path: str, query: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        thing = self.store.get(endpoint, key)
        if name == "survey_spec" and RESOURCES[endpoint].template:
            if method == "POST":
                problem = checks.survey(body)
                if problem:
                    raise Refused(400, {"error": problem})
                self.store.surveys[key] = body
                return 200, {}
            return 200, self.store.surveys.get(key, {})
        if name == "playbooks" and endpoint == "projects":
            return 200, self.store.playbooks.get(key, [])
        if name == "update" and endpoint == "projects" and method == "POST":
            self.store._update(thing)
            return 202, {
                "project_update": thing["current_update"],
                "url": f"{_ROOT}project_updates/{thing['current_update']}/",
            }
        if name == "create_approval_template" and endpoint == "workflow_job_template_nodes":
            made = self.store.create("workflow_approval_templates", body)
            thing["unified_job_template"] = made["id"]
            return 201, self._shown("workflow_approval_templates", made)
        lists = dict(RESOURCES[endpoint].lists)
        if name not in lists:
            raise Refused(404, {"detail": "Not found."})
        if method == "POST":
            self.store.associate(endpoint, key, name, body["id"], bool(body.get("disassociate")))
            return 204, None
        members = [self.store.get(lists[name], member) for member in self.store.lists.get((endpoint, key, name), [])]
        return 200, self._page([self._shown(lists[name], member) for member in members], path, query)

    def _update(self, update: int) -> Thing:
        for project in self.store.things["projects"].values():
            if project.get("current_update") == update:
                self.store.go_on(project)
                return {"id": update, "status": "running" if project["current_update"] else project["status"]}
        raise Refused(404, {"detail": "Not found."})

    def _shown(self, endpoint: str, thing: Thing) -> Thing:
        if endpoint == "unified_job_templates":
            endpoint = next(name for name, resource in RESOURCES.items() if resource.type == thing["type"])
        url = f"{_ROOT}{endpoint}/{thing['id']}/"
        related = {name: f"{url}{name}/" for name, _other in RESOURCES[endpoint].lists}
        related |= {name: f"{url}{name}/" for name in ("survey_spec", "update", "playbooks")}
        if thing.get("unified_job_template"):
            template = self.store.get("unified_job_templates", thing["unified_job_template"])
            other = next(name for name, resource in RESOURCES.items() if resource.type == template["type"])
            related["unified_job_template"] = f"{_ROOT}{other}/{template['id']}/"
        current = thing.get("current_update")
        summary = {"current_update": {"id": current}} if current else {}
        return {**self.store.shown(endpoint, thing), "url": url, "related": related, "summary_fields": summary}

    def _page(self, found: list[Any], path: str, query: Mapping[str, str]) -> Thing:
        size, number = int(query.get("page_size", _PAGE)), int(query.get("page", 1))
        more = len(found) > size * number
        following = f"{path}?{urlencode({**query, 'page': number + 1})}" if more else None
        return {
            "count": len(found),
            "next": following,
            "previous": None,
            "results": found[size * (number - 1) : size * number],
        }


def _fits(thing: Thing, filters: Mapping[str, str]) -> bool:
    alternatives = {name: value for name, value in filters.items() if name.startswith("or__")}
    exact = all(_has(thing, name, value) for name, value in filters.items() if name not in alternatives)
    return exact and (
        not alternatives or any(str(thing.get(name[4:])) == value for name, value in alternatives.items())
    )


def _has(thing: Thing, name: str, value: str) -> bool:
    if name.endswith("__contains"):
        return value in str(thing.get(name.removesuffix("__contains")))
    return str(thing.get(name)) == value


@contextmanager
def serving(awx: Awx) -> Iterator[Awx]:
    """The API, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            split = urlsplit(self.path)
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            awx.requests.append((self.command, self.path))
            with lock:
                status, answer = self._answer(split.path, dict(parse_qsl(split.query)), body)
            data = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("X-API-Product-Name", "AWX")
            self.send_header("X-API-Product-Version", awx.version)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _answer(self, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
            if path == f"{_ROOT}ping/":
                return 200, {"version": awx.version, "ha": False}
            if not path.startswith(_ROOT):
                return 404, {"detail": "Not found."}
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return 401, {"detail": "Authentication credentials were not provided."}
            try:
                return awx.answer(self.command, path, query, body)
            except Refused as error:
                return error.status, error.body

        do_POST = do_PATCH = do_DELETE = do_OPTIONS = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    lock = threading.Lock()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    awx.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield awx
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
