# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Recovery of a Windows host whose Anti-Malware engine stays offline.

The agent is removed, installed anew, updated and verified. Never a part of another playbook. Each step is seen to have
worked before the next; run again, it goes on from what it finds on the host.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .._advisory import parse_build
from .._fleet import Package, rules_from
from .._record import findings_of
from .._run import HostRun, Reading
from . import msi, windows_upgrade
from .port import Port, Result
from .precheck import precheck
from .reboot import reboot_and_wait
from .shared import problem_texts, reason, self_protection, unanswered
from .update import update
from .verify import verify

Record = Mapping[str, Any]
_NOT_INSTALLED = 1605
_SUPPORT = (
    "Anti-Malware is still offline after the agent was installed anew. The vendor's article says to stop here: collect "
    "the diagnostics (dsa_control -d), follow KA-0012132, and contact the vendor's support"
)


class Stopped(Exception):
    """A step cannot be done, or had no effect. The message says what to do before the next run."""


@dataclass
class Recovery:
    """One recovery. package: brings the package to the controller; raises Stopped where there is none.

    manager_part: operator (the operator deletes the computer in the Manager), caller (the role does it between two
    calls), done (it has given the new computer back what the old one had). relay: whether the host was a Relay.
    """

    port: Port
    run: HostRun
    package: Callable[[Record], Package]
    manager_part: Literal["operator", "caller", "done"]
    deleted_in_manager: bool
    relay: bool
    steps: list[str] = field(default_factory=list)

    def recover(self) -> str | None:
        """Go as far as possible; what the role has to do in the Manager now (deletion, restoration), or None."""
        caller = self.manager_part == "caller"
        if not self.port.windows:
            raise Stopped("this recovery is for Windows hosts: the vendor's article describes it for Windows alone")
        record = self._read()
        if record.get("installed") is None:
            raise Stopped(f"the agent could not be read: {problem_texts(record)}")
        if record.get("remediation_unreadable"):
            # It says whether this agent was installed anew already: then nothing more is to be tried.
            raise Stopped(f"nothing was removed: {record['remediation_unreadable']}")
        self.run = self.run.with_reading(Reading("read", record))
        reinstalled = bool((record.get("remediation") or {}).get("reinstalled"))
        if not (record["installed"] and reinstalled):
            waits_for = self._renew(record)
            if waits_for or self.port.check_mode:
                return waits_for
        if self.port.check_mode:
            return None
        self._register()
        if caller:
            return "restoration"
        self._see_that_it_is_whole()
        self._finish()
        return None

    def _renew(self, record: Record) -> str | None:
        """Remove the agent, and install it anew once the Manager has forgotten it."""
        # With no product code left the agent was removed, and what is still there waits for a reboot.
        removed = not record["installed"] or not record.get("product_code")
        if not removed and "anti_malware_offline" not in _codes(record):
            raise Stopped("Anti-Malware is not offline on this host: there is nothing to recover")
        package = self.package(record)  # before anything is removed
        if not removed:
            self._precheck(package)
        if self.port.check_mode:
            self.steps.append("would remove the agent, install it anew and activate it")
            return "deletion" if self.manager_part == "caller" and not self.deleted_in_manager else None
        if not removed:
            # Without it a host that lost its agent here would look like one that never had any.
            note = {"step": "restart", "version": package.version, "update_due": True}
            self._module("dsa_upgrade", note, "nothing was removed, as it could not be noted on the host")
        reboot_required = False if removed else self._uninstall(str(record["product_code"]))
        self._see_that_it_is_gone(reboot_required)
        if not self.deleted_in_manager:
            if self.manager_part == "caller":
                return "deletion"
            raise Stopped(
                "the agent is removed and nothing is left of it. Now delete this computer in the Manager, then run "
                "again with dsa_recover_deleted_in_manager: true for this host"
            )
        self._reinstall(package)
        return None

    def _planned(self, package: Package | None) -> HostRun:
        target = package.version if package else None
        work = {"target": target, "installed": None, "package": package.as_dict() if package else None}
        return replace(self.run, work=work)

    def _precheck(self, package: Package) -> None:
        """What made Anti-Malware go offline, most likely a missing certificate, must be corrected first."""
        result = precheck(self.port, self._planned(package))
        if result.failed:
            raise Stopped(result.message.text)
        if result.changed:
            self.steps.append(result.message.text)

    def _read(self) -> Record:
        record = self.port.read()
        if unanswered(record):
            raise Stopped(f"the agent could not be read: {problem_texts(record)}; run again")
        return record

    def _module(self, name: str, options: Result, otherwise: str) -> Result:
        """Run a module; where it fails the recovery stops, with its reason."""
        done = self.port.module(name, options)
        if done.get("failed"):
            raise Stopped(f"{otherwise}: {reason(done)}")
        return done

    def _uninstall(self, product: str) -> bool:
        """Remove the agent; whether Windows Installer requires a reboot to finish."""
        guarded = self_protection(self.run)
        password = self.run.settings["dsa_self_protection_password"]

        def protect(on: bool) -> None:
            options = {"arguments": [f"--selfprotect={int(on)}"], **({"password": password} if password else {})}
            word = "on again" if on else "off"
            self._module("dsa_control", options, f"self-protection could not be turned {word}")

        if guarded:
            protect(False)
        self.port.display(f"{self.port.host}: removing the agent")
        codes = [*msi.SUCCESS, msi.BUSY, _NOT_INSTALLED]
        options = {"product_id": product, "state": "absent", "expected_return_code": codes}
        try:
            done = self._module("ansible.windows.win_package", options, "the agent could not be removed")
            if done.get("rc") == msi.BUSY:
                raise Stopped("the agent was not removed: another installation is running there, run again after it")
        except Exception as error:
            if guarded:
                try:
                    protect(True)
                except Exception as second:
                    raise Stopped(f"{error}. {second}: turn self-protection on in the Manager") from error
            raise
        self.steps.append("removed the agent")
        return bool(done.get("reboot_required")) or done.get("rc") in (msi.REBOOT_REQUIRED, msi.REBOOT_STARTED)

    def _see_that_it_is_gone(self, reboot_required: bool) -> None:
        """Reboot if that is required, then go through the check list. What is left is named, never deleted."""
        record, settings = self._read(), self.run.settings
        reboot = record.get("reboot") or {}
        if reboot_required or reboot.get("required") is True:
            texts = [str(entry.get("text", entry)) for entry in reboot.get("reasons") or []]
            reasons = ", ".join(texts) or "Windows Installer requires it"
            rules = rules_from(settings["dsa_reboot"], settings["dsa_reboot_window"], settings["dsa_reboot_timezone"])
            objection = rules.objection(True, record.get("clock"), self.port.now())
            if objection:
                raise Stopped(
                    f"a reboot is needed to finish the removal ({reasons}), and not done now: {objection.text}. Reboot "
                    "the host, then run again"
                )
            done = reboot_and_wait(self.port, settings, record, reasons, "reboot")
            if done.failed:
                raise Stopped(done.message.text)
            self.steps.append("rebooted")
            record = self._read()
        if record.get("installed") is not False and record.get("product_code"):
            raise Stopped("msiexec reported success, and the agent is still there: look at the host")
        if record.get("installed") is None:
            raise Stopped(f"whether the agent is gone could not be read: {problem_texts(record)}; run again")
        found = self._module("dsa_leftovers_info", {}, "what is left could not be looked for")
        left = [str(entry["name"]) for entry in found["leftovers"] if not entry.get("maybe_other_product")]
        if left:
            raise Stopped(
                f"the agent was removed, and this is left of it: {', '.join(left)}. Remove it as the vendor's article "
                "on manual removal says, then run again"
            )

    def _reinstall(self, package: Package) -> None:
        self.port.display(f"{self.port.host}: installing {package.file}")
        details = {"before": None, "source": package.file}
        run = self._planned(package)
        done = windows_upgrade.install(self.port, run, parse_build(package.version), details, reinstall=True)
        if done.failed:
            raise Stopped(f"the agent could not be installed anew: {done.message.text}")
        self.steps.append(f"installed {package.version}")

    def _register(self) -> None:
        """Activated, and Anti-Malware back."""
        # A new agent answers in full only after some seconds: what is not known yet is neither yes nor no.
        self._wait(
            lambda record: record.get("activated") is not None,
            "the new agent does not answer: look at its service and its log on the host, then run again",
        )
        if self._read().get("activated") is not True:
            activation = self.run.settings["dsa_activation"]
            if not activation:
                raise Stopped(
                    "the agent is installed and not activated: activate it in the Manager, or set dsa_activation to "
                    "the arguments of dsa_control that do it, then run again"
                )
            self._module("dsa_control", {"arguments": activation}, "the agent could not be activated")
            self.steps.append("activated")
        self._wait(
            lambda record: record.get("activated") is True,
            "dsa_control requested the activation, and the agent is not activated: see that it reaches the Manager, "
            "then run again",
        )
        self._wait(_online, _SUPPORT)

    def _see_that_it_is_whole(self) -> None:
        """A Relay again if it was one. Where the Manager gave back what the computer had, that is seen too."""
        no_relay = (
            "this host was a Relay and is none now: make it one again in the Manager (Administration > Updates > Relay "
            "Management), then run again"
        )
        if self.manager_part == "done":
            no_relay = (
                "the Manager was to make this host a Relay again, and it is none yet: an agent learns that with a "
                "heartbeat. Run again after the next one"
            )
            # So that it learns all of it now, and not minutes later. Where it refuses the next heartbeat must do.
            with suppress(Stopped):
                self._module("dsa_control", {"arguments": ["-m"]}, "no heartbeat")
            self._wait(
                lambda record: "agent_silent" not in _codes(record) and record["anti_malware"]["mode"] != "off",
                "Anti-Malware was on before and is off now: see in the Manager that the computer's policy switches it "
                "on, then run again",
            )
            self._wait(_online, _SUPPORT)
        if self.relay:
            self._wait(lambda record: (record.get("relay") or {}).get("enabled") is True, no_relay)

    def _finish(self) -> None:
        """The security update, and that the agent is verified."""
        run = replace(self._planned(None), stages={}, tasks={}).with_reading(Reading("read", self._read()))
        for stage in (update, verify):
            result = stage(self.port, run)
            if result.failed:
                raise Stopped(result.message.text)
            run = run.after(result)
            self.steps.append(result.message.text)

    def _wait(self, fits: Callable[[Record], bool], otherwise: str) -> None:
        settings = self.run.settings
        deadline = self.port.clock() + settings["dsa_verify_timeout"]
        while not fits(self.port.read()):
            if self.port.clock() >= deadline:
                raise Stopped(otherwise)
            self.port.sleep(settings["dsa_verify_interval"])


def _codes(record: Record) -> set[str]:
    return {finding.code for finding in findings_of(record)}


def _online(record: Record) -> bool:
    """Known to be well: an agent that does not answer yet does not say that Anti-Malware is offline either."""
    return record.get("installed") is True and not _codes(record) & {"anti_malware_offline", "agent_silent"}
