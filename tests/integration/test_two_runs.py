# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs at once on the same hosts, and a run whose controller dies. The tests tell one story, in order."""

from __future__ import annotations

import json
import subprocess
import time
import typing as t
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.by_hand import begin, kill, reasons, wait_for
from tests.integration.conftest import FIXED, LabFleet, StartFleet, deb

PASSWORD = "MARKSPPW-7"
LIMIT = 120
TOGETHER = ("relay", "web", "db")


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """late is for the second half. Every call of dsa_control is written down on its host, with its arguments."""
    hosts = {
        "relay": deb(role="relay"),
        "web": deb(reboot_required="after_upgrade", faults={"reboot_seconds": 8}, vars={"dsa_reboot": "if_required"}),
        "db": deb(self_protection=PASSWORD),
        "late": deb(self_protection=PASSWORD),
    }
    for name in ("db", "late"):
        hosts[name]["vars"] = {"dsa_self_protection": True, "dsa_self_protection_password": PASSWORD}
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
    content: dict[str, t.Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def stages(lab: LabFleet, host: str) -> list[dict[str, t.Any]]:
    """What both runs noted of a host."""
    journals = sorted(lab.folder.glob("run-?/run-*.jsonl"))
    entries = [json.loads(line) for path in journals for line in path.read_text(encoding="utf-8").splitlines()]
    return [{**entry, "record": None} for entry in entries if entry["host"] == host and entry["kind"] == "stage"]


def test_1_both_runs_end_well_and_nothing_is_done_twice(lab: LabFleet) -> None:
    begun = time.monotonic()
    runs: list[subprocess.Popen[str]] = []
    paths = [lab.folder / f"run-{name}" / "report.json" for name in "ab"]
    for path in paths:
        runs.append(
            begin(
                lab,
                "remediate",
                "--limit",
                ",".join(TOGETHER),
                dsa_report_path=str(path),
                dsa_security_update_timeout=LIMIT,
                dsa_relays_complete=True,
            )
        )
        time.sleep(1.5)
    outputs = [run.communicate(timeout=400)[0] for run in runs]
    assert time.monotonic() - begun < LIMIT, "neither run waited for what the other had done"
    assert [run.returncode for run in runs] == [0, 0], "\n".join(outputs)
    for path in paths:
        content = report(path)
        assert content["passed"], path.read_text(encoding="utf-8")
        assert content["finished"]
        assert {host["host"] for host in content["hosts"]} == set(TOGETHER)
        assert all(host["updated"] for host in content["hosts"])
    assert report(paths[0])["run_id"] != report(paths[1])["run_id"]


@pytest.mark.parametrize("name", TOGETHER)
def test_2_each_host_was_upgraded_once(lab: LabFleet, name: str) -> None:
    assert len(lab.journal(name, "package_installed")) == 1
    assert lab.journal(name, "security_update_succeeded")


def test_3_no_host_was_rebooted_twice(lab: LabFleet) -> None:
    """Both may request it of a host that is still going down; one that is back gets no second request."""
    boots = [len(lab.journal(name, "booted")) - 1 for name in TOGETHER]
    assert boots == [0, 1, 0], json.dumps([*lab.journal("web"), *stages(lab, "web")], indent=1)


def test_4_self_protection_is_on_again(lab: LabFleet) -> None:
    assert lab.status()["db"]["self_protection"] is True
    switched = [entry["on"] for entry in lab.journal("db", "self_protection")]
    assert switched == [False, True]


def test_5_only_what_needs_the_password_is_given_it(lab: LabFleet) -> None:
    calls = [entry["argv"] for entry in lab.journal("db", "dsa_control")]
    with_password = [argv for argv in calls if any(PASSWORD in word for word in argv)]
    assert with_password, calls
    assert all(argv[0].startswith("--selfprotect") for argv in with_password), with_password
    assert [argv for argv in calls if "-m" in argv], calls


def test_6_order_held_for_both(lab: LabFleet) -> None:
    lab.assert_relays_came_first("late")


def test_7_a_controller_that_dies_leaves_no_password_on_the_host(lab: LabFleet) -> None:
    """With Ansible's own default, modules go to the host as files."""
    run = begin(lab, "remediate", "-vvv", "--limit", "late", dsa_relays_complete=True, **SLOW_WAY)
    try:
        wait_for(lambda: lab.journal("late", "self_protection"), "self-protection goes off")
    finally:
        kill(run)
    assert with_password(lab) == []


def test_8_the_next_run_ends_what_that_one_began(lab: LabFleet) -> None:
    done = lab.play("remediate", "-vvv", "--limit", "late", dsa_relays_complete=True, **SLOW_WAY)
    assert done.returncode == 0, done.stdout
    outcome = lab.report()["late"]
    assert outcome["passed"], reasons(outcome)
    assert outcome["updated"], reasons(outcome)
    assert lab.status()["late"]["self_protection"] is True
    assert len(lab.journal("late", "package_installed")) == 1
    assert PASSWORD not in done.stdout
    assert with_password(lab) == []


def test_9_and_there_is_nothing_left_to_do(lab: LabFleet) -> None:
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
