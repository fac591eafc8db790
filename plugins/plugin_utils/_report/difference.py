# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What changed since an earlier report."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .model import Json, Outcome, Report
from .waivers import not_known

State = Mapping[str, t.Any]
Kind = t.Literal["fixed", "newly_affected", "regressed"]
LISTS = ("fixed", "newly_affected", "regressed", "gone", "new")


def digest(report: Report) -> dict[str, t.Any]:
    """What is needed of the earlier report, whose file the run that is compared with it may overwrite."""
    return {
        "baseline": {"run_id": report.run_id, "started": report.started, "finished": report.finished},
        "hosts": {outcome.host: _state(outcome) for outcome in report.outcomes},
        "left_out": [entry["host"] for entry in report.left_out],
    }


def difference(report: Report, earlier: Mapping[str, t.Any]) -> Json:
    """The lists of hosts that changed since; a host is in one of them at most. earlier: its digest().

    fixed: it did not pass then, and passes now. newly_affected: it is affected now, and was neither affected nor fixed
    then. regressed: it was fixed then and is affected now, or it passed then and for another reason does not pass now.
    gone: it was reported then, and is neither reported nor left out now. new: it is reported now, and was neither
    reported nor left out then.
    What passes by a waiver does not pass here: a waiver makes no host fixed, and its end makes none regress. A host
    of which nothing is known, as where a run did not finish, is in no list.
    """
    before: Mapping[str, State | None] = earlier["hosts"]
    found: dict[str, list[str]] = {name: [] for name in LISTS}
    for outcome in report.outcomes:
        now = _state(outcome)
        then = before.get(outcome.host)
        if then and now and (kind := _changed(then, now)):
            found[kind].append(outcome.host)
    left_out = {entry["host"] for entry in report.left_out}
    now_known = left_out.union(outcome.host for outcome in report.outcomes)
    then_known = {*before, *earlier["left_out"]}
    found["new"] = [outcome.host for outcome in report.outcomes if outcome.host not in then_known]
    found["gone"] = [host for host in before if host not in now_known]
    return {"baseline": earlier["baseline"], **found}


def _state(outcome: Outcome) -> State | None:
    """Whether the host passes by itself, and its verdict; None where nothing is known of it."""
    if not_known(outcome):
        return None
    return {"passed": outcome.passed and not outcome.waived, "verdict": outcome.verdict}


def _changed(then: State, now: State) -> Kind | None:
    if now["passed"]:
        return None if then["passed"] else "fixed"
    if now["verdict"] == "affected" and then["verdict"] != "affected":
        return "regressed" if then["verdict"] == "fixed" else "newly_affected"
    return "regressed" if then["passed"] else None
