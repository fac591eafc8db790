# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Stage precheck: find out whether a Windows host can take an upgrade before anything is changed; import certificates.

details: checks (list of Check.as_dict()), imported (file names), rebooted (bool).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._fleet import RebootRules, rules_from
from .._messages import Message, message
from .._run import HostRun, StageResult
from .._settings import Settings
from .._windows_readiness import (
    Certificate,
    Check,
    Directory,
    Lists,
    explain,
    facts_of,
    judge,
    load_lists,
    precheck_options,
    read_directory,
)
from .port import Port, Result
from .reboot import reboot_and_wait
from .shared import reason

_STAGING = r"%ProgramFiles%\deep_security_remediation\certificates"


@dataclass
class _Precheck:
    """One pre-check: what it needs, and what it has changed so far."""

    port: Port
    run: HostRun
    lists: Lists
    rules: RebootRules
    offered: Directory
    imported: list[str] = field(default_factory=list)
    rebooted: bool = False

    @property
    def settings(self) -> Settings:
        return self.run.settings

    def result(self, outcome: Any, text: Message, checks: list[Check], record: Any = None) -> StageResult:
        details = {
            "checks": [check.as_dict() for check in checks],
            "imported": self.imported,
            "rebooted": self.rebooted,
        }
        changed = bool(self.imported or self.rebooted)
        return StageResult("precheck", outcome, text, changed=changed, record=record, details=details)

    def look(self, importable: frozenset[str]) -> tuple[Mapping[str, Any], list[Check]]:
        facts = self.facts()
        checks = judge(
            facts,
            self.lists,
            reboot_policy=self.rules.policy,
            waived=self.settings["dsa_precheck_waive"],
            importable=importable,
            root_updates_reachable=self.settings["dsa_root_updates_reachable"],
        )
        return facts, checks

    def facts(self) -> Mapping[str, Any]:
        """What win_dsa_host_info reports; without an answer every check is undetermined, with the reason."""
        roots = sorted({*self.lists.thumbprints(), *self.offered.importable()})
        options = precheck_options(roots, self.lists.servicing_packages(), self.lists.shared_dlls)
        read = self.port.module("dsa_host_info", options)
        reading = read.get("reading")
        if not isinstance(reading, Mapping):
            return {"problems": [reason(read)]}
        folder = (self.run.record or {}).get("install_dir")
        return facts_of(reading, [folder] if folder else [])


def precheck(port: Port, run: HostRun) -> StageResult:
    """Failed, with nothing changed, while something prevents an upgrade. For other hosts there is nothing to do."""
    if not port.windows or not (run.work or {}).get("package"):
        return StageResult("precheck", "nothing", message("no_precheck_needed"))
    settings = run.settings
    lists = load_lists(settings["dsa_windows_lists"])
    rules = rules_from(settings["dsa_reboot"], settings["dsa_reboot_window"], settings["dsa_reboot_timezone"])
    offered = Directory("", (), {})
    if settings["dsa_certificates_dir"]:
        offered = read_directory(settings["dsa_certificates_dir"], lists, settings["dsa_certificate_checksums"] or {})
    return _check(_Precheck(port, run, lists, rules, offered))


def _check(this: _Precheck) -> StageResult:
    facts, checks = this.look(this.offered.importable())
    to_import = _lacking(facts, this.offered)
    reboot = facts.get("reboot") or {}
    to_reboot = reboot.get("required") is True and "pending_reboot" not in this.settings["dsa_precheck_waive"]
    reasons = ", ".join(map(str, reboot.get("reasons") or []))
    stopped = _stopped(this, facts, checks, to_reboot, reasons)
    if stopped:
        return this.result("failed", message("precheck_stopped", why=stopped), checks)
    if this.port.check_mode:
        return _predicted(this, checks, to_import, to_reboot, reasons)
    for certificate in to_import:
        problem = _import(this.port, certificate)
        if problem:
            return this.result("failed", message("not_imported", file=certificate.file, why=problem), checks)
        this.imported.append(certificate.file)
    record = None
    if to_reboot:
        done = reboot_and_wait(this.port, this.settings, this.run.record or {}, reasons, "precheck")
        this.rebooted, record = bool(done.details.get("rebooted")), done.record
        if done.failed:
            return this.result("failed", done.message, checks, record)
    if this.imported or to_reboot:
        # What was changed has to be seen: a certificate that is still missing stops the host now.
        facts, checks = this.look(frozenset())
        if explain(checks):
            return this.result("failed", message("precheck_failed", why=explain(checks)), checks, record)
        pending = facts.get("reboot") or {}
        if to_reboot and pending.get("required") is True:
            left = ", ".join(map(str, pending.get("reasons") or []))
            return this.result("failed", message("reboot_still_pending", reasons=left), checks, record)
    return this.result("done", _summary(this, reasons), checks, record)


def _stopped(this: _Precheck, facts: Mapping[str, Any], checks: list[Check], to_reboot: bool, reasons: str) -> str:
    """What prevents an upgrade, or an empty text."""
    stopped = explain(checks)
    if stopped and "build" not in facts:
        stopped = f"the host could not be checked ({'; '.join(facts['problems'])})\n{stopped}"
    if stopped and this.offered.refused:
        refused = "; ".join(map(": ".join, this.offered.refused.items()))
        stopped += f"\nNot used from {this.offered.path}: {refused}"
    if to_reboot and not stopped:
        clock = (this.run.record or {}).get("clock")
        objection = this.rules.objection(True, clock if isinstance(clock, Mapping) else None, this.port.now())
        if objection:
            return f"a reboot is pending ({reasons}) and has to come first; not now: {objection.text}"
    return stopped or ""


def _predicted(
    this: _Precheck, checks: list[Check], to_import: list[Certificate], to_reboot: bool, reasons: str
) -> StageResult:
    files = ", ".join(certificate.file for certificate in to_import)
    parts = [message("would_import", files=files)] if files else []
    parts += [message("would_reboot_first", reasons=reasons)] if to_reboot else []
    text = message("parts", parts=parts) if parts else message("precheck_passed")
    details = {"checks": [check.as_dict() for check in checks], "imported": [], "rebooted": False}
    outcome: Any = "predicted" if parts else "nothing"
    return StageResult("precheck", outcome, text, changed=bool(parts), details=details)


def _summary(this: _Precheck, reasons: str) -> Message:
    parts = [message("imported", files=", ".join(this.imported))] if this.imported else []
    parts += [message("rebooted", reasons=reasons)] if this.rebooted else []
    return message("parts", parts=parts) if parts else message("precheck_passed")


def _import(port: Port, certificate: Certificate) -> str | None:
    """Import what was verified, not what the file holds by now; what went wrong, or None."""
    with tempfile.TemporaryDirectory(prefix="dsa-certificate-") as folder:
        local = Path(folder) / f"{certificate.sha1}.crt"
        local.write_bytes(certificate.der)
        remote = rf"{_STAGING}\{local.name}"
        store = {"store_name": _store(certificate), "store_location": "LocalMachine", "state": "present"}
        steps: list[tuple[Any, str, Result]] = [
            (port.module, "ansible.windows.win_file", {"path": _STAGING, "state": "directory"}),
            (port.action, "ansible.windows.win_copy", {"src": str(local), "dest": remote}),
            (port.module, "ansible.windows.win_certificate_store", {"path": remote, **store}),
            (port.module, "ansible.windows.win_file", {"path": remote, "state": "absent"}),
        ]
        for call, name, options in steps:
            done = call(name, options)
            if done.get("failed"):
                return reason(done)
    return None


def _lacking(facts: Mapping[str, Any], offered: Directory) -> list[Certificate]:
    """The certificates that the host does not trust yet. Never one that it disallows: no import helps there."""
    stores = facts.get("certificates") or {}

    def held(certificate: Certificate) -> bool:
        # A root certificate that lies in the store of intermediate ones (CA) is not trusted by that.
        places = ["Disallowed", "Root", "AuthRoot", *(["CA"] if _store(certificate) == "CA" else [])]
        return any(certificate.sha1 in (stores.get(place) or []) for place in places)

    return [certificate for certificate in offered.certificates if not held(certificate)]


def _store(certificate: Certificate) -> str:
    """Root for a self-signed certificate, else CA, the store of intermediate certificates."""
    from cryptography import x509  # comes with ansible-core; where it is not, only importing needs it

    parsed = x509.load_der_x509_certificate(certificate.der)
    return "Root" if parsed.issuer == parsed.subject else "CA"
