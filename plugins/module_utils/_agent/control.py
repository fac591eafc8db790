# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""dsa_control: heartbeat, security update, diagnostics, self-protection."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

from . import commands, record

# What dsa_control is asked with; the trigger of the security update is not confirmed by any public text we could read.
UPDATE = ["-m", "UpdateComponent:true"]
DIAGNOSTICS = ["-d"]


def path():
    """Where dsa_control is on this host."""
    return os.path.join(record.install_dir(record.host_platform()[0]), "dsa_control")


def ask(arguments, password=None, timeout=60):
    """Run dsa_control and return (problem, Answer). Its exit status is unreliable: the HTTP status counts too."""
    argv = [path()] + arguments
    if password:
        argv += ["-p", password]  # it reads a password from nowhere else
    answer = commands.run(argv, timeout)
    command = "dsa_control " + " ".join(arguments)
    if answer.missing:
        return "%s is not there" % path(), answer
    if answer.timed_out:
        return "%s gave no answer within %d s" % (command, timeout), answer
    status = re.search(r"HTTP Status:\s*(\d+)", answer.out + answer.err)
    if answer.rc != 0 or (status and not status.group(1).startswith("2")):
        return "%s was refused (exit status %s): %s" % (command, answer.rc, answer.text() or "it said nothing"), answer
    return None, answer


def self_protection(enable, password):
    """Switch self-protection; return a problem or None."""
    return ask(["--selfprotect=%d" % int(enable)], password)[0]


# As the vendor documents it; on macOS the agent's service is not documented to be restarted by hand.
RESTART = {
    "linux": [["systemctl", "restart", "ds_agent"], ["/etc/init.d/ds_agent", "restart"]],
    "aix": [["/bin/sh", "-c", "stopsrc -s ds_agent; sleep 2; startsrc -s ds_agent"]],
    "solaris": [["svcadm", "restart", "ds_agent"]],
}


def restart_service(os_name):
    """Restart the agent's service with the first command that is there; return a problem or None."""
    for argv in RESTART.get(os_name, []):
        answer = commands.run(argv, 300)
        if not answer.missing:
            return (
                None if answer.rc == 0 else "%s: %s" % (" ".join(argv), answer.text() or "exit status %s" % answer.rc)
            )
    return "no way is known to restart it here; do it by hand"
