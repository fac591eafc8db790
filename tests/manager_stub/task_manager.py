# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A little Manager that remembers its computers and scheduled tasks, to answer for the stub."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .stub import Answer, Asked, computer

LOST = Answer(raw=b"")
"""The connection ends without an answer."""
FULL = Answer(403, {"message": "not allowed"})
NEWEST = {"name": "Smart Scan Agent Pattern", "forUseBy": "Agent", "platform": "Linux", "version": "2", "latest": True}
OLD = {**NEWEST, "version": "1", "latest": False}


def updates(
    status: str | None = "active",
    last_changed: int | None = 1000,
    components: Iterable[Any] = (NEWEST,),
    message: str | None = "Up-to-date",
) -> dict[str, Any]:
    """The securityUpdates of one computer."""
    return {
        "updateStatus": {"status": status, "statusMessage": message},
        "lastChanged": last_changed,
        "antiMalware": list(components),
        "rules": [],
    }


class TaskManager:
    """Give its answer to a stub. posts holds what to do with the next new tasks; None is to take one."""

    def __init__(self, fleet: Iterable[dict[str, Any]]) -> None:
        self.fleet = {raw["ID"]: {"tasks": {"agentTasks": [], "applianceTasks": []}, **raw} for raw in fleet}
        self.tasks: dict[int, dict[str, Any]] = {}
        self.posts: list[tuple[bool, Answer | None]] = []
        """For each: whether the task is made, and the answer instead of the task."""
        self.bodies: list[dict[str, Any]] = []
        self.deletions: list[int] = []
        self.refuses_deletion: Answer | None = None
        self.before_search: Callable[[str], None] = lambda query: None

    def answer(self, asked: Asked) -> Answer:
        path, dummy, query = asked.path.removeprefix("/api/").partition("?")
        if path == "computers/search":
            self.before_search(query)
            return Answer(body={"computers": _page(self.fleet, asked.body)})
        if path == "scheduledtasks/search":
            return Answer(body={"scheduledTasks": _page(self.tasks, asked.body)})
        if path == "scheduledtasks" and asked.method == "POST":
            return self._create(asked.body)
        if asked.method == "DELETE":
            number = int(path.rpartition("/")[2])
            if self.refuses_deletion:
                return self.refuses_deletion
            self.deletions.append(number)
            return Answer(body=b"") if self.tasks.pop(number, None) else Answer(404, {"message": "no such task"})
        return Answer(404)

    def _create(self, body: dict[str, Any]) -> Answer:
        self.bodies.append(body)
        made, answer = self.posts.pop(0) if self.posts else (True, None)
        if not made:
            assert answer
            return answer
        task = {"ID": 100 + len(self.bodies), **body}
        self.tasks[task["ID"]] = task
        return answer or Answer(body=task)


def fleet(total: int, **more: Any) -> list[dict[str, Any]]:
    """Computers whose components are the newest, in three groups (0 is none) and one policy."""
    return [computer(number, **{"securityUpdates": updates(), **more}) for number in range(1, total + 1)]


def _page(objects: dict[int, dict[str, Any]], body: Any) -> list[dict[str, Any]]:
    after = body["searchCriteria"][0]["idValue"]
    return [objects[number] for number in sorted(objects) if number > after][: body["maxItems"]]
