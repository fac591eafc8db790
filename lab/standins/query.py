# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dsa_query and dsa_control: the two programs that talk to the agent. Apart from it, as the real ones start quickly.

A run starts dsa_query hundreds of times: it does without json and socket, which take longer to import than Python to
start.
"""

from __future__ import annotations

import sys

from . import world

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing costs as much time as all the rest of this
    from typing import Any, Dict, List


def query(command: str) -> str:
    """The agent's answer, which ends with the connection; the faults of dsa_query are in it. Raises OSError."""
    from _socket import AF_UNIX, SOCK_STREAM, socket

    conn = socket(AF_UNIX, SOCK_STREAM)
    conn.connect(world.AGENT_SOCKET)
    conn.sendall(b"query " + command.encode() + b"\n")
    answer = b""
    while True:
        piece = conn.recv(65536)
        if not piece:
            break
        answer += piece
    conn.close()
    if not answer.startswith(b"answer\n"):
        raise OSError("the agent ended")
    return answer[7:].decode()


def dsa_query(argv: List[str]) -> int:
    command = ""
    rest = argv[1:]
    while rest:
        option = rest.pop(0)
        if option in ("-c", "--cmd") and rest:
            command = rest.pop(0)
        elif option.startswith("--cmd="):
            command = option[6:]
        elif option == "-p" and rest:
            rest.pop(0)
    try:
        answer = query(command)
    except OSError:
        print("dsa_query: could not connect to the agent", file=sys.stderr)
        return 1
    sys.stdout.write(answer)
    return 0


def dsa_control(argv: List[str]) -> int:
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    request: Dict[str, Any] = {"op": "control", "action": ""}
    rest = argv[1:]
    while rest:
        option = rest.pop(0)
        name, _equals, value = option.partition("=")
        if name in ("--selfprotect", "--passwd") and not _equals and rest:
            value = rest.pop(0)
        if option in ("-p", "-s", "-a") and rest:
            value = rest.pop(0)
        if name in ("-p", "--passwd"):
            request["password"] = value
        elif name in ("-s", "--selfprotect"):
            request.update(action="selfprotect", value=value)
        elif option in ("-m", "--heartbeat"):
            has_text = bool(rest) and not rest[0].startswith("-")
            request.update(action="message", value=rest.pop(0) if has_text else "")
        elif option in ("-d", "--diag"):
            request["action"] = "diagnostics"
        elif option in ("-r", "--reset"):
            request["action"] = "reset"
        elif name == "-a":
            request["action"] = "activate"
        elif ":" not in option:
            print("dsa_control: unknown option: " + option, file=sys.stderr)
            return 2
    if not request["action"]:
        print("Usage: dsa_control [-a <str>] [-d] [-m] [-p <str>] [-r] [-s <num>] ...", file=sys.stderr)
        return 2
    try:
        answer = world.ask(world.AGENT_SOCKET, request)["text"]
    except OSError:
        print("dsa_control: could not connect to the agent", file=sys.stderr)
        return 1
    sys.stdout.write(answer)
    # The exit code says that the agent answered, not what it said (the vendor's is not reliable either).
    return 0


TOOLS = {"dsa_query": dsa_query, "dsa_control": dsa_control}
