# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""dsa_control: security update, diagnostics, self-protection; and the agent's service."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import time

from . import commands, progress, record

# Not confirmed by a public text: the operator can give other arguments.
UPDATE = ["-m", "UpdateComponent:true"]
DIAGNOSTICS = ["-d"]
LONGEST = 4096
_MASK = "********"
_RETRY_PAUSE = 2
# What a success is documented to print; everything that looks like a status may speak against it.
_GOOD = re.compile(r"^[ \t]*HTTP Status:[ \t]*2\d\d\b", re.MULTILINE)
_STATUS = re.compile(r"\bHTTP(?:/[\d.]+)?(?:[ \t]+|_)?(?:status)?(?:[ \t]+code)?[ \t]*[:=]?[ \t]*(\d+)", re.I)


class Reply(object):
    """What dsa_control answered, without the password.

    accepted: True only with exit status 0 and HTTP statuses that are all 2xx; False where it was refused for certain
    (4xx and nothing else, or it is not there); None where it is not known what it did. Its exit status is unreliable.
    """

    def __init__(self, answer, password):
        both = answer.out + "\n" + answer.err
        # Before masking: the password may be a part of the status.
        statuses = [int(number[:9]) for number in _STATUS.findall(both)]
        self.accepted = None
        if answer.missing or (statuses and all(400 <= status <= 499 for status in statuses)):
            self.accepted = False
        elif answer.rc == 0 and _GOOD.search(both) and all(200 <= status <= 299 for status in statuses):
            self.accepted = True
        self.rc = answer.rc
        self.timed_out = answer.timed_out
        self.missing = answer.missing
        self.out = mask(answer.out, password)[:LONGEST]
        self.err = mask(answer.err, password)[:LONGEST]

    def text(self):
        """One line for messages."""
        if self.missing:
            return "dsa_control is not there"
        if self.timed_out:
            return "no answer in time"
        output = " ".join((self.out + " " + self.err).split())[:300]
        return progress.native("exit status %s, %s" % (self.rc, output or "no output"))

    def as_dict(self):
        """For the result of a module."""
        return dict(rc=self.rc, out=self.out, err=self.err, timed_out=self.timed_out, missing=self.missing)


def mask(text, password):
    """Decoded text without the password."""
    if hasattr(password, "decode"):
        password = password.decode("utf-8", "replace")
    return text.replace(password, _MASK) if password else text


def tool(name):
    """Where one of the agent's programs is on this host."""
    return os.path.join(record.install_dir(record.host_platform()[0]), name)


def call(arguments, password=None, timeout=60):
    """Run dsa_control and return its Reply."""
    argv = [tool("dsa_control")] + arguments
    if password:
        # It reads a password from nowhere else. As bytes: an old Python in the C locale can pass on nothing but ASCII.
        argv += ["-p", password if isinstance(password, bytes) else password.encode("utf-8")]
    return Reply(commands.run(argv, timeout), password)


class SelfProtection(object):
    """The agent's self-protection, as far as the note and this process know it.

    state: untouched, on (proven), off, unknown. The note keeps "off" from before it is lowered until it is proven to
    be on again, so that a run that dies between the two leaves it to the next one.
    """

    def __init__(self, path, password, content):
        self.path = path
        self.password = password
        self.state = "untouched" if content.get("self_protection") in (None, "on") else "off"
        self.reply = None

    def _switch(self, enable, timeout=60):
        self.reply = call(["--selfprotect=%d" % int(enable)], self.password, timeout)
        return self.reply.accepted

    def lower(self):
        """Turn it off. Raises StepError where that is not proven."""
        before = self.state
        progress.update(self.path, {"self_protection": "off"})
        self.state = "unknown"
        accepted = self._switch(False)
        if accepted:
            self.state = "off"
            return
        if accepted is False:
            self.state = before
            if before == "untouched":
                progress.update(self.path, {"self_protection": None})
        raise progress.StepError(
            "self_protection_refused",
            "self-protection could not be turned off (%s); see that dsa_self_protection_password is right and the "
            "agent runs" % self.reply.text(),
        )

    def restore(self, timeout):
        """Turn it on if it may be off; retry for timeout seconds. Return whether there is nothing left to restore."""
        if self.state in ("untouched", "on"):
            return True
        return self.enable(timeout)

    def enable(self, timeout):
        """Turn it on; right after an installation the agent may not listen yet. Return whether that is proven."""
        deadline = progress.clock() + timeout
        while True:
            accepted = self._switch(True, max(5, min(60, deadline - progress.clock())))
            if accepted:
                self.state = "on"
                try:
                    progress.update(self.path, {"self_protection": None})
                except progress.StepError:
                    pass  # the next run turns it on once more, which does no harm
                return True
            if accepted is None or self.state == "untouched":
                self.state = "unknown"
            if progress.clock() >= deadline:
                return False
            time.sleep(_RETRY_PAUSE)

    def sentence(self):
        """What people must know of it, empty where it is as it was."""
        if self.state in ("untouched", "on"):
            return ""
        reason = ": it could not be turned on (%s)" % self.reply.text() if self.reply else ""
        return "Self-protection is %s%s; turn it on in the Manager" % (
            "off" if self.state == "off" else "in an unknown state",
            reason,
        )


# As the vendor documents it; on macOS the agent's service is not documented to be restarted by hand.
RESTART = {
    "linux": [["systemctl", "restart", "ds_agent"], ["/etc/init.d/ds_agent", "restart"]],
    "aix": [["/bin/sh", "-c", "stopsrc -s ds_agent; sleep 2; startsrc -s ds_agent"]],
    "solaris": [["svcadm", "restart", "ds_agent"]],
}


def restart_service(os_name):
    """Restart the agent's service with the first command that is there; return (argv, Answer), None for neither."""
    for argv in RESTART.get(os_name, []):
        answer = commands.run(argv, 300)
        if not answer.missing:
            return argv, answer
    return None, None
