# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several reports are one report: of whatever order, never better than its parts."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.merge import merge
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.model import Report
from tests import report_schema
from tests.documents import WAIVER, Row, document, failing, row

MADE_BY = Report.from_dict(document([], run_id="merging", playbook="report", check_mode=False))
APPLIED = {**WAIVER, "state": "applied", "used_by": ["web-1"]}
WAIVED: dict[str, t.Any] = {
    "passed": True,
    "waived": [{"for": "verdict", "code": "affected", "reason": "late", "owner": "ops", "expires": "2026-12-31"}],
}


def at(hour: int) -> str:
    """A time of the night."""
    return f"2026-11-27T{hour:02}:00:00+00:00"


def report(*rows: Row, hour: int = 2, **run: t.Any) -> Report:
    """A run that began at this hour and took one."""
    times = {"run_id": f"run-{hour}", "started": at(hour), "finished": at(hour + 1)}
    return Report.from_dict(document([{**each} for each in rows], **{**times, **run}))


def merged(*reports: Report, expected: t.Iterable[str] = (), **made_by: t.Any) -> Report:
    """One report of these."""
    return merge(reports, replace(MADE_BY, **made_by), dict.fromkeys(expected, "agent"))


def verdicts(found: Report) -> dict[str, str]:
    """Host → verdict."""
    return {outcome.host: outcome.verdict for outcome in found.outcomes}


# --- hosts ----------------------------------------------------------------------------------------------------------


def test_slices_of_a_fleet_are_the_fleet() -> None:
    found = merged(
        report(row("b"), left_out=[{"host": "a", "why": "limit"}, {"host": "c", "why": "limit"}]),
        report(failing("a"), hour=4, left_out=[{"host": "b", "why": "limit"}, {"host": "c", "why": "dsa_hosts"}]),
    )
    assert verdicts(found) == {"a": "affected", "b": "fixed"}
    assert found.left_out == [{"host": "c", "why": "dsa_hosts"}]
    assert not found.passed


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        (row(read_at=at(2)), failing("web-1", read_at=at(3)), "affected"),
        (row(read_at=at(3)), failing("web-1", read_at=at(2)), "fixed"),
        # The one that does not pass, at the same time.
        (row(read_at=at(2)), failing("web-1", read_at=at(2)), "affected"),
        (failing("web-1", read_at=at(2)), row(read_at=at(2)), "affected"),
        # Of different offsets from UTC.
        (row(read_at="2026-11-27T12:30:00+09:00"), failing("web-1", read_at=at(3)), "fixed"),
        # One that was not read counts as of the end of its run: the first ended at 3.
        (failing("web-1", "unknown", read_at=None), row(read_at=at(4)), "fixed"),
        (failing("web-1", "unknown", read_at=None), row(read_at=at(2)), "unknown"),
    ],
    ids=map(str, range(7)),
)
def test_a_host_that_is_in_two_counts_once_by_its_later_reading(first: Row, second: Row, verdict: str) -> None:
    one, other = report(first), report(second, finished=at(3), run_id="other")
    assert verdicts(merged(one, other)) == verdicts(merged(other, one)) == {"web-1": verdict}


def test_of_readings_at_one_time_the_later_run_counts() -> None:
    """As of a record of the Manager, which both took over."""
    one, other = report(failing("web-1")), report(row(), hour=5)
    assert verdicts(merged(one, other)) == {"web-1": "fixed"}


def test_a_host_of_the_inventory_that_is_in_none_is_unreachable() -> None:
    found = merged(report(row("b"), left_out=[{"host": "a", "why": "limit"}]), expected=["b", "c", "a"])
    assert verdicts(found) == {"a": "unreachable", "b": "fixed", "c": "unreachable"}
    missing = found.outcomes[0]
    assert (missing.reason_code, missing.passed, missing.compliant, missing.role) == ("not_read", False, False, "agent")
    assert [reason["code"] for reason in missing.reasons] == ["in_no_report"]
    assert found.left_out == []
    assert not found.passed


def test_a_host_that_the_run_leaves_out_is_left_out() -> None:
    left_out = [{"host": "b", "why": "dsa_hosts"}]
    found = merged(report(row("a"), failing("b")), left_out=left_out)
    assert verdicts(found) == {"a": "fixed"}
    assert found.left_out == left_out


# --- the run --------------------------------------------------------------------------------------------------------


def test_a_merged_report_names_its_parts_and_has_a_run_of_its_own() -> None:
    found = merged(report(row("a"), hour=4, limit="a"), report(row("b"), limit="b"))
    assert (found.run_id, found.playbook, found.limit) == ("merging", "report", None)
    assert (found.started, found.finished) == (at(2), at(5))
    assert [(run["run_id"], run["limit"], run["passed"]) for run in found.merged_from] == [
        ("run-2", "b", True),
        ("run-4", "a", True),
    ]
    assert found.passed


def test_what_all_parts_have_in_common_stays() -> None:
    same: dict[str, t.Any] = {
        "change_id": "CHG1",
        "gate_on": "readiness",
        "check_mode": True,
        "limit": "a",
        "dsa_hosts": "web",
    }
    found = merged(report(row("a"), **same), report(row("b"), hour=4, **same))
    assert {name: getattr(found, name) for name in same} == same
    other = merged(report(row("a"), **same), report(row("b"), hour=4))
    assert {name: getattr(other, name) for name in same} == {
        "change_id": None,
        "gate_on": "compliance",
        "check_mode": False,
        "limit": None,
        "dsa_hosts": None,
    }
    own = merged(report(row("a"), **same), change_id="CHG2", limit="own", dsa_hosts="mine")
    assert (own.change_id, own.limit, own.dsa_hosts) == ("CHG2", "own", "mine")


def test_errors_and_warnings_name_the_run_that_they_come_from() -> None:
    found = merged(report(row("a"), errors=["no room"]), report(row("b"), hour=4, warnings=["misspelt"]))
    assert found.errors == ["run run-2: no room"]
    assert found.warnings == ["run run-4: misspelt"]
    assert not found.passed
    again = merged(found, report(row("c"), hour=6, errors=["late"]), errors=["own"])
    assert again.errors == ["own", "run run-2: no room", "run run-6: late"]


def test_a_part_that_did_not_finish_keeps_the_whole_from_passing() -> None:
    found = merged(report(row("a")), report(hour=4, finished=None, advisory="", title="", source=""))
    assert found.finished is None
    assert found.errors == ["run run-4: it did not finish"]
    assert found.advisory == "KA-0016311"
    assert not found.passed


def test_a_merged_part_without_an_end_did_not_finish_whatever_its_runs_have() -> None:
    found = merged(replace(merged(report(row("a"))), finished=None), report(row("b"), hour=4))
    assert (found.finished, found.passed) == (None, False)


def test_slices_of_a_prediction_are_a_prediction() -> None:
    predicted: dict[str, t.Any] = {"playbook": "remediate", "check_mode": True}
    ready = failing("b", ready=True, done="would upgrade")
    found = merged(report(row("a", ready=True), **predicted), report(ready, hour=4, **predicted))
    readiness = found.readiness()
    assert readiness is not None
    assert (readiness["would_upgrade"], readiness["ready"]) == (1, True)
    assert merged(found, report(row("c"), hour=6)).readiness() is None


# --- waivers --------------------------------------------------------------------------------------------------------


def test_a_waiver_of_two_parts_is_listed_once_and_applied_where_one_used_it() -> None:
    found = merged(
        report(row("b"), waivers=[WAIVER]),
        report(failing("web-1", **WAIVED), hour=4, waivers=[APPLIED, {**WAIVER, "owner": "other", "state": "expired"}]),
    )
    assert found.waivers == [APPLIED, {**WAIVER, "owner": "other", "state": "expired"}]
    assert found.passed


def test_a_waiver_of_a_reading_that_no_longer_counts_is_unused() -> None:
    found = merged(report(failing("web-1", **WAIVED), waivers=[APPLIED]), report(row("web-1", read_at=at(5)), hour=4))
    assert found.waivers == [WAIVER]


# --- whatever is given ----------------------------------------------------------------------------------------------

HOURS = st.integers(min_value=1, max_value=4)
ROWS = st.builds(
    lambda make, host, hour, waived: make(host, read_at=hour and at(hour), **(WAIVED if waived else {})),
    st.sampled_from([row, failing]),
    st.sampled_from(["web-1", "web-2", "web-3"]),
    st.none() | HOURS,
    st.booleans(),
).map(lambda each: {**each, "waived": [] if each["compliant"] else each["waived"]})
PARTS = st.builds(
    lambda rows, hour, finished, errors, left_out: report(
        *rows,
        hour=hour,
        finished=at(hour + 1) if finished else None,
        errors=errors,
        left_out=[{"host": host, "why": "limit"} for host in left_out],
        waivers=[{**WAIVER, "used_by": [each["host"] for each in rows if each["waived"]]}],
    ),
    st.lists(ROWS, max_size=3, unique_by=lambda each: str(each["host"])),
    HOURS,
    st.sampled_from([True, True, True, False]),
    st.sampled_from([[], [], [], ["wrong"]]),
    st.sets(st.sampled_from(["web-4", "web-5"])),
)
SEVERAL = st.lists(PARTS, min_size=1, max_size=4)


@given(SEVERAL, st.randoms())
def test_the_order_of_reports_does_not_matter(parts: list[Report], random: t.Any) -> None:
    shuffled = list(parts)
    random.shuffle(shuffled)
    found = merged(*parts).as_dict()
    assert merged(*shuffled).as_dict() == found
    report_schema.check(found)


@given(SEVERAL, st.data())
def test_a_report_that_is_given_again_changes_nothing(parts: list[Report], data: st.DataObject) -> None:
    found = merged(*parts)
    again = data.draw(st.sampled_from([*parts, found]))
    assert merged(*parts, again).as_dict() == found.as_dict()
    assert merged(found, again).as_dict() == found.as_dict()


@given(SEVERAL, st.sets(st.sampled_from(["web-1", "web-6"])))
def test_a_merged_report_is_never_better_than_its_parts(parts: list[Report], expected: set[str]) -> None:
    found = merged(*parts, expected=expected)
    given = [(outcome, part) for part in parts for outcome in part.outcomes]
    hosts = [outcome.host for outcome in found.outcomes]
    assert hosts == sorted({outcome.host for outcome, dummy in given} | expected)
    assert not {entry["host"] for entry in found.left_out} & set(hosts)
    for outcome in found.outcomes:
        same = [each for each, dummy in given if each.host == outcome.host]
        assert outcome in same or (not same and not outcome.passed)
        assert not outcome.passed or any(each.passed for each in same)
        times = [each.read_at for each in same]
        assert not times or None in times or outcome.read_at == max(filter(None, times))
    whole = all(part.finished and not part.errors for part in parts)
    assert found.passed == (whole and bool(hosts) and all(outcome.passed for outcome in found.outcomes))
    assert found.passed <= whole
