# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""From an agent record to a verdict.

Two rules stand above all others: a verdict is never better than its evidence, and unknown is never compliant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from .builds import Build, BuildError, parse_build, shorten
from .model import Advisory, Bounds, Platform

VerdictName = Literal[
    "affected",
    "fixed",
    "indeterminate",
    "not_affected",
    "conditional",
    "mitigated",
    "not_applicable",
    "not_installed",
    "unknown",
]
Action = Literal["none", "upgrade", "fix_relay", "ask_support", "investigate"]

COMPLIANT: frozenset[str] = frozenset({"fixed", "not_affected", "mitigated", "not_applicable", "not_installed"})
# What support's replacement of the certificate file can cure; an unread version stays unread.
_CURABLE = frozenset({"affected", "indeterminate", "conditional"})
# Note *1 names these two states of a Relay, and no other.
_GOOD_RELAY = frozenset({"fixed", "mitigated"})


@dataclass(frozen=True)
class Context:
    """What the record itself cannot say.

    relays: records of every Relay the agent can use, None when they are not known. A Relay's record may carry
    certificate_replaced (bool) and name (for messages).
    certificate_replaced: the operator says that vendor support replaced the certificate file on this host.
    not_installed_compliant: whether a host without an agent passes.
    """

    relays: Sequence[Mapping[str, object]] | None = None
    certificate_replaced: bool = False
    not_installed_compliant: bool = True


@dataclass(frozen=True)
class Verdict:
    """The decision about one record. reason is one sentence for people, reason_code is for machines."""

    verdict: VerdictName
    compliant: bool
    reason: str
    reason_code: str
    action: Action
    advisory: str
    line: str | None = None
    platform: str | None = None
    version: str | None = None
    affected_up_to: str | None = None
    fixed_from: str | None = None

    def as_dict(self) -> dict[str, object]:
        """The verdict as the dictionary that modules and filters return."""
        return asdict(self)


@dataclass(frozen=True)
class _Finding:
    """A verdict before it is dressed with what is the same for all verdicts about one record."""

    verdict: VerdictName
    code: str
    action: Action
    reason: str


def decide(record: object, advisory: Advisory, context: Context = Context()) -> Verdict:
    """Judge one agent record. Never raises for what a record holds: what cannot be judged is unknown, with a reason."""
    if not isinstance(record, Mapping):
        return _dress(advisory, _unknown("no_record", f"the record is {shorten(record)}, not a mapping"), context)
    if record.get("installed") is False and not record.get("version") and not record.get("versions"):
        absent = _Finding("not_installed", "not_installed", "none", "No Deep Security Agent is installed.")
        return _dress(advisory, absent, context, advisory.platform(record.get("platform") or record.get("os")))

    named = record.get("platform") or record.get("os")
    platform = advisory.platform(named)
    if platform is None:
        known = ", ".join(sorted({p.name for p in advisory.platforms.values()}))
        why = [f"the platform {shorten(named)} is none of {known}"] if named is not None else []
        why += _problems(record) or ([] if why else ["the record names no platform"])
        return _dress(
            advisory, _unknown("unknown_platform" if named is not None else "no_record", "; ".join(why)), context
        )
    try:
        build = parse_build(record.get("version"))
    except BuildError as error:
        code = "no_version" if record.get("version") is None else "unreadable_version"
        return _dress(advisory, _unknown(code, "; ".join([str(error), *_problems(record)])), context, platform)

    finding = _judge(build, platform, advisory, context)
    disagreement = _disagreement(record, finding, platform, advisory, context)
    return _dress(advisory, disagreement or finding, context, platform, build)


def _judge(build: Build, platform: Platform, advisory: Advisory, context: Context) -> _Finding:
    """Find the cell of the table and compare."""
    line = build.version.release[:2]
    if platform.not_applicable_up_to is not None and line <= platform.not_applicable_up_to:
        return _Finding(
            "not_applicable",
            "no_such_agent",
            "none",
            f"{advisory.id} does not apply to {platform.label} agents of {build.line}.",
        )
    rule = advisory.rules.get((build.line, platform.name))
    if rule is None:
        newer = line > advisory.newest_line()
        return _Finding(
            "indeterminate",
            "line_not_listed",
            "investigate" if newer else "upgrade",
            f"{advisory.id} says nothing about line {build.line} on {platform.label}; "
            + ("ask the vendor whether it has the fix." if newer else "upgrading to a fixed build is the safe answer."),
        )
    if rule == "not_affected":
        return _Finding(
            "not_affected", "line_not_affected", "none", f"Line {build.line} is not affected on {platform.label}."
        )
    if rule == "relay_dependent":
        return _judge_by_relays(build, advisory, context)
    return _judge_by_bounds(build, platform, rule)


def _judge_by_bounds(build: Build, platform: Platform, bounds: Bounds) -> _Finding:
    if build >= bounds.fixed_from:
        return _Finding(
            "fixed",
            "at_or_above_fixed",
            "none",
            f"{build} has the fix ({platform.label}: from {bounds.fixed_from} on).",
        )
    if build <= bounds.affected_up_to:
        return _Finding(
            "affected",
            "at_or_below_affected",
            "upgrade",
            f"{build} cannot update its patterns ({platform.label}: up to {bounds.affected_up_to}).",
        )
    return _Finding(
        "indeterminate",
        "between_bounds",
        "upgrade",
        f"{build} is in neither table: the last affected build is {bounds.affected_up_to}, "
        f"the first fixed one {bounds.fixed_from}; upgrading is the safe answer.",
    )


def _judge_by_relays(build: Build, advisory: Advisory, context: Context) -> _Finding:
    """Note *1: such an agent is not affected when what it updates from is fixed, or has a replaced certificate file."""
    head = f"Whether {build} is affected depends on its Relays"
    bad, open_questions = [], []
    for number, relay in enumerate(context.relays or (), start=1):
        facts = relay if isinstance(relay, Mapping) else {}
        judged = decide(facts, advisory, Context(certificate_replaced=facts.get("certificate_replaced") is True))
        text = f"{facts.get('name') or f'Relay {number}'} is {judged.verdict}"
        if judged.verdict == "affected":
            bad.append(text)
        elif judged.verdict not in _GOOD_RELAY:
            open_questions.append(text)
    if bad:
        return _Finding(
            "affected",
            "relay_affected",
            "fix_relay",
            f"{head}, and {_join(bad)}; fix the Relay, then ask vendor support about this agent.",
        )
    if open_questions:
        return _Finding("conditional", "relay_not_known_good", "investigate", f"{head}, and {_join(open_questions)}.")
    if not context.relays:
        return _Finding("conditional", "relays_unknown", "investigate", f"{head}, and they are not known.")
    return _Finding("not_affected", "relays_fixed", "none", f"{head}, and all of them are fixed.")


def _disagreement(
    record: Mapping[str, object], finding: _Finding, platform: Platform, advisory: Advisory, context: Context
) -> _Finding | None:
    """Sources that differ in compliance (package replaced, old agent still running) are no evidence of either."""
    sources = record.get("versions")
    builds: dict[str, Build] = {}
    for source, text in sources.items() if isinstance(sources, Mapping) else ():
        try:
            builds[str(source)] = parse_build(text)
        except BuildError:
            continue  # a source that says nothing readable contradicts nobody
    passes = {finding.verdict in COMPLIANT}
    passes.update(_judge(build, platform, advisory, context).verdict in COMPLIANT for build in builds.values())
    if len(passes) == 1:
        return None
    said = ", ".join(f"{source} says {build}" for source, build in sorted(builds.items()))
    return _Finding(
        "indeterminate",
        "sources_disagree",
        "investigate",
        f"The sources disagree: {said}; the installed agent may not be the running one: "
        "restart its service or the host, then look again.",
    )


def _dress(
    advisory: Advisory,
    finding: _Finding,
    context: Context,
    platform: Platform | None = None,
    build: Build | None = None,
) -> Verdict:
    if context.certificate_replaced and finding.verdict in _CURABLE:
        finding = _Finding(
            "mitigated",
            "certificate_replaced",
            "none",
            f"The operator states that vendor support replaced the certificate file on this host (build {build}).",
        )
    compliant = finding.verdict in COMPLIANT
    action = finding.action
    if finding.verdict == "not_installed" and not context.not_installed_compliant:
        compliant, action = False, "investigate"
    rule = advisory.rules.get((build.line, platform.name)) if build and platform else None
    return Verdict(
        verdict=finding.verdict,
        compliant=compliant,
        reason=finding.reason,
        reason_code=finding.code,
        action=action,
        advisory=advisory.id,
        line=build.line if build else None,
        platform=platform.name if platform else None,
        version=build.text if build else None,
        affected_up_to=rule.affected_up_to.text if isinstance(rule, Bounds) else None,
        fixed_from=rule.fixed_from.text if isinstance(rule, Bounds) else None,
    )


def _unknown(code: str, why: str) -> _Finding:
    return _Finding("unknown", code, "investigate", f"The build is not known: {why}.")


def _problems(record: Mapping[str, object]) -> list[str]:
    problems = record.get("problems")
    return [str(problem) for problem in problems] if isinstance(problems, (list, tuple)) else []


def _join(texts: Sequence[str]) -> str:
    """At most three, so that a site with forty Relays still gets one readable sentence."""
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")
