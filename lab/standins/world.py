# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a stand-in knows of the host it runs on: its description, its faults, its agent's state, and the lab itself."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:  # dsa_query starts often: it does without what it does not need, so that json is imported late too
    from types import TracebackType
    from typing import Any, Dict, Optional, TextIO, Type

LAB = "/.lab"
AGENT_STATE = "/var/opt/ds_agent/agent.json"
AGENT_SOCKET = "/var/opt/ds_agent/agent.sock"
AGENT_LOG = "/var/opt/ds_agent/diag/ds_agent.log"
PID_FILE = "/run/ds_agent.pid"
SERVICES = "/var/opt/ds_agent/service.json"
RECORD = "/var/opt/ds_agent/package.json"
MACOS_FOLDER = "/Library/Application Support/com.trendmicro.DSAgent"


def load(path: str) -> Dict[str, Any]:
    import json

    try:
        with open(path, encoding="utf-8") as stream:
            value = json.load(stream)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def save(path: str, value: Dict[str, Any]) -> None:
    import json

    os.makedirs(os.path.dirname(path), exist_ok=True)
    scratch = "%s.%d" % (path, os.getpid())
    with open(scratch, "w", encoding="utf-8") as stream:
        json.dump(value, stream, indent=1, sort_keys=True)
    os.chmod(scratch, 0o600)
    os.replace(scratch, path)


class locked:
    """with locked(path): nobody else is in such a block for that path."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.stream: Optional[TextIO] = None

    def __enter__(self) -> None:
        import fcntl

        self.stream = open(self.path, "a", encoding="utf-8")
        fcntl.flock(self.stream, fcntl.LOCK_EX)

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        assert self.stream is not None
        self.stream.close()


def host() -> Dict[str, Any]:
    return load(LAB + "/host.json")


def journal(event: str, **fields: object) -> None:
    from . import journal as _journal

    _journal.append(LAB + "/journal.jsonl", event, **fields)


def fault(name: str, use: bool = True) -> Any:
    """The parameter of a fault, or None. A fault that is there `once` is gone after its first use."""
    value = load(LAB + "/faults.json").get(name)
    if value == "once" and use:
        with locked(LAB + "/faults.lock"):
            faults = load(LAB + "/faults.json")
            value = faults.pop(name, None)
            save(LAB + "/faults.json", faults)
    return value


def agent_folder() -> str:
    return MACOS_FOLDER if host().get("os") == "macos" else "/opt/ds_agent"


def change_agent(**changes: object) -> Dict[str, Any]:
    os.makedirs(os.path.dirname(AGENT_STATE), exist_ok=True)
    with locked(AGENT_STATE + ".lock"):
        state = load(AGENT_STATE)
        state.update(changes)
        save(AGENT_STATE, state)
    return state


def agent_state() -> Dict[str, Any]:
    return load(AGENT_STATE)


def ask(path: str, request: Dict[str, Any], timeout: float = 10.0) -> Dict[str, Any]:
    """One JSON line to a Unix socket, one JSON line back. Raises OSError where nobody answers."""
    import json
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as conn:
        conn.settimeout(timeout)
        conn.connect(path)
        conn.sendall(json.dumps(request).encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            piece = conn.recv(65536)
            if not piece:
                raise OSError("the other side closed the connection")
            answer += piece
    value = json.loads(answer.decode())
    if not isinstance(value, dict):
        raise OSError("not an answer: %r" % (value,))
    return value


def ask_lab(action: str, **fields: object) -> None:
    """Ask the process that serves this host's SSH for something only it can do."""
    ask(LAB + "/control.sock", {"do": action, "host": host()["name"], **fields})
