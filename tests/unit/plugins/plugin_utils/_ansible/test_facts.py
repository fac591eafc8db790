# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the report has of the run: who started it, with what, and which change it belongs to."""

from __future__ import annotations

import getpass
import json
import os
from pathlib import Path

import pytest
import yaml
from ansible.release import __version__ as core_version

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible import facts, report
from tests.builders import FIXED, record
from tests.run.common import ROOT
from tests.unit.controller import Controller

AWX = {"awx_job_id": 4711, "awx_job_template_name": "Gate", "awx_user_name": "keiri"}


def test_a_report_says_which_run_it_is_of(controller: Controller) -> None:
    controller.command_line(check=True, subset="web1")
    controller.play = {"dsa_change_id": "CHG0031415", "dsa_gate_on": "readiness", **AWX}
    report.end(controller.begin(web1=record(FIXED, phase="done")))
    found = controller.reported()
    assert found["collection_version"] == yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["version"]
    assert (found["core_version"], found["run_id"]) == (core_version, controller.run().journal.run_id)
    assert (found["playbook"], found["check_mode"], found["limit"], found["dsa_hosts"]) == (
        "remediate",
        True,
        "web1",
        None,
    )
    assert (found["change_id"], found["gate_on"], found["passed"]) == ("CHG0031415", "readiness", True)
    assert found["started_by"] == {
        "user": getpass.getuser(),
        "awx_job": "4711",
        "awx_job_name": "Gate",
        "awx_user": "keiri",
    }


@pytest.mark.parametrize("name", ["awx_job_id", "tower_job_id"])
def test_tower_has_names_of_its_own(name: str) -> None:
    assert facts.started_by({name: 7, "awx_user_name": ""}) == {
        "user": getpass.getuser(),
        "awx_job": "7",
        "awx_job_name": None,
        "awx_user": None,
    }


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert facts.started_by({})["user"] == str(os.getuid())


@pytest.mark.parametrize(
    ("files", "version"),
    [
        (
            {"MANIFEST.json": json.dumps({"collection_info": {"version": "1.2.3"}}), "galaxy.yml": "version: 0.0.1"},
            "1.2.3",
        ),
        ({"galaxy.yml": "version: 1.2.4"}, "1.2.4"),
        ({"MANIFEST.json": "{", "galaxy.yml": "- no mapping"}, "unknown"),
        ({}, "unknown"),
    ],
    ids=["installed", "checkout", "broken", "nothing"],
)
def test_the_version_of_the_collection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], version: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.setattr(facts, "_ROOT", tmp_path)
    assert facts.collection_version.__wrapped__() == version
