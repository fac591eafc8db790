# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Anti-Malware stays offline: the article's steps in order, stopping where a step is the operator's. One story."""

from __future__ import annotations

import subprocess
import typing as t

import pytest

from .conftest import FIXED, IMPATIENT, LabFleet, StartFleet, deb, needs_windows, windows

pytestmark = needs_windows

OFFLINE = {"anti_malware_offline_after_upgrade": "once"}
HOSTS = ("lucky", "hopeless", "dirty")
REGISTER = {"dsa_recover_deleted_in_manager": True, "dsa_activation": ["-a", "dsm://manager.lab.example:4120/"]}


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """Agents whose Anti-Malware went offline in an upgrade; for one of them nothing helps, one leaves files behind."""
    guarded: dict[str, t.Any] = {"self_protection": "s3cret", "vars": {"dsa_self_protection_password": "s3cret"}}
    hosts = {
        "relay1": deb(role="relay"),
        "lucky": windows(faults=OFFLINE, **guarded),
        "hopeless": windows(faults={"anti_malware_offline_after_upgrade": True}),
        "dirty": windows(faults={**OFFLINE, "uninstall_leaves_files": True}),
        "healthy": windows(),
    }
    lab = start_fleet({"packages": [FIXED], "hosts": hosts})
    done = lab.play("remediate", dsa_max_fail_percentage=100, **IMPATIENT)
    assert done.returncode == 2, done.stdout
    report = lab.report()
    for name in HOSTS:
        assert "run the playbook recover" in report[name]["reason"]
    return lab


def recover(lab: LabFleet, host: str, *arguments: str, **extra: t.Any) -> subprocess.CompletedProcess[str]:
    """The playbook, for one host."""
    return lab.play("recover", *arguments, dsa_recover_hosts=host, **{**IMPATIENT, **extra})


def test_1_it_wants_to_know_whom(lab: LabFleet) -> None:
    before = lab.fingerprint()
    done = lab.play("recover")
    assert done.returncode == 2, done.stdout
    assert "name the hosts to recover" in done.stdout
    assert lab.fingerprint() == before


def test_2_it_leaves_alone_who_is_well_and_other_platforms(lab: LabFleet) -> None:
    before = lab.fingerprint()
    for host, words in (("healthy", "there is nothing to recover"), ("relay1", "for Windows hosts")):
        done = recover(lab, host)
        assert done.returncode == 2, done.stdout
        assert words in done.stdout
    assert lab.fingerprint() == before


def test_3_check_mode_changes_nothing(lab: LabFleet) -> None:
    before = lab.fingerprint()
    done = recover(lab, "lucky", "--check")
    assert done.returncode == 0, done.stdout
    assert lab.fingerprint() == before


def test_4_without_a_package_nothing_is_removed(lab: LabFleet) -> None:
    done = recover(lab, "lucky", dsa_package_dir="")
    assert done.returncode == 2, done.stdout
    assert "nothing was removed: there is no package" in done.stdout
    assert not lab.journal("lucky", "package_removed")


def test_5_it_stops_where_the_manager_has_its_turn(lab: LabFleet) -> None:
    done = recover(lab, "lucky")
    assert done.returncode == 2, done.stdout
    assert "Now delete this computer in the Manager" in done.stdout
    assert lab.status()["lucky"]["package_build"] is None
    assert "s3cret" not in done.stdout
    assert lab.play("gate", "--limit", "lucky").returncode == 2, "a host that lost its agent is not one that has none"
    assert [finding["code"] for finding in lab.report()["lucky"]["findings"]] == ["agent_gone"]


def test_6_and_goes_on_from_there_to_verified(lab: LabFleet) -> None:
    done = recover(lab, "lucky", **REGISTER)
    assert done.returncode == 0, done.stdout
    assert "manager.lab.example:4120" not in done.stdout, "what activates an agent is a secret"
    events = ("package_removed", "package_installed", "activated", "security_update_succeeded")
    said = [entry["event"] for entry in lab.journal("lucky", *events)]
    assert said[-4:] == ["package_removed", "package_installed", "activated", "security_update_succeeded"]
    assert lab.play("gate", "--limit", "lucky").returncode == 0


def test_7_what_is_left_behind_is_named_and_not_deleted(lab: LabFleet) -> None:
    done = recover(lab, "dirty", **REGISTER)
    assert done.returncode == 2, done.stdout
    assert "this is left of it: C:\\\\Program Files\\\\Trend Micro\\\\Deep Security Agent" in done.stdout
    assert len(lab.journal("dirty", "package_installed")) == 1


def test_8_where_it_does_not_help_it_stops_for_good(lab: LabFleet) -> None:
    done = recover(lab, "hopeless", **REGISTER)
    assert done.returncode == 2, done.stdout
    assert "The vendor's article says to stop here" in done.stdout
    installed = len(lab.journal("hopeless", "package_installed"))
    assert installed == 2
    done = recover(lab, "hopeless", **REGISTER)
    assert done.returncode == 2, done.stdout
    assert "The vendor's article says to stop here" in done.stdout
    assert len(lab.journal("hopeless", "package_installed")) == installed, "and does not try it again"
