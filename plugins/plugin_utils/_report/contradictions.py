# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What in a report no run can have written: the gate would take it for a result."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from .._advisory import COMPLIANT, Advisory, Context, decide
from .model import Outcome, Report
from .times import runs_of, time_of
from .waivers import may_pass

# So much may clocks differ.
_SKEW = timedelta(minutes=5)


def contradictions(report: Report, passed: object, advisory: Advisory | None) -> Iterator[str]:
    """What is better in a report than the rest of it allows.

    passed: what its file has for it. advisory: that of the report; None where its builds are not to be judged.
    """
    if passed is not report.passed:
        yield f"passed is {_word(passed)}, and by its end, errors and hosts it is {_word(report.passed)}"
    if report.merged_from and (report.finished is None) != any(run["finished"] is None for run in report.merged_from):
        yield "finished and the ends of the runs in merged_from differ"
    yield from (f"{text} is no time" for text in _times(report) if time_of(text) is None)
    if not report.advisory and any(outcome.verdict != "unknown" for outcome in report.outcomes):
        yield "hosts have verdicts, and it names no advisory"
    runs = [(time_of(run["started"]), time_of(run["finished"])) for run in runs_of(report)]
    for outcome in report.outcomes:
        yield from _of_host(outcome)
        read_at = time_of(outcome.read_at)
        if read_at and all(end and read_at > end + _SKEW for _start, end in runs):
            yield f"{outcome.host} was read after the end of the run"
        if read_at and all(start and read_at < start - _SKEW for start, _end in runs):
            yield f"{outcome.host} was read before the run began"
    if advisory:
        builds = {(each.platform, each.version, each.verdict): each for each in report.outcomes}
        yield from filter(None, (_better_than_its_build(each, advisory) for each in builds.values()))


def in_future(report: Report, now: datetime) -> str:
    """A time of a report that is still to come, or an empty text: it would be later than any other report."""
    latest = now + _SKEW
    return next((text for text in _times(report) if (time_of(text) or now) > latest), "")


def _times(report: Report) -> Iterator[str]:
    found = [run[name] for run in runs_of(report) for name in ("started", "finished")]
    yield from filter(None, [report.started, report.finished, *found, *(each.read_at for each in report.outcomes)])


def _of_host(outcome: Outcome) -> Iterator[str]:
    if outcome.compliant and outcome.verdict not in COMPLIANT:
        yield f"{outcome.host} is {outcome.verdict} and compliant"
    if outcome.passed and not may_pass(outcome):
        yield f"{outcome.host} passed, and what is against it is not waived"
    if outcome.ready and outcome.error is not None:
        yield f"{outcome.host} is ready, and failed"


def _better_than_its_build(outcome: Outcome, advisory: Advisory) -> str:
    if outcome.verdict not in COMPLIANT:
        return ""
    build = {"platform": outcome.platform, "version": outcome.version, "installed": outcome.verdict != "not_installed"}
    judged = decide(build, advisory, Context(certificate_replaced=outcome.verdict == "mitigated")).verdict
    # A build of line 10.0 is judged by its Relays, which may stand in another report.
    if judged in COMPLIANT or (outcome.verdict, judged) == ("not_affected", "conditional"):
        return ""
    return f"{outcome.host} is {outcome.verdict} with build {outcome.version}, which is {judged} by {advisory.id}"


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
