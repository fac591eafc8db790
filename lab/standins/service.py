# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service ds_agent, below the platform's own service tools (systemctl, startsrc, svcadm, launchctl)."""

from __future__ import annotations

import os
import time

from . import world

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional


def installed() -> bool:
    return os.path.exists(world.agent_folder() + "/ds_agent")


def pid() -> Optional[int]:
    try:
        with open(world.PID_FILE, encoding="ascii") as stream:
            number = int(stream.read())
        os.kill(number, 0)
        with open("/proc/%d/stat" % number, encoding="ascii") as stream:
            return None if stream.read().rsplit(")", 1)[1].split()[0] == "Z" else number
    except (OSError, ValueError):
        return None


def enabled() -> bool:
    return world.load(world.SERVICES).get("enabled", True) is True


def failed() -> bool:
    return pid() is None and world.load(world.SERVICES).get("failed", False) is True


def remember(**changes: object) -> None:
    known = world.load(world.SERVICES)
    if any(known.get(key) != value for key, value in changes.items()):
        world.save(world.SERVICES, {**known, **changes})


def start() -> bool:
    if pid() is not None:
        return True
    program = world.agent_folder() + "/ds_agent"
    if not installed():
        return False
    import subprocess  # only here: it takes as long to import as Python to start

    # The command line says what the vendor's says: the program of the agent, not the interpreter.
    with open(os.devnull, "r+b") as null:
        child = subprocess.Popen(
            [program, "-IS", program, "-w", "/var/opt/ds_agent", "-b"],
            executable=world.LAB + "/python3",
            stdin=null,
            stdout=subprocess.PIPE,
            stderr=null,
            cwd="/",
            start_new_session=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
    assert child.stdout is not None
    listens = child.stdout.readline() != b""  # nothing where it ended
    child.stdout.close()
    remember(failed=not listens)
    return listens


def stop() -> None:
    number = pid()
    if number is None:
        return
    import signal

    os.kill(number, signal.SIGTERM)
    for dummy in range(1000):
        if pid() is None:
            return
        time.sleep(0.005)
    os.kill(number, signal.SIGKILL)


def restart() -> bool:
    stop()
    return start()
