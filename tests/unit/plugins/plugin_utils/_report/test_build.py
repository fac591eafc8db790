# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the hosts of a run to what its report says about them."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import load_advisory
from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Texts, message
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report import (
    Report,
    begun_report,
    failing,
    gate_message,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import HostRun, Reading, StageResult
from tests.builders import AFFECTED, FIXED, fleet_of, host_run, manager_computer, record, relay, result
from tests.report_schema import check

from .given import RUN, Finding, Fleet, made_of, outcome, report, text

Stages = Mapping[str, t.Any]
LEFT_OUT = [{"host": "db1", "why": "limit"}, {"host": "db2", "why": "limit"}]


@pytest.mark.parametrize(
    ("stages", "done"),
    [
        ({}, "nothing"),
        ({"precheck": "nothing", "upgrade": "nothing", "update": "nothing", "verify": "nothing"}, "nothing"),
        ({"precheck": "nothing", "upgrade": "done", "update": "done", "verify": "done"}, "upgraded and updated"),
        ({"upgrade": "done", "reboot": "deferred"}, "upgraded"),
        ({"upgrade": "nothing", "update": "done", "verify": "done"}, "updated"),
        ({"update": "done"}, "updated"),
        ({"precheck": "predicted", "upgrade": "predicted", "update": "predicted"}, "would upgrade and update"),
        ({"upgrade": "predicted", "reboot": "deferred", "update": "deferred"}, "would upgrade"),
        ({"upgrade": "nothing", "update": "predicted"}, "would update"),
        ({"precheck": result("precheck", "failed", changed=False)}, "blocked"),
        ({"precheck": result("precheck", "failed", changed=True)}, "failed"),
        ({"precheck": "nothing", "upgrade": "failed"}, "failed"),
        ({"upgrade": "done", "update": "failed"}, "failed"),
        ({"upgrade": "done", "update": "done", "verify": result("verify", "failed", changed=False)}, "failed"),
    ],
)
def test_what_was_done_follows_from_the_results_of_the_stages(stages: Stages, done: str) -> None:
    found = outcome(host_run(record=record(), stages=stages))
    assert (found.done, found.stage) == (done, list(stages)[-1] if stages else None)


def test_a_blocked_host_says_why_in_the_words_of_the_plan() -> None:
    why = text("relay1 comes first")
    found = outcome(host_run(record=record(), planned=True, blocked=why))
    assert (found.done, found.reason_code, found.reason) == ("blocked", "blocked", f"{why.text}.")
    assert (found.verdict, found.action, found.passed) == ("affected", "upgrade", False)


def test_the_report_plans_nothing_itself() -> None:
    found = outcome(host_run(record=record(), planned=True, settings={"dsa_target_version": AFFECTED}))
    assert (found.done, found.reason_code) == ("nothing", "at_or_below_affected")


def test_a_failed_host_says_what_failed_and_where() -> None:
    failed = result("upgrade", "failed", text("dpkg ended with 1"))
    found = outcome(host_run(record=record(), stages={"precheck": "nothing", "upgrade": failed}))
    assert (found.reason_code, found.reason) == ("failed", "here: dpkg ended with 1.")
    assert (found.stage, found.error) == ("upgrade", "upgrade: here: dpkg ended with 1")
    assert not found.passed


def test_a_fixed_host_whose_stage_failed_does_not_pass() -> None:
    found = outcome(host_run(record=record(FIXED), stages={"update": "failed"}))
    assert (found.verdict, found.compliant, found.passed) == ("fixed", True, False)


@pytest.mark.parametrize("fails", [True, False])
def test_a_fixed_host_passes_unless_a_finding_fails_the_gate(fails: bool) -> None:
    found = outcome(host_run(record=record(FIXED)), Finding(text("its service is paused"), fails))
    assert (found.compliant, found.passed) == (True, not fails)
    assert found.reason.endswith("here: its service is paused.")
    assert [finding["fails_gate"] for finding in found.findings] == [fails]


@pytest.mark.parametrize(
    ("host", "verdict", "code", "words"),
    [
        (host_run(unreachable="no route"), "unreachable", "unreachable", "no route"),
        (host_run(unread="no Python"), "unknown", "not_read", "no Python"),
        (host_run(), "unknown", "not_read", ""),
    ],
)
def test_a_host_that_was_not_read_is_in_the_report_and_does_not_pass(
    host: HostRun, verdict: str, code: str, words: str
) -> None:
    found = outcome(host)
    assert (found.verdict_before, found.verdict, found.reason_code) == (verdict, verdict, code)
    assert (found.compliant, found.passed, found.source, found.action) == (False, False, None, "investigate")
    assert words in found.reason and found.reasons[0]["code"]


def test_a_host_in_scope_that_the_fleet_does_not_know_was_not_read() -> None:
    (found,) = made_of(Fleet({}), ["web9"]).outcomes
    assert (found.host, found.verdict, found.reason_code, found.passed) == ("web9", "unknown", "not_read", False)
    assert found.reasons[0]["code"] == "not_read"


def test_a_silent_host_that_was_blocked_says_both() -> None:
    found = outcome(host_run(unreachable="no route", blocked=text("relay1 comes first")))
    assert (found.done, found.reason_code, found.verdict) == ("blocked", "blocked", "unreachable")
    assert len(found.reasons) == 2


def test_one_host_that_cannot_be_judged_does_not_take_the_report_of_the_others() -> None:
    class Broken(Fleet):
        def findings(self, host: HostRun) -> list[Finding]:
            if host.host == "bad":
                raise KeyError("relay9")
            return []

    bad = host_run("bad", record(FIXED), stages={"upgrade": "done"})
    fleet = Broken({"bad": bad, "good": host_run("good", record(FIXED))})
    first, second = made_of(fleet, ["bad", "good"]).outcomes
    assert (first.verdict, first.passed, first.done, first.reason_code) == ("unknown", False, "upgraded", "not_judged")
    assert "relay9" in first.reason
    assert second.passed


def test_before_and_after() -> None:
    run = host_run(record=record(AFFECTED)).after(result("verify", record=record(FIXED)))
    found = outcome(run, proven=True)
    assert (found.verdict_before, found.version_before) == ("affected", AFFECTED)
    assert (found.verdict, found.version, found.updated) == ("fixed", FIXED, True)


def test_a_host_that_did_not_answer_at_first_has_no_build_before() -> None:
    run = host_run(unreachable="no route").with_reading(Reading("read", record(FIXED)))
    found = outcome(run)
    assert (found.verdict_before, found.version_before, found.verdict) == ("unreachable", None, "fixed")


def test_what_replaced_the_certificate_counts_before_and_after() -> None:
    changed = record(AFFECTED, activated=False)
    run = host_run(record=record(AFFECTED), settings={"dsa_certificate_replaced": True}).after(
        result("verify", record=changed)
    )
    assert outcome(run).verdict_before == "mitigated"


def test_target_platform_seconds_and_source() -> None:
    stages = {"upgrade": result("upgrade", seconds=41.26), "verify": result("verify", seconds=3.5)}
    run = host_run(record=record(platform="windows"), stages=stages, work={"tier": "agents", "target": FIXED})
    found = outcome(run)
    assert (found.target, found.platform, found.seconds, found.source) == (FIXED, "windows", 44.8, "host")
    assert outcome(host_run(record=record(version_source="manager"))).source == "manager"


@pytest.mark.parametrize(
    ("required", "stages", "reboot"),
    [
        (False, {}, None),
        (True, {}, "pending"),
        (False, {"reboot": "deferred"}, "pending"),
        (False, {"reboot": "done"}, "done"),
        (False, {"reboot": "nothing"}, None),
        (False, {"reboot": "predicted"}, None),
        (True, {"reboot": result("reboot", "nothing")}, "pending"),
        (False, {"precheck": result("precheck", details={"rebooted": True})}, "done"),
    ],
)
def test_reboots(required: bool, stages: Stages, reboot: str | None) -> None:
    found = outcome(host_run(record=record(reboot={"required": required, "reasons": []}), stages=stages))
    assert found.reboot == reboot


def test_a_stage_that_is_due_and_not_allowed_now_says_why() -> None:
    deferred = result("reboot", "deferred", text("dsa_reboot is never"))
    assert outcome(host_run(record=record(FIXED), stages={"reboot": deferred})).reason.endswith("dsa_reboot is never.")


def test_pre_checks_that_did_not_simply_pass() -> None:
    checks = [
        {"name": "sha2", "result": "pass"},
        {"name": "free_space", "result": "fail", "waived": True, "reason": "1 GiB is missing"},
    ]
    precheck = result("precheck", "done", text("imported root.cer"), details={"checks": checks})
    found = outcome(host_run(record=record(), stages={"precheck": precheck}))
    assert [check["name"] for check in found.prechecks] == ["free_space"]
    assert "imported root.cer. Waived: free_space (1 GiB is missing)" in found.reason


def test_what_a_predicted_upgrade_leaves_in_doubt() -> None:
    doubt = text("no checksum is given")
    predicted = result("upgrade", "predicted", details={"doubt": doubt.as_dict()})
    found = outcome(host_run(record=record(), stages={"upgrade": predicted}), check_mode=True)
    assert found.reasons[-1] == doubt.as_dict()
    assert found.reason.endswith(f"{doubt.text}.")
    assert (found.done, found.ready, found.next["code"]) == ("would upgrade", False, "look_at_failure")


def test_a_thing_is_in_the_reason_once() -> None:
    paused = Finding(message("finding_service_not_running", name="ds_agent", state="paused"))
    stopped = message("finding_service_not_running", name="ds_agent", state="stopped")
    failed = result("verify", "failed", message("relay_failed", host="web1", stage=[stopped]), changed=False)
    found = outcome(host_run(record=record(FIXED), stages={"verify": failed}), paused, paused)
    assert [reason["code"] for reason in found.reasons] == ["relay_failed"]
    assert len(found.findings) == 2
    found = outcome(host_run(record=record(FIXED)), paused, paused)
    assert [reason["code"] for reason in found.reasons][1:] == ["finding_service_not_running"]


def test_reasons_have_codes_and_values_in_the_order_of_the_text() -> None:
    found = outcome(host_run(record=record(FIXED)), Finding(text("first")), Finding(text("second")))
    plain = t.cast(t.Any, found.as_dict())
    assert plain["reasons"][1:] == [text("first").as_dict(), text("second").as_dict()]
    assert plain["reason"].endswith("here: first. here: second.")


def test_a_message_without_a_sentence_is_shown_by_its_code() -> None:
    failed = result("upgrade", "failed", message("no_such_sentence", build="20.0"))
    assert "no_such_sentence" in outcome(host_run(record=record(), stages={"upgrade": failed})).reason


def test_a_run_passes_when_every_host_passed() -> None:
    assert report(host_run("a", record(FIXED)), host_run("b", record(FIXED))).passed
    assert not report(host_run("a", record(FIXED)), host_run("b", record())).passed


def test_a_run_for_nobody_does_not_pass() -> None:
    assert not report(left_out=LEFT_OUT).passed


def test_a_run_with_an_error_does_not_pass() -> None:
    found = report(host_run(record=record(FIXED)), errors=["the Manager's inventory could not be read"])
    assert (found.passed, found.summary()["not_passed"], failing(found)) == (False, 0, [])


def test_a_run_that_did_not_finish_does_not_pass() -> None:
    found = begun_report({**RUN, "left_out": LEFT_OUT}, ["web1", "web2"], load_advisory())
    assert (found.finished, found.passed, found.summary()["verdicts"]) == (None, False, {"unknown": 2})
    assert [outcome.host for outcome in failing(found)] == ["web1", "web2"]
    assert {reason["code"] for one in found.outcomes for reason in one.reasons} == {"run_not_finished"}
    assert {one.next["code"] for one in found.outcomes} == {"run_again"}
    assert (found.advisory, found.limit, len(found.left_out)) == ("KA-0016311", None, 2)


def test_a_run_can_begin_without_an_advisory() -> None:
    assert check(begun_report(RUN, ["web1"]).as_dict())["passed"] is False


def test_who_was_left_out_is_in_the_report() -> None:
    found = t.cast(t.Any, report(host_run(record=record(FIXED)), left_out=LEFT_OUT, limit="web1").as_dict())
    assert (found["passed"], found["limit"], found["left_out"]) == (True, "web1", LEFT_OUT)
    assert found["summary"]["left_out"] == 2


def test_the_reason_of_each_host_that_does_not_pass() -> None:
    found = report(
        host_run("good", record(FIXED)),
        host_run("bad", record()),
        host_run("waits", record(), blocked=text("relay1 comes first")),
        host_run("silent", unreachable="no route"),
        host_run("broken", record(), stages={"upgrade": result("upgrade", "failed", text("dpkg ended with 1"))}),
    )
    texts = Texts("en")
    assert {one.host: gate_message(one, texts) for one in failing(found)} == {
        "bad": "affected: " + texts("next_upgrade"),
        "waits": "blocked: " + texts("next_look_at_failure"),
        "silent": "unreachable: " + texts("next_make_reachable"),
        "broken": "failed: " + texts("next_look_at_failure"),
    }


def test_the_text_of_the_gate_has_nothing_of_the_host_itself() -> None:
    """ansible-core shows each text of failed tasks once, with all hosts that have it."""
    hosts = [host_run(f"web{number}", unreachable=f"no route to 10.0.0.{number}") for number in range(3)]
    blocked = host_run("db1", unreachable="no route", blocked=text("relay1 comes first"))
    found = failing(report(*hosts, blocked, findings={}))
    assert len({gate_message(one, Texts("en")) for one in found}) == 1
    (sick,) = failing(report(host_run(record=record(FIXED)), findings={"web1": [Finding(text("it is paused"))]}))
    assert gate_message(sick, Texts("en")).startswith("finding: ")


def test_a_report_is_the_same_when_it_is_read_again() -> None:
    stages = {"precheck": result("precheck", "failed", details={"checks": [{"name": "sha2", "result": "fail"}]})}
    made = report(host_run(record=record(), stages=stages), findings={"web1": [Finding(text("x"))]}, left_out=LEFT_OUT)
    plain = json.loads(json.dumps(made.as_dict()))
    assert plain == made.as_dict() == Report.from_dict(plain).as_dict()


def test_a_stage_keeps_its_diagnostics_in_the_report() -> None:
    failed = StageResult("update", "failed", text("it hangs"), details={"diagnostics": "/var/d.zip"})
    assert outcome(host_run(record=record(), stages={"update": failed})).diagnostics == "/var/d.zip"


def test_the_fleet_gives_verdicts_findings_and_proven_updates() -> None:
    hosts = [
        relay(),
        host_run("fixed", record(FIXED)),
        host_run("paused", record(FIXED, service={"name": "ds_agent", "state": "paused"})),
        host_run("due", record(FIXED, phase="update_pending")),
        host_run("silent", unreachable="no route"),
    ]
    fleet = fleet_of(*hosts)
    found = {one.host: one for one in made_of(fleet, fleet.hosts).outcomes}
    assert [name for name, one in found.items() if one.passed] == ["relay1", "fixed"]
    assert {name: one.updated for name, one in found.items()} == {
        "relay1": True,
        "fixed": False,
        "paused": False,
        "due": False,
        "silent": False,
    }
    assert {name: one.findings[0]["code"] for name, one in found.items() if one.findings} == {
        "paused": "service_not_running",
        "due": "remediation_pending",
    }


def test_where_a_host_is_and_which_relays_it_may_use() -> None:
    named = host_run("named", record(FIXED), settings={"dsa_relays": ["relay1"], "dsa_site": "osaka"})
    group = host_run("group", record(FIXED), computer=manager_computer(group_id=7))
    fleet = fleet_of(relay("relay1"), relay("relay2"), named, group)
    found = {one.host: one for one in made_of(fleet, fleet.hosts).outcomes}
    assert {name: tuple(one.relays) for name, one in found.items()} == {
        "relay1": (),
        "relay2": (),
        "named": ("relay1",),
        "group": ("relay1", "relay2"),
    }
    assert {name: one.site for name, one in found.items() if one.site} == {"named": "osaka", "group": "group 7"}
    assert (found["named"].platform, found["named"].os) == ("linux", "linux")


def test_relays_are_not_listed_for_every_host_of_a_fleet_that_has_many() -> None:
    fleet = fleet_of(*[relay(f"relay{number}") for number in range(21)], host_run("web1", record(FIXED)))
    assert made_of(fleet, ["web1"]).outcomes[0].relays == ()


def predicted(**stages: t.Any) -> t.Any:
    """What check mode says about an affected host to which this would happen."""
    return outcome(host_run(record=record(), stages=stages), check_mode=True)


@pytest.mark.parametrize(
    ("stages", "ready", "code", "reboot"),
    [
        ({"upgrade": "predicted", "update": "predicted"}, True, "run_without_check", None),
        ({"upgrade": "predicted", "reboot": "predicted"}, True, "run_without_check", "would reboot"),
        ({"upgrade": "predicted", "reboot": "deferred"}, True, "run_without_check", "would wait"),
        (
            {"precheck": result("precheck", "failed", message("precheck_stopped", why="x"))},
            False,
            "remove_obstacle",
            None,
        ),
        ({"upgrade": "predicted", "reboot": result("reboot", "failed")}, False, "look_at_reading", None),
        ({}, False, "upgrade", None),
    ],
)
def test_check_mode_says_whether_a_host_is_ready(stages: Stages, ready: bool, code: str, reboot: str | None) -> None:
    would = {
        "upgrade": message("would_upgrade", before="a", target="b", source="c"),
        "update": message("would_update"),
        "reboot": message("would_reboot", reasons="r"),
    }
    given = {
        name: what if isinstance(what, StageResult) else result(name, what, would[name])
        for name, what in stages.items()
    }
    found = predicted(**given)
    assert (found.ready, found.next["code"], found.reboot) == (ready, code, reboot)
    assert outcome(host_run(record=record(), stages=given), check_mode=False).ready is None
    assert outcome(host_run(record=record(), stages=given), check_mode=True, playbook="gate").ready is None


def test_a_certificate_that_is_imported_first_may_need_a_reboot() -> None:
    parts = message("parts", parts=[message("would_reboot_first", reasons="cbs")])
    found = predicted(precheck=result("precheck", "predicted", parts), upgrade=result("upgrade", "predicted"))
    assert found.reboot == "would reboot"


def test_a_host_that_complies_is_ready_and_one_that_cannot_be_read_is_not() -> None:
    assert outcome(host_run(record=record(FIXED)), check_mode=True).ready is True
    assert outcome(host_run(unreachable="no route"), check_mode=True).ready is False
    assert outcome(host_run(record=record(), blocked=text("relay1")), check_mode=True).ready is False


def test_what_stands_in_the_way_of_a_change_window() -> None:
    would = {"upgrade": "predicted", "reboot": "deferred", "update": "predicted"}
    hosts = [
        host_run("complies", record(FIXED)),
        host_run("upgrade", record(), stages=t.cast(t.Any, would)),
        host_run("update", record(FIXED), stages={"update": "predicted"}),
        host_run("waits", record(), blocked=message("no_target", platform="linux", fixed_from=FIXED)),
        host_run("silent", unreachable="no route"),
    ]
    found = report(*hosts, check_mode=True, gate_on="readiness")
    assert found.readiness() == {
        "complies": 1,
        "would_upgrade": 1,
        "would_update": 2,
        "would_reboot": 0,
        "would_reboot_later": 1,
        "silent": 1,
        "blocked": {"no_target": 1},
        "ready": False,
    }
    assert (found.passed, report(*hosts[:3], check_mode=True, gate_on="readiness").passed) == (False, True)
    assert report(*hosts[:3], check_mode=True).passed is False, "the gate is about compliance by default"
    assert report(*hosts[:3]).readiness() is None
    assert report(check_mode=True, gate_on="readiness").passed is False, "no host, nothing proven"
