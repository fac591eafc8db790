# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring back an agent whose Anti-Malware stays offline: remove it whole, see that it is gone, install it anew."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone

from ansible.errors import AnsibleConnectionFailure

from ..plugin_utils import _msi
from ..plugin_utils._action import READING_OPTIONS, REBOOT_OPTIONS, DsaAction, Result, advisory_of, usable
from ..plugin_utils._download import Downloads
from ..plugin_utils._fleet import VARIABLES, Package, SettingsError, choose, find, rules_from, target_for

_OPTIONS: dict[str, dict[str, t.Any]] = {
    **READING_OPTIONS,
    **REBOOT_OPTIONS,
    "advisory": {"type": "str"},
    "deleted_in_manager": {"type": "bool", "default": False},
    "manager_part": {"type": "str", "choices": ["operator", "caller", "done"], "default": "operator"},
    "activation": {"type": "list", "elements": "str", "no_log": True, "default": []},
    "relay": {"type": "bool", "default": False},
    "verify": {"type": "bool", "default": True},
    "msi_arguments": {"type": "str"},
    "self_protection": {"type": "bool"},
    "self_protection_password": {"type": "str", "no_log": True},
    "interval": {"type": "int", "default": 10},
    "package_cache": {"type": "path", "default": "~/.cache/deep_security_remediation"},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
}
_NOT_INSTALLED = 1605
_SUPPORT = (
    "Anti-Malware is still offline after the agent was installed anew. The vendor's article says to stop here: collect "
    "the diagnostics (dsa_control -d), follow KA-0012132, and ask the vendor's support"
)
_Record = Mapping[str, t.Any]


class _Stopped(Exception):
    """A step cannot be done, or did not have its effect. The message says what to do before the next run."""


class ActionModule(DsaAction):
    """Each step is seen to have worked before the next. Run again, it goes on from what it finds on the host."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return steps, what was done, and waits_for; failed with what to do where it had to stop."""
        self._given = self.arguments(_OPTIONS)
        self._vars = task_vars
        self._host = str(task_vars["inventory_hostname"])
        self._steps: list[str] = []
        try:
            waits_for = self._recover()
        except _Stopped as stopped:
            return self._result(str(stopped), failed=True)
        except AnsibleConnectionFailure as error:
            return self._result(f"the host was lost: {error}; look at it, then run again", failed=True)
        return self._result("; ".join(self._steps) or "nothing to do", waits_for=waits_for)

    def _result(self, text: str, failed: bool = False, waits_for: str | None = None) -> Result:
        done = {"changed": bool(self._steps), "steps": self._steps, "waits_for": waits_for, "msg": text}
        return {**done, "failed": True} if failed else done

    def _recover(self) -> str | None:
        """Go as far as one can; what the caller has to do in the Manager now, or None."""
        caller = self._given["manager_part"] == "caller"
        if not self.windows:
            raise _Stopped("this recovery is for Windows hosts: the vendor's article describes it for Windows alone")
        record = self._read()
        if record.get("installed") is None:
            raise _Stopped(f"the agent could not be read: {'; '.join(map(str, record.get('problems') or []))}")
        renewed = bool((record.get("remediation") or {}).get("reinstalled"))
        if not (record["installed"] and renewed):
            # With no product code left the agent was removed, and what is still there waits for a reboot.
            removed = not record["installed"] or not record.get("product_code")
            if not removed and not _offline(record):
                raise _Stopped("Anti-Malware is not offline on this host: there is nothing to recover")
            package = self._package(record)  # before anything is removed
            if self._task.check_mode:
                self._steps.append("would remove the agent, install it anew and activate it")
                return "deletion" if caller and not self._given["deleted_in_manager"] else None
            wants_reboot = False if removed else self._uninstall(str(record["product_code"]))
            self._see_that_it_is_gone(wants_reboot)
            if not self._given["deleted_in_manager"]:
                if caller:
                    return "deletion"
                raise _Stopped(
                    "the agent is removed and nothing is left of it. Now delete this computer in the Manager, then run "
                    "again with dsa_recover_deleted_in_manager: true for this host"
                )
            self._reinstall(package)
        if self._task.check_mode:
            return None
        self._register()
        if caller:
            return "restoration"
        self._see_that_it_is_whole()
        return None

    def _read(self) -> _Record:
        read = self.read_patiently(self._given, self._vars)
        record = read.get("agent")
        if not isinstance(record, Mapping):
            raise _Stopped(f"the agent could not be read: {read.get('msg') or read.get('module_stderr')}")
        return record

    def _on_host(self, name: str, options: Mapping[str, t.Any], otherwise: str) -> Result:
        """Run a module; where it fails the recovery stops, with the module's own words."""
        limit = self._given["reconnect_timeout"]
        done = self.reconnecting(limit, self._host, lambda: self.run_module(name, options, self._vars))
        if done.get("failed"):
            raise _Stopped(f"{otherwise}: {done.get('msg') or done.get('module_stderr') or 'no reason given'}")
        return done

    def _package(self, record: _Record) -> Package:
        values = self._vars["hostvars"][self._host]
        known = {name: usable(self._host, values, name) for name in VARIABLES if name in values}
        target = target_for(known.get("dsa_target_version"), "windows", advisory_of(self._given))
        if target is None:
            raise _Stopped("nothing was removed: dsa_target_version names no build for windows; name a fixed one")
        try:
            package = choose(record, target, known)
            if package.origin in ("url", "manager") and not self._task.check_mode:
                downloads = Downloads(
                    self._given["package_cache"],
                    ca_path=self._given["ca_path"],
                    validate_certs=self._given["validate_certs"],
                    say=self.say,
                )
                package = downloads.bring(package)
        except SettingsError as error:
            raise _Stopped(f"nothing was removed: {error}") from error
        return package

    def _uninstall(self, product: str) -> bool:
        """Remove the agent; whether Windows Installer wants a reboot to finish. Where it fails, guarded as before."""
        password = self._given["self_protection_password"]
        guarded = self._given["self_protection"]
        guarded = bool(password) if guarded is None else guarded

        def protect(on: bool) -> None:
            options = {"arguments": [f"--selfprotect={int(on)}"], **({"password": password} if password else {})}
            word = "on again" if on else "off"
            self._on_host("dsa_control", options, f"self-protection could not be switched {word}")

        if guarded:
            protect(False)
        self.say(f"{self._host}: removing the agent")
        codes = [*_msi.SUCCESS, _msi.BUSY, _NOT_INSTALLED]
        options = {"product_id": product, "state": "absent", "expected_return_code": codes}
        try:
            done = self._on_host("ansible.windows.win_package", options, "the agent could not be removed")
            if done.get("rc") == _msi.BUSY:
                raise _Stopped("the agent was not removed: another installation is running there, run again after it")
        except (_Stopped, AnsibleConnectionFailure) as error:
            if guarded:
                try:
                    protect(True)
                except (_Stopped, AnsibleConnectionFailure) as second:
                    raise _Stopped(f"{error}. {second}: switch it on in the Manager") from error
            raise
        self._steps.append("removed the agent")
        return bool(done.get("reboot_required")) or done.get("rc") in (_msi.REBOOT_REQUIRED, _msi.REBOOT_STARTED)

    def _see_that_it_is_gone(self, wants_reboot: bool) -> None:
        """Reboot if that is asked for, then go through the check list. What is left is named, never deleted."""
        record = self._read()
        reboot = record.get("reboot") or {}
        if wants_reboot or reboot.get("required") is True:
            reasons = ", ".join(map(str, reboot.get("reasons") or [])) or "Windows Installer asks for it"
            rules = rules_from(self._given["policy"], self._given["window"], self._given["timezone"])
            objection = rules.objection(True, record.get("clock"), datetime.now(timezone.utc))
            if objection:
                raise _Stopped(
                    f"a reboot is needed to finish the removal ({reasons}), and not done now: {objection}. Reboot the "
                    "host, then run again"
                )
            done = self.reboot_and_wait(reasons, self._given, self._vars)
            if done.get("failed"):
                raise _Stopped(str(done["msg"]))
            self._steps.append("rebooted")
            record = self._read()
        if record.get("installed") is not False and record.get("product_code"):
            raise _Stopped("msiexec reported success, and the agent is still there: look at the host")
        found = self._on_host("dsa_leftovers_info", {}, "what is left could not be looked for")
        left = [str(entry["name"]) for entry in found["leftovers"] if not entry.get("maybe_other_product")]
        if left:
            raise _Stopped(
                f"the agent was removed, and this is left of it: {', '.join(left)}. Remove it as the vendor's article "
                "on manual removal says, then run again"
            )

    def _reinstall(self, package: Package) -> None:
        self.say(f"{self._host}: installing {package.file}")
        options = {
            "version": package.version,
            "package": package.as_dict(),
            "reinstall": True,
            "verify": self._given["verify"],
            "msi_arguments": self._given["msi_arguments"],
            "service_timeout": self._given["agent_timeout"],
            "reconnect_timeout": self._given["reconnect_timeout"],
        }
        done = self.run_action("deep_security.remediation.dsa_upgrade", options, self._vars)
        if done.get("failed"):
            raise _Stopped(f"the agent could not be installed anew: {done.get('msg')}")
        self._steps.append(f"installed {package.version}")

    def _register(self) -> None:
        """Activated, and Anti-Malware back."""
        # A new agent answers in full only after some seconds: what is not known yet is neither yes nor no.
        self._wait(
            lambda record: record.get("activated") is not None,
            "the new agent does not answer: look at its service and its log on the host, then run again",
        )
        if self._read().get("activated") is not True:
            if not self._given["activation"]:
                raise _Stopped(
                    "the agent is installed and not activated: activate it in the Manager, or set dsa_activation to "
                    "the arguments of dsa_control that do it, then run again"
                )
            options = {"arguments": self._given["activation"]}
            self._on_host("dsa_control", options, "the agent could not be activated")
            self._steps.append("activated")
        self._wait(
            lambda record: record.get("activated") is True,
            "the agent was told to activate itself and did not: see that it reaches the Manager, then run again",
        )
        self._wait(_online, _SUPPORT)

    def _see_that_it_is_whole(self) -> None:
        """A Relay again if it was one. Where the Manager gave it back what it had that is seen too."""
        no_relay = (
            "this host was a Relay and is none now: make it one again in the Manager (Administration > Updates > "
            "Relay Management), then run again"
        )
        if self._given["manager_part"] == "done":
            no_relay = (
                "the Manager was told to make this host a Relay again, and it is none yet: an agent learns that with a "
                "heartbeat. Run again after the next one"
            )
            # So that it learns all of it now, and not minutes later. Where it refuses the next heartbeat must do.
            password = self._given["self_protection_password"]
            with suppress(_Stopped):
                options = {"arguments": ["-m"], **({"password": password} if password else {})}
                self._on_host("dsa_control", options, "no heartbeat")
            self._wait(
                lambda record: "agent_silent" not in _ills(record) and record["anti_malware"]["mode"] != "off",
                "Anti-Malware was on before and is off now: see in the Manager that the computer's policy switches it "
                "on, then run again",
            )
            self._wait(_online, _SUPPORT)
        if self._given["relay"]:
            self._wait(lambda record: (record.get("relay") or {}).get("enabled") is True, no_relay)

    def _wait(self, fits: t.Callable[[_Record], bool], otherwise: str) -> None:
        deadline = time.monotonic() + self._given["agent_timeout"]
        while not fits(self._read()):
            if time.monotonic() >= deadline:
                raise _Stopped(otherwise)
            time.sleep(self._given["interval"])


def _ills(record: _Record) -> set[str]:
    return {finding.code for finding in find(record)}


def _offline(record: _Record) -> bool:
    return "anti_malware_offline" in _ills(record)


def _online(record: _Record) -> bool:
    """Known to be well: an agent that does not answer yet does not say that Anti-Malware is offline either."""
    return not _ills(record) & {"anti_malware_offline", "agent_silent"}
