# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What is wrong with an agent beside its build: the things that nobody notices until they hurt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from .._advisory import Build, BuildError, Verdict, parse_build

# Phases of the progress file that leave something to do.
PENDING = ("upgrading", "update_pending")


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
