# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong on real hosts, in one run: each fault has its message, and the rest of the fleet goes on; then again.

What the stages make of every fault is tested in tests/unit/plugins/plugin_utils/_stages/test_faults.py.
"""

from __future__ import annotations

import json
import typing as t

import pytest

from .by_hand import NOTE, write
from .conftest import FIXED, LabFleet, Ran, StartFleet, deb

PASSWORD, WRONG = "r1ght-s3cret", "wr0ng-s3cret"
# host → (its fault, what the operator reads, what the run did)
FAULTS: dict[str, tuple[dict[str, t.Any], str, str]] = {
    "relay2": ({"security_update_never_finishes": True}, "does not finish", "failed"),
    "scriptlet": ({"package_install_fails": True}, "dpkg failed with exit status 1", "failed"),
    "dropping": ({"ssh_drops_during_install": "once"}, "has the fix", "upgraded and updated"),
    "late": ({"answers_late": 4}, "has the fix", "upgraded and updated"),
    "full": ({"disk_full": True}, "No space left", "failed"),
    "silent": ({"unreachable": True}, "it did not answer", "nothing"),
    "restarting": ({"reboot_seconds": 2}, "has the fix", "updated"),
    "gone": ({"reboot_never": True}, "did not come back from its reboot", "failed"),
}
# These have the fix, and their update is due; the last two are rebooted before it.
UPDATE_DUE = ("relay2", "restarting", "gone")
# Limits of hosts that never get well; in the second run they have longer ones, or need none.
HOPELESS = {"relay2": {"dsa_security_update_timeout": 3}, "gone": {"dsa_reboot_timeout": 5}}
MENDED = ("relay2", "scriptlet", "gone")


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """A host a fault and one with another password, below a good Relay; a Relay in trouble, and an Agent below it."""
    hosts: dict[str, dict[str, t.Any]] = {
        "relay1": deb(FIXED, role="relay"),
        "below2": deb(),
        "guarded": deb(self_protection=PASSWORD, vars={"dsa_self_protection_password": WRONG}),
    }
    for name, (faults, *dummy) in FAULTS.items():
        hosts[name] = deb(FIXED if name in UPDATE_DUE else "20.0.0-4416", faults=faults, vars=HOPELESS.get(name, {}))
    hosts["relay2"]["role"] = "relay"
    for name, host in hosts.items():
        host["update_seconds"] = 0.2
        if host["role"] == "agent":
            below = "relay2" if name == "below2" else "relay1"
            host |= {"uses": [below], "vars": {**host.get("vars", {}), "dsa_relays": [below]}}
    for name in UPDATE_DUE[1:]:
        hosts[name]["vars"]["dsa_reboot"] = "always"
    lab = start_fleet({"packages": [FIXED], "hosts": hosts})
    for name in ("relay1", *UPDATE_DUE):
        phase = "done" if name == "relay1" else "update_pending"
        write(lab, name, NOTE, json.dumps({"phase": phase, "to": FIXED, "build": FIXED}))
    return lab


@pytest.fixture(scope="module")
def first(lab: LabFleet) -> Ran:
    """Many hosts fail, and none of them ends the run."""
    return lab.ran("remediate", 2, dsa_max_fail_percentage=100, dsa_security_update_timeout=None)


@pytest.fixture(scope="module")
def second(lab: LabFleet, first: Ran) -> Ran:
    """The next run, when some faults are gone."""
    for name in MENDED:
        lab.heal(name)
    return lab.ran("remediate", 0, "--limit", ",".join((*MENDED, "below2", "dropping")), dsa_reboot="if_required")


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_message(first: Ran, name: str) -> None:
    dummy, words, done = FAULTS[name]
    outcome = first.report[name]
    assert words in outcome["reason"], outcome["reason"]
    assert (outcome["done"], outcome["passed"]) == (done, done in ("upgraded and updated", "updated")), outcome[
        "reason"
    ]


def test_no_agent_is_touched_below_a_relay_in_trouble(lab: LabFleet, first: Ran, second: Ran) -> None:
    assert first.report["below2"]["done"] == "blocked"
    assert "Relays come first: relay2" in first.report["below2"]["reason"]
    assert first.touched["below2"] == []
    assert second.report["below2"]["done"] == "upgraded and updated", "the Relay is well again"
    updated = lab.journal("relay2", "security_update_succeeded")[0]["time"]
    assert updated < lab.touches("below2")[0]["time"]


def test_a_wrong_password_changes_nothing_and_is_not_shown(lab: LabFleet, first: Ran) -> None:
    assert "self-protection could not be turned off" in first.report["guarded"]["reason"]
    assert first.touched["guarded"] == []
    files = [path.read_text(encoding="utf-8") for path in (lab.folder / "dsa-reports").rglob("*.json*")]
    assert files
    assert not any(WRONG in text for text in (first.output, *files))


def test_what_failed_before_its_installation_is_as_it_was(first: Ran) -> None:
    assert (first.touched["full"], first.touched["silent"]) == ([], [])
    assert first.report["full"]["version"] == "20.0.0-4416"


def test_diagnostics_are_fetched_when_an_update_does_not_finish(lab: LabFleet, first: Ran) -> None:
    path = lab.folder / first.report["relay2"]["diagnostics"]
    assert path.is_file()
    assert path.parent.name == "relay2"
    assert lab.journal("relay2", "diagnostics")


def test_a_dropped_connection_installs_once(first: Ran) -> None:
    assert first.touched["dropping"].count("package_installed") == 1


def test_a_real_reboot_happened(first: Ran) -> None:
    assert first.touched["restarting"] == ["reboot", "security_update_requested"]
    assert first.report["restarting"]["reboot"] == "done"


def test_mended_hosts_converge_in_the_next_run(first: Ran, second: Ran) -> None:
    """Also those that a failed installation left half configured, and those whose build was the fixed one already."""
    assert {name: outcome["passed"] for name, outcome in second.report.items()} == dict.fromkeys(second.report, True)
    assert second.report["scriptlet"]["done"] == "upgraded and updated"
    assert (second.report["relay2"]["done"], second.report["gone"]["done"]) == ("updated", "updated")
    assert second.touched["dropping"] == first.touched["dropping"]
