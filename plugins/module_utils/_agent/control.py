# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
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
    """Run dsa_control and return (problem, Answer). Its exit status is unreliable: the HTTP status it prints counts too."""
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
