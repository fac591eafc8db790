# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One task for a host: what it reads, what it does, what it records, and when it fails."""

from __future__ import annotations

import json
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.deep_security.remediation.plugins.action import dsa_remediate
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import STAGES
from tests.builders import AFFECTED, FIXED, NOW, record
from tests.unit.controller import Controller
from tests.unit.plugins.plugin_utils._stages.fake import FAILED, LOST, FakePort, iso, work

WORK = work("repository")
BY_MANAGER = work("task")


@pytest.fixture
def planned(controller: Controller) -> Controller:
    """web1 is affected, was read, and is to be upgraded."""
    controller.begin(web1=record(AFFECTED))
    controller.plan("web1", **WORK)
    return controller


# Reading


def test_a_host_is_read_once_unless_it_is_to_be_read_again(controller: Controller) -> None:
    controller.begin()
    assert controller.act(dsa_remediate, stages=["read"])["verdict"] == "affected"
    controller.port("web1").has(FIXED)
    assert controller.act(dsa_remediate, stages=["read"])["msg"] == "already read in this run"
    assert controller.act(dsa_remediate, stages=["read_again"])["verdict"] == "fixed"
    assert [entry["record"]["version"] for entry in controller.entries("web1", "read")] == [AFFECTED, FIXED]


def test_a_reading_does_not_wait_for_a_lost_connection_and_a_stage_does(planned: Controller) -> None:
    planned.inventory({"web1": {"dsa_reconnect_timeout": 77, "dsa_read_timeout": 9}})
    planned.act(dsa_remediate, stages=["read_again"])
    assert (planned.port("web1").__dict__["reconnect"], planned.port("web1").__dict__["read_timeout"]) == (0, 9)
    planned.act(dsa_remediate, stages=["upgrade"])
    assert planned.port("web1").__dict__["reconnect"] == 77


def test_a_host_that_cannot_be_reached_or_read_says_why(controller: Controller) -> None:
    controller.begin()
    controller.port("web1").answers["dsa_info"] = [LOST, RuntimeError("no Python")]
    lost = controller.act(dsa_remediate, stages=["read"])
    assert (lost["unreachable"], lost["msg"]) == (True, "unreachable: no route to host")
    unread = controller.act(dsa_remediate, stages=["read_again"])
    assert (unread["failed"], unread["msg"]) == (True, "cannot be read: RuntimeError: no Python")


def test_settings_of_a_play_are_recorded_for_tasks_on_other_hosts_and_secrets_are_not(controller: Controller) -> None:
    controller.play = {"dsa_reboot": "never", "dsa_self_protection_password": "s3cret", "dsa_verify_timeout": 7}
    controller.act(dsa_remediate, stages=["read"])
    assert controller.entries("web1", "read")[0]["settings"] == {"dsa_reboot": "never", "dsa_verify_timeout": 7}
    controller.play = {}
    assert controller.run().host("web1").settings["dsa_reboot"] == "never"
    assert "s3cret" not in controller.run().journal.path.read_text(encoding="utf-8")


def test_a_delegated_task_is_about_the_host_it_is_delegated_to(controller: Controller) -> None:
    """The settings of the play are those of the host of the task, not of the Relay."""
    controller.inventory(["web1", "relay1"]).play = {"dsa_reboot": "never"}
    controller.act(dsa_remediate, "web1", delegate_to="relay1", stages=["read"])
    (read,) = controller.entries("relay1", "read")
    assert (read["record"]["version"], read.get("settings")) == (AFFECTED, None)
    assert controller.entries("web1", "read") == []


def test_a_play_of_ones_own_has_a_report_from_its_first_task_on(controller: Controller) -> None:
    """Else an older report would pass for this run's while it goes on, and when it is interrupted."""
    controller.inventory(["web1", "web2"])
    controller.act(dsa_remediate, hosts=["web1"], stages=["read"])
    begun = controller.reported()
    assert (begun["passed"], begun["finished"], [host["host"] for host in begun["hosts"]]) == (False, None, ["web1"])
    assert begun["left_out"] == [{"host": "web2", "why": "play"}]


# Stages


def test_a_host_goes_through_its_stages_and_each_is_recorded(planned: Controller) -> None:
    result = planned.act(dsa_remediate)
    stages = {stage["stage"]: stage["outcome"] for stage in result["stages"]}
    assert (result["changed"], result["failed"], stages["upgrade"], stages["verify"]) == (True, False, "done", "done")
    recorded = {entry["stage"]: entry["outcome"] for entry in planned.entries("web1", "stage")}
    assert recorded == stages
    assert planned.run().host("web1").updated_in_this_run


def test_a_stage_that_changes_nothing_is_no_change(planned: Controller) -> None:
    assert planned.act(dsa_remediate, stages=["reboot"])["changed"] is False


def test_a_task_does_the_stages_that_it_is_given_and_no_other(planned: Controller) -> None:
    result = planned.act(dsa_remediate, stages=["upgrade"])
    assert [stage["stage"] for stage in result["stages"]] == ["upgrade"]
    assert planned.port("web1").changing() == ["dsa_upgrade install", "dsa_upgrade note"]


def test_a_stage_that_fails_fails_the_task_with_what_to_do(planned: Controller) -> None:
    planned.port("web1").answers["dsa_upgrade install"] = [FAILED]
    result = planned.act(dsa_remediate)
    assert result["failed"] is True
    assert "it does not work" in result["msg"]
    assert planned.entries("web1", "stage")[-1]["outcome"] == "failed"


def test_check_mode_predicts_and_changes_nothing(planned: Controller) -> None:
    result = planned.act(dsa_remediate, check=True)
    assert {stage["outcome"] for stage in result["stages"]} >= {"predicted"}
    assert planned.port("web1").changing() == []


def test_a_host_that_is_blocked_or_was_not_planned_is_not_touched(controller: Controller) -> None:
    controller.begin(web1=record(AFFECTED))
    assert controller.act(dsa_remediate)["msg"] == "nothing to do"
    controller.plan("web1")
    result = controller.act(dsa_remediate)
    assert (result["changed"], result["stages"]) == (False, [])
    assert "failed" not in result
    assert controller.ports["web1"].calls == []
    assert controller.entries("web1", "stage") == []


# Before a task of the Manager


def by_manager(controller: Controller, **work: object) -> FakePort:
    controller.begin(web1=record(AFFECTED))
    controller.plan("web1", **work)
    return controller.port("web1")


def test_a_host_has_a_note_before_the_manager_upgrades_it(controller: Controller) -> None:
    port = by_manager(controller, **BY_MANAGER)
    assert controller.act(dsa_remediate, stages=["begin_by_manager"])["changed"] is True
    assert port.changing() == ["dsa_upgrade note"]
    assert controller.entries("web1", "stage") == []


def test_a_host_that_upgrades_itself_has_no_note_yet(controller: Controller) -> None:
    port = by_manager(controller, **WORK)
    assert controller.act(dsa_remediate, stages=["begin_by_manager"])["changed"] is False
    assert port.calls == []


def test_check_mode_notes_nothing(controller: Controller) -> None:
    port = by_manager(controller, **BY_MANAGER)
    assert controller.act(dsa_remediate, check=True, stages=["begin_by_manager"])["changed"] is False
    assert port.calls == []


@pytest.mark.parametrize("answer", [FAILED, LOST], ids=["failed", "lost"])
def test_a_host_whose_note_cannot_be_written_is_upgraded_by_no_task(
    controller: Controller, answer: dict[str, object] | Exception
) -> None:
    """Without the note the next run would take its security update for done."""
    port = by_manager(controller, **BY_MANAGER)
    assert controller.query("hosts_by_manager", hosts=["web1"]) == ["web1"]
    port.answers["dsa_upgrade note"] = [answer]
    result = controller.act(dsa_remediate, stages=["begin_by_manager"])
    assert result["failed"] is True
    assert controller.query("hosts_by_manager", hosts=["web1"]) == []
    assert controller.run().host("web1").failure is not None


# Self-protection that an earlier run left off

LEFT_OFF = {"phase": "done", "build": FIXED, "self_protection": "off"}
UNREADABLE: dict[str, t.Any] = {
    "remediation": None,
    "remediation_unreadable": "progress.json cannot be read: it is locked",
}
REMEDIATIONS = ("remediate", "remediate_relays", "remediate_agents")


def left_off(controller: Controller, platform: str, playbook: str = "remediate", **more: t.Any) -> FakePort:
    """A host that waits: the plan has no package for it."""
    controller.inventory({"web1": {"dsa_packages": [], "dsa_self_protection": True}})
    controller.ports["web1"] = FakePort({**record(AFFECTED, platform, note=LEFT_OFF), **more})
    controller.begin(playbook)
    return controller.ports["web1"]


@pytest.mark.parametrize("platform", ["linux", "windows"])
@pytest.mark.parametrize("playbook", REMEDIATIONS)
def test_what_an_earlier_run_left_off_is_raised_when_a_host_is_read_whatever_the_plan_has_for_it(
    controller: Controller, platform: str, playbook: str
) -> None:
    port = left_off(controller, platform, playbook)
    assert controller.act(dsa_remediate, stages=["read"])["changed"] is True
    assert port.calls == ["dsa_info", "dsa_upgrade protect", "dsa_info"]
    assert port.guarded
    (read,) = controller.entries("web1", "read")
    assert "self_protection" not in read["record"]["remediation"]
    controller.query("relays")
    controller.query("agents")
    assert controller.run().host("web1").blocked is not None
    controller.query("report")
    assert "self_protection_off" not in str(controller.reported())


@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_the_gate_and_check_mode_report_it_and_raise_nothing(controller: Controller, platform: str) -> None:
    port = left_off(controller, platform, "gate")
    assert controller.act(dsa_remediate, stages=["read"])["changed"] is False
    controller.query("report")
    assert controller.query("gate") == ["web1"]
    assert "self_protection_off" in str(controller.reported())
    assert (port.calls, port.guarded) == (["dsa_info"], False)


@pytest.mark.parametrize("check", [True, False])
def test_check_mode_and_a_relay_of_others_are_left_alone(controller: Controller, check: bool) -> None:
    port = left_off(controller, "linux")
    controller.act(dsa_remediate, check=check, delegate_to=None if check else "web1", stages=["read"])
    assert port.calls == ["dsa_info"]


@pytest.mark.parametrize("ended", [False, True])
def test_a_second_run_leaves_it_alone_while_the_first_one_is_at_its_msi(controller: Controller, ended: bool) -> None:
    """The gate fails meanwhile. What the first one left off when it was killed is raised when its MSI has ended."""
    since = iso(NOW - timedelta(minutes=5))
    note = {"phase": "upgrading", "run": "run-0", "since": since, "self_protection": "off"}
    port = left_off(controller, "windows", remediation=note)
    port.installer = "stopped" if ended else "started"
    assert controller.act(dsa_remediate, stages=["read"])["changed"] is ended
    assert port.guarded is ended
    controller.query("agents")
    controller.query("report")
    assert controller.query("gate") == ["web1"]
    assert ("self_protection_off" in str(controller.reported())) is not ended


def test_a_host_that_has_nothing_left_off_costs_one_task(controller: Controller) -> None:
    port = left_off(controller, "windows", remediation={"phase": "done", "build": FIXED})
    assert controller.act(dsa_remediate, stages=["read"])["changed"] is False
    assert port.calls == ["dsa_info"]


def test_where_the_note_cannot_be_read_it_is_raised_if_that_is_allowed(controller: Controller) -> None:
    port = left_off(controller, "linux", **UNREADABLE)
    port.answers["dsa_upgrade protect"] = [{**FAILED, "code": "note_unreadable", "self_protection": "on"}]
    controller.act(dsa_remediate, stages=["read"])
    assert port.calls == ["dsa_info", "dsa_upgrade protect", "dsa_info"]


@pytest.mark.parametrize("answer", [FAILED, RuntimeError("no module")], ids=["failed", "broke"])
def test_what_cannot_be_raised_stays_a_finding(controller: Controller, answer: dict[str, object] | Exception) -> None:
    port = left_off(controller, "linux")
    port.answers["dsa_upgrade protect"] = [answer]
    result = controller.act(dsa_remediate, stages=["read"])
    assert (result["changed"], result["verdict"]) == (False, "affected")
    assert any("could not be turned on" in line for line in port.shown)
    controller.query("report")
    assert controller.query("gate") == ["web1"]
    assert "self_protection_off" in str(controller.reported())


def test_a_host_that_is_lost_while_it_is_raised_is_unreachable(controller: Controller) -> None:
    left_off(controller, "linux").answers["dsa_upgrade protect"] = [LOST]
    assert controller.act(dsa_remediate, stages=["read"])["unreachable"] is True
    assert controller.run().host("web1").unreachable


@pytest.mark.parametrize(("stage", "raises"), [("upgrade", True), ("precheck", False), ("verify", False)])
def test_in_a_play_of_ones_own_the_stage_upgrade_raises_it_on_hosts_without_work(
    controller: Controller, stage: str, raises: bool
) -> None:
    """There is no remediation yet when they are read."""
    controller.ports["web1"] = FakePort(record(FIXED, note=LEFT_OFF))
    controller.act(dsa_remediate, stages=["read"])
    controller.plan("web1")
    result = controller.act(dsa_remediate, stages=[stage])
    assert (result["changed"], controller.ports["web1"].guarded) == (raises, raises)
    assert len(controller.entries("web1", "read")) == 1 + raises


# Progress


def states(controller: Controller) -> list[list[str]]:
    """Which host was in which stage, in this order."""
    (path,) = controller.temporary.glob("dsa-progress-*.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_stage_of_a_host_is_noted_and_its_end(planned: Controller) -> None:
    planned.act(dsa_remediate)
    assert states(planned) == [["web1", stage] for stage in (*STAGES, "")]


def test_a_part_of_the_stages_is_not_the_end_of_a_host_unless_it_failed(planned: Controller) -> None:
    planned.act(dsa_remediate, stages=["precheck"])
    assert states(planned) == [["web1", "precheck"]]
    planned.port("web1").answers["dsa_upgrade install"] = [FAILED]
    planned.act(dsa_remediate, stages=["upgrade"])
    assert states(planned)[1:] == [["web1", "upgrade"], ["web1", ""]]


def test_a_host_that_is_blocked_is_done_with(controller: Controller) -> None:
    controller.begin(web1=record(AFFECTED))
    controller.plan("web1")
    controller.act(dsa_remediate)
    assert states(controller) == [["web1", ""]]
