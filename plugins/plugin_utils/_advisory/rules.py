# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""From an agent record to a verdict.

Two rules stand above all others: a verdict is never better than its evidence, and unknown is never compliant.

The order: the build is judged by the advisory; sources that disagree in compliance prove neither; the operator's
statement about the certificate file counts; and what would pass then must not be contradicted by the record.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

from .._messages import Message, message
from .._text import one_line, shorten
from .builds import Build, build_or_none
from .evidence import Sources, problems_of, signs_of_agent, sources_of
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
    """The decision about one record. message and reason are one sentence for people, reason_code is for machines."""

    verdict: VerdictName
    compliant: bool
    message: Message = field(hash=False)
    reason_code: str
    action: Action
    advisory: str
    line: str | None = None
    platform: str | None = None
    version: str | None = None
    affected_up_to: str | None = None
    fixed_from: str | None = None

    @property
    def reason(self) -> str:
        """The English sentence."""
        return self.message.text

    def as_dict(self) -> dict[str, object]:
        """The verdict as the dictionary that modules and filters return."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        del found["message"]
        return {**found, "reason": self.reason}


@dataclass(frozen=True)
class _Judgement:
    """A verdict without what is the same for all verdicts about one record. code: the reason_code."""

    verdict: VerdictName
    code: str
    action: Action
    message: Message


def _judged(verdict: VerdictName, code: str, action: Action, sentence: str = "", **values: object) -> _Judgement:
    """sentence: where one code has several sentences."""
    return _Judgement(verdict, code, action, Message(f"verdict_{sentence or code}", values))


def decide(record: object, advisory: Advisory, context: Context = Context()) -> Verdict:
    """Judge one agent record. Never raises for what a record holds: what cannot be judged is unknown, with a reason."""
    if not isinstance(record, Mapping):
        return _verdict(advisory, _unknown("no_record", {}, value=shorten(record)), context)
    named = record.get("platform") or record.get("os")
    platform = advisory.platform(named)
    signs = signs_of_agent(record) if record.get("installed") is False else []
    if record.get("installed") is False and not signs:
        return _verdict(advisory, _judged("not_installed", "not_installed", "none"), context, platform)
    if platform is None:
        if named is None:
            return _verdict(advisory, _unknown("no_record", record, "no_platform"), context)
        known = sorted({each.name for each in advisory.platforms.values()})
        return _verdict(
            advisory, _unknown("unknown_platform", record, platform=shorten(named), known=", ".join(known)), context
        )
    build = build_or_none(record.get("version"))
    if build is None:
        return _verdict(advisory, _without_build(record, signs), context, platform)

    sources = sources_of(record)
    judgement = _judge_sources(sources, build, platform, advisory, context)
    if context.certificate_replaced and judgement.verdict in _CURABLE:
        judgement = _judged("mitigated", "certificate_replaced", "none", build=build.text)
    if judgement.verdict in COMPLIANT:
        judgement = _contradiction(record, build, sources, signs) or judgement
    return _verdict(advisory, judgement, context, platform, build)


def _without_build(record: Mapping[str, t.Any], signs: list[Message]) -> _Judgement:
    if signs:
        return _unknown("running_without_package", record, signs=signs)
    if record.get("version") is None:
        return _unknown("no_version", record)
    return _unknown("unreadable_version", record, value=shorten(record["version"]))


def _contradiction(
    record: Mapping[str, t.Any], build: Build, sources: Sources, signs: list[Message]
) -> _Judgement | None:
    """What in the record stands against a build that would pass."""
    if sources.unreadable:
        unreadable = list(sources.unreadable.values())
        return _judged("unknown", "source_unreadable", "investigate", build=build.text, sources=unreadable)
    if signs:
        return _unknown("running_without_package", record, signs=signs)
    if record.get("installed", True) is not True:
        return _unknown("installation_unknown", record, build=build.text)
    return None


def _judge_sources(
    sources: Sources, build: Build, platform: Platform, advisory: Advisory, context: Context
) -> _Judgement:
    """Sources that differ in compliance (package replaced, old agent still running) are no evidence of either."""
    judgement = _judge_build(build, platform, advisory, context)
    passes = {judgement.verdict in COMPLIANT}
    passes.update(
        _judge_build(other, platform, advisory, context).verdict in COMPLIANT for other in sources.builds.values()
    )
    if len(passes) == 1:
        return judgement
    given = sources.messages()
    if build not in sources.builds.values():
        given.insert(0, message("source_gives", source="version", build=build.text))
    return _judged("indeterminate", "sources_disagree", "investigate", sources=given)


def _judge_build(build: Build, platform: Platform, advisory: Advisory, context: Context) -> _Judgement:
    """Find the cell of the table and compare."""
    line = build.version.release[:2]
    if platform.not_applicable_up_to is not None and line <= platform.not_applicable_up_to:
        return _judged(
            "not_applicable",
            "no_such_agent",
            "none",
            advisory=advisory.id,
            platform=platform.label,
            line=build.line,
        )
    rule = advisory.rules.get((build.line, platform.name))
    if rule is None:
        newer = line > advisory.newest_line()
        return _judged(
            "indeterminate",
            "line_not_listed",
            "investigate" if newer else "upgrade",
            "line_not_listed_newer" if newer else "line_not_listed",
            advisory=advisory.id,
            platform=platform.label,
            line=build.line,
        )
    if rule == "not_affected":
        return _judged("not_affected", "line_not_affected", "none", line=build.line, platform=platform.label)
    if rule == "relay_dependent":
        return _judge_by_relays(build, advisory, context)
    return _judge_by_bounds(build, platform, rule)


def _judge_by_bounds(build: Build, platform: Platform, bounds: Bounds) -> _Judgement:
    values = {
        "build": build.text,
        "platform": platform.label,
        "affected_up_to": bounds.affected_up_to.text,
        "fixed_from": bounds.fixed_from.text,
    }
    if build >= bounds.fixed_from:
        return _judged("fixed", "at_or_above_fixed", "none", **values)
    if build <= bounds.affected_up_to:
        return _judged("affected", "at_or_below_affected", "upgrade", **values)
    return _judged("indeterminate", "between_bounds", "upgrade", **values)


def _judge_by_relays(build: Build, advisory: Advisory, context: Context) -> _Judgement:
    """Note *1: such an agent is not affected when what it updates from is fixed, or has a replaced certificate file."""
    bad, not_good = [], []
    for number, relay in enumerate(context.relays or (), start=1):
        record = relay if isinstance(relay, Mapping) else {}
        judged = decide(record, advisory, Context(certificate_replaced=record.get("certificate_replaced") is True))
        name = one_line(record.get("name") or f"Relay {number}", 60)
        state = message("relay_is", name=name, verdict=judged.verdict)
        if judged.verdict == "affected":
            bad.append(state)
        elif judged.verdict not in _GOOD_RELAY:
            not_good.append(state)
    if bad:
        return _judged("affected", "relay_affected", "fix_relay", build=build.text, relays=bad)
    if not_good:
        return _judged("conditional", "relay_not_known_good", "investigate", build=build.text, relays=not_good)
    if not context.relays:
        return _judged("conditional", "relays_unknown", "investigate", build=build.text)
    return _judged("not_affected", "relays_fixed", "none", build=build.text)


def _verdict(
    advisory: Advisory,
    judgement: _Judgement,
    context: Context,
    platform: Platform | None = None,
    build: Build | None = None,
) -> Verdict:
    """Complete a judgement to a verdict."""
    compliant = judgement.verdict in COMPLIANT
    action = judgement.action
    if judgement.verdict == "not_installed" and not context.not_installed_compliant:
        compliant, action = False, "investigate"
    rule = advisory.rules.get((build.line, platform.name)) if build and platform else None
    return Verdict(
        verdict=judgement.verdict,
        compliant=compliant,
        message=judgement.message,
        reason_code=judgement.code,
        action=action,
        advisory=advisory.id,
        line=build.line if build else None,
        platform=platform.name if platform else None,
        version=build.text if build else None,
        affected_up_to=rule.affected_up_to.text if isinstance(rule, Bounds) else None,
        fixed_from=rule.fixed_from.text if isinstance(rule, Bounds) else None,
    )


def _unknown(code: str, record: Mapping[str, t.Any], sentence: str = "", **values: object) -> _Judgement:
    """The verdict unknown, with the problems of the record."""
    judgement = _judged("unknown", code, "investigate", sentence, **values)
    problems = [problem.message for problem in problems_of(record)]
    if not problems:
        return judgement
    return _judged("unknown", code, "investigate", "with_problems", reason=judgement.message, problems=problems)
