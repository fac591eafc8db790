# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""See whether a Windows host can take an upgrade, before anything is changed on it; mend what may be mended."""

from __future__ import annotations

import tempfile
import typing as t
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure

from ..plugin_utils._action import READING_OPTIONS, REBOOT_OPTIONS, DsaAction, Result
from ..plugin_utils._fleet import RebootRules, rules_from
from ..plugin_utils._windows_readiness import (
    Certificate,
    Check,
    Directory,
    Lists,
    explain,
    judge,
    load_lists,
    read_directory,
)

_READY = "nothing stands in the way of an upgrade"
_STAGING = r"%ProgramFiles%\deep_security_remediation\certificates"
_OPTIONS: dict[str, dict[str, t.Any]] = {
    **READING_OPTIONS,
    **REBOOT_OPTIONS,
    "clock": {"type": "dict"},
    "lists": {"type": "path"},
    "waive": {"type": "list", "elements": "str", "default": []},
    "root_updates_reachable": {"type": "bool", "default": False},
    "certificates_dir": {"type": "path"},
    "certificate_checksums": {"type": "dict", "default": {}},
}


class ActionModule(DsaAction):
    """The host collects, the judgement is made here. Certificates are imported only where a directory offers them."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return checks, imported and rebooted; failed, and nothing changed, while something stands in the way."""
        arguments = self.arguments(_OPTIONS)
        if not self.windows:
            return {"changed": False, "checks": [], "imported": [], "rebooted": False, "msg": "for Windows hosts only"}
        lists = load_lists(arguments["lists"])
        rules = rules_from(arguments["policy"], arguments["window"], arguments["timezone"])
        offered = Directory("", (), {})
        if arguments["certificates_dir"]:
            offered = read_directory(arguments["certificates_dir"], lists, arguments["certificate_checksums"])
        done: Result = {"changed": False, "imported": [], "rebooted": False, "refused": dict(offered.refused)}
        try:
            return self._check(done, lists, rules, offered, arguments, task_vars)
        except AnsibleConnectionFailure as error:
            text = f"the host was lost during the pre-check: {error}; run again"
            return {**done, "failed": True, "checks": [], "msg": text}

    def _check(
        self,
        result: Result,
        lists: Lists,
        rules: RebootRules,
        offered: Directory,
        arguments: dict[str, t.Any],
        task_vars: dict[str, t.Any],
    ) -> Result:
        def look(importable: frozenset[str]) -> tuple[Mapping[str, t.Any], list[Check]]:
            facts = self._facts(lists, offered, arguments, task_vars)
            checks = judge(
                facts,
                lists,
                reboot_policy=rules.policy,
                waived=arguments["waive"],
                importable=importable,
                root_updates_reachable=arguments["root_updates_reachable"],
            )
            return facts, checks

        facts, checks = look(offered.importable())

        def ended(why: str) -> Result:
            return {**result, "checks": [check.as_dict() for check in checks], "failed": True, "msg": why}

        to_import = _lacking(facts, offered)
        reboot = facts.get("reboot") or {}
        to_reboot = reboot.get("required") is True and "pending_reboot" not in arguments["waive"]
        reasons = ", ".join(map(str, reboot.get("reasons") or []))
        stopped = explain(checks)
        if stopped and offered.refused:
            stopped += f"\nNot used from {offered.path}: " + "; ".join(map(": ".join, offered.refused.items()))
        if to_reboot and not stopped:
            objection = rules.objection(True, arguments["clock"], datetime.now(timezone.utc))
            if objection:
                stopped = f"a reboot is pending ({reasons}) and has to come first; not now: {objection}"
        if stopped:
            return ended(f"not upgraded, and nothing was changed: {stopped}")

        if self._task.check_mode:
            names = [certificate.file for certificate in to_import]
            said = [f"would import {', '.join(names)}"] if names else []
            said += [f"would reboot first ({reasons})"] if to_reboot else []
            result.update(changed=bool(said), imported=names, msg="; ".join(said) or _READY)
            return {**result, "checks": [check.as_dict() for check in checks]}

        for certificate in to_import:
            problem = self._import(certificate, arguments, task_vars)
            if problem:
                return ended(f"not upgraded: {certificate.file} could not be imported: {problem}")
            result["imported"].append(certificate.file)
            result["changed"] = True
        if to_reboot:
            done = self.reboot_and_wait(f"pending before the upgrade: {reasons}", arguments, task_vars)
            result.update(changed=True, rebooted=bool(done.get("rebooted")))
            if done.get("failed"):
                return ended(str(done["msg"]))
        if result["changed"]:
            # What was mended has to be seen: a certificate that is still missing stops the host now.
            facts, checks = look(frozenset())
            still = explain(checks)
            again = facts.get("reboot") or {}
            if not still and to_reboot and again.get("required") is True:
                left = ", ".join(map(str, again.get("reasons") or []))
                still = (
                    f"the host was rebooted, and a reboot is still pending ({left}): mend that, or waive pending_reboot"
                )
            if still:
                return ended(f"not upgraded: {still}")
        said = [f"imported {', '.join(result['imported'])}"] if result["imported"] else []
        said += [f"rebooted ({reasons})"] if result["rebooted"] else []
        return {**result, "checks": [check.as_dict() for check in checks], "msg": "; ".join(said) or _READY}

    def _facts(
        self, lists: Lists, offered: Directory, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> Mapping[str, t.Any]:
        """What win_dsa_precheck_info says; without an answer every check is undetermined, with the reason."""
        given = {
            "roots": sorted({*lists.thumbprints(), *offered.importable()}),
            "servicing_packages": lists.servicing_packages(),
            "shared_dlls": list(lists.shared_dlls),
        }
        host = task_vars["inventory_hostname"]
        read = self.reconnecting(
            arguments["reconnect_timeout"], host, lambda: self.run_module("dsa_precheck_info", given, task_vars)
        )
        facts = read.get("windows")
        if isinstance(facts, Mapping):
            return facts
        why = str(read.get("msg") or read.get("module_stderr") or "the reader gave nothing")
        return {"problems": [" ".join(why.split())[:500]]}

    def _import(self, certificate: Certificate, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> str | None:
        """Bring what was verified, not what the file holds by now, into the store; what went wrong, or None."""
        host = task_vars["inventory_hostname"]
        with tempfile.TemporaryDirectory(prefix="dsa-certificate-") as folder:
            local = Path(folder) / f"{certificate.sha1}.crt"
            local.write_bytes(certificate.der)
            remote = rf"{_STAGING}\{local.name}"
            store = {"store_name": _store(certificate), "store_location": "LocalMachine", "state": "present"}
            steps: list[t.Callable[[], Result]] = [
                lambda: self.run_module(
                    "ansible.windows.win_file", {"path": _STAGING, "state": "directory"}, task_vars
                ),
                lambda: self.run_action("ansible.windows.win_copy", {"src": str(local), "dest": remote}, task_vars),
                lambda: self.run_module("ansible.windows.win_certificate_store", {"path": remote, **store}, task_vars),
                lambda: self.run_module("ansible.windows.win_file", {"path": remote, "state": "absent"}, task_vars),
            ]
            for step in steps:
                done = self.reconnecting(arguments["reconnect_timeout"], host, step)
                if done.get("failed"):
                    return str(done.get("msg") or "no reason given")
        return None


def _lacking(facts: Mapping[str, t.Any], offered: Directory) -> list[Certificate]:
    """The certificates that the host does not trust yet. Never one that it disallows: no import helps there."""
    stores = facts.get("certificates") or {}

    def held(certificate: Certificate) -> bool:
        # A root that lies among the intermediate certificates is not trusted by that.
        places = ["Disallowed", "Root", "AuthRoot", *(["CA"] if _store(certificate) == "CA" else [])]
        return any(certificate.sha1 in (stores.get(place) or []) for place in places)

    return [certificate for certificate in offered.certificates if not held(certificate)]


def _store(certificate: Certificate) -> str:
    """Root for what signed itself, else CA, the store of intermediate certificates."""
    from cryptography import x509  # comes with ansible-core; where it is not, only importing needs it

    parsed = x509.load_der_x509_certificate(certificate.der)
    return "Root" if parsed.issuer == parsed.subject else "CA"
