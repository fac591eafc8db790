# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""python -m lab up FLEET.yml DIR | down DIR | status DIR | heal DIR HOST [FAULT ...] | fingerprint DIR

python -m lab manager FLEET.yml: the Manager alone
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import importlib.util
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncssh

from . import daemon, demo, fleet, inventory, journal, packages, pythons
from .host import python_for_tools
from .layout import Layout
from .manager import alone, files
from .standins import world

NAMESPACE_OPTIONS = ("--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
START_LIMIT = 180
FIRST_PORT = 10240


class LabError(Exception):
    """What the user is told; the command ends with 1."""


# Tools and namespaces of this machine


def namespace_command() -> list[str]:
    """How to get namespaces here: through a user namespace, or, where those are forbidden, as root without one."""
    for needed in ("unshare", "nsenter"):
        if shutil.which(needed) is None:
            raise LabError(f"{needed} is missing: install util-linux")
    tries = [["unshare", "--user", "--map-root-user", *NAMESPACE_OPTIONS]]
    if os.geteuid() == 0:
        tries.append(["unshare", *NAMESPACE_OPTIONS])
    said = ""
    for command in tries:
        done = subprocess.run(
            [*command, "unshare", "--mount", "--uts", "--net", "--pid", "--fork", "--mount-proc", "true"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return command
        said = done.stderr.strip()
    raise LabError(
        f"this machine does not allow the namespaces that the lab's hosts live in ({said}). Remedy, one of: run as "
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


def write_keys(layout: Layout, hosts: list[dict[str, Any]]) -> None:
    (layout.top / "host_keys").mkdir()
    lines = []
    for host in hosts:
        if host["os"] == "windows":
            continue
        key = asyncssh.generate_private_key("ssh-ed25519")
        path = layout.top / "host_keys" / host["name"]
        key.write_private_key(str(path))
        path.chmod(0o600)
        public = key.export_public_key().decode().strip()
        lines.append(f"[127.0.0.1]:{host['port']} {public}\n")
    layout.known_hosts.write_text("".join(lines), encoding="ascii")
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(layout.key))
    layout.key.chmod(0o600)
    key.write_public_key(str(layout.key) + ".pub")


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
    copy_standins(layout)
    write_keys(layout, hosts)
    packages.make_all(wanted, layout.store, layout.packages, layout.signing_key)
    broken = daemon.corrupt_offers(layout, wanted.hosts, wanted.packages)
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
        plan.update(manager=wanted.manager.as_dict(), packages=wanted.packages)
        files.write(files.Files(layout.top), wanted.manager, manager_port)
    layout.plan.write_text(json.dumps(plan, indent=1), encoding="utf-8")
    layout.plan.chmod(0o600)
    inventory.write(layout, hosts, control)
    inventory.write_vars(layout)
    return hosts


def start_daemon(layout: Layout, namespaces: list[str]) -> None:
    with open(layout.log, "wb") as log:
        process = subprocess.Popen(
            [*namespaces, sys.executable, "-m", "lab.daemon", str(layout.top)],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    layout.pid.write_text(str(process.pid), encoding="ascii")
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline and process.poll() is None:
        if layout.socket.exists():
            try:
                ask(layout, {"do": "wait"}, START_LIMIT)
                return
            except LabError:
                pass
        time.sleep(0.05)
    said = layout.log.read_text(encoding="utf-8", errors="replace")[-3000:]
    down(layout)
    raise LabError(f"the lab did not start: {said}")


async def greet(layout: Layout, hosts: list[dict[str, Any]]) -> None:
    async def one(host: dict[str, Any]) -> None:
        async with asyncssh.connect(
            "127.0.0.1",
            host["port"],
            username="root",
            client_keys=[str(layout.key)],
            known_hosts=str(layout.known_hosts),
            config=None,
            agent_path=None,
        ) as conn:
            await conn.run("true", check=True)

    by_ssh = [host for host in hosts if host["os"] != "windows"]
    await asyncio.gather(*(one(host) for host in by_ssh if "unreachable" not in host["faults"]))
    for host in by_ssh:  # the lab's own greeting is not part of the story
        path = layout.journal(host["name"])
        kept = [line for line in path.read_text(encoding="utf-8").splitlines(True) if '"ssh_command"' not in line]
        path.write_text("".join(kept), encoding="utf-8")


def up(arguments: argparse.Namespace) -> int:
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
        asyncio.run(greet(layout, hosts))
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
            f"{host['role']:<6} {host['build'] or '-':<15} {host['interpreter']}"
            + (f"  faults: {faults}" if faults else "")
        )
    if wanted.manager is not None:
        about = files.Files(layout.top).read()
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


# down


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
        except (OSError, LabError):
            os.kill(number, signal.SIGTERM)
        deadline = time.monotonic() + 10
        while running(layout) is not None and time.monotonic() < deadline:
            time.sleep(0.05)
            reap(number)
        if running(layout) is not None:
            os.kill(number, signal.SIGKILL)
    layout.pid.unlink(missing_ok=True)
    layout.socket.unlink(missing_ok=True)
    if layout.plan.exists():
        control = json.loads(layout.plan.read_text(encoding="utf-8")).get("control_folder")
        if control:
            shutil.rmtree(control, ignore_errors=True)


def reap(number: int) -> None:
    """Where it is this process' own child, its end has to be taken note of."""
    with contextlib.suppress(ChildProcessError):
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


def status(arguments: argparse.Namespace) -> int:
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


def heal(arguments: argparse.Namespace) -> int:
    layout = Layout(Path(arguments.dir).resolve())
    need_lab(layout)
    answer = ask(layout, {"do": "heal", "host": arguments.host, "faults": arguments.fault})
    print(f"{arguments.host}: healed: " + (", ".join(answer["healed"]) or "nothing, as it had no such fault"))
    return 0


def manager(arguments: argparse.Namespace) -> int:
    wanted = fleet.read(Path(arguments.fleet))
    if wanted.manager is None:
        raise LabError(f"{arguments.fleet} has no key manager: write manager: {{computers: 1000}} into it")
    alone.run(wanted, arguments.port or free_ports(1)[0], Path(arguments.dir).resolve())
    return 0


def fingerprint(arguments: argparse.Namespace) -> int:
    layout = Layout(Path(arguments.dir).resolve())
    need_lab(layout)
    answer = ask(layout, {"do": "fingerprint"})["hosts"]
    if arguments.json:
        print(json.dumps(answer, indent=1))
    else:
        for name, value in answer.items():
            print(f"{value}  {name}")
    return 0


def main() -> int:
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
        ("down", "end the fleet; its journals stay"),
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
    arguments = parser.parse_args()
    try:
        if arguments.command == "demo":
            return demo.main()
        if arguments.command == "down":
            down(Layout(Path(arguments.dir).resolve()))
            return 0
        known = {"up": up, "status": status, "heal": heal, "fingerprint": fingerprint, "manager": manager}
        return known[arguments.command](arguments)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that Python does not complain at its end either
        return 141
    except (LabError, fleet.FleetError, packages.PackagesError, OSError, asyncssh.Error) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
