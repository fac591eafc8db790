# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stand-ins that every platform has: uname, who, shutdown; and the lab's own probe."""

from __future__ import annotations

import os
import sys
import time

from . import service, world

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List


def uname(argv: List[str]) -> int:
    host = world.host()
    values = dict(zip("snrvm", host["uname"]), p=host["processor"])
    wanted = "".join(option.lstrip("-") for option in argv[1:] if not option.startswith("--")) or "s"
    if "a" in wanted:
        wanted = "snrvm"
    unknown = set(wanted) - set(values)
    if unknown:
        print("uname: illegal option -- " + sorted(unknown)[0], file=sys.stderr)
        return 1
    print(" ".join(values[letter] for letter in "snrvmp" if letter in wanted))
    return 0


def who(argv: List[str]) -> int:
    if "-b" in argv:
        boot = time.localtime(world.load(world.LAB + "/boot.json")["shown_boot_time"])
        print("   .        system boot  " + time.strftime("%b %d %H:%M", boot))
    else:
        print("root     pts/0        " + time.strftime("%b %d %H:%M"))
    return 0


def go_down(how: str, delay: float) -> None:
    """Return to the caller; the lab ends the host when the SSH command that this belongs to was answered."""
    world.journal(how, delay=delay)
    world.ask_lab("go_down", how=how, delay=delay, command=os.environ.get("LAB_COMMAND"))


def shutdown(argv: List[str]) -> int:
    how, delay = "halt", 60.0
    rest = argv[1:]
    while rest:
        word = rest.pop(0)
        if word in ("-c", "-k"):
            return 0
        if word == "-i" and rest:
            how = "reboot" if rest.pop(0) == "6" else how
        elif word.startswith("-i"):
            how = "reboot" if word[2:] == "6" else how
        elif word == "-g" and rest:
            delay = float(rest.pop(0))
        elif word.startswith("-") and not word.startswith("--"):
            how = "reboot" if "r" in word else how
            delay = 0.0 if "F" in word else delay
        elif word == "--reboot":
            how = "reboot"
        elif word == "now":
            delay = 0.0
        elif word.lstrip("+").isdigit() and not word.startswith("-"):
            delay = 60.0 * float(word.lstrip("+"))
    go_down(how, delay)
    return 0


def reboot(argv: List[str]) -> int:
    go_down("halt" if os.path.basename(argv[0]) in ("halt", "poweroff") else "reboot", 0.0)
    return 0


def start_agent(argv: List[str]) -> int:
    """At boot, for init, which cannot wait for children itself."""
    service.start()
    return 0


def probe(argv: List[str]) -> int:
    """What `lab status` shows of this host."""
    state = world.agent_state()
    try:
        running = world.ask(world.AGENT_SOCKET, {"op": "hello"}, 3)["text"]
    except (OSError, ValueError):
        running = None
    import json

    from . import packages_read  # only here: no other stand-in has to pay for it

    print(
        json.dumps(
            {
                "package_build": packages_read.package_build(world.host()),
                "running_build": running,
                "patterns_current": state.get("patterns_current") if service.installed() else None,
                "service": ("running" if service.pid() else "failed" if service.failed() else "stopped")
                if service.installed()
                else None,
                "self_protection": bool(state.get("self_protection")) if service.installed() else None,
            }
        )
    )
    return 0


TOOLS: Dict[str, Callable[[List[str]], int]] = {
    "uname": uname,
    "who": who,
    "shutdown": shutdown,
    "reboot": reboot,
    "halt": reboot,
    "poweroff": reboot,
}
INTERNAL: Dict[str, Callable[[List[str]], int]] = {"start-agent": start_agent, "probe": probe}
