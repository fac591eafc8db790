# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The nodes of the workflow, and whether the approval stands before all that changes hosts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

# Node → kind of link → the nodes that it leads to.
Graph = Mapping[str, Mapping[str, Sequence[str]]]
LINKS = ("always_nodes", "success_nodes", "failure_nodes")
APPROVAL = "approval"
CHANGING = ("managers", "relays", "agents")


def nodes_of(managers: bool, report: bool, timeout: int, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Key and arguments of each node: the approval, the others from the last one on, the links of the approval.

    A node can only be linked to those that there are. Whatever fails, the second gate shows where the fleet is, and
    the report is the last node. The ways to a node exclude each other, so it runs when one of them is gone. Relays
    that failed, were cancelled or died lead to Agents too: without a proof of all its Relays each Agent is blocked,
    and those that name fixed ones are worked on.
    """
    end = ["report"] if report else []
    # In one call with its links the module searches those of the approval in the wrong place.
    approval = {
        "name": f"{name}: approve",
        "description": "Read the prediction before you approve.",
        "timeout": timeout,
    }
    yield "node approval", {"identifier": APPROVAL, "approval_node": approval}
    if report:
        yield _node("report", "report")
    yield _node("gate again", "gate", always_nodes=end)
    yield _node("agents", "agents", always_nodes=["gate again"])
    yield _node("relays", "relays", always_nodes=["agents"])
    if managers:
        yield _node("managers", "managers", success_nodes=["relays"], failure_nodes=["gate again"])
    yield _node("predict", "predict", always_nodes=[APPROVAL])
    yield _node("gate", "gate", success_nodes=end, failure_nodes=["predict"])
    begin = ["managers" if managers else "relays"]
    links = {"always_nodes": [], "success_nodes": begin, "failure_nodes": end}
    yield "links of approval", {"identifier": APPROVAL, **links}


def _node(identifier: str, template: str, **links: list[str]) -> tuple[str, dict[str, Any]]:
    every = {"success_nodes": [], "failure_nodes": [], "always_nodes": [], **links}
    return f"node {identifier}", {"identifier": identifier, "template": template, **every}


def children(links: Mapping[str, Sequence[str]]) -> list[str]:
    """The nodes that these links lead to."""
    return [child for kind in LINKS for child in links.get(kind, ())]


def unapproved(graph: Graph, changing: Collection[str], approvals: Collection[str]) -> list[str]:
    """Those of the changing nodes that run without an approval. AWX begins with each node that has no parent."""
    with_parent = {child for links in graph.values() for child in children(links)}
    ahead = [node for node in graph if node not in with_parent]
    reached: set[str] = set()
    while ahead:
        node = ahead.pop()
        if node not in reached:
            reached.add(node)
            links = {kind: each for kind, each in graph[node].items() if (node in approvals, kind) != _APPROVED}
            ahead += children(links)
    return sorted(reached & set(changing))


_APPROVED = (True, "success_nodes")
