# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks of the Manager upgrade and update a batch: what they leave out, and a run that breaks off. One story."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

from tests import report_schema
from tests.conftest import ansible_environment

from .conftest import FIXED, QUICK, LabFleet, StartFleet, deb

BY_TASK = {"dsa_upgrade_through": "manager", "dsa_security_update_through": "manager"}
# Two groups are more than one task; that of the larger group is made.
LIMITS: dict[str, t.Any] = {
    "dsa_upgrade_max_tasks": 1,
    "dsa_security_update_max_tasks": 1,
    "dsa_upgrade_timeout": 120,
    "dsa_upgrade_interval": 2,
    "dsa_security_update_interval": 3,
    "dsa_security_update_settle": 4,
}
BATCH = {"web1", "web2"}


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """A Manager that can upgrade agents."""
    hosts: dict[str, dict[str, t.Any]] = {
        "relay1": deb(role="relay", vars=BY_TASK, manager={"group": "Relays"}),
        "web1": deb(vars=BY_TASK, manager={"group": "Wave"}),
        "web2": deb(vars=BY_TASK, manager={"group": "Wave"}),
        "left": deb(vars=BY_TASK, manager={"group": "Left"}),
        # It upgrades itself, and the Manager's task for the update has no room for it.
        "own": deb(vars={"dsa_security_update_through": "manager"}, manager={"group": "Own"}),
    }
    for host in hosts.values():
        host["update_seconds"] = 0.3
    return start_fleet({"packages": [FIXED], "manager": {"hosted": True}, "hosts": hosts})


def play(lab: LabFleet, *arguments: str) -> subprocess.CompletedProcess[str]:
    return lab.play("remediate", *lab.with_manager(), *arguments, **LIMITS)


def new_tasks(lab: LabFleet) -> int:
    return int(lab.manager.state()["requests"].get("POST /api/scheduledtasks", 0))


def note(lab: LabFleet, host: str) -> dict[str, t.Any]:
    """The progress note on a host; empty where there is none."""
    file = lab.lab / "roots" / host / "var/opt/deep_security_remediation/progress.json"
    found: dict[str, t.Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


def stages(lab: LabFleet, stage: str) -> dict[str, dict[str, t.Any]]:
    """Host → details of a stage, from the journal of the latest run."""
    latest = max((lab.folder / "dsa-reports").glob("run-*.jsonl"), key=lambda path: path.stat().st_mtime)
    entries = [json.loads(line) for line in latest.read_text(encoding="utf-8").splitlines()]
    return {one["host"]: one["details"] for one in entries if one["kind"] == "stage" and one["stage"] == stage}


def upgrade_by_hand(lab: LabFleet, host: str) -> None:
    """The Manager does what it was to do when the run broke off."""
    about = lab.manager.about
    headers = {"Authorization": f"ApiKey {about['api_key']}", "api-version": "v1"}
    numbers = {one["hostName"]: one["ID"] for one in _computers(lab, headers)}
    parameters = {"computerFilter": {"type": "computer", "computerID": numbers[host]}, "version": FIXED}
    task = {
        "name": "of the operator",
        "type": "scheduled-agent-upgrade",
        "enabled": True,
        "runNow": True,
        "scheduleDetails": {
            "recurrenceType": "none",
            "recurrenceCount": 1,
            "onceOnlyScheduleParameters": {"startTime": 0},
        },
        "scheduledAgentUpgradeTaskParameters": parameters,
    }
    assert lab.manager.raw("POST", "/api/scheduledtasks", json.dumps(task).encode(), headers).status == 200
    lab.manager.wait("the upgrade", lambda: lab.journal(host, "package_installed"))


def _computers(lab: LabFleet, headers: dict[str, str]) -> list[dict[str, t.Any]]:
    found: list[dict[str, t.Any]] = lab.manager.raw("GET", "/api/computers?expand=none", headers=headers).body[
        "computers"
    ]
    return found


def test_a_batch_is_upgraded_and_updated_by_tasks_of_the_manager(lab: LabFleet) -> None:
    _a_prediction_starts_no_task_and_changes_nothing(lab)
    _a_run_that_breaks_off_leaves_a_note_that_an_update_is_due(lab)
    _what_no_task_includes_updates_itself_and_what_none_upgraded_fails(lab)


def _a_prediction_starts_no_task_and_changes_nothing(lab: LabFleet) -> None:
    before = lab.fingerprint()
    done = play(lab, "--check")
    assert done.returncode == 2, done.stdout
    sources = {name: details["source"] for name, details in stages(lab, "upgrade").items()}
    assert {name for name, source in sources.items() if source != "task of the Manager"} == {"own"}
    assert {outcome["done"] for outcome in lab.report().values()} == {"would upgrade and update"}
    assert (lab.fingerprint(), new_tasks(lab)) == (before, 0)


def _a_run_that_breaks_off_leaves_a_note_that_an_update_is_due(lab: LabFleet) -> None:
    lab.manager.arm(updates_never_finish=True)
    arguments = [
        *("-i", str(lab.lab / "inventory.yml"), *lab.with_manager(), "-e", f"@{lab.lab / 'vars.yml'}"),
        *("-e", json.dumps({**QUICK, **LIMITS, "dsa_upgrade_timeout": 300}), "--limit", "relay1"),
    ]
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "deep_security.remediation.remediate", *arguments]
    with (lab.folder / "killed.txt").open("wb") as output:
        run = subprocess.Popen(
            command,
            cwd=lab.folder,
            env=ansible_environment(lab.folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + 120
            # The first is the probe, a task that is switched off.
            while new_tasks(lab) < 2 and run.poll() is None and time.monotonic() < deadline:
                time.sleep(0.2)
        finally:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
    assert new_tasks(lab) == 2, (lab.folder / "killed.txt").read_text(encoding="utf-8")
    assert (note(lab, "relay1")["phase"], note(lab, "relay1")["to"]) == ("upgrading", FIXED)
    report = report_schema.read(lab.folder / "dsa-reports" / "report.json")
    assert (report["finished"], report["passed"]) == (None, False)

    lab.manager.heal()
    upgrade_by_hand(lab, "relay1")
    done = lab.play("gate", "--limit", "relay1")
    assert done.returncode == 2, done.stdout
    reported = lab.report()["relay1"]
    assert (reported["verdict"], reported["passed"]) == ("fixed", False)
    assert "remediation_pending" in {finding["code"] for finding in reported["findings"]}


def _what_no_task_includes_updates_itself_and_what_none_upgraded_fails(lab: LabFleet) -> None:
    done = play(lab)
    assert done.returncode == 2, done.stdout
    reported = lab.report()
    wanted = {"relay1": "updated", **dict.fromkeys(BATCH | {"own"}, "upgraded and updated"), "left": "failed"}
    assert {name: outcome["done"] for name, outcome in reported.items()} == wanted, done.stdout
    assert {name for name, outcome in reported.items() if not outcome["passed"]} == {"left"}
    assert "no task of the Manager upgraded the agent: no task of the Manager includes it" in reported["left"]["reason"]
    lab.assert_relays_came_first()
    assert lab.manager.state()["tasks"] == 0, "tasks were left behind"

    by = {name: details["by"] for name, details in stages(lab, "update").items()}
    assert {name: by[name] for name in BATCH} == dict.fromkeys(BATCH, "manager")
    assert by["own"] == "host", "no task had room for it"
    sources = {name: details["source"] for name, details in stages(lab, "upgrade").items() if name in BATCH | {"own"}}
    assert sources == {**dict.fromkeys(BATCH, "task of the Manager"), "own": sources["own"]}
    assert sources["own"].endswith(".deb")
    for name in ("relay1", *BATCH, "own"):
        assert note(lab, name)["phase"] == "done", name
        assert len(lab.journal(name, "package_installed")) == 1, name
        assert len(lab.journal(name, "security_update_requested")) == 1, name
    assert note(lab, "left")["phase"] == "upgrading", "the Manager may still do it"
