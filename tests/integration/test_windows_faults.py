# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong on Windows hosts, all at once: each with its message, the rest of the fleet going on."""

from __future__ import annotations

import typing as t

import pytest

from .conftest import FIXED, IMPATIENT, LabFleet, StartFleet, assert_told, needs_windows, troubled_run, windows

pytestmark = needs_windows

REBOOT = {"dsa_reboot": "if_required", "dsa_reboot_timeout": 20}
# host → (its fault, what the operator reads, what the run did)
FAULTS: dict[str, tuple[dict[str, t.Any], str, str]] = {
    "fatal": ({"package_install_fails": True}, "msiexec ended with 1603, a fatal error", "failed"),
    "policy": ({"msi_exit_code": 1625}, "msiexec ended with 1625, a policy forbids", "failed"),
    "busy": ({"msi_exit_code": "once"}, "has the fix", "upgraded"),
    "always_busy": ({"msi_exit_code": 1618}, "another installation is running", "failed"),
    "starting": ({"msi_exit_code": 1641}, "has the fix", "upgraded"),
    "unprotected": ({"anti_malware_offline_after_upgrade": True}, "run the playbook recover", "failed"),
    "sleeper": ({"service_does_not_start": True}, "the service ds_agent is", "failed"),
    "hanging": ({"dsa_query_hangs": True}, "dsa_query: no answer within", "failed"),
    "dropping": ({"winrm_drops_during_install": "once"}, "has the fix", "upgraded"),
    "dying": ({"winrm_dies": "once"}, "has the fix", "upgraded"),
    "full": ({"disk_full": True}, "free_space: Of drive C: 0 MiB are free", "blocked"),
    "silent": ({"unreachable": True}, "it did not answer", "nothing"),
    "corrupt": ({"broken_package": True}, "has SHA-256", "blocked"),
    "signature": ({"security_update_fails": True}, "Code -24 means that this agent, or the Relay", "failed"),
    "endless": ({"security_update_never_finishes": True}, "does not finish", "failed"),
    "liar": ({"reports_wrong_build": True}, "dsa_query says 20.0.0-5995", "failed"),
    "restarting": ({"reboot_seconds": 6}, "has the fix", "upgraded"),
    "gone": ({"reboot_never": True}, "did not come back from its reboot", "failed"),
    "forever": ({"reboot_pending_forever": True}, "a reboot is still pending", "failed"),
}


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """One host a fault, one that has none, and a Relay."""
    hosts: dict[str, t.Any] = {
        "relay1": windows(role="relay"),
        "healthy": windows(),
        "guarded": windows(self_protection="right", vars={"dsa_self_protection_password": "wrong"}),
        "open": windows(self_protection=True),  # protects itself, and nobody said so
    }
    for name, (faults, *dummy) in FAULTS.items():
        hosts[name] = windows(faults=faults)
    # A broken file is broken for all who would get it.
    hosts["corrupt"] |= {"release": "10-22h2", "arch": "i386"}
    hosts["always_busy"]["vars"] = {"dsa_upgrade_timeout": 5}
    for name in ("restarting", "gone"):
        hosts[name] |= {"reboot_required": "after_upgrade", "vars": {**REBOOT, "dsa_reboot_timeout": 60}}
    hosts["gone"]["vars"] = REBOOT
    hosts["forever"] |= {"pending_reboot": ["windows_update"], "vars": {**REBOOT, "dsa_reboot_timeout": 60}}
    return start_fleet({"packages": [FIXED], "hosts": hosts})


@pytest.fixture(scope="module")
def first_run(lab: LabFleet) -> dict[str, dict[str, t.Any]]:
    """The first run's report."""
    return troubled_run(lab)


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_told(first_run: dict[str, dict[str, t.Any]], name: str) -> None:
    assert_told(first_run[name], *FAULTS[name][1:])


def test_the_rest_goes_on(lab: LabFleet, first_run: dict[str, dict[str, t.Any]]) -> None:
    assert first_run["healthy"]["passed"]
    assert first_run["relay1"]["passed"]
    lab.assert_relays_came_first()


def test_a_failed_installation_is_explained_by_its_log(lab: LabFleet, first_run: dict[str, dict[str, t.Any]]) -> None:
    assert "CustomAction LabAlwaysFails returned actual error code 1603" in first_run["fatal"]["reason"]
    log = lab.folder / first_run["fatal"]["diagnostics"]
    assert log.is_file()
    assert log.parent.name == "fatal"
    assert "1603" in log.read_bytes().decode("utf-16")


def test_self_protection_that_nobody_spoke_of_is_named(lab: LabFleet, first_run: dict[str, dict[str, t.Any]]) -> None:
    assert "dsa_self_protection" in first_run["open"]["reason"]
    assert lab.status()["open"]["self_protection"] is True


def test_a_wrong_password_changes_nothing_and_is_not_shown(
    lab: LabFleet, first_run: dict[str, dict[str, t.Any]]
) -> None:
    assert "self-protection could not be switched off" in first_run["guarded"]["reason"]
    assert not lab.journal("guarded", "package_installed", "package_install_failed")
    assert lab.status()["guarded"]["self_protection"] is True


def test_a_lost_connection_installs_once(lab: LabFleet, first_run: t.Any) -> None:
    for name in ("dropping", "dying"):
        assert len(lab.journal(name, "package_installed")) == 1, name


def test_mended_hosts_converge_in_the_next_run(lab: LabFleet, first_run: t.Any) -> None:
    for name in FAULTS:
        lab.heal(name)
    done = lab.play(
        "remediate",
        "--limit",
        "all:!guarded:!open",
        **{**IMPATIENT, "dsa_upgrade_timeout": 60, "dsa_reboot_timeout": 60},
    )
    outcomes = lab.report()
    left = {name: outcome["reason"] for name, outcome in outcomes.items() if not outcome["passed"]}
    assert not left, left
    assert done.returncode == 0, done.stdout
    assert len(lab.journal("healthy", "package_installed")) == 1
