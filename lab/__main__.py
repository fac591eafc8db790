# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""python -m lab up FLEET.yml DIR | down DIR | status DIR | heal DIR HOST [FAULT ...] | fingerprint DIR

python -m lab manager FLEET.yml: the Manager alone
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from . import client
from .errors import LabError

Command = Callable[[argparse.Namespace], int]


def command(name: str) -> Command:
    """Each command imports what it needs itself: `status` is not to wait for what `up` needs."""
    if name == "up":
        from .up import up

        return up
    if name == "manager":
        from .manager.alone import manager

        return manager
    if name == "demo":
        from .demo import main as demo

        return lambda _arguments: demo()
    if name == "demo-awx":
        from .demo_awx import main as demo_awx

        return lambda _arguments: demo_awx()
    return {
        "down": client.down_command,
        "status": client.status,
        "heal": client.heal,
        "fingerprint": client.fingerprint,
    }[name]


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m lab", description="The embedded fleet.")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("up", help="start the fleet and write DIR/inventory.yml")
    one.add_argument("fleet", metavar="FLEET.yml")
    one.add_argument("dir", metavar="DIR")
    one.add_argument(
        "--skip-unavailable",
        action="store_true",
        help="leave out hosts whose package manager this machine does not have",
    )
    for name, text in (
        ("down", "end the fleet; what was done to each host stays"),
        ("status", "every host's state and journal"),
        ("heal", "remove faults from a host"),
        ("fingerprint", "one SHA-256 per host over its files"),
    ):
        one = commands.add_parser(name, help=text)
        one.add_argument("dir", metavar="DIR")
        if name == "status":
            one.add_argument("host", metavar="HOST", nargs="*", help="only of these hosts")
        if name in ("status", "fingerprint"):
            one.add_argument("--json", action="store_true")
        if name == "heal":
            one.add_argument("host", metavar="HOST")
            one.add_argument("fault", metavar="FAULT", nargs="*")
    one = commands.add_parser("manager", help="a simulated Manager alone, until Ctrl-C")
    one.add_argument("fleet", metavar="FLEET.yml")
    one.add_argument("--port", type=int, help="default: one that is free")
    one.add_argument("--dir", default="build/manager", help="where its keys and its CA go, default: %(default)s")
    commands.add_parser("demo", help="gate, remediate and gate the fleet of lab/fleets/demo.yml")
    commands.add_parser("demo-awx", help="the same fleet by ansible-runner, as the workflow of AWX does it")
    arguments = parser.parse_args(words)
    try:
        return command(arguments.command)(arguments)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that Python does not complain at its end either
        return 141
    except (LabError, OSError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
