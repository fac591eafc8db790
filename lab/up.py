# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""python -m lab up: makes what the fleet needs, and starts the lab's process."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import random
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

from . import fleet, inventory, packages, pythons
from .client import down, running
from .errors import LabError
from .host import python_for_tools
from .layout import Layout

NAMESPACE_OPTIONS = ("--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
START_LIMIT = 180
FIRST_PORT = 10240


# Tools and namespaces of this machine


def namespace_command() -> list[str]:
    """How to get namespaces here: through a user namespace, or, where those are forbidden, as root without one."""
    for needed in ("unshare", "nsenter"):
        if shutil.which(needed) is None:
            raise LabError(f"{needed} is missing: install util-linux")
    tries = [["unshare", "--user", "--map-root-user", *NAMESPACE_OPTIONS]]
    if os.geteuid() == 0:
        tries.append(["unshare", *NAMESPACE_OPTIONS])
    printed = ""
    for command in tries:
        done = subprocess.run(
            [*command, "unshare", "--mount", "--uts", "--net", "--pid", "--fork", "--mount-proc", "true"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return command
        printed = done.stderr.strip()
    raise LabError(
        f"this machine does not allow the namespaces that the lab's hosts live in ({printed}). Remedy, one of: run as "
        "root; sysctl kernel.unprivileged_userns_clone=1; sysctl kernel.apparmor_restrict_unprivileged_userns=0; "
        "in a container: --privileged"
    )


def usable_hosts(wanted: fleet.Fleet, skip: bool) -> list[str]:
    """Takes the hosts out of the fleet that this machine cannot have or reach, if it may."""
    needs = {
        "deb": (("dpkg", "dpkg-deb", "dpkg-query"), "apt-get install dpkg"),
        "rpm": (
            ("rpm", "rpmbuild", "rpmsign", "gpg"),
            "apt-get install rpm gpg (Fedora: dnf install rpm-build rpm-sign gnupg2)",
        ),
    }
    notes = []
    for host in list(wanted.hosts):
        tools, remedy = needs.get(host.package_manager, ((), ""))
        missing = [tool for tool in tools if shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin") is None]
        if host.os == "windows":
            missing, remedy = missing_for_windows(), "sh tests/run/venv.sh demo"
        if not missing:
            continue
        text = f"{host.name}: package_manager {host.package_manager} needs {', '.join(missing)}: {remedy}"
        if not skip:
            raise LabError(text + " (or leave such hosts out: --skip-unavailable)")
        wanted.hosts.remove(host)
        notes.append("skipped " + text)
    return notes


def missing_for_windows() -> list[str]:
    """What Ansible needs for Windows hosts, and is not where this repository has it."""
    found = {
        "pywinrm": importlib.util.find_spec("winrm") is not None,
        "ansible.windows": (
            Path(__file__).parent.parent / ".venv/collections/ansible_collections/ansible/windows"
        ).is_dir(),
    }
    return [name for name, there in found.items() if not there]


# up


def find_interpreters(host: fleet.Host) -> tuple[str, list[str]]:
    path, prefix = pythons.find(host.python)
    folders = set() if prefix in ("/usr", "/usr/local") else {prefix}
    tool = python_for_tools()
    if not tool.startswith("/usr/"):
        folders.add(sys.base_prefix)
    return path, sorted(folders)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on. Not of those that the system gives to connections: one of them may be gone by the
    time a host opens its door, when other labs are busy beside this one.
    """
    try:
        first_of_system = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        first_of_system = 32768
    found: list[int] = []
    for port in random.sample(range(FIRST_PORT, max(first_of_system, FIRST_PORT + 10_000)), 10_000):
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise LabError(f"{count} free ports were not found from {FIRST_PORT} on: end other labs")


def copy_standins(layout: Layout) -> None:
    shutil.copytree(Path(__file__).parent / "standins", layout.standins, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        [python_for_tools(), "-ISm", "compileall", "-q", str(layout.standins)], check=False, stdout=subprocess.DEVNULL
    )


def prepare(wanted: fleet.Fleet, layout: Layout) -> list[dict[str, Any]]:
    hosts = []
    *ports, manager_port = free_ports(len(wanted.hosts) + 1)
    for host, port in zip(wanted.hosts, ports, strict=True):
        interpreter, folders = ("", []) if host.os == "windows" else find_interpreters(host)
        hosts.append(
            {
                **host.as_dict(),
                "port": port,
                "interpreter": interpreter,
                "interpreters": folders,
                "tool_python": python_for_tools(),
            }
        )
    layout.top.mkdir(parents=True, exist_ok=True)
    (layout.shared / "relays").mkdir(parents=True)
    layout.code.mkdir(parents=True, exist_ok=True)
    copy_standins(layout)
    packages.make_all(wanted, layout.store, layout.packages, layout.signing_key)
    broken = packages.corrupt_offers(layout, wanted)
    trusted = [
        name for host in wanted.hosts if host.faults.get("broken_package") == "signature" for name in broken[host.name]
    ]
    # Control sockets of ssh need a short path; the same for the same lab, as Ansible makes it anew where it is gone.
    digest = hashlib.sha256(f"{os.getuid()} {layout.top}".encode()).hexdigest()[:10]
    control = Path(tempfile.gettempdir()) / f"lab-{digest}"
    control.mkdir(mode=0o700, exist_ok=True)
    plan: dict[str, Any] = {
        "hosts": hosts,
        "broken": broken,
        "checksum_of_broken": trusted,
        "control_folder": str(control),
    }
    if wanted.manager is not None:
        from .manager import files  # only here: cryptography takes as long to import as all the rest

        plan.update(manager=wanted.manager.as_dict(), packages=wanted.packages)
        files.write(files.Files(layout.top), wanted.manager, manager_port)
    layout.plan.write_text(json.dumps(plan, indent=1), encoding="utf-8")
    layout.plan.chmod(0o600)
    inventory.write(layout, hosts, control)
    inventory.write_vars(layout)
    return hosts


def start_daemon(layout: Layout, namespaces: list[str]) -> None:
    """It says that all hosts are up by a line on a pipe, or, by closing it, that it ended."""
    reader, writer = os.pipe()
    with open(layout.log, "wb") as log, open(reader, "rb") as ready:
        process = subprocess.Popen(
            [*namespaces, sys.executable, "-m", "lab.daemon", str(layout.top), str(writer)],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=[writer],
        )
        layout.pid.write_text(str(process.pid), encoding="ascii")
        os.close(writer)
        if select.select([ready], [], [], START_LIMIT)[0] and ready.readline():
            return
    printed = layout.log.read_text(encoding="utf-8", errors="replace")[-3000:]
    down(layout)
    raise LabError(f"the lab did not start: {printed}")


def up(arguments: Namespace) -> int:
    layout = Layout(Path(arguments.dir).resolve())
    wanted = fleet.read(Path(arguments.fleet))
    if running(layout):
        raise LabError(f"{layout.top} is up already: python -m lab down {arguments.dir}")
    if layout.top.exists() and any(layout.top.iterdir()):
        if not layout.plan.exists() and not layout.standins.exists():
            raise LabError(f"{layout.top} is not empty, and not a lab's: give another folder")
        clear(layout)
    if not wanted.hosts:
        raise LabError(f"{arguments.fleet} has no hosts: python -m lab manager {arguments.fleet}")
    namespaces = namespace_command()
    notes = usable_hosts(wanted, arguments.skip_unavailable)
    try:
        hosts = prepare(wanted, layout)
        start_daemon(layout, namespaces)
    except BaseException:
        down(layout)
        raise
    for note in notes:
        print(note)
    for host in hosts:
        kind = host["os"] + (f" {host['release']}" if host["release"] else "")
        if host["distribution"]:
            kind = f"{host['distribution']['id']} {host['distribution']['version']}"
        faults = ", ".join(f"{name}={value}" for name, value in host["faults"].items())
        print(
            f"{host['name']:<16} 127.0.0.1:{host['port']:<6} {kind:<16} {host['package_manager']:<9} "
            f"{host['role']:<6} {host['build'] or '-':<15} {host['interpreter'] or 'modules by ' + host['engine']}"
            + (f"  faults: {faults}" if faults else "")
        )
    if wanted.manager is not None:
        about = json.loads((layout.top / "manager.json").read_text(encoding="utf-8"))
        print(f"{'manager':<16} {about['url']}  {'hosted' if wanted.manager.hosted else wanted.manager.version}")
    return 0


def clear(layout: Layout) -> None:
    for entry in layout.top.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            make_removable(entry)
            shutil.rmtree(entry)
        else:
            entry.unlink()


def make_removable(top: Path) -> None:
    """A host may have left folders that even their owner may not enter."""
    for folder, folders, _names in os.walk(top):
        for name in folders:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
