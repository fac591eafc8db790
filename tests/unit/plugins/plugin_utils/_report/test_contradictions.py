# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report is never better than what stands in it; each row of the tables is one edit of an honest report."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import load_advisory
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.contradictions import (
    contradictions,
    in_future,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.model import Report
from tests.documents import Row, document, failing, row

NOW = datetime(2026, 11, 27, 3, tzinfo=timezone.utc)
WAIVED = {"for": "verdict", "code": "affected", "reason": "late", "owner": "ops", "expires": "2026-12-31"}
FINDING = {
    "code": "agent_silent",
    "values": {},
    "message": "silent",
    "sentence": "finding_agent_silent",
    "fails_gate": True,
}
RUN = {
    "run_id": "a",
    "playbook": "gate",
    "check_mode": False,
    "started": "2026-11-27T02:00:00+00:00",
    "finished": "2026-11-27T02:05:00+00:00",
    "passed": True,
    "limit": None,
}
OPEN = {**RUN, "finished": None}


def found(*rows: Row, **run: t.Any) -> list[str]:
    """What no run can have written."""
    given = document(rows, **run)
    return list(contradictions(Report.from_dict(given), given["passed"], load_advisory()))


def test_reports_of_runs_have_none() -> None:
    assert found(row("a"), failing("b"), failing("c", "unreachable")) == []
    assert found(row("a"), finished=None) == []
    assert found(row("a"), errors=["no room"]) == []
    assert found(row("a"), merged_from=[RUN]) == []
    assert found(row("a"), merged_from=[RUN, OPEN], finished=None, errors=["run a: it did not finish"]) == []
    assert found() == []


BETTER: dict[str, dict[str, t.Any]] = {
    "the verdict does not comply": {"passed": True},
    "a verdict that never complies": {"passed": True, "compliant": True},
    "a finding": {**row(), "findings": [FINDING]},
    "a finding, and the verdict is waived": {"passed": True, "waived": [WAIVED], "findings": [FINDING]},
    "a failure of the run": {**row(), "error": "upgrade: no"},
    "a failure of the run, and it is ready": {"error": "upgrade: no", "ready": True},
    "a run that did not finish": {**row(), "reasons": [{"code": "run_not_finished", "values": {}}]},
    "another verdict is waived": {"passed": True, "verdict": "unknown", "waived": [WAIVED]},
    "read after the run": {**row(), "read_at": "2026-11-27T02:16:00+00:00"},
    "read before the run": {**row(), "read_at": "2026-11-27T01:54:00+00:00"},
}


@pytest.mark.parametrize("changes", BETTER.values(), ids=BETTER)
def test_a_host_that_was_made_better_is_named(changes: dict[str, t.Any]) -> None:
    assert [text[:6] for text in found(row("web-0"), {**failing("web-1"), **changes, "host": "web-1"})][:1] == [
        "web-1 "
    ]


def test_verdicts_without_an_advisory_are_nobodys() -> None:
    """Its builds could not be judged."""
    assert found(row(), advisory="") == ["hosts have verdicts, and it names no advisory"]
    assert found(failing("web-1", "unknown"), advisory="", finished=None) == []


def test_a_host_passes_by_waivers() -> None:
    waived = [WAIVED, {**WAIVED, "for": "finding", "code": "agent_silent"}]
    assert found(failing("web-1", passed=True, waived=waived, findings=[FINDING])) == []


# Verdict, platform, build, and what the advisory has for it: an empty text where a run can have written that.
BUILDS = [
    ("fixed", "linux", "20.0.0-4726", ""),
    ("fixed", "linux", "20.0.0-4725", "indeterminate"),
    ("fixed", "linux", "20.0.0-4416", "affected"),
    ("fixed", "linux", None, "unknown"),
    ("fixed", "linux", "latest", "unknown"),
    ("fixed", None, "20.0.2-1390", "unknown"),
    ("fixed", "linux", "10.0.0-4414", "conditional"),
    ("not_affected", "linux", "9.6.2-9999", ""),
    # By its Relays, which may be in another report.
    ("not_affected", "linux", "10.0.0-4414", ""),
    ("not_affected", "linux", "20.0.0-4416", "affected"),
    ("not_applicable", "macos", "12.0.0-123", ""),
    ("not_applicable", "macos", "20.0.0-1", "affected"),
    # What the operator states of its certificate; sources that disagreed, of which this is one.
    ("mitigated", "linux", "20.0.0-4416", ""),
    ("mitigated", "linux", "20.0.2-1390", ""),
    ("mitigated", "linux", None, "unknown"),
    ("not_installed", None, None, ""),
    ("not_installed", "linux", "20.0.0-4416", "affected"),
    ("not_installed", None, "20.0.2-1390", "unknown"),
    # Never better than it is.
    ("affected", "linux", "20.0.2-1390", ""),
    ("unknown", "linux", None, ""),
]


@pytest.mark.parametrize(("verdict", "platform", "version", "judged"), BUILDS)
def test_a_verdict_that_complies_is_that_of_the_build(
    verdict: str, platform: str | None, version: str | None, judged: str
) -> None:
    make = row if verdict not in ("affected", "unknown") else failing
    texts = found({**make("web-1"), "verdict": verdict, "platform": platform, "version": version})
    expected = f"web-1 is {verdict} with build {version}, which is {judged} by KA-0016311"
    assert texts == ([expected] if judged else [])


@pytest.mark.parametrize(
    ("run", "text"),
    [
        ({"passed": False}, "passed is false, and by its end, errors and hosts it is true"),
        ({"passed": True, "errors": ["no room"]}, "passed is true, and by its end, errors and hosts it is false"),
        ({"passed": True, "finished": None}, "passed is true, and by its end, errors and hosts it is false"),
        ({"passed": None}, "passed is None, and by its end, errors and hosts it is true"),
        ({"finished": None, "merged_from": [RUN]}, "finished and the ends of the runs in merged_from differ"),
        ({"merged_from": [RUN, OPEN]}, "finished and the ends of the runs in merged_from differ"),
        ({"finished": "tonight"}, "tonight is no time"),
        ({"merged_from": [{**RUN, "started": "later"}]}, "later is no time"),
    ],
    ids=map(str, range(8)),
)
def test_a_run_that_was_edited_is_named(run: dict[str, t.Any], text: str) -> None:
    assert found(row(), **run)[0] == text


@pytest.mark.parametrize(
    ("rows", "run", "future"),
    [
        ([row()], {}, ""),
        ([row()], {"finished": "2026-11-27T03:04:00+00:00"}, ""),
        ([row()], {"finished": "2026-11-27T12:04:00+09:00"}, ""),
        ([row()], {"finished": "2026-11-27T03:06:00+00:00"}, "2026-11-27T03:06:00+00:00"),
        ([row()], {"started": "2099-01-01T00:00:00"}, "2099-01-01T00:00:00"),
        ([row(read_at="2099-01-01T00:00:00Z")], {}, "2099-01-01T00:00:00Z"),
        ([], {"merged_from": [{**RUN, "finished": "2099-01-01"}]}, "2099-01-01"),
        ([], {"finished": None}, ""),
    ],
    ids=map(str, range(8)),
)
def test_a_time_of_the_future_is_named(rows: list[Row], run: dict[str, t.Any], future: str) -> None:
    assert in_future(Report.from_dict(document(rows, **run)), NOW) == future
