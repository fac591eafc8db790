# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Deep Security Agent of a Windows host: its service, what it answers, and its security updates."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

from ..standins import relays
from ..standins.agent import ENGINE, PATTERNS
from .releases import REQUIRED_ROOTS

if TYPE_CHECKING:
    from .machine import WindowsMachine

INSTALL_DIR = r"C:\Program Files\Trend Micro\Deep Security Agent"
LOG_FOLDER = r"C:\ProgramData\Trend Micro\Deep Security Agent\diag"
MANAGER = "https://manager.lab.example:4120/"
DRIVERS = ("tmcomm", "tmactmon", "tmevtmgr")
UPDATE = ["-m", "UpdateComponent:true"]


class Agent:
    """The service ds_agent: it knows the build it was started from, whatever was installed over it since."""

    def __init__(self, machine: WindowsMachine) -> None:
        self.machine = machine
        self.state = "stopped"
        self.build: str | None = None
        self.last_build: str | None = None
        self.started = 0.0
        self.offline_until: float | None = None
        self.updating = False
        self.installed_anew = False

    @property
    def is_relay(self) -> bool:
        return bool(self.machine.registry["relay"])

    # The service

    def start(self) -> bool:
        machine = self.machine
        if self.state == "running":
            return True
        if machine.fault("service_does_not_start"):
            self.log("[Error] | the agent could not be started")
            self.state, self.build = "stopped", None
            return False
        self.build = machine.registry["build"]
        if self.last_build not in (None, self.build) and machine.fault("reports_wrong_build"):
            self.build = self.last_build
        if self.last_build not in (None, self.build) or (self.last_build is None and self.installed_anew):
            offline = machine.fault("anti_malware_offline_after_upgrade", use=False)
            if offline is not None and not (offline == "once" and self.installed_anew):
                self.offline_until = float("inf") if offline in (True, "once") else time.time() + float(offline)
        self.last_build = self.build
        machine.fetch_roots(REQUIRED_ROOTS)
        self.state, self.started = "running", time.time()
        self.publish(True)
        machine.journal("service_started", build=self.build)
        return True

    def stop(self) -> None:
        if self.state == "running":
            self.machine.journal("service_stopped", build=self.build)
        self.kill()
        self.publish(False)

    def kill(self) -> None:
        """The host went down, or the agent was removed."""
        self.state, self.build, self.updating = "stopped", None, False

    def forget(self) -> None:
        """It is removed: the next one begins anew."""
        self.stop()
        self.last_build, self.offline_until = None, None
        self.installed_anew = True

    def restart_by_hand(self) -> str | None:
        """As an operator does it; a text says why not. Who protects itself does not let itself be stopped."""
        if self.state == "running" and self.machine.registry["self_protection"]:
            return "Cannot stop ds_agent service on computer '.'."
        self.machine.journal("service_restarted")
        return None if self.restart() else "Cannot start service ds_agent on computer '.'."

    def restart(self) -> bool:
        self.stop()
        return self.start()

    def publish(self, running: bool) -> None:
        if self.is_relay:
            folder = str(self.machine.layout.shared / "relays")
            updated = self.machine.registry.get("updated_with")
            relays.publish(folder, self.machine.name, "windows", running, self.build, updated)

    def log(self, line: str) -> None:
        path = LOG_FOLDER + r"\ds_agent.log"
        drive = self.machine.drive
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        before = drive.read(path) if drive.exists(path) else b""
        drive.write(path, before + f"{stamp}.000000 [+0000]: {line}\r\n".encode())

    # Queries

    async def answers(self, timeout: float) -> str | None:
        """Wait as long as dsa_query takes; a text says why there is no answer."""
        machine = self.machine
        seconds = float(machine.fault("dsa_query_slow") or 0)
        if machine.fault("dsa_query_hangs"):
            seconds = float("inf")
        await asyncio.sleep(min(seconds, timeout))
        if seconds >= timeout:
            return f"no answer within {timeout:.0f} s"
        if self.state != "running":
            return "could not connect to the agent"
        return None

    @property
    def ready(self) -> bool:
        """Whether it answers in full: with the fault answers_late only so many seconds after its start."""
        return time.time() - self.started >= float(self.machine.fault("answers_late") or 0)

    def driver_offline(self) -> bool:
        machine = self.machine
        if not all(machine.has_root(root) for root in REQUIRED_ROOTS) and machine.registry.get("replaced"):
            return True  # its own files are not trusted
        if machine.fault("anti_malware_offline_after_upgrade", use=False) is None:
            return False
        return self.offline_until is not None and time.time() < self.offline_until

    def anti_malware(self) -> dict[str, Any]:
        registry = self.machine.registry
        if not registry["anti_malware"]:
            return {"mode": "off", "driver_offline": None, "engine": None, "patterns": []}
        offline = self.driver_offline()
        current = 1 if registry["patterns_current"] else 0
        return {
            "mode": "driver-offline" if offline else "on",
            "driver_offline": offline,
            "engine": ENGINE[current],
            "patterns": [{"name": name, "version": PATTERNS[name][current]} for name in sorted(PATTERNS)],
        }

    def service_state(self) -> str:
        """The service ds_agent, as Windows' own service list has it."""
        return "missing" if self.machine.registry["build"] is None else self.state

    def services(self) -> dict[str, Any]:
        """The Anti-Malware service and its drivers, as Windows' own service list has them."""
        here = self.machine.registry["build"] is not None and self.machine.registry["anti_malware"]
        if not here:
            return {"service": {"name": "Amsp", "state": "missing"}, "drivers": dict.fromkeys(DRIVERS, "missing")}
        state = "stopped" if self.driver_offline() else "running"
        return {"service": {"name": "Amsp", "state": state}, "drivers": dict.fromkeys(DRIVERS, state)}

    # Control

    def wrong_password(self, password: str | None, protecting: bool) -> bool:
        expected = self.machine.about["password"]
        return bool(expected) and password != expected and (protecting or self.machine.registry["self_protection"])

    def protect(self, on: bool, password: str | None) -> str | None:
        """dsa_control --selfprotect; a text says why not."""
        return self.control([f"--selfprotect={int(on)}"], password)[0]

    def control(self, arguments: list[str], password: str | None) -> tuple[str | None, str]:
        """dsa_control: a problem, or what it said."""

        def refused(why: str, code: int = 0) -> tuple[str, str]:
            return f"dsa_control {' '.join(arguments)} was refused (exit status {code}): {why}", why

        machine = self.machine
        name, _equals, value = arguments[0].partition("=")
        if self.state != "running":
            return refused("dsa_control: could not connect to the agent", 1)
        if name != "-m" and self.wrong_password(password, name == "--selfprotect"):
            return refused("HTTP Status: 403 - Forbidden Response: The password is missing or not correct.")
        if name == "--selfprotect":
            if machine.registry["self_protection"] != (value == "1"):
                machine.remember(self_protection=value == "1")
                machine.journal("self_protection", on=value == "1")
        elif name == "-d":
            pack = f"{random.randrange(10**9, 10**10):010d}.zip"
            machine.drive.write(f"{LOG_FOLDER}\\{pack}", b"PK\5\6" + b"\0" * 18)
            machine.journal("diagnostics", file=pack)
        elif name in ("-a", "-r"):
            machine.remember(activated=name == "-a")
            machine.journal("activated" if name == "-a" else "deactivated")
        elif name != "-m":
            return refused(f"dsa_control: unknown option: {name}", 2)
        elif not machine.registry["activated"]:
            return refused("HTTP Status: 403 - Forbidden Response: This agent is not activated.")
        elif arguments == UPDATE:
            machine.journal("security_update_requested", build=self.build)
            if not self.updating:
                machine.spawn(self.security_update())
        elif len(arguments) > 1:
            machine.journal("message", text=arguments[1])
        else:
            machine.journal("heartbeat")
        return None, "HTTP Status: 200 - OK Response:"

    def meet_manager(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """A heartbeat as the Manager sees it: what it wants of the agent, and what the agent says of itself."""
        machine = self.machine
        if self.state != "running":
            return None
        registry = machine.registry
        if registry["activated"]:
            if "relay" in request and request["relay"] != self.is_relay:
                self.become_relay(request["relay"])
            if request.get("update"):
                self.control(UPDATE, self.machine.about["password"])
        return {
            "build": self.build,
            "activated": registry["activated"],
            "patterns_current": registry["patterns_current"],
            "anti_malware": ("offline" if self.driver_offline() else "on") if registry["anti_malware"] else "off",
            "self_protection": registry["self_protection"],
        }

    def become_relay(self, wanted: bool) -> None:
        if not wanted:
            self.publish(False)
        self.machine.remember(relay=wanted)
        self.machine.journal("relay", on=wanted)
        self.publish(True)

    async def security_update(self) -> None:
        machine = self.machine
        self.updating = True
        try:
            await asyncio.sleep(float(machine.about["update_seconds"]))
            if machine.fault("security_update_never_finishes"):
                return
            reason = self.why_not()
            if reason is None:
                self.log("[Event/5] | 9016 | Anti-Malware Component Update Successful")
                machine.remember(patterns_current=True, updated_with=self.build)
                self.publish(True)
                machine.journal("security_update_succeeded", build=self.build)
            else:
                self.log(
                    "[Event/3] | 9017 | Anti-Malware Component Update Failed | error code: -24 | "
                    "IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE"
                )
                machine.journal("security_update_failed", code=-24, build=self.build, reason=reason)
        finally:
            self.updating = False

    def why_not(self) -> str | None:
        machine = self.machine
        if machine.fault("security_update_fails"):
            return "fault"
        folder, uses = str(machine.layout.shared / "relays"), machine.about["uses"]
        return relays.why_no_update(str(self.build), "windows", self.is_relay, folder, uses)
