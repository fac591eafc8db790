# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Anti-Malware stays offline, and there is the Manager's API: from offline to what it was in one run. One story."""

from __future__ import annotations

import json
import subprocess
import typing as t

import pytest

from .conftest import ANSWERS, FIXED, IMPATIENT, LabFleet, StartFleet, deb, needs_windows, windows

pytestmark = needs_windows

OFFLINE = {"anti_malware_offline_after_upgrade": "once"}
ACTIVATE = {"dsa_activation": ["-a", "dsm://manager.lab.example:4120/"]}
# No more than it takes to get there.
UPGRADE = """
- hosts: depot:torn
  gather_facts: false
  roles: [deep_security.remediation.assess, deep_security.remediation.plan, deep_security.remediation.upgrade]
"""
KEPT = ("policyID", "groupID", "relayListID", "displayName")


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """A Relay and an Agent whose Anti-Malware went offline in an upgrade."""
    hosts: dict[str, dict[str, t.Any]] = {
        # Its display name is the name of another computer.
        "relay1": deb(FIXED, role="relay", manager={"display_name": "torn"}),
        "depot": windows(role="relay", faults=OFFLINE, manager={"group": "Depots", "policy": "Relay policy"}),
        "torn": windows(
            faults=OFFLINE,
            manager={"group": "Shops", "policy": "Strict", "display_name": "Till 1"},
            self_protection="s3cret",
            vars={"dsa_relays": [], "dsa_self_protection_password": "s3cret"},  # nobody has to wait
        ),
    }
    for host in hosts.values():
        host["update_seconds"] = 0.2
    for name in ("depot", "torn"):
        hosts[name]["uses"] = []
    lab = start_fleet({"packages": [FIXED], "manager": {}, "hosts": hosts, **ANSWERS})
    upgrade = lab.folder / "upgrade.yml"
    upgrade.write_text(UPGRADE, encoding="utf-8")
    done = lab.ansible(str(upgrade))
    assert done.returncode == 0, done.stdout
    lab.manager.wait("a heartbeat", lambda: all(said_offline(lab, name) for name in ("depot", "torn")))
    return lab


def said_offline(lab: LabFleet, host: str) -> bool:
    """Whether the Manager shows it."""
    return "Anti-Malware Engine Offline" in lab.manager.computers()[host]["computerStatus"]["agentStatusMessages"]


def recover(lab: LabFleet, host: str, *arguments: str, **extra: t.Any) -> subprocess.CompletedProcess[str]:
    """The playbook, for one host, with the variables of the Manager; no secret is in what it says."""
    about = lab.manager.about
    told = {f"dsm_{name}": about[name] for name in ("url", "ca_path", "api_key")}
    done = lab.play("recover", "-vv", *arguments, dsa_recover_hosts=host, **{**IMPATIENT, **told, **extra})
    for secret in (about["api_key"], about["auditor_key"], "s3cret", "dsm://manager"):
        assert secret not in done.stdout
    return done


def kept(lab: LabFleet, host: str) -> dict[str, t.Any] | None:
    """What the computer was, while it is to be given back."""
    file = lab.folder / "dsa-reports" / "recover" / f"{host}.json"
    if not file.exists():
        return None
    assert file.stat().st_mode & 0o777 == 0o600
    found: dict[str, t.Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def deleted(lab: LabFleet, number: int) -> list[float]:
    """When the Manager deleted that computer, by requests of its API."""
    lines = (lab.lab / "manager.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line) for line in lines if '"DELETE"' in line]
    return [one["time"] for one in asked if one["path"] == f"/api/computers/{number}" and one["status"] == 204]


def known(lab: LabFleet) -> list[str]:
    """Arguments by which the inventory has which of two computers it is."""
    return ["-i", str(lab.lab / "dsm.yml")]


def assert_given_back(lab: LabFleet, host: str, old: t.Mapping[str, t.Any], relay: bool) -> None:
    """The old computer was deleted between removal and installation, and the new one has what it had."""
    story = ["package_removed", "package_installed", "activated", *["relay"] * relay, "security_update_succeeded"]
    entries = lab.journal(host, *story)[-len(story) :]
    assert [entry["event"] for entry in entries] == story
    (when,) = deleted(lab, old["ID"])
    assert entries[0]["time"] < when < entries[1]["time"]
    setting = lab.manager.computers()[host]["computerSettings"]["platformSettingRelayState"]
    assert setting == {"value": "true" if relay else "false"}
    new = lab.manager.computers()[host]
    assert lab.manager.api("GET", f"computers/{old['ID']}").status == 404
    assert new["ID"] > old["ID"]
    assert {name: new[name] for name in KEPT} == {name: old[name] for name in KEPT}
    assert kept(lab, host) is None


def test_from_offline_to_what_the_computer_was(lab: LabFleet) -> None:
    _nothing_is_touched_where_it_is_not_clear_whom_the_manager_means_or_in_a_prediction(lab)
    _a_key_that_may_not_delete_leaves_the_host_removed(lab)
    _a_relay_gets_well_in_one_run(lab)
    _what_a_run_left_undone_the_next_one_does(lab)


def _nothing_is_touched_where_it_is_not_clear_whom_the_manager_means_or_in_a_prediction(lab: LabFleet) -> None:
    before, computers = lab.fingerprint(), lab.manager.computers()
    both = sorted(computers[name]["ID"] for name in ("relay1", "torn"))
    several = recover(lab, "torn")
    nobody = recover(lab, "depot", dsa_recover_computer_name="elsewhere")
    for done, words in (
        (several, f"2 computers called torn ({both[0]}, {both[1]})"),
        (nobody, "no computers called elsewhere that this API key may see"),
    ):
        assert done.returncode == 2, done.stdout
        assert words in done.stdout
    predicted = recover(lab, "torn", "--check", *known(lab))
    assert predicted.returncode == 0, predicted.stdout
    assert f"Would delete computer {computers['torn']['ID']} (torn) in the Manager" in predicted.stdout
    assert kept(lab, "torn") is None
    assert lab.manager.computers().keys() == computers.keys()
    assert lab.fingerprint() == before


def _a_key_that_may_not_delete_leaves_the_host_removed(lab: LabFleet) -> None:
    old = lab.manager.computers()["torn"]
    done = recover(lab, "torn", *known(lab), dsm_api_key=lab.manager.about["auditor_key"], **ACTIVATE)
    assert done.returncode == 2, done.stdout
    assert "The agent is removed and nothing is left of it" in done.stdout
    assert f"Its computer {old['ID']} (torn) was not deleted in the Manager" in done.stdout
    assert "HTTP 403" in done.stdout
    assert f"kept in {(lab.folder / 'dsa-reports' / 'recover' / 'torn.json').resolve()}" in done.stdout
    assert not lab.journal("torn", "package_removed", "package_installed")[2:], "installed and removed, and no more"
    assert "torn" in lab.manager.computers()


def _a_relay_gets_well_in_one_run(lab: LabFleet) -> None:
    old = lab.manager.computers()["depot"]
    done = recover(lab, "depot", **ACTIVATE)
    assert done.returncode == 0, done.stdout
    assert_given_back(lab, "depot", old, relay=True)
    assert lab.journal("depot", "relay")[-1]["on"]


def _what_a_run_left_undone_the_next_one_does(lab: LabFleet) -> None:
    old, first = lab.manager.computers()["torn"], kept(lab, "torn")
    assert first
    assert first["id"] == old["ID"]
    done = recover(lab, "torn:depot", **ACTIVATE)
    assert done.returncode == 0, done.stdout
    assert_given_back(lab, "torn", old, relay=False)
    for name in ("torn", "depot"):
        assert len(lab.journal(name, "package_removed")) == 1, "an agent that was recovered is not removed again"
    assert len(lab.journal("depot", "security_update_succeeded")) == 1
