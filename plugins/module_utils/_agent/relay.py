# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""Linux: who listens on the Relay port, and which processes are the agent's. From /proc, without another process."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

RELAY_PORT = 4122
_LISTEN = "0A"
# An agent has a handful of processes.
_MOST = 16


def _listening_inodes(proc):
    """Inodes of the sockets that listen on the Relay port. Raises IOError when the kernel's tables cannot be read."""
    inodes = set()
    for name in ("tcp", "tcp6"):
        path = os.path.join(proc, "net", name)
        if name == "tcp6" and not os.path.exists(path):
            continue  # IPv6 is switched off
        with open(path) as table:
            for line in list(table)[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == RELAY_PORT:
                    inodes.add("socket:[%s]" % fields[9])
    return inodes


def _link(path):
    """Where a link goes, nowhere when it is gone or not to be seen."""
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _owned(folder, inodes):
    """Those of the sockets that a process owns, None when that cannot be seen."""
    if not inodes:
        return set()
    descriptors = os.path.join(folder, "fd")
    try:
        return inodes.intersection([_link(os.path.join(descriptors, number)) for number in os.listdir(descriptors)])
    except (IOError, OSError):
        return None


def _elsewhere(folder):
    """Whether a process plainly has another root than this one, as in a container: its agent is not this host's."""
    try:
        root, own = os.stat(os.path.join(folder, "root")), os.stat("/")
    except (IOError, OSError):
        return False
    return (root.st_dev, root.st_ino) != (own.st_dev, own.st_ino)


def listener(proc="/proc"):
    """{port, sockets: how many listen there or None, error} and the inodes of these sockets."""
    try:
        inodes = _listening_inodes(proc)
    except (IOError, OSError, IndexError, ValueError) as error:
        return {"port": RELAY_PORT, "sockets": None, "error": str(error)}, set()
    return {"port": RELAY_PORT, "sockets": len(inodes), "error": None}, inodes


def processes(install_dir, inodes, proc="/proc"):
    """The agent's processes, and what they own of the sockets.

    agent: {pid, program, sockets: how many of them it owns, None where that cannot be seen} of each process whose
    executable or one of its first arguments lies in install_dir; not of those in containers. unowned: the sockets whose
    owner was not seen. hidden: whether there may be processes that this user cannot see.
    """
    inside = tuple(set([install_dir + "/", os.path.realpath(install_dir) + "/"]))
    found = {"agent": [], "unowned": len(inodes), "hidden": False, "error": None}
    left = set(inodes)
    try:
        pids = [name for name in os.listdir(proc) if name.isdigit()]
    except (IOError, OSError) as error:
        return dict(found, hidden=True, error=str(error))
    # With hidepid the processes of others are not listed at all, the first one included.
    found["hidden"] = "1" not in pids
    for pid in pids:
        folder = os.path.join(proc, pid)
        try:
            with open(os.path.join(folder, "cmdline"), "rb") as stream:
                arguments = stream.read(4096).decode("utf-8", "replace").split("\0")[:3]
        except (IOError, OSError):
            found["hidden"] = found["hidden"] or os.path.exists(folder)  # or it ended meanwhile
            continue
        owned = _owned(folder, inodes)
        left -= owned or set()
        arguments.append(_link(os.path.join(folder, "exe")))
        program = [name for name in arguments if name.startswith(inside)]
        if program and len(found["agent"]) < _MOST and not _elsewhere(folder):
            found["agent"].append(
                {"pid": int(pid), "program": program[0][:256], "sockets": None if owned is None else len(owned)}
            )
    found["unowned"] = len(left)
    return found
