# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""From the hosts of a run to its report. What happened is taken from the run itself; nothing is planned again."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from .._advisory import Advisory, Context, Verdict, decide
from .._messages import Message, message
from .._messages.en.report import SENTENCES
from .._run import HostRun
from .model import Outcome, Reason, Report

_NONE: Mapping[str, t.Any] = {}


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
    def advisory(self) -> Advisory: ...
    def verdict(self, host: HostRun) -> Verdict: ...
    def findings(self, host: HostRun) -> Sequence[Finding]: ...
    def updated(self, host: HostRun) -> bool: ...


def make_report(
    fleet: Fleet,
    scope: Iterable[str],
    left_out: Sequence[Mapping[str, str]],
    run: Mapping[str, t.Any],
    finished: str,
    check_mode: bool,
) -> Report:
    """The report about the hosts in scope, in their order.

    left_out: host and why (limit, dsa_hosts, role) of every other host of the inventory. run: run_id, started, limit,
    dsa_hosts, playbook, errors (texts). finished: ISO 8601.
    """
    outcomes = tuple(_outcome(fleet, fleet.hosts.get(name) or HostRun(name)) for name in scope)
    return _report(run, left_out, fleet.advisory, finished, check_mode, outcomes)


def begun_report(
    run: Mapping[str, t.Any],
    scope: Iterable[str],
    left_out: Sequence[Mapping[str, str]],
    advisory: Advisory | None = None,
    check_mode: bool = False,
) -> Report:
    """What stands in the file while a run is going on, and after one that was interrupted: no host is known."""
    why = [_reason(message("run_not_finished"))]
    outcomes = tuple(Outcome(host=name, reasons=why, reason_code=why[0].code) for name in scope)
    return _report(run, left_out, advisory, None, check_mode, outcomes)


def _report(
    run: Mapping[str, t.Any],
    left_out: Sequence[Mapping[str, str]],
    advisory: Advisory | None,
    finished: str | None,
    check_mode: bool,
    outcomes: Sequence[Outcome],
) -> Report:
    return Report(
        advisory=advisory.id if advisory else "",
        title=advisory.title if advisory else "",
        source=advisory.source if advisory else "",
        run_id=str(run.get("run_id") or ""),
        playbook=_text_or_none(run.get("playbook")),
        check_mode=check_mode,
        started=_text_or_none(run.get("started")),
        finished=finished,
        limit=_text_or_none(run.get("limit")),
        dsa_hosts=_text_or_none(run.get("dsa_hosts")),
        left_out=tuple(left_out),
        errors=tuple(map(str, run.get("errors") or ())),
        warnings=tuple(map(str, run.get("warnings") or ())),
        outcomes=outcomes,
    )


def _text_or_none(value: t.Any) -> str | None:
    if isinstance(value, (list, tuple)):
        value = ",".join(map(str, value))
    return str(value) if value else None


def _outcome(fleet: Fleet, host: HostRun) -> Outcome:
    failure = host.failure
    stopped = failure.message if failure else host.blocked
    code = "failed" if failure else "blocked" if host.blocked else None
    happened: dict[str, t.Any] = {
        "host": host.host,
        "role": host.role,
        "target": (host.work or _NONE).get("target"),
        "done": _done(host),
        "stage": list(host.stages)[-1] if host.stages else None,
        "error": f"{failure.stage}: {_text(failure.message)}" if failure else None,
        "reboot": _reboot(host),
        "seconds": round(sum((stage.seconds for stage in host.stages.values()), 0.0), 1),
        "prechecks": _prechecks(host),
        "diagnostics": next((str(found) for found in _details(host, "diagnostics") if found), None),
    }

    def unjudged(why: Message, own_code: str, verdict: str = "unknown") -> Outcome:
        reasons = [_reason(each) for each in (stopped, why) if each]
        return Outcome(
            verdict=verdict, verdict_before=verdict, reasons=reasons, reason_code=code or own_code, **happened
        )

    if host.unread:
        return unjudged(host.unread, *(("unreachable", "unreachable") if host.unreachable else ("not_read",)))
    try:
        verdict, findings, updated = fleet.verdict(host), list(fleet.findings(host)), fleet.updated(host)
        before, shown = _before(fleet, host, verdict), [finding.as_dict() for finding in findings]
        # A failed host says what failed, a blocked one why it was not touched; the verdict alone says neither.
        reasons = [_reason(each) for each in _reasons(stopped or verdict.message, host, findings)]
    except Exception as error:  # whatever it is: one host must not take the report of all others with it
        return unjudged(message("not_judged", why=str(error) or type(error).__name__), "not_judged")
    record = host.record or _NONE
    return Outcome(
        source="manager" if record.get("version_source") == "manager" else "host",
        platform=verdict.platform or record.get("platform"),
        verdict_before=before[0],
        verdict=verdict.verdict,
        compliant=verdict.compliant,
        passed=verdict.compliant and not failure and not any(finding.fails_gate for finding in findings),
        version_before=before[1],
        version=verdict.version,
        updated=updated,
        reasons=reasons,
        reason_code=code or verdict.reason_code,
        action=verdict.action,
        findings=shown,
        **happened,
    )


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
    precheck, upgrade = host.stages.get("precheck"), host.stages.get("upgrade")
    if precheck is not None and precheck.changed and not host.failure:
        yield precheck.message
    for check in _prechecks(host):
        if check.get("waived") and check.get("result") in ("fail", "undetermined"):
            yield message("check_waived", name=check.get("name"), reason=check.get("reason"))
    yield from (stage.message for stage in host.stages.values() if stage.outcome == "deferred")
    doubt = upgrade.details.get("doubt") if upgrade is not None and upgrade.outcome == "predicted" else None
    if doubt:
        yield Message.from_dict(doubt)


def _reason(why: Message) -> Reason:
    plain: dict[str, t.Any] = why.as_dict()
    return Reason(plain["code"], plain["values"], _text(why))


def _text(why: Message) -> str:
    own = SENTENCES.get(why.code)
    try:
        return own.format_map(why.values) if own else why.text
    except (AttributeError, KeyError, ValueError):  # a sentence or a value is missing: no reason to have no report
        return f"{why.code} {why.as_dict()['values']}"


def _details(host: HostRun, name: str) -> Iterator[t.Any]:
    return (stage.details.get(name) for stage in host.stages.values())


def _prechecks(host: HostRun) -> Sequence[Mapping[str, t.Any]]:
    checks = next((found for found in _details(host, "checks") if found), ())
    return tuple(check for check in checks if isinstance(check, Mapping) and check.get("result") != "pass")


def _done(host: HostRun) -> str:
    failure = host.failure
    if failure is not None:
        return "failed" if host.touched or failure.changed else "blocked"
    for stage, predicted, changed in (("upgrade", "would upgrade", "upgraded"), ("update", "would update", "updated")):
        result = host.stages.get(stage)
        if result is not None and result.outcome == "predicted":
            return predicted
        if result is not None and result.changed:
            return changed
    return "blocked" if host.blocked else "nothing"


def _reboot(host: HostRun) -> str | None:
    stage = host.stages.get("reboot")
    if any(_details(host, "rebooted")) or (stage is not None and stage.outcome == "done" and stage.changed):
        return "done"
    required = ((host.record or _NONE).get("reboot") or _NONE).get("required") is True
    return "pending" if required or (stage is not None and stage.outcome == "deferred") else None
