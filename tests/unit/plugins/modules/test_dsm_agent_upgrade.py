# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upgrades through the Manager: asked before, with few tasks, for nobody else, and done when the Manager says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.modules import dsm_agent_upgrade
from tests.conftest import Run
from tests.manager_stub.entry import entry
from tests.manager_stub.stub import KEY, Answer, Connect, Stub, computer
from tests.manager_stub.task_manager import FULL, LOST, TaskManager, fleet

TARGET = "20.0.0-6313"
NO_SUCH_TYPE = Answer(400, {"message": "Invalid ScheduledTask: type"})


def step(client: Any, name: str, *, check: bool = False, **params: Any) -> Any:
    """The result of one step, and why it failed or None. As between tasks of a playbook, all goes through JSON."""
    none: dict[str, Any] = {"computers": None, "max_tasks": 20, "task_parameters": {}, "before": {}, "tasks": None}
    given = json.loads(json.dumps({**none, "step": name, **params}))
    return json.loads(json.dumps(dsm_agent_upgrade.run(client, given, TARGET, check)))


def old(total: int, **more: Any) -> list[dict[str, Any]]:
    return fleet(total, **{"agentVersion": "20.0.0.5995", **more})


# The step probe


def test_probe(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(old(6))
    manager.answer = dsm.answer
    result, problem = step(connect(), "probe", computers=[99, 4, 2], task_parameters={"x": 1})
    assert (result, problem) == ({"changed": False, "supported": True, "problems": []}, None)
    (body,) = dsm.bodies
    assert body.pop("name").startswith("deep_security.remediation ")
    assert body == {
        "type": "scheduled-agent-upgrade",
        "enabled": False,
        "scheduleDetails": {
            "recurrenceType": "none",
            "recurrenceCount": 1,
            "onceOnlyScheduleParameters": {"startTime": 0},
        },
        "scheduledAgentUpgradeTaskParameters": {
            "x": 1,
            "computerFilter": {"type": "computer", "computerID": 2},
        },
    }
    assert dsm.tasks == {}


@pytest.mark.parametrize(
    ("said", "supported", "words", "searches"),
    [
        (NO_SUCH_TYPE, False, "Invalid ScheduledTask: type", 0),
        (FULL, None, "Full Access", 0),
        (Answer(401), None, "HTTP 401", 0),
        (Answer(404), None, "HTTP 404", 0),
        # looked for after each attempt, and once more to tidy up
        (LOST, None, "is not known", 4),
        (Answer(500), None, "HTTP 500", 4),
    ],
)
def test_probe_without_a_task(
    manager: Stub, connect: Connect, said: Answer, supported: bool | None, words: str, searches: int
) -> None:
    dsm = TaskManager(old(6))
    dsm.posts = [(False, said)] * 9
    manager.answer = dsm.answer
    result, problem = step(connect(), "probe", computers=[2])
    assert (result["supported"], result["changed"], problem) == (supported, False, None)
    assert words in result["problems"][0]
    assert KEY not in str(result)
    assert [asked.path for asked in manager.asked].count("/api/scheduledtasks/search") == searches


def test_probe_with_a_lost_answer_leaves_nothing(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(old(6))
    dsm.posts = [(True, LOST)]
    manager.answer = dsm.answer
    assert step(connect(), "probe", computers=[2])[0]["supported"] is True
    assert (len(dsm.bodies), dsm.tasks) == (1, {})


def test_probe_that_cannot_tidy_up(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(old(6))
    dsm.refuses_deletion = FULL
    manager.answer = dsm.answer
    result = step(connect(), "probe", computers=[2])[0]
    assert (result["supported"], result["changed"]) == (True, True)
    assert dsm.bodies[0]["name"] in result["problems"][0]


@pytest.mark.parametrize(("ids", "check"), [([99], False), ([], False), ([2], True)])
def test_probe_that_sends_nothing(manager: Stub, connect: Connect, ids: list[int], check: bool) -> None:
    dsm = TaskManager(old(6))
    manager.answer = dsm.answer
    result = step(connect(), "probe", computers=ids, check=check)[0]
    assert (result["supported"], result["changed"], len(result["problems"])) == (None, False, 1)
    assert dsm.bodies == []


# The other steps


def test_start(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(old(9))
    manager.answer = dsm.answer
    result, problem = step(connect(), "start", computers=[1, 4, 7, 2, 99])
    assert problem is None
    assert [task["computers"] for task in result["tasks"]] == [[1, 4, 7], [2]]
    assert (result["uncovered"], result["missing"]) == ([], [99])
    assert result["before"]["1"] == {"version": "20.0.0-5995"}
    body = dsm.bodies[0]
    assert (body["type"], body["runNow"], "enabled" in body) == ("scheduled-agent-upgrade", True, False)
    assert body["scheduledAgentUpgradeTaskParameters"] == {
        "computerFilter": {"type": "computers-in-group", "computerGroupID": 1}
    }


def test_start_again_after_some_were_upgraded(manager: Stub, connect: Connect) -> None:
    """The upgraded ones may be in the task of their group, but need none of their own."""
    dsm = TaskManager(old(9))
    for number in (1, 4, 2):
        dsm.fleet[number]["agentVersion"] = "20.0.1.7380"
    manager.answer = dsm.answer
    result = step(connect(), "start", computers=[1, 4, 7, 2, 3], max_tasks=1)[0]
    assert [task["computers"] for task in result["tasks"]] == [[3]]
    assert result["uncovered"] == [7]
    dsm.fleet[1]["agentVersion"] = "20.0.0.5995"
    result = step(connect(), "start", computers=[1, 4, 7, 2])[0]
    assert [task["computers"] for task in result["tasks"]] == [[1, 4, 7]]
    assert result["uncovered"] == []


def test_start_with_nothing_to_do(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(fleet(9))
    manager.answer = dsm.answer
    result = step(connect(), "start", computers=list(range(1, 10)))[0]
    assert (result["changed"], result["tasks"], result["uncovered"], dsm.bodies) == (False, [], [], [])
    assert len(result["before"]) == 9


def test_start_in_check_mode_and_with_a_key_that_may_only_read(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(old(9))
    dsm.posts = [(False, FULL)]
    manager.answer = dsm.answer
    result, problem = step(connect(), "start", computers=[1, 4, 7], check=True)
    assert (result["changed"], problem, dsm.bodies) == (True, None, [])
    result, problem = step(connect(), "start", computers=[1, 4, 7])
    assert "Full Access" in problem
    assert result["uncovered"] == [1, 4, 7]


@pytest.mark.parametrize(
    ("raw", "state", "evidence"),
    [
        ({"agentVersion": "20.0.0.6313"}, "succeeded", "the agent is 20.0.0-6313, was 20.0.0-5995; Managed (Online)"),
        ({"agentVersion": "20.0.2.1390"}, "succeeded", "the agent is 20.0.2-1390, was 20.0.0-5995; Managed (Online)"),
        ({"agentVersion": "20.0.0.6312"}, "running", "the agent is 20.0.0-6312, was 20.0.0-5995; Managed (Online)"),
        ({"agentVersion": "12.0.0.9999"}, "running", "the agent is 12.0.0-9999, was 20.0.0-5995; Managed (Online)"),
        ({"agentVersion": "0.0.0.0"}, "running", "the Manager has no version of the agent; Managed (Online)"),
        ({"agentVersion": None}, "running", "the Manager has no version of the agent; Managed (Online)"),
        ({"agentVersion": "twenty"}, "running", "the Manager has no version of the agent; Managed (Online)"),
        (
            {
                "agentVersion": "20.0.0.5995",
                "computerStatus": {"agentStatus": "inactive", "agentStatusMessages": ["Managed (Offline)"]},
            },
            "running",
            "the agent is 20.0.0-5995; offline in the Manager (Managed (Offline))",
        ),
        (
            {
                "agentVersion": "20.0.0.5995",
                "computerStatus": {"agentStatus": "error", "agentStatusMessages": ["Upgrade Failed", "Online"]},
                "tasks": {"agentTasks": ["Upgrading\nAgent"]},
            },
            "running",
            "the agent is 20.0.0-5995; Upgrade Failed, Online; at work: Upgrading Agent",
        ),
        ({"agentVersion": "20.0.0.5995", "computerStatus": 7, "tasks": []}, "running", "the agent is 20.0.0-5995"),
    ],
)
def test_look(manager: Stub, connect: Connect, raw: dict[str, Any], state: str, evidence: str) -> None:
    manager.answer = TaskManager([computer(3, **raw)]).answer
    result = step(connect(), "look", computers=[3, 4], before={"3": {"version": "20.0.0-5995"}})[0]
    found = result["states"]["3"]
    assert (found["state"], found["evidence"]) == (state, evidence)
    assert result["states"]["4"]["state"] == "gone"
    assert result["changed"] is False


def test_finish(manager: Stub, connect: Connect) -> None:
    dsm = TaskManager(old(9))
    manager.answer = dsm.answer
    tasks = step(connect(), "start", computers=[1, 4, 7])[0]["tasks"]
    assert step(connect(), "finish", tasks=tasks)[0] == {"changed": True, "deleted": [tasks[0]["name"]]}
    assert dsm.tasks == {}


PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  module_defaults:
    group/deep_security.remediation.dsm:
      url: "{{ url }}"
  tasks:
    - deep_security.remediation.dsm_agent_upgrade:
        step: probe
        computers: [1, 4]
      register: probe
    - deep_security.remediation.dsm_agent_upgrade:
        step: start
        computers: [1, 4]
        version: 20.0.0.6313
      register: begun
    - deep_security.remediation.dsm_agent_upgrade:
        step: look
        computers: [1, 4]
        version: 20.0.0-6313
        before: "{{ begun.before }}"
      register: seen
    - deep_security.remediation.dsm_agent_upgrade:
        step: finish
        tasks: "{{ begun.tasks }}"
      register: ended
    - ansible.builtin.assert:
        that:
          - probe.supported and probe is not changed
          - begun is changed and begun.tasks | map(attribute='computers') == [[1]]
          - seen.states['1'].state == 'running' and seen.states['4'].state == 'succeeded'
          - ended is changed
"""


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"step": "start", "computers": [1]}, "version"),
        ({"step": "look", "computers": [1], "version": "latest"}, "latest is no build"),
        ({"step": "start", "computers": [1], "version": "20.0.0-6313", "max_tasks": 0}, "max_tasks is 0"),
        ({"step": "probe"}, "computers"),
        ({"step": "finish"}, "tasks"),
    ],
)
def test_options_that_cannot_be_used(
    manager: Stub,
    pem: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, Any],
    words: str,
) -> None:
    result = entry(dsm_agent_upgrade, manager, pem, capsys, monkeypatch)({"api_key": KEY, **given})
    assert result["failed"] is True
    assert words in result["msg"]


def test_the_module_as_ansible_runs_it(manager: Stub, pem: Path, tmp_path: Path, run_playbook: Run) -> None:
    dsm = TaskManager(old(6))
    dsm.fleet[4]["agentVersion"] = "20.0.0.6313"
    manager.answer = dsm.answer
    play = tmp_path / "play.yml"
    play.write_text(PLAY)
    environment: dict[str, Any] = {"DSM_API_KEY": KEY, "DSM_CA_PATH": str(pem), "no_proxy": "127.0.0.1"}
    done = run_playbook(play, "localhost,", {"url": manager.url}, "-vvv", environment=environment)
    assert done.returncode == 0, done.stdout
    assert KEY not in done.stdout
    assert dsm.tasks == {}
