# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What changed since an earlier report; each row of the table is one host, then and now."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.difference import (
    LISTS,
    difference,
    digest,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.model import Report
from tests.documents import Row, document, failing, row

LEFT_OUT: Row = {"left_out": True}
WAIVED = {"passed": True, "waived": [{"for": "verdict", "code": "affected"}]}
UNFINISHED = {"reason_code": "run_not_finished", "reasons": [{"code": "run_not_finished", "values": {}}]}
FINDING = {
    "code": "agent_silent",
    "values": {},
    "message": "It gives no answer.",
    "sentence": "finding_agent_silent",
    "fails_gate": True,
}
FIXED, AFFECTED, SILENT = row(), failing("web-1"), failing("web-1", "unreachable")
FINDINGS = row(passed=False, findings=[FINDING])
ABSENT_AGENT = row(verdict="not_installed", version=None)


def report(host: Row | None, **run: t.Any) -> Report:
    """A report about a host that is the same always, and this one: reported, left out, or not in the inventory."""
    rows = [row("other")]
    left_out = []
    if host is LEFT_OUT:
        left_out = [{"host": "web-1", "why": "limit"}]
    elif host is not None:
        rows.append({**host, "host": "web-1"})
    return Report.from_dict(document(rows, left_out=left_out, **run))


@pytest.mark.parametrize(
    ("then", "now", "kind"),
    [
        (AFFECTED, FIXED, "fixed"),
        (SILENT, FIXED, "fixed"),
        (FINDINGS, FIXED, "fixed"),
        ({**AFFECTED, **WAIVED}, FIXED, "fixed"),
        (AFFECTED, {**AFFECTED, **WAIVED}, None),
        ({**AFFECTED, **WAIVED}, AFFECTED, None),
        (SILENT, AFFECTED, "newly_affected"),
        (ABSENT_AGENT, AFFECTED, "newly_affected"),
        (ABSENT_AGENT, {**AFFECTED, **WAIVED}, "newly_affected"),
        (FIXED, AFFECTED, "regressed"),
        (FIXED, SILENT, "regressed"),
        (FIXED, FINDINGS, "regressed"),
        (FIXED, {**AFFECTED, **WAIVED}, "regressed"),
        (ABSENT_AGENT, SILENT, "regressed"),
        (FINDINGS, AFFECTED, "regressed"),
        (AFFECTED, SILENT, None),
        (AFFECTED, AFFECTED, None),
        (FIXED, FIXED, None),
        (None, AFFECTED, "new"),
        (None, FIXED, "new"),
        (LEFT_OUT, AFFECTED, None),
        (AFFECTED, None, "gone"),
        (AFFECTED, LEFT_OUT, None),
        (None, LEFT_OUT, None),
        (LEFT_OUT, None, None),
        ({**SILENT, **UNFINISHED}, FIXED, None),
        (FIXED, {**SILENT, **UNFINISHED}, None),
    ],
    ids=map(str, range(27)),
)
def test_a_host_is_in_one_list_at_most(then: Row | None, now: Row | None, kind: str | None) -> None:
    found = difference(report(now), digest(report(then)))
    assert {name: found[name] for name in LISTS} == {name: ["web-1"] if name == kind else [] for name in LISTS}


def test_the_earlier_report_is_named_and_its_digest_can_stand_in_a_journal() -> None:
    earlier = digest(report(AFFECTED, run_id="before", finished=None))
    found = difference(report(FIXED), json.loads(json.dumps(earlier)))
    assert found["baseline"] == {"run_id": "before", "started": "2026-11-27T02:00:00+00:00", "finished": None}
    assert found["fixed"] == ["web-1"]
