# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host is carried through its stages: each is recorded before the next begins, and the first failure stops it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import message
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import STAGES
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SettingsError
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages import HostLost, begin_by_manager, read
from tests.builders import AFFECTED, FIXED, record, result

from .fake import FAILED, LOST, FakePort, carried, outcomes, run_of, work

ALL_DONE = dict.fromkeys(STAGES, "done")
# A call of each stage in which the host can be lost.
CALLS = {
    "linux": {
        "upgrade": "dsa_upgrade install",
        "reboot": "reboot",
        "update": "dsa_security_update look",
        "verify": "dsa_info",
    },
    "windows": {
        "precheck": "dsa_host_info",
        "upgrade": "win_package",
        "reboot": "win_reboot",
        "update": "dsa_security_update look",
        "verify": "dsa_info",
    },
}
EACH = [(platform, stage) for platform, calls in CALLS.items() for stage in calls]
ALWAYS = {"dsa_reboot": "always"}


def before(port: FakePort, stage: str) -> Any:
    """A run in which the stages before this one ended well."""
    done = {each: result(each) for each in STAGES[: STAGES.index(stage)]}
    return run_of(port, settings=ALWAYS, stages=done)


def test_a_posix_host_goes_through_its_stages_in_order() -> None:
    port = FakePort()
    run = carried(port)
    assert port.calls == [
        "= precheck nothing",
        "copy",
        "dsa_upgrade install",
        "dsa_info",
        "dsa_upgrade note",
        "= upgrade done",
        "= reboot nothing",
        "dsa_security_update start",
        "dsa_security_update look",
        "dsa_security_update confirm",
        "= update done",
        "dsa_info",
        "= verify done",
    ]
    assert not run.failure
    assert (run.record or {})["version"] == FIXED
    assert run.phase == "done"
    assert run.note["build"] == FIXED


def test_a_windows_host_goes_through_its_stages_in_order() -> None:
    port = FakePort(record(AFFECTED, "windows"), msi_code=3010)
    run = carried(port, run_of(port, settings={"dsa_reboot": "if_required"}))
    assert port.calls == [
        "dsa_host_info",
        "= precheck done",
        "win_file",
        "win_copy",
        "dsa_package_info",
        "dsa_upgrade begin",
        "win_package",
        "dsa_upgrade end",
        "win_file",
        "dsa_info",
        "dsa_upgrade note",
        "= upgrade done",
        "dsa_info",
        "win_reboot",
        "dsa_info",
        "= reboot done",
        "dsa_security_update start",
        "dsa_security_update look",
        "dsa_security_update confirm",
        "= update done",
        "dsa_info",
        "= verify done",
    ]
    assert outcomes(run) == ALL_DONE
    assert port.rebooted == 1


def test_only_the_stages_that_are_named_are_done_and_in_their_own_order() -> None:
    port = FakePort()
    assert list(outcomes(carried(port, stages=["verify", "upgrade"]))) == ["upgrade", "verify"]


def test_seconds_are_those_of_the_port() -> None:
    port = FakePort()
    assert carried(port).stages["update"].seconds == 15


@pytest.mark.parametrize(("platform", "stage"), EACH)
def test_a_lost_connection_fails_the_stage_and_is_not_waited_for_again(platform: str, stage: str) -> None:
    port = FakePort(record(AFFECTED if stage in STAGES[:2] else FIXED, platform))
    port.answers[CALLS[platform][stage]] = [LOST, LOST]  # a reboot is tried once more
    run = before(port, stage)
    after = carried(port, run, STAGES[STAGES.index(stage) :])
    assert [each.stage for each in port.results] == [stage]
    assert after.failure is not None
    assert after.failure.message.code == "lost"
    assert "no route to host" in after.failure.message.text
    assert port.calls[-2] == CALLS[platform][stage], "nothing more was sent to the host"
    assert after.failure.changed is (stage != "verify")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyError("marks"), "stage_broke"),
        (RuntimeError("the module ansible.windows.win_x was not found"), "stage_broke"),
        (SettingsError("dsa_windows_lists names no file"), "stage_settings"),
    ],
)
@pytest.mark.parametrize(("platform", "stage"), EACH)
def test_a_stage_that_raises_has_failed_and_the_host_is_read_once(
    platform: str, stage: str, error: Exception, code: str
) -> None:
    port = FakePort(record(AFFECTED if stage in STAGES[:2] else FIXED, platform))
    port.answers[CALLS[platform][stage]] = [error]
    after = carried(port, before(port, stage), STAGES[STAGES.index(stage) :])
    assert [each.stage for each in port.results] == [stage]
    assert after.failure is not None
    assert after.failure.message.code == code
    assert str(error.args[0]) in after.failure.message.text
    assert after.failure.record is not None
    assert port.calls[-2:] == ["dsa_info", f"= {stage} failed"]


@pytest.mark.parametrize(("platform", "stage"), [each for each in EACH if each[1] not in ("verify", "reboot")])
def test_a_failure_stops_the_rest_and_the_host_is_read_once(platform: str, stage: str) -> None:
    port = FakePort(record(AFFECTED if stage in STAGES[:2] else FIXED, platform))
    call = "dsa_security_update start" if stage == "update" else CALLS[platform][stage]
    port.answers[call] = [FAILED]
    if stage == "precheck":
        port.facts["free_bytes"] = 0
    after = carried(port, before(port, stage), STAGES[STAGES.index(stage) :])
    assert [each.stage for each in port.results] == [stage]
    assert after.failure is not None
    assert after.failure.record is not None
    assert (after.record or {})["version"] == port.state["version"]
    assert port.calls.count("dsa_info") == 1


def test_why_a_stage_failed_is_kept_when_the_host_is_lost_after_it() -> None:
    port = FakePort()
    port.answers = {"dsa_security_update start": [FAILED], "dsa_info": [LOST]}
    after = carried(port, stages=["update"])
    assert after.failure is not None
    assert after.failure.message.code == "update_not_started"
    assert port.calls.count("dsa_info") == 1


def test_a_host_that_failed_before_is_left_alone() -> None:
    port = FakePort()
    run = run_of(port, stages={"upgrade": "failed"})
    carried(port, run, ["update", "verify"])
    assert port.calls == []


@pytest.mark.parametrize("platform", ["linux", "windows"])
@pytest.mark.parametrize("origin", ["directory", "repository", "task", None])
def test_check_mode_only_reads_and_predicts(platform: str, origin: str | None) -> None:
    port = FakePort(record(AFFECTED, platform), check_mode=True)
    port.needs_reboot()
    run = carried(port, run_of(port, work(origin), {"dsa_reboot": "if_required"}))
    assert port.changing() == []
    assert outcomes(run) == {
        "precheck": "nothing",
        "upgrade": "predicted",
        "reboot": "predicted",
        "update": "predicted",
        "verify": "nothing",
    }
    assert not any(result.changed for result in port.results if result.outcome == "nothing")


@pytest.mark.parametrize("error", [LOST, RuntimeError("x")])
def test_in_check_mode_a_failure_changed_nothing_and_is_not_looked_at(error: Exception) -> None:
    port = FakePort(record(AFFECTED, "windows"), check_mode=True)
    port.answers["dsa_host_info"] = [error]
    after = carried(port)
    assert after.failure is not None
    assert not after.failure.changed
    assert port.calls == ["dsa_host_info", "= precheck failed"]


def test_what_check_mode_cannot_foresee_is_in_the_prediction() -> None:
    port = FakePort(check_mode=True)
    doubt = message("lost", stage="x", why="y").as_dict()
    run = carried(port, run_of(port, {**work(), "doubt": doubt}))
    assert run.stages["upgrade"].details["doubt"] == doubt


# What an earlier run left


def test_an_update_that_is_due_is_done_without_an_upgrade() -> None:
    port = FakePort(record(FIXED, phase="update_pending"))
    run = carried(port, run_of(port, work(None, None)))
    assert outcomes(run) == {
        "precheck": "nothing",
        "upgrade": "nothing",
        "reboot": "nothing",
        "update": "done",
        "verify": "done",
    }
    assert [call.split()[0] for call in port.changing()] == ["dsa_security_update"] * 3


def test_self_protection_that_was_left_off_is_raised_first() -> None:
    port = FakePort(record(FIXED, note={"phase": "update_pending", "self_protection": "off"}))
    run = carried(port, run_of(port, work(None, FIXED, FIXED)))
    assert port.calls[0] == "dsa_upgrade protect"
    assert port.guarded
    assert run.stages["upgrade"].message.code == "guarded"
    assert run.stages["verify"].outcome == "done"


def test_an_agent_that_was_half_installed_is_installed() -> None:
    half = record(None, installed=True, note={"phase": "upgrading", "from": AFFECTED, "to": FIXED})
    port = FakePort({**half, "versions": {"rpm": None}, "service": {"name": "ds_agent", "state": "stopped"}})
    port.answers["dsa_upgrade install"] = [lambda host: host.state.update(record(FIXED, note={"phase": "upgrading"}))]
    port.answers["dsa_upgrade install"].append({})
    run = carried(port, run_of(port, work(installed=None)))
    assert run.stages["upgrade"].outcome == "done"
    sent = port.sent("dsa_upgrade install")[0]
    assert (sent["note"]["from"], sent["note"]["to"]) == (AFFECTED, FIXED)


# Reading


def test_a_host_that_does_not_answer_is_unreachable() -> None:
    port = FakePort(answers={"dsa_info": [LOST]})
    assert read(port).status == "unreachable"


@pytest.mark.parametrize(
    "answer",
    [
        {
            "installed": None,
            "platform": None,
            "problems": [{"source": "reader", "code": "no_answer", "text": "denied"}],
        },
        RuntimeError("denied"),
    ],
)
def test_a_host_whose_reader_fails_is_unread_with_the_reason(answer: Any) -> None:
    found = read(FakePort(answers={"dsa_info": [answer]}))
    assert (found.status, found.record) == ("unread", None)
    assert "denied" in found.why
    json.dumps(found.as_dict())


# What a task of the Manager is about to do


@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_what_the_manager_begins_is_noted_on_the_host(platform: str) -> None:
    port = FakePort(record(AFFECTED, platform))
    assert begin_by_manager(port, run_of(port, work("task"))) is None
    assert port.calls == ["dsa_upgrade note"]
    assert port.state["remediation"]["phase"] == "upgrading"
    assert port.state["remediation"]["to"] == FIXED


@pytest.mark.parametrize(("build", "noted"), [(FIXED, {"phase": "done", "run": "run-2"}), (AFFECTED, None)])
def test_what_another_run_did_meanwhile_is_not_begun_again_by_the_manager(build: str, noted: Any) -> None:
    """Its update is proven, and nothing is due on the host any more; where it did something else an upgrade is."""
    port = FakePort()
    run = run_of(port, work("task"))
    port.note({"phase": "done", "run": "run-2"})
    port.has(build)
    assert begin_by_manager(port, run) is None
    assert (port.state["remediation"] == noted) is (noted is not None)
    assert port.state["remediation"]["run"] == ("run-2" if noted else "run-1")


@pytest.mark.parametrize("answer", [FAILED, HostLost("it does not work")])
def test_what_cannot_be_noted_is_a_failure_so_that_no_task_begins(answer: Any) -> None:
    port = FakePort(answers={"dsa_upgrade note": [answer]})
    failed = begin_by_manager(port, run_of(port, work("task")))
    assert failed is not None
    assert failed.failed
    assert "it does not work" in failed.message.text
