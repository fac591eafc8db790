# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs at once on the same hosts, and a run whose controller dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import typing as t
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import report_schema
from tests.integration.by_hand import begin, kill, reasons, wait_for
from tests.integration.conftest import FIXED, LabFleet, StartFleet, deb

PASSWORD = "MARKSPPW-7"
# Longer than this test waits for a run: none can end by it.
LIMIT = 3600
# Of a run, or a part of it, in seconds.
LONG = 400
TOGETHER = ("relay", "web")


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """late is for the second half. Every call of dsa_control is written down on its host, with its arguments."""
    guarded = {"dsa_self_protection": True, "dsa_self_protection_password": PASSWORD, "dsa_reboot": "if_required"}
    hosts = {
        "relay": deb(role="relay"),
        "web": deb(
            self_protection=PASSWORD,
            reboot_required="after_upgrade",
            faults={"reboot_seconds": 5},
            vars=guarded,
        ),
        "late": deb(self_protection=PASSWORD, vars=guarded),
    }
    lab = start_fleet({"packages": [FIXED], "hosts": hosts})
    programs = lab.lab / "standins" / "query.py"
    assert programs.is_file(), "the lab's copy of its stand-ins is somewhere else now"
    programs.write_text(programs.read_text(encoding="utf-8") + WRITTEN_DOWN, encoding="utf-8")
    return lab


WRITTEN_DOWN = """

def dsa_control(argv, _real=dsa_control):
    world.journal("dsa_control", argv=argv[1:])
    return _real(argv)
"""


def report(path: Path) -> dict[str, t.Any]:
    """The report of one of the runs."""
    content: dict[str, t.Any] = report_schema.read(path)
    return content


def entries(lab: LabFleet, run: str, kind: str) -> list[dict[str, t.Any]]:
    """What a run has noted by now of one kind."""
    lines = [line for path in lab.folder.glob(f"run-{run}/run-*.jsonl") for line in path.read_text("utf-8").split("\n")]
    return [entry for entry in map(json.loads, filter(None, lines[:-1])) if entry["kind"] == kind]


def stages(lab: LabFleet, host: str) -> list[dict[str, t.Any]]:
    """What both runs noted of a host."""
    found = [entry for run in "ab" for entry in entries(lab, run, "stage")]
    return [{**entry, "record": None} for entry in found if entry["host"] == host]


def has_read(lab: LabFleet, run: str) -> bool:
    """Whether a run has read all its hosts."""
    return {entry["host"] for entry in entries(lab, run, "read")} == set(TOGETHER)


def has_updated(lab: LabFleet, run: str, host: str) -> bool:
    """Whether an update of a host has ended well in a run."""
    of_host = [entry for entry in entries(lab, run, "stage") if entry["host"] == host]
    return ("update", "done") in {(entry["stage"], entry["outcome"]) for entry in of_host}


@pytest.fixture(scope="module")
def together(lab: LabFleet) -> list[dict[str, t.Any]]:
    """The reports of two runs, of which the second begins while the first reads its hosts.

    Once the second has read them it is stopped until the first has updated the Relay, which the second then finds in
    the note alone.
    """
    paths = [lab.folder / f"run-{name}" / "report.json" for name in "ab"]
    runs: list[subprocess.Popen[str]] = []

    def remediate(path: Path) -> subprocess.Popen[str]:
        settings = {"dsa_security_update_timeout": LIMIT, "dsa_relays_complete": True}
        return begin(lab, "remediate", "--limit", ",".join(TOGETHER), dsa_report_path=str(path), **settings)

    for path in paths:
        runs.append(remediate(path))
        wait_for(lambda: any(lab.journal(name, "ssh_command") for name in TOGETHER), "the first run reads")
    wait_for(lambda: has_read(lab, "b"), "the second run has read", LONG)
    os.killpg(runs[1].pid, signal.SIGSTOP)
    try:
        wait_for(lambda: has_updated(lab, "a", "relay"), "the first run updates the Relay", LONG)
    finally:
        os.killpg(runs[1].pid, signal.SIGCONT)
    outputs = [run.communicate(timeout=LONG)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], "\n".join(outputs)
    return [report(path) for path in paths]


@pytest.fixture(scope="module")
def ended(lab: LabFleet, together: object) -> dict[str, t.Any]:
    """What the report has of a host whose first run lost its controller while self-protection was off.

    With Ansible's own default, modules go to the host as files.
    """
    run = begin(lab, "remediate", "-vvv", "--limit", "late", dsa_relays_complete=True, **SLOW_WAY)
    try:
        wait_for(lambda: lab.journal("late", "self_protection"), "self-protection goes off")
    finally:
        kill(run)
    assert with_password(lab) == []
    done = lab.play("remediate", "-vvv", "--limit", "late", dsa_relays_complete=True, **SLOW_WAY)
    assert done.returncode == 0, done.stdout
    assert PASSWORD not in done.stdout
    return lab.report()["late"]


def test_both_runs_end_well(together: list[dict[str, t.Any]]) -> None:
    for content in together:
        assert content["passed"], content
        assert content["finished"]
        assert {host["host"] for host in content["hosts"]} == set(TOGETHER)
        assert all(host["updated"] for host in content["hosts"])
    assert together[0]["run_id"] != together[1]["run_id"]


@pytest.mark.usefixtures("together")
@pytest.mark.parametrize("name", TOGETHER)
def test_each_host_was_upgraded_once(lab: LabFleet, name: str) -> None:
    assert len(lab.journal(name, "package_installed")) == 1
    assert lab.journal(name, "security_update_succeeded")


@pytest.mark.usefixtures("together")
def test_the_relay_was_updated_once(lab: LabFleet) -> None:
    """A second update would take back what the first run noted, and that one's Agents would wait for it."""
    assert len(lab.journal("relay", "security_update_requested")) == 1
    updates = [(one["outcome"], one["details"]["by"]) for one in stages(lab, "relay") if one["stage"] == "update"]
    assert updates == [("done", "host"), ("done", "other_run")]


@pytest.mark.usefixtures("together")
def test_no_host_was_rebooted_twice(lab: LabFleet) -> None:
    """Both may request it of a host that is still going down; one that is back gets no second request."""
    boots = [len(lab.journal(name, "booted")) - 1 for name in TOGETHER]
    assert boots == [0, 1], json.dumps([*lab.journal("web"), *stages(lab, "web")], indent=1)


@pytest.mark.usefixtures("together")
def test_self_protection_is_on_again(lab: LabFleet) -> None:
    assert lab.status()["web"]["self_protection"] is True
    switched = [entry["on"] for entry in lab.journal("web", "self_protection")]
    assert switched == [False, True]


@pytest.mark.usefixtures("together")
def test_only_what_needs_the_password_is_given_it(lab: LabFleet) -> None:
    calls = [entry["argv"] for entry in lab.journal("web", "dsa_control")]
    with_password = [argv for argv in calls if any(PASSWORD in word for word in argv)]
    assert with_password, calls
    assert all(argv[0].startswith("--selfprotect") for argv in with_password), with_password
    assert [argv for argv in calls if "-m" in argv], calls


@pytest.mark.usefixtures("together")
def test_order_held_for_both(lab: LabFleet) -> None:
    lab.assert_relays_came_first("late")


def test_a_controller_that_dies_leaves_no_password_and_the_next_run_ends_what_it_began(
    lab: LabFleet, ended: dict[str, t.Any]
) -> None:
    assert ended["passed"], reasons(ended)
    assert ended["updated"], reasons(ended)
    assert lab.status()["late"]["self_protection"] is True
    assert len(lab.journal("late", "package_installed")) == 1
    assert with_password(lab) == []


@pytest.mark.usefixtures("ended")
def test_there_is_nothing_left_to_do(lab: LabFleet) -> None:
    before = lab.fingerprint()
    done = lab.play("remediate")
    assert done.returncode == 0, done.stdout
    assert lab.fingerprint() == before


SLOW_WAY: Mapping[str, t.Any] = {"ansible_ssh_pipelining": False}


def with_password(lab: LabFleet) -> list[str]:
    """Files with the password in a host's world or among what the controller wrote; not what the lab itself knows."""
    own = ("agent.json", "password")  # of the simulated agent
    found = []
    for top in (lab.lab / "roots", lab.folder / "dsa-reports", lab.folder / "ansible"):
        for path in top.rglob("*"):
            if path.is_file() and not path.is_symlink() and path.name not in own:
                try:
                    content = path.read_bytes()
                except OSError:
                    continue
                if PASSWORD.encode() in content:
                    found.append(str(path))
    return found
