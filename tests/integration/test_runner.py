# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As AWX runs it: ansible-runner, a private data directory, a read-only project, survey text, slices; its events."""

from __future__ import annotations

import hashlib
import json
import typing as t
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
import yaml

from lab.awx_job import SHOWN, Finished, Inventory, Job, finished, of_lab, sliced
from tests import report_schema
from tests.conftest import COLLECTIONS

from .conftest import FIXED, QUICK, LabFleet, StartFleet, deb
from .test_gate_by_manager import AFFECTED, by_manager

COLLECTION = "deep_security.remediation"
EXECUTION_ENVIRONMENT = {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_FORKS": "10"}
# No connection to it is possible.
SILENT = {"ansible_host": "127.0.0.1", "ansible_port": 1}
HOSTS = {
    "good": by_manager(1, FIXED),
    "bad-1": by_manager(2, AFFECTED),
    "bad-2": by_manager(3, AFFECTED),
    "silent": SILENT,
}
# As people leave it: some fields are empty, and nothing is a number, a boolean or a list.
SURVEY = {
    "dsa_batches": "1,10%,100%",
    "dsa_target_version": json.dumps({"linux": FIXED}),
    **dict.fromkeys(("dsa_gate", "dsa_hosts", "dsa_reboot", "dsa_report_formats", "dsa_waivers", "dsa_change_id"), ""),
}
# A warning, text that does not come through Ansible's display, what is unexpected.
UNWANTED = ("WARNING", "errantly", "Traceback", "Unexpected Exception")
SECRET = "S3CRET-become"
STORE = "/var/tmp/dsa/{workflow}"
GATE = "Fail hosts that do not pass"
# What is done once in a job stands with its first host: these tasks, and all of these plays.
ONCE = {"Read the Relays outside this run", "Read the Relays of the batch again", "Plan"}
PLAYS = {"Add the Relays that this slice lacks", "Report"}
AFFECTED_MESSAGE = "affected: Upgrade the agent with the playbook remediate."


def inventory_of(hosts: Mapping[str, t.Any]) -> Inventory:
    """Agents, as AWX hands them to Ansible."""
    return {
        "_meta": {"hostvars": dict(hosts)},
        "all": {"children": ["deep_security_agents"]},
        "deep_security_agents": {"hosts": list(hosts)},
    }


def of_driver(job: Finished, host: str) -> list[str]:
    """The tasks that a host has for itself."""
    results = [event["event_data"] for event in job.results(host)]
    return [each["task"] for each in results if each["play"] not in PLAYS and each["task"] not in ONCE]


def unwanted(job: Finished) -> list[str]:
    """The lines of the output that should not be there."""
    return [line for line in job.stdout.splitlines() if any(text in line for text in UNWANTED)]


class Awx:
    """Jobs, and a folder that outlives them, as one that is mounted into their containers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept = folder / "kept"
        self.kept.mkdir()

    def answers(self, variables: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Answers of a survey, and where the report goes."""
        return {"dsa_report_to": json.dumps([{"directory": str(self.kept), "host": "localhost"}]), **variables}

    def run(
        self, name: str, playbook: str, inventory: Inventory, variables: Mapping[str, t.Any], limit: Iterable[str] = ()
    ) -> Finished:
        """One job."""
        job = Job(f"{COLLECTION}.{playbook}", inventory, self.answers(variables), limit)
        return job.run(self.folder / name, EXECUTION_ENVIRONMENT)

    def slices(
        self, name: str, playbook: str, inventory: Inventory, count: int, variables: Mapping[str, t.Any]
    ) -> list[Finished]:
        """The slices of one job, all at once."""
        folders = [self.folder / f"{name}-{number}" for number in range(1, count + 1)]
        about = {"awx_workflow_job_name": f"{COLLECTION}.{playbook}"}  # as the template, whatever workflow that is in
        jobs = [
            Job(f"{COLLECTION}.{playbook}", sliced(inventory, number, count), self.answers({**variables, **about}))
            for number in range(1, count + 1)
        ]
        running = [job.start(folder, EXECUTION_ENVIRONMENT) for job, folder in zip(jobs, folders, strict=True)]
        return [finished(process, folder) for process, folder in zip(running, folders, strict=True)]

    def report(self, job: Finished) -> t.Any:
        """The report that a job left, by the digest in its result."""
        wanted = job.artifacts["dsa_result"]["report"]["sha256"]
        (file,) = [
            path for path in self.kept.rglob("*.json") if hashlib.sha256(path.read_bytes()).hexdigest() == wanted
        ]
        return report_schema.read(file)


@pytest.fixture(scope="module")
def awx(tmp_path_factory: pytest.TempPathFactory) -> Awx:
    """For the jobs of this file."""
    return Awx(tmp_path_factory.mktemp("awx"))


@pytest.fixture(scope="module")
def gate(awx: Awx) -> Finished:
    """The gate of hosts of which one passes."""
    return awx.run("gate", "gate", inventory_of(HOSTS), SURVEY)


def test_no_warning_and_the_sentence_that_counts_is_not_cut(gate: Finished) -> None:
    assert gate.status == 2, gate.stdout
    assert unwanted(gate) == []
    shown = [event["stdout"] for event in gate.events if event["event"] == "verbose"]
    assert any("NOT PASSED: 1 of 4 hosts passed" in text[:SHOWN] for text in shown)
    assert [text for text in shown if len(text.encode()) > SHOWN] == []


def test_each_host_that_does_not_pass_fails_once_with_its_cause(gate: Finished) -> None:
    """AWX shows msg, and counts by the recap; a host that is unreachable there would change the exit status."""
    failed = gate.failed()
    assert set(failed) == {"bad-1", "bad-2", "silent"}
    assert failed["bad-1"] == failed["bad-2"] == AFFECTED_MESSAGE
    assert failed["silent"].startswith("unreachable: ")
    recap = gate.events[-1]["event_data"]
    assert recap["failures"] == dict.fromkeys(failed, 1)
    assert not recap["dark"]


def test_tasks_a_host(gate: Finished) -> None:
    """By the Manager's data a host that passes costs nothing, and one that does not its failure."""
    assert {host: of_driver(gate, host) for host in HOSTS} == {
        "good": [],
        "bad-1": [GATE],
        "bad-2": [GATE],
        "silent": ["Read", GATE],
    }


def test_events_do_not_grow_with_the_square_of_the_hosts(gate: Finished) -> None:
    """The runner writes the hosts of a play, as they stand there, into each event of it."""
    assert [event["event_data"] for event in gate.events if "," in event["event_data"].get("play_pattern", "")] == []


def test_the_report_outlives_the_container(awx: Awx, gate: Finished) -> None:
    result = gate.artifacts["dsa_result"]
    assert (result["passed"], result["hosts"], result["not_passed"]) == (False, 4, 3)
    assert [each["ok"] for each in result["sent"]] == [True]
    report = awx.report(gate)
    assert report["run_id"] == result["run_id"]
    assert report["started_by"]["awx_job"] == "7"
    assert list((awx.folder / "gate" / "project").iterdir()) == []


def test_relaunch_on_failed_hosts(awx: Awx, gate: Finished) -> None:
    """One of them was repaired. What the first job handed on comes in, and is not taken for a result."""
    hosts = {**HOSTS, "bad-1": by_manager(2, FIXED)}
    again = awx.run("again", "gate", inventory_of(hosts), {**SURVEY, **gate.artifacts}, gate.failed())
    assert again.status == 2, again.stdout
    assert set(again.failed()) == {"bad-2", "silent"}
    assert unwanted(again) == []
    report = awx.report(again)
    assert {row["host"]: row["passed"] for row in report["hosts"]} == {"bad-1": True, "bad-2": False, "silent": False}
    assert report["left_out"] == [{"host": "good", "why": "limit"}]


def test_answers_that_are_none_end_the_job_before_a_host_is_touched(awx: Awx) -> None:
    """All hosts fail, as none is proven: those of a relaunch. The next node has the result."""
    wrong = {"dsa_batches": "1,many", "dsa_gate": "perhaps", "dsa_target_version": "{"}
    job = awx.run("wrong", "remediate_agents", inventory_of(HOSTS), {**SURVEY, **wrong})
    assert job.status == 2, job.stdout
    assert unwanted(job) == []
    assert {host: of_driver(job, host) for host in HOSTS} == {host: [GATE] for host in HOSTS}
    shown = "".join(event["stdout"] for event in job.events)
    (msg,) = set(job.failed().values())
    errors = job.artifacts["dsa_result"]["errors"]
    assert [name for name in wrong for text in (shown, msg, str(errors)) if f"{name} is" not in text] == []
    assert job.artifacts["dsa_result"]["passed"] is False


def test_a_job_without_a_host_has_a_result(awx: Awx) -> None:
    job = awx.run("nobody", "gate", inventory_of({}), {})
    assert job.status == 2, job.stdout
    (error,) = job.artifacts["dsa_result"]["errors"]
    assert error.startswith("all matches no host of the inventory")
    assert error in job.failed()["localhost"]


# --- the workflow: Relays, then the Agents in slices ------------------------------------------------------------------


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """A Relay, and two Agents."""
    return start_fleet(
        {
            "packages": [FIXED],
            "hosts": {
                "relay-1": deb(role="relay", update_seconds=0.2),
                "web-1": deb(update_seconds=0.2),
                "web-2": deb(update_seconds=0.2),
            },
        }
    )


@pytest.fixture(scope="module")
def jobs(awx: Awx, lab: LabFleet) -> dict[str, list[Finished]]:
    """The nodes of a workflow, with what each hands to the next."""
    packages = yaml.safe_load((lab.lab / "vars.yml").read_text("utf-8"))
    answers = {**QUICK, **packages}
    answers = {name: value if isinstance(value, str) else json.dumps(value) for name, value in answers.items()}
    # To a host that is in the slice by dsa_relay_hosts alone; the last one to a folder that the test can read.
    store = {"dsa_report_formats": "json", "dsa_report_to": json.dumps([{"directory": STORE, "host": "relay-1"}])}
    inventory = of_lab(lab.lab / "inventory.yml")
    inventory["all"]["vars"]["ansible_become_password"] = SECRET
    relays = awx.run("relays", "remediate_relays", inventory, {**answers, **store})
    handed = {**answers, **relays.artifacts}
    agents = awx.slices("agents", "remediate_agents", inventory, 3, {**handed, **store})
    for job in agents:
        handed |= job.artifacts
    merged = awx.run("merged", "report", inventory, {**handed, "dsa_report_from": f"relay-1:{STORE}"})
    return {"relays": [relays], "agents": agents, "merged": [merged]}


def test_every_node_succeeds_and_shows_no_warning(jobs: dict[str, list[Finished]]) -> None:
    for name, several in jobs.items():
        for job in several:
            assert job.status == 0, f"{name}: {job.stdout}"
            assert unwanted(job) == [], name


def test_the_relays_stage_hands_on_how_they_are_reached_and_no_secret(jobs: dict[str, list[Finished]]) -> None:
    (relays,) = jobs["relays"]
    assert set(relays.artifacts) == {"dsa_result", "dsa_relay_hosts", "dsa_workflow"}
    published = relays.artifacts["dsa_relay_hosts"]
    (reached,) = published["relays"].values()
    assert (set(published["relays"]), published["complete"]) == ({"relay-1"}, True)
    assert (reached["ansible_host"], bool(reached["ansible_port"])) == ("127.0.0.1", True)
    assert "id_ed25519" not in json.dumps(reached)
    for job in (each for several in jobs.values() for each in several):
        assert SECRET not in job.stdout + json.dumps(job.artifacts)
    for job in (*jobs["agents"], *jobs["merged"]):
        assert "dsa_relay_hosts" not in job.artifacts, "a part would be taken for the whole"


def test_slices_without_the_relay_work_on_their_agents_and_that_of_the_relay_has_nothing_to_do(
    lab: LabFleet, jobs: dict[str, list[Finished]]
) -> None:
    results = [job.artifacts["dsa_result"] for job in jobs["agents"]]
    assert [result["hosts"] for result in results] == [0, 1, 1]
    assert [result["done"] for result in results[1:]] == [{"upgraded and updated": 1}] * 2
    assert all(result["passed"] for result in results)
    assert {host["patterns_current"] for host in lab.status().values()} == {True}
    touches = [entry["event"] for entry in lab.touches("relay-1")]
    assert touches.count("package_installed") == touches.count("security_update_requested") == 1, "no slice works on it"
    lab.assert_relays_came_first()


def test_tasks_a_host_that_is_remediated(jobs: dict[str, list[Finished]]) -> None:
    assert [of_driver(job, host) for job, host in zip(jobs["agents"], ("relay-1", "web-1", "web-2"), strict=True)] == [
        ["Read"],
        ["Read", "Remediate"],
        ["Read", "Remediate"],
    ]


def test_the_reports_of_all_slices_are_merged(awx: Awx, jobs: dict[str, list[Finished]]) -> None:
    """Each went to a place of the workflow on a host, and the last node fetches them from there."""
    (merged,) = jobs["merged"]
    for job in (*jobs["relays"], *jobs["agents"], merged):
        assert [each["ok"] for each in job.artifacts["dsa_result"]["sent"]] == [True]
    assert len({job.artifacts["dsa_workflow"] for several in jobs.values() for job in several}) == 1
    report = awx.report(merged)
    assert report["passed"] is True
    assert {row["host"] for row in report["hosts"]} == {"relay-1", "web-1", "web-2"}
    assert len(report["merged_from"]) == 4
