# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An AWX that answers what a test has written, and modules that only note what they were given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller import Client, Object, Ref, SetUp
from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller.model import MARK

ORGANIZATION = {"organization": Ref("organization")}


class FakeClient:
    """answers: path → what is answered, one after the other; things: endpoint → objects by name."""

    version = "24.6.1"

    def __init__(self, things: Mapping[str, Mapping[str, Any]], answers: Mapping[str, list[Any]] | None = None) -> None:
        self.things, self.answers = things, dict(answers or {})

    def find(self, endpoint: str, name: str, **scope: Any) -> Any:
        return self.things.get(endpoint, {}).get(name)

    def all(self, path: str, **query: Any) -> list[Any]:
        """filters: only the one that names what this role made."""
        found = self.things.get(path, {}).values()
        return [each for each in found if query.get("description__contains", "") in each.get("description", "")]

    def get(self, path: str, **query: Any) -> Any:
        found = self.answers[path]
        return found.pop(0) if len(found) > 1 else found[0]


class FakePort:
    check_mode = False

    def __init__(self, result: Mapping[str, Any] | None = None) -> None:
        self.ran: list[tuple[str, dict[str, Any]]] = []
        self.shown: list[str] = []
        self.result = result or {"id": 7, "changed": True}

    def module(self, kind: str, arguments: dict[str, Any]) -> Mapping[str, Any]:
        self.ran.append((kind, arguments))
        return self.result

    def show(self, text: str) -> None:
        self.shown.append(text)


def setup_of(client: FakeClient, port: FakePort, **more: Any) -> SetUp:
    made = SetUp(cast(Client, client), port, "Default", pause=lambda seconds: None, **more)
    made.ids["organization"] = "1"
    return made


def made(key: int, **more: Any) -> dict[str, Any]:
    """An object that this role made."""
    return {"id": key, "description": MARK, **more}


TEMPLATE = Object("gate", "job_template", "job_templates", "gate", ORGANIZATION, {"playbook": "gate.yml"})
