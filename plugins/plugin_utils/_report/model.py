# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The report as data: one outcome for each host, and their sum. The one maker of documents.

A field is a key of the document, of the same name; docs/report.schema.json describes each.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from .._messages import Texts
from .document import SCHEMA, Document, Row

Json = Mapping[str, t.Any]
# Playbooks whose report is about one tier.
_OF_A_TIER = ("remediate_relays", "remediate_agents")
GateOn = t.Literal["compliance", "readiness"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One host; the defaults are those of a host that nothing is known of."""

    host: str
    role: str | None = None
    source: str | None = None
    platform: str | None = None
    os: str | None = None
    site: str | None = None
    relays: Sequence[str] = ()
    verdict_before: str = "unknown"
    verdict: str = "unknown"
    compliant: bool = False
    passed: bool = False
    waived: Sequence[Json] = ()
    version_before: str | None = None
    version: str | None = None
    target: str | None = None
    done: str = "nothing"
    updated: bool = False
    next: Json
    reason: str
    reasons: Sequence[Json]
    reason_code: str
    action: str = "investigate"
    stage: str | None = None
    error: str | None = None
    reboot: str | None = None
    ready: bool | None = None
    seconds: float = 0.0
    read_at: str | None = None
    findings: Sequence[Json] = ()
    prechecks: Sequence[Json] = ()
    diagnostics: str | None = None
    evidence: Json | None = None

    def as_dict(self) -> dict[str, t.Any]:
        """The row of the document."""
        return _plain(self)

    @classmethod
    def from_dict(cls, row: Row) -> Outcome:
        """The outcome that as_dict() was made from."""
        return cls(**{each.name: row[each.name] for each in fields(cls)})


@dataclass(frozen=True, kw_only=True)
class Report:
    """All outcomes and their sum. finished: None where the run did not come to its end."""

    collection_version: str
    core_version: str
    advisory: str
    title: str
    source: str
    run_id: str
    playbook: str | None = None
    check_mode: bool = False
    started: str | None = None
    finished: str | None = None
    limit: str | None = None
    dsa_hosts: str | None = None
    change_id: str | None = None
    started_by: Json
    gate_on: GateOn = "compliance"
    errors: Sequence[str] = ()
    warnings: Sequence[str] = ()
    left_out: Sequence[Mapping[str, str]] = ()
    waivers: Sequence[Json] = ()
    merged_from: Sequence[Json] = ()
    difference: Json | None = None
    outcomes: Sequence[Outcome] = ()

    @property
    def predicts(self) -> bool:
        """Whether it is the report of remediations in check mode alone, which answers whether the hosts are ready."""
        own = {"check_mode": self.check_mode, "playbook": self.playbook}
        return all(_predicts(run["check_mode"], run["playbook"]) for run in self.merged_from or [own])

    @property
    def passed(self) -> bool:
        """Whether the run came to its end without an error, and every host passed. Without hosts nothing is proven, but
        where a tier has none.
        """
        whole = self.finished is not None and not self.errors and bool(self.outcomes or self.nothing_to_do)
        return whole and all(map(self.holds, self.outcomes))

    @property
    def nothing_to_do(self) -> bool:
        """Whether it is about one tier, as a slice of a job is, and all hosts of the run are of the other."""
        of_a_tier = (self.playbook or "").rpartition(".")[2] in _OF_A_TIER and not self.outcomes
        return of_a_tier and any(entry["why"] == "role" for entry in self.left_out)

    def holds(self, outcome: Outcome) -> bool:
        """Whether the host has what the gate requires of it."""
        return outcome.passed or (self.gate_on == "readiness" and outcome.ready is True)

    def readiness(self) -> dict[str, t.Any] | None:
        """What a remediation would do and what stands in its way; None where the run predicted nothing."""
        if not self.predicts:
            return None
        reboots, silent = Counter(each.reboot for each in self.outcomes), "unreachable"
        waits = [each for each in self.outcomes if each.ready is False and each.verdict != silent]
        return {
            "complies": sum(each.passed and not each.waived and each.done == "nothing" for each in self.outcomes),
            "would_upgrade": sum(each.done.startswith("would upgrade") for each in self.outcomes),
            "would_update": sum(each.done.endswith("update") for each in self.outcomes),
            "would_reboot": reboots["would reboot"],
            "would_reboot_later": reboots["would wait"],
            "silent": sum(each.verdict == silent for each in self.outcomes),
            "blocked": _counts(str(each.reasons[0]["code"]) for each in waits),
            "ready": bool(self.outcomes or self.nothing_to_do)
            and not self.errors
            and all(o.ready or o.passed for o in self.outcomes),
        }

    def summary(self) -> dict[str, t.Any]:
        """Counts, small enough for any place."""
        hosts = self.outcomes
        passed = sum(outcome.passed for outcome in hosts)
        relays = [outcome for outcome in hosts if outcome.role == "relay"]
        return {
            "hosts": len(hosts),
            "passed": passed,
            "not_passed": len(hosts) - passed,
            "waived": sum(bool(outcome.waived) for outcome in hosts),
            "left_out": len(self.left_out),
            "verdicts": _counts(outcome.verdict for outcome in hosts),
            "done": _counts(outcome.done for outcome in hosts),
            "next": _counts(str(outcome.next["code"]) for outcome in hosts),
            "roles": _passed_by((outcome.role or "unknown", outcome.passed) for outcome in hosts),
            "platforms": _passed_by((outcome.platform or "unknown", outcome.passed) for outcome in hosts),
            "sites": _passed_by((outcome.site or "", outcome.passed) for outcome in hosts),
            "builds": _passed_by((outcome.version or "", outcome.passed) for outcome in hosts),
            "relays": {
                "hosts": len(relays),
                "passed": sum(outcome.passed for outcome in relays),
                "updated": sum(outcome.updated for outcome in relays),
            },
        }

    def as_dict(self) -> dict[str, t.Any]:
        """The whole report: the document."""
        plain = _plain(self)
        del plain["outcomes"]
        return {
            "schema": SCHEMA,
            **plain,
            "passed": self.passed,
            "readiness": self.readiness(),
            "summary": self.summary(),
            "hosts": [outcome.as_dict() for outcome in self.outcomes],
        }

    @classmethod
    def from_dict(cls, document: Document) -> Report:
        """The report that as_dict() was made from."""
        known = {each.name: document[each.name] for each in fields(cls) if each.name != "outcomes"}
        return cls(**known, outcomes=tuple(map(Outcome.from_dict, document["hosts"])))


def _predicts(check_mode: bool, playbook: str | None) -> bool:
    return check_mode and (playbook or "").rpartition(".")[2].startswith("remediate")


def failing(report: Report) -> list[Outcome]:
    """The hosts that fail the gate. None of them is not passed yet: a run can fail as a whole, see Report.passed."""
    return [outcome for outcome in report.outcomes if not report.holds(outcome)]


def gate_message(outcome: Outcome, texts: Texts) -> str:
    """Why a host fails the gate, without its own values: ansible-core shows each such text once for all its hosts."""
    word = "finding" if outcome.compliant else outcome.verdict
    if outcome.verdict != "unreachable" and outcome.reason_code in ("blocked", "failed"):
        word = outcome.reason_code
    return f"{word}: {texts.message({**outcome.next, 'code': 'next_' + outcome.next['code']})}"


def _plain(what: Outcome | Report) -> dict[str, t.Any]:
    values = {each.name: getattr(what, each.name) for each in fields(what)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _passed_by(places: Iterable[tuple[str, bool]]) -> dict[str, dict[str, int]]:
    """Name → hosts, and how many of them passed."""
    counts: dict[str, dict[str, int]] = {}
    for name, passed in places:
        count = counts.setdefault(name, {"hosts": 0, "passed": 0})
        count["hosts"] += 1
        count["passed"] += passed
    return dict(sorted(counts.items()))
