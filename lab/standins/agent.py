# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent: the daemon ds_agent. The programs that talk to it are in query.py.

The forms of the answers follow what is documented or was captured of the vendor's agent. What is not known publicly
(the text for "no agent is running", the form of the log) is a guess that nothing should depend on.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import socketserver
import threading
import time
from io import BufferedIOBase

from . import relays, world

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

# Name -> (version before the new certificate, version an update brings today).
PATTERNS = {
    "Smart Scan Agent Pattern": ("20.489.00", "20.611.00"),
    "IntelliTrap Pattern": ("0.253.00", "0.255.00"),
    "IntelliTrap Exception Pattern": ("2.055.00", "2.061.00"),
    "Spyware/Grayware Pattern": ("2.749.00", "2.803.00"),
    "Trusted Certificate Authorities Pattern": ("1.00007.00", "1.00009.00"),
}
ENGINE = ("23.600.1005", "24.580.1013")
NOT_ACTIVATED = "D0:68:DE:48:1B:DC:4D:00:89:07:7F:85:15:20:C5:90:11:EB:56:6A"
RELAY_PORT = 4122
SHARED_RELAYS = world.LAB + "/shared/relays"


def log(line: str) -> None:
    os.makedirs(os.path.dirname(world.AGENT_LOG), exist_ok=True)
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    with open(world.AGENT_LOG, "a", encoding="utf-8") as stream:
        stream.write("%s.000000 [+0000]: %s\n" % (stamp, line))


class Agent:
    """A started agent: it knows the build it was started from, whatever was installed over it since."""

    def __init__(self, package_build: str) -> None:
        self.host = world.host()
        self.name: str = self.host["name"]
        self.platform: str = self.host["platform"]
        self.started = time.time()
        self.updating = threading.Lock()
        before = world.agent_state()
        last = before.get("last_build")
        self.build: str = package_build
        if last and last != package_build:
            if world.fault("reports_wrong_build"):
                self.build = last
            offline = world.fault("anti_malware_offline_after_upgrade")
            if offline is not None:
                until = None if offline in (True, "once") else self.started + float(offline)
                world.change_agent(anti_malware_offline={"until": until})
        world.change_agent(last_build=self.build)
        self.is_relay = before.get("role") == "relay"
        self.door: Optional[socket.socket] = None

    # Relays tell the agents of the fleet about themselves, as they would through the Manager.

    def publish(self, running: bool) -> None:
        if self.is_relay:
            updated = world.agent_state().get("updated_with")
            relays.publish(SHARED_RELAYS, self.name, self.platform, running, self.build, updated)

    def serve_as_relay(self) -> None:
        self.door = server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("0.0.0.0", RELAY_PORT))
        server.listen(16)
        while True:
            try:
                conn, _peer = server.accept()
            except OSError:
                return  # it is no Relay any more
            with conn:
                conn.settimeout(5)
                try:
                    conn.recv(4096)
                    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                except OSError:
                    pass

    # Queries

    def anti_malware_offline(self) -> bool:
        offline = world.agent_state().get("anti_malware_offline")
        if not offline or world.fault("anti_malware_offline_after_upgrade", use=False) is None:
            return False
        return offline["until"] is None or time.time() < float(offline["until"])

    def ready(self) -> bool:
        """Whether it answers in full: with the fault answers_late only so many seconds after its start."""
        return time.time() - self.started >= float(world.fault("answers_late") or 0)

    def answer_dsa_query(self, command: str, reader: BufferedIOBase, writer: BufferedIOBase) -> None:
        if world.fault("dsa_query_hangs"):
            reader.read()  # until the other side gives up
            return
        time.sleep(float(world.fault("dsa_query_slow") or 0))
        writer.write(b"answer\n" + self.query(command).encode())

    def query(self, command: str) -> str:
        lines = {
            "GetPluginVersion": self.plugin_version,
            "GetAgentStatus": self.agent_status,
            "GetComponentInfo": self.component_info,
        }.get(command)
        return "" if lines is None else "".join(line + "\n" for line in lines())

    def plugin_version(self) -> List[str]:
        # The names of the other keys are not known publicly.
        return ["PluginVersion.core: " + self.build] if self.ready() else []

    def agent_status(self) -> List[str]:
        state = world.agent_state()
        activated = bool(state.get("activated"))
        now = int(time.time())
        values = {
            "agentCertHash": "6B:1C:93:D8:60:4C:53:A8:1F:2A:0E:5C:77:0D:19:AA:8E:41:B2:03"
            if activated
            else NOT_ACTIVATED,
            "agentState": "green",
            "auStatus": "2",
            "currentTime": str(now),
            "driverChecked": "7",
            "driverHooked": "7",
            "dsmCertHash": "5D:40:2C:0E:91:57:3B:66:DE:11:F0:8A:C4:2E:73:9B:15:68:A7:04"
            if activated
            else NOT_ACTIVATED,
            "dsmUrl": "https://manager.lab.example:4120/" if activated else "",
            "lastAgentToManagerSession": str(int(state.get("last_heartbeat", self.started))),
        }
        names = sorted([*values, "driverState"])
        lines = ["AgentStatus.%d: %s" % (number, name) for number, name in enumerate(names, 1)]
        if not self.ready():
            return lines[:5]
        return lines + ["AgentStatus.%s: %s" % item for item in sorted(values.items()) if item[1] or activated]

    def component_info(self) -> List[str]:
        core = "Component.CORE.version: " + ".".join(self.build.split(".")[:2])
        state = world.agent_state()
        if not self.ready():
            return [core]
        if not state.get("anti_malware"):
            return ["Component.AM.mode: off", core]
        offline = self.anti_malware_offline()
        lines = [
            "Component.AM.configurations: 3",
            "Component.AM.driverOffline: " + ("true" if offline else "false"),
            "Component.AM.licenseExpiry: 1893456000",
            "Component.AM.mode: " + ("driver-offline" if offline else "on"),
            "Component.AM.moduleStatus: " + ("-1" if offline else "0"),
            "Component.AM.scanStatus: 4",
            "Component.AM.scanType: 0",
        ]
        import random

        current = 1 if state.get("patterns_current") else 0
        lines.append("Component.AM.version.engine.ATSE: " + ENGINE[current])
        # The numbers differ from host to host: only the names tell which pattern is which.
        names = sorted(PATTERNS)
        random.Random(self.name).shuffle(names)
        for number, name in enumerate(names, 1):
            lines.append("Component.AM.version.pattern.%d.name: %s" % (number, name))
            lines.append("Component.AM.version.pattern.%d.version: %s" % (number, PATTERNS[name][current]))
        return [
            *lines,
            core,
            "Component.FWDPI.mode: off",
            "Component.IM.mode: off",
            "Component.LI.mode: off",
            "Component.WRS.mode: off",
        ]

    # Control

    def control(self, request: Dict[str, Any]) -> str:
        state = world.agent_state()
        action, password = request["action"], request.get("password")
        expected = state.get("password")
        protected = bool(state.get("self_protection"))
        if expected and password != expected and (action == "selfprotect" or (protected and action != "message")):
            return "HTTP Status: 403 - Forbidden\nResponse:\nThe password is missing or not correct.\n"
        if action == "selfprotect":
            wanted = request["value"] == "1"
            if wanted != protected:
                world.change_agent(self_protection=wanted)
                world.journal("self_protection", on=wanted)
        elif action == "message":
            if not state.get("activated"):
                return "HTTP Status: 403 - Forbidden\nResponse:\nThis agent is not activated.\n"
            self.message(request["value"])
        elif action == "diagnostics":
            import random
            import zipfile

            name = "%010d.zip" % random.randrange(10**9, 10**10)
            folder = os.path.dirname(world.AGENT_LOG)
            os.makedirs(folder, exist_ok=True)
            with zipfile.ZipFile(os.path.join(folder, name), "w") as package:
                package.writestr("GetAgentStatus.txt", self.query("GetAgentStatus"))
                package.writestr("GetComponentInfo.txt", self.query("GetComponentInfo"))
                if os.path.exists(world.AGENT_LOG):
                    package.write(world.AGENT_LOG, "ds_agent.log")
            world.journal("diagnostics", file=name)
        elif action in ("activate", "reset"):
            world.change_agent(activated=action == "activate")
            world.journal("activated" if action == "activate" else "deactivated")
        return "HTTP Status: 200 - OK\nResponse:\n"

    def meet_manager(self, request: Dict[str, Any]) -> str:
        """A heartbeat as the Manager sees it: what it wants of the agent, and what the agent says of itself."""
        state = world.agent_state()
        if state.get("activated"):
            if "relay" in request:
                self.become_relay(bool(request["relay"]))
            if "self_protection" in request:
                world.change_agent(self_protection=bool(request["self_protection"]))
            if request.get("update"):
                self.message("UpdateComponent:true")
        offline = self.anti_malware_offline()
        return json.dumps(
            {
                "build": self.build,
                "activated": bool(state.get("activated")),
                "patterns_current": bool(state.get("patterns_current")),
                "anti_malware": ("offline" if offline else "on") if state.get("anti_malware") else "off",
                "self_protection": bool(state.get("self_protection")),
            }
        )

    def become_relay(self, wanted: bool) -> None:
        """What the Manager says the agent is; it stays that over a restart."""
        if wanted == self.is_relay:
            return
        world.change_agent(role="relay" if wanted else "agent")
        world.journal("relay", on=wanted)
        if wanted:
            self.is_relay = True
            threading.Thread(target=self.serve_as_relay, daemon=True).start()
            self.publish(True)
            return
        self.publish(False)
        self.is_relay = False
        if self.door is not None:
            self.door.shutdown(socket.SHUT_RDWR)
            self.door.close()

    def message(self, text: str) -> None:
        world.change_agent(last_heartbeat=time.time())
        if text.replace(" ", "") == "UpdateComponent:true":
            world.journal("security_update_requested", build=self.build)
            threading.Thread(target=self.security_update, daemon=True).start()
        elif text:
            world.journal("message", text=text[:200])
        else:
            world.journal("heartbeat")

    def security_update(self) -> None:
        if not self.updating.acquire(blocking=False):
            return
        with_release = self.updating
        try:
            time.sleep(float(self.host["update_seconds"]))
            if world.fault("security_update_never_finishes"):
                return
            reason = self.judge()
            if reason is None:
                log("[Event/5] | 9016 | Anti-Malware Component Update Successful")
                world.change_agent(patterns_current=True, updated_with=self.build)
                self.publish(True)
                world.journal("security_update_succeeded", build=self.build)
            else:
                log(
                    "[Event/3] | 9017 | Anti-Malware Component Update Failed | error code: -24 | "
                    "IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE"
                )
                world.journal("security_update_failed", code=-24, build=self.build, reason=reason)
        finally:
            with_release.release()

    def judge(self) -> Optional[str]:
        if world.fault("security_update_fails"):
            return "fault"
        return relays.why_no_update(self.build, self.platform, self.is_relay, SHARED_RELAYS, self.host.get("uses"))


class Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        agent: Agent = self.server.agent  # type: ignore[attr-defined]
        line = self.rfile.readline().decode()
        if line.startswith("query "):
            agent.answer_dsa_query(line[6:].rstrip("\n"), self.rfile, self.wfile)
            return
        request = json.loads(line)
        operation = request["op"]
        if operation == "control":
            text = agent.control(request)
        elif operation == "manager":
            text = agent.meet_manager(request)
        else:
            text = agent.build
        self.wfile.write(json.dumps({"text": text}).encode() + b"\n")


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 32


def run_agent(build: str) -> int:
    if world.fault("service_does_not_start"):
        log("[Error] | the agent could not be started")
        return 1
    os.makedirs(os.path.dirname(world.AGENT_SOCKET), exist_ok=True)
    os.makedirs("/run", exist_ok=True)
    agent = Agent(build)

    def end(_signal: int, _frame: object) -> None:
        agent.publish(False)
        world.journal("service_stopped", build=agent.build)
        os.unlink(world.PID_FILE)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    with open(world.PID_FILE, "w", encoding="ascii") as stream:
        stream.write(str(os.getpid()))
    if os.path.exists(world.AGENT_SOCKET):
        os.unlink(world.AGENT_SOCKET)
    server = Server(world.AGENT_SOCKET, Handler)
    server.agent = agent  # type: ignore[attr-defined]
    if agent.is_relay:
        threading.Thread(target=agent.serve_as_relay, daemon=True).start()
    agent.publish(True)
    world.journal("service_started", build=agent.build)
    os.write(1, b"listening\n")  # service.start() waits for it
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
    server.serve_forever(poll_interval=3600)  # nothing ends it but a signal
    return 0
