# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An upgrade on a POSIX host: done is what two sources on the host prove, however the installer ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import StageResult
from tests.builders import AFFECTED, FIXED, record

from .fake import FAILED, FILE, FakePort, carried, iso, outcomes, run_of, work

WAITED = {"changed": False, "waited": True}
INSTALLED = {"changed": True, "waited": False, "command": ["yum", "install"], "rc": 0, "output": []}


def upgraded(port: FakePort, wanted: Any = None, settings: Any = None, **more: Any) -> StageResult:
    return carried(port, run_of(port, wanted, settings, **more), ["upgrade"]).stages["upgrade"]


def installs(build: str = FIXED, running: str | None = None, **answer: Any) -> Callable[[FakePort], Any]:
    """An answer: the host has this build now."""

    def install(port: FakePort) -> Any:
        port.note({"phase": "upgrading"})
        port.has(build, running)
        return {**INSTALLED, **answer}

    return install


def test_a_package_is_copied_installed_and_read_back() -> None:
    port = FakePort()
    result = upgraded(port, settings={"dsa_upgrade_command": "rpm -U {file}", "dsa_upgrade_timeout": 90})
    assert (result.outcome, result.changed) == ("done", True)
    assert result.message.text == f"upgraded {AFFECTED} to {FIXED} from {FILE}"
    copied, sent = port.options[0], port.options[1]
    assert copied["src"] == f"/packages/{FILE}"
    assert (copied["mode"], copied["directory_mode"]) == ("0600", "0700")
    assert sent["path"] == copied["dest"] + FILE
    assert (sent["sha256"], sent["verify"], sent["timeout"]) == ("A" * 64, True, 90)
    assert sent["command"]
    assert {"from": AFFECTED, "to": FIXED, "run": "run-1"}.items() <= sent["note"].items()
    assert port.state["remediation"]["phase"] == "update_pending"


def test_the_repository_of_the_host_needs_no_copy() -> None:
    port = FakePort()
    assert upgraded(port, work("repository")).outcome == "done"
    assert "path" not in port.sent("dsa_upgrade install")[0]
    assert port.calls[0] == "dsa_upgrade install"


def test_a_repository_without_the_build_is_named_at_once() -> None:
    port = FakePort(answers={"dsa_upgrade install": [INSTALLED]})
    result = upgraded(port, work("repository"))
    assert (result.outcome, port.seconds) == ("failed", 0)
    assert "repository" in result.message.text
    assert FIXED in result.message.text


def test_a_package_that_another_run_installed_and_removed_is_not_missed() -> None:
    """Both runs bring it to the same place, and the faster one removes it when it is installed."""

    def gone(port: FakePort) -> Any:
        port.has(FIXED)
        port.note({"phase": "update_pending", "run": "run-2"})
        return {"failed": True, "msg": "file is absent, cannot continue"}

    port = FakePort(answers={"copy": [gone]})
    assert upgraded(port).outcome == "done"
    assert "dsa_upgrade install" not in port.calls


def test_an_installation_has_what_the_note_had_when_the_host_was_read() -> None:
    port = FakePort(record(AFFECTED, note={"phase": "upgrading", "run": "run-0"}))

    def other(port: FakePort) -> Any:
        port.note({"phase": "update_pending", "run": "run-2"})

    port.answers["dsa_upgrade install"] = [other]
    assert upgraded(port).outcome == "done"
    sent = [(sent["seen"]["run"], sent["seen"]["phase"]) for sent in port.sent("dsa_upgrade install")]
    assert sent == [("run-0", "upgrading"), ("run-2", "update_pending")]
    assert upgraded(fresh := FakePort()).outcome == "done"
    assert fresh.sent("dsa_upgrade install")[0]["seen"] == {"run": None, "phase": None}


@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_an_update_that_another_run_has_ended_meanwhile_is_not_due_again(platform: str) -> None:
    """The other run installed; when this one read the build back that one had noted nothing more yet."""
    port = FakePort(record(FIXED, platform, note={"phase": "upgrading", "run": "run-2"}))

    def other(port: FakePort) -> Any:
        port.note({"phase": "done", "build": FIXED, "done_at": iso(port.now())})

    port.answers["dsa_upgrade note"] = [other]
    after = carried(port, run_of(port, work(None, FIXED, FIXED)), ["upgrade", "update"])
    assert outcomes(after) == {"upgrade": "done", "update": "done"}
    assert "dsa_security_update start" in port.calls and "dsa_security_update look" not in port.calls
    assert port.state["remediation"]["phase"] == "done" and port.state["remediation"]["run"] == "run-2"


def test_a_package_that_cannot_be_copied_changes_nothing() -> None:
    port = FakePort(answers={"copy": [{"failed": True, "msg": "No space left on device"}]})
    result = upgraded(port)
    assert (result.outcome, result.changed, result.details["after"]) == ("failed", False, AFFECTED)
    assert "No space left" in result.message.text
    assert port.calls[:2] == ["copy", "dsa_info"]


@pytest.mark.parametrize(
    ("answer", "changed"),
    [
        ({**FAILED, "code": "package_refused", "refused": True}, False),
        ({**FAILED, "code": "self_protection_refused"}, False),
        ({**FAILED, "code": "note_unreadable"}, False),
        ({**FAILED, "code": "not_there"}, False),
        ({**FAILED, "code": "installer_failed", "command": ["rpm"], "rc": 1, "output": ["x"]}, True),
        ({**FAILED, "code": "timed_out", "command": ["rpm"], "rc": None}, True),
        ({**FAILED, "code": "lock_timeout", "waited": True}, False),
        # A module that crashed.
        ({"failed": True, "msg": "MODULE FAILURE", "module_stderr": "Traceback"}, False),
    ],
)
def test_a_failed_installation_says_why_and_what_the_host_has(answer: dict[str, Any], changed: bool) -> None:
    port = FakePort(answers={"dsa_upgrade install": [answer]})
    result = upgraded(port)
    assert (result.outcome, result.changed) == ("failed", changed)
    assert result.message.text == f"{answer['msg']}. The host now has: {AFFECTED}"
    assert result.details["after"] == AFFECTED
    assert port.calls.count("dsa_info") <= 2


def test_a_failed_installation_that_changed_the_build_changed_the_host() -> None:
    port = FakePort(answers={"dsa_upgrade install": [installs(failed=True, msg="postinst failed")]})
    result = upgraded(port)
    assert (result.outcome, result.changed, result.details["after"]) == ("failed", True, FIXED)


def test_a_failure_names_that_the_host_has_no_agent_any_more() -> None:
    port = FakePort(answers={"dsa_upgrade install": [lambda host: host.state.update(record(None)) or FAILED]})
    assert upgraded(port).message.text.endswith("The host now has: no agent")


@pytest.mark.parametrize(
    "sources",
    [
        {"rpm": FIXED, "dsa_query": AFFECTED},
        {"rpm": FIXED, "dsa_query": None},
        {"rpm": FIXED, "dsa_query": "20.0.2.1390 HF1"},
        {"rpm": FIXED},
        {"dsa_query": FIXED},
    ],
)
def test_success_of_the_installer_proves_nothing(sources: dict[str, Any]) -> None:
    def install(port: FakePort) -> Any:
        port.state.update(version=FIXED, versions=sources)
        return INSTALLED

    port = FakePort(answers={"dsa_upgrade install": [install]})
    result = upgraded(port, settings={"dsa_service_timeout": 20})
    assert (result.outcome, result.message.code) == ("failed", "build_not_reached")
    assert port.seconds == 20


def test_an_agent_that_answers_late_is_waited_for() -> None:
    late: list[Any] = [installs(running=AFFECTED)]
    port = FakePort(answers={"dsa_upgrade install": late})
    port.answers["dsa_info"] = [FakePort._read, FakePort._read, lambda host: host.runs()]
    assert upgraded(port).outcome == "done"
    assert port.seconds == 4


# Another process at work, and a connection that was lost in between


def test_an_installation_that_another_run_ended_is_not_repeated() -> None:
    def other_run(port: FakePort) -> Any:
        port.has(FIXED)
        return WAITED

    port = FakePort(answers={"dsa_upgrade install": [other_run]})
    assert upgraded(port).outcome == "done"
    assert port.calls.count("dsa_upgrade install") == 1


def test_of_two_runs_at_once_one_installs_and_reboots_and_both_verify() -> None:
    def installs_and_needs_reboot(port: FakePort) -> Any:
        done = port._dsa_upgrade_install(port.options[-1])
        port.needs_reboot()
        return done

    port = FakePort()
    first, second = (run_of(port, settings={"dsa_reboot": "if_required"}) for _number in range(2))
    # The second run comes to the lock when the first one holds it, and waits until that one is all done.
    port.answers["dsa_upgrade install"] = [lambda port: carried(port, first) and WAITED, installs_and_needs_reboot]
    after = carried(port, second)
    assert after.stages["verify"].outcome == "done"
    assert port.calls.count("dsa_upgrade install") == 2, "the first run's, and the one that waited"
    assert port.rebooted == 1
    assert not port.answers["dsa_upgrade install"]


def test_what_is_done_already_is_decided_by_every_source() -> None:
    def other_run(port: FakePort) -> Any:
        port.state.update(version=FIXED, versions={"rpm": FIXED, "dpkg": AFFECTED, "dsa_query": AFFECTED})
        return WAITED

    port = FakePort(answers={"dsa_upgrade install": [other_run]})
    assert upgraded(port).outcome == "done"
    assert port.calls.count("dsa_upgrade install") == 2


def test_an_agent_that_does_not_answer_is_not_proven_by_two_databases() -> None:
    def install(port: FakePort) -> Any:
        port.state.update(version=FIXED, versions={"rpm": FIXED, "dpkg": FIXED})
        return INSTALLED

    port = FakePort(answers={"dsa_upgrade install": [install]})
    assert upgraded(port, settings={"dsa_service_timeout": 10}).message.code == "build_not_reached"


def test_an_installation_that_another_run_failed_is_done() -> None:
    port = FakePort(answers={"dsa_upgrade install": [WAITED]})
    assert upgraded(port).outcome == "done"
    assert port.calls.count("dsa_upgrade install") == 2


def test_a_host_on_which_others_are_at_work_again_and_again_has_failed() -> None:
    port = FakePort(answers={"dsa_upgrade install": [WAITED] * 9})
    result = upgraded(port)
    assert result.outcome == "failed"
    assert "another process" in result.message.text
    assert port.calls.count("dsa_upgrade install") == 3


@pytest.mark.parametrize(("answer", "outcome"), [(None, "done"), (FAILED, "failed")])
def test_what_another_run_left_unguarded_is_guarded(answer: Any, outcome: str) -> None:
    def other_run(port: FakePort) -> Any:
        port.has(FIXED)
        port.lower()
        return WAITED

    port = FakePort(answers={"dsa_upgrade install": [other_run]})
    port.answers["dsa_upgrade protect"] = [answer] if answer else []
    result = upgraded(port)
    assert result.outcome == outcome
    assert port.guarded is (outcome == "done")
    if answer:
        assert "self-protection" in result.message.text


def test_an_installation_whose_answer_was_lost_is_no_failure() -> None:
    # The port ran it again, and its package was removed after the first success.
    gone = installs(failed=True, code="not_there", msg="it is not there any more")
    port = FakePort(answers={"dsa_upgrade install": [gone]})
    result = upgraded(port)
    assert (result.outcome, result.details["after"]) == ("done", FIXED)


def test_a_success_that_cannot_be_noted_is_a_failure() -> None:
    port = FakePort(answers={"dsa_upgrade note": [FAILED]})
    assert upgraded(port).message.code == "note_not_written"


# Without a package


@pytest.mark.parametrize(
    "left",
    [
        {"service": {"name": "ds_agent", "state": "stopped", "raw": "inactive"}},
        {"versions": {"rpm": FIXED, "dsa_query": AFFECTED}},
        {"versions": {"rpm": FIXED, "dsa_query": None}},
    ],
)
def test_an_agent_that_is_installed_and_does_not_run_is_restarted(left: dict[str, Any]) -> None:
    port = FakePort(record(FIXED, **left))
    result = upgraded(port, work(None, FIXED, FIXED))
    assert port.calls[0] == "dsa_upgrade restart"
    assert (result.outcome, result.message.code) == ("done", "restarted")


def test_a_restart_can_raise_self_protection_with_its_password() -> None:
    stopped = {"name": "ds_agent", "state": "stopped", "raw": "inactive"}
    port = FakePort(record(FIXED, service=stopped, note={"phase": "update_pending", "self_protection": "off"}))
    upgraded(port, work(None, FIXED, FIXED), {"dsa_self_protection_password": "x"})
    sent = port.sent("dsa_upgrade restart")[0]
    assert (sent["self_protection_password"], sent["service_timeout"]) == ("x", 120)
    assert "dsa_upgrade protect" not in port.calls


@pytest.mark.parametrize(("call", "code"), [("restart", "restart_failed"), ("protect", "self_protection_not_restored")])
def test_what_cannot_be_restarted_or_guarded_is_a_failure(call: str, code: str) -> None:
    state = "stopped" if call == "restart" else "running"
    note = {"phase": "update_pending", "self_protection": "off"}
    port = FakePort(record(FIXED, service={"name": "ds_agent", "state": state, "raw": state}, note=note))
    port.answers[f"dsa_upgrade {call}"] = [FAILED, FAILED]
    result = upgraded(port, work(None, FIXED, FIXED))
    assert result.outcome == "failed"
    assert code in str(result.message.as_dict())
    assert "the state of self-protection is" in result.message.text or call == "restart"


# By a task of the Manager


@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_what_the_manager_did_not_install_failed_with_its_evidence(platform: str) -> None:
    port = FakePort(record(AFFECTED, platform))
    tasks = {"upgrade": {"outcome": "failed", "evidence": "the task timed out"}}
    result = upgraded(port, work("task"), tasks=tasks)
    assert result.outcome == "failed"
    assert "the task timed out" in result.message.text
    assert port.changing() == []
    assert port.seconds == 0


@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_what_the_manager_installed_counts_by_the_build_on_the_host(platform: str) -> None:
    port = FakePort(record(FIXED, platform))
    result = upgraded(port, work("task"), tasks={"upgrade": {"outcome": "failed", "evidence": "?"}})
    assert result.outcome == "done"
    assert result.details["source"] == "task of the Manager"


def test_what_the_manager_installed_and_does_not_run_is_restarted() -> None:
    port = FakePort(record(FIXED, versions={"rpm": FIXED, "dsa_query": AFFECTED}, note={"phase": "upgrading"}))
    assert upgraded(port, work("task")).outcome == "done"
    assert "dsa_upgrade restart" in port.calls
    assert port.state["remediation"]["phase"] == "update_pending"


@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_what_the_manager_installed_and_runs_is_judged_by_what_the_host_shows_now(platform: str) -> None:
    port = FakePort(record(AFFECTED, platform, phase="upgrading"))
    run = run_of(port, work("task"))
    port.has(FIXED)
    assert carried(port, run, ["upgrade"]).stages["upgrade"].message.code == "upgraded"
    assert "dsa_upgrade restart" not in port.calls


def test_what_a_repository_without_the_build_printed_is_shown() -> None:
    printed = ["No packages marked for upgrade.", "Nothing to do."]
    port = FakePort(answers={"dsa_upgrade install": [{**INSTALLED, "output": printed}]})
    text = upgraded(port, work("repository")).message.text
    assert "installed nothing: No packages marked for upgrade. | Nothing to do. See that the host's own repo" in text
    assert f"has {FIXED}" in text


def test_verification_is_switched_off_by_its_variable_alone() -> None:
    port = FakePort()
    upgraded(port, settings={"dsa_verify_packages": "false"})
    assert port.sent("dsa_upgrade install")[0]["verify"] is False
