# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way through AWX, without AWX and Ansible: what is waited for, what stops, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller import (
    Client,
    ControllerError,
    Object,
    Ref,
    SetUp,
)

ORGANIZATION = {"organization": Ref("organization")}


class FakeClient:
    """answers: path → what is answered, one after the other; things: endpoint → objects by name."""

    version = "24.6.1"

    def __init__(self, things: Mapping[str, Mapping[str, Any]], answers: Mapping[str, list[Any]] | None = None) -> None:
        self.things, self.answers = things, dict(answers or {})

    def find(self, endpoint: str, name: str, **scope: Any) -> Any:
        return self.things.get(endpoint, {}).get(name)

    def all(self, path: str, **query: Any) -> list[Any]:
        return list(self.things.get(path, {}).values())

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


def setup(client: FakeClient, port: FakePort, **more: Any) -> SetUp:
    made = SetUp(cast(Client, client), port, "Default", pause=lambda seconds: None, **more)
    made.ids["organization"] = "1"
    return made


def credential(**inputs: str) -> Object:
    arguments = {"name": "c", "organization": "Default", "inputs": inputs}
    return Object("c", "credential", "credentials", "c", ORGANIZATION, arguments)


@pytest.mark.parametrize(
    ("there", "update", "sent"),
    [
        ({"url": "https://a", "api_key": "$encrypted$"}, False, False),
        ({"url": "https://a", "api_key": "$encrypted$"}, True, True),
        ({"url": "https://b", "api_key": "$encrypted$"}, False, True),
        ({"url": "https://a", "api_key": "$encrypted$", "ca": "pem"}, False, True),
        ({"url": "https://a"}, False, True),
    ],
    ids=["same", "replace", "other", "more", "less"],
)
def test_a_secret_that_awx_has_is_sent_again_only_with_a_change(
    there: dict[str, str], update: bool, sent: bool
) -> None:
    port = FakePort()
    client = FakeClient({"credentials": {"c": {"id": 7, "inputs": there}}})
    setup(client, port, update_secrets=update).make([credential(url="https://a", api_key="s3cret")])
    ((_kind, arguments),) = port.ran
    assert ("inputs" in arguments) is sent


def test_an_id_takes_the_place_of_a_reference() -> None:
    port = FakePort()
    one = Object("one", "inventory", "inventories", "one", ORGANIZATION, {"name": "one"})
    two = Object(
        "two",
        "job_template",
        "job_templates",
        "two",
        ORGANIZATION,
        {"inventory": Ref("one"), "credentials": [Ref("one")]},
    )
    setup(FakeClient({}), port).make([one, two])
    assert port.ran[1] == ("job_template", {"inventory": "7", "credentials": ["7"]})


PROJECT = Object("project", "project", "projects", "p", ORGANIZATION, {"name": "p"})
TEMPLATE = Object("gate", "job_template", "job_templates", "gate", ORGANIZATION, {"playbook": "gate.yml"})


def test_templates_are_made_when_the_project_has_their_playbooks() -> None:
    states = [{"id": 7, "status": status} for status in ("pending", "running", "successful")]
    port = FakePort()
    setup(FakeClient({}, {"projects/7": states, "projects/7/playbooks": [["gate.yml"]]}), port).make(
        [PROJECT, TEMPLATE]
    )
    assert [kind for kind, _arguments in port.ran] == ["project", "job_template"]


@pytest.mark.parametrize(
    ("status", "playbooks", "message"),
    [
        ("failed", [], "is failed: read its output"),
        ("pending", [], "is pending: read its output"),
        ("successful", ["site.yml"], "has no gate.yml"),
    ],
    ids=["failed", "forever", "other"],
)
def test_a_project_without_the_playbooks_stops_before_the_templates(
    status: str, playbooks: list[str], message: str
) -> None:
    port = FakePort()
    answers: dict[str, list[Any]] = {"projects/7": [{"id": 7, "status": status}], "projects/7/playbooks": [playbooks]}
    client = FakeClient({}, answers)
    with pytest.raises(ControllerError, match=message):
        setup(client, port).make([PROJECT, TEMPLATE])
    assert [kind for kind, _arguments in port.ran] == ["project"]


@pytest.mark.parametrize(
    ("status", "again"), [("failed", True), ("canceled", True), ("successful", False), ("running", False)]
)
def test_an_update_that_failed_is_begun_again(status: str, again: bool) -> None:
    port = FakePort()
    ended: dict[str, list[Any]] = {"projects/7": [{"id": 7, "status": "successful"}], "projects/7/playbooks": [[]]}
    setup(FakeClient({"projects": {"p": {"id": 7, "status": status}}}, ended), port).make([PROJECT])
    assert port.ran[0][1].get("update_project", False) is again


@pytest.mark.parametrize(("check", "made"), [(True, "would be made: credential c"), (False, "made: credential c")])
def test_each_object_is_shown_as_it_is_made_or_would_be(check: bool, made: str) -> None:
    port = FakePort()
    port.check_mode = check
    there = Object("d", "credential", "credentials", "d", ORGANIZATION, {"name": "d", "organization": "Default"})
    port.result = {"id": 7, "changed": False}
    setup(FakeClient({"credentials": {"d": {"id": 8}}}), port).make([there])
    assert port.shown == [], "what does not change is not shown"
    port.result = {"id": 9, "changed": True}
    setup(FakeClient({}), port).make([credential(url="https://a")])
    assert port.shown == [made]


def test_in_check_mode_what_refers_to_something_new_is_not_run() -> None:
    port = FakePort()
    port.check_mode = True
    new = Object("new", "inventory", "inventories", "new", ORGANIZATION, {"name": "new"})
    old = Object("old", "job_template", "job_templates", "old", ORGANIZATION, {"inventory": Ref("new")})
    made = setup(FakeClient({"job_templates": {"old": {"id": 3}}}), port)
    made.make([new, old])
    assert port.ran == []
    assert (made.done.made, made.done.changed) == (["inventory new"], ["job_template old"])


def test_what_a_module_reports_is_in_the_error_with_what_awx_answered() -> None:
    port = FakePort(
        {"failed": True, "msg": "Unable to update, see response", "response": {"json": {"name": ["taken"]}}}
    )
    with pytest.raises(
        ControllerError, match=r"inventory 'one': Unable to update, see response: \{'name': \['taken'\]\}"
    ):
        setup(FakeClient({}), port).make(
            [Object("one", "inventory", "inventories", "one", ORGANIZATION, {"name": "one"})]
        )


def test_things_are_removed_in_the_reverse_order_and_an_inventory_is_waited_for() -> None:
    port = FakePort()
    names = {"inventories": {"i": {"id": 3}}, "job_templates": {"gate": {"id": 4}}}
    client = FakeClient(names, {"inventories": [{"count": 1}, {"count": 1}, {"count": 0}]})
    inventory = Object("inventory", "inventory", "inventories", "i", ORGANIZATION, {"name": "i", "kind": ""})
    made = setup(client, port)
    made.remove([inventory, TEMPLATE])
    assert made.done.removed == ["job_template gate", "inventory i"]
    assert port.ran[1] == ("inventory", {"name": "i", "state": "absent"})
    assert made.done.warnings == []
    assert client.answers["inventories"] == [{"count": 0}]
