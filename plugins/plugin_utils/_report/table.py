# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The report as a table on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from .._text import clean, one_line
from .model import Outcome, Report

_HEAD = ("HOST", "ROLE", "BUILD", "VERDICT", "DONE", "REASON")
_GAP = "  "
_NARROWEST_REASON = 40
# A cell beside the reason is no wider than this; a longer one would push the reasons of all hosts out of sight.
_WIDEST = 60
_URGENT = {"failed": 0, "blocked": 1}
_WHY_LEFT_OUT = {"limit": "--limit {limit}", "dsa_hosts": "dsa_hosts {dsa_hosts}", "role": "dsa_report_roles"}


def render(report: Report, width: int, most: int = 100) -> str:
    """The table and the result as text, without control characters but line feeds.

    Hosts that need attention come first. Of a fleet larger than most, hosts that passed untouched are only counted.
    """
    shown = list(report.outcomes)
    if len(shown) > most:
        shown = [outcome for outcome in shown if not outcome.passed or outcome.done != "nothing"]
    shown.sort(key=_urgency)
    rows = [_cells(outcome) for outcome in shown]
    fixed = [max(len(row[column]) for row in [_HEAD, *rows]) for column in range(len(_HEAD) - 1)]
    room = max(_NARROWEST_REASON, width - sum(fixed) - len(_GAP) * len(fixed))
    lines = [line for row in [_HEAD, *rows] for line in _row(row, fixed, room)]
    lines.insert(1, _GAP.join("-" * size for size in [*fixed, room]))
    rest = len(report.outcomes) - len(shown)
    if rest:
        lines.append(f"… and {rest} hosts that passed and needed nothing")
    lines += ["", result(report), *(f"Error of this run: {one_line(error, 1000)}" for error in report.errors)]
    lines += [f"Warning: {one_line(warning, 1000)}" for warning in report.warnings]
    # The last guard: whatever is in a report, a terminal gets no control character of it.
    return "\n".join(clean(line) for line in lines)


def result(report: Report) -> str:
    """The result in one sentence, and first in it whether the run passed."""
    counts = report.summary()
    parts = [f"{counts['passed']} of {counts['hosts']} hosts passed"]
    if report.finished is None:
        parts.insert(0, "this run did not finish")
    if report.errors:
        parts.append(f"{len(report.errors)} {'error' if len(report.errors) == 1 else 'errors'} of this run")
    if report.left_out:
        parts.append(_left_out(report))
    verdicts = counts["verdicts"]
    if isinstance(verdicts, dict) and verdicts:
        parts.append(", ".join(f"{name} {count}" for name, count in verdicts.items()))
    word = "PASSED" if report.passed else "NOT PASSED"
    mode = " (check mode: nothing was changed)" if report.check_mode else ""
    return one_line(f"{report.advisory} {word}: {'; '.join(parts)}{mode}", 1000)


def _left_out(report: Report) -> str:
    settings = {"limit": one_line(report.limit or "", _WIDEST), "dsa_hosts": one_line(report.dsa_hosts or "", _WIDEST)}
    reasons = dict.fromkeys(str(entry.get("why")) for entry in report.left_out)
    named = ", ".join(_WHY_LEFT_OUT.get(why, "{why}").format(**settings, why=why).strip() for why in reasons)
    count = len(report.left_out)
    hosts, were = ("host", "was") if count == 1 else ("hosts", "were")
    return f"{count} {hosts} of the inventory {were} left out ({named})"


def _urgency(outcome: Outcome) -> int:
    """Lower is more urgent: failed, blocked, not passing for another reason, passing."""
    return _URGENT.get(outcome.done, 3 if outcome.passed else 2)


def _cells(outcome: Outcome) -> tuple[str, ...]:
    before, after = outcome.version_before, outcome.version
    if outcome.done == "would upgrade":
        after = f"({outcome.target})"
    build = f"{before} → {after}" if before and after and before != after else after or before or "-"
    verdict = outcome.verdict
    if outcome.compliant and not outcome.passed:
        verdict += " (!)"
    done = outcome.done
    if outcome.reboot:
        done += f", reboot {outcome.reboot}"
    short = (outcome.host, outcome.role or "-", build, verdict, done)
    return (*(one_line(cell, _WIDEST) for cell in short), one_line(outcome.reason, 10_000))


def _row(cells: Sequence[str], widths: Sequence[int], room: int) -> list[str]:
    *short, reason = cells
    wrapped = textwrap.wrap(reason, room) or [""]
    first = _GAP.join([*(cell.ljust(width) for cell, width in zip(short, widths, strict=True)), wrapped[0]])
    indent = " " * (sum(widths) + len(_GAP) * len(widths))
    return [first.rstrip(), *(indent + line for line in wrapped[1:])]
