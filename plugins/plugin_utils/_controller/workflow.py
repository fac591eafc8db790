# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The nodes of the workflow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def nodes_of(managers: bool, report: bool, timeout: int, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Key and arguments of each node, the last one first: a node can only be linked to those that there are.

    Whatever fails, the second gate shows where the fleet is, and the report is the last node. The ways to a node
    exclude each other, so it runs when one of them is gone. Relays that failed, were cancelled or died lead to Agents
    too: without a proof of all its Relays each Agent is blocked, and those that name fixed ones are worked on.
    """
    end = ["report"] if report else []
    if report:
        yield _node("report", "report")
    yield _node("gate again", "gate", always_nodes=end)
    yield _node("agents", "agents", always_nodes=["gate again"])
    yield _node("relays", "relays", always_nodes=["agents"])
    if managers:
        yield _node("managers", "managers", success_nodes=["relays"], failure_nodes=["gate again"])
    # In one call with its approval the module searches the links of a node in the wrong place.
    approval = {
        "name": f"{name}: approve",
        "description": "Read the prediction before you approve.",
        "timeout": timeout,
    }
    yield "node approval", {"identifier": "approval", "approval_node": approval}
    begin = ["managers" if managers else "relays"]
    yield "links of approval", {"identifier": "approval", "success_nodes": begin, "failure_nodes": end}
    yield _node("predict", "predict", always_nodes=["approval"])
    yield _node("gate", "gate", success_nodes=end, failure_nodes=["predict"])


def _node(identifier: str, template: str, **links: list[str]) -> tuple[str, dict[str, Any]]:
    every = {"success_nodes": [], "failure_nodes": [], "always_nodes": [], **links}
    return f"node {identifier}", {"identifier": identifier, "template": template, **every}
