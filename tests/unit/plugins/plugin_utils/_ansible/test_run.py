# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a run is found and recorded before a host is touched."""

from __future__ import annotations

import tempfile
import typing as t
from pathlib import Path

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible import planning, report
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import JournalError
from tests.builders import FIXED, manager_computer, record
from tests.unit.controller import Controller

Hosts = dict[str, dict[str, t.Any]]
BY_MANAGER = {"dsa_source": "manager"}
WRONG: dict[str, tuple[Hosts, str]] = {
    "a value": ({"a": {"dsa_batch": "many"}}, "dsa_batch"),
    "values of several hosts": ({"a": {"dsa_reboot": "mayby"}, "b": {"dsa_role": "realy"}}, "dsa_role"),
    "a contradiction": ({"a": {"dsa_batch": 1}, "b": {"dsa_batch": 2}}, "dsa_batches is"),
    "a setting of the run on one host": ({"a": {"dsa_gate": False}, "b": {}}, "dsa_gate is set on a and not on every"),
    "an advisory": ({"a": {"dsa_advisory": "/no/such.yml"}}, "dsa_advisory"),
    "an unknown variable": ({"a": {"dsa_reboott": "always"}}, "dsa_reboott"),
    "a name of the playbooks' own": ({"a": {"__dsa_playbook": "gate"}}, "__dsa_playbook is set"),
    "no data of the Manager": ({"a": BY_MANAGER}, "no host has dsm_computer"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_stops_the_run_before_a_host_is_read(controller: Controller, name: str) -> None:
    hosts, words = WRONG[name]
    run = controller.inventory(hosts).begin()
    assert any(words in error for error in run.errors), run.errors
    assert planning.hosts_to_read(run) == []
    assert planning.tier_of(run, "agents")["order"] == []


def test_everything_that_is_wrong_is_named_at_once(controller: Controller) -> None:
    of_a, of_b = {"dsa_reboot": "mayby", "__dsa_playbook": "x", "dsa_gate": True}, {"dsa_role": "realy", "dsm_x": 1}
    errors = controller.inventory({"a": of_a, "b": of_b}).begin().errors
    for name in ("dsa_reboot", "dsa_role", "__dsa_playbook", "dsa_gate", "dsm_x"):
        assert sum(name in error for error in errors) == 1, (name, errors)


@pytest.mark.parametrize(("playbook", "settings"), [("gate", {}), ("remediate", {"dsa_unknown_variables": "warn"})])
def test_unknown_variables_are_warnings_of_a_gate_and_where_that_is_set(
    controller: Controller, playbook: str, settings: dict[str, str]
) -> None:
    run = controller.inventory({"a": {"dsa_reboott": "always", **settings}}).begin(playbook)
    assert run.errors == []
    assert ["dsa_reboott" in warning for warning in run.texts("warning")] == [True]
    assert any("dsa_reboott" in line for line in controller.shown.lines)


def test_a_run_without_anything_wrong_has_no_error(controller: Controller) -> None:
    hosts: Hosts = {"a": {**BY_MANAGER, "dsm_computer": manager_computer(FIXED)}, "b": {"dsa_batch": 2}}
    assert controller.inventory(hosts).begin().errors == []


def test_a_play_variable_of_the_run_counts_before_those_of_hosts(controller: Controller) -> None:
    controller.inventory({"a": {"dsa_gate": True}}).play = {"dsa_gate": False}
    assert controller.run().settings["dsa_gate"] is False


@pytest.mark.parametrize("playbook", ["remediate", "remediate_agents", "gate"])
@pytest.mark.parametrize("check", [True, False])
def test_only_a_remediation_in_check_mode_has_a_gate_on_readiness(
    controller: Controller, playbook: str, check: bool
) -> None:
    controller.inventory({"a": {"dsa_gate_on": "readiness"}}).command_line(check=check)
    errors = controller.begin(playbook).errors
    assert any("dsa_gate_on is readiness, and only a remediation in check mode" in error for error in errors) == (
        playbook == "gate" or not check
    )


# Where the report goes where nobody set a path


def unwritable(controller: Controller, monkeypatch: pytest.MonkeyPatch, path: str | None) -> Path:
    """A folder that cannot be written, as a project in AWX."""
    project = controller.temporary.parent / "project"
    project.mkdir()
    (project / "dsa-reports").touch()
    monkeypatch.chdir(project)
    monkeypatch.setattr(tempfile, "tempdir", str(controller.temporary.parent))
    controller.hosts["web1"]["dsa_report_path"] = controller.play["dsa_report_path"] = path
    return project


@pytest.mark.parametrize("path", [None, ""])
def test_a_new_folder_takes_the_place_of_one_that_cannot_be_written(
    controller: Controller, monkeypatch: pytest.MonkeyPatch, path: str | None
) -> None:
    unwritable(controller, monkeypatch, path)
    run = controller.begin("gate", web1=record(FIXED, phase="done"))
    ended = report.end(controller.run())
    folder = ended.path.parent
    assert (folder.parent, folder.name.startswith("dsa-reports-")) == (controller.temporary.parent, True)
    assert run.report_path == ended.path == run.journal.path.with_name("report.json"), "the same in every task"
    assert (ended.passed, ended.path.is_file(), folder.stat().st_mode & 0o777) == (True, True, 0o700)
    assert [str(folder) in warning for warning in ended.document["warnings"]] == [True]


def test_a_report_that_is_sent_elsewhere_warns_of_no_folder(
    controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    unwritable(controller, monkeypatch, None)
    sent = [{"directory": "/srv/dsa", "host": "store-1"}]
    controller.hosts["web1"]["dsa_report_to"] = controller.play["dsa_report_to"] = sent
    controller.begin("gate", web1=record(FIXED, phase="done"))
    assert report.end(controller.run()).document["warnings"] == []


def test_a_path_that_somebody_set_has_no_other_in_its_place(
    controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    unwritable(controller, monkeypatch, "dsa-reports/mine.json")
    with pytest.raises(JournalError, match="set dsa_report_path to a file in a folder that can be written"):
        controller.begin("gate")


def test_the_usual_folder_is_used_where_it_can_be(controller: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    project = unwritable(controller, monkeypatch, None)
    (project / "dsa-reports").unlink()
    assert controller.begin("gate").report_path == project / "dsa-reports" / "report.json"
