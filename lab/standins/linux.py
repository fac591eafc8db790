# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Linux: systemctl and its relatives. The package managers are real."""

from __future__ import annotations

import os
import sys

from . import common, service

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Tuple

AGENT_UNITS = ("ds_agent", "ds_agent.service")


def properties(unit: str) -> List[Tuple[str, str]]:
    known = unit in AGENT_UNITS and service.installed()
    pid = service.pid() if known else None
    state = "active" if pid else "failed" if known and service.failed() else "inactive"
    return [
        ("Id", unit if unit.endswith(".service") else unit + ".service"),
        ("LoadState", "loaded" if known else "not-found"),
        ("ActiveState", state),
        ("SubState", {"active": "running", "failed": "failed", "inactive": "dead"}[state]),
        ("UnitFileState", ("enabled" if service.enabled() else "disabled") if known else ""),
        ("MainPID", str(pid or 0)),
        ("ExecMainStatus", "1" if state == "failed" else "0"),
    ]


def show(units: List[str], wanted: List[str], bare: bool) -> int:
    blocks = []
    for unit in units or ["systemd"]:
        found = dict(properties(unit))
        names = [name for name in wanted if name in found] if wanted else list(found)
        blocks.append("\n".join(found[name] if bare else "%s=%s" % (name, found[name]) for name in names))
    print("\n\n".join(blocks))
    return 0


def systemctl(argv: List[str]) -> int:
    words: List[str] = []
    wanted: List[str] = []
    bare = quiet = now = False
    rest = argv[1:]
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word in ("-p", "--property") and rest:
            wanted += rest.pop(0).split(",")
        elif name == "--property" and equals:
            wanted += value.split(",")
        elif word.startswith("-p") and len(word) > 2:
            wanted += word[2:].split(",")
        elif word == "--value":
            bare = True
        elif word in ("-q", "--quiet"):
            quiet = True
        elif word == "--now":
            now = True
        elif word == "--version":
            print("systemd 252 (252.0-lab)")
            return 0
        elif not word.startswith("-"):
            words.append(word)
    verb, units = (words[0], words[1:]) if words else ("list-units", [])
    if verb == "show":
        return show(units, wanted, bare)
    if verb in ("reboot", "poweroff", "halt"):
        return common.reboot([verb])
    if verb in ("daemon-reload", "daemon-reexec", "reset-failed"):
        return 0
    if verb == "is-system-running":
        print("running")
        return 0
    if verb in ("list-units", "list-unit-files"):
        if service.installed():
            state = dict(properties("ds_agent"))
            print(
                "ds_agent.service loaded %s %s Trend Micro Deep Security Agent"
                % (state["ActiveState"], state["SubState"])
                if verb == "list-units"
                else "ds_agent.service %s enabled" % state["UnitFileState"]
            )
        return 0
    return unit_verb(verb, units, quiet, now)


def unit_verb(verb: str, units: List[str], quiet: bool, now: bool) -> int:
    result = 0
    for unit in units:
        state = dict(properties(unit))
        if verb in ("is-active", "is-enabled"):
            answer = state["ActiveState"] if verb == "is-active" else state["UnitFileState"] or "not-found"
            if not quiet:
                print(answer)
            result = result or (0 if answer in ("active", "enabled") else 3 if verb == "is-active" else 1)
            continue
        if state["LoadState"] == "not-found":
            print("Failed to %s %s: Unit %s not found." % (verb, state["Id"], state["Id"]), file=sys.stderr)
            return 4 if verb == "status" else 5
        if verb == "status":
            print("* ds_agent.service - Trend Micro Deep Security Agent")
            print("     Active: %s (%s)" % (state["ActiveState"], state["SubState"]))
            result = result or (0 if state["ActiveState"] == "active" else 3)
        elif verb in ("enable", "disable"):
            service.remember(enabled=verb == "enable")
            if now:
                result = result or unit_verb("start" if verb == "enable" else "stop", [unit], quiet, False)
        elif verb == "stop":
            service.stop()
            service.remember(failed=False)
        elif verb in ("start", "restart", "reload-or-restart", "try-restart", "condrestart"):
            if "try" in verb and state["ActiveState"] != "active":
                continue
            if not (service.start() if verb == "start" else service.restart()):
                print(
                    "Job for ds_agent.service failed because the control process exited with error code.",
                    file=sys.stderr,
                )
                result = 1
        else:
            print("Unknown command verb %s." % verb, file=sys.stderr)
            return 1
    return result


def needs_restarting(argv: List[str]) -> int:
    """yum-utils' answer on rpm hosts; the file is how the lab remembers it."""
    required = os.path.exists("/run/reboot-required")
    if required:
        print(
            "Core libraries or services have been updated since boot-up:\n  * kernel\n\n"
            "Reboot is required to fully utilize these updates."
        )
    return 1 if required else 0


def dnf(argv: List[str]) -> int:
    """dnf or yum, as far as `upgrade -y ds_agent-VERSION` from the host's own repository (/srv/repository) goes; the
    transaction itself is rpm's."""
    import subprocess
    from fnmatch import fnmatch

    words = [word for word in argv[1:] if not word.startswith("-")]
    if len(words) < 2 or words[0] not in ("upgrade", "update", "install"):
        print("Error: the lab's dnf only knows upgrade and install of a package", file=sys.stderr)
        return 1
    folder = "/srv/repository"
    wanted = words[1].split("/")[-1]
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if not name.endswith(".rpm"):
            continue
        path = os.path.join(folder, name)
        query = subprocess.run(
            ["rpm", "-qp", "--qf", "%{NAME}-%{VERSION}-%{RELEASE}", path],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        identity = query.stdout.decode()
        if fnmatch(identity, wanted) or identity.startswith((wanted + ".", wanted + "-")):
            known = subprocess.run(["rpm", "-q", identity], stdout=subprocess.DEVNULL, check=False)
            if known.returncode == 0:
                print("Nothing to do.")
                return 0
            done = subprocess.run(["rpm", "-U", path], check=False)
            print("Complete!" if done.returncode == 0 else "Error: Transaction failed")
            return done.returncode
    if words[0] != "install":
        print("No packages marked for upgrade.\nNothing to do.")
        return 0
    print("Error: Unable to find a match: " + wanted, file=sys.stderr)
    return 1


TOOLS: Dict[str, Callable[[List[str]], int]] = {"systemctl": systemctl}
RPM_TOOLS: Dict[str, Callable[[List[str]], int]] = {"needs-restarting": needs_restarting, "dnf": dnf, "yum": dnf}
