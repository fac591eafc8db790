# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The recovery of a Windows host: what it does, and what a new agent must show before it goes on."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import findings_of
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages import HostLost
from tests.builders import FIXED, record

from .fake import FAILED, FILE, LOST, PASSWORD, FakePort
from .recovery import GUARDED, OFFLINE, ONLINE, REINSTALLED, host, recovery, stopped


def test_an_agent_is_removed_installed_anew_activated_updated_and_verified() -> None:
    port = host()
    this = recovery(port)
    assert this.recover() is None
    assert this.steps == [
        "removed the agent",
        f"installed {FIXED}",
        "activated",
        "updated: the log ds_agent.log has: x | 9016 | y",
        "verified",
    ]
    assert port.changing() == [
        "dsa_upgrade begin",
        "win_package",
        "win_file",
        "win_copy",
        "dsa_package_info",
        "dsa_upgrade begin",
        "win_package",
        "dsa_upgrade end",
        "win_file",
        "dsa_upgrade note",
        "dsa_control",
        "dsa_security_update start",
        "dsa_security_update look",
        "dsa_security_update confirm",
    ]
    assert "dsa_host_info" in port.calls[port.calls.index("win_package") : port.calls.index("win_copy")]
    removal, installation = port.sent("dsa_upgrade begin")
    assert "path" not in removal
    assert installation["note"]["reinstalled"]
    assert any(FILE in line for line in port.shown)


def test_a_removal_is_noted_before_it_is_done() -> None:
    """Else the gate passes a host that lost its agent, as one that has none."""
    port = host()
    assert recovery(port, manager_part="caller", deleted_in_manager=False).recover() == "deletion"
    assert [finding.code for finding in findings_of(port.read())] == ["agent_gone"]
    port = host()
    port.answers["dsa_upgrade begin"] = [FAILED]
    assert "nothing was removed: it does not work" in stopped(port)
    assert "win_package" not in port.calls


def test_a_new_agent_has_no_self_protection_to_lower_or_raise() -> None:
    port = host()
    assert recovery(port, GUARDED).recover() is None
    removal, installation = port.sent("dsa_upgrade begin")
    assert (removal["self_protection"], removal["self_protection_password"]) == (True, PASSWORD)
    for sent in (installation, *port.sent("dsa_upgrade end")):
        assert sent["self_protection"] is False
        assert "self_protection_password" not in sent
    assert "self_protection" not in port.state["remediation"], "what was lowered was the old agent's"


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


def test_where_it_did_not_help_it_stops_and_is_not_tried_again() -> None:
    port = host()
    port.answers["win_package"][1] = lambda port: (
        port.state.update(product_code="{2}") or port._win_package({"state": "present"})
    )
    for _run in range(2):
        assert "The vendor's article requires a stop here" in stopped(port)
        assert port.calls.count("win_package") == 2, "removed and installed anew, once"


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


# After the installation


def test_an_installation_that_fails_stops_it() -> None:
    port = host()
    port.answers["dsa_upgrade begin"] = [FakePort.begin, FAILED]
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


@pytest.mark.parametrize("manager_part", ["operator", "done"])
def test_a_relay_that_cannot_be_seen_is_not_reported_as_none(manager_part: str) -> None:
    unseen = [{"source": "relay", "code": "no_answer", "text": "netstat.exe is not there"}]
    port = host(remediation=REINSTALLED, anti_malware=ONLINE, relay={"enabled": None}, problems=unseen)
    text = stopped(port, relay=True, manager_part=manager_part)
    assert "whether it is one again could not be seen: netstat.exe is not there" in text
    assert "is none" not in text


def test_a_heartbeat_that_is_refused_is_no_failure() -> None:
    port = host(remediation=REINSTALLED, anti_malware=ONLINE)
    port.answers["dsa_control"] = [FAILED]
    assert recovery(port, manager_part="done").recover() is None


def test_a_reader_that_fails_once_is_waited_for() -> None:
    port = host(remediation=REINSTALLED, anti_malware=ONLINE, activated=False)
    port.answers["dsa_info"] = [FakePort._read, {"installed": None, "platform": None}]
    assert recovery(port).recover() is None
    assert port.seconds == 10 + 15, "it was read once more after the activation, before the update was requested"


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


@pytest.mark.parametrize("platform", [None, "windows"])
def test_an_agent_that_cannot_be_read_is_not_known_to_be_well(platform: str | None) -> None:
    port = host(remediation=REINSTALLED, anti_malware=ONLINE, activated=False)
    unread = {**port._read(), "installed": None, "platform": platform, "activated": True}
    port.answers["dsa_info"] = [FakePort._read, unread]
    assert recovery(port).recover() is None
    assert port.seconds == 10 + 15, "it was read once more before the update was requested"


def test_a_host_that_was_recovered_is_read_and_verified_and_no_more() -> None:
    done = {**REINSTALLED, "phase": "done", "build": FIXED, "done_at": "2026-11-23T02:00:00Z"}
    port = host(remediation=done, anti_malware=ONLINE)
    again = recovery(port)
    assert again.recover() is None
    assert again.steps == []
    assert port.calls == ["dsa_info", "dsa_info"]


def test_what_the_old_agent_was_does_not_count_for_the_new_one() -> None:
    assert recovery(host(activated=False)).recover() is None
