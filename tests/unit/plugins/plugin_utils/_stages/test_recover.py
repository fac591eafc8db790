# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The recovery of a Windows host: each step is seen to have worked, and where one did not it says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import Package
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages import HostLost
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages.recover import Recovery, Stopped
from tests.builders import FIXED, host_run, record

from .fake import FAILED, FILE, LOST, PASSWORD, FakePort, package

OFFLINE = {"mode": "on", "driver_offline": True, "engine": None, "patterns": []}
ONLINE = {"mode": "on", "driver_offline": False, "engine": "12.5", "patterns": []}
GUARDED = {"dsa_self_protection_password": PASSWORD}
REINSTALLED = {"phase": "update_pending", "reinstalled": "2026-11-23T01:00:00Z"}
QUICK = {"dsa_verify_timeout": 20, "dsa_security_update_timeout": 15, "dsa_diagnostics": False}


def host(platform: str = "windows", **state: Any) -> FakePort:
    """A host whose Anti-Malware is offline, until its agent is installed anew."""
    port = FakePort({**record(FIXED, platform, product_code="{1}", anti_malware=OFFLINE), **state})

    def installed(port: FakePort) -> Any:
        port.state.update(anti_malware=ONLINE, activated=False, product_code="{2}")
        return port._win_package({"state": "present"})

    port.answers["win_package"] = [lambda port: port._win_package({"state": "absent"}), installed]
    if state.get("installed") is False or not state.get("product_code", True):
        del port.answers["win_package"][0]
    return port


def recovery(port: FakePort, settings: Any = None, **more: Any) -> Recovery:
    arguments = {"manager_part": "operator", "deleted_in_manager": True, "relay": False, **more}
    run = host_run(settings={"dsa_activation": ["-a", "dsm://dsm:4120/"], **QUICK, **(settings or {})})
    chosen = Package(**package())
    return Recovery(port, run, lambda record: chosen, **arguments)


def stopped(port: FakePort, settings: Any = None, **more: Any) -> str:
    with pytest.raises(Stopped) as caught:
        recovery(port, settings, **more).recover()
    return str(caught.value)


def test_an_agent_is_removed_installed_anew_activated_updated_and_verified() -> None:
    port = host()
    this = recovery(port)
    assert this.recover() is None
    assert this.steps == [
        "removed the agent",
        f"installed {FIXED}",
        "activated",
        "updated: the log has: | 9016 |",
        "verified",
    ]
    assert port.changing() == [
        "win_package",
        "dsa_leftovers_info",
        "win_file",
        "win_copy",
        "dsa_upgrade begin",
        "win_package",
        "dsa_upgrade end",
        "dsa_control",
        "dsa_security_update start",
        "dsa_security_update look",
        "dsa_security_update confirm",
    ]
    assert port.sent("dsa_upgrade begin")[0]["reinstall"] is True
    assert any(FILE in line for line in port.shown)


def test_a_new_agent_has_no_self_protection_to_lower_or_raise() -> None:
    port = host()
    assert recovery(port, GUARDED).recover() is None
    for call in ("dsa_upgrade begin", "dsa_upgrade end"):
        assert port.sent(call)[0]["self_protection"] is False
        assert "self_protection_password" not in port.sent(call)[0]


def test_the_manager_s_part_comes_between_two_calls() -> None:
    port = host()
    assert recovery(port, manager_part="caller", deleted_in_manager=False).recover() == "deletion"
    assert recovery(port, manager_part="caller").recover() == "restoration"
    assert recovery(port, manager_part="done", relay=False).recover() is None
    assert port.changing().count("win_package") == 2
    heartbeat = port.sent("dsa_control")[-1]
    assert heartbeat == {"arguments": ["-m"]}


def test_an_agent_that_was_installed_anew_is_never_removed_again() -> None:
    port = host(remediation=REINSTALLED, anti_malware=ONLINE)
    assert recovery(port).recover() is None
    assert "win_package" not in port.calls


def test_a_removal_that_an_earlier_run_did_is_gone_on_with() -> None:
    port = host(**{**record(None, "windows"), "product_code": None})
    this = recovery(port)
    assert this.recover() is None
    assert this.steps[0] == f"installed {FIXED}"


@pytest.mark.parametrize(
    ("settings", "waits_for"),
    [
        ({"manager_part": "caller", "deleted_in_manager": False}, "deletion"),
        ({"manager_part": "caller"}, None),
        ({}, None),
    ],
)
def test_check_mode_only_reads(settings: Any, waits_for: str | None) -> None:
    port = host()
    port.check_mode = True
    this = recovery(port, **settings)
    assert this.recover() == waits_for
    assert this.steps == ["would remove the agent, install it anew and activate it"]
    assert port.changing() == []


# What stops it before anything is removed


@pytest.mark.parametrize(
    ("port", "text"),
    [
        (host("linux"), "Windows alone"),
        (host(installed=None, problems=[{"source": "registry", "text": "denied"}]), "registry: denied"),
        (host(remediation_unreadable="the note is damaged"), "the note is damaged"),
        (host(anti_malware=ONLINE), "nothing to recover"),
    ],
)
def test_what_it_is_not_for_stops_it_unchanged(port: FakePort, text: str) -> None:
    assert text in stopped(port)
    assert port.changing() == []


def test_what_prevents_an_installation_stops_it_before_the_removal() -> None:
    port = host()
    port.facts["free_bytes"] = 0
    assert "free" in stopped(port)
    assert port.changing() == []


def test_a_missing_package_stops_it_before_the_removal() -> None:
    def none(record: Any) -> Package:
        raise Stopped("there is no package")

    port = host()
    this = recovery(port)
    this.package = none
    with pytest.raises(Stopped):
        this.recover()
    assert port.changing() == []


# The removal


@pytest.mark.parametrize("answer", [FAILED, {"rc": 1618}, LOST, RuntimeError("win_package was not found")])
def test_what_was_not_removed_is_guarded_again(answer: Any) -> None:
    port = host()
    port.answers["win_package"] = [answer]
    with pytest.raises((Stopped, HostLost, RuntimeError)):
        recovery(port, GUARDED).recover()
    assert [options["arguments"] for options in port.sent("dsa_control")] == [["--selfprotect=0"], ["--selfprotect=1"]]
    assert port.guarded


def test_self_protection_that_cannot_be_raised_is_named() -> None:
    port = host()
    port.answers["win_package"] = [FAILED]
    port.answers["dsa_control"] = [{}, FAILED]
    text = stopped(port, GUARDED)
    assert "could not be removed" in text
    assert "turn self-protection on in the Manager" in text


def test_self_protection_that_cannot_be_lowered_stops_it() -> None:
    port = host()
    port.answers["dsa_control"] = [FAILED]
    assert "could not be turned off" in stopped(port, GUARDED)
    assert "win_package" not in port.calls


@pytest.mark.parametrize("rc", [3010, 1641])
def test_a_reboot_that_is_not_allowed_stops_it_after_the_removal(rc: int) -> None:
    port = host()
    port.answers["win_package"][0] = lambda port: {**port._win_package({"state": "absent"}), "rc": rc}
    found = stopped(port, {"dsa_reboot": "never"})
    assert "a reboot is needed to finish the removal" in found
    assert "Message(" not in found


def test_a_reboot_that_finishes_the_removal_is_done() -> None:
    port = host()
    port.answers["win_package"][0] = lambda port: {**port._win_package({"state": "absent"}), "rc": 3010}
    port.answers["win_reboot"] = [{"rebooted": True}]
    this = recovery(port, {"dsa_reboot": "if_required"})
    assert this.recover() is None
    assert this.steps[:2] == ["removed the agent", "rebooted"]


def test_a_host_that_does_not_come_back_stops_it() -> None:
    port = host()
    port.answers["win_package"][0] = lambda port: {**port._win_package({"state": "absent"}), "rc": 3010}
    port.answers["win_reboot"] = [FAILED]
    assert "did not come back" in stopped(port, {"dsa_reboot": "if_required"})


@pytest.mark.parametrize(
    ("after", "text"),
    [
        ({"installed": True, "product_code": "{1}"}, "still there"),
        ({"installed": None, "product_code": None}, "could not be read"),
        ({"installed": None, "platform": None, "product_code": None}, "could not be read"),
    ],
)
def test_an_agent_that_is_not_seen_to_be_gone_stops_it(after: Any, text: str) -> None:
    port = host()
    port.answers["win_package"][0] = lambda port: port.state.update(after) or {"rc": 0}
    assert text in stopped(port)
    assert "dsa_upgrade begin" not in port.calls


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (FAILED, "it does not work"),
        ({"leftovers": [{"name": "C:\\x"}, {"name": "y", "maybe_other_product": True}]}, "this is left of it: C:\\x."),
    ],
)
def test_what_is_left_of_the_agent_is_named_and_never_deleted(answer: Any, text: str) -> None:
    port = host()
    port.answers["dsa_leftovers_info"] = [answer]
    assert text in stopped(port)


def test_a_computer_that_was_not_deleted_in_the_manager_stops_it() -> None:
    assert "dsa_recover_deleted_in_manager" in stopped(host(), deleted_in_manager=False)


# After the installation


def test_an_installation_that_fails_stops_it() -> None:
    port = host()
    port.answers["dsa_upgrade begin"] = [FAILED]
    assert "could not be installed anew: it does not work" in stopped(port)


@pytest.mark.parametrize(
    ("state", "settings", "more", "text"),
    [
        ({"activated": None}, {}, {}, "does not answer"),
        ({"activated": False}, {"dsa_activation": []}, {}, "set dsa_activation"),
        ({"activated": False}, {"dsa_activation": ["-x"]}, {}, "is not activated"),
        ({"anti_malware": OFFLINE}, {}, {}, "still offline"),
        ({"problems": [{"source": "dsa_query", "text": "x"}]}, {}, {}, "still offline"),
        ({"anti_malware": {"mode": "off"}}, {}, {"manager_part": "done"}, "policy switches it on"),
        ({}, {}, {"relay": True}, "make it one again in the Manager"),
        ({}, {}, {"relay": True, "manager_part": "done"}, "none yet"),
    ],
)
def test_what_a_new_agent_lacks_stops_it_after_some_time(state: Any, settings: Any, more: Any, text: str) -> None:
    port = host(**{"remediation": REINSTALLED, "anti_malware": ONLINE, **state})
    assert text in stopped(port, settings, **more)
    assert port.seconds in (0, 20)


def test_a_heartbeat_that_is_refused_is_no_failure() -> None:
    port = host(remediation=REINSTALLED, anti_malware=ONLINE)
    port.answers["dsa_control"] = [FAILED]
    assert recovery(port, manager_part="done").recover() is None


def test_a_reader_that_fails_once_is_waited_for() -> None:
    port = host(remediation=REINSTALLED, anti_malware=ONLINE)
    port.answers["dsa_info"] = [FakePort._read, {"installed": None, "platform": None}]
    assert recovery(port).recover() is None


@pytest.mark.parametrize("call", ["dsa_security_update start", "dsa_info"])
def test_an_update_or_a_verification_that_fails_stops_it(call: str) -> None:
    port = host(remediation=REINSTALLED, anti_malware=ONLINE)
    if call == "dsa_info":
        port.state["service"] = {"name": "ds_agent", "state": "stopped", "raw": "stopped"}
    else:
        port.answers[call] = [FAILED]
    assert ("not verified" if call == "dsa_info" else "it does not work") in stopped(port)


def test_a_host_that_is_lost_is_no_success() -> None:
    port = host(remediation=REINSTALLED, anti_malware=ONLINE)
    port.answers["dsa_security_update look"] = [LOST]
    with pytest.raises(HostLost):
        recovery(port).recover()
