# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What is wrong with an agent beside its build: the things that nobody notices until they hurt."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from .._advisory import Build, BuildError, Verdict, parse_build

# Phases of the progress file that leave something to do.
PENDING = ("upgrading", "update_pending")
# More than what clocks that are looked after differ by.
_CLOCKS_DIFFER = timedelta(hours=1)


@dataclass(frozen=True)
class Finding:
    """One thing to know. fails_gate: a host with it does not pass as verified, whatever its build."""

    code: str
    message: str
    fails_gate: bool

    def as_dict(self) -> dict[str, object]:
        """The finding as plain data."""
        return asdict(self)


def _part(record: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = record.get(key)
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []


def find(record: Mapping[str, object]) -> list[Finding]:
    """Findings about one agent record."""
    found: list[Finding] = []
    if record.get("installed") is not True:
        return found
    progress, service = _part(record, "remediation"), _part(record, "service")
    anti_malware, reboot = _part(record, "anti_malware"), _part(record, "reboot")

    if progress.get("phase") in PENDING:
        since = f" since {progress['since']}" if progress.get("since") else ""
        message = f"The remediation of this host was begun and is not done{since}: phase {progress['phase']}."
        found.append(Finding("remediation_pending", message, True))
    if progress.get("self_protection") == "off":
        message = (
            "Self-protection was switched off for an upgrade and not switched on again; run the remediation again."
        )
        found.append(Finding("self_protection_off", message, True))
    if service.get("state") in ("stopped", "failed"):
        message = f"The service {service.get('name')} is {service['state']}; start it and look at the agent's log."
        found.append(Finding("service_not_running", message, True))
    if anti_malware.get("driver_offline") is True or anti_malware.get("mode") == "driver-offline":
        message = "The Anti-Malware engine is offline: the host is not protected."
        if record.get("platform") == "windows":
            message += " If it stays so, follow the playbook recover."
        found.append(Finding("anti_malware_offline", message, True))
    silent = [str(problem) for problem in _list(record.get("problems")) if str(problem).startswith("dsa_query:")]
    if silent:
        message = f"The agent does not answer, so nobody knows whether it protects the host ({silent[0]})."
        found.append(Finding("agent_silent", message, True))
    if record.get("activated") is False:
        found.append(Finding("not_activated", "The agent is not activated: no Manager looks after it.", False))
    if reboot.get("required") is True:
        because = ", ".join(map(str, _list(reboot.get("reasons"))))
        found.append(Finding("reboot_pending", f"A reboot is pending ({because}).", False))
    return found


def disagreements(record: Mapping[str, object], manager: Mapping[str, object], in_relay_group: bool) -> list[Finding]:
    """Where the Manager's record of a host differs from the host's own, with both values.

    None of it fails the gate by itself: the host's own word is the fresher one, and is judged anyway.
    """
    found: list[Finding] = []
    if record.get("version_source") == "manager":
        record = {}
    with suppress(BuildError):
        here, there = parse_build(record.get("version")), parse_build(manager.get("version"))
        if here != there:
            message = (
                f"The host says build {here}, the Manager {there}: either the agent has not spoken to the Manager "
                "since, or this is not the computer that the Manager means."
            )
            found.append(Finding("manager_disagrees_build", message, False))
    known = _part(manager, "relay").get("enabled")
    looks = _part(record, "relay").get("enabled")
    if isinstance(known, bool):
        is_one = "it is a Relay" if known else "it is no Relay"
        counts = "The Manager's word counts." if known else "Agents wait for it until dsa_role says that it is none."
        if isinstance(looks, bool) and looks != known:
            seen = "it listens as a Relay does" if looks else "nothing listens there as a Relay does"
            message = f"The Manager says that {is_one}, and on the host {seen}. {counts}"
            found.append(Finding("manager_disagrees_relay", message, False))
        elif in_relay_group and not known:
            message = f"The inventory calls it a Relay, the Manager says that {is_one}. {counts}"
            found.append(Finding("manager_disagrees_relay", message, False))
    return found


def out_of_date(last_contact: object, days: float, now: datetime) -> list[Finding]:
    """Whether an agent known through the Manager alone has been silent for longer than days."""
    try:
        since = datetime.fromisoformat(str(last_contact).replace("Z", "+00:00"))
    except ValueError:
        message = "The Manager does not say when the agent spoke to it last, so what it knows proves nothing."
        return [Finding("manager_word_old", message, True)]
    if since - now > _CLOCKS_DIFFER:
        message = (
            f"By the Manager the agent spoke to it last at {last_contact}, which is still to come: compare the clocks "
            "of the Manager and of this machine, as nobody knows how old its word is."
        )
        return [Finding("manager_word_old", message, True)]
    if now - since <= timedelta(days=days):
        return []
    message = (
        f"The agent has not spoken to the Manager since {last_contact}, longer than dsa_manager_max_age ({days:g} "
        "days): what the Manager knows may not be true any more."
    )
    return [Finding("manager_word_old", message, True)]


def failing_updates(told: object, updates: object) -> list[Finding]:
    """Whether the Manager says that an agent's updates fail.

    told: last_failure and certificate_expired (since its last success) of the computer's events. updates: status and
    message of a record of the Manager's.
    """
    found = []
    if isinstance(told, Mapping) and told.get("certificate_expired") is True:
        last = told.get("last_failure") or "an unknown day"
        message = f"Its pattern updates fail already: event 9017 with -24, last on {last}."
        found.append(Finding("updates_failing", message, True))
    elif isinstance(updates, Mapping) and updates.get("status") == "error":
        message = f"The Manager says that its security updates fail: {updates.get('message') or 'no reason given'}."
        found.append(Finding("updates_failing", message, True))
    return found


def unverified(record: Mapping[str, object], judged: Verdict, target: Build | None) -> list[str]:
    """What stands between an upgraded host and the word "verified".

    The build is believed when two sources say it: a package manager's exit status proves nothing.
    """
    reasons = [] if judged.compliant else [judged.reason]
    said: dict[str, Build] = {}
    for source, text in _part(record, "versions").items():
        try:
            said[str(source)] = parse_build(text)
        except BuildError:
            continue
    if len(said) < 2:
        only = f"only {next(iter(said))} gives" if said else "no source gives"
        problems = _list(record.get("problems"))
        why = f" ({'; '.join(map(str, problems))})" if problems else ""
        reasons.append(f"{only} the build, and two are needed{why}.")
    for source, build in sorted(said.items()):
        if target is not None and build < target:
            reasons.append(f"{source} says {build}, which is older than the target {target}.")
    return reasons + [finding.message for finding in find(record) if finding.fails_gate]
