# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A playbook's plays, one query after the other: who is in each of them, and what ends the run with status 2."""

from __future__ import annotations

import json
import typing as t
from unittest.mock import Mock

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible import planning
from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.report import gate_of
from tests import report_schema
from tests.builders import AFFECTED, FIXED, manager_computer, record
from tests.documents import document, failing, recent, row
from tests.unit.controller import Controller

DONE = record(FIXED, phase="done")


def refused(controller: Controller, *terms: str, **options: t.Any) -> str:
    """What was shown when the run ended with the status of a gate that did not pass."""
    with pytest.raises(SystemExit) as caught:
        controller.query(*terms, **options)
    assert caught.value.code == 2
    return str(controller.shown.lines[-1])


def read(controller: Controller, playbook: str = "remediate", /, **records: t.Any) -> list[str]:
    """The hosts to read, when the plays that come first have begun; records: what was then read of them."""
    assert controller.query("begin")
    assert controller.query("enter") == ["enter"]
    names = controller.query("read", playbook=playbook)
    for name, content in records.items():
        controller.run().journal.append(name, "read", status="read", record=content)
    return names


def gate(controller: Controller) -> list[str]:
    """The hosts that fail, when the report has been made."""
    controller.query("report", playbook="gate")
    return controller.query("gate")


def merge(controller: Controller) -> list[str]:
    """The same of a report that is made of others, and when the run has ended."""
    controller.query("begin")
    assert len(made(controller)) == 1, "the host that publishes it"
    failing = controller.query("gate")
    return failing or controller.query("end")


def test_a_run_begins_with_one_host_and_reads_all(controller: Controller) -> None:
    controller.inventory(["web1", "web2"])
    assert controller.query("begin") == ["web1"]
    assert read(controller) == ["web1", "web2"]
    begun = controller.reported()
    assert (begun["finished"], begun["passed"], len(begun["hosts"])) == (None, False, 2), "an older report is gone"


@pytest.mark.parametrize("option", ["listhosts", "syntax"])
def test_a_list_names_all_hosts_and_begins_nothing(controller: Controller, option: str) -> None:
    controller.inventory(["web1", "web2"]).command_line(**{option: True})
    assert [controller.query(term) for term in ("begin", "read", "relays", "gate")] == [["web1", "web2"]] * 2 + [[]] * 2
    assert (controller.begun, controller.report.exists()) == (False, False)


def made(controller: Controller) -> list[str]:
    """The host that publishes the report, when it was made: one of others where they are named."""
    of_others = "dsa_report_from" in controller.play
    if of_others:
        assert controller.query("fetching", playbook="report") == [], "all of them are here"
    return controller.query("report", playbook="report" if of_others else "gate")


def fails(controller: Controller, name: str = "web1") -> str:
    """The errors of a run, when its report has been made: one host fails in its place."""
    made(controller)
    assert controller.query("gate") == [name]
    assert message(controller, name) == "the run proves nothing, as it has errors, which the report names"
    return str((controller.run().journal.last("report") or {})["error"])


def message(controller: Controller, name: str) -> str:
    """What a host fails with."""
    return (gate_of(controller.run(), name) or {})["msg"]


@pytest.mark.parametrize("hosts", [["web1", "web2"], []], ids=["hosts", "no inventory"])
def test_a_run_without_a_host_proves_nothing(controller: Controller, hosts: list[str]) -> None:
    controller.inventory(hosts).play = {"dsa_hosts": "typo"}
    assert controller.query("read", playbook="gate") == []
    name = (hosts or ["localhost"])[0]
    assert "typo matches no host of the inventory" in fails(controller, name)
    assert (controller.reported()["passed"], len(controller.reported()["errors"])) == (False, 1)


@pytest.mark.parametrize("gate", [True, False], ids=["gate", "no gate"])
def test_errors_of_a_run_fail_all_hosts_of_awx_for_a_relaunch_and_one_anywhere_else(
    controller: Controller, gate: bool
) -> None:
    """dsa_gate: false forgives hosts that do not pass, and no run that proves nothing."""
    controller.inventory(["web1", "web2", "web3"])
    controller.play = {"dsa_gate": gate, "dsa_hosts": "!web2"}
    read(controller, web1=DONE, web3=DONE)
    controller.run().fail("the Manager did not answer")
    assert fails(controller) == "the Manager did not answer"
    controller.play["awx_job_id"] = 7
    assert controller.query("gate") == ["web1", "web3"]
    assert message(controller, "web3") == "the run proves nothing, as it has errors: the Manager did not answer"
    assert (controller.run().journal.last("report") or {})["result"]["passed"] is False, "for the next node"
    assert "web1, web3 did not pass, and the task that fails" in refused(controller, "end")


def test_a_playbook_that_is_run_in_parts_is_refused(controller: Controller) -> None:
    controller.command_line(tags=["foo"])
    assert "would leave out parts of the playbook gate" in refused(controller, "read", playbook="gate")
    assert "--tags foo" in controller.reported()["errors"][0]


def test_an_own_playbook_with_other_tags_leaves_ours_out(controller: Controller) -> None:
    controller.command_line("site.yml", tags=["own"])
    controller.query("begin")
    assert [controller.query(term, playbook="gate") for term in ("read", "relays", "gate", "end")] == [[]] * 4
    assert controller.begun is False
    assert read(controller, "gate") == ["web1"], "a task of ours was seen: its tags let it run"


def test_each_import_has_a_journal_of_its_own(controller: Controller) -> None:
    """What the first one found and did must not stand for the next one, also where the first one was cut off."""
    runs = []
    for end in ((), ("report", "gate", "end"), ()):
        read(controller, "gate", web1=DONE)
        runs.append(controller.run().journal.run_id)
        for term in end:
            assert controller.query(term) == (["web1"] if term == "report" else [])
    assert len(set(runs)) == 3
    assert len(controller.entries("web1", "read")) == 1


def test_after_the_end_what_follows_has_a_journal_of_its_own(controller: Controller) -> None:
    read(controller, "gate", web1=DONE)
    assert gate(controller) == []
    controller.query("end")
    assert controller.begun is False


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("\u306f\u3044", "dsa_target_version: "),
        ({"linux": "x"}, "dsa_target_version.linux: "),
        ({"lunix": FIXED}, "dsa_target_version.lunix is not a platform; known are linux"),
        ({"linux": AFFECTED}, f"dsa_target_version.linux is {AFFECTED}, which is affected on linux"),
    ],
)
def test_a_target_that_is_none_is_found_before_a_host_is_read(
    controller: Controller, target: object, problem: str
) -> None:
    """Also where no host needs it today."""
    controller.inventory({name: {"dsa_target_version": target} for name in ("web1", "web2")})
    read(controller, web1=DONE, web2=DONE)
    (error,) = controller.run().errors
    assert problem in error
    assert error.endswith("Nothing was changed")
    assert "web1" in error


def test_a_gate_needs_no_target(controller: Controller) -> None:
    controller.inventory({"web1": {"dsa_target_version": "x"}})
    read(controller, "gate", web1=DONE)
    assert controller.run().errors == []


# What goes wrong after the beginning is in the report, and nobody is worked on


@pytest.mark.parametrize("error", [RuntimeError("a defect"), KeyError("x")], ids=["runtime", "key"])
def test_an_unexpected_error_of_the_plan_is_in_the_report(
    controller: Controller, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    read(controller, web1=record(AFFECTED))
    with monkeypatch.context() as broken:
        broken.setattr(planning, "make_plan", Mock(side_effect=error))
        assert controller.query("agents") == []
    for terms in (["agents"], ["agents", "batches"], ["relays"]):
        assert controller.query(*terms) == []
    assert repr(error) in fails(controller)
    assert controller.reported()["errors"] == [f"unexpected error, please report it: {error!r}"]


# The gate


def test_the_gate_fails_every_host_that_does_not_pass(controller: Controller) -> None:
    controller.inventory(["web1", "web2", "web3"])
    read(controller, "gate", web1=record(AFFECTED), web2=DONE, web3=record(AFFECTED))
    assert gate(controller) == ["web1", "web3"]
    assert controller.reported()["passed"] is False


def test_a_host_with_nothing_but_a_finding_is_failed(controller: Controller) -> None:
    """Its build has the fix, and it does not answer."""
    read(controller, "gate", web1=record(FIXED, phase="done", running=False, service={"name": "x", "state": "stopped"}))
    assert gate(controller) == ["web1"]
    (outcome,) = controller.reported()["hosts"]
    assert (outcome["compliant"], outcome["passed"]) == (True, False)


def test_a_gate_that_is_off_fails_nobody_and_reports(controller: Controller) -> None:
    controller.play = {"dsa_gate": False}
    read(controller, "gate", web1=record(AFFECTED))
    assert (gate(controller), controller.query("end")) == ([], [])
    assert controller.reported()["passed"] is False


@pytest.mark.parametrize("value", ["", "ture", None])
def test_only_a_clear_no_switches_the_gate_off(controller: Controller, value: object) -> None:
    controller.inventory({"web1": {"dsa_gate": value}})
    read(controller, "gate", web1=record(AFFECTED))
    if value == "ture":
        assert "dsa_gate is 'ture'" in fails(controller)
    else:
        assert gate(controller) == ["web1"]


def test_a_gate_behind_no_beginning_proves_nothing(controller: Controller) -> None:
    assert "the run was not begun" in refused(controller, "report")


def test_a_gate_without_a_report_proves_nothing(controller: Controller) -> None:
    assert "the report was not made" in refused(controller, "gate")
    read(controller, "gate", web1=DONE)
    assert "the report was not made" in refused(controller, "gate")


def test_hosts_on_which_the_task_of_the_gate_did_not_run_end_the_run(controller: Controller) -> None:
    names = ["web1", "web\n2", *(f"web{number}" for number in range(3, 6))]
    controller.inventory(names)
    read(controller, "gate", **dict.fromkeys(names, record(AFFECTED)))
    gate(controller)
    controller.run().journal.append("web1", "gated")
    assert "web 2, web3, web4 and 1 more did not pass" in refused(controller, "end")
    for name in names[1:]:
        controller.run().journal.append(name, "gated")
    assert controller.query("end") == []


# Who works


def test_a_tier_has_its_hosts_and_batches(controller: Controller) -> None:
    by_task = {"dsa_upgrade_through": "manager", "dsm_computer": manager_computer()}
    controller.inventory({"web1": {}, "web2": by_task, "web3": {}, "relay1": {}}, relays=["relay1"])
    read(controller, **dict.fromkeys(controller.hosts, record(AFFECTED)))
    assert (controller.query("relays"), controller.query("relays", "batches")) == (["relay1"], [1])
    assert (controller.query("agents"), controller.query("agents", "batches")) == (["web1", "web3"], [1, 1])
    assert controller.query("agents", "by_manager") == ["web2"]
    assert controller.query("agents", "by_manager", "batches") == [1]
    assert controller.query("relays", "by_manager") == []


def test_a_term_that_does_not_exist_is_an_error_of_the_run(controller: Controller) -> None:
    read(controller)
    assert controller.query("agnets") == []
    assert "dsa_run has no agnets" in controller.run().errors[0]


# --- one report of others -------------------------------------------------------------------------------------------


def merging(controller: Controller, *parts: dict[str, t.Any], path: str = "", **play: t.Any) -> None:
    """Reports of other runs, to make one of."""
    files = []
    for number, part in enumerate(parts):
        files.append(controller.temporary / f"part-{number}.json")
        files[-1].write_text(json.dumps(recent(part)), encoding="utf-8")
    controller.command_line("deep_security.remediation.report")
    controller.play = {"dsa_report_from": [path or str(file) for file in files], **play}


def test_one_report_is_made_of_others(controller: Controller) -> None:
    controller.inventory(["a", "b"])
    merging(controller, document([row("a")]), document([row("b")], run_id="b"))
    assert merge(controller) == []
    found = report_schema.check(controller.reported())
    assert (found["passed"], found["playbook"], len(found["merged_from"])) == (True, "report", 2)
    assert not controller.begun, "what follows is a run of its own"


def test_a_report_that_is_too_old_keeps_the_whole_from_passing(controller: Controller) -> None:
    controller.inventory(["a"])
    merging(controller, document([row("a")]), dsa_report_max_age=0.1)
    made(controller)
    found = report_schema.check(controller.reported())
    assert (found["passed"], len(found["errors"]), found["hosts"][0]["verdict"]) == (False, 1, "fixed")
    assert "dsa_report_max_age is 0.1" in found["errors"][0]


def test_a_host_of_the_inventory_that_no_report_has_keeps_it_from_passing(controller: Controller) -> None:
    controller.inventory(["a", "b"])
    merging(controller, document([row("a")]), dsa_report_formats=["json"])
    assert merge(controller) == ["b"]
    assert {each["host"]: each["verdict"] for each in controller.reported()["hosts"]} == {
        "a": "fixed",
        "b": "unreachable",
    }


def test_without_an_inventory_the_hosts_of_the_reports_count(controller: Controller) -> None:
    controller.inventory([])
    merging(controller, document([row("a"), row("r", role="relay")]), dsa_report_roles=["agent"])
    assert merge(controller) == []
    found = controller.reported()
    assert [each["host"] for each in found["hosts"]] == ["a"]
    assert found["left_out"] == [{"host": "r", "why": "role"}]


def test_hosts_of_reports_that_the_inventory_lacks_cannot_fail_and_end_the_run(controller: Controller) -> None:
    controller.inventory([])
    merging(controller, document([failing("a")]))
    assert made(controller) == ["localhost"]
    assert controller.query("gate") == ["localhost"]
    assert message(controller, "localhost") == "a did not pass, and this inventory does not have them"
    assert "localhost did not pass" in refused(controller, "end"), "its task did not run"


def test_a_waiver_of_the_run_that_merges_counts_for_hosts_of_the_reports(controller: Controller) -> None:
    waiver = {"hosts": "a", "verdicts": ["affected"], "reason": "late", "owner": "ops", "expires": "9999-12-31"}
    controller.inventory([])
    merging(controller, document([failing("a")]), dsa_waivers=[waiver])
    assert merge(controller) == []
    assert controller.reported()["summary"]["waived"] == 1


def test_a_gate_that_is_off_merges_and_passes_over_hosts(controller: Controller) -> None:
    merging(controller, document([failing("web1")]), dsa_gate=False)
    assert merge(controller) == []
    assert controller.reported()["passed"] is False


def test_the_report_may_take_the_place_of_one_that_it_is_made_of(controller: Controller) -> None:
    controller.report.parent.mkdir()
    controller.report.write_text(json.dumps(recent(document([row("web1")]))), encoding="utf-8")
    merging(controller, document(), path=str(controller.report))
    assert merge(controller) == []
    assert controller.reported()["playbook"] == "report"


def test_a_report_that_it_is_made_of_stays_where_another_cannot_be_read(controller: Controller) -> None:
    controller.report.parent.mkdir()
    controller.report.write_text(json.dumps(recent(document([row("web1")]))), encoding="utf-8")
    merging(controller, document())
    controller.play["dsa_report_from"] = [str(controller.report), "/nope.json"]
    assert "/nope.json, and there is no such file" in fails(controller)
    assert controller.reported()["playbook"] == "gate"


@pytest.mark.parametrize(
    ("play", "named"),
    [
        ({"dsa_report_formats": ["pdf"]}, "dsa_report_formats"),
        ({"dsa_report_langage": "ja"}, None),
        ({"dsa_waivers": [{"hosts": "a"}]}, "dsa_waivers[0]"),
        ({"dsa_report_baseline": "/nope.json"}, "dsa_report_baseline"),
    ],
    ids=["format", "unknown name", "waiver", "baseline"],
)
def test_what_is_wrong_with_settings_is_found_without_an_inventory(
    controller: Controller, play: dict[str, t.Any], named: str | None
) -> None:
    controller.inventory([])
    merging(controller, document([row("a")]), **play)
    if named is None:
        made(controller)
        assert ["dsa_report_langage" in each for each in controller.reported()["warnings"]] == [True]
        return
    assert named in fails(controller, "localhost")
    assert named in controller.reported()["errors"][0]
