# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet in slices, as AWX makes them: the hosts of all other slices are gone, and with them most Relays. In steps.

Nothing changes a host here. Slices that work on their Agents at once, and their reports as one, are in test_runner.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml

from tests import report_schema
from tests.conftest import PreloadedWith

from .conftest import FIXED, QUICK, LabFleet, StartFleet, deb

HOSTS = ("relay", "web-1", "web-2")
SECRET = "S3CRET-become"
# As a survey of AWX gives it: everything as text, and fields that nobody filled in.
SURVEY = {
    "dsa_batch": "1,100%",
    "dsa_relay_batch": '["1", "100%"]',
    "dsa_failure_budget": "25%",
    **dict.fromkeys(("dsa_gate", "dsa_hosts", "dsa_reboot", "dsa_batch_limit", "dsa_report_to", "dsa_relays"), ""),
}


class Slice(t.NamedTuple):
    """A job on a part of the fleet. stats: what Ansible keeps of it for the next node of a workflow."""

    status: int
    output: str
    report: dict[str, t.Any]
    stats: dict[str, t.Any]
    same: bool

    def done(self) -> dict[str, str]:
        return {outcome["host"]: outcome["done"] for outcome in self.report["hosts"]}


def stats_of(output: str) -> dict[str, t.Any]:
    """The statistics that Ansible shows at the end."""
    text = output.partition("RUN: ")[2]
    found: dict[str, t.Any] = json.JSONDecoder().raw_decode(text)[0] if text else {}
    return found


def inventory_of(lab: LabFleet, *names: str) -> Path:
    """The inventory of a slice: groups and their variables stay, their hosts do not."""
    whole = yaml.safe_load((lab.lab / "inventory.yml").read_text(encoding="utf-8"))["all"]
    kept = {
        "hosts": {name: values for name, values in whole["hosts"].items() if name in names},
        "children": {
            group: {"hosts": {name: {} for name in content.get("hosts") or {} if name in names}}
            for group, content in whole["children"].items()
        },
        "vars": {**whole["vars"], "ansible_become_password": SECRET},
    }
    path = lab.folder / f"slice-{'-'.join(names)}.yml"
    path.write_text(yaml.safe_dump({"all": kept}), encoding="utf-8")
    return path


def job(lab: LabFleet, playbook: str, *names: str, check: bool = False, **extra: t.Any) -> Slice:
    """One job on these hosts."""
    report = lab.folder / f"{playbook}-{'-'.join(names)}.json"
    given = {**QUICK, **SURVEY, "dsa_report_path": str(report), **extra}
    before = lab.fingerprint()
    arguments = ["-i", str(inventory_of(lab, *names)), "-e", f"@{lab.lab / 'vars.yml'}", "-e", json.dumps(given)]
    arguments += [*(["--check"] if check else []), f"deep_security.remediation.{playbook}"]
    assert lab.preloaded is not None
    done = lab.preloaded.run(arguments, lab.folder)
    found = report_schema.read(report)
    return Slice(done.returncode, done.stdout, found, stats_of(done.stdout), lab.fingerprint() == before)


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet, preloaded_with: PreloadedWith) -> LabFleet:
    """A Relay and two Agents, all of them affected."""
    hosts = {"relay": deb(role="relay", update_seconds=0.2), "web-1": deb(), "web-2": deb()}
    lab = start_fleet({"packages": [FIXED], "hosts": hosts})
    lab.preloaded = preloaded_with({"ANSIBLE_SHOW_CUSTOM_STATS": "1"})
    return lab


@pytest.fixture(scope="module")
def story(lab: LabFleet) -> dict[str, Slice]:
    """All that happens to the fleet, in this order."""
    steps = {"no relay": job(lab, "remediate_agents", "web-1")}
    steps["named relay"] = job(lab, "remediate_agents", "web-1", "web-2", dsa_relays="relay")
    steps["predicted"] = job(lab, "remediate_relays", *HOSTS, check=True)
    published = steps["predicted"].stats["dsa_relay_hosts"]
    # All that the stage published before is an extra variable of the next node.
    steps["too early"] = job(lab, "remediate_agents", "web-1", **steps["predicted"].stats)
    lies = {"relay": {**published["relays"]["relay"], "dsa_certificate_replaced": True, "dsa_role": "agent"}}
    lying = json.dumps({**published, "relays": lies})
    steps["lies"] = job(lab, "remediate_agents", "web-1", dsa_relay_hosts=lying)
    steps["no relay here"] = job(lab, "remediate_relays", "web-1")
    steps["relay"] = job(lab, "remediate_agents", "relay", **steps["predicted"].stats)
    return steps


def test_without_the_relays_of_other_slices_no_agent_is_touched(story: dict[str, Slice]) -> None:
    alone = story["no relay"]
    assert (alone.status, alone.done(), alone.same) == (2, {"web-1": "blocked"}, True)
    assert [each["code"] for each in alone.stats["dsa_result"]["reasons"]] == ["no_relay_known"]


def test_a_relay_that_is_named_and_lacking_blocks_and_is_no_wrong_setting(story: dict[str, Slice]) -> None:
    named = story["named relay"]
    assert (named.status, named.report["errors"], named.same) == (2, [], True)
    assert named.done() == dict.fromkeys(("web-1", "web-2"), "blocked")
    assert "relay is not in the inventory" in named.report["hosts"][0]["reason"]


def test_the_stage_of_the_relays_publishes_how_they_are_reached_and_nothing_secret(story: dict[str, Slice]) -> None:
    whole = story["predicted"].stats["dsa_relay_hosts"]
    assert (whole["complete"], whole["run_id"]) == (True, story["predicted"].report["run_id"])
    published = whole["relays"]
    assert set(published) == {"relay"}
    assert published["relay"]["ansible_host"] == "127.0.0.1"
    assert published["relay"]["ansible_port"]
    for each in story.values():
        assert SECRET not in each.output
        assert SECRET not in json.dumps(each.stats)
    for step in ("no relay", "relay"):
        assert "dsa_relay_hosts" not in story[step].stats, "a part would be taken for the whole"


@pytest.mark.parametrize("step", ["too early", "lies"])
def test_a_relay_of_another_slice_is_read_and_its_variables_prove_nothing(story: dict[str, Slice], step: str) -> None:
    early = story[step]
    assert (early.status, early.done(), early.same) == (2, {"web-1": "blocked"}, True)
    assert "relay is affected (20.0.0-4416)" in early.report["hosts"][0]["reason"]
    assert (early.report["errors"], early.report["warnings"], early.report["left_out"]) == ([], [], [])


@pytest.mark.parametrize(("step", "playbook"), [("no relay here", "remediate_relays"), ("relay", "remediate_agents")])
def test_a_slice_with_nothing_to_do_succeeds_and_names_that(story: dict[str, Slice], step: str, playbook: str) -> None:
    nothing = story[step]
    assert (nothing.status, nothing.same) == (0, True), nothing.output
    assert (nothing.report["playbook"], nothing.report["hosts"], nothing.report["passed"]) == (playbook, [], True)
    assert "there was nothing to do" in " ".join(nothing.output.split())
    assert nothing.stats["dsa_result"]["passed"] is True
