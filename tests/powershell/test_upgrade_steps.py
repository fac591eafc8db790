# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""win_dsa_upgrade on a host: what it changes, and how the host is left whatever ends a step."""

from __future__ import annotations

import hashlib
import json
import typing as t

import pytest

from lab.windows.engine import Failure

from .test_control import NO_SUCCESS, REFUSED
from .windows import OK, SERVICES, Program, Windows

PASSWORD = "s3cret pass"
NOTE = {"phase": "upgrading", "from": "20.0.0-4416", "to": "20.0.2-1390", "run": "r1"}
OFF, ON = "dsa_control --selfprotect=0", "dsa_control --selfprotect=1"
STEPS = ("begin", "end", "restart", "protect")
# Of what proves nothing; all of it is tried in test_control.py.
UNPROVEN = ("usage", "403", "200, then 403")


def package(host: Windows, content: bytes = b"package") -> dict[str, t.Any]:
    path = host.data / "packages" / "agent.msi"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return {"path": host.windows(path), "sha256": hashlib.sha256(content).hexdigest()}


def begin(host: Windows, **options: t.Any) -> dict[str, t.Any]:
    return host.upgrade("begin", **{**package(host), "note": NOTE, "self_protection": True, **options})


def test_a_log_without_a_folder_is_refused_before_anything_is_done(host: Windows) -> None:
    result = begin(host, log_path="install.log", self_protection_password=PASSWORD)
    assert (result["failed"], result["code"], result["changed"]) == (True, "bad_option", False)
    assert "log_path is install.log" in result["msg"]
    assert host.acts() == []


def given(host: Windows, step: str) -> dict[str, t.Any]:
    """The options of a step that would do something."""
    options = {"begin": {**package(host), "note": NOTE}, "end": {"reboot_required": True}}.get(step, {})
    return {**options, "self_protection": True}


def lowers(answer: Program | None) -> t.Callable[[list[str]], Program | None]:
    """A dsa_control that lowers self-protection and gives an answer to everything else."""
    return lambda arguments: OK if arguments[0] == "--selfprotect=0" else answer


# ---- begin


def test_begin_verifies_notes_and_lowers(host: Windows) -> None:
    (host.data / "install.log").write_text("of an earlier installation")
    result = begin(host, log_path=host.windows(host.data / "install.log"), self_protection_password=PASSWORD)
    assert "failed" not in result and (result["changed"], result["waited"], result["refused"]) == (True, False, False)
    assert result["self_protection"] == "off"
    assert host.read_note() == {**NOTE, "self_protection": "off"}
    assert host.acts() == [f"{OFF} -p {PASSWORD}"]
    assert not (host.data / "install.log").exists()
    assert host.path(package(host)["path"]).exists()
    assert PASSWORD not in json.dumps(result)


def test_the_note_is_written_before_self_protection_is_lowered(host: Windows) -> None:
    seen = []

    def control(arguments: list[str]) -> Program:
        seen.append((arguments, host.read_note()))
        return OK

    host.control_answer = control
    begin(host)
    assert seen == [(["--selfprotect=0"], {**NOTE, "self_protection": "off"})]


@pytest.mark.parametrize("note", [None, {"phase": "done", "build": "20.0.0-5995"}], ids=["gone", "another"])
def test_end_raises_what_begin_lowered_whatever_became_of_the_note(
    host: Windows, note: dict[str, t.Any] | None
) -> None:
    begin(host)
    host.note.unlink()
    if note:
        host.write_note(**note)
    result = host.upgrade("end", self_protection=True)
    assert (result["self_protection"], host.acts()) == ("on", [OFF, ON])


def test_begin_without_a_package_is_the_beginning_of_a_removal(host: Windows) -> None:
    result = host.upgrade("begin", note={"phase": "upgrading"}, self_protection=True)
    assert (result["self_protection"], host.acts()) == ("off", [OFF])
    assert host.read_note() == {"phase": "upgrading", "self_protection": "off"}


def test_a_package_without_a_checksum_was_verified_by_its_signature(host: Windows) -> None:
    """On the controller, which alone decides that."""
    result = begin(host, sha256=None)
    assert "failed" not in result and (result["refused"], result["self_protection"]) == (False, "off")


def test_without_permission_nothing_is_lowered(host: Windows) -> None:
    result = begin(host, self_protection=False)
    assert (result["self_protection"], host.acts()) == ("untouched", [])
    assert host.read_note() == NOTE


@pytest.mark.parametrize("content", [{"phase": "done"}, {"phase": "upgrading", "self_protection": "off"}])
def test_it_is_lowered_whatever_the_note_holds(host: Windows, content: dict[str, str]) -> None:
    """Somebody may have turned it on meanwhile, as the messages advise (P2)."""
    host.write_note(**content)
    assert begin(host)["self_protection"] == "off"
    assert host.acts()[-1] == OFF


@pytest.mark.parametrize("answer", UNPROVEN)
def test_nothing_is_begun_where_self_protection_is_not_proven_to_be_off(host: Windows, answer: str) -> None:
    host.control_answer = NO_SUCCESS[answer]
    result = begin(host)
    assert (result["failed"], result["code"]) == (True, "self_protection_refused")
    certain = answer in REFUSED
    assert result["self_protection"] == ("untouched" if certain else "unknown")
    noted = host.read_note()
    assert noted is not None and noted.get("self_protection") == (None if certain else "off")


def test_what_failed_after_the_lowering_raises_it_again(host: Windows) -> None:
    """The answer to the request to lower is lost, and the agent did it."""
    host.control_answer = lambda arguments: Program("killed\r\n", rc=1) if arguments[0] == "--selfprotect=0" else OK
    result = begin(host)
    assert (result["code"], result["self_protection"]) == ("self_protection_refused", "on")
    assert host.acts() == [OFF, ON]
    assert "self_protection" not in (host.read_note() or {})


@pytest.mark.parametrize(("why", "self_protection"), [("gone", True), ("a folder", False), ("another SHA-256", False)])
def test_what_an_earlier_run_left_off_is_raised_however_early_this_one_ends(
    host: Windows, why: str, self_protection: bool
) -> None:
    host.write_note(phase="upgrading", self_protection="off", run="r0")
    options = package(host)
    file = host.path(options["path"])
    if why == "another SHA-256":
        options["sha256"] = "0" * 64
    else:
        file.unlink()
        if why == "a folder":
            file.mkdir()
    result = host.upgrade("begin", **options, note=NOTE, self_protection=self_protection)
    assert (result["failed"], result["self_protection"]) == (True, "on")
    assert result["code"] == ("package_refused" if why == "another SHA-256" else "not_there")
    assert result["refused"] is (why == "another SHA-256")
    assert file.exists() is (why == "a folder"), "what is not trusted does not stay"
    assert set(host.acts()) == {ON}
    assert host.read_note() == {"phase": "upgrading", "run": "r0"}, "nothing was begun"


@pytest.mark.parametrize("written", [" {}\n"])
def test_a_checksum_counts_whatever_its_case_and_the_blanks_around_it(host: Windows, written: str) -> None:
    options = package(host)
    result = begin(host, sha256=written.format(str(options["sha256"]).upper()))
    assert result["changed"] is True and "failed" not in result


def test_a_refused_package_that_cannot_be_removed_is_refused_all_the_same(host: Windows) -> None:
    """Nobody can remove a file of /proc."""
    (host.data / "proc").symlink_to("/proc")
    result = begin(host, path=host.windows(host.data / "proc" / "version"), sha256="0" * 64)
    assert (result["failed"], result["code"], result["refused"]) == (True, "package_refused", True)


SEEN = {"run": "r0", "phase": "upgrading"}


@pytest.mark.parametrize(
    ("wrote", "waited"),
    [
        ({"run": "r2", "phase": "upgrading"}, True),
        # The same run, which is further by now.
        ({"run": "r0", "phase": "done"}, True),
        (SEEN, False),
        # An attempt of this run whose connection was lost.
        ({"run": "r1", "phase": "update_pending"}, False),
    ],
)
@pytest.mark.parametrize("step", ["begin", "note"])
def test_what_another_run_did_since_this_one_read_the_host_is_not_done_again(
    host: Windows, step: str, wrote: dict[str, str], waited: bool
) -> None:
    host.write_note(**wrote)
    result = begin(host, seen=SEEN) if step == "begin" else host.upgrade("note", note=NOTE, seen=SEEN)
    assert (result["waited"], result["changed"]) == (waited, not waited)
    assert host.acts() == ([OFF] if step == "begin" and not waited else [])
    assert (host.read_note() or {})["run"] == (wrote["run"] if waited else "r1")


# ---- end


def test_end_raises_what_begin_lowered(host: Windows) -> None:
    begin(host)
    result = host.upgrade("end", note={"phase": "update_pending"}, self_protection=True)
    assert (result["self_protection"], result.get("code")) == ("on", None)
    assert host.acts() == [OFF, ON]
    assert host.read_note() == {**NOTE, "phase": "update_pending"}


def test_end_without_permission_raises_what_was_left_off(host: Windows) -> None:
    host.write_note(phase="upgrading", self_protection="off")
    assert host.upgrade("end")["self_protection"] == "on"
    assert host.read_note() == {"phase": "upgrading"}


def test_end_leaves_alone_what_nobody_lowered(host: Windows) -> None:
    host.write_note(phase="upgrading")
    assert (host.upgrade("end")["self_protection"], host.acts()) == ("untouched", [])


@pytest.mark.parametrize("answer", [*UNPROVEN, "no answer"])
def test_self_protection_that_is_not_proven_to_be_on_stays_noted_as_off(host: Windows, answer: str) -> None:
    """A1: an exit status of 0 proves nothing."""
    host.write_note(phase="upgrading", self_protection="off")
    host.control_answer = NO_SUCCESS[answer]
    result = host.upgrade("end", note={"phase": "update_pending"})
    assert (result["failed"], result["code"]) == (True, "self_protection_off")
    assert result["self_protection"] == ("off" if answer in REFUSED else "unknown")
    assert host.read_note() == {"phase": "update_pending", "self_protection": "off"}
    assert "turn it on in the Manager" in result["msg"]


def test_a_reboot_is_noted_even_where_the_agent_is_silent_until_it(host: Windows) -> None:
    """A10: it was noted last, never where the agent was silent, and no run ever rebooted the host."""
    host.write_note(phase="upgrading", self_protection="off")
    host.control_answer = Program(err="cannot connect\r\n", rc=1)
    host.failing["boot_time"] = Failure("no")
    result = host.upgrade("end", reboot_required=True, note={"phase": "update_pending"})
    assert (result["failed"], result["code"]) == (True, "self_protection_off")
    noted = host.read_note() or {}
    assert noted["phase"] == "update_pending"
    assert host.about_now(noted["reboot_due_since"])


def test_no_reboot_is_noted_where_none_is_required(host: Windows) -> None:
    host.write_note(phase="upgrading")
    host.upgrade("end", note={"phase": "update_pending"})
    assert host.read_note() == {"phase": "update_pending"}


LOG = ["=== Verbose logging started ===", "MSI (s) (A4:5C): MainEngineThread is returning 1603", "エラー 1722。"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_the_log_of_the_installer_is_decoded_by_its_mark(host: Windows, encoding: str) -> None:
    log = host.data / "install.log"
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    log.write_bytes((mark + "\r\n".join(LOG)).encode(encoding))
    found = host.upgrade("end", log_path=host.windows(log))["log"]
    assert found["text"] == "\n".join(LOG)
    assert (found["path"], found["cut"], found["error"]) == (host.windows(log), False, None)


@pytest.mark.parametrize(("encoding", "size"), [("utf-16", 30_000_000), ("utf-8", 100_000)])
def test_of_a_large_log_the_end_comes_back(host: Windows, encoding: str, size: int) -> None:
    """A log of 64 MB lost its mark: UTF-16 was read as something else. In UTF-8 the part begins within a character."""
    log = host.data / "install.log"
    mark = b"\xef\xbb\xbf" if encoding == "utf-8" else b""
    log.write_bytes(mark + ("エ" * size + "\r\nthe last\r\n").encode(encoding))
    found = host.upgrade("end", log_path=host.windows(log))["log"]
    text = found["text"]
    assert found["cut"] is True and len(text) <= 64 * 1024
    assert text.endswith("エ\nthe last\n") and set(text) <= set(" エ\nthe last")


@pytest.mark.parametrize("why", ["missing", "a folder"])
def test_a_log_that_cannot_be_read_does_not_hold_the_end_up(host: Windows, why: str) -> None:
    host.write_note(phase="upgrading", self_protection="off")
    log = host.data / "install.log"
    if why == "a folder":
        log.mkdir()
    result = host.upgrade("end", log_path=host.windows(log))
    assert (result["self_protection"], bool(result["log"]["text"])) == ("on", False)
    assert result["log"]["error"]


# ---- restart


def test_a_restart_lowers_stops_starts_and_raises(host: Windows) -> None:
    result = host.upgrade("restart", self_protection=True)
    assert (result["changed"], result["self_protection"]) == (True, "on")
    assert host.acts() == [OFF, "stop ds_agent", "start ds_agent", ON]
    # A note with a lowered self-protection needs a phase; an update that is due is the safe one.
    assert (host.read_note() or {})["phase"] == "update_pending"


def test_a_restart_lowers_again_what_the_note_calls_off(host: Windows) -> None:
    """P2: somebody turned it on meanwhile, and the agent refused to stop, run after run."""
    host.write_note(phase="upgrading", self_protection="off")
    result = host.upgrade("restart", self_protection=True)
    assert ("failed" in result, result["self_protection"]) == (False, "on")
    assert host.acts()[-4:] == [OFF, "stop ds_agent", "start ds_agent", ON]
    assert host.read_note() == {"phase": "upgrading"}


def test_a_service_that_does_not_run_is_started_and_not_lowered(host: Windows) -> None:
    host.set_service("ds_agent", state="Stopped")
    host.upgrade("restart", self_protection=True)
    assert [call for call in host.acts() if "stop" in call] == []
    assert "start ds_agent" in host.acts()


@pytest.mark.parametrize(
    ("fault", "noted"),
    [
        ("stop refused", None),
        ("stop hangs", None),
        ("start fails", "off"),
        ("start hangs", None),
        ("dependent fails", None),
    ],
)
def test_whatever_stops_a_restart_self_protection_is_raised(host: Windows, fault: str, noted: str | None) -> None:
    """A8: it stayed off, and the message did not name it."""
    host.write_note(phase="upgrading", **({"self_protection": noted} if noted else {}))
    host.fault(fault)
    result = host.upgrade("restart", self_protection=True)
    assert result["failed"] is True and result["code"]
    assert result["self_protection"] == "on"
    assert host.acts()[-1] == ON
    assert host.read_note() == {"phase": "upgrading"}


@pytest.mark.parametrize("fault", ["stop refused", "start fails"])
def test_a_restart_that_cannot_raise_it_states_so(host: Windows, fault: str) -> None:
    host.fault(fault)
    host.control_answer = lowers(Program("HTTP Status: 403 - Forbidden\r\n"))
    result = host.upgrade("restart", self_protection=True)
    assert (result["code"], result["self_protection"]) == ("restart_failed", "off")
    assert "Self-protection is off" in result["msg"]
    assert (host.read_note() or {})["self_protection"] == "off"


def test_the_cause_of_a_failure_is_named_without_a_wrapper(host: Windows) -> None:
    """P5: it was 'Exception calling "Stop" with "0" argument(s): ...'."""
    host.fault("stop refused")
    message = host.upgrade("restart")["msg"]
    assert "Cannot stop ds_agent service" in message and "Exception calling" not in message


@pytest.mark.parametrize("step", ["end", "restart"])
def test_the_first_act_of_a_step_raises_what_was_left_off(host: Windows, step: str) -> None:
    host.write_note(phase="upgrading", self_protection="off")
    seen = []

    def control(arguments: list[str]) -> Program:
        seen.append(host.read_note())
        return OK

    host.control_answer = control
    assert host.upgrade(step, reboot_required=True)["self_protection"] == "on"
    assert host.acts()[0] == ON
    assert seen == [{"phase": "upgrading", "self_protection": "off"}], "before the step has changed anything"


def test_a_disabled_service_is_left_alone(host: Windows) -> None:
    host.set_service("ds_agent", start_mode="Disabled")
    host.set(rf"{SERVICES}\ds_agent", "Start", 4, "DWord")
    result = host.upgrade("restart", self_protection=True)
    assert (result["failed"], result["code"], result["self_protection"]) == (True, "restart_failed", "on")
    assert "disabled" in result["msg"]
    assert not any(call.startswith("st") for call in host.acts())


@pytest.mark.parametrize("state", ["Paused", "Stop Pending"])
def test_a_service_on_its_way_is_left_alone_and_its_state_is_named(host: Windows, state: str) -> None:
    host.set_service("ds_agent", state=state)
    result = host.upgrade("restart", self_protection=True)
    assert (result["failed"], result["code"]) == (True, "restart_failed")
    assert state.lower() in result["msg"].lower().replace("stoppending", "stop pending")
    assert not any("stop ds" in call or "start ds" in call for call in host.acts())
    assert result["self_protection"] in ("untouched", "on")


def test_a_service_that_is_missing_is_an_error(host: Windows) -> None:
    host.remove_service("ds_agent")
    result = host.upgrade("restart")
    assert (result["failed"], result["code"], result["self_protection"]) == (True, "restart_failed", "untouched")
    assert "ds_agent" in result["msg"]


def test_depending_services_that_ran_are_started_again(host: Windows) -> None:
    host.set_service("ds_notifier")
    host.set_service("ds_monitor", state="Stopped")
    host.set_service("ds_agent", dependents=("ds_notifier", "ds_monitor"))
    host.upgrade("restart")
    assert [call for call in host.acts() if call.startswith("start")] == ["start ds_agent", "start ds_notifier"]


# ---- protect, note


def test_protecting_a_host_without_a_note_leaves_it_without_one(host: Windows) -> None:
    assert host.upgrade("protect")["self_protection"] == "on"
    assert host.read_note() in (None, {})
    host.write_note(phase="done", self_protection="off")
    assert host.upgrade("protect")["self_protection"] == "on"
    assert host.read_note() == {"phase": "done"}


@pytest.mark.parametrize("answer", ["usage", "403"])
def test_protecting_without_success_is_an_error(host: Windows, answer: str) -> None:
    host.control_answer = NO_SUCCESS[answer]
    result = host.upgrade("protect", self_protection=True)
    assert (result["failed"], result["code"]) == (True, "self_protection_off")
    assert result["self_protection"] in ("off", "unknown", "untouched")
    assert result["self_protection"] != "on"


def test_protection_is_retried_until_the_agent_answers(host: Windows) -> None:
    answers = iter([Program(rc=1), Program(err="cannot connect\r\n")])
    host.control_answer = lambda arguments: next(answers, OK)
    assert host.upgrade("protect", self_protection=True, service_timeout=60)["self_protection"] == "on"
    assert len(host.acts()) == 3


def test_the_password_is_given_and_masked(host: Windows) -> None:
    host.control_answer = Program(f"HTTP Status: 500 - wrong: {PASSWORD}\r\n")
    for step in ("begin", "protect"):
        result = host.upgrade(step, **given(host, step), self_protection_password=PASSWORD)
        assert PASSWORD not in json.dumps(result)
        assert all(call.endswith(f"-p {PASSWORD}") for call in host.acts() if "selfprotect" in call)


@pytest.mark.parametrize("step", ["begin", "end", "restart"])
def test_self_protection_that_a_lost_note_may_have_left_off_is_raised(host: Windows, step: str) -> None:
    """A7, and the next run's first act."""
    host.note.write_text('{"phase": "upgrad')
    result = host.upgrade(step, **given(host, step))
    assert (result["code"], result["self_protection"], host.acts()) == ("note_unreadable", "on", [ON])
    assert "turned on" in result["msg"]
    host.control_answer = NO_SUCCESS["usage"]
    result = host.upgrade(step, **given(host, step))
    assert (result["code"], result["self_protection"]) == ("note_unreadable", "unknown")
    assert host.note.read_text() == '{"phase": "upgrad'


@pytest.mark.parametrize("step", STEPS)
def test_check_mode_changes_nothing(host: Windows, step: str) -> None:
    host.write_note(phase="upgrading", self_protection="off")
    options = given(host, step)
    before = host.tree()
    result = host.upgrade(step, check_mode=True, **options)
    assert host.acts() == [] and host.tree() == before
    assert "failed" not in result


@pytest.mark.parametrize("step", ["begin", "end"])
def test_an_unexpected_exception_keeps_what_is_known(host: Windows, step: str) -> None:
    """It lost the whole result: self_protection off, and an "Access is denied" without more."""
    host.write_note(phase="upgrading", self_protection="off")
    host.break_command("Start-Sleep")
    host.control_answer = NO_SUCCESS["usage"]
    result = host.upgrade(step, **given(host, step))
    assert (result["failed"], result["code"]) == (True, "unexpected")
    assert result["msg"].startswith(f"step {step}: ") and "Exception calling" not in result["msg"]
    assert result["self_protection"] in ("off", "on", "unknown")
