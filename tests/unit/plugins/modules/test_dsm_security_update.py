# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security updates through the Manager: few tasks, none for others, none twice, and no success without its word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm, _dsm_tasks
from ansible_collections.deep_security.remediation.plugins.modules import dsm_security_update
from tests.manager_stub.entry import Play, entry
from tests.manager_stub.stub import KEY, Answer, Connect, Stub, computer
from tests.manager_stub.task_manager import FULL, LOST, NEWEST, OLD, TaskManager, fleet, updates

# The step start

NONE: dict[str, Any] = {
    "computers": None,
    "also": [],
    "max_tasks": 20,
    "task_timeout": "never",
    "before": None,
    "settled": False,
    "tasks": None,
}


def step(client: Any, name: str, *, own: Any = None, check: bool = False, **params: Any) -> Any:
    """The result of one step, and why it failed or None. As between tasks of a playbook, all goes through JSON."""
    given = json.loads(json.dumps({**NONE, "step": name, **params}))
    return json.loads(json.dumps(dsm_security_update.run(client, given, own, check)))


def start(client: Any, computers: Any, **params: Any) -> Any:
    """The result of a start that must work."""
    result, problem = step(client, "start", computers=list(computers), **params)
    assert problem is None
    return result


def test_a_wave_of_500_is_one_task(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(fleet(10_000))
    for number, raw in dsm.fleet.items():
        raw["groupID"] = 5 if 1000 <= number < 1500 else 6
    manager.answer = dsm.answer
    client = connect()
    result = start(client, range(1000, 1500))
    (body,) = dsm.bodies
    name = body.pop("name")
    assert body == {
        "type": "check-for-security-updates",
        "runNow": True,
        "scheduleDetails": {
            "recurrenceType": "none",
            "recurrenceCount": 1,
            "onceOnlyScheduleParameters": {"startTime": 0},
        },
        "checkForSecurityUpdatesTaskParameters": {
            "computerFilter": {"type": "computers-in-group", "computerGroupID": 5},
            "timeout": "never",
        },
    }
    assert name.startswith("deep_security.remediation ")
    (task,) = result["tasks"]
    assert task == {
        "id": 101,
        "name": name,
        "filter": {"type": "computers-in-group", "computerGroupID": 5},
        "computers": list(range(1000, 1500)),
    }
    assert (result["changed"], result["uncovered"], result["missing"], result["problems"]) == (True, [], [], [])
    assert len(result["before"]) == 500
    assert client.requests == 1 + 3 + 1  # their state, where all are, the task
    client = connect()
    states = step(client, "look", computers=list(range(1000, 1500)), before=result["before"])[0]["states"]
    assert set(states) == {str(number) for number in range(1000, 1500)}
    assert client.requests == 1


def test_what_is_noted_before(manager: Stub, connect: Connect) -> None:
    manager.answer = TaskManager(
        [computer(7, securityUpdates=updates(components=[NEWEST, {**OLD, "name": "X"}]))]
    ).answer
    assert start(connect(), [7])["before"] == {
        "7": {
            "status": "active",
            "message": "Up-to-date",
            "last_changed_ms": 1000,
            "latest": False,
            "versions": {"Smart Scan Agent Pattern, Agent, Linux": "2", "X, Agent, Linux": "1"},
            "outdated": ["X 1"],
        }
    }


def test_check_mode_only_reads(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(fleet(6))
    manager.answer = dsm.answer
    result = start(connect(), [1, 4, 2], check=True)
    assert result["changed"]
    assert result["tasks"] == [
        {
            "id": None,
            "name": None,
            "filter": {"type": "computers-in-group", "computerGroupID": 1},
            "computers": [1, 4],
        },
        {"id": None, "name": None, "filter": {"type": "computer", "computerID": 2}, "computers": [2]},
    ]
    assert result["uncovered"] == []
    assert {asked.path.partition("?")[0] for asked in manager.asked} == {"/api/computers/search"}
    assert step(connect(), "finish", tasks=result["tasks"], check=True)[0] == {"changed": False, "deleted": []}


def test_others_may_come_along_so_that_a_group_is_whole(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(fleet(9, policyID=0))  # groups 0, 1 and 2 have three each
    manager.answer = dsm.answer
    result = start(connect(), [1, 4], also=[7, 8])
    assert [task["filter"] for task in result["tasks"]] == [{"type": "computers-in-group", "computerGroupID": 1}]
    assert set(result["before"]) == {"1", "4"}  # nobody waits for 7
    dsm.bodies.clear()
    start(connect(), [1], also=[4, 7])
    assert [body["checkForSecurityUpdatesTaskParameters"]["computerFilter"] for body in dsm.bodies] == [
        {"type": "computer", "computerID": 1}
    ]


def test_more_than_max_tasks(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(fleet(9, policyID=0))
    manager.answer = dsm.answer
    result = start(connect(), [1, 4, 7, 2, 3, 5], max_tasks=2)
    assert [task["computers"] for task in result["tasks"]] == [[1, 4, 7], [2]]
    assert result["uncovered"] == [3, 5]
    assert len(dsm.bodies) == 2


def test_nobody_is_in_no_group(manager: Stub, connect: Connect) -> None:
    """0 is the Manager's word for none, and no group of its own."""
    dsm = TaskManager([*fleet(3, groupID=0, policyID=0), computer(4, groupID=5)])
    manager.answer = dsm.answer
    assert [task["filter"]["type"] for task in start(connect(), [1, 2, 3])["tasks"]] == ["computer"] * 3


@pytest.mark.parametrize("ids", [[], [99], [-1, 0]])
def test_no_computer_no_task(manager: Stub, connect: Connect, ids: list[int]) -> None:
    dsm = TaskManager(fleet(3))
    manager.answer = dsm.answer
    for own in (None, ("all", True), ("smart_folder_id", 4)):
        result = start(connect(), ids, own=own)
        assert (result["changed"], result["tasks"], result["missing"]) == (False, [], ids)
    assert dsm.bodies == []


def test_computers_that_are_deleted_meanwhile(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(fleet(9))

    def delete_four(query: str) -> None:
        if "none" in query:
            dsm.fleet.pop(4, None)

    dsm.before_search = delete_four
    manager.answer = dsm.answer
    result = start(connect(), [1, 4, 7, 12])
    assert result["missing"] == [4, 12]
    assert [task["computers"] for task in result["tasks"]] == [[1, 7]]
    assert step(connect(), "look", computers=[4], before=result["before"])[0]["states"]["4"]["state"] == "gone"


def test_few_pages_are_read_for_computers_that_are_far_apart(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(computer(number, securityUpdates=updates()) for number in (3, 40_000, 40_001, 90_000))
    manager.answer = dsm.answer
    states = step(connect(), "look", computers=[90_000, 3, 40_001, 5], before={})[0]["states"]
    assert {number: state["state"] for number, state in states.items()} == {
        "3": "running",
        "40001": "running",
        "90000": "running",
        "5": "gone",
    }
    assert [asked.body["maxItems"] for asked in manager.asked] == [3, 1, 1]


@pytest.mark.parametrize(
    ("given", "computer_filter", "inside"),
    [
        ({"computer_group_id": 1}, {"type": "computers-in-group", "computerGroupID": 1}, [1, 4]),
        ({"policy_id": 12, "all": False}, {"type": "computers-using-policy", "policyID": 12}, [1, 2, 4]),
        ({"smart_folder_id": 9}, {"type": "computers-in-smart-folder", "smartFolderID": 9}, [1, 2, 4]),
        ({"all": True, "policy_id": None}, {"type": "all-computers"}, [1, 2, 4]),
    ],
)
def test_a_filter_of_the_operator(
    manager: Stub, connect: Connect, given: dict[str, Any], computer_filter: dict[str, Any], inside: list[int]
) -> None:
    dsm = TaskManager(fleet(6))
    manager.answer = dsm.answer
    result = start(connect(), [1, 2, 4], own=_dsm_tasks.chosen_filter(given), task_timeout="two-hours")
    (task,) = result["tasks"]
    assert (task["filter"], task["computers"]) == (computer_filter, inside)
    assert result["uncovered"] == [number for number in (1, 2, 4) if number not in inside]
    assert dsm.bodies[0]["checkForSecurityUpdatesTaskParameters"] == {
        "computerFilter": computer_filter,
        "timeout": "two-hours",
    }


def test_a_filter_that_names_none_of_them(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(fleet(6))
    manager.answer = dsm.answer
    result = start(connect(), [1, 4], own=("computer_group_id", 2))
    assert (result["tasks"], result["uncovered"], dsm.bodies) == ([], [1, 4], [])


@pytest.mark.parametrize("given", [{}, {"all": False}, {"all": True, "policy_id": 1}, {"policy_id": 0}])
def test_filters_that_are_none(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="exactly one of all, computer_group_id, policy_id, smart_folder_id"):
        _dsm_tasks.chosen_filter(given)


# What goes wrong at the start


def test_a_manager_that_is_asked_too_much(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(fleet(6))
    dsm.posts = [(False, Answer(429)), (False, Answer(429, headers={"Retry-After": "3"}))]
    manager.answer = dsm.answer
    client = connect()
    result = start(client, range(1, 7))
    assert (len(dsm.tasks), result["tasks"][0]["id"]) == (1, 103)
    assert client.statistics() == {"sent": 6, "retried": 2, "rate_limited": 2}


@pytest.mark.parametrize("lost", [LOST, Answer(body=b'{"ID": 1'), Answer(502), Answer(body={"name": "x"})])
def test_a_lost_answer_makes_no_second_task(manager: Stub, connect: Connect, lost: Answer) -> None:
    dsm = TaskManager(fleet(6))
    dsm.posts = [(True, lost)]
    manager.answer = dsm.answer
    result = start(connect(), range(1, 7))
    assert (len(dsm.bodies), result["tasks"][0]["id"], result["uncovered"]) == (1, 101, [])


@pytest.mark.parametrize("lost", [LOST, Answer(503)])
def test_a_lost_task_is_sent_again_under_its_name(manager: Stub, connect: Connect, lost: Answer) -> None:
    dsm = TaskManager(fleet(6))
    dsm.posts = [(False, lost)]
    manager.answer = dsm.answer
    result = start(connect(), range(1, 7))
    assert result["tasks"][0]["id"] == 102
    assert len({body["name"] for body in dsm.bodies}) == 1


def test_a_task_that_comes_late(manager: Stub, connect: Connect) -> None:
    """It was not there yet when it was looked for, and its name is taken when it is sent again."""
    dsm = TaskManager(fleet(6))
    dsm.posts = [(False, LOST), (True, Answer(400, {"message": "name in use"}))]
    manager.answer = dsm.answer
    assert start(connect(), range(1, 7))["tasks"][0]["id"] == 102


def test_a_task_that_is_refused_after_all(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(fleet(6))
    dsm.posts = [(False, LOST), (False, Answer(400, {"message": "bad"}))]
    manager.answer = dsm.answer
    result, problem = step(connect(), "start", computers=[1])
    assert "HTTP 400" in problem
    assert (result["tasks"], result["uncovered"], len(dsm.bodies)) == ([], [1], 2)


def test_a_manager_that_is_gone_in_between(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(fleet(6, groupID=0, policyID=0))
    dsm.posts = [(True, None), *[(False, LOST)] * 9]
    manager.answer = dsm.answer
    result = start(connect(), [1, 2, 3])
    first, unclear = result["tasks"]
    assert (first["id"], first["computers"]) == (101, [1])
    assert (unclear["id"], unclear["computers"]) == (None, [2])
    assert result["uncovered"] == [2, 3]
    assert f"Whether it has the scheduled task {unclear['name']} is not known" in result["problems"][0]
    assert len(dsm.bodies) == 1 + _dsm_tasks.ATTEMPTS  # and none for the third computer
    # Should the lost one be there after all, it goes too.
    dsm.tasks[500] = {"ID": 500, "name": unclear["name"]}
    step(connect(), "finish", tasks=result["tasks"])
    assert dsm.tasks == {}


def test_a_key_that_may_only_read(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(fleet(6, groupID=0, policyID=0))
    dsm.posts = [(False, FULL)] * 9
    manager.answer = dsm.answer
    result, problem = step(connect(), "start", computers=[1, 2, 3])
    assert "Full Access" in problem
    assert KEY not in problem
    assert (result["changed"], result["tasks"], result["uncovered"], len(dsm.bodies)) == (False, [], [1, 2, 3], 1)


def test_one_task_that_is_refused_does_not_stop_the_others(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(fleet(6, groupID=0, policyID=0))
    dsm.posts = [(False, Answer(400, {"message": "no computer 1"}))]
    manager.answer = dsm.answer
    result = start(connect(), [1, 2, 3])
    assert [task["computers"] for task in result["tasks"]] == [[2], [3]]
    assert (result["uncovered"], len(result["problems"])) == ([1], 1)


# The step look

WAS: dict[str, Any] = {
    "status": "active",
    "message": None,
    "last_changed_ms": 1000,
    "latest": False,
    "versions": {},
    "outdated": [],
}
CURRENT = {**WAS, "latest": True}
BROKEN = {**WAS, "status": "error"}
OFFLINE = {"computerStatus": {"agentStatus": "inactive", "agentStatusMessages": ["Managed (Offline)"]}}
BUSY: dict[str, Any] = {"tasks": {"agentTasks": ["Security Update In Progress"], "applianceTasks": []}}
V1 = {"versions": {"Smart Scan Agent Pattern, Agent, Linux": "1"}}
GUARDED = {
    "computerStatus": {"agentStatus": "inactive", "applianceStatus": "active"},
    "tasks": {"agentTasks": None, "applianceTasks": None},
}


@pytest.mark.parametrize(
    ("before", "raw", "settled", "state", "words"),
    [
        # lastChanged moved
        (WAS, {"securityUpdates": updates(last_changed=1001)}, False, "succeeded", "updated since the start"),
        (BROKEN, {"securityUpdates": updates(last_changed=1001)}, False, "succeeded", "updated since the start"),
        ({**WAS, "last_changed_ms": None}, {"securityUpdates": updates()}, False, "succeeded", "Up-to-date"),
        (WAS, {"securityUpdates": updates(last_changed=1001, components=[NEWEST, OLD])}, True, "running", "1 of"),
        (WAS, {"securityUpdates": updates("warning", 1001)}, True, "running", "warning"),
        (WAS, {"securityUpdates": updates("en progreso", 1001)}, True, "running", "update status en progreso"),
        (WAS, {"securityUpdates": updates(None, 1001, message=None)}, True, "running", "update status unknown"),
        (WAS, {"securityUpdates": updates(last_changed=999)}, False, "running", ""),
        (WAS, {"securityUpdates": updates(last_changed=None)}, False, "running", ""),
        # the version of a component changed though lastChanged did not
        ({**WAS, **V1}, {"securityUpdates": updates()}, False, "succeeded", "updated since the start"),
        ({**WAS, "versions": {"Other": "1"}}, {"securityUpdates": updates()}, False, "running", ""),
        # nothing was due
        (CURRENT, {"securityUpdates": updates()}, False, "running", "are the newest"),
        (CURRENT, {"securityUpdates": updates()}, True, "current", "already had the newest that the Manager knows"),
        ({**BROKEN, "latest": True}, {"securityUpdates": updates()}, True, "current", "already had the newest"),
        (WAS, {"securityUpdates": updates()}, True, "running", ""),
        ({}, {"securityUpdates": updates()}, True, "running", ""),
        (CURRENT, {"securityUpdates": updates(), **BUSY}, True, "running", "at work: Security Update In Progress"),
        (CURRENT, {"securityUpdates": updates(), **OFFLINE}, True, "running", "offline in the Manager (Managed (Offl"),
        (CURRENT, {"securityUpdates": updates(), **GUARDED}, True, "current", "already had"),
        # failures
        (WAS, {"securityUpdates": updates("error", message="code -24")}, False, "failed", "error (code -24)"),
        (BROKEN, {"securityUpdates": updates("error")}, False, "running", "update status error"),
        (BROKEN, {"securityUpdates": updates("error")}, True, "failed", "the update failed"),
        (BROKEN, {"securityUpdates": updates("error"), **BUSY}, True, "running", "at work"),
        (BROKEN, {"securityUpdates": updates("error"), **OFFLINE}, True, "running", "offline"),
        (BROKEN, {"securityUpdates": updates("error", 1001)}, False, "failed", "the update failed"),
        ({}, {"securityUpdates": updates("error")}, False, "running", "error"),
        ({}, {"securityUpdates": updates("error")}, True, "failed", "error"),
        # Anti-Malware is off
        (WAS, {"securityUpdates": updates(components=())}, False, "running", "that module is off"),
        (WAS, {"securityUpdates": updates(components=())}, True, "not_applicable", "that module is off"),
        (WAS, {"securityUpdates": updates("not-supported", components=())}, True, "not_applicable", "not-supported"),
        (WAS, {"securityUpdates": updates(last_changed=1001, components=())}, False, "running", "that module is off"),
        (WAS, {"securityUpdates": updates("error", components=())}, True, "failed", "that module is off"),
        (WAS, {"securityUpdates": None}, True, "not_applicable", "update status unknown"),
        ({**WAS, **V1}, {"securityUpdates": updates(components=())}, True, "running", "no Anti-Malware components"),
        (WAS, {"securityUpdates": updates(components=()), **OFFLINE}, True, "running", "offline"),
    ],
)
def test_states(before: Any, raw: dict[str, Any], settled: bool, state: str, words: str) -> None:
    found = dsm_security_update.judge(computer(**raw), before, settled)
    assert found["state"] == state
    assert words in found["evidence"]


@pytest.mark.parametrize(
    ("status", "message", "expired"),
    [
        ("error", "9017: -24", True),
        ("error", "DIGITAL_SIGNATURE_CERT_EXPIRE", True),
        ("error", "code -240, pattern 17.1-24", False),
        ("error", None, False),
        ("warning", "code -24", False),
    ],
)
def test_a_failure_by_the_expired_certificate_is_a_code(status: str, message: str | None, expired: bool) -> None:
    raw = computer(securityUpdates=updates(status, message=message))
    assert dsm_security_update.judge(raw, WAS, True)["certificate_expired"] is expired


def test_the_evidence_names_what_is_old() -> None:
    components = [NEWEST, *({**OLD, "name": f"Pattern {letter}"} for letter in "ABCD")]
    raw = computer(securityUpdates=updates("warning", components=components, message=None), **BUSY)
    assert dsm_security_update.judge(raw, WAS, True)["evidence"] == (
        "update status warning; 4 of 5 Anti-Malware components are not the newest: Pattern A 1, Pattern B 1, "
        "Pattern C 1 and more; at work: Security Update In Progress"
    )


moments = st.none() | st.integers(-5, 5)
statuses = st.sampled_from([None, "inactive", "active", "warning", "error", "not-supported", "aktiv"])
components_of_agents = st.lists(st.sampled_from([NEWEST, OLD, {**NEWEST, "latest": None}, {}]), max_size=3)


@given(moments, moments, statuses, statuses, components_of_agents, components_of_agents, st.booleans(), st.integers())
def test_no_clock_matters(
    then: int | None,
    last: int | None,
    was: str | None,
    status: str | None,
    had: list[Any],
    has: list[Any],
    settled: bool,
    shift: int,
) -> None:
    """Only the Manager's own moments are compared, and a success has the Manager's word for it."""

    def state(by: int) -> str:
        early, late = (None if moment is None else moment + by for moment in (then, last))
        before = dsm_security_update.describe(computer(securityUpdates=updates(was, early, had)))
        raw = computer(securityUpdates=updates(status, late, has))
        return str(dsm_security_update.judge(raw, json.loads(json.dumps(before)), settled)["state"])

    found = state(0)
    assert found == state(shift)
    if found == "succeeded":
        assert status == "active"
        assert has
        assert all(item.get("latest") is True for item in has)
    if found == "failed":
        assert status == "error"
    if found == "not_applicable":
        assert settled
        assert not has


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["updateStatus", "status", "lastChanged", "antiMalware", "name", "version", "latest"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(junk, junk, junk, st.dictionaries(st.sampled_from(sorted(WAS)), junk), st.booleans())
def test_junk_is_no_success(updated: Any, tasks: Any, status: Any, before: dict[str, Any], settled: bool) -> None:
    raw = computer(securityUpdates=updated, tasks=tasks, computerStatus=status)
    found = dsm_security_update.judge(raw, before, settled)
    assert found["state"] in ("running", "failed", "not_applicable", "succeeded")
    if found["state"] == "succeeded":
        assert updated["updateStatus"]["status"] == "active"
    assert "\n" not in found["evidence"]


def test_looking_needs_the_role_auditor_only(manager: Stub, connect: Connect) -> None:
    manager.answer = TaskManager(fleet(3)).answer
    step(connect(), "look", computers=[1, 2, 3], before={})
    (asked,) = manager.asked
    assert asked.path == (
        "/api/computers/search?expand=securityUpdates&expand=tasks&expand=computerStatus&overrides=false"
    )


# The step finish


def test_finish_deletes_what_is_left_and_nothing_else(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(fleet(6, groupID=0, policyID=0))
    manager.answer = dsm.answer
    tasks = start(connect(), [1, 2, 3])["tasks"]
    del dsm.tasks[tasks[0]["id"]]  # it removed itself
    # The same ID may be another task by now, and other runs have tasks too.
    dsm.tasks[tasks[0]["id"]] = {"ID": tasks[0]["id"], "name": "nightly update"}
    dsm.tasks[900] = {"ID": 900, "name": "deep_security.remediation of another run"}
    check = step(connect(), "finish", tasks=tasks, check=True)[0]
    assert dsm.deletions == []
    done = step(connect(), "finish", tasks=tasks)[0]
    assert check == done == {"changed": True, "deleted": sorted(task["name"] for task in tasks[1:])}
    assert sorted(dsm.tasks) == [tasks[0]["id"], 900]
    assert step(connect(), "finish", tasks=tasks)[0] == {"changed": False, "deleted": []}


def test_finish_when_the_task_goes_at_that_moment(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(fleet(6))
    dsm.refuses_deletion = Answer(404, {"message": "no such task"})
    manager.answer = dsm.answer
    tasks = start(connect(), [1])["tasks"]
    assert step(connect(), "finish", tasks=tasks)[0] == {"changed": False, "deleted": []}


def test_finish_without_tasks_asks_nothing(manager: Stub, connect: Connect) -> None:
    assert step(connect(), "finish", tasks=[])[0] == {"changed": False, "deleted": []}
    assert manager.asked == []


def test_finish_that_may_not(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(fleet(6))
    dsm.refuses_deletion = FULL
    manager.answer = dsm.answer
    tasks = start(connect(), [1])["tasks"]
    with pytest.raises(_dsm.DsmError, match="Full Access.*in the Manager's console: " + tasks[0]["name"]):
        step(connect(), "finish", tasks=tasks)


def test_finish_with_the_tasks_of_others(manager: Stub, connect: Connect) -> None:
    with pytest.raises(_dsm.DsmError, match="nightly update is none of the tasks"):
        step(connect(), "finish", tasks=[{"id": 1, "name": "nightly update"}])
    assert manager.asked == []


# The module


@pytest.fixture
def play(manager: Stub, pem: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Play:
    run = entry(dsm_security_update, manager, pem, capsys, monkeypatch)
    return lambda arguments: run({"api_key": KEY, **arguments})


def test_the_module_step_by_step(manager: Stub, play: Play) -> None:
    dsm = TaskManager(fleet(6))
    dsm.fleet[2]["securityUpdates"] = updates("error")
    dsm.posts = [(True, None), (True, LOST)]
    manager.answer = dsm.answer
    wanted = {"computers": [1, 4, 2, 99]}
    begun = play({"step": "start", **wanted})
    assert begun["changed"]
    assert [task["computers"] for task in begun["tasks"]] == [[1, 4], [2]]
    assert (begun["missing"], begun["requests"]["sent"]) == ([99], 8)
    seen = play({"step": "look", **wanted, "before": begun["before"], "settled": True})
    assert not seen["changed"]
    assert {number: state["state"] for number, state in seen["states"].items()} == {
        "1": "current",
        "4": "current",
        "2": "failed",
        "99": "gone",
    }
    assert len(dsm.tasks) == 2
    assert play({"step": "finish", "tasks": begun["tasks"], "_ansible_check_mode": True})["changed"]
    assert len(dsm.tasks) == 2
    assert play({"step": "finish", "tasks": begun["tasks"]})["changed"]
    assert not play({"step": "finish", "tasks": begun["tasks"]})["changed"]
    assert dsm.tasks == {}


def test_the_module_in_check_mode_and_with_a_filter(manager: Stub, play: Play) -> None:
    dsm = TaskManager(fleet(6))
    manager.answer = dsm.answer
    given = {"step": "start", "computers": [1, 2], "filter": {"computer_group_id": 1}}
    result = play({**given, "_ansible_check_mode": True})
    assert (result["changed"], result["uncovered"], dsm.bodies) == (True, [2], [])
    assert play(given)["tasks"][0]["filter"] == {"type": "computers-in-group", "computerGroupID": 1}


def test_the_module_says_what_it_knows_when_it_fails(manager: Stub, play: Play) -> None:
    """Whoever called it can still tidy up, and update the computers in another way."""
    dsm = TaskManager(fleet(6))
    dsm.posts = [(False, FULL)]
    manager.answer = dsm.answer
    result = play({"step": "start", "computers": [2]})
    assert result["failed"]
    assert "Full Access" in result["msg"]
    assert (result["uncovered"], result["tasks"], list(result["before"])) == ([2], [], ["2"])
    assert KEY not in str(result)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"step": "start"}, "computers"),
        ({"step": "look", "computers": [1]}, "before"),
        ({"step": "finish"}, "tasks"),
        ({"step": "start", "computers": [1], "max_tasks": 0}, "max_tasks is 0"),
        ({"step": "start", "computers": [1], "filter": {"all": True, "policy_id": 1}}, "exactly one of"),
        ({"step": "finish", "tasks": [{"name": "mine"}]}, "mine is none of the tasks"),
    ],
)
def test_arguments_that_cannot_be_used(manager: Stub, play: Play, arguments: dict[str, Any], words: str) -> None:
    result = play(arguments)
    assert result["failed"]
    assert words in result["msg"]
    assert manager.asked == []
