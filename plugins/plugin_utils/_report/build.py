# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""From the hosts of a run to its report. What happened is taken from the run itself; nothing is planned again."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from .._advisory import Advisory, Context, Verdict, decide
from .._messages import Message, Texts, message
from .._run import HostRun
from .evidence import evidence_of
from .model import Outcome, Report
from .next import next_of

_NONE: Mapping[str, t.Any] = {}
_ENGLISH = Texts("en")
# Where a host may use any of more Relays than these, all that this tells is that none was named.
_MOST_RELAYS = 20


class Finding(t.Protocol):
    """What the report uses of a finding."""

    @property
    def fails_gate(self) -> bool: ...
    @property
    def message(self) -> Message: ...
    def as_dict(self) -> dict[str, t.Any]: ...


class Fleet(t.Protocol):
    """What the report uses of the fleet."""

    @property
    def hosts(self) -> Mapping[str, HostRun]: ...
    @property
    def relays(self) -> Mapping[str, HostRun]: ...
    @property
    def advisory(self) -> Advisory: ...
    def verdict(self, host: HostRun) -> Verdict: ...
    def findings(self, host: HostRun) -> Sequence[Finding]: ...
    def updated(self, host: HostRun) -> bool: ...
    def events(self, host: HostRun) -> object: ...


def make_report(fleet: Fleet, scope: Iterable[str], run: Mapping[str, t.Any], finished: str) -> Report:
    """The report about the hosts in scope, in their order.

    run: the fields of Report that are the run's own, such as run_id and errors. finished: ISO 8601.
    """
    report = begun_report(run, (), fleet.advisory)
    found = (_outcome(fleet, fleet.hosts.get(name) or HostRun(name), report.predicts) for name in scope)
    return replace(report, finished=finished, outcomes=tuple(found))


def begun_report(run: Mapping[str, t.Any], scope: Iterable[str], advisory: Advisory | None = None) -> Report:
    """What stands in the file while a run is going on, and after one that was interrupted: no host is known."""
    why = message("run_not_finished")
    outcomes = tuple(
        Outcome(host=name, next=next_of([why]), reason=why.text, reasons=[why.as_dict()], reason_code=why.code)
        for name in scope
    )
    return Report(
        advisory=advisory.id if advisory else "",
        title=advisory.title if advisory else "",
        source=advisory.source if advisory else "",
        outcomes=outcomes,
        **run,
    )


def _outcome(fleet: Fleet, host: HostRun, predicts: bool) -> Outcome:
    failure = host.failure
    stopped = failure.message if failure else host.blocked
    code = "failed" if failure else "blocked" if host.blocked else None
    happened: dict[str, t.Any] = {
        "host": host.host,
        "role": host.role,
        "site": _site(host),
        "relays": _relays(fleet, host),
        "target": (host.work or _NONE).get("target"),
        "done": _done(host),
        "stage": list(host.stages)[-1] if host.stages else None,
        "error": f"{failure.stage}: {_text(failure.message)}" if failure else None,
        "reboot": _reboot(host, predicts),
        "seconds": round(sum((stage.seconds for stage in host.stages.values()), 0.0), 1),
        "read_at": host.read_at,
        "prechecks": _prechecks(host),
        "diagnostics": next((str(found) for found in _details(host, "diagnostics") if found), None),
    }

    def unjudged(why: Message, own_code: str, verdict: str = "unknown") -> Outcome:
        reasons = [each for each in (stopped, why) if each]
        return Outcome(
            verdict=verdict,
            verdict_before=verdict,
            **_reasons_as_data(reasons, code or own_code),
            next=next_of([why] if verdict == "unreachable" else reasons),
            ready=False if predicts else None,
            evidence=evidence_of(host, fleet.events(host)),
            **happened,
        )

    if host.unread:
        return unjudged(host.unread, *(("unreachable", "unreachable") if host.unreachable else ("not_read",)))
    try:
        verdict, findings, updated = fleet.verdict(host), list(fleet.findings(host)), fleet.updated(host)
        before = _before(fleet, host, verdict)
        shown = [{**finding.as_dict(), "sentence": finding.message.code} for finding in findings]
        # A failed host says what failed, a blocked one why it was not touched; the verdict alone says neither.
        reasons = _reasons(stopped or verdict.message, host, findings)
        stated = _reasons_as_data(reasons, code or verdict.reason_code)
    except Exception as error:  # whatever it is: one host must not take the report of all others with it
        return unjudged(message("not_judged", why=str(error) or type(error).__name__), "not_judged")
    record = host.record or _NONE
    passed = verdict.compliant and not failure and not any(finding.fails_gate for finding in findings)
    against = list(_against(host, stopped, verdict, findings))
    return Outcome(
        source="manager" if record.get("version_source") == "manager" else "host",
        platform=verdict.platform or record.get("platform"),
        os=record.get("os"),
        verdict_before=before[0],
        verdict=verdict.verdict,
        compliant=verdict.compliant,
        passed=passed,
        version_before=before[1],
        version=verdict.version,
        updated=updated,
        next=next_of(against),
        ready=_ready(host, passed, stopped) if predicts else None,
        action=verdict.action,
        findings=shown,
        evidence=None if passed else evidence_of(host, fleet.events(host)),
        **stated,
        **happened,
    )


def _reasons_as_data(reasons: Sequence[Message], code: str) -> dict[str, t.Any]:
    plain = [reason.as_dict() for reason in reasons]
    return {"reasons": plain, "reason": _ENGLISH.joined(plain), "reason_code": code}


def _against(
    host: HostRun, stopped: Message | None, verdict: Verdict, findings: Iterable[Finding]
) -> Iterator[Message]:
    """What keeps the host from being done with, the most important first."""
    if stopped:
        yield stopped
    doubt = _doubt(host)
    if doubt:
        yield doubt
    yield from (stage.message for stage in host.stages.values() if stage.outcome in ("predicted", "deferred"))
    if not verdict.compliant:
        yield verdict.message
    yield from (finding.message for finding in findings if finding.fails_gate)


def _ready(host: HostRun, passed: bool, stopped: Message | None) -> bool:
    """Whether the host complies, or can be worked on as far as that is known before it is."""
    predicted = any(stage.outcome == "predicted" for stage in host.stages.values())
    return passed or (predicted and stopped is None and _doubt(host) is None)


def _site(host: HostRun) -> str | None:
    """dsa_site, else the number of the group that the Manager has the computer in."""
    if host.settings["dsa_site"]:
        return str(host.settings["dsa_site"])
    group = host.computer.get("group_id")
    return None if group is None else f"group {group}"


def _relays(fleet: Fleet, host: HostRun) -> Sequence[str]:
    """The Relays that the host may use, by name."""
    named = host.settings["dsa_relays"]
    if named is not None:
        return tuple(map(str, named))
    if host.role == "relay" or len(fleet.relays) > _MOST_RELAYS:
        return ()
    return tuple(fleet.relays)


def _before(fleet: Fleet, host: HostRun, now: Verdict) -> tuple[str, str | None]:
    """Verdict and build at the first reading of this run."""
    first = host.first
    if first is None or first.record == host.record:
        return now.verdict, now.version
    if first.record is None:
        return "unreachable" if first.status == "unreachable" else "unknown", None
    context = Context(certificate_replaced=bool(host.settings["dsa_certificate_replaced"]))
    before = decide(first.record, fleet.advisory, context)
    return before.verdict, before.version


def _reasons(main: Message, host: HostRun, findings: Iterable[Finding]) -> list[Message]:
    """Everything to say about a host, each thing once."""
    codes = set(_codes(main))
    reasons = [main, *(each.message for each in findings if each.message.code not in codes), *_about_stages(host)]
    return [reason for place, reason in enumerate(reasons) if reason not in reasons[:place]]


def _codes(value: object) -> Iterator[str]:
    """The codes of a message and of the messages in it."""
    if isinstance(value, Message):
        yield value.code
        value = list(value.values.values())
    for item in value if isinstance(value, (list, tuple)) else ():
        yield from _codes(item)


def _about_stages(host: HostRun) -> Iterator[Message]:
    """What stages changed before the upgrade, deferred, or doubt; and waived checks, which must stay visible."""
    precheck = host.stages.get("precheck")
    if precheck is not None and precheck.changed and not host.failure:
        yield precheck.message
    for check in _prechecks(host):
        if check.get("waived") and check.get("result") in ("fail", "undetermined"):
            yield message("check_waived", name=check.get("name"), reason=check.get("reason"))
    yield from (stage.message for stage in host.stages.values() if stage.outcome == "deferred")
    doubt = _doubt(host)
    if doubt:
        yield doubt


def _doubt(host: HostRun) -> Message | None:
    """Why the host may refuse the package that it would be upgraded with."""
    upgrade = host.stages.get("upgrade")
    doubt = upgrade.details.get("doubt") if upgrade is not None and upgrade.outcome == "predicted" else None
    return Message.from_dict(doubt) if doubt else None


def _text(why: Message) -> str:
    return _ENGLISH.message(why.as_dict())


def _details(host: HostRun, name: str) -> Iterator[t.Any]:
    return (stage.details.get(name) for stage in host.stages.values())


def _prechecks(host: HostRun) -> Sequence[Mapping[str, t.Any]]:
    checks = next((found for found in _details(host, "checks") if found), ())
    return tuple(check for check in checks if isinstance(check, Mapping) and check.get("result") != "pass")


def _done(host: HostRun) -> str:
    failure = host.failure
    if failure is not None:
        return "failed" if host.touched or failure.changed else "blocked"
    stages = [host.stages.get(name) for name in ("upgrade", "update")]
    predicted = [stage is not None and stage.outcome == "predicted" for stage in stages]
    changed = [stage is not None and stage.changed for stage in stages]
    if any(predicted):
        return f"would {_and('upgrade', 'update', predicted)}"
    if any(changed):
        return _and("upgraded", "updated", changed)
    return "blocked" if host.blocked else "nothing"


def _and(upgrade: str, update: str, of: Sequence[bool]) -> str:
    return " and ".join(word for word, counts in zip((upgrade, update), of, strict=True) if counts)


def _reboot(host: HostRun, predicts: bool) -> str | None:
    stage, precheck = host.stages.get("reboot"), host.stages.get("precheck")
    if any(_details(host, "rebooted")) or (stage is not None and stage.outcome == "done" and stage.changed):
        return "done"
    if predicts and not host.failure:
        if stage is not None and stage.outcome == "deferred":
            return "would wait"
        first = precheck is not None and "would_reboot_first" in _codes(precheck.message)
        if first or (stage is not None and stage.outcome == "predicted"):
            return "would reboot"
    required = ((host.record or _NONE).get("reboot") or _NONE).get("required") is True
    return "pending" if required or (stage is not None and stage.outcome == "deferred") else None
