# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The report as a table on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from .outcomes import Outcome, Report

_HEAD = ("HOST", "ROLE", "BUILD", "VERDICT", "DONE", "REASON")
_GAP = "  "
_NARROWEST_REASON = 40


def render(report: Report, width: int, most: int = 100) -> str:
    """The table as text. Of a fleet larger than most, the hosts that passed untouched are counted, not listed."""
    shown = list(report.outcomes)
    if len(shown) > most:
        shown = [outcome for outcome in shown if not outcome.passed or outcome.done != "nothing"]
    rows = [_cells(outcome) for outcome in shown]
    fixed = [max(len(row[column]) for row in [_HEAD, *rows]) for column in range(len(_HEAD) - 1)]
    room = max(_NARROWEST_REASON, width - sum(fixed) - len(_GAP) * len(fixed))
    lines = [line for row in [_HEAD, *rows] for line in _row(row, fixed, room)]
    lines.insert(1, _GAP.join("-" * size for size in [*fixed, room]))
    left_out = len(report.outcomes) - len(shown)
    if left_out:
        lines.append(f"… and {left_out} hosts that passed and needed nothing")
    return "\n".join([*lines, "", _sum(report)])


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
    return (outcome.host, outcome.role, build, verdict, done, outcome.reason)


def _row(cells: Sequence[str], widths: Sequence[int], room: int) -> list[str]:
    *short, reason = cells
    wrapped = textwrap.wrap(reason, room) or [""]
    first = _GAP.join([*(cell.ljust(width) for cell, width in zip(short, widths, strict=True)), wrapped[0]])
    indent = " " * (sum(widths) + len(_GAP) * len(widths))
    return [first.rstrip(), *(indent + line for line in wrapped[1:])]


def _sum(report: Report) -> str:
    summary = report.summary()
    verdicts = summary["verdicts"]
    said = ", ".join(f"{count} {name}" for name, count in verdicts.items()) if isinstance(verdicts, dict) else ""
    word = "PASSED" if report.passed else "NOT PASSED"
    mode = " (check mode: nothing was changed)" if report.check_mode else ""
    return f"{report.advisory} {word}: {summary['passed']} of {summary['hosts']} hosts passed; {said}{mode}"
