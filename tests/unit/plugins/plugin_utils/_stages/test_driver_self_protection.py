# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Self-protection that is lowered: whatever ends a stage it is raised again, or its state is in the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import findings_of
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import STAGES, StageResult
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages import HostLost
from tests.builders import AFFECTED, FIXED, record

from .fake import FAILED, FakePort, carried, iso, outcomes, run_of, work

PLATFORMS = ["linux", "windows"]
ALLOWED = {"dsa_self_protection": True, "dsa_reboot": "if_required", "dsa_service_timeout": 10}
NEVER = {**ALLOWED, "dsa_reboot": "never"}
OFF = {"failed": True, "code": "self_protection_off", "self_protection": "off", "msg": "Self-protection is off: x"}
LEFT_OFF = {"phase": "update_pending", "to": FIXED, "self_protection": "off"}
SILENT = [{"source": "dsa_query", "code": "no_answer", "text": "no answer within 15 s"}]


def silent_until_its_reboot(platform: str) -> FakePort:
    """A host whose agent is silent, and not guarded, from the installation to the reboot that it requires."""
    port = FakePort(record(AFFECTED, platform))

    def install(port: FakePort) -> Any:
        port.lower()
        port.has(FIXED, AFFECTED)
        port.state["problems"] = SILENT
        port.state["versions"].pop("dsa_query")
        port.note({"phase": "upgrading", "to": FIXED, "reboot_due_since": iso(port.now())})
        port.needs_reboot()
        return dict(OFF)

    def boot(port: FakePort) -> Any:
        port.state.update(problems=[])
        port.boot()
        return {"rebooted": True}

    if platform == "windows":
        port.answers = {"win_package": [lambda port: install(port) and {"changed": True, "rc": 3010}]}
        port.answers["dsa_upgrade end"] = [OFF]
    else:
        # Two databases give the build that is installed, as registry and file do on Windows.
        port.state["versions"]["dpkg"] = AFFECTED
        port.answers = {"dsa_upgrade install": [install]}
    port.answers["reboot"] = port.answers["win_reboot"] = [boot]
    return port


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_agent_that_is_silent_until_its_reboot_is_rebooted_and_guarded_right_after(platform: str) -> None:
    port = silent_until_its_reboot(platform)
    run = carried(port, run_of(port, settings=ALLOWED))
    assert outcomes(run) | {"precheck": "done"} == dict.fromkeys(STAGES, "done")
    assert port.guarded
    assert port.rebooted == 1
    calls = [call for call in port.calls if call != "dsa_info"]
    assert calls[calls.index("= upgrade done") + 1 : calls.index("= reboot done")] == [
        "win_reboot" if platform == "windows" else "reboot",
        "dsa_upgrade protect",
    ]
    upgrade = run.stages["upgrade"]
    assert upgrade.details["self_protection"] == "off"
    assert "the state of self-protection is off" in upgrade.message.text


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("answer", [OFF, FAILED, {}, {"self_protection": "unknown"}])
def test_a_reboot_after_which_it_is_not_proven_to_be_on_has_failed(platform: str, answer: Any) -> None:
    port = silent_until_its_reboot(platform)
    port.answers["dsa_upgrade protect"] = [answer] * 9
    reboot = carried(port, run_of(port, settings=ALLOWED)).stages["reboot"]
    state = "off" if answer is OFF else "unknown"
    assert (reboot.outcome, reboot.details["self_protection"]) == ("failed", state)
    assert f"the state of self-protection is {state}" in reboot.message.text


@pytest.mark.parametrize("platform", PLATFORMS)
def test_where_the_reboot_is_deferred_the_result_names_its_state_and_the_next_run_reboots(platform: str) -> None:
    port = silent_until_its_reboot(platform)
    run = carried(port, run_of(port, settings=NEVER))
    expected = {"upgrade": "done", "reboot": "deferred", "update": "deferred", "verify": "deferred"}
    assert expected.items() <= outcomes(run).items()
    assert "the state of self-protection is off" in run.stages["reboot"].message.text
    gate = [finding.code for finding in findings_of(run.record or {}) if finding.fails_gate]
    assert {"self_protection_off", "agent_silent"} <= set(gate)

    def refused(port: FakePort) -> Any:
        return port._dsa_upgrade_protect({}) if port.rebooted else dict(OFF)

    port.answers["dsa_upgrade protect"] = [refused] * 9
    again = carried(port, run_of(port, work(None, FIXED, FIXED), ALLOWED))
    assert (again.stages["reboot"].outcome, again.stages["verify"].outcome) == ("done", "done")
    assert port.guarded
    assert port.rebooted == 1
    assert "dsa_upgrade restart" not in port.calls, "it would fail before the reboot, and would not help"


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("stage", ["precheck", "upgrade", "reboot", "update", "verify"])
def test_what_an_earlier_run_left_off_is_raised_before_anything_else(platform: str, stage: str) -> None:
    """Whatever stops this run then: a package that is refused or gone, a pre-check, an update that fails."""
    port = FakePort(record(AFFECTED, platform, note=LEFT_OFF))
    result = carried(port, run_of(port, settings=ALLOWED), [stage]).stages[stage]
    assert port.calls[:2] == ["dsa_upgrade protect", "dsa_info"]
    assert port.guarded
    assert result.changed


@pytest.mark.parametrize("state", [{"installed": False}, {"service": {"name": "ds_agent", "state": "stopped"}}])
def test_what_does_not_run_cannot_be_guarded_yet(state: Any) -> None:
    port = FakePort({**record(FIXED, note=LEFT_OFF), **state})
    carried(port, run_of(port, work(None, None)), ["reboot"])
    assert "dsa_upgrade protect" not in port.calls


def test_check_mode_raises_nothing() -> None:
    port = FakePort(record(FIXED, note=LEFT_OFF), check_mode=True)
    carried(port, run_of(port, work(None, None)))
    assert port.changing() == []


def breaks_off(answer: Any) -> Callable[[FakePort], Any]:
    """A step that ends before it raised again what it lowered."""

    def step(port: FakePort) -> Any:
        port.lower()
        return answer

    return step


def upgraded(port: FakePort, wanted: Any = None) -> StageResult:
    return carried(port, run_of(port, wanted, ALLOWED), ["upgrade"]).stages["upgrade"]


CRASHED = {"failed": True, "msg": "MODULE FAILURE", "module_stderr": "Killed"}
STEPS = [("linux", "dsa_upgrade install"), ("windows", "dsa_upgrade begin"), ("windows", "win_package")]


@pytest.mark.parametrize(("platform", "call"), STEPS)
@pytest.mark.parametrize("answer", [CRASHED, RuntimeError("the module was not found")])
def test_an_installation_that_breaks_off_is_guarded_again(platform: str, call: str, answer: Any) -> None:
    port = FakePort(record(AFFECTED, platform), answers={call: [breaks_off(answer)]})
    result = upgraded(port)
    assert result.outcome == "failed"
    assert port.guarded
    assert "self_protection" not in result.details


@pytest.mark.parametrize(("platform", "call"), STEPS)
@pytest.mark.parametrize("answer", [CRASHED, RuntimeError("the module was not found")])
def test_where_that_fails_the_result_has_its_state(platform: str, call: str, answer: Any) -> None:
    port = FakePort(record(AFFECTED, platform), answers={call: [breaks_off(answer)]})
    port.answers.update({"dsa_upgrade protect": [OFF, OFF], "dsa_upgrade end": [dict(OFF)]})
    result = upgraded(port)
    assert (result.outcome, result.details["self_protection"]) == ("failed", "off")
    assert "the state of self-protection is off" in result.message.text


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("state", ["off", "unknown", "on", "untouched"])
def test_a_restart_that_fails_has_the_state_in_its_result(platform: str, state: str) -> None:
    stopped = {"name": "ds_agent", "state": "stopped"}
    port = FakePort(record(FIXED, platform, service=stopped))
    failed = {"failed": True, "code": "restart_failed", "msg": "it does not stop", "self_protection": state}
    port.answers["dsa_upgrade restart"] = [failed]
    result = upgraded(port, work(None, FIXED, FIXED))
    assert result.outcome == "failed"
    open_ = state in ("off", "unknown")
    assert result.details.get("self_protection") == (state if open_ else None)
    assert (f"the state of self-protection is {state}" in result.message.text) is open_
    assert "dsa_upgrade protect" not in port.calls, "the step itself tried for long enough"


@pytest.mark.parametrize(("platform", "call"), [STEPS[0], ("windows", "dsa_upgrade end")])
def test_an_installation_that_cannot_be_guarded_again_has_failed_where_no_reboot_is_due(
    platform: str, call: str
) -> None:
    def done(port: FakePort) -> Any:
        port.has(FIXED)
        port.note({"self_protection": "off"})
        return dict(OFF)

    port = FakePort(record(AFFECTED, platform), answers={call: [done]})
    result = upgraded(port)
    assert (result.outcome, result.details["self_protection"]) == ("failed", "off")
    assert result.details["after"] == FIXED


@pytest.mark.parametrize("call", ["dsa_upgrade end", "slurp"])
def test_a_host_that_is_lost_after_the_installer_failed_keeps_the_reason(call: str) -> None:
    port = FakePort(record(AFFECTED, "windows"), msi_code=1603, answers={call: [HostLost("gone")]})
    result = upgraded(port)
    assert "the host was lost in stage upgrade: msiexec ended with 1603" in result.message.text
    assert result.details["self_protection"] == "unknown"


@pytest.mark.parametrize(("platform", "call"), STEPS[:2])
def test_a_note_that_cannot_be_read_stops_the_installation(platform: str, call: str) -> None:
    unreadable = {"failed": True, "code": "note_unreadable", "msg": "progress.json cannot be read: it is locked"}
    port = FakePort(record(AFFECTED, platform), answers={call: [unreadable]})
    result = upgraded(port)
    assert (result.outcome, result.changed) == ("failed", False)
    assert "it is locked" in result.message.text
    assert "win_package" not in port.calls
