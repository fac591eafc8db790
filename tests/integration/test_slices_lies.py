# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A part of a fleet with one good Relay, while another one is affected: whatever it is given, no Agent goes first."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from tests.conftest import PreloadedWith

from .conftest import FIXED, LabFleet, StartFleet, deb
from .test_slices import Slice, job

PART: dict[str, t.Any] = {"dsa_part_of_fleet": "true"}
AGENTS = "remediate_agents"


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet, preloaded_with: PreloadedWith) -> LabFleet:
    """One Relay is affected, the other one is fixed and gets its update."""
    hosts = {"relay": deb(role="relay"), "good": deb(role="relay", build=FIXED, update_seconds=0.2), "web-1": deb()}
    lab = start_fleet({"packages": [FIXED], "hosts": hosts})
    lab.preloaded = preloaded_with({"ANSIBLE_SHOW_CUSTOM_STATS": "1"})
    return lab


@pytest.fixture(scope="module")
def given(lab: LabFleet) -> dict[str, t.Any]:
    """What the stage of the Relays publishes."""
    stage = job(lab, "remediate_relays", "relay", "good", "web-1", dsa_hosts="good")
    assert stage.status == 0, stage.output
    published: dict[str, t.Any] = stage.stats["dsa_relay_hosts"]
    assert (set(published["relays"]), published["complete"]) == ({"relay", "good"}, True), "dsa_hosts hides no Relay"
    return published


def blocked(lab: LabFleet, *names: str, **extra: t.Any) -> str:
    """Why the Agent of that inventory must wait."""
    done: Slice = job(lab, AGENTS, *names, check=True, **extra)
    assert (done.status, done.report["errors"]) == (2, []), done.output
    row = next(row for row in done.report["hosts"] if row["host"] == "web-1")
    assert row["done"] == "blocked", row
    return str(row["reason"])


def test_a_slice_that_happens_to_hold_a_good_relay(lab: LabFleet, given: dict[str, t.Any]) -> None:
    assert "dsa_relay_hosts is not set" in blocked(lab, "good", "web-1", **PART)
    assert "relay is affected" in blocked(lab, "good", "web-1", **PART, dsa_relay_hosts=given)


def test_a_list_of_a_part(lab: LabFleet, given: dict[str, t.Any]) -> None:
    """The first shape has it lacking in the inventory, so that it is a part, whatever is set."""
    part = job(lab, "remediate_relays", "good", check=True, **PART).stats["dsa_relay_hosts"]
    assert (set(part["relays"]), part["complete"], given["complete"]) == ({"good"}, False, True)
    assert "which had a part of the fleet too" in blocked(lab, "web-1", dsa_relay_hosts=part)


def test_a_list_without_the_bad_relay_is_not_read_at_all(lab: LabFleet, given: dict[str, t.Any]) -> None:
    relays = {"good": given["relays"]["good"]}
    for value in ({**given, "relays": relays}, relays):
        done = job(lab, AGENTS, "web-1", check=True, dsa_relay_hosts=value)
        assert done.status == 2, done.output
        assert "run remediate_relays on the whole inventory" in done.report["errors"][0]


def test_a_list_in_which_the_bad_relay_has_the_address_of_the_good_one(lab: LabFleet, given: dict[str, t.Any]) -> None:
    lie = {**given, "relays": dict.fromkeys(given["relays"], given["relays"]["good"])}
    assert "have the same address" in blocked(lab, "web-1", dsa_relay_hosts=lie)


def test_an_inventory_in_which_it_has(lab: LabFleet, given: dict[str, t.Any]) -> None:
    """A copied line, for instance."""
    own = lab.folder / "host_vars" / "relay.yml"
    own.parent.mkdir()
    own.write_text(yaml.safe_dump({"ansible_port": given["relays"]["good"]["ansible_port"]}), encoding="utf-8")
    assert "have the same address" in blocked(lab, "relay", "good", "web-1")


def test_an_inventory_in_which_it_has_the_address_of_an_agent(lab: LabFleet, given: dict[str, t.Any]) -> None:
    whole = yaml.safe_load((lab.lab / "inventory.yml").read_text(encoding="utf-8"))["all"]["hosts"]
    own = lab.folder / "host_vars" / "relay.yml"
    own.parent.mkdir(exist_ok=True)
    own.write_text(yaml.safe_dump({"ansible_port": whole["web-1"]["ansible_port"]}), encoding="utf-8")
    assert "relay and web-1 have the same address" in blocked(lab, "relay", "good", "web-1")


def test_two_sites_over_one_connection(lab: LabFleet, given: dict[str, t.Any]) -> None:
    """The second would be read over the connection of the first, and both were fixed to the gate."""
    own = lab.folder / "host_vars" / "relay.yml"
    own.parent.mkdir(exist_ok=True)
    site = {"ansible_port": given["relays"]["good"]["ansible_port"], "ansible_ssh_common_args": "-J bastion-osaka"}
    own.write_text(yaml.safe_dump(site), encoding="utf-8")
    done = job(lab, "gate", "relay", "good")
    assert done.status == 2, done.output
    assert "behind different ways" in done.report["errors"][0]
    assert {row["verdict"] for row in done.report["hosts"]} == {"unknown"}
