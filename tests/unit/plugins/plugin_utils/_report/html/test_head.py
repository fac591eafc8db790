# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do we comply: the one sentence, and what was measured."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.html import head
from tests.documents import document, failing, row

EN = Texts("en")
PASSING = [row("a"), row("b")]
MIXED = [row("a"), failing("b")]
WAIVED = [row("a"), failing("b", passed=True, waived=[{"for": "verdict"}])]


@pytest.mark.parametrize(
    ("hosts", "changes", "expected"),
    [
        (PASSING, {}, ("complies", "100 %", "All 2 hosts pass.")),
        (WAIVED, {}, ("complies", "100 %", "All 2 hosts pass; hosts that pass by a waiver: 1.")),
        (MIXED, {}, ("not", "50 %", "1 of 2 hosts does not pass.")),
        (PASSING, {"finished": None, "passed": False}, ("unfinished", "—", "This run did not finish")),
        (PASSING, {"errors": ["no"], "passed": False}, ("error", "—", "The run itself had errors")),
        ([], {}, ("empty", "—", "There was no host to measure")),
        ([], {"passed": True}, ("nothing_to_do", "—", "No host of this run is of the tier")),
        # passed is about readiness then.
        (MIXED, {"gate_on": "readiness", "passed": True}, ("not", "50 %", "1 of 2 hosts does not pass.")),
        (PASSING, {"gate_on": "readiness", "passed": False}, ("complies", "100 %", "All 2 hosts pass.")),
        # Whatever the reason: what the gate does not pass is never shown as compliant.
        (PASSING, {"passed": False}, ("not", "100 %", "0 of 2 hosts do not pass.")),
    ],
    ids=["passing", "waived", "mixed", "unfinished", "errors", "empty", "nothing to do", "ready", "unready", "failed"],
)
def test_state(hosts: list[t.Any], changes: dict[str, t.Any], expected: tuple[str, str, str]) -> None:
    hero = head.hero(document(hosts, **changes), EN)
    assert (hero["state"], hero["figure"]) == expected[:2]
    assert hero["sentence"].startswith(expected[2])


def test_what_was_measured_names_every_restriction() -> None:
    hosts = [{"host": f"h-{number}", "why": "limit"} for number in range(205)]
    changed = document(
        limit="web-*", dsa_hosts="tokyo", left_out=hosts, change_id="CHG1", check_mode=True, playbook="remediate"
    )
    facts = dict(head.facts(changed, EN))
    assert facts["Scope"] == ["--limit web-*", "dsa_hosts: tokyo"]
    assert facts["Left out"] == ["205 hosts"]
    assert facts["Change"] == ["CHG1"]
    assert facts["Run"] == ["Prediction (--check): nothing was changed"]
    assert facts["Time"] == ["2026-11-27 02:00 to 02:10 UTC"]
    assert head.left_out(changed, EN)["sentence"] == "205 hosts of the inventory are not in this result"
    named = head.left_out(changed, EN)["hosts"]
    assert (named[0], named[-1], len(named)) == ("h-0 (limit)", "5 others", 201)


def test_a_whole_inventory_is_called_so() -> None:
    facts = dict(head.facts(document(), EN))
    assert facts["Scope"] == ["Whole inventory"]
    assert facts["Left out"] == ["Nothing"]
    assert facts["Run"] == ["Gate: hosts were read, nothing was changed"]
    assert "Change" not in facts


@pytest.mark.parametrize(
    ("started", "finished", "expected"),
    [
        ("2026-11-27T23:50:00+09:00", "2026-11-28T00:10:00+09:00", "2026-11-27 14:50 to 15:10 UTC"),
        ("2026-11-27T23:50:00Z", "2026-11-28T00:10:00Z", "2026-11-27 23:50 to 2026-11-28 00:10 UTC"),
        ("2026-11-27T23:50:00Z", None, "Started 2026-11-27 23:50 UTC, not finished"),
        (None, None, "Not known"),
    ],
    ids=["zone", "midnight", "open", "unknown"],
)
def test_time(started: str | None, finished: str | None, expected: str) -> None:
    assert dict(head.facts(document(started=started, finished=finished), EN))["Time"] == [expected]


def test_where_it_comes_from() -> None:
    part = {"run_id": "r1", "playbook": "gate", "started": "2026-11-27T02:00:00Z", "finished": "2026-11-27T02:05:00Z"}
    by = {"user": "awx", "awx_job": "7", "awx_job_name": "Nightly", "awx_user": "mika"}
    about = dict(head.about(document(started_by=by, merged_from=[part]), EN))
    assert about["Started by"] == ["awx", "AWX job 7: Nightly", "AWX user mika"]
    assert about["Merged from"] == ["r1: gate, 2026-11-27 02:00 to 02:05 UTC"]
    assert about["Versions"] == ["Collection 0.1.0, ansible-core 2.19.4"]
    assert dict(head.facts(document(merged_from=[part]), EN))["Run"] == ["Made from reports of earlier runs"]
