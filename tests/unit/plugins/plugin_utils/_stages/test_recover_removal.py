# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The removal of an agent: it begins only where it can be finished, and each step is seen to have worked."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import Package
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import leftover_options
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages import HostLost
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages.removal import Stopped
from tests.builders import NOW, record

from .fake import FAILED, LOST, FakePort, iso
from .recovery import GUARDED, ONLINE, host, recovery, stopped

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
    assert port.changing() == ["dsa_upgrade begin", "win_package", "dsa_upgrade end"]
    assert port.sent("dsa_upgrade begin")[0]["self_protection"] is True
    assert port.guarded


def test_an_agent_that_is_there_after_its_removal_is_guarded_again() -> None:
    port = host()
    port.answers["win_package"] = [{"rc": 0}]
    assert "still there" in stopped(port, GUARDED)
    assert port.guarded


def test_another_run_at_work_stops_it_before_the_removal() -> None:
    port = host()
    port.answers["dsa_upgrade begin"] = [{"changed": False, "waited": True}]
    assert "another run is at work" in stopped(port)
    assert "win_package" not in port.calls


def test_another_run_at_its_msi_stops_it_before_anything() -> None:
    note = {"phase": "upgrading", "run": "run-0", "since": iso(NOW), "self_protection": "off"}
    port = host(remediation=note)
    assert "another run is installing or removing an agent" in stopped(port)
    assert port.changing() == []


@pytest.mark.parametrize(("answer", "guarded"), [(None, True), (FAILED, False)])
def test_what_an_earlier_run_left_off_is_raised_first_and_named_where_that_fails(answer: Any, guarded: bool) -> None:
    port = host(remediation={"phase": "update_pending", "self_protection": "off"}, anti_malware=ONLINE)
    port.answers["dsa_upgrade protect"] = [answer] if answer else []
    text = stopped(port)
    assert "nothing to recover" in text
    assert port.guarded is guarded
    assert ("the state of self-protection is" in text) is not guarded


def test_self_protection_that_cannot_be_raised_is_named() -> None:
    port = host()
    port.answers["win_package"] = [FAILED]
    port.answers["dsa_upgrade end"] = [FAILED]
    text = stopped(port, GUARDED)
    assert "could not be removed" in text
    assert "turn self-protection on in the Manager" in text


def test_self_protection_that_cannot_be_lowered_stops_it() -> None:
    port = host()
    refused = {"failed": True, "code": "self_protection_refused", "msg": "self-protection could not be turned off"}
    port.answers["dsa_upgrade begin"] = [refused]
    assert "could not be turned off" in stopped(port, GUARDED)
    assert "win_package" not in port.calls


@pytest.mark.parametrize("rc", [3010, 1641])
def test_a_reboot_that_is_not_allowed_stops_it_after_the_removal(rc: int) -> None:
    port = host()
    port.answers["win_package"][0] = lambda port: {**port._win_package({"state": "absent"}), "rc": rc}
    for _run in range(2):
        found = stopped(port, {"dsa_reboot": "never"})
        assert "a reboot is needed to finish the removal" in found
        assert "Message(" not in found
    assert port.calls.count("win_package") == 1, "the next run sees that the reboot is still due"


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
    assert port.calls.count("dsa_upgrade begin") == 1


def test_what_is_left_of_the_agent_is_named_and_never_deleted() -> None:
    port = host()
    port.left = [path for path in leftover_options()["paths"] if "AMSP" in path and "Files" in path]
    assert "this is left of it: %ProgramFiles%\\Trend Micro\\AMSP." in stopped(port)


def test_files_that_a_removal_left_are_named_in_every_run_although_the_agent_may_be_there() -> None:
    left_over = {"source": "registry", "code": "leftovers", "text": "no agent is listed, and dsa.exe is there"}
    unsure = {"installed": None, "product_code": None, "problems": [left_over]}
    paths = [path for path in leftover_options()["paths"] if "AMSP" in path and "Files" in path]
    port = host()
    port.left = paths
    port.answers["win_package"][0] = lambda port: port.state.update(unsure) or {"rc": 0}
    assert "this is left of it" in stopped(port)
    port = host(**{**record(None, "windows"), **unsure})
    port.left = paths
    assert "this is left of it" in stopped(port)
    assert "win_package" not in port.calls


def test_a_removal_that_a_reboot_finishes_leaves_no_agent_to_guard() -> None:
    port = host()
    port.answers["win_package"][0] = lambda port: {**port._win_package({"state": "absent"}), "rc": 3010}
    port.answers["win_reboot"] = [{"rebooted": True}]
    port.left = [path for path in leftover_options()["paths"] if "AMSP" in path]
    this = recovery(port, {**GUARDED, "dsa_reboot": "if_required"})
    with pytest.raises(Stopped, match="this is left of it"):
        this.recover()
    assert this.steps == ["removed the agent", "rebooted"]
    assert "dsa_upgrade protect" not in port.calls
    assert "self_protection" not in port.state["remediation"]


def test_what_cannot_be_looked_for_stops_it() -> None:
    port = host()
    port.answers["dsa_host_info"] = [FAILED]
    assert "it does not work" in stopped(port)
    port = host()
    port.unseen = ["access is denied"]
    assert "could not be seen: registry: access is denied" in stopped(port)
    assert port.calls.count("win_package") == 1, "nothing is installed over what may be left"


def test_a_computer_that_was_not_deleted_in_the_manager_stops_it() -> None:
    assert "dsa_recover_deleted_in_manager" in stopped(host(), deleted_in_manager=False)


def test_a_pending_reboot_comes_first_in_the_host_s_own_hours() -> None:
    port = host()
    port.facts["reboot"] = {"required": True, "reasons": ["[windows_update]: x"]}
    this = recovery(port, {"dsa_reboot": "if_required", "dsa_reboot_window": ["01:00-03:00"]})
    assert this.recover() is None
    assert this.steps[0].startswith("rebooted")
