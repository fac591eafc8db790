# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""From the nodes that a workflow has to those that it shall have.

A module takes links away before it adds others, and a run can break between any two requests. AWX begins with each node
that has no parent, so one that changes hosts would run without the approval. Therefore such a node is made without its
template; the approval leads to all of them before any other link is changed; what is no longer wanted goes then; and at
the end the approval leads to the first one alone. Nodes of somebody else stay where they are linked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .client import ControllerError
from .model import Object
from .workflow import APPROVAL, CHANGING, LINKS, Graph, children

_OPTIONAL = ("managers", "report")
_OURS = {APPROVAL, "report", "gate again", *CHANGING, "predict", "gate"}


@dataclass(frozen=True)
class There:
    """The nodes that AWX has. templates: node → ID of what it runs; approvals: the nodes that wait for somebody."""

    graph: Graph
    templates: Mapping[str, str]
    approvals: frozenset[str]


def there_of(nodes: Iterable[Mapping[str, Any]]) -> There:
    """From what the API shows."""
    names = {node["id"]: str(node["identifier"]) for node in nodes}
    return There(
        {names[node["id"]]: {kind: [names[child] for child in node[kind]] for kind in LINKS} for node in nodes},
        {names[node["id"]]: str(node["unified_job_template"]) for node in nodes},
        frozenset(
            names[node["id"]]
            for node in nodes
            if "/workflow_approval_templates/" in str(node["related"].get("unified_job_template"))
        ),
    )


def steps(nodes: Sequence[Object], graph: Graph) -> Iterator[Object]:
    """What is to be sent, in this order. nodes: as nodes_of() has them. Raises before the first one."""
    approval, *others, begin = (_keeping(each, graph) for each in nodes)
    wanted = {each.name for each in nodes}
    gone = [name for name in _OPTIONAL if name in graph and name not in wanted]
    _refuse(graph, gone)
    for each in others:
        if each.name in CHANGING and each.name not in graph:
            yield _with(each, **{kind: [] for kind in LINKS})
    yield approval
    if gone or any(_differs(each, graph) for each in (*others, begin)):
        behind = [name for name in CHANGING if name in graph or name in wanted]
        kept = [name for name in begin.arguments["success_nodes"] if name not in behind]
        yield _with(begin, success_nodes=[*behind, *kept])
    for each in others:
        if any(child in children(_links(each)) for child in _misplaced(each, graph)):
            there = {kind: [name for name in each.arguments[kind] if name in graph[each.name][kind]] for kind in LINKS}
            yield _with(each, **there)
        yield each
    for name in gone:
        yield _with(replace(begin, key=f"node {name}", name=name), identifier=name, state="absent")
    yield begin


def _with(each: Object, **arguments: Any) -> Object:
    """The same node with these arguments, and neither template nor links beside them."""
    scope = {name: each.arguments[name] for name in ("identifier", "workflow_job_template", "organization")}
    return replace(each, arguments={**scope, **arguments})


def _links(each: Object) -> dict[str, list[str]]:
    return {kind: each.arguments[kind] for kind in LINKS if kind in each.arguments}


def _keeping(each: Object, graph: Graph) -> Object:
    """With its links to nodes of somebody else: without them these would have no parent."""
    there = graph.get(each.name, {})
    links = {
        kind: [*wanted, *(name for name in there.get(kind, ()) if name not in _OURS)]
        for kind, wanted in _links(each).items()
    }
    return replace(each, arguments={**each.arguments, **links})


def _differs(each: Object, graph: Graph) -> bool:
    there = graph.get(each.name, {})
    return any(set(wanted) != set(there.get(kind, ())) for kind, wanted in _links(each).items())


def _misplaced(each: Object, graph: Graph) -> list[str]:
    """The nodes that hang on this one after another outcome than they shall; AWX has one link from node to node."""
    there, wanted = graph.get(each.name, {}), _links(each)
    return [name for kind in LINKS for name in there.get(kind, ()) if name not in wanted.get(kind, ())]


def _refuse(graph: Graph, gone: Sequence[str]) -> None:
    """Raise ControllerError where a correction would leave a node without a parent for a moment."""
    kept = {child for name, links in graph.items() if name not in gone for child in children(links)}
    for name in gone:
        for child in children(graph[name]):
            if child not in _OURS and child not in kept:
                raise ControllerError(
                    f"the node {child!r} of the workflow hangs on {name!r} alone, which the settings no longer have: "
                    "link it to another node in AWX, and run again"
                )
    denied = graph.get(APPROVAL, {})
    for child in (*denied.get("always_nodes", ()), *denied.get("failure_nodes", ())):
        if child in CHANGING:
            raise ControllerError(
                f"the workflow leads to {child!r} from an approval that is denied: remove that link in AWX, and run "
                "again"
            )
