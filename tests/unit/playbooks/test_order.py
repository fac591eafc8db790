# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of plays and tasks that the playbooks promise: who goes before whom, and what a failure may not stop."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import yaml
from jinja2 import Environment

from tests.run.common import ROOT

PLAYBOOKS = ROOT / "playbooks"
ORDER = {
    "gate": ["read gate", "manager events", "gate gate"],
    "remediate": [
        "read remediate",
        "manager version",
        "tier relays",
        "tier agents",
        "manager events",
        "gate remediate",
    ],
    "remediate_relays": [
        "read remediate_relays",
        "manager version",
        "tier relays",
        "manager events",
        "gate remediate_relays",
    ],
    "remediate_agents": [
        "read remediate_agents",
        "manager version",
        "tier agents",
        "manager events",
        "gate remediate_agents",
    ],
}
# Which roles of hosts the report is about, where it is not about all.
STAGES = sorted(path.stem for path in (PLAYBOOKS / "stages").glob("*.yml"))
ON_HOSTS = "deep_security.remediation.dsa_remediate"
THROUGH_THE_MANAGER = ("deep_security.remediation.dsm_security_update", "deep_security.remediation.dsm_agent_upgrade")
TIER = "__dsa_tier | default('agents')"


def load(name: str) -> list[dict[str, t.Any]]:
    """The plays or tasks of a file."""
    content: list[dict[str, t.Any]] = yaml.safe_load((PLAYBOOKS / f"{name}.yml").read_text(encoding="utf-8"))
    return content


def tasks(name: str) -> Iterator[dict[str, t.Any]]:
    """The tasks of a file of stages, with those that it imports, in their order."""
    for entry in load(f"stages/{name}"):
        for task in entry.get("tasks", [entry] if "hosts" not in entry else []):
            imported = task.get("ansible.builtin.import_tasks")
            yield from tasks(imported.removesuffix(".yml")) if imported else [task]


def module(task: dict[str, t.Any]) -> str:
    return next(key for key in task if "." in key)


def query(*arguments: str) -> str:
    """A template that queries the lookup."""
    return f"{{{{ query('deep_security.remediation.dsa_run', {', '.join(arguments)}) }}}}"


@pytest.mark.parametrize("playbook", ORDER)
def test_a_playbook_reads_works_in_its_tiers_and_ends_with_the_gate(playbook: str) -> None:
    """Relays go before Agents; there is no way through a playbook that leaves out its report and gate."""
    plays = load(playbook)
    order = []
    for play in plays:
        (what,) = (value for name, value in play["vars"].items() if name.startswith("__dsa"))
        order.append(f"{play['ansible.builtin.import_playbook'].removeprefix('stages/').removesuffix('.yml')} {what}")
        assert "when" not in play and "tags" not in play
    assert order == ORDER[playbook]


def test_a_tier_goes_in_batches_which_are_planned_before_they_are_touched() -> None:
    alone, through_manager = load("stages/tier")
    assert (alone["hosts"], alone["serial"]) == (query(TIER), query(TIER, "'batches'"))
    assert through_manager["hosts"] == query(TIER, "'by_manager'")
    assert through_manager["serial"] == query(TIER, "'by_manager'", "'batches'")
    for play in (alone, through_manager):
        assert play["tasks"][0]["ansible.builtin.import_tasks"] == "plan_batch.yml"
        assert (play["strategy"], play["any_errors_fatal"]) == ("ansible.builtin.linear", False)


def test_before_a_batch_its_relays_are_read_again_and_it_is_planned_anew() -> None:
    """So nobody follows a Relay that broke, or a canary that failed."""
    read, plan = load("stages/plan_batch")
    assert read[ON_HOSTS] == {"stages": ["read_again"]}
    assert (read["loop"], read["delegate_to"]) == (query("'relays_of_batch'", "hosts=ansible_play_batch"), "{{ item }}")
    assert module(plan) == "deep_security.remediation.dsa_plan"
    assert read["run_once"] is plan["run_once"] is True


def test_a_host_that_upgrades_itself_goes_through_all_stages_in_one_task() -> None:
    last = list(tasks("tier"))[2]
    assert (module(last), last[ON_HOSTS]) == (ON_HOSTS, None)


def test_tasks_of_the_manager_come_between_the_stages_of_their_hosts() -> None:
    """The note is on the host before the Manager upgrades it; its update comes after its upgrade and reboot."""
    order = [(module(task).rpartition(".")[2], (task[module(task)] or {}).get("stages")) for task in tasks("tier")]
    assert [" ".join(stages or [name]) for name, stages in order[3:]] == [
        "read_again",
        "dsa_plan",
        "precheck",
        "begin_by_manager",
        "dsm_agent_upgrade",
        "upgrade reboot",
        "dsm_security_update",
        "update verify",
    ]


def test_tasks_of_the_manager_are_for_hosts_with_work_and_have_the_limits_that_are_set() -> None:
    """What is not set is left to the module."""
    update, upgrade = (next(task for task in tasks("tier") if name in task) for name in THROUGH_THE_MANAGER)
    given = {"max_tasks": "max_tasks", "interval": "interval", "wait": "timeout"}
    for task, name, prefix, more in (
        (update, THROUGH_THE_MANAGER[0], "dsa_security_update", {"settle": "settle", "filter": "filter"}),
        (upgrade, THROUGH_THE_MANAGER[1], "dsa_upgrade", {"task_parameters": "task_parameters"}),
    ):
        for option, setting in {**given, **more}.items():
            assert task[name][option] == f"{{{{ {prefix}_{setting} | default(omit, true) }}}}"
        for option in ("url", "api_key", "api_key_type", "ca_path", "validate_certs", "use_proxy"):
            assert task[name][option] == f"{{{{ dsm_{option} | default(omit, true) }}}}"
        assert (task["delegate_to"], task["run_once"]) == ("localhost", True)
    assert update[THROUGH_THE_MANAGER[0]]["hosts"] == query("'hosts_with_work'", "hosts=ansible_play_batch")
    assert upgrade[THROUGH_THE_MANAGER[1]]["hosts"] == query("'hosts_by_manager'", "item", "hosts=ansible_play_batch")
    assert upgrade["loop"] == query("'builds_by_manager'", "hosts=ansible_play_batch")


def test_hosts_are_read_first_and_then_the_relays_that_they_may_use() -> None:
    first, add, read = load("stages/read")
    assert first["ansible.builtin.import_playbook"] == "begin.yml"
    (begin,) = load("stages/begin")
    name = "playbook=__dsa_playbook | default('')"
    assert (begin["hosts"], read["hosts"]) == (query("'begin'", name), query("'read'", name))
    assert add["hosts"] == query("'adding'")
    (relay,) = add["tasks"]
    assert relay["deep_security.remediation.dsa_add_relay"] == {"relay": "{{ item }}"}
    assert relay["loop"] == query("'lacking'")
    hosts, relays = read["tasks"]
    assert hosts[ON_HOSTS] == relays[ON_HOSTS] == {"stages": ["read"]}
    assert hosts["register"] == "__dsa_read", "where the report finds why a task could not even start"
    assert (relays["loop"], relays["run_once"]) == (query("'relays_outside'"), True)
    assert relays["delegate_to"] == "{{ item }}"


def test_the_gate_fails_hosts_and_then_looks_for_those_that_were_spared() -> None:
    report, gate, end = load("stages/gate")
    assert report["hosts"] == query("'report'", "playbook=__dsa_playbook | default('')")
    assert "vars" not in report, "a connection of the play would be that of the host that a report is sent to"
    assert gate["hosts"] == query("'gate'")
    (fail,) = gate["tasks"]
    assert (module(fail), fail.get("ignore_errors")) == ("deep_security.remediation.dsa_gate", None)
    assert (end["hosts"], end["tasks"]) == (query("'end'"), [])


def test_a_report_of_files_begins_and_ends_as_every_run() -> None:
    first, fetch, last = load("report")
    assert first["ansible.builtin.import_playbook"] == "stages/begin.yml"
    assert fetch["hosts"] == query("'fetching'", "playbook='report'")
    assert (fetch["any_errors_fatal"], len(fetch["tasks"])) == (False, 1)
    assert last["ansible.builtin.import_playbook"] == "stages/gate.yml"
    assert last["vars"] == {"__dsa_playbook": "report"}


def test_a_destination_that_fails_ends_nothing_and_is_published() -> None:
    """In check mode too: a report is sent whatever the run may change of the fleet."""
    for path in sorted((ROOT / "roles/report/tasks").glob("send_*.yml")):
        first, *rest = yaml.safe_load(path.read_text(encoding="utf-8"))
        spared = first if "block" not in first else {"ignore_errors": bool(first["rescue"]), **first}
        assert (spared["ignore_errors"], spared["ignore_unreachable"], spared["check_mode"]) == (True, True, False)
        last = first["rescue"][0] if "rescue" in first else [first, *rest][-1]
        assert last["ignore_errors"] is True
        assert module(last) == "deep_security.remediation.dsa_result"
        assert set(last[module(last)]) == {"destination", "outcome"}
        if path.stem == "send_url":
            assert first["no_log"] is last["no_log"] is True


@pytest.mark.parametrize("name", STAGES)
def test_no_failure_and_no_setting_of_ansible_ends_a_run_before_its_report(name: str) -> None:
    """The journal has what failed. A time limit for tasks would kill a host in the middle of its upgrade."""
    for task in tasks(name):
        if module(task) == ON_HOSTS:
            assert (task["ignore_errors"], task["ignore_unreachable"], task["timeout"]) == (True, True, 0), task["name"]
        elif module(task) in THROUGH_THE_MANAGER:
            assert (task["ignore_errors"], task["timeout"]) == (True, 0), task["name"]
        elif module(task) in ("deep_security.remediation.dsa_plan", "deep_security.remediation.dsa_manager"):
            assert task["ignore_errors"] is True, task["name"]
    for play in (play for play in load(f"stages/{name}") if play.get("tasks") and "hosts" in play):
        assert play["gather_facts"] is False
        assert play["name"] == "Begin" or play["any_errors_fatal"] is False, play["name"]


@pytest.mark.parametrize(
    ("playbook", "variable", "fallback"),
    [("recover", "dsa_recover_hosts", None), ("remediate_managers", "dsm_hosts", "deep_security_managers")],
)
def test_a_pattern_that_fits_no_host_is_refused_and_hosts_go_one_by_one(
    playbook: str, variable: str, fallback: str | None
) -> None:
    check, work = load(playbook)
    that = check["tasks"][0]["ansible.builtin.assert"]["that"]
    conditions = [Environment().compile_expression(one) for one in ([that] if isinstance(that, str) else that)]

    def accepted(**variables: str) -> bool:
        def names(lookup: str, pattern: str) -> list[str]:
            return {"one": ["a"], "deep_security_managers": ["b"]}.get(pattern, [])

        return all(condition(query=names, **variables) for condition in conditions)

    assert (accepted(**{variable: "one"}), accepted(**{variable: "typo"})) == (True, False)
    assert fallback is None or accepted()
    assert work["serial"] == 1
    assert variable in work["hosts"] and (fallback or "") in work["hosts"]


def test_after_a_manager_that_failed_no_other_one_is_upgraded() -> None:
    assert load("remediate_managers")[1]["any_errors_fatal"] is True
