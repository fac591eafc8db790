# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The report as data: one outcome for each host, and their sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

SCHEMA = 2


@dataclass(frozen=True)
class Reason:
    """One thing to say about a host. code and values are for machines and other languages, text is the English."""

    code: str
    values: Mapping[str, object]
    text: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One host; the defaults are those of a host that nothing is known of."""

    host: str
    role: str | None = None
    """relay, agent, appliance or manager; null in the report of a run that did not finish."""
    source: str | None = None
    """host or manager: where the record comes from that is judged; null where there is none."""
    platform: str | None = None
    verdict_before: str = "unknown"
    verdict: str = "unknown"
    compliant: bool = False
    """By its verdict."""
    passed: bool = False
    """Compliant, nothing failed, and nothing found that fails the gate."""
    version_before: str | None = None
    version: str | None = None
    target: str | None = None
    """The build that the plan wants on the host; null where it wants no upgrade."""
    done: str = "nothing"
    """upgraded, updated, nothing, blocked, failed; in check mode would upgrade, would update."""
    updated: bool = False
    """Whether a security update is proven for the build that the host has now."""
    reasons: Sequence[Reason]
    reason_code: str
    """failed, blocked, unreachable, not_read, else the code of the first reason."""
    action: str = "investigate"
    """What the verdict calls for now."""
    stage: str | None = None
    """The last stage that ran."""
    error: str | None = None
    """The stage that failed, and how."""
    reboot: str | None = None
    """done, pending, or null."""
    seconds: float = 0.0
    """How long the stages of this host took together."""
    findings: Sequence[Mapping[str, object]] = ()
    """code, values, message (the English text), fails_gate."""
    prechecks: Sequence[Mapping[str, object]] = ()
    """What the pre-check before an upgrade found: everything but what simply passed."""
    diagnostics: str | None = None

    @property
    def reason(self) -> str:
        """All reasons as English sentences, one after the other."""
        texts = [reason.text for reason in self.reasons]
        ended = [text if text.endswith((".", ")", "?", "!", "。")) else f"{text}." for text in texts[:-1]]
        return " ".join([*ended, *texts[-1:]])

    def as_dict(self) -> dict[str, object]:
        """The outcome as plain data, with the reasons as one text and by code."""
        plain = _plain(self)
        coded = [{"code": reason.code, "values": reason.values} for reason in self.reasons]
        return {**plain, "reason": self.reason, "reasons": coded}


@dataclass(frozen=True)
class Report:
    """All outcomes and their sum. finished: None where the run did not come to its end."""

    advisory: str
    title: str
    source: str
    run_id: str
    playbook: str | None
    check_mode: bool
    started: str | None
    finished: str | None
    limit: str | None
    """The limit of the command line (--limit), null without one."""
    dsa_hosts: str | None
    left_out: Sequence[Mapping[str, str]] = ()
    """Hosts of the inventory that the run was not for: host, and why: limit, dsa_hosts or role."""
    errors: Sequence[str] = ()
    """What went wrong with the run itself, beside what failed on its hosts."""
    warnings: Sequence[str] = ()
    """What the operator should correct, such as a misspelt variable."""
    outcomes: Sequence[Outcome] = ()

    @property
    def passed(self) -> bool:
        """Whether the run came to its end without an error, and every host passed. Without hosts nothing is proven."""
        whole = self.finished is not None and not self.errors and bool(self.outcomes)
        return whole and all(outcome.passed for outcome in self.outcomes)

    def summary(self) -> dict[str, object]:
        """Counts, small enough for any place."""
        passed = sum(outcome.passed for outcome in self.outcomes)
        return {
            "hosts": len(self.outcomes),
            "passed": passed,
            "not_passed": len(self.outcomes) - passed,
            "left_out": len(self.left_out),
            "verdicts": dict(sorted(Counter(str(outcome.verdict) for outcome in self.outcomes).items())),
            "done": dict(sorted(Counter(str(outcome.done) for outcome in self.outcomes).items())),
        }

    def as_dict(self) -> dict[str, object]:
        """The whole report as plain data; the form of the JSON file."""
        plain = _plain(self)
        del plain["outcomes"]
        return {
            "schema": SCHEMA,
            **plain,
            "passed": self.passed,
            "summary": self.summary(),
            "hosts": [outcome.as_dict() for outcome in self.outcomes],
        }


def _plain(what: Outcome | Report) -> dict[str, object]:
    values = {each.name: getattr(what, each.name) for each in fields(what)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def failing(report: Report) -> dict[str, str]:
    """Host → why it does not pass. Empty is not passed yet: a run can fail as a whole, see Report.passed."""
    return {outcome.host: _why_not(outcome) for outcome in report.outcomes if not outcome.passed}


def _why_not(outcome: Outcome) -> str:
    for word in (outcome.verdict, outcome.reason_code):
        if word in ("unreachable", "blocked"):
            return f"{word}: {outcome.reason}"
    return outcome.reason
