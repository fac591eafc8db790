# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way through AWX, without AWX and Ansible: what is waited for, what stops, and what is left out."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller import ControllerError, Object, Ref
from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller.workflow import nodes_of
from tests.unit.plugins.plugin_utils._controller.fake_awx import (
    ORGANIZATION,
    TEMPLATE,
    FakeClient,
    FakePort,
    made,
    setup_of,
)


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
    setup_of(client, port, update_secrets=update).make([credential(url="https://a", api_key="s3cret")])
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
    setup_of(FakeClient({}), port).make([one, two])
    assert port.ran[1] == ("job_template", {"inventory": "7", "credentials": ["7"]})


PROJECT = Object("project", "project", "projects", "p", ORGANIZATION, {"name": "p"})


def test_templates_are_made_when_the_project_has_their_playbooks() -> None:
    states = [{"id": 7, "status": status} for status in ("pending", "running", "successful")]
    port = FakePort()
    setup_of(FakeClient({}, {"projects/7": states, "projects/7/playbooks": [["gate.yml"]]}), port).make(
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
        setup_of(client, port).make([PROJECT, TEMPLATE])
    assert [kind for kind, _arguments in port.ran] == ["project"]


@pytest.mark.parametrize(
    ("status", "again"), [("failed", True), ("canceled", True), ("successful", False), ("running", False)]
)
def test_an_update_that_failed_is_begun_again(status: str, again: bool) -> None:
    port = FakePort()
    ended: dict[str, list[Any]] = {"projects/7": [{"id": 7, "status": "successful"}], "projects/7/playbooks": [[]]}
    setup_of(FakeClient({"projects": {"p": {"id": 7, "status": status}}}, ended), port).make([PROJECT])
    assert port.ran[0][1].get("update_project", False) is again


@pytest.mark.parametrize(("check", "shown"), [(True, "would be made: credential c"), (False, "made: credential c")])
def test_each_object_is_shown_as_it_is_made_or_would_be(check: bool, shown: str) -> None:
    port = FakePort()
    port.check_mode = check
    there = Object("d", "credential", "credentials", "d", ORGANIZATION, {"name": "d", "organization": "Default"})
    port.result = {"id": 7, "changed": False}
    setup_of(FakeClient({"credentials": {"d": {"id": 8}}}), port).make([there])
    assert port.shown == [], "what does not change is not shown"
    port.result = {"id": 9, "changed": True}
    setup_of(FakeClient({}), port).make([credential(url="https://a")])
    assert port.shown == [shown]


def test_in_check_mode_what_refers_to_something_new_is_not_run() -> None:
    port = FakePort()
    port.check_mode = True
    new = Object("new", "inventory", "inventories", "new", ORGANIZATION, {"name": "new"})
    old = Object("old", "job_template", "job_templates", "old", ORGANIZATION, {"inventory": Ref("new")})
    run = setup_of(FakeClient({"job_templates": {"old": {"id": 3}}}), port)
    run.make([new, old])
    assert port.ran == []
    assert (run.done.made, run.done.changed) == (["inventory new"], ["job_template old"])


def test_what_a_module_reports_is_in_the_error_with_what_awx_answered() -> None:
    port = FakePort(
        {"failed": True, "msg": "Unable to update, see response", "response": {"json": {"name": ["taken"]}}}
    )
    with pytest.raises(
        ControllerError, match=r"inventory 'one': Unable to update, see response: \{'name': \['taken'\]\}"
    ):
        setup_of(FakeClient({}), port).make(
            [Object("one", "inventory", "inventories", "one", ORGANIZATION, {"name": "one"})]
        )


@pytest.mark.parametrize(
    ("found", "ours"),
    [
        (made(7), True),
        (made(7, organization=1), True),
        ({"id": 7, "description": made(7)["description"] + " Ring 4711 before you change it."}, True),
        (made(7, organization=2), False),
        ({"id": 7, "description": ""}, False),
        ({"id": 7, "description": "of the network team"}, False),
    ],
    ids=["ours", "here", "with a note", "elsewhere", "empty", "theirs"],
)
def test_what_this_role_did_not_make_is_not_overwritten(found: dict[str, Any], ours: bool) -> None:
    port = FakePort()
    run = setup_of(FakeClient({"job_templates": {"gate": found}}), port)
    if ours:
        run.refuse_foreign([TEMPLATE])
        return
    with pytest.raises(ControllerError, match="not made by this role, which would overwrite it: job_template gate"):
        run.refuse_foreign([TEMPLATE])


@pytest.mark.parametrize("inputs", [None, {"url": "https://a"}], ids=["used", "overwritten"])
def test_a_credential_of_somebody_else_is_used_where_no_values_are_given(inputs: dict[str, str] | None) -> None:
    one = credential(**(inputs or {}))
    if inputs is None:
        one = Object(one.key, one.kind, one.endpoint, one.name, one.scope, {"name": "c"})
    run = setup_of(FakeClient({"credentials": {"c": {"id": 7}}}), FakePort())
    if inputs is None:
        run.refuse_foreign([one])
    else:
        with pytest.raises(ControllerError, match="overwrite it: credential c"):
            run.refuse_foreign([one])


def test_a_description_is_given_once_and_then_belongs_to_whoever_adds_to_it() -> None:
    for there, sent in (({}, True), ({"gate": made(7)}, False)):
        port = FakePort()
        one = Object("gate", "job_template", "job_templates", "gate", {}, {"name": "gate", "description": "Made."})
        setup_of(FakeClient({"job_templates": there}), port, update_secrets=True).make([one])
        assert ("description" in port.ran[0][1]) is sent


@pytest.mark.parametrize("template", [5, 6], ids=["Agents", "a ticket"])
def test_a_node_of_somebody_else_that_would_run_without_an_approval_is_named(template: int) -> None:
    links: dict[str, list[int]] = {"always_nodes": [], "success_nodes": [], "failure_nodes": []}
    site = {"id": 1, "identifier": "site", "unified_job_template": template, "related": {}, **links}
    run = setup_of(FakeClient({"workflow_job_template_nodes": {"site": site}}), FakePort())
    run.ids |= {"workflow": "9", "agents": "5"}
    nodes = [
        Object(
            *(key, "workflow_job_template_node", "workflow_job_template_nodes", node["identifier"], {}),
            {**node, "workflow_job_template": Ref("workflow"), "organization": "Default"},
        )
        for key, node in nodes_of(False, False, 60, "DS")
    ]
    if template == 6:
        run.make(nodes)
        return
    with pytest.raises(ControllerError, match="the workflow would run site without an approval: in AWX let"):
        run.make(nodes)
