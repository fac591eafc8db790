# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a lab that is up is asked for: down, status, heal, fingerprint. Often called, so it imports little."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
from argparse import Namespace
from pathlib import Path
from typing import Any

from . import journal
from .errors import LabError
from .layout import Layout
from .standins import world

END_LIMIT = 10


def running(layout: Layout) -> int | None:
    """The process id of the lab's outer process, if it is one of this folder's."""
    try:
        number = int(layout.pid.read_text(encoding="ascii"))
        command = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return number if b"lab.daemon" in command and str(layout.top).encode() in command else None


def down(layout: Layout) -> None:
    number = running(layout)
    if number is not None:
        try:
            ask(layout, {"do": "stop"})
        except LabError:
            os.kill(number, signal.SIGTERM)
        if not ended(number):
            os.kill(number, signal.SIGKILL)
    layout.pid.unlink(missing_ok=True)
    layout.socket.unlink(missing_ok=True)
    if layout.plan.exists():
        control = json.loads(layout.plan.read_text(encoding="utf-8")).get("control_folder")
        if control:
            shutil.rmtree(control, ignore_errors=True)


def down_command(arguments: Namespace) -> int:
    down(Layout(Path(arguments.dir).resolve()))
    return 0


def ended(number: int) -> bool:
    """Wait for the end of that process, for a limited time; whether it came."""
    try:
        handle = os.pidfd_open(number)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], END_LIMIT)[0])
    finally:
        os.close(handle)
        with contextlib.suppress(ChildProcessError):  # where it is this process' own child
            os.waitpid(number, os.WNOHANG)


# Questions to a running lab


def ask(layout: Layout, request: dict[str, Any], timeout: float = 120) -> dict[str, Any]:
    # The path of a socket must be short: name it through the open folder.
    folder = os.open(layout.top, os.O_RDONLY | os.O_DIRECTORY)
    try:
        answer = world.ask(f"/proc/self/fd/{folder}/{layout.socket.name}", request, timeout)
    except OSError as error:
        raise LabError(f"{layout.top}: no lab answers there ({error})") from error
    finally:
        os.close(folder)
    if "error" in answer:
        raise LabError(str(answer["error"]))
    return answer


def need_lab(layout: Layout) -> None:
    if not layout.plan.exists():
        raise LabError(f"{layout.top}: there is no lab there: python -m lab up FLEET.yml {layout.top}")


def status(arguments: Namespace) -> int:
    layout = Layout(Path(arguments.dir).resolve())
    need_lab(layout)
    plan = json.loads(layout.plan.read_text(encoding="utf-8"))
    is_up = running(layout) is not None
    live = ask(layout, {"do": "status", "hosts": arguments.host})["hosts"] if is_up else {}
    result = []
    unknown = set(arguments.host) - {host["name"] for host in plan["hosts"]}
    if unknown:
        raise LabError(f"no host {', '.join(sorted(unknown))} in {layout.top}")
    for host in plan["hosts"]:
        if arguments.host and host["name"] not in arguments.host:
            continue
        shown = {key: host[key] for key in ("name", "os", "release", "package_manager", "distribution", "role", "port")}
        known = live.get(
            host["name"], {"state": "ended", "faults": world.load(str(layout.host(host["name"]) / "faults.json"))}
        )
        result.append(
            {
                **shown,
                "package_build": None,
                "running_build": None,
                "patterns_current": None,
                "service": None,
                "self_protection": None,
                "boots": None,
                **known,
                "journal": journal.read(layout.journal(host["name"])),
            }
        )
    if arguments.json:
        print(json.dumps({"running": is_up, "hosts": result}, indent=1))
        return 0
    for host in result:
        print(
            f"{host['name']}: {host['state']}, {host['os']} {host['release']} {host['package_manager']}, "
            f"{host['role']}, package {host['package_build']}, running {host['running_build']}, patterns current:"
            f" {host['patterns_current']}, service {host['service']}, self-protection {host['self_protection']},"
            f" boots {host['boots']}, faults {host['faults'] or 'none'}"
        )
        for entry in host["journal"]:
            print("    " + journal.show(entry))
    return 0


def heal(arguments: Namespace) -> int:
    layout = Layout(Path(arguments.dir).resolve())
    need_lab(layout)
    answer = ask(layout, {"do": "heal", "host": arguments.host, "faults": arguments.fault})
    print(f"{arguments.host}: healed: " + (", ".join(answer["healed"]) or "nothing, as it had no such fault"))
    return 0


def fingerprint(arguments: Namespace) -> int:
    layout = Layout(Path(arguments.dir).resolve())
    need_lab(layout)
    answer = ask(layout, {"do": "fingerprint"})["hosts"]
    if arguments.json:
        print(json.dumps(answer, indent=1))
    else:
        for name, value in answer.items():
            print(f"{value}  {name}")
    return 0
