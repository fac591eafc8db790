# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Deep Security Agent of a Windows host: its services, its two programs, and its security updates."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..standins import relays
from ..standins.agent import ENGINE, NOT_ACTIVATED, PATTERNS
from .releases import REQUIRED_ROOTS

if TYPE_CHECKING:
    from .machine import WindowsMachine

INSTALL_DIR = r"C:\Program Files\Trend Micro\Deep Security Agent"
DATA_DIR = r"C:\ProgramData\Trend Micro\Deep Security Agent"
LOG_FOLDER = DATA_DIR + r"\diag"
MANAGER = "https://manager.lab.example:4120/"
DRIVERS = ("tmcomm", "tmactmon", "tmevtmgr")
DEPENDENT = "LabDependent"
UPDATE = ["-m", "UpdateComponent:true"]
QUERIES = ("GetPluginVersion", "GetAgentStatus", "GetComponentInfo")
LOG = LOG_FOLDER + r"\ds_agent.log"
# The exit codes of a service that ended by itself, and of one that was not started since Windows was.
ENDED, NEVER_STARTED = 1067, 1077
# Of the one process that the agent is.
PID = 1408
STARTS = {"Auto": 2, "Manual": 3, "Disabled": 4, "System": 1}


class Agent:
    """The service ds_agent: its build is the one it was started from, whatever was installed over it since."""

    def __init__(self, machine: WindowsMachine) -> None:
        self.machine = machine
        self.state = "stopped"
        self.build: str | None = None
        self.last_build: str | None = None
        self.started = 0.0
        self.offline_until: float | None = None
        self.updating = False
        self.installed_anew = False
        self.exit_code = 0
        self.dependent_runs = True

    @property
    def is_relay(self) -> bool:
        return bool(self.machine.state["relay"])

    # The service

    def start(self) -> bool:
        machine = self.machine
        if self.state == "running":
            return True
        if machine.fault("service_does_not_start"):
            self.log("[Error] | the agent could not be started")
            self.state, self.build, self.exit_code = "stopped", None, ENDED
            return False
        self.build = machine.state["build"]
        if self.last_build not in (None, self.build) and machine.fault("reports_wrong_build"):
            self.build = self.last_build
        if self.last_build not in (None, self.build) or (self.last_build is None and self.installed_anew):
            offline = machine.fault("anti_malware_offline_after_upgrade", use=False)
            if offline is not None and not (offline == "once" and self.installed_anew):
                self.offline_until = float("inf") if offline in (True, "once") else time.time() + float(offline)
        self.last_build = self.build
        machine.fetch_roots(REQUIRED_ROOTS)
        self.state, self.started, self.exit_code = "running", time.time(), 0
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

    def act(self, name: str, action: str) -> str | None:
        """Start or stop a service as an operator does it; a text is why not."""
        machine, refused = self.machine, f"Cannot {action} {name} service on computer '.'."
        if name == DEPENDENT and machine.fault("service_dependents"):
            if action == "start" and machine.fault("dependent_does_not_start"):
                return refused
            self.dependent_runs = action == "start"
            machine.journal("dependent_" + ("started" if self.dependent_runs else "stopped"))
            return None
        if name != "ds_agent" or machine.state["build"] is None:
            return f"Service {name} was not found on computer '.'."
        if action == "start":
            if machine.fault("service_disabled") or not self.start():
                return refused
            return None
        if machine.fault("service_state") or machine.fault("service_does_not_stop"):
            return refused
        if self.state == "running" and machine.state["self_protection"]:
            return refused  # it protects itself
        self.stop()
        self.dependent_runs = False  # Windows stops what depends on it first
        return None

    def restart(self) -> bool:
        self.stop()
        return self.start()

    def publish(self, running: bool) -> None:
        if self.is_relay:
            folder = str(self.machine.layout.shared / "relays")
            updated = self.machine.state.get("updated_with")
            relays.publish(folder, self.machine.name, "windows", running, self.build, updated)

    def log(self, line: str) -> None:
        drive = self.machine.drive
        stamp = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")
        before = drive.read(LOG) if drive.exists(LOG) else b""
        text = f"{stamp} [+0000]: {line}\r\n"
        wide = before.startswith(b"\xff\xfe") or (not before and self.machine.fault("log_utf16"))
        data = (text if before else "\ufeff" + text).encode("utf-16-le") if wide else text.encode()
        drive.write(LOG, before + data)

    def rotate(self) -> None:
        """ds_agent.log becomes ds_agent-01.log, and that ds_agent-02.log: a guess, as nothing public has the names."""
        folder = self.machine.drive.real(LOG_FOLDER)
        for number in (2, 1):
            old = folder / (f"ds_agent-{number - 1:02d}.log" if number > 1 else "ds_agent.log")
            if old.exists():
                old.replace(folder / f"ds_agent-{number:02d}.log")
        self.log("[Info] | the log was begun anew")

    # Queries

    async def dsa_query(self, command: str) -> tuple[int, bytes]:
        """The exit status of dsa_query -c, and what it writes. It takes as long as the faults make it."""
        machine = self.machine
        if machine.fault("dsa_query_hangs"):
            await asyncio.Event().wait()
        await asyncio.sleep(float(machine.fault("dsa_query_slow") or 0))
        if self.state != "running":
            return 1, b"dsa_query: could not connect to the agent\r\n"
        lines = {
            "GetPluginVersion": self.plugin_version,
            "GetAgentStatus": self.agent_status,
            "GetComponentInfo": self.component_info,
        }.get(command, list)()
        cp932 = machine.fault("dsa_query_cp932")
        if cp932 and command == "GetComponentInfo":
            lines.append("Component.AM.policy: \u672c\u793e\u30bd\u30fc\u30b9")
        data = "".join(line + "\r\n" for line in lines).encode("cp932" if cp932 else "utf-8")
        if machine.fault("dsa_query_cut") and command == "GetComponentInfo":
            data = data[: len(data) // 2]
        return 0, data

    @property
    def ready(self) -> bool:
        """Whether it answers in full: with the fault answers_late only so many seconds after its start."""
        return time.time() - self.started >= float(self.machine.fault("answers_late") or 0)

    def plugin_version(self) -> list[str]:
        return [f"PluginVersion.core: {self.build}"] if self.ready else []

    def agent_status(self) -> list[str]:
        activated = self.machine.state["activated"]
        lines = [
            "AgentStatus.1: agentState",
            f"AgentStatus.agentCertHash: {'6B:1C:93:D8' if activated else NOT_ACTIVATED}",
            "AgentStatus.agentState: green",
        ]
        return lines + ([f"AgentStatus.dsmUrl: {MANAGER}"] if activated else []) if self.ready else lines[:1]

    def component_info(self) -> list[str]:
        state, core = self.machine.state, "Component.CORE.version: 20.0"
        if not self.ready:
            return []
        if not state["anti_malware"]:
            return ["Component.AM.mode: off", core]
        offline, current = self.driver_offline(), 1 if state["patterns_current"] else 0
        lines = [
            f"Component.AM.driverOffline: {'true' if offline else 'false'}",
            f"Component.AM.mode: {'driver-offline' if offline else 'on'}",
            f"Component.AM.version.engine.ATSE: {ENGINE[current]}",
        ]
        # The numbers differ from host to host: only the names show which pattern is which.
        names = sorted(PATTERNS)
        random.Random(self.machine.name).shuffle(names)
        for number, name in enumerate(names, 1):
            lines.append(f"Component.AM.version.pattern.{number}.name: {name}")
            lines.append(f"Component.AM.version.pattern.{number}.version: {PATTERNS[name][current]}")
        return [*lines, core]

    def driver_offline(self) -> bool:
        machine = self.machine
        if not all(machine.has_root(root) for root in REQUIRED_ROOTS) and machine.state.get("replaced"):
            return True  # its own files are not trusted
        if machine.fault("anti_malware_offline_after_upgrade", use=False) is None:
            return False
        return self.offline_until is not None and time.time() < self.offline_until

    def service_entries(self, listed: bool = False) -> list[dict[str, Any]]:
        """Windows' own list of its services and drivers. listed: also of an agent that is gone."""
        machine = self.machine
        if machine.state["build"] is None and not listed:
            return []
        disabled = bool(machine.fault("service_disabled"))
        running = self.state == "running"
        odd = machine.fault("service_state") if running else None
        word = str(odd).replace("_", " ").title() if odd else "Running" if running else "Stopped"
        path = f'"{INSTALL_DIR}\\dsa.exe"'
        found = [self.entry("ds_agent", word, "Disabled" if disabled else "Auto", path)]
        if machine.state["anti_malware"]:
            engine = "Stopped" if self.driver_offline() or machine.state["build"] is None else "Running"
            found.append(
                self.entry("Amsp", engine, "Manual", r'"C:\Program Files\Trend Micro\AMSP\coreServiceShell.exe"')
            )
            drivers = (rf"system32\DRIVERS\{name}.sys" for name in DRIVERS)
            found += [self.entry(name, engine, "System", file) for name, file in zip(DRIVERS, drivers, strict=True)]
        if machine.fault("service_dependents"):
            state = "Running" if self.dependent_runs else "Stopped"
            found.append(self.entry(DEPENDENT, state, "Auto", r"C:\Windows\lab.exe"))
        return found

    def entry(self, name: str, state: str, mode: str, path: str) -> dict[str, Any]:
        service = not path.startswith("system32")
        return {
            "name": name,
            "state": state,
            "start_mode": mode,
            "start": STARTS[mode],
            "exit_code": self.exit_code if name == "ds_agent" else 0 if state != "Stopped" else NEVER_STARTED,
            "path": path,
            "process_id": (PID if state == "Running" else 0) if service else None,
        }

    # Control

    def dsa_control(self, arguments: Sequence[str]) -> tuple[int, str]:
        """The exit status of dsa_control, and what it writes; like the vendor's it ends with 0 where it was refused."""
        rest, password = list(arguments), None
        if "-p" in rest[:-1]:
            place = rest.index("-p")
            password = rest[place + 1]
            del rest[place : place + 2]
        if self.state != "running":
            return 1, "dsa_control: could not connect to the agent"
        if not rest or self.machine.fault("dsa_control_no_status"):
            return 0, "Usage: dsa_control [-a <str>] [-d] [-m] [-p <str>] [-r] [-s <num>]"
        return self.obey(rest, password)

    def wrong_password(self, password: str | None, protecting: bool) -> bool:
        expected = self.machine.about["password"]
        return bool(expected) and password != expected and (protecting or self.machine.state["self_protection"])

    def obey(self, arguments: list[str], password: str | None) -> tuple[int, str]:
        machine = self.machine
        name, _equals, value = arguments[0].partition("=")
        if name != "-m" and self.wrong_password(password, name == "--selfprotect"):
            return 0, "HTTP Status: 403 - Forbidden\r\nResponse:\r\nThe password is missing or not correct."
        if name == "--selfprotect":
            if machine.state["self_protection"] != (value == "1"):
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
            return 2, f"dsa_control: unknown option: {name}"
        elif not machine.state["activated"]:
            return 0, "HTTP Status: 403 - Forbidden\r\nResponse:\r\nThis agent is not activated."
        elif arguments == UPDATE:
            machine.journal("security_update_requested", build=self.build)
            if not self.updating:
                machine.spawn(self.security_update())
        elif len(arguments) > 1:
            machine.journal("message", text=arguments[1])
        else:
            machine.journal("heartbeat")
        return 0, "HTTP Status: 200 - OK\r\nResponse:"

    def meet_manager(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """A heartbeat as the Manager has it: what it requires of the agent, and the agent's state."""
        machine = self.machine
        if self.state != "running":
            return None
        state = machine.state
        if state["activated"]:
            if "relay" in request and request["relay"] != self.is_relay:
                self.become_relay(request["relay"])
            if request.get("update"):
                self.obey(list(UPDATE), self.machine.about["password"])
        return {
            "build": self.build,
            "activated": state["activated"],
            "patterns_current": state["patterns_current"],
            "anti_malware": ("offline" if self.driver_offline() else "on") if state["anti_malware"] else "off",
            "self_protection": state["self_protection"],
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
            for _time in range(int(machine.fault("log_rotates") or 0)):
                self.rotate()
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
