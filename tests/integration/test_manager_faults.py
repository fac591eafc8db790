# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Manager in trouble, as an operator meets it: it works all the same, or a sentence says why. No verdict is wrong.

Each fault by itself is tested without Ansible: tests/unit, test_dsm.py and test_dsm_security_update.py.
"""

from __future__ import annotations

import json
import subprocess
import typing as t
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from tests import report_schema
from tests.lab.manager_client import ManagerClient, manager_alone
from tests.preloaded import ANY_UNPARSED, Preloaded

from .conftest import FIXED, LabFleet, StartFleet, deb

Inventory = Callable[..., "subprocess.CompletedProcess[str]"]
AFFECTED = "20.0.0-4416"
DAY = 24 * 3600
# A made-up Manager: one Relay, one Agent, and computers of all kinds in pages of ten.
SMALL: dict[str, t.Any] = {
    "manager": {"computers": 28, "groups": 2, "page_limit": 10, "update_seconds": 0.5},
    "hosts": {"relay1": deb(FIXED, role="relay"), "web1": deb(FIXED)},
}


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


# The inventory


@pytest.fixture
def inventory(manager: ManagerClient, preloaded: Preloaded) -> Inventory:
    """What ansible-inventory lists; an inventory that cannot be read ends it. key: another API key."""

    def listed(key: str = "") -> subprocess.CompletedProcess[str]:
        settings = yaml.safe_load((manager.folder / "dsm.yml").read_text(encoding="utf-8"))
        path = manager.folder / "this.dsm.yml"
        path.write_text(yaml.safe_dump({**settings, "api_key": key or settings["api_key"]}), encoding="utf-8")
        return preloaded.command(
            ["ansible-inventory", "-i", str(path), "--list"], manager.folder, {ANY_UNPARSED: "true"}
        )

    return listed


def groups_of(listing: subprocess.CompletedProcess[str]) -> dict[str, set[str]]:
    """Group → hosts of what ansible-inventory listed."""
    assert listing.returncode == 0, listing.stderr
    listed = json.loads(listing.stdout)
    return {name: set(group["hosts"]) for name, group in listed.items() if "hosts" in group}


def test_an_inventory_is_whole_after_all_and_lacks_only_what_is_deleted(
    manager: ManagerClient, inventory: Inventory
) -> None:
    """An auditor's key is enough to read it."""
    listing = inventory(manager.about["auditor_key"])
    well = groups_of(listing)
    hosts = json.loads(listing.stdout)["_meta"]["hostvars"]
    names = {host["dsm_computer"]["id"]: name for name, host in hosts.items()}
    faults = {"storm": 1, "server_errors": 1, "truncated": 1, "deleted_between_pages": [5, 10, 15]}
    manager.arm(**faults, slow_pages=0.3, clock_skew=DAY)
    found = groups_of(inventory())
    assert not faults.keys() & manager.state()["faults"].keys(), "a fault that was never met"
    # Those of the first page were listed before they were deleted.
    assert found == {group: hosts - {names[15]} for group, hosts in well.items()}


def test_an_inventory_that_cannot_be_read_says_why_and_shows_no_key(
    manager: ManagerClient, inventory: Inventory
) -> None:
    manager.arm(expired_certificate=True)
    listing = inventory("2:Wr0ng-Secret")
    assert listing.returncode == 1
    assert "has expired; have it renewed, and compare the clocks" in " ".join(listing.stderr.split())
    manager.heal()
    wrong = inventory("2:Wr0ng-Secret")
    assert wrong.returncode == 1
    words = "does not accept the API key (HTTP 401); the answer is: Invalid API key. The key is wrong, expired"
    assert words in wrong.stderr
    for output in (listing.stdout, listing.stderr, wrong.stdout, wrong.stderr):
        assert "Wr0ng-Secret" not in output


# The gate by events that cannot be had, and by a clock


def test_a_manager_that_is_ahead_of_time_is_not_trusted(tmp_path: Path, preloaded: Preloaded) -> None:
    """By a clock that is ahead, what is old would be fresh. What its events would add is not worth a gate."""
    fleet = {"manager": {"faults": {"clock_skew": DAY, "soap_off": True}}, "hosts": SMALL["hosts"]}
    with manager_alone(tmp_path / "ahead", fleet) as ahead:
        variables = ["-e", f"@{ahead.folder / 'manager-vars.yml'}", "-e", json.dumps({"dsa_source": "manager"})]
        arguments = ["-i", str(ahead.folder / "dsm.yml"), *variables, "deep_security.remediation.gate"]
        done = preloaded.run(arguments, ahead.folder)
        assert done.returncode == 2, done.stdout
        report = report_schema.read(ahead.folder / "dsa-reports" / "report.json")
        for outcome in report["hosts"]:
            assert outcome["verdict"] == "fixed"
            assert "which is in the future, so it is not known how old the Manager's data is" in outcome["reason"]
            assert "compare the clocks of the Manager and of this machine" in outcome["reason"]
        assert {outcome["host"] for outcome in report["hosts"]} == {"relay1", "web1"}
        assert "SOAP" in done.stdout
        assert ahead.state()["sessions"] == 0


# Updates through the Manager


@dataclass
class Case:
    """One call of dsm_security_update: with which faults, for whom, and what must come of it."""

    outcomes: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, t.Any] = field(default_factory=dict)
    computers: tuple[int, ...] = (1, 2)
    more: Mapping[str, t.Any] = field(default_factory=dict)


DONE = {"1": "succeeded", "2": "succeeded"}
CASES: dict[str, Case] = {
    "troubled": Case(DONE, {"lost_answer": 1, "task_not_removed": True, "storm": 1, "truncated": 1, "clock_skew": DAY}),
    # The build of the second one cannot update, the third one does not exist, and two groups are two tasks.
    "mixed": Case({"1": "succeeded", "3": "failed"}, {"clock_skew": -DAY}, computers=(1, 3, 999)),
    # The last one, as the simulator's computers stay at work.
    "never": Case({"1": "unfinished", "2": "unfinished"}, {"updates_never_finish": True}, more={"wait": 4}),
}


def steps(name: str, case: Case) -> list[dict[str, t.Any]]:
    """The tasks of one case: arm, in place of what the case before has armed, and update."""
    arm = {
        "url": "{{ url }}/lab/faults",
        "method": "POST",
        "body_format": "json",
        "body": {"clock_skew": 0, **case.faults},
        "validate_certs": False,
    }
    connection = {key: f"{{{{ {key} }}}}" for key in ("url", "api_key", "ca_path")}
    given = {"interval": 2, "settle": 1, "wait": 60, "computers": list(case.computers), **case.more}
    update = {"deep_security.remediation.dsm_security_update": {**connection, **given}}
    return [{"ansible.builtin.uri": arm}, {**update, "register": name, "ignore_errors": True}]


@dataclass
class Updates:
    """What the one run of all cases printed, what each gave, and how the Manager is left."""

    output: str
    results: Mapping[str, dict[str, t.Any]]
    state: Mapping[str, t.Any]
    keys: tuple[str, str]


@pytest.fixture(scope="module")
def updates(tmp_path_factory: pytest.TempPathFactory, preloaded: Preloaded) -> Updates:
    """All cases in one run, with a Manager of their own."""
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
        done = preloaded.run([str(folder / "cases.yml")], folder)
        assert done.returncode == 0, done.stdout
        return Updates(
            done.stdout,
            json.loads((folder / "results.json").read_text(encoding="utf-8")),
            manager.state(),
            (manager.about["api_key"], manager.about["auditor_key"]),
        )


@pytest.mark.parametrize("name", CASES)
def test_an_update_ends_with_the_truth(updates: Updates, name: str) -> None:
    case, result = CASES[name], updates.results[name]
    outcomes = {number: one["outcome"] for number, one in result.get("outcomes", {}).items()}
    assert outcomes == case.outcomes, result
    assert not result.get("failed"), result


def test_updates_leave_nothing_behind(updates: Updates) -> None:
    assert updates.state["tasks"] == 0
    # One for each case but two for "mixed".
    assert updates.state["requests"]["POST /api/scheduledtasks"] == 4
    for secret in updates.keys:
        assert secret not in updates.output


# A fleet with work to do


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """Two Agents that wait for nobody; the key of the first may only read."""
    through: dict[str, t.Any] = {"dsa_security_update_through": "manager", "dsa_relays": []}
    hosts = {
        "denied": deb(vars={**through, "dsa_batch": 1, "dsm_api_key": "{{ auditor_key }}"}),
        "forgotten": deb(vars={**through, "dsm_api_key": "{{ full_key }}", "dsa_security_update_timeout": 4}),
    }
    for host in hosts.values():
        host["update_seconds"] = 0.3
    return start_fleet({"packages": [FIXED], "manager": {}, "hosts": hosts})


def test_hosts_update_themselves_where_the_manager_refuses_and_what_never_ends_is_no_success(lab: LabFleet) -> None:
    about = lab.manager.about
    inventories = ["-i", str(lab.lab / "dsm.yml")]
    extra: dict[str, t.Any] = {"auditor_key": about["auditor_key"], "full_key": about["api_key"]}
    extra |= {"dsa_batch": None, "dsa_security_update_timeout": None, "dsa_diagnostics": False}
    extra |= {name: about[name.removeprefix("dsm_")] for name in ("dsm_url", "dsm_ca_path")}
    lab.manager.arm(updates_never_finish=True)
    done = lab.play("remediate", *inventories, **extra)
    assert done.returncode == 2, done.stdout
    output = " ".join(done.stdout.split())
    assert "Give the key a role that may: Auditor for reading, Full Access for the rest" in output
    for key in (about["auditor_key"], about["api_key"]):
        assert key not in done.stdout
    outcomes = lab.report()
    assert outcomes["denied"]["done"] == "upgraded and updated", outcomes["denied"]["reason"]
    assert len(lab.journal("denied", "security_update_requested")) == 1
    forgotten = outcomes["forgotten"]
    assert (forgotten["done"], forgotten["passed"], forgotten["verdict"]) == ("failed", False, "fixed")
    assert "The security update does not finish: the Manager: " in forgotten["reason"]
    assert lab.manager.state()["tasks"] == 0
