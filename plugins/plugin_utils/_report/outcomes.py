# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What a run did to every host: the fleet as it stands at the end, with the hosts that failed or were silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from .._advisory import decide
from .._fleet import Finding, Fleet, Host, SettingsError, make_plan


@dataclass(frozen=True)
class Outcome:
    """One host. compliant: by verdict; passed: compliant, nothing failed, and nothing found that fails the gate."""

    host: str
    role: str
    source: str | None
    """host or manager, by whose word it is judged; null where nobody's."""
    verdict_before: str
    verdict: str
    compliant: bool
    passed: bool
    version_before: str | None
    version: str | None
    target: str | None
    """The build that the run upgraded to, or would upgrade to."""
    done: str
    """upgraded, updated, nothing, blocked, failed; in check mode would upgrade, would update."""
    reason: str
    reason_code: str
    action: str
    """What the verdict calls for now."""
    stage: str | None
    """The last stage that ran."""
    error: str | None
    reboot: str | None
    """done, pending, or null."""
    findings: tuple[Finding, ...]
    prechecks: tuple[Mapping[str, object], ...]
    """What the pre-check before an upgrade had to say: everything but what it simply passed."""
    diagnostics: str | None


@dataclass(frozen=True)
class Report:
    """All outcomes and their sum."""

    advisory: str
    title: str
    source: str
    check_mode: bool
    started: str | None
    finished: str
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> bool:
        """Whether every host passed. A report about nobody proves nothing."""
        return bool(self.outcomes) and all(outcome.passed for outcome in self.outcomes)

    @property
    def shortfall(self) -> str:
        """How many hosts do not pass, in words; empty when all do."""
        missed = sum(not outcome.passed for outcome in self.outcomes)
        return f"{missed} of {len(self.outcomes)} hosts do not pass; the report names them" if missed else ""

    def summary(self) -> dict[str, object]:
        """Counts, small enough for any place."""
        return {
            "hosts": len(self.outcomes),
            "passed": sum(outcome.passed for outcome in self.outcomes),
            "not_passed": sum(not outcome.passed for outcome in self.outcomes),
            "verdicts": dict(sorted(Counter(outcome.verdict for outcome in self.outcomes).items())),
            "done": dict(sorted(Counter(outcome.done for outcome in self.outcomes).items())),
        }

    def as_dict(self) -> dict[str, object]:
        """The whole report as plain data; the form of the JSON file."""
        return {
            "schema": 1,
            "advisory": self.advisory,
            "title": self.title,
            "source": self.source,
            "check_mode": self.check_mode,
            "started": self.started,
            "finished": self.finished,
            "passed": self.passed,
            "summary": self.summary(),
            "hosts": [asdict(outcome) for outcome in self.outcomes],
        }


def make_report(
    fleet: Fleet,
    names: Iterable[str],
    check_mode: bool,
    finished: str,
    started: str | None = None,
    undelivered: Mapping[str, str] | None = None,
) -> Report:
    """The report about the named hosts, in the order of the inventory.

    undelivered: host → why its package could not be downloaded; nothing else in the fleet tells.
    """
    names = list(names)
    blocked = _blocked(fleet, names, check_mode, undelivered or {})
    return Report(
        advisory=fleet.advisory.id,
        title=fleet.advisory.title,
        source=fleet.advisory.source,
        check_mode=check_mode,
        started=started,
        finished=finished,
        outcomes=tuple(_outcome(fleet, fleet.hosts[name], blocked.get(name)) for name in names),
    )


def _outcome(fleet: Fleet, host: Host, blocked: str | None) -> Outcome:
    first_record = host.first.get("agent") if host.first else host.record
    before = decide(first_record, fleet.advisory) if isinstance(first_record, Mapping) else None
    error = ": ".join(host.failure) if host.failure else None
    diagnostics = next((stage["diagnostics"] for stage in host.stages.values() if stage.get("diagnostics")), None)
    outcome = Outcome(
        host=host.name,
        role=host.role,
        source=None if host.unread else "manager" if (host.record or {}).get("version_source") == "manager" else "host",
        verdict_before=before.verdict if before else "unreachable" if host.unreachable else "unknown",
        verdict="unreachable" if host.unreachable else "unknown",
        compliant=False,
        passed=False,
        version_before=before.version if before else None,
        version=None,
        target=_target(host),
        done=_done(host, blocked),
        reason=f"The host is not judged: {host.unread}",
        reason_code="unreachable" if host.unreachable else "not_read",
        action="investigate",
        stage=list(host.stages)[-1] if host.stages else None,
        error=error,
        reboot=_reboot(host),
        findings=(),
        prechecks=_prechecks(host),
        diagnostics=str(diagnostics) if diagnostics else None,
    )
    if host.unread:
        return outcome
    try:
        now = fleet.judge(host)
        findings = tuple(fleet.findings(host))
    except SettingsError as mistake:
        return replace(outcome, verdict="unknown", reason=str(mistake), reason_code="bad_setting")
    return replace(
        outcome,
        verdict=now.verdict,
        compliant=now.compliant,
        passed=now.compliant and not error and not any(finding.fails_gate for finding in findings),
        version=now.version,
        # A blocked host says why it was not touched, a failed one what failed; the verdict alone says neither.
        reason=_sentences(
            [error or blocked or now.reason, *(finding.message for finding in findings), *_before_upgrade(host)]
        ),
        reason_code="failed" if error else "blocked" if blocked else now.reason_code,
        action=now.action,
        findings=findings,
    )


def _sentences(texts: list[str]) -> str:
    """The texts one after the other, each but the last ended by a full stop."""
    ended = [text if text.endswith((".", ")", "?", "!")) else f"{text}." for text in texts[:-1]]
    return " ".join([*ended, texts[-1]])


def _prechecks(host: Host) -> tuple[Mapping[str, object], ...]:
    checks = host.stages.get("precheck", {}).get("checks")
    listed = checks if isinstance(checks, (list, tuple)) else ()
    return tuple(check for check in listed if isinstance(check, Mapping) and check.get("result") != "pass")


def _before_upgrade(host: Host) -> list[str]:
    """What the pre-check changed, or would; and what the operator decided against it, which must not be forgotten."""
    precheck = host.stages.get("precheck", {})
    done = [f"Before the upgrade: {precheck.get('msg')}."] if precheck.get("changed") and not host.failure else []
    return done + [
        f"Waived: {check.get('name')} ({check.get('reason')})"
        for check in _prechecks(host)
        if check.get("waived") and check.get("result") in ("fail", "undetermined")
    ]


def _target(host: Host) -> str | None:
    after = host.stages.get("upgrade", {}).get("after")
    return str(after) if after else None


def _blocked(fleet: Fleet, names: Iterable[str], check_mode: bool, undelivered: Mapping[str, str]) -> Mapping[str, str]:
    """Why hosts were not touched that a plan was made for: what the plan would say of them now."""
    planned = [name for name in names if fleet.hosts[name].planned and not fleet.hosts[name].stages]
    if not planned:
        return {}
    try:
        plan = make_plan(fleet, planned, check_mode)
    except SettingsError as error:
        return dict.fromkeys(planned, str(error))
    return {**plan.blocked, **{name: why for name, why in undelivered.items() if name in plan.todo}}


def _done(host: Host, blocked: str | None) -> str:
    if host.failure:
        return "failed" if host.touched else "blocked"
    upgrade, update = host.stages.get("upgrade", {}), host.stages.get("security_update", {})
    if update.get("outcome") == "predicted":
        return "would upgrade" if upgrade.get("changed") else "would update"
    if upgrade.get("changed"):
        return "upgraded"
    if update.get("changed"):
        return "updated"
    return "blocked" if blocked else "nothing"


def _reboot(host: Host) -> str | None:
    result = host.stages.get("reboot", {})
    if result.get("rebooted") or host.stages.get("precheck", {}).get("rebooted"):
        return "done"
    record_reboot = (host.record or {}).get("reboot")
    pending = isinstance(record_reboot, Mapping) and record_reboot.get("required") is True
    return "pending" if pending or result.get("deferred") else None
