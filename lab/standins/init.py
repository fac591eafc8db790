# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first process of a lab host: builds its world from mounts, starts the agent, and ends with the host.

It runs with its own mount, UTS, network and PID namespaces (see lab/host.py), gets its plan as JSON in a file, and
prints its process id, as seen by the lab, once the host is up. Everything is done with plain system calls, so that no
tool of the machine is needed for it.
"""

from __future__ import annotations

import ctypes
import fcntl
import fnmatch
import json
import os
import re
import signal
import socket
import struct

from . import service

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
HALT, REBOOT = 0, 3
libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    check(
        libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode()),
        "mount %s on %s" % (source or kind, target),
    )


def bind(source: str, target: str, read_only: bool = False) -> None:
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    elif not os.path.exists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="ascii"):
            pass
    mount(source, target, flags=MS_BIND | MS_REC)
    if read_only:
        # A user namespace may not drop what the machine's own mount says (nosuid, noatime, …): say it again.
        known = os.statvfs(target).f_flag
        flags = known & (2 | 4 | 8 | 1024 | 2048)
        if known & 4096:  # ST_RELATIME
            flags |= 1 << 21  # MS_RELATIME
        mount("", target, flags=MS_BIND | MS_REMOUNT | MS_RDONLY | flags)


def fill_tools(root: str, folder: str, plan: Dict[str, Any]) -> None:
    """A tools folder without what the host's platform does not have, and with the stand-ins."""
    target = root + folder
    mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=4m")
    hidden = re.compile("|".join(fnmatch.translate(pattern) for pattern in plan["hide"]))
    for entry in os.scandir(folder):
        # cpython finds its library from where its file really is, so the interpreters stay files of this folder.
        if hidden.match(entry.name) or entry.name in plan["tools"]:
            continue
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), target + "/" + entry.name)
        elif entry.name.startswith("python") and entry.is_file():
            bind(entry.path, target + "/" + entry.name)
        else:
            os.symlink("/.machine" + entry.path, target + "/" + entry.name)
    for name, place in plan["tools"].items():
        if place == folder:
            os.symlink("/.lab/tool", target + "/" + name)


def build_world(plan: Dict[str, Any]) -> None:
    root = plan["root"]
    mount("", "/", flags=MS_REC | MS_PRIVATE)
    bind(root, root)
    for folder in plan["machine_folders"]:
        # /bin and the like are links on most machines, and then were made links by the lab.
        bind(folder, root + folder, read_only=True)
    bind("/usr", root + "/.machine/usr", read_only=True)
    for folder in plan["tool_folders"]:
        if not folder.startswith("/usr/"):
            bind(folder, root + "/.machine" + folder, read_only=True)
        fill_tools(root, folder, plan)
    for folder in plan["interpreters"]:
        bind(folder, root + folder, read_only=True)
    bind(plan["host_folder"], root + "/.lab")
    bind(plan["standins"], root + "/.lab/standins", read_only=True)
    for source, name in ((plan["shared"], "shared"), (plan["code"], "code"), (plan["socket"], "control.sock")):
        bind(source, root + "/.lab/" + name)
    os.makedirs(root + "/dev", exist_ok=True)
    mount("tmpfs", root + "/dev", "tmpfs", MS_NOSUID, "mode=0755,size=64m")
    for node in ("null", "zero", "full", "random", "urandom", "tty"):
        bind("/dev/" + node, root + "/dev/" + node)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(target, root + "/dev/" + name)
    os.mkdir(root + "/dev/shm", 0o1777)
    mount("proc", root + "/proc", "proc", data="" if plan["linux"] else "subset=pid")
    if plan["linux"]:
        bind(root + "/.lab/boot_id", root + "/proc/sys/kernel/random/boot_id")
        bind(root + "/.lab/stat", root + "/proc/stat")
        try:
            mount("sysfs", root + "/sys", "sysfs", MS_RDONLY)
        except OSError:
            pass  # nothing needs it; some containers forbid it
    os.chdir(root)
    check(libc.pivot_root(b".", b"."), "pivot_root")
    check(libc.umount2(b".", MNT_DETACH), "umount of the machine's root")
    os.chdir("/")


def bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0x1 | 0x40)  # IFF_UP | IFF_RUNNING
        fcntl.ioctl(sock, 0x8914, request)  # SIOCSIFFLAGS


def main(path: str) -> int:
    with open(path, encoding="utf-8") as stream:
        plan = json.load(stream)
    outer = os.readlink("/proc/self")  # before the new /proc: the number that the lab knows this process by
    socket.sethostname(plan["name"])
    bring_up_loopback()
    build_world(plan)

    def end(number: int, _frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        service.stop()
        os._exit(REBOOT if number == signal.SIGHUP else HALT)

    def reap(_number: int, _frame: object) -> None:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    os.umask(0o022)
    # Before anybody may connect, and before children are reaped: os.spawnv() needs the end of its own.
    if service.installed() and service.enabled():
        os.spawnv(os.P_WAIT, "/.lab/start-agent", ["start-agent"])
    signal.signal(signal.SIGCHLD, reap)
    print(outer, flush=True)
    while True:
        signal.pause()
