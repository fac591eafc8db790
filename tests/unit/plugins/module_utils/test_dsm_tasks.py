# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tasks cover a set of computers: as few as possible, and never a computer too many."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm_tasks

Places = dict[int, tuple[Any, Any]]  # ID -> group and policy

places = st.sampled_from([None, 1, 2, 3, 4])
computers_of_managers = st.dictionaries(st.integers(1, 40), st.tuples(places, places), max_size=25)


def named(computer_filter: dict[str, Any], everyone: Places) -> set[int]:
    """The computers that a Manager takes a filter to name, by the vendor's words for it."""
    kind = computer_filter["type"]
    if kind == "all-computers":
        return set(everyone)
    if kind == "computer":
        return {computer_filter["computerID"]}
    if kind == "computers-in-group":
        return {number for number, (group, dummy) in everyone.items() if group == computer_filter["computerGroupID"]}
    assert kind == "computers-using-policy"
    return {number for number, (dummy, policy) in everyone.items() if policy == computer_filter["policyID"]}


@given(st.data(), computers_of_managers, st.integers(1, 8))
def test_a_cover(data: st.DataObject, everyone: Places, most: int) -> None:
    known = sorted(everyone)
    single = st.sets(st.sampled_from(known)) if known else st.just(set())
    groups = data.draw(st.sets(places))
    wanted = data.draw(single) | {number for number, (group, dummy) in everyone.items() if group in groups}
    allowed = data.draw(single) | data.draw(st.sets(st.integers(10_000, 10_010)))  # some are gone
    tasks, left = _dsm_tasks.cover(wanted, everyone, most, allowed)
    taken: set[int] = set()
    for task in tasks:
        names = named(task["filter"], everyone)
        assert names <= wanted | allowed
        assert names & wanted
        assert task["computers"] == sorted(names)
        taken |= names
    assert wanted == taken & wanted | set(left)
    assert not taken & set(left)
    assert len(tasks) <= most
    assert not left or len(tasks) == most
    sizes = [len(task["computers"]) > 1 for task in tasks]
    assert sizes == sorted(sizes, reverse=True)
    assert len({json.dumps(task["filter"]) for task in tasks}) == len(tasks)
    backwards = dict(reversed(list(everyone.items())))
    assert _dsm_tasks.cover(sorted(wanted, reverse=True), backwards, most, allowed) == (tasks, left)


@given(computers_of_managers)
def test_whole_groups_policies_and_everyone_are_one_task(everyone: Places) -> None:
    for column, kind in ((0, "computers-in-group"), (1, "computers-using-policy")):
        for place in {where[column] for where in everyone.values()} - {None}:
            wanted = {number for number, where in everyone.items() if where[column] == place}
            tasks, left = _dsm_tasks.cover(wanted, everyone, 1)
            assert (len(tasks), left) == (1, [])
            assert tasks[0]["computers"] == sorted(wanted)
            # The same computers may be a group and a policy, or everyone.
            assert len(wanted) == 1 or tasks[0]["filter"]["type"] in ("all-computers", "computers-in-group", kind)
    tasks, left = _dsm_tasks.cover(everyone, everyone, 1)
    assert (len(tasks), left) == (bool(everyone), [])
    assert len(everyone) < 2 or tasks[0]["filter"] == {"type": "all-computers"}


def test_what_takes_in_most_comes_first() -> None:
    everyone: Places = {1: (7, None), 2: (7, 5), 3: (7, 5), 4: (None, 5), 5: (8, 5), 6: (8, 6), 7: (9, 6), 8: (9, None)}
    tasks, left = _dsm_tasks.cover({1, 2, 3, 4, 5, 6, 7}, everyone, 3)
    assert [task["filter"] for task in tasks] == [
        {"type": "computers-using-policy", "policyID": 5},
        {"type": "computers-using-policy", "policyID": 6},
        {"type": "computer", "computerID": 1},
    ]
    assert left == []
    assert _dsm_tasks.cover({1, 2, 3, 4, 5, 6, 7}, everyone, 2)[1] == [1]


def test_equal_filters_have_an_order() -> None:
    everyone: Places = {1: (4, 3), 2: (4, 3), 3: (2, None), 4: (2, None), 5: (None, None)}
    tasks = _dsm_tasks.cover({1, 2, 3, 4}, everyone, 20)[0]
    assert [task["filter"] for task in tasks] == [
        {"type": "computers-in-group", "computerGroupID": 2},
        {"type": "computers-in-group", "computerGroupID": 4},
    ]
