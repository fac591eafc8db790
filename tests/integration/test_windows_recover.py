# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Anti-Malware stays offline: the article's steps in order, stopping where a step is the operator's. One story.

What stops a recovery, and that it is not repeated, is tested in tests/unit/plugins/plugin_utils/_stages.
"""

from __future__ import annotations

import typing as t

import pytest

from .conftest import ANSWERS, FIXED, LabFleet, StartFleet, needs_windows, windows

pytestmark = needs_windows

OFFLINE = {"anti_malware_offline_after_upgrade": "once"}
ACTIVATION = "dsm://manager.lab.example:4120/"
REGISTER = {"dsa_recover_deleted_in_manager": True, "dsa_activation": ["-a", ACTIVATION]}


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """Agents whose Anti-Malware goes offline in an upgrade; for one of them nothing helps, one leaves files behind."""
    hosts: dict[str, t.Any] = {
        "lucky": windows(faults=OFFLINE, self_protection="s3cret", vars={"dsa_self_protection_password": "s3cret"}),
        "hopeless": windows(faults={"anti_malware_offline_after_upgrade": True}),
        "dirty": windows(faults={**OFFLINE, "uninstall_leaves_files": True}),
    }
    for host in hosts.values():
        host |= {"uses": [], "update_seconds": 0.2}
        host.setdefault("vars", {})["dsa_relays"] = []
    hosts["hopeless"]["vars"]["dsa_verify_timeout"] = 3
    return start_fleet({"packages": [FIXED], "hosts": hosts, **ANSWERS})


def test_a_recovery_from_the_upgrade_to_verified(lab: LabFleet) -> None:
    # The upgrade leaves all of them unprotected, and the report names the way out.
    ran = lab.ran("remediate", 2, dsa_max_fail_percentage=100, dsa_verify_timeout=3)
    for name, outcome in ran.report.items():
        assert "run the playbook recover" in outcome["reason"], name

    # Nobody is recovered who was not named, nor in check mode, nor without a package to install anew.
    before = lab.fingerprint()
    done = lab.play("recover")
    assert done.returncode == 2, done.stdout
    assert "name the hosts to recover" in done.stdout
    done = lab.play("recover", "--check", dsa_recover_hosts="lucky")
    assert done.returncode == 0, done.stdout
    done = lab.play("recover", dsa_recover_hosts="lucky", dsa_package_dir="")
    assert done.returncode == 2, done.stdout
    assert "nothing was removed: there is no package" in done.stdout
    assert lab.fingerprint() == before

    # It stops where the Manager has its turn: a host that lost its agent is not one that has none.
    done = lab.play("recover", dsa_recover_hosts="lucky")
    assert done.returncode == 2, done.stdout
    assert "Now delete this computer in the Manager" in done.stdout, done.stdout
    assert "s3cret" not in done.stdout
    ran = lab.ran("gate", 2, "--limit", "lucky")
    assert [finding["code"] for finding in ran.report["lucky"]["findings"]] == ["agent_gone"]

    # It goes on from there; what is left behind is named, and where it does not help it stops for good.
    done = lab.play("recover", dsa_recover_hosts="lucky:dirty", **REGISTER)
    assert done.returncode == 2, done.stdout
    assert ACTIVATION not in done.stdout, "what activates an agent is a secret"
    events = ("package_removed", "package_installed", "activated", "security_update_succeeded")
    assert [entry["event"] for entry in lab.journal("lucky", *events)][-4:] == list(events)
    assert "this is left of it: %ProgramFiles%\\\\Trend Micro\\\\Deep Security Agent" in done.stdout, done.stdout
    assert len(lab.journal("dirty", "package_installed")) == 1
    done = lab.play("recover", dsa_recover_hosts="hopeless", dsa_verify_timeout=None, **REGISTER)
    assert done.returncode == 2, done.stdout
    assert "The vendor's article requires a stop here" in done.stdout
    assert len(lab.journal("hopeless", "package_installed")) == 2
    ran = lab.ran("gate", 2)
    assert {name for name, outcome in ran.report.items() if outcome["passed"]} == {"lucky"}
