# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From one workflow to another. What is sent is applied request by request, as the module of awx.awx does it."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller import ControllerError, Object, Ref
from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller.nodes import steps, there_of
from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller.workflow import (
    CHANGING,
    LINKS,
    nodes_of,
    unapproved,
)

OPTIONS = list(itertools.product([False, True], repeat=2))
IDS = [
    "-".join(name for name, on in zip(("managers", "report"), each, strict=True) if on) or "none" for each in OPTIONS
]
Nodes = dict[str, dict[str, Any]]


def wanted(managers: bool, report: bool) -> list[Object]:
    made = []
    for key, node in nodes_of(managers, report, 60, "DS"):
        template = node.pop("template", None)
        more = {"unified_job_template": Ref(template)} if template else {}
        arguments = {**node, **more, "workflow_job_template": Ref("workflow"), "organization": "Default"}
        made.append(Object(key, "workflow_job_template_node", "nodes", node["identifier"], {}, arguments))
    return made


def apply(nodes: Nodes, each: Object) -> Iterator[None]:
    """One call of the module: after each request that changes something."""
    if each.arguments.get("state") == "absent":
        del nodes[each.name]
        for node in nodes.values():
            for kind in LINKS:
                node[kind] = [child for child in node[kind] if child != each.name]
        yield
        return
    node = nodes.setdefault(each.name, {"template": None, **{kind: [] for kind in LINKS}})
    yield
    if "unified_job_template" in each.arguments:
        node["template"] = each.arguments["unified_job_template"].key
    if "approval_node" in each.arguments:
        node["template"] = "approval"
    yield
    for kind in LINKS:
        children = each.arguments.get(kind)
        if children is not None:
            for child in [child for child in node[kind] if child not in children]:
                node[kind].remove(child)
                yield
            for child in [child for child in children if child not in node[kind]]:
                assert child in nodes, f"{each.name} leads to {child}, which there is not"
                assert not any(child in node[other] for other in LINKS), "AWX has one link from node to node"
                node[kind].append(child)
                yield


def graph(nodes: Nodes) -> Nodes:
    return {name: {kind: list(node[kind]) for kind in LINKS} for name, node in nodes.items()}


def wrong(nodes: Nodes) -> list[str]:
    changing = [name for name, node in nodes.items() if node["template"] in CHANGING]
    return unapproved(graph(nodes), changing, {name for name, node in nodes.items() if node["template"] == "approval"})


def moments(nodes: Nodes, managers: bool, report: bool) -> Iterator[Nodes]:
    """What AWX has between two requests. A run can break at each of them."""
    for each in steps(wanted(managers, report), graph(nodes)):
        for _request in apply(nodes, each):
            yield nodes


def made(managers: bool, report: bool, nodes: Nodes | None = None) -> Nodes:
    nodes = {} if nodes is None else copy.deepcopy(nodes)
    for _moment in moments(nodes, managers, report):
        assert wrong(nodes) == []
    return nodes


def as_sets(nodes: Nodes) -> dict[str, Any]:
    return {name: {key: set(value) if key in LINKS else value for key, value in n.items()} for name, n in nodes.items()}


@pytest.mark.parametrize("after", OPTIONS, ids=IDS)
@pytest.mark.parametrize("before", [None, *OPTIONS], ids=["nothing", *IDS])
def test_at_no_moment_a_node_that_changes_hosts_has_no_approval_before_it(
    before: tuple[bool, bool] | None, after: tuple[bool, bool]
) -> None:
    """Neither in a run that breaks, nor in the next one, which completes it."""
    begin = made(*before) if before else {}
    target = as_sets(made(*after))
    broken = copy.deepcopy(begin)
    for moment in moments(broken, *after):
        assert wrong(moment) == []
        assert as_sets(made(*after, nodes=moment)) == target
    assert as_sets(broken) == target


@pytest.mark.parametrize("options", OPTIONS, ids=IDS)
def test_a_node_that_was_left_without_a_parent_goes(options: tuple[bool, bool]) -> None:
    """Each link of the former one may be gone: such a workflow would run it at its launch."""
    nodes = made(True, True)
    for node in nodes.values():
        for kind in LINKS:
            node[kind] = [child for child in node[kind] if child not in ("managers", "report")]
    nodes["approval"]["success_nodes"] = ["relays"]
    assert wrong(nodes) == ["agents", "managers", "relays"]
    for _moment in moments(nodes, *options):
        pass
    assert as_sets(nodes) == as_sets(made(*options))


@pytest.mark.parametrize("parent", ["gate", "predict", "approval", "managers", "relays", "agents", "gate again"])
@pytest.mark.parametrize("kind", LINKS)
def test_a_link_that_was_changed_by_hand_is_corrected(parent: str, kind: str) -> None:
    """Also one that AWX shows under another kind, of which it has no second one."""
    nodes = made(True, True)
    children = [child for each in LINKS for child in nodes[parent][each]]
    nodes[parent] |= {each: children if each == kind else [] for each in LINKS}
    if parent == "approval" and kind != "success_nodes":
        assert wrong(nodes)
        with pytest.raises(ControllerError, match="from an approval that is denied: remove that link in AWX"):
            list(moments(nodes, True, True))
        return
    for _moment in moments(nodes, True, True):
        assert wrong(nodes) == []
    assert as_sets(nodes) == as_sets(made(True, True))


def test_agents_that_were_linked_past_the_relays_stay_behind_the_approval() -> None:
    nodes = made(True, True)
    nodes["relays"]["always_nodes"] = []
    nodes["approval"]["success_nodes"] = ["managers", "agents"]
    assert as_sets(made(True, True, nodes)) == as_sets(made(True, True))


@pytest.mark.parametrize("after", OPTIONS, ids=IDS)
def test_nodes_of_somebody_else_stay_where_they_are_linked(after: tuple[bool, bool]) -> None:
    nodes = made(True, True)
    for name, parent in (("site", "relays"), ("ticket", "approval"), ("note", "gate again")):
        nodes[name] = {"template": "agents" if name == "site" else "other", **{kind: [] for kind in LINKS}}
        nodes[parent]["success_nodes"].append(name)
    found = made(*after, nodes=nodes)
    assert "site" in found["relays"]["success_nodes"]
    assert "ticket" in found["approval"]["success_nodes"]
    assert "note" in found["gate again"]["success_nodes"]


def test_what_hangs_on_a_node_that_goes_stops_before_anything_is_sent() -> None:
    nodes = made(True, False)
    nodes["site"] = {"template": "agents", **{kind: [] for kind in LINKS}}
    nodes["managers"]["success_nodes"].append("site")
    with pytest.raises(ControllerError, match="'site' of the workflow hangs on 'managers' alone"):
        next(steps(wanted(False, False), graph(nodes)))
    nodes["gate again"]["success_nodes"].append("site")
    assert "managers" not in made(False, False, nodes)


@pytest.mark.parametrize("options", OPTIONS, ids=IDS)
def test_where_nothing_differs_each_node_is_sent_once_and_the_approval_with_its_links(
    options: tuple[bool, bool],
) -> None:
    nodes = wanted(*options)
    assert list(steps(nodes, graph(made(*options)))) == nodes


def test_what_the_api_shows_is_read() -> None:
    links: dict[str, list[int]] = {"always_nodes": [], "failure_nodes": []}
    approval = {"unified_job_template": "/api/v2/workflow_approval_templates/9/"}
    there = there_of(
        [
            {"id": 1, "identifier": "a", "unified_job_template": 9, "related": approval, "success_nodes": [2], **links},
            {"id": 2, "identifier": "b", "unified_job_template": None, "related": {}, "success_nodes": [], **links},
        ]
    )
    assert there.graph == {"a": {**links, "success_nodes": ["b"]}, "b": {**links, "success_nodes": []}}
    assert there.templates == {"a": "9", "b": "None"}
    assert there.approvals == {"a"}
