# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Raw readings of computers: which are found, and with how few requests."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm, _dsm_computers
from ansible_collections.deep_security.remediation.plugins.modules import dsm_computer_info
from tests.manager_stub.stub import Answer, Asked, Connect, Stub, computer, computers


def names(client: Any, **params: Any) -> tuple[list[int], list[str]]:
    """IDs that a module with these parameters finds, and what it does not find."""
    spec = {"names": None, "ids": None, "groups": None, "expand": list(_dsm_computers.EXPAND), "page_size": 5000}
    found, missing = dsm_computer_info.read(client, {**spec, **params})
    return [entry["ID"] for entry in found], missing


@pytest.mark.parametrize(
    ("params", "found", "missing", "requests"),
    [
        ({}, list(range(1, 13)), [], 2),
        ({"names": ["HOST3.example.com", "host 7", "nobody"]}, [3, 7], ["nobody"], 2),
        ({"names": []}, [], [], 2),
        ({"ids": [5]}, [5], [], 1),
        ({"ids": [9, 4]}, [4, 9], [], 1),
        ({"ids": [99]}, [], ["99"], 1),
        ({"ids": [-3, 0]}, [], ["-3", "0"], 1),
        ({"ids": [3], "names": ["host 7"]}, [], [], 2),
        ({"groups": ["1"]}, [1, 4, 7, 10], [], 2),
        ({"groups": ["Servers"]}, [2, 5, 8, 11], [], 4),
        ({"groups": ["Servers"], "ids": [5, 6]}, [5], [], 3),
        ({"page_size": 5}, list(range(1, 13)), [], 4),
        ({"names": ["host 12"], "page_size": 5}, [12], [], 4),
    ],
)
def test_filters(
    manager: Stub, connect: Connect, params: dict[str, Any], found: list[int], missing: list[str], requests: int
) -> None:
    fleet, groups = computers(12), [{"ID": 1, "name": "Desktops"}, {"ID": 2, "name": "Servers"}]

    def answer(asked: Asked) -> Answer:
        if asked.path.startswith("/api/computergroups/"):
            after = asked.body["searchCriteria"][0]["idValue"]
            return Answer(body={"computerGroups": [group for group in groups if group["ID"] > after]})
        return fleet(asked)

    manager.answer = answer
    client = connect()
    assert names(client, **params) == (found, missing)
    assert client.requests == requests


def test_only_what_is_needed_is_asked_for(manager: Stub, connect: Connect) -> None:
    manager.says(Answer(body={"computers": []}))
    names(connect())
    names(connect(), expand=[])
    assert [asked.path.partition("?")[2] for asked in manager.asked] == [
        "expand=computerStatus&expand=computerSettings&expand=antiMalware&overrides=false",
        "expand=none&overrides=false",
    ]


def test_a_group_that_is_not_there(manager: Stub, connect: Connect) -> None:
    manager.says(Answer(body={"computerGroups": []}))
    with pytest.raises(_dsm.DsmError, match="has no group Servers"):
        names(connect(), groups=["Servers"])


def test_ten_thousand_computers_come_with_three_requests(manager: Stub, connect: Connect) -> None:
    manager.answer = computers(10_000)
    client = connect()
    assert len(names(client)[0]) == 10_000
    assert client.requests == 3


def test_groups_that_are_junk(manager: Stub, connect: Connect) -> None:
    groups = Answer(body={"computerGroups": [{"ID": 1, "name": ["x"]}, {"ID": 2, "name": "Servers"}]})
    none = Answer(body={"computerGroups": [], "computers": []})
    manager.says(groups, none, Answer(body={"computers": [computer(groupID=[2]), computer(2, groupID=2)]}), none)
    assert names(connect(), groups=["Servers"]) == ([2], [])
