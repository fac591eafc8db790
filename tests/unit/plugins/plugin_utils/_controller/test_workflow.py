# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways through the workflow, as AWX goes them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller.workflow import (
    APPROVAL,
    CHANGING,
    LINKS,
    nodes_of,
    unapproved,
)


def graph(managers: bool = True, report: bool = True) -> dict[str, dict[str, Any]]:
    """Identifier → its arguments; those of the approval from both of its calls."""
    found: dict[str, dict[str, Any]] = {}
    for _key, node in nodes_of(managers, report, 60, "DS"):
        found.setdefault(node["identifier"], {}).update(node)
    return found


def way(nodes: dict[str, dict[str, Any]], failing: set[str]) -> list[str]:
    """The nodes that run where these fail, in their order."""
    ran, begin = [], "gate"
    while True:
        ran.append(begin)
        node = nodes[begin]
        after = "failure_nodes" if begin in failing else "success_nodes"
        following = [*node.get(after, []), *node.get("always_nodes", [])]
        if not following:
            return ran
        (begin,) = following  # one node at a time: nothing waits for two


ALL = ("gate", "predict", "approval", "managers", "relays", "agents", "gate again")


@pytest.mark.parametrize("managers", [True, False], ids=["managers", "alone"])
def test_whatever_fails_the_report_is_last_and_nothing_runs_twice(managers: bool) -> None:
    for count in range(len(ALL) + 1):
        for failing in itertools.combinations(ALL, count):
            ran = way(graph(managers), set(failing))
            assert ran[-1] == "report"
            assert len(set(ran)) == len(ran)


@pytest.mark.parametrize(
    ("failing", "ran"),
    [
        (set(), ["gate", "report"]),
        ({"gate"}, ["gate", "predict", "approval", "managers", "relays", "agents", "gate again", "report"]),
        ({"gate", "predict"}, ["gate", "predict", "approval", "managers", "relays", "agents", "gate again", "report"]),
        ({"gate", "approval"}, ["gate", "predict", "approval", "report"]),
        ({"gate", "managers"}, ["gate", "predict", "approval", "managers", "gate again", "report"]),
        ({"gate", "relays"}, ["gate", "predict", "approval", "managers", "relays", "agents", "gate again", "report"]),
    ],
    ids=["nothing to do", "work", "not all ready", "denied", "managers failed", "relays failed"],
)
def test_nothing_is_changed_before_an_approval_and_no_agent_below_an_old_manager(
    failing: set[str], ran: list[str]
) -> None:
    assert way(graph(), failing) == ran


@pytest.mark.parametrize("report", [True, False], ids=["report", "no report"])
@pytest.mark.parametrize("managers", [True, False], ids=["managers", "alone"])
def test_the_approval_stands_before_every_node_that_changes_hosts(managers: bool, report: bool) -> None:
    """Whatever is optional; and each of its nodes is one way of the check: without any link the check fails."""
    nodes = graph(managers, report)
    links = {name: {kind: node[kind] for kind in LINKS} for name, node in nodes.items()}
    changing = {name for name, node in nodes.items() if node.get("template") not in ("gate", "predict", "report", None)}
    assert changing == set(CHANGING) & set(nodes)
    assert unapproved(links, changing, {APPROVAL}) == []
    for parent, kind in itertools.product(links, LINKS):
        for child in links[parent][kind]:
            cut = {**links, parent: {**links[parent], kind: [other for other in links[parent][kind] if other != child]}}
            others = [name for name in cut if child in [each for ways in cut[name].values() for each in ways]]
            if child in changing and not others:
                assert child in unapproved(cut, changing, {APPROVAL})
    denied = {**links, APPROVAL: {"failure_nodes": links[APPROVAL]["success_nodes"]}}
    assert unapproved(denied, changing, {APPROVAL})
    assert unapproved(links, changing, set()) == sorted(changing)


def test_without_a_report_the_second_gate_is_last() -> None:
    assert way(graph(report=False), {"gate"})[-1] == "gate again"
    assert way(graph(report=False), {"gate", "approval"})[-1] == "approval"


def test_a_node_is_made_after_those_that_it_leads_to() -> None:
    made: set[str] = set()
    for _key, node in nodes_of(True, True, 60, "DS"):
        for kind in ("success_nodes", "failure_nodes", "always_nodes"):
            assert set(node.get(kind, [])) <= made
        made.add(node["identifier"])


def test_an_approval_and_its_links_are_two_calls() -> None:
    (approval,) = (node for _key, node in nodes_of(True, True, 60, "DS") if "approval_node" in node)
    assert not {"success_nodes", "failure_nodes", "always_nodes"} & set(approval)
    assert approval["approval_node"]["timeout"] == 60
