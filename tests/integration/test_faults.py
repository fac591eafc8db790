# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that can go wrong on a host, all at once: each with its message, the rest of the fleet going on."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from .conftest import FIXED, IMPATIENT, LabFleet, StartFleet, assert_told, deb, needs_rpm, rpm, troubled_run

# host → (its fault, what the operator reads, what the run did)
FAULTS: dict[str, tuple[dict[str, t.Any], str, str]] = {
    "scriptlet": ({"package_install_fails": True}, "dpkg failed with exit status 1", "failed"),
    "sleeper": ({"service_does_not_start": True}, "the service ds_agent is", "failed"),
    "hanging": ({"dsa_query_hangs": True}, "dsa_query: no answer within", "failed"),
    "slow": ({"dsa_query_slow": 2}, "has the fix", "upgraded"),
    "signature": ({"security_update_fails": True}, "Code -24 means that this agent, or the Relay", "failed"),
    "endless": ({"security_update_never_finishes": True}, "does not finish", "failed"),
    "dropping": ({"ssh_drops_during_install": "once"}, "has the fix", "upgraded"),
    "full": ({"disk_full": True}, "No space left", "failed"),
    "silent": ({"unreachable": True}, "it did not answer", "nothing"),
    "corrupt": ({"broken_package": True}, "has SHA-256", "blocked"),
    "unprotected": ({"anti_malware_offline_after_upgrade": True}, "The Anti-Malware engine is offline", "failed"),
    "liar": ({"reports_wrong_build": True}, "dsa_query says 20.0.0-4416", "failed"),
    "restarting": ({"reboot_seconds": 8}, "has the fix", "upgraded"),
    "gone": ({"reboot_never": True}, "did not come back from its reboot", "failed"),
}
REBOOTING = ("restarting", "gone")


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """One host a fault, one that has none, and a Relay."""
    hosts: dict[str, t.Any] = {"relay1": deb(role="relay"), "healthy": deb(), "guarded": deb(self_protection="right")}
    hosts["guarded"]["vars"] = {"dsa_self_protection_password": "wrong"}
    for name, (faults, *dummy) in FAULTS.items():
        hosts[name] = deb(faults=faults)
        if name == "corrupt":  # a broken file is broken for all who would get it
            hosts[name]["distribution"] = {"id": "ubuntu", "version": "22.04"}
        if name in REBOOTING:
            hosts[name] |= {
                "reboot_required": "after_upgrade",
                "vars": {"dsa_reboot": "if_required", "dsa_reboot_timeout": 90 if name == "restarting" else 20},
            }
    return start_fleet({"packages": [FIXED], "hosts": hosts})


@pytest.fixture(scope="module")
def first_run(lab: LabFleet) -> dict[str, dict[str, t.Any]]:
    """The first run's report."""
    return troubled_run(lab)


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_told(first_run: dict[str, dict[str, t.Any]], name: str) -> None:
    assert_told(first_run[name], *FAULTS[name][1:])


def test_the_rest_goes_on(first_run: dict[str, dict[str, t.Any]]) -> None:
    assert first_run["healthy"]["passed"]
    assert first_run["relay1"]["passed"]


def test_a_wrong_password_changes_nothing_and_is_not_shown(
    lab: LabFleet, first_run: dict[str, dict[str, t.Any]]
) -> None:
    assert "self-protection could not be turned off" in first_run["guarded"]["reason"]
    assert lab.status()["guarded"]["package_build"] == "20.0.0-4416"
    assert lab.status()["guarded"]["self_protection"] is True
    assert not lab.journal("guarded", "package_installed", "package_install_failed")


def test_what_failed_before_the_upgrade_left_the_host_as_it_was(lab: LabFleet, first_run: t.Any) -> None:
    for name in ("full", "corrupt", "silent"):
        assert not lab.journal(name, "package_installed", "package_install_failed"), name
        assert lab.status()[name]["package_build"] == "20.0.0-4416"


def test_diagnostics_are_fetched_when_an_update_does_not_finish(
    lab: LabFleet, first_run: dict[str, dict[str, t.Any]]
) -> None:
    path = lab.folder / first_run["endless"]["diagnostics"]
    assert path.is_file()
    assert path.parent.name == "endless"
    assert "アップグレード後にセキュリティアップデートが完了しない" in first_run["endless"]["reason"]
    assert lab.journal("endless", "diagnostics")


def test_a_dropped_connection_installs_once(lab: LabFleet, first_run: t.Any) -> None:
    assert len(lab.journal("dropping", "package_installed")) == 1


def test_a_real_reboot_happened(lab: LabFleet, first_run: dict[str, dict[str, t.Any]]) -> None:
    assert lab.journal("restarting", "reboot")
    assert first_run["restarting"]["reboot"] == "done"
    assert not lab.journal("healthy", "reboot")


def test_the_order_held(lab: LabFleet, first_run: t.Any) -> None:
    lab.assert_relays_came_first()


def test_mended_hosts_converge_in_the_next_run(lab: LabFleet, first_run: t.Any) -> None:
    """Also those that a failed installation left half configured, and those whose build looks fixed already."""
    for name in FAULTS:
        lab.heal(name)
    before = {name: len(lab.journal(name, "package_installed")) for name in ("healthy", "signature", "endless")}
    done = lab.play("remediate", **IMPATIENT)
    outcomes = lab.report()
    wrong = {
        name: outcome["reason"] for name, outcome in outcomes.items() if not outcome["passed"] and name != "guarded"
    }
    assert not wrong, done.stdout
    assert {name: len(lab.journal(name, "package_installed")) for name in before} == before, "no needless installation"
    assert outcomes["signature"]["done"] == "updated"
    third = lab.play("remediate", **IMPATIENT, dsa_self_protection_password="right")
    assert third.returncode == 0, third.stdout
    assert lab.report()["guarded"]["done"] == "upgraded"
    assert "right" not in third.stdout.replace("right order", "")


@needs_rpm
def test_rpm_failures(start_fleet: StartFleet) -> None:
    """A scriptlet that fails, and a file whose signature is broken although nobody stated a checksum."""
    hosts = {
        "relay1": deb(FIXED, role="relay"),
        "scriptlet": rpm(faults={"package_install_fails": True}),
        "corrupt": rpm(faults={"broken_package": True}, distribution={"id": "rhel", "version": "9.4"}),
        "signed": rpm(),
    }
    lab = start_fleet({"packages": [FIXED], "hosts": hosts})
    done = lab.play("remediate", dsa_package_checksums={}, dsa_max_fail_percentage=100, **IMPATIENT)
    outcomes = lab.report()
    assert outcomes["signed"]["passed"], done.stdout
    assert not outcomes["scriptlet"]["passed"]
    assert not lab.journal("corrupt", "package_installed")
    assert any(word in outcomes["corrupt"]["reason"] for word in ("not verified", "damaged"))


def test_reports_are_kept_where_asked(lab: LabFleet, first_run: t.Any, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "folder" / "gate.json"
    lab.play("gate", "--limit", "healthy", dsa_report_path=str(target))
    assert '"hosts"' in target.read_text(encoding="utf-8")
