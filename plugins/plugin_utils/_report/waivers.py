# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Waivers: what the operator lets pass until a day. They change passed and waived of a host, and nothing else."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from .._record.findings import FAILS_GATE
from .._settings.values import names_of
from .model import Json, Outcome, Report

# A host without an agent complies, unless a setting requires one. What complies otherwise needs no waiver.
VERDICTS = ("affected", "conditional", "indeterminate", "not_installed", "unknown", "unreachable")
FINDINGS = (*sorted(code for code, fails in FAILS_GATE.items() if fails), "bundle_relay_not_fixed")
_NOT_KNOWN = ("in_no_report", "not_judged", "not_read", "run_not_finished")
_PRECHECKS = "dsa_precheck_waive"


@dataclass(frozen=True)
class Waiver:
    """An entry of dsa_waivers. hosts: those of the inventory that fit its pattern."""

    pattern: str
    verdicts: tuple[str, ...]
    findings: tuple[str, ...]
    reason: str
    owner: str
    expires: str
    hosts: frozenset[str] = frozenset()

    def covers(self, host: str, kind: str, code: str) -> bool:
        """Whether it is about this verdict or finding of the host."""
        return host in self.hosts and code in (self.verdicts if kind == "verdict" else self.findings)


def parse(entries: Sequence[Mapping[str, t.Any]]) -> list[Waiver]:
    """The waivers of dsa_waivers. Raises WrongValue for a verdict or a finding that there is not, or that passes."""
    return [_parsed(entry, f"dsa_waivers[{number}]") for number, entry in enumerate(entries)]


def _parsed(entry: Mapping[str, t.Any], name: str) -> Waiver:
    return Waiver(
        pattern=entry["hosts"],
        verdicts=tuple(names_of(entry["verdicts"], f"{name}.verdicts", VERDICTS)),
        findings=tuple(names_of(entry["findings"], f"{name}.findings", FINDINGS)),
        reason=entry["reason"],
        owner=entry["owner"],
        expires=entry["expires"],
    )


def apply(report: Report, waivers: Sequence[Waiver], today: str) -> Report:
    """The report with the waivers that are in force, and all of them listed.

    today: YYYY-MM-DD in UTC; a waiver counts through the day on which it expires. A host passes by waivers only where
    each thing against it is waived: its verdict, and each finding that fails the gate. A failure of this run cannot be
    waived, nor can a host of which nothing is known. A host that is blocked was not worked on, and did not fail.
    """
    in_force = [waiver for waiver in waivers if today <= waiver.expires]
    used: dict[Waiver, list[str]] = {}
    outcomes = []
    for outcome in report.outcomes:
        found = _waived(outcome, in_force)
        for waiver in dict.fromkeys(waiver for waiver, dummy, dummy in found):
            used.setdefault(waiver, []).append(outcome.host)
        waived = [_by(waiver, kind, code) for waiver, kind, code in found]
        outcomes.append(replace(outcome, passed=True, waived=waived) if waived else outcome)
    listed = [_listed(waiver, used.get(waiver, []), waiver in in_force) for waiver in waivers]
    return replace(report, outcomes=tuple(outcomes), waivers=combined([*report.waivers, *listed], outcomes))


def _waived(outcome: Outcome, waivers: Sequence[Waiver]) -> list[tuple[Waiver, str, str]]:
    """What is against the host, each with the first waiver that covers it; nothing where one thing is not covered."""
    if outcome.passed or outcome.error is not None or not_known(outcome):
        return []
    found = []
    for kind, code in _against(outcome):
        waiver = next((each for each in waivers if each.covers(outcome.host, kind, code)), None)
        if waiver is None:
            return []
        found.append((waiver, kind, code))
    return found


def _against(outcome: Outcome) -> list[tuple[str, str]]:
    """The verdict, where it does not comply, and each finding that fails the gate."""
    verdict = [] if outcome.compliant else [("verdict", outcome.verdict)]
    return verdict + [("finding", str(each["code"])) for each in outcome.findings if each["fails_gate"]]


def may_pass(outcome: Outcome) -> bool:
    """Whether the outcome has nothing against it that is not waived, as each that passes in a report of a run."""
    waived = {(each["for"], each["code"]) for each in outcome.waived}
    return outcome.error is None and not not_known(outcome) and waived.issuperset(_against(outcome))


def not_known(outcome: Outcome) -> bool:
    """Whether nothing is known of the host: of a slice that is missing, of a run that was interrupted."""
    return any(reason["code"] in _NOT_KNOWN for reason in outcome.reasons)


def _by(waiver: Waiver, kind: str, code: str) -> Json:
    return {
        "for": kind,
        "code": code,
        "reason": waiver.reason,
        "owner": waiver.owner,
        "expires": waiver.expires,
    }


def _listed(waiver: Waiver, hosts: Sequence[str], in_force: bool) -> Json:
    return {
        "kind": "gate",
        "hosts": waiver.pattern,
        "verdicts": list(waiver.verdicts),
        "findings": list(waiver.findings),
        "checks": [],
        "reason": waiver.reason,
        "owner": waiver.owner,
        "expires": waiver.expires,
        "state": "unused" if in_force else "expired",
        "used_by": hosts,
    }


def of_prechecks(names: Iterable[str], outcomes: Sequence[Outcome]) -> list[Json]:
    """The pre-checks that hosts may fail by dsa_precheck_waive. It has no reason, owner and day."""
    return [
        {
            "kind": "precheck",
            "hosts": None,
            "verdicts": [],
            "findings": [],
            "checks": [name],
            "reason": _PRECHECKS,
            "owner": None,
            "expires": None,
            "state": "unused",
            "used_by": [outcome.host for outcome in outcomes if name in _checks(outcome)],
        }
        for name in sorted(set(names))
    ]


def combined(listed: Iterable[Json], outcomes: Iterable[Outcome]) -> list[Json]:
    """Each waiver once, with the hosts that pass by it here; those that end first come first.

    The same waiver of several reports counts for the hosts whose outcome is here: a host that complies by its latest
    reading no longer uses it. One that is used applied, whatever day another report was made on.
    """
    by_host = {outcome.host: outcome for outcome in outcomes}
    found: dict[tuple[str, str, str], list[Json]] = {}
    for each in listed:
        identity = {name: value for name, value in each.items() if name not in ("state", "used_by")}
        place = (each["kind"], each["expires"] or "", json.dumps(identity, sort_keys=True))
        found.setdefault(place, []).append(each)
    return [_joined(same, by_host) for dummy, same in sorted(found.items())]


def _joined(same: Sequence[Json], by_host: Mapping[str, Outcome]) -> Json:
    hosts = {host for each in same for host in each["used_by"] if host in by_host}
    used_by = sorted(host for host in hosts if _passes_by(same[0], by_host[host]))
    expired = any(each["state"] == "expired" for each in same)
    return {**same[0], "state": "applied" if used_by else "expired" if expired else "unused", "used_by": used_by}


def _passes_by(waiver: Json, outcome: Outcome) -> bool:
    if waiver["kind"] == "precheck":
        return any(name in _checks(outcome) for name in waiver["checks"])
    return any(
        each["code"] in waiver[f"{each['for']}s"]
        and all(each[name] == waiver[name] for name in ("reason", "owner", "expires"))
        for each in outcome.waived
    )


def _checks(outcome: Outcome) -> list[str]:
    """The pre-checks that stopped nothing because they are waived."""
    return [str(check.get("name")) for check in outcome.prechecks if check.get("waived")]
