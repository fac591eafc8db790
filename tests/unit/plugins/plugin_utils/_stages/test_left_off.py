# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Self-protection that an earlier run left off: when it is raised, and when another run is left alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import Settings
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages.left_off import (
    other_run_installs,
    raise_left_off,
)
from tests.builders import AFFECTED, FIXED, NOW, parsed, record

from .fake import FAILED, LOST, FakePort, carried, iso, run_of

PLATFORMS = ["linux", "windows"]
ALLOWED = {"dsa_self_protection": True, "dsa_upgrade_timeout": 1800}
NOTE_UNREADABLE = {"failed": True, "code": "note_unreadable", "msg": "progress.json cannot be read: it is locked"}
ANOTHER = {"run": "run-0", "from": AFFECTED, "to": FIXED, "phase": "upgrading", "self_protection": "off"}


def begun(minutes: float, **more: Any) -> dict[str, Any]:
    """The note of an installation that another run began so many minutes ago."""
    return {**ANOTHER, "since": iso(NOW - timedelta(minutes=minutes)), **more}


def host(platform: str, note: Mapping[str, Any] | None = None, **more: Any) -> FakePort:
    return FakePort({**record(AFFECTED, platform, note=dict(note or ANOTHER)), **more})


def raised(port: FakePort, at_once: bool = True, settings: Mapping[str, Any] | None = None) -> bool:
    return raise_left_off(port, parsed(ALLOWED if settings is None else settings), port._read(), at_once)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_reading_waits_neither_for_the_agent_nor_for_another_run(platform: str) -> None:
    port = host(platform, begun(600))
    assert raised(port)
    (sent,) = port.sent("dsa_upgrade protect")
    assert (sent["service_timeout"], sent["lock_timeout"]) == (1, 5)
    port.lower()
    assert raised(port, at_once=False)
    assert "lock_timeout" not in port.sent("dsa_upgrade protect")[1]
    assert port.sent("dsa_upgrade protect")[1]["service_timeout"] == Settings.parse({}, "")["dsa_service_timeout"]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("answer", [FAILED, {}, {"self_protection": "unknown"}, {**FAILED, "self_protection": "on"}])
def test_what_is_not_proven_to_be_on_was_not_raised(platform: str, answer: Any) -> None:
    port = host(platform, begun(600), **{})
    port.answers["dsa_upgrade protect"] = [answer]
    assert not raised(port)
    assert "could not be turned on" in port.shown[0]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("allowed", [True, False])
def test_a_note_that_cannot_be_read_may_have_it(platform: str, allowed: bool) -> None:
    port = FakePort({**record(FIXED, platform), "remediation_unreadable": "it is locked"})
    port.answers["dsa_upgrade protect"] = [{**NOTE_UNREADABLE, "self_protection": "on"}]
    assert raised(port, settings={"dsa_self_protection": allowed}) is allowed
    assert port.changing() == ["dsa_upgrade protect"] * allowed


@pytest.mark.parametrize("state", [{"installed": False}, {"service": {"name": "ds_agent", "state": "stopped"}}])
def test_an_agent_that_is_down_is_left_alone(state: Any) -> None:
    port = host("linux", **state)
    assert not raised(port)
    assert port.changing() == []


@pytest.mark.parametrize(
    ("minutes", "service", "installs"),
    [
        (0, "stopped", True),
        (1.9, "stopped", True),
        (-1.9, "stopped", True),
        (2, "stopped", False),
        (2, "started", True),
        (-5, "started", True),
        (29, "started", True),
        (29, "stopped", False),
        (30, "started", False),
        (-31, "started", False),
        (10000, "started", False),
    ],
)
def test_another_run_is_at_its_msi_shortly_after_its_beginning_or_while_windows_installer_is_at_work(
    minutes: float, service: str, installs: bool
) -> None:
    port = host("windows", begun(minutes))
    port.installer = service
    assert other_run_installs(port, parsed(ALLOWED), port._read()) is installs
    assert raised(port) is not installs
    assert port.guarded is not installs


@pytest.mark.parametrize(
    "note",
    [
        begun(1, run="run-1"),
        begun(1, phase="update_pending"),
        begun(1, self_protection=None),
        begun(1, since=None),
    ],
    ids=["its own", "installed", "raised", "no time"],
)
def test_no_other_run_installs_by_such_a_note(note: Mapping[str, Any]) -> None:
    port = host("windows", note)
    port.installer = "started"
    assert not other_run_installs(port, parsed(ALLOWED), port._read())
    assert port.calls == []


def test_what_cannot_be_seen_of_windows_installer_is_no_proof_that_it_is_idle() -> None:
    port = host("windows", begun(5))
    port.answers["win_service_info"] = [FAILED, {"exists": False, "services": []}]
    assert other_run_installs(port, parsed(ALLOWED), port._read())
    assert other_run_installs(port, parsed(ALLOWED), port._read())


def test_on_a_posix_host_the_lock_keeps_them_apart() -> None:
    port = host("linux", begun(1))
    assert raised(port)
    assert port.calls == ["dsa_upgrade protect"]


# In the stages


def ends(port: FakePort) -> Any:
    """The other run's MSI has ended, and its step end after it."""
    port.has(FIXED)
    port.installer = "stopped"
    port.note({"phase": "update_pending", "self_protection": None})
    port.guarded = True
    return port._read()


def test_an_upgrade_waits_for_the_msi_of_another_run_and_takes_over_its_build() -> None:
    port = host("windows", begun(1))
    port.installer = "started"
    run = run_of(port, settings=ALLOWED)
    port.answers["dsa_info"] = [lambda port: port._read(), ends]
    done = carried(port, run, ["upgrade"]).stages["upgrade"]
    assert (done.outcome, done.details["after"]) == ("done", FIXED)
    assert not {"dsa_upgrade protect", "dsa_upgrade begin", "win_copy", "win_package"} & set(port.calls)
    assert any("waiting for it" in line for line in port.shown)


def test_a_run_that_was_killed_in_its_msi_delays_the_next_one_until_windows_installer_has_stopped() -> None:
    port = host("windows", begun(1))
    port.installer = "started"
    run = run_of(port, settings=ALLOWED)

    def stops(port: FakePort) -> Any:
        port.installer = "stopped"
        return {"services": [{"name": "msiserver", "state": "stopped"}]}

    port.answers["win_service_info"] = [{"services": [{"name": "msiserver", "state": "started"}]}, stops]
    done = carried(port, run, ["upgrade"]).stages["upgrade"]
    assert (done.outcome, done.details["after"], port.guarded) == ("done", FIXED, True)
    assert port.sent("dsa_upgrade begin")[0]["seen"] == {"run": "run-0", "phase": "upgrading"}
    assert port.calls.index("win_service_info") < port.calls.index("dsa_upgrade begin")


def test_the_note_of_a_beginning_has_the_time_after_the_package_was_copied() -> None:
    port = FakePort(record(AFFECTED, "windows"))

    def slow(port: FakePort) -> Any:
        port.seconds += 900
        return {"changed": True}

    port.answers["win_copy"] = [slow]
    carried(port, run_of(port, settings=ALLOWED), ["upgrade"])
    assert port.sent("dsa_upgrade begin")[0]["note"]["since"] == iso(NOW + timedelta(seconds=900))


def test_a_stage_that_fails_beside_the_msi_of_another_run_raises_nothing() -> None:
    port = host("windows", begun(1))
    port.answers["win_service_info"] = [{"services": [{"name": "msiserver", "state": "started"}]}] * 9
    port.answers["dsa_precheck_info"] = [LOST, RuntimeError("no room")]
    carried(port, run_of(port, settings=ALLOWED), ["precheck"])
    carried(port, run_of(port, settings=ALLOWED), ["precheck"])
    assert "dsa_upgrade protect" not in port.calls
