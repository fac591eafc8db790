# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""Is this host a Relay? A heuristic: on Linux a Relay's agent process listens on TCP 4122."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

RELAY_PORT = 4122
_LISTEN = "0A"


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


def _is_agent(folder, install_dir):
    """Whether a process is the agent's: its executable or one of its arguments lies in install_dir."""
    inside = install_dir + "/"
    with open(os.path.join(folder, "cmdline"), "rb") as stream:
        arguments = stream.read().decode("utf-8", "replace").split("\0")
    return any(argument.startswith(inside) for argument in arguments[:3]) or (
        _link(os.path.join(folder, "exe")).startswith(inside)
    )


def _link(path):
    """Where a link goes, nowhere when it is gone or not to be seen."""
    try:
        return os.readlink(path)
    except OSError:
        return ""


def detect(install_dir, proc="/proc"):
    """Return ({enabled, source}, problem). enabled is None when it cannot be told."""
    source = "tcp_%d_listener" % RELAY_PORT
    try:
        inodes = _listening_inodes(proc)
        pids = [name for name in os.listdir(proc) if name.isdigit()] if inodes else []
    except (IOError, OSError, IndexError, ValueError) as error:
        return {"enabled": None, "source": None}, "whether it is a Relay: %s" % error
    if not inodes:
        return {"enabled": False, "source": source}, None
    others = set()
    agent_seen = False
    for pid in pids:
        folder = os.path.join(proc, pid)
        descriptors = os.path.join(folder, "fd")
        try:
            owned = inodes.intersection(
                [_link(os.path.join(descriptors, number)) for number in os.listdir(descriptors)]
            )
            mine = _is_agent(folder, install_dir)
        except (IOError, OSError):
            continue  # it ended meanwhile, or is not ours to look at
        if mine and owned:
            return {"enabled": True, "source": source}, None
        agent_seen = agent_seen or mine
        others |= owned
    if agent_seen or others == inodes:
        return {"enabled": False, "source": source}, None
    # Nothing was seen that could own it: this is not root.
    return {"enabled": None, "source": source}, "port %d is open, but whose it is cannot be seen" % RELAY_PORT
