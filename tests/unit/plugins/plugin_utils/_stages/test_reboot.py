# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reboot: whether it is allowed, that it is done once, and when a host is back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import HostRun, Reading, StageResult
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages.reboot import booted_since
from tests.builders import AFFECTED, FIXED, NOW, record, result

from .fake import FAILED, LOST, FakePort, carried, iso, outcomes, run_of

IF_REQUIRED = {"dsa_reboot": "if_required"}
ALWAYS = {"dsa_reboot": "always"}
OPEN, CLOSED = ["01:00-03:00"], ["22:00-23:00"]
STOPPED = {"name": "ds_agent", "state": "stopped", "raw": "inactive"}


def host(required: bool | None = True, platform: str = "linux", running: str | None = None, **more: Any) -> FakePort:
    """An upgraded host that requires a reboot. running: the build that runs until then."""
    port = FakePort(record(FIXED, platform, phase="update_pending"), **more)
    if required:
        port.needs_reboot(running)
    else:
        port.state["reboot"] = {"required": required, "reasons": []}
    return port


def run(port: FakePort, settings: Any, **more: Any) -> HostRun:
    return run_of(port, settings=settings, **more)


def rebooted(port: FakePort, settings: Any, **more: Any) -> StageResult:
    return carried(port, run(port, settings, **more), ["reboot"]).stages["reboot"]


@pytest.mark.parametrize(
    ("settings", "required", "offset", "outcome"),
    [
        ({"dsa_reboot": "never"}, True, 0, "deferred"),
        ({"dsa_reboot": "never"}, False, 0, "nothing"),
        (IF_REQUIRED, True, 0, "done"),
        (IF_REQUIRED, False, 0, "nothing"),
        (IF_REQUIRED, None, 0, "nothing"),
        (ALWAYS, True, 0, "done"),
        (ALWAYS, False, 0, "done"),
        (ALWAYS, None, 0, "done"),
        # It is two o'clock in UTC.
        ({**IF_REQUIRED, "dsa_reboot_window": OPEN}, True, 0, "done"),
        ({**IF_REQUIRED, "dsa_reboot_window": OPEN}, True, 540, "deferred"),
        ({**IF_REQUIRED, "dsa_reboot_window": CLOSED}, True, 0, "deferred"),
        ({**IF_REQUIRED, "dsa_reboot_window": CLOSED}, False, 0, "nothing"),
        ({**ALWAYS, "dsa_reboot_window": CLOSED}, False, 0, "deferred"),
        # The host's own time is not known.
        ({**IF_REQUIRED, "dsa_reboot_window": OPEN}, True, None, "deferred"),
        ({**IF_REQUIRED, "dsa_reboot_window": OPEN, "dsa_reboot_timezone": "UTC"}, True, None, "done"),
    ],
)
def test_policy_window_and_need_decide(
    settings: dict[str, Any], required: bool | None, offset: int | None, outcome: str
) -> None:
    port = host(required)
    port.state["clock"]["utc_offset"] = offset
    found = rebooted(port, settings)
    assert found.outcome == outcome
    assert port.rebooted == (outcome == "done")
    assert found.changed is (outcome == "done")


@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_each_platform_has_its_own_action(platform: str) -> None:
    port = host(platform=platform)
    found = rebooted(port, {**IF_REQUIRED, "dsa_reboot_timeout": 77})
    action = "win_reboot" if platform == "windows" else "reboot"
    assert port.sent(action) == [{"reboot_timeout": 77}]
    assert found.details == {"rebooted": True, "waiting": False}
    assert any("rebooting" in line for line in port.shown)


def test_what_the_installer_requires_counts_where_windows_shows_no_trace_of_it() -> None:
    upgrade = result("upgrade", details={"reboot_required": True})
    port = host(False, "windows")
    assert rebooted(port, IF_REQUIRED, stages={"upgrade": upgrade}).outcome == "done"


def test_what_the_installer_required_is_done_once() -> None:
    upgrade = result("upgrade", details={"reboot_required": True})
    port = host(False, "windows")
    first = carried(port, run(port, IF_REQUIRED, stages={"upgrade": upgrade}), ["reboot"])
    carried(port, first, ["reboot"])
    assert port.rebooted == 1


# Two runs at once


def test_a_reboot_that_somebody_else_did_meanwhile_is_not_repeated() -> None:
    port = host(running=AFFECTED)
    planned = run(port, IF_REQUIRED)
    port.sleep(120)
    port.boot()
    after = carried(port, planned, ["reboot"])
    assert port.rebooted == 1
    assert (after.stages["reboot"].outcome, after.stages["reboot"].changed) == ("done", False)
    assert after.stages["reboot"].message.code == "rebooted_meanwhile"


def test_of_two_runs_one_reboots() -> None:
    port = host()
    first, second = run(port, IF_REQUIRED), run(port, IF_REQUIRED)
    port.sleep(60)
    carried(port, first, ["reboot"])
    carried(port, second, ["reboot"])
    carried(port, run(port, IF_REQUIRED), ["reboot"])
    assert port.rebooted == 1


def test_a_host_that_was_rebooted_meanwhile_is_waited_for_as_well() -> None:
    port = host()
    planned = run(port, IF_REQUIRED)
    port.sleep(120)
    port.boot()
    port.state["service"] = STOPPED
    assert carried(port, planned, ["reboot"]).stages["reboot"].message.code == "reboot_agent_not_healthy"


@pytest.mark.parametrize("seconds", [-7200, -1, 0, 1, 20])
def test_a_clock_that_is_corrected_is_no_reboot(seconds: int) -> None:
    port = host(False)
    planned = run(port, ALWAYS)
    port.started_at += timedelta(seconds=seconds)
    carried(port, planned, ["reboot"])
    assert port.rebooted == 1


def test_a_host_that_was_started_and_requires_a_reboot_still_is_rebooted() -> None:
    port = host()
    planned = run(port, IF_REQUIRED)
    port.started_at = NOW
    carried(port, planned, ["reboot"])
    assert port.rebooted == 1


DUE = {"phase": "update_pending", "to": FIXED, "build": FIXED}


def test_two_starts_close_to_each_other_are_two() -> None:
    """The first one came before the installation that requires a reboot, the second one after it."""
    port = host(False, "windows")
    port.started_at = NOW
    port.sleep(60)
    port.note({"reboot_due_since": iso(port.now())})
    planned = run(port, IF_REQUIRED)
    port.sleep(60)
    port.boot()
    after = carried(port, planned, ["reboot"])
    assert after.stages["reboot"].message.code == "rebooted_meanwhile"
    carried(port, run(port, IF_REQUIRED), ["reboot"])
    assert port.rebooted == 0 + 1, "by somebody else; the next run does not repeat it"


def test_a_start_before_the_reboot_was_due_does_not_count() -> None:
    port = host(False, "windows")
    port.note({"reboot_due_since": iso(port.now())})
    carried(port, run(port, IF_REQUIRED), ["reboot"])
    assert port.rebooted == 1


def test_a_host_that_does_not_give_the_time_of_its_start_is_rebooted_once() -> None:
    port = host(False, "windows")
    port.note({**DUE, "reboot_due_since": iso(port.now())})
    due = {"required": True, "reasons": [{"code": "agent_installer", "text": "x"}]}

    def unknown(port: FakePort) -> Any:
        record = port._read()
        reboot = due if "reboot_due_since" in record["remediation"] else port.state["reboot"]
        return {**record, "clock": {**record["clock"], "boot_time": None}, "reboot": reboot}

    port.answers["dsa_info"] = [unknown] * 20
    for _run in range(2):
        planned = run(port, IF_REQUIRED).with_reading(Reading("read", unknown(port)))
        carried(port, planned, ["reboot"])
    assert port.rebooted == 1


# When it is back


def test_a_host_that_does_not_come_back_is_not_waited_for_again() -> None:
    port = host(answers={"reboot": [FAILED]})
    after = carried(port, run(port, IF_REQUIRED), ["reboot", "update"])
    assert after.failure is not None
    assert after.failure.message.code == "reboot_no_return"
    assert "it does not work" in after.failure.message.text
    assert port.calls[-2] == "reboot"
    assert (after.record or {})["installed"] is None, "what it has now is not known"
    assert after.failure.details["rebooted"] is False


def test_an_agent_that_is_not_healthy_after_the_reboot_has_failed() -> None:
    def boot(port: FakePort) -> Any:
        port.boot()
        port.state["service"] = STOPPED
        return {"rebooted": True}

    port = host(answers={"reboot": [boot]})
    found = rebooted(port, {**IF_REQUIRED, "dsa_verify_timeout": 30})
    assert (found.message.code, found.details["rebooted"]) == ("reboot_agent_not_healthy", True)
    assert port.seconds == 30
    assert found.record is not None


def test_an_agent_that_starts_late_is_waited_for() -> None:
    def boot(port: FakePort) -> Any:
        port.boot()
        port.state["service"] = STOPPED
        return {"rebooted": True}

    port = host(answers={"reboot": [boot]})
    port.answers["dsa_info"] = [FakePort._read, FakePort._read, lambda host: host.runs() or host._read()]
    assert rebooted(port, IF_REQUIRED).outcome == "done"
    assert port.seconds == 10


def test_what_was_not_healthy_before_is_not_waited_for() -> None:
    port = host(answers={"reboot": [{"rebooted": True}]})
    port.state["service"] = STOPPED
    assert rebooted(port, IF_REQUIRED).outcome == "done"
    assert port.seconds == 0


def test_an_agent_that_cannot_be_read_is_never_as_before() -> None:
    unread = {**record(None), "installed": None, "problems": [{"source": "rpm", "code": "denied", "text": "x"}]}
    port = host(answers={"reboot": [{"rebooted": True}]})
    planned = run(port, {**IF_REQUIRED, "dsa_verify_timeout": 10})
    port.state.update(unread)
    found = carried(port, planned, ["reboot"]).stages["reboot"]
    assert found.message.code == "reboot_agent_not_healthy"


# Deferred


def test_a_host_that_waits_for_its_reboot_fails_neither_update_nor_verify() -> None:
    port = host(running=AFFECTED)
    after = carried(port, run(port, {"dsa_reboot": "never"}), ["reboot", "update", "verify"])
    assert outcomes(after) == {"reboot": "deferred", "update": "deferred", "verify": "deferred"}
    assert after.stages["reboot"].details["waiting"] is True
    assert after.stages["reboot"].message.code == "reboot_deferred_waiting"
    assert not any(each.changed for each in port.results)
    assert port.changing() == []


def test_a_host_whose_new_build_runs_is_updated_though_its_reboot_is_deferred() -> None:
    port = host()
    after = carried(port, run(port, {"dsa_reboot": "never"}), ["reboot", "update", "verify"])
    assert outcomes(after) == {"reboot": "deferred", "update": "done", "verify": "done"}
    assert after.stages["reboot"].details["waiting"] is False


def test_check_mode_names_the_reboot_that_is_deferred() -> None:
    port = host(check_mode=True)
    found = rebooted(port, {"dsa_reboot": "never"})
    assert (found.outcome, found.record) == ("deferred", None)
    assert port.calls == ["= reboot deferred"]


@pytest.mark.parametrize("knows_its_boot", [True, False])
def test_a_connection_that_another_runs_reboot_cut_is_no_reason_for_a_second_one(knows_its_boot: bool) -> None:
    def cut(port: FakePort) -> Any:
        if knows_its_boot:
            port.seconds += 60
            port.boot()
        port.state["reboot"] = {"required": False, "reasons": []}
        raise LOST

    port = host(answers={"reboot": [cut]})
    assert rebooted(port, IF_REQUIRED).outcome == "done"
    assert port.calls.count("reboot") == 1


def test_a_reboot_whose_connection_was_lost_is_tried_once_more_if_the_host_was_not_started_since() -> None:
    port = host(answers={"reboot": [LOST]})
    assert rebooted(port, IF_REQUIRED).outcome == "done"
    assert (port.calls.count("reboot"), port.rebooted) == (2, 1)


def lost_in_its_reboot(platform: str, *, since_known: bool = True, back_known: bool = True) -> FakePort:
    """A host that requires a reboot still, or so it seems, after one whose connection was lost."""
    port = host(True, platform)

    def cut(port: FakePort) -> Any:
        port.seconds += 60
        port.boot()
        port.needs_reboot()
        raise LOST

    def seen(port: FakePort) -> Any:
        record = port._read()
        known = back_known if port.rebooted else since_known
        return record if known else {**record, "clock": {**record["clock"], "boot_time": None}}

    port.answers = {"reboot": [cut], "win_reboot": [cut], "dsa_info": [seen] * 9}
    return port


@pytest.mark.parametrize("platform", ["linux", "windows"])
@pytest.mark.parametrize(("since_known", "back_known"), [(False, True), (True, False), (False, False)])
def test_a_host_of_which_it_is_not_known_whether_it_was_rebooted_is_not_rebooted_again(
    platform: str, since_known: bool, back_known: bool
) -> None:
    port = lost_in_its_reboot(platform, since_known=since_known, back_known=back_known)
    found = rebooted(port, IF_REQUIRED)
    assert (found.outcome, found.message.code, port.rebooted) == ("failed", "reboot_unknown", 1)
    assert "no route to host" in found.message.text
    assert found.details["rebooted"] is False


@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_a_host_that_was_started_after_its_lost_reboot_is_not_rebooted_again(platform: str) -> None:
    """Whatever it requires then: the next run sees to that."""
    port = lost_in_its_reboot(platform)
    assert rebooted(port, IF_REQUIRED).message.code == "rebooted_meanwhile"
    assert port.rebooted == 1


def clock(boot: int, now: int | None) -> Any:
    """A record with these times, in minutes."""
    times = (None if each is None else iso(NOW + timedelta(minutes=each)) for each in (boot, now))
    return {"clock": dict(zip(("boot_time", "now"), times, strict=True))}


@pytest.mark.parametrize(
    ("before", "after", "started"),
    [
        ((0, 600), (601, 602), True),
        ((0, 600), (0, 700), False),
        ((0, 10), (-49, -48), True),
        ((0, 10), (-60, -45), False),
        ((0, 10), (-60, None), False),
        ((0, None), (-60, -59), False),
    ],
    ids=["started", "not started", "started, set back", "set back", "no time now", "no time before"],
)
def test_a_clock_that_was_set_back_hides_no_start_and_is_none(before: Any, after: Any, started: bool) -> None:
    assert booted_since(clock(*before), clock(*after)) is started
