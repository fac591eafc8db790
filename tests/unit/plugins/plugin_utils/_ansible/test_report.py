# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a run: who is in it, and what keeps it from passing although every host passes."""

from __future__ import annotations

import os

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible import report
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report import Report
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.terminal import sentence
from tests.builders import AFFECTED, FIXED, record
from tests.unit.controller import Controller

DONE = record(FIXED, phase="done")


def test_a_run_whose_hosts_pass_passes(controller: Controller) -> None:
    ended = report.end(controller.begin(web1=DONE))
    assert (ended.report.passed, ended.error, dict(ended.failing)) == (True, "", {})
    assert controller.reported()["passed"] is True
    assert controller.entries("", "report")[0]["passed"] is True


@pytest.mark.parametrize("what", ["folder", "fifo"])
def test_a_report_that_cannot_be_written_at_the_end_does_not_pass(controller: Controller, what: str) -> None:
    """A disk that is full by now, or a file that somebody put there."""
    run = controller.begin(web1=DONE)
    (controller.report.mkdir if what == "folder" else lambda: os.mkfifo(controller.report))()
    ended = report.end(run)
    assert f"dsa_report_path is {controller.report}, which is no file" in ended.error
    assert (ended.problem, ended.passed) == (ended.error, False)
    assert controller.entries("", "report")[0]["passed"] is False
    assert not controller.report.is_file(), "a device is not replaced by a file"


def test_a_journal_with_a_line_that_cannot_be_read_does_not_pass(controller: Controller) -> None:
    """The line may have recorded a failure."""
    run = controller.begin(web1=DONE)
    with run.journal.path.open("ab") as stream:
        stream.write(b'{"host": "web1", "kind": "stage", "outco\n')
    ended = report.end(run)
    assert ended.report.passed is False
    assert f"1 lines of the run journal {run.journal.path} cannot be read" in ended.error


def test_a_report_about_nobody_does_not_pass(controller: Controller) -> None:
    run = controller.inventory({"web1": {"dsa_report_roles": ["relay"]}}).begin(web1=DONE)
    ended = report.end(run)
    assert ended.report.passed is False
    assert "there is no host to report on, and nothing is proven" in ended.error


def test_only_the_roles_that_are_named_are_in_the_report(controller: Controller) -> None:
    roles = {"dsa_report_roles": ["relay"]}
    run = controller.inventory({"web1": roles, "relay1": roles}, relays=["relay1"]).begin(web1=DONE, relay1=DONE)
    ended = report.end(run)
    assert [outcome.host for outcome in ended.report.outcomes] == ["relay1"]
    assert list(ended.report.left_out) == [{"host": "web1", "why": "role"}]


@pytest.mark.parametrize(
    ("playbook", "about"),
    [("remediate_relays", ["relay1"]), ("remediate_agents", ["web1"]), ("remediate", ["web1", "relay1"])],
)
def test_a_playbook_for_one_tier_is_about_that_tier_whatever_is_set(
    controller: Controller, playbook: str, about: list[str]
) -> None:
    roles = {"dsa_report_roles": {"remediate_agents": ["relay"], "remediate_relays": ["agent"]}.get(playbook, [])}
    controller.inventory({"web1": roles, "relay1": roles}, relays=["relay1"])
    ended = report.end(controller.begin(playbook, web1=DONE, relay1=DONE))
    assert [outcome.host for outcome in ended.report.outcomes] == about


def test_only_hosts_of_the_scope_are_in_the_report_and_the_others_are_named(controller: Controller) -> None:
    controller.inventory(["web1", "web2", "web3"]).command_line(subset="web1,web2")
    controller.play = {"dsa_hosts": "web1,web3"}
    ended = report.end(controller.begin(web1=DONE))
    assert [outcome.host for outcome in ended.report.outcomes] == ["web1"]
    left_out = {entry["host"]: entry["why"] for entry in ended.report.left_out}
    assert left_out == {"web2": "dsa_hosts", "web3": "limit"}
    assert (ended.report.limit, ended.report.dsa_hosts) == ("web1,web2", "web1,web3")


def test_settings_that_are_wrong_by_now_are_errors_and_every_host_is_there(controller: Controller) -> None:
    run = controller.begin(web1=DONE)
    controller.hosts["web1"]["dsa_reboot"] = "mayby"
    ended = report.end(run)
    assert "dsa_reboot" in ended.error
    assert [outcome.passed for outcome in ended.report.outcomes] == [False]


def test_a_refused_run_replaces_the_older_report(controller: Controller) -> None:
    controller.report.parent.mkdir()
    controller.report.write_text('{"passed": true}', encoding="utf-8")
    assert report.refused(controller.run(), "no host") == "no host"
    assert (controller.reported()["passed"], controller.reported()["errors"]) == (False, ["no host"])


def test_hosts_that_the_gate_did_not_fail_are_found(controller: Controller) -> None:
    run = controller.inventory(["a", "a,a"]).begin()
    for name in controller.hosts:
        run.journal.append(name, "read", status="read", record=record(AFFECTED))
    report.end(run)
    run.journal.append("a", "gated")
    assert report.spared(run) == ["a,a"]


# A tier without a host, as in a slice of a fleet

RELAY, AGENT = record(FIXED, phase="done", relay=True), record(AFFECTED)


@pytest.mark.parametrize(
    ("playbook", "roles", "read", "passed"),
    [
        ("remediate_agents", ["agent", "appliance", "manager"], RELAY, True),
        ("remediate_relays", ["relay"], AGENT, True),
        # It may be a Relay.
        ("remediate_relays", ["relay"], None, False),
        # The whole fleet has to have hosts.
        ("gate", ["relay"], AGENT, False),
        ("remediate", ["relay"], AGENT, False),
    ],
)
def test_only_a_tier_whose_hosts_are_all_of_the_other_passes_without_hosts(
    controller: Controller, playbook: str, roles: list[str], read: dict[str, object] | None, passed: bool
) -> None:
    controller.inventory({"web1": {"dsa_report_roles": roles}})
    ended = report.end(controller.begin(playbook, **({"web1": read} if read else {})))
    assert (ended.passed, ended.document["hosts"]) == (passed, [])
    assert ("there is no host to report on" in ended.error) is not passed
    assert ("there was nothing to do" in sentence(ended.document, ended.texts)) is passed
    assert Report.from_dict(ended.document).passed is passed, "also in a report that is made of it"
