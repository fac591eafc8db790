# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A waiver lets a host pass, and changes nothing else."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.model import Outcome, Report
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.waivers import (
    FINDINGS,
    VERDICTS,
    Waiver,
    apply,
    combined,
    of_prechecks,
    parse,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SETTINGS, SettingsError
from tests.documents import Row, document, failing, row

TODAY = "2026-11-27"
FINDING = {
    "code": "agent_silent",
    "values": {},
    "message": "It gives no answer.",
    "sentence": "finding_agent_silent",
    "fails_gate": True,
}
HARMLESS = {**FINDING, "code": "reboot_pending", "fails_gate": False}
ENTRY: dict[str, t.Any] = {
    "hosts": "web-*",
    "verdicts": ["affected"],
    "reason": "it is replaced in January",
    "owner": "ops@example.com",
    "expires": TODAY,
}


def waiver(*codes: str, hosts: t.Iterable[str] = ("web-1", "web-2"), **changes: t.Any) -> Waiver:
    """A waiver of these verdicts and findings."""
    return Waiver(
        **{
            "pattern": "web-*",
            "verdicts": tuple(code for code in codes if code in VERDICTS),
            "findings": tuple(code for code in codes if code in FINDINGS),
            "reason": "it is replaced in January",
            "owner": "ops@example.com",
            "expires": TODAY,
            "hosts": frozenset(hosts),
            **changes,
        }
    )


def report(*rows: Row) -> Report:
    """A report with these hosts."""
    return Report.from_dict(document(rows))


def outcome(host: Row, *waivers: Waiver) -> Outcome:
    """What one host is with these waivers."""
    return apply(report(host), waivers, TODAY).outcomes[0]


def parsed(**changes: t.Any) -> Waiver:
    """ENTRY, as it comes from the settings."""
    entries = SETTINGS["dsa_waivers"].parse([{**ENTRY, **changes}], "dsa_waivers")
    return parse(entries)[0]


# --- what is written ------------------------------------------------------------------------------------------------


def test_an_entry_of_the_settings_is_a_waiver() -> None:
    assert parsed() == waiver("affected", hosts=())


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"verdicts": ["fixed"]}, "dsa_waivers[0].verdicts is ['fixed']; its entries can be affected, conditional"),
        ({"verdicts": None, "findings": ["agent_slient"]}, "dsa_waivers[0].findings is ['agent_slient']; its entries"),
        ({"verdicts": None, "findings": ["reboot_pending"]}, "dsa_waivers[0].findings is ['reboot_pending']"),
    ],
    ids=["verdict that passes", "unknown finding", "finding that passes"],
)
def test_what_needs_no_waiver_and_what_there_is_not_is_refused(changes: dict[str, t.Any], named: str) -> None:
    with pytest.raises(SettingsError) as error:
        parsed(**changes)
    assert named in str(error.value)


def test_the_number_of_an_entry_is_named() -> None:
    entries = [{**ENTRY, "findings": []}, {**ENTRY, "verdicts": ["afected"], "findings": []}]
    with pytest.raises(SettingsError, match=r"dsa_waivers\[1\]\.verdicts is \['afected'\]"):
        parse(entries)


# --- who passes by it -----------------------------------------------------------------------------------------------


def test_a_host_whose_verdict_is_waived_passes_and_shows_by_what() -> None:
    found = outcome(failing("web-1"), waiver("affected"))
    assert found.passed
    assert found.waived == [
        {
            "for": "verdict",
            "code": "affected",
            "reason": "it is replaced in January",
            "owner": "ops@example.com",
            "expires": TODAY,
        }
    ]


def test_a_finding_is_waived_by_its_code() -> None:
    silent = row("web-1", passed=False, findings=[HARMLESS, FINDING])
    assert [each["code"] for each in outcome(silent, waiver("agent_silent")).waived] == ["agent_silent"]
    assert not outcome(silent, waiver("affected")).passed


def test_several_waivers_together_let_a_host_pass() -> None:
    both = failing("web-1", findings=[FINDING])
    found = outcome(both, waiver("affected"), waiver("agent_silent", owner="net@example.com"))
    assert found.passed
    assert [(each["for"], each["owner"]) for each in found.waived] == [
        ("verdict", "ops@example.com"),
        ("finding", "net@example.com"),
    ]


@pytest.mark.parametrize(
    "host",
    [
        failing("web-1", findings=[FINDING]),
        failing("web-1", verdict="indeterminate"),
        failing("db-1"),
        failing("web-1", error="upgrade: the package is broken", done="failed"),
        failing("web-1", error="precheck: no room", done="blocked"),
        failing("web-1", reasons=[{"code": "run_not_finished", "values": {}}]),
        failing("web-1", reasons=[{"code": "relays_first", "values": {}}, {"code": "not_read", "values": {}}]),
        row("web-1", passed=False, error="verify: lost"),
    ],
    ids=[
        "a finding too",
        "another verdict",
        "another host",
        "failed",
        "pre-check failed",
        "run not finished",
        "blocked and not read",
        "failed with a verdict that complies",
    ],
)
def test_what_is_not_waived_altogether_is_not_waived_at_all(host: Row) -> None:
    found = outcome(host, waiver(*VERDICTS[:1]), waiver("unknown"))
    assert not found.passed
    assert found.waived == []


@pytest.mark.parametrize("code", ["in_no_report", "not_judged", "not_read", "run_not_finished"])
@pytest.mark.parametrize("verdict", ["unknown", "unreachable"])
def test_a_host_of_which_nothing_is_known_does_not_pass(code: str, verdict: str) -> None:
    host = failing("web-1", verdict=verdict, reasons=[{"code": code, "values": {}}])
    assert not outcome(host, waiver(verdict)).passed


@pytest.mark.parametrize(
    "host",
    [
        failing("web-1", verdict="unreachable"),
        failing("web-1", verdict="unknown", reasons=[{"code": "not_readable", "values": {"why": "no Python"}}]),
        failing("web-1", done="blocked", reason_code="blocked", reasons=[{"code": "relays_first", "values": {}}]),
    ],
    ids=["silent", "not readable", "blocked"],
)
def test_a_host_that_the_run_tried_to_read_can_pass(host: Row) -> None:
    assert outcome(host, waiver("unreachable", "unknown", "affected")).passed


def test_a_host_that_passes_by_itself_uses_no_waiver() -> None:
    found = apply(report(row("web-1", findings=[HARMLESS])), [waiver("affected", *FINDINGS)], TODAY)
    assert found.outcomes[0].waived == []
    assert [each["state"] for each in found.waivers] == ["unused"]


# --- how long -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expires", "passed", "state"),
    [("2026-11-26", False, "expired"), ("2026-11-27", True, "applied"), ("2027-01-01", True, "applied")],
)
def test_it_counts_through_its_last_day(expires: str, passed: bool, state: str) -> None:
    found = apply(report(failing("web-1")), [waiver("affected", expires=expires)], TODAY)
    assert found.outcomes[0].passed is passed
    assert [each["state"] for each in found.waivers] == [state]


# --- how it is listed -----------------------------------------------------------------------------------------------


def test_each_waiver_is_listed_with_the_hosts_that_pass_by_it() -> None:
    rows = [failing("web-2"), failing("web-1"), failing("db-1"), row("web-3")]
    waivers = [
        waiver("affected", expires="2026-12-01"),
        waiver("affected", pattern="nobody", hosts=(), expires="2026-11-30"),
    ]
    unused, applied = apply(report(*rows), waivers, TODAY).waivers
    assert unused == {
        "kind": "gate",
        "hosts": "nobody",
        "verdicts": ["affected"],
        "findings": [],
        "checks": [],
        "reason": "it is replaced in January",
        "owner": "ops@example.com",
        "expires": "2026-11-30",
        "state": "unused",
        "used_by": [],
    }
    assert (applied["state"], applied["used_by"]) == ("applied", ["web-1", "web-2"])


def test_the_first_that_covers_a_thing_is_the_one_that_is_used() -> None:
    waivers = [waiver("affected", reason="first"), waiver("affected", reason="second")]
    states = {each["reason"]: each["state"] for each in apply(report(failing("web-1")), waivers, TODAY).waivers}
    assert states == {"first": "applied", "second": "unused"}


def test_prechecks_that_are_waived_stand_in_the_same_list() -> None:
    check = {"name": "free_space", "result": "fail", "reason": "too little", "waived": True}
    found = report(row("web-1", prechecks=[check]), row("web-2", prechecks=[{**check, "waived": False}]))
    listed = combined(of_prechecks(["shared_dlls", "free_space", "free_space"], found.outcomes), found.outcomes)
    assert [(each["kind"], each["checks"], each["state"], each["used_by"]) for each in listed] == [
        ("precheck", ["free_space"], "applied", ["web-1"]),
        ("precheck", ["shared_dlls"], "unused", []),
    ]
    assert {each["reason"] for each in listed} == {"dsa_precheck_waive"}


# --- nothing else ---------------------------------------------------------------------------------------------------

ROWS = st.builds(
    lambda make, done, findings, error: make("web-1", done=done, findings=findings, error=error),
    st.sampled_from([row, failing, lambda host, **more: failing(host, "unreachable", **more)]),
    st.sampled_from(["nothing", "blocked", "upgraded"]),
    st.sampled_from([[], [HARMLESS], [FINDING], [FINDING, HARMLESS]]),
    st.sampled_from([None, "upgrade: broken"]),
).map(lambda host: {**host, "passed": _by_itself(host)})
WAIVERS = st.lists(
    st.builds(
        lambda codes, hosts, expires: waiver(*codes, hosts=hosts, expires=expires),
        st.lists(st.sampled_from([*VERDICTS, "agent_silent"]), min_size=1),
        st.sampled_from([("web-1",), ("web-2",)]),
        st.sampled_from(["2026-11-26", TODAY]),
    ),
    max_size=4,
)


def _by_itself(host: Row) -> bool:
    return bool(host["compliant"] and not host["error"] and not any(each["fails_gate"] for each in host["findings"]))


@given(ROWS, WAIVERS)
def test_a_waiver_changes_nothing_but_whether_a_host_passes(host: Row, waivers: list[Waiver]) -> None:
    before = report(host)
    after = apply(before, waivers, TODAY)
    now = after.outcomes[0]
    assert replace(now, passed=before.outcomes[0].passed, waived=before.outcomes[0].waived) == before.outcomes[0]
    assert replace(after, outcomes=before.outcomes, waivers=before.waivers) == before
    assert now.passed == (before.outcomes[0].passed or bool(now.waived))
    assert before.outcomes[0].passed <= now.passed
    assert not (now.waived and now.error)
    assert len(after.waivers) <= len(waivers)
    old, new = before.as_dict(), after.as_dict()
    assert {name for name in old if old[name] != new[name]} <= {"passed", "summary", "waivers", "hosts"}
    counts = {name for name, count in old["summary"].items() if count != new["summary"][name]}
    assert counts <= {"passed", "not_passed", "waived", "roles", "platforms", "sites", "builds"}
