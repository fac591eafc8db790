# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Recovery of a Windows host whose Anti-Malware engine stays offline.

The agent is removed, installed anew, updated and verified. Never a part of another playbook. Each step is seen to have
worked before the next; run again, it goes on from what it finds on the host.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal

from .._fleet import Package, update_proven
from .._messages import Message
from .._record import findings_of
from .._run import HostRun, Reading
from .._settings import Settings
from .left_off import other_run_installs
from .port import Port
from .precheck import precheck
from .removal import Record, Stopped, only_left_over, read, run_module, see_that_it_is_gone, uninstall
from .shared import note_of, problem_texts, raise_guard, unguarded
from .update import update
from .upgrade import upgrade
from .verify import verify

_SUPPORT = (
    "Anti-Malware is still offline after the agent was installed anew. The vendor's article requires a stop here: "
    "collect the diagnostics (dsa_control -d), follow KA-0012132, and contact the vendor's support"
)


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
    _open_guard: Message | None = None
    _record: Record | None = None  # the newest reading, None where a step has changed the host since

    def recover(self) -> str | None:
        """Go as far as possible; what the role has to do in the Manager now (deletion, restoration), or None."""
        try:
            return self._recover()
        except Stopped as stopped:
            if self._open_guard is None:
                raise
            raise Stopped(f"{stopped}; {self._open_guard.text}") from stopped

    def _recover(self) -> str | None:
        caller = self.manager_part == "caller"
        if not self.port.windows:
            raise Stopped("this recovery is for Windows hosts: the vendor's article describes it for Windows alone")
        record = read(self.port)
        if record.get("installed") is None and not only_left_over(record):
            raise Stopped(f"the agent could not be read: {problem_texts(record)}")
        if record.get("remediation_unreadable"):
            # It says whether this agent was installed anew already: then nothing more is to be tried.
            raise Stopped(f"nothing was removed: {record['remediation_unreadable']}")
        self.run = self.run.with_reading(Reading("read", record))
        self._record = record
        if other_run_installs(self.port, self.run.settings, record):
            raise Stopped("another run is installing or removing an agent on this host, run again after it")
        if unguarded(record) and record["installed"] and not self.port.check_mode:
            self._record = None
            self._open_guard = raise_guard(self.port, self.run.settings, self.run.settings["dsa_service_timeout"])
        reinstalled = bool(note_of(record).get("reinstalled"))
        if not (record["installed"] and reinstalled):
            self._record = None
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
        reboot_required = not removed and uninstall(self.port, self.run, record, package.version)
        if not removed:
            self.steps.append("removed the agent")
        see_that_it_is_gone(self.port, self.run.settings, reboot_required, self.steps)
        self._open_guard = None
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

    def _reinstall(self, package: Package) -> None:
        self.port.display(f"{self.port.host}: installing {package.file}")
        run, settings = self._planned(package), self.run.settings
        # Where Anti-Malware is offline even after this, nothing more is to be tried: that has to be known.
        work = {**(run.work or {}), "reinstalled": self.port.now().strftime("%Y-%m-%dT%H:%M:%SZ")}
        # A new agent has no self-protection that could be lowered; it may take longer until it answers.
        own = {
            "dsa_self_protection": False,
            "dsa_self_protection_password": None,
            "dsa_service_timeout": settings["dsa_verify_timeout"],
        }
        run = replace(run, work=work, settings=Settings({**settings, **own}, settings.host))
        done = upgrade(self.port, run.with_reading(Reading("read", read(self.port))))
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
        if (self._record or {}).get("activated") is not True:
            activation = self.run.settings["dsa_activation"]
            if not activation:
                raise Stopped(
                    "the agent is installed and not activated: activate it in the Manager, or set dsa_activation to "
                    "the arguments of dsa_control that do it, then run again"
                )
            self._record = None
            run_module(self.port, "dsa_control", {"arguments": activation}, "the agent could not be activated")
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
            self._record = None
            # So that it learns all of it now, and not minutes later. Where it refuses the next heartbeat must do.
            with suppress(Stopped):
                run_module(self.port, "dsa_control", {"arguments": ["-m"]}, "no heartbeat")
            self._wait(
                lambda record: "agent_silent" not in _codes(record) and record["anti_malware"]["mode"] != "off",
                "Anti-Malware was on before and is off now: see in the Manager that the computer's policy switches it "
                "on, then run again",
            )
            self._wait(_online, _SUPPORT)
        if self.relay:
            self._wait(
                lambda record: (record.get("relay") or {}).get("enabled") is True,
                lambda record: _relay_not_seen(record) or no_relay,
            )

    def _finish(self) -> None:
        """The security update where it is not proven yet, and that the agent is verified."""
        record = self._record or read(self.port)
        run = replace(self._planned(None), stages={}, tasks={}).with_reading(Reading("read", record))
        for stage in (verify,) if update_proven(record) else (update, verify):
            result = stage(self.port, run)
            if result.failed:
                raise Stopped(result.message.text)
            run = run.after(result)
            if self.steps or result.changed:
                self.steps.append(result.message.text)

    def _wait(self, fits: Callable[[Record], bool], otherwise: str | Callable[[Record], str]) -> None:
        """Read the host until it fits, from the newest reading on."""
        settings = self.run.settings
        deadline = self.port.clock() + settings["dsa_verify_timeout"]
        if self._record is None:
            self._record = self.port.read()
        while not fits(self._record):
            if self.port.clock() >= deadline:
                raise Stopped(otherwise if isinstance(otherwise, str) else otherwise(self._record))
            self.port.sleep(settings["dsa_verify_interval"])
            self._record = self.port.read()


def _codes(record: Record) -> set[str]:
    return {finding.code for finding in findings_of(record)}


def _relay_not_seen(record: Record) -> str | None:
    """Why it is not known whether the host is a Relay, or None where that is known."""
    if (record.get("relay") or {}).get("enabled") is not None:
        return None
    texts = [str(each.get("text")) for each in record.get("problems") or [] if each.get("source") == "relay"]
    why = "; ".join(texts) or problem_texts(record)
    return f"this host was a Relay, and whether it is one again could not be seen: {why}"


def _online(record: Record) -> bool:
    """Known to be well: an agent that does not answer yet does not say that Anti-Malware is offline either."""
    return record.get("installed") is True and not _codes(record) & {"anti_malware_offline", "agent_silent"}
