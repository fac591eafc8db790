# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Manager in trouble, as an operator meets it: it works all the same, or a sentence says why. No verdict is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from tests.conftest import ansible_environment
from tests.lab.manager_client import ManagerClient, manager_alone

from .conftest import FIXED, LabFleet, StartFleet, deb

AFFECTED = "20.0.0-4416"
DAY = 24 * 3600
# A made-up Manager: one Relay, one Agent, and computers of all kinds in pages of ten.
SMALL: dict[str, t.Any] = {
    "manager": {"computers": 28, "groups": 2, "page_limit": 10, "update_seconds": 0.5},
    "hosts": {"relay1": deb(FIXED, role="relay"), "web1": deb(FIXED)},
}


def ansible(tool: str, *arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """One of Ansible's commands, in that folder; standard error is apart."""
    return subprocess.run(
        [str(Path(sys.executable).parent / tool), *arguments],
        cwd=folder,
        env=ansible_environment(folder) | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def inventory(manager: ManagerClient, file: str = "dsm.yml", **environment: str) -> subprocess.CompletedProcess[str]:
    """What ansible-inventory says of it; an inventory that cannot be read ends it."""
    strict = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
    path = str(manager.folder / file)
    return ansible("ansible-inventory", "-i", path, "--list", folder=manager.folder, **strict, **environment)


def groups_of(said: subprocess.CompletedProcess[str]) -> dict[str, set[str]]:
    """Group → hosts of what ansible-inventory listed."""
    assert said.returncode == 0, said.stderr
    listed = json.loads(said.stdout)
    return {name: set(group["hosts"]) for name, group in listed.items() if "hosts" in group}


def with_key(manager: ManagerClient, name: str, key: str) -> str:
    """The name of a new inventory file with another API key."""
    text = yaml.safe_load((manager.folder / "dsm.yml").read_text(encoding="utf-8"))
    (manager.folder / name).write_text(yaml.safe_dump({**text, "api_key": key}), encoding="utf-8")
    return name


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManagerClient]:
    """The Manager without a lab."""
    with manager_alone(tmp_path_factory.mktemp("small"), SMALL) as client:
        yield client


@pytest.fixture
def manager(small: ManagerClient) -> Iterator[ManagerClient]:
    """The same, well before and after."""
    yield small
    small.heal()


@pytest.fixture(scope="module")
def well(small: ManagerClient) -> dict[str, set[str]]:
    """The groups of the inventory while the Manager is well."""
    return groups_of(inventory(small))


# The inventory


@pytest.mark.parametrize(
    "faults",
    [
        {"storm": 1, "server_errors": 1, "truncated": 1},
        {"slow_pages": 0.3, "clock_skew": DAY},
    ],
    ids="+".join,
)
def test_an_inventory_is_whole_after_all(
    manager: ManagerClient, well: dict[str, set[str]], faults: dict[str, t.Any]
) -> None:
    manager.arm(**faults)
    assert groups_of(inventory(manager)) == well
    left = manager.state()["faults"]
    assert not {"storm", "server_errors", "truncated"} & left.keys(), "a fault that was never met"


def test_a_computer_that_is_deleted_between_two_pages_is_the_only_one_missing(
    manager: ManagerClient, well: dict[str, set[str]]
) -> None:
    listed = json.loads(inventory(manager).stdout)["_meta"]["hostvars"]
    ids = {host["dsm_computer"]["id"]: name for name, host in listed.items()}
    manager.arm(deleted_between_pages=[5, 10, 15])
    found = groups_of(inventory(manager))
    assert "deleted_between_pages" not in manager.state()["faults"]
    # Those of the first page were told before they were deleted.
    everybody = set.union(*well.values())
    assert set.union(*found.values()) == everybody - {ids[15]}
    assert {group: hosts - {ids[15]} for group, hosts in well.items()} == found
    assert set.union(*groups_of(inventory(manager)).values()) == everybody - {ids[5], ids[10], ids[15]}


UNREADABLE: dict[str, tuple[dict[str, t.Any], dict[str, str], str]] = {
    "storm": ({"storm": 99}, {"DSM_RETRIES": "1"}, "too many API requests (HTTP 429); the answer is: Too many API"),
    "server_errors": ({"server_errors": 99}, {"DSM_RETRIES": "0"}, "has trouble of its own (HTTP 500)"),
    "truncated": ({"truncated": 99}, {"DSM_RETRIES": "0"}, "broke off. Look at the network, proxies and load balanc"),
    "slow": ({"slow_pages": 3}, {"DSM_RETRIES": "0", "DSM_TIMEOUT": "1"}, "did not answer within 1 s. Look whether"),
    "late": ({"slow_pages": 1}, {"DSM_DEADLINE": "2"}, "raise deadline or"),
    "expired": ({"expired_certificate": True}, {}, "has expired; have it renewed, and compare the clocks"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_inventory_that_cannot_be_read_says_why(manager: ManagerClient, name: str) -> None:
    faults, environment, words = UNREADABLE[name]
    manager.arm(**faults)
    said = inventory(manager, **environment)
    assert said.returncode == 1
    assert words in " ".join(said.stderr.split())
    assert manager.about["api_key"] not in said.stdout + said.stderr


def test_a_wrong_key_is_not_shown(manager: ManagerClient) -> None:
    said = inventory(manager, with_key(manager, "wrong.dsm.yml", "2:Wr0ng-Secret"))
    assert said.returncode == 1
    assert (
        "does not accept the API key (HTTP 401); the answer is: Invalid API key. The key is wrong, expired"
        in said.stderr
    )
    assert "Wr0ng-Secret" not in said.stdout + said.stderr


def test_an_auditors_key_is_enough_to_read(manager: ManagerClient, well: dict[str, set[str]]) -> None:
    said = inventory(manager, with_key(manager, "auditor.dsm.yml", manager.about["auditor_key"]))
    assert groups_of(said).keys() == well.keys()


# The gate of an inventory that cannot be read, and by events that cannot be had


def test_a_manager_that_is_ahead_of_time_is_not_believed(tmp_path: Path) -> None:
    """By a clock that is ahead, what is old would be fresh."""
    fleet = {"manager": {"faults": {"clock_skew": DAY, "soap_off": True}}, "hosts": SMALL["hosts"]}
    with manager_alone(tmp_path / "ahead", fleet) as ahead:
        said, report = gate(ahead, "dsm.yml")
        assert said.returncode == 2, said.stdout
        for name in ("relay1", "web1"):
            reason = report[name]["reason"]
            assert "which is in the future, so it is not known how old the Manager's data is" in reason
            assert "compare the clocks of the Manager and of this machine" in reason
        assert {outcome["verdict"] for outcome in report.values()} == {"fixed"}
        # What the events would have told beside is not worth a gate.
        assert "SOAP" in said.stdout
        assert ahead.state()["sessions"] == 0


def gate(
    manager: ManagerClient, *files: str, **extra: t.Any
) -> tuple[subprocess.CompletedProcess[str], dict[str, dict[str, t.Any]]]:
    """The gate by the Manager's word alone, and its report."""
    sources = [argument for file in files for argument in ("-i", str(manager.folder / file))]
    variables = ["-e", f"@{manager.folder / 'manager-vars.yml'}", "-e", json.dumps({"dsa_source": "manager", **extra})]
    said = ansible("ansible-playbook", *sources, *variables, "deep_security.remediation.gate", folder=manager.folder)
    report = json.loads((manager.folder / "dsa-reports" / "report.json").read_text(encoding="utf-8"))
    return said, {outcome["host"]: outcome for outcome in report["hosts"]}


# Updates through the Manager


@dataclass
class Case:
    """One call of dsm_security_update: with which faults, for whom, and what must come of it."""

    outcomes: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, t.Any] = field(default_factory=dict)
    computers: tuple[int, ...] = (1, 2)
    more: Mapping[str, t.Any] = field(default_factory=dict)
    words: str = ""
    """Of the message of a call that fails."""


DONE = {"1": "succeeded", "2": "succeeded"}
CASES: dict[str, Case] = {
    "lost_answer": Case(DONE, {"lost_answer": 1, "task_not_removed": True}),
    "storm": Case(DONE, {"storm": 1, "truncated": 1}),
    "a_day_ahead": Case(DONE, {"clock_skew": DAY}),
    "a_day_behind": Case(DONE, {"clock_skew": -DAY}),
    # The build of the second one cannot update, the third one does not exist, and two groups are two tasks.
    "mixed": Case({"1": "succeeded", "3": "failed"}, computers=(1, 3, 999)),
    "server_errors": Case({}, {"server_errors": 99}, more={"retries": 0}, words="has trouble of its own (HTTP 500)"),
    "auditor": Case(more={"api_key": "{{ auditor_key }}"}, words="Give the key a role that may"),
    # The last one, as the simulator's computers stay at work.
    "never": Case({"1": "unfinished", "2": "unfinished"}, {"updates_never_finish": True}, more={"wait": 3}),
}


def steps(name: str, case: Case) -> list[dict[str, t.Any]]:
    """The tasks of one case: arm, in place of what the case before has armed, and update."""
    arm = {
        "url": "{{ url }}/lab/faults",
        "method": "POST",
        "body_format": "json",
        "body": {"clock_skew": 0, "server_errors": 0, **case.faults},
        "validate_certs": False,
    }
    connection = {key: f"{{{{ {key} }}}}" for key in ("url", "api_key", "ca_path")}
    given = {"interval": 1, "settle": 1, "wait": 30, "computers": list(case.computers), **case.more}
    update = {"deep_security.remediation.dsm_security_update": {**connection, **given}}
    return [{"ansible.builtin.uri": arm}, {**update, "register": name, "ignore_errors": True}]


@dataclass
class Updates:
    """What the one run of all cases said, what each gave, and how the Manager is left."""

    output: str
    results: Mapping[str, dict[str, t.Any]]
    state: Mapping[str, t.Any]
    keys: tuple[str, str]


@pytest.fixture(scope="module")
def updates(tmp_path_factory: pytest.TempPathFactory) -> Updates:
    """All cases in one run."""
    folder = tmp_path_factory.mktemp("updates")
    with manager_alone(folder, SMALL) as manager:
        results = "{{ {" + ", ".join(f"'{name}': {name}" for name in CASES) + "} | to_json }}"
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars_files": [str(folder / "manager.json")],
            "tasks": [
                *(step for name, case in CASES.items() for step in steps(name, case)),
                {"ansible.builtin.copy": {"dest": str(folder / "results.json"), "content": results}},
            ],
        }
        (folder / "cases.yml").write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
        done = ansible("ansible-playbook", str(folder / "cases.yml"), folder=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return Updates(
            done.stdout + done.stderr,
            json.loads((folder / "results.json").read_text(encoding="utf-8")),
            manager.state(),
            (manager.about["api_key"], manager.about["auditor_key"]),
        )


@pytest.mark.parametrize("name", CASES)
def test_an_update_ends_with_the_truth(updates: Updates, name: str) -> None:
    case, result = CASES[name], updates.results[name]
    outcomes = {number: one["outcome"] for number, one in result.get("outcomes", {}).items()}
    assert outcomes == case.outcomes, result
    assert bool(result.get("failed")) == bool(case.words), result
    assert case.words in result["msg"]


def test_updates_leave_nothing_behind(updates: Updates) -> None:
    assert updates.state["tasks"] == 0
    # One for each case but two for "mixed", and the auditor's, which was refused; server_errors came not that far.
    assert updates.state["requests"]["POST /api/scheduledtasks"] == 8
    for secret in updates.keys:
        assert secret not in updates.output


def test_500_computers_are_one_task(tmp_path: Path) -> None:
    fleet = {"manager": {"computers": 500, "groups": 1, "update_seconds": 1}}
    with manager_alone(tmp_path / "wave", fleet) as manager:
        wave = {number["ID"] for number in manager.computers().values()}
        assert len(wave) == 500
        before = sum(manager.state()["requests"].values())
        arguments = {
            **{key: manager.about[key] for key in ("url", "api_key", "ca_path")},
            "computers": sorted(wave),
            "interval": 1,
            "settle": 2,
            "wait": 3,
        }
        task = {"deep_security.remediation.dsm_security_update": arguments, "register": "wave"}
        keep = {"ansible.builtin.copy": {"dest": str(tmp_path / "wave.json"), "content": "{{ wave | to_json }}"}}
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task, keep]}
        (tmp_path / "wave.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
        done = ansible("ansible-playbook", str(tmp_path / "wave.yml"), folder=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        result = json.loads((tmp_path / "wave.json").read_text(encoding="utf-8"))
        assert len(result["tasks"]) == 1
        assert len(result["tasks"][0]["computers"]) == 500
        assert len(result["outcomes"]) == 500
        assert manager.state()["requests"]["POST /api/scheduledtasks"] == 1
        assert manager.state()["tasks"] == 0
        asked = sum(manager.state()["requests"].values()) - before
        assert asked <= 16, f"{asked} requests: the wave is asked about as one, not one by one"


# A fleet with work to do


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """A Relay and an Agent that are fine, and two Agents that need work."""
    hosts = {
        "relay1": deb(FIXED, role="relay"),
        "fine": deb(FIXED),
        "refused": deb(AFFECTED),
        "forgotten": deb(AFFECTED),
    }
    for host in hosts.values():
        host["update_seconds"] = 0.3
    return start_fleet({"packages": [FIXED], "manager": {}, "hosts": hosts})


def test_nothing_passes_and_nobody_is_touched_without_the_managers_inventory(lab: LabFleet) -> None:
    """The hosts that are asked for are fine; what the Manager alone knows is missing."""
    fine = ["--limit", "relay1,fine"]
    assert lab.play("gate", *fine).returncode == 0
    assert lab.play("gate", *lab.with_manager(), *fine).returncode == 0
    wrong = with_key(lab.manager, "wrong.dsm.yml", "2:Wr0ng-Secret")
    before = lab.fingerprint()
    done = lab.play("gate", *lab.with_manager("missing.dsm.yml"), *fine)
    assert done.returncode == 2, done.stdout
    assert "missing.dsm.yml could not be read, so its hosts" in done.stdout
    for name in ("gate", "remediate"):
        done = lab.play(name, *lab.with_manager(wrong), *(fine if name == "gate" else []))
        assert done.returncode == 2, done.stdout
        assert "does not accept the API key (HTTP 401)" in done.stdout
        assert f"the Manager's inventory {lab.lab / wrong} could not be read, so its hosts" in done.stdout
    assert lab.fingerprint() == before
    done = lab.play("gate", *fine, dsa_source="both")
    assert done.returncode == 2, done.stdout
    assert "dsa_source is both, and no host has dsm_computer: give the Manager's inventory too" in done.stdout


def test_hosts_update_themselves_where_the_manager_refuses(lab: LabFleet) -> None:
    key = lab.manager.about["auditor_key"]
    arguments = [*lab.with_manager(), "-e", f"dsm_api_key={key}", "--limit", "relay1,refused"]
    done = lab.play("remediate", *arguments, dsa_security_update_through="manager")
    assert done.returncode == 0, done.stdout
    assert "Give the key a role that may: Auditor for reading, Full Access for the rest" in " ".join(
        done.stdout.split()
    )
    assert key not in done.stdout
    assert lab.report()["refused"]["done"] == "upgraded"
    assert len(lab.journal("refused", "security_update_requested")) == 1


def test_an_update_that_the_manager_never_ends_is_no_success(lab: LabFleet) -> None:
    lab.manager.arm(updates_never_finish=True)
    extra = {"dsa_security_update_through": "manager", "dsa_security_update_timeout": 4}
    done = lab.play("remediate", *lab.with_manager(), "--limit", "relay1,forgotten", **extra)
    assert done.returncode == 2, done.stdout
    reported = lab.report()["forgotten"]
    assert (reported["done"], reported["passed"], reported["verdict"]) == ("failed", False, "fixed")
    assert "The security update does not finish: the Manager: " in reported["reason"]
    assert lab.manager.state()["tasks"] == 0
    lab.manager.heal()
    done = lab.play("remediate", *lab.with_manager(), **extra, dsa_security_update_settle=3)
    assert done.returncode == 0, done.stdout
    assert lab.report()["forgotten"]["done"] == "updated"
