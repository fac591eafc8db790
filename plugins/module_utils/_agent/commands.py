# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""Running the host's own tools: bounded in time, in the C locale, several at once."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import fcntl
import os
import select
import signal
import subprocess
import sys
import tempfile
import time

# Where the platforms keep their tools; a login shell's PATH often lacks half of these.
SEARCH_PATH = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
# No answer of these tools is near this size; it keeps a runaway one from filling memory.
LARGEST_OUTPUT = 1024 * 1024
# Seconds. What was killed is gone at once, unless it hangs in the kernel; then it is left behind.
_KILL_GRACE = 2
# A clock that nobody sets, where this Python has one.
_clock = getattr(time, "monotonic", time.time)
# A session of its own, and so a process group: a tool that hangs is killed together with what it started. Python 3 can
# do this without running Python in the child, which is much cheaper. On Python 2.7 closing files means trying every
# number that there could be; there is none to close, as nothing here but the standard streams is inheritable.
if sys.version_info[0] > 2:
    _APART = {"start_new_session": True, "close_fds": True}
else:
    _APART = {"preexec_fn": os.setsid, "close_fds": False}


class Answer(object):
    """What one command did. rc is None when it was not there, not allowed, or killed at its time limit."""

    def __init__(self, rc=None, out="", err="", missing=False, timed_out=False):
        self.rc = rc
        self.out = out
        self.err = err
        self.missing = missing
        self.timed_out = timed_out

    def text(self):
        """Both outputs in one line, for messages."""
        return " ".join((self.out + " " + self.err).split())[:500]

    def as_dict(self, longest):
        """The answer as JSON, each output cut at longest characters; cut tells whether anything is missing."""
        return {
            "rc": self.rc,
            "out": self.out[:longest],
            "err": self.err[:longest],
            "cut": len(self.out) > longest or len(self.err) > longest,
            "missing": self.missing,
            "timed_out": self.timed_out,
        }


class Running(object):
    """A command that was started. Its output goes to files, so that it can neither block nor be held open."""

    def __init__(self, argv):
        self.argv = argv
        self.process = None
        self.missing = False
        self.error = ""
        self.stdout = tempfile.TemporaryFile()
        self.stderr = tempfile.TemporaryFile()
        folders = os.environ.get("PATH", "").split(os.pathsep) + SEARCH_PATH
        # An empty entry would mean the current folder.
        path = os.pathsep.join(folder for folder in folders if folder)
        environment = dict(os.environ, LC_ALL="C", LANG="C", LANGUAGE="C", PATH=path)
        try:
            with open(os.devnull, "rb") as nothing:
                self.process = subprocess.Popen(  # pylint: disable=ansible-bad-function,consider-using-with
                    argv, stdin=nothing, stdout=self.stdout, stderr=self.stderr, env=environment, **_APART
                )
        except OSError as error:
            self.missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
            self.error = str(error)

    def ended(self):
        """Whether there is nothing to wait for."""
        return self.process is None or self.process.poll() is not None

    def answer(self):
        """Kill it if it has not ended; return the Answer with the output until then."""
        if self.process is None:
            return self._close(Answer(err=self.error, missing=self.missing))
        timed_out = not self.ended()
        if timed_out:
            # SIGKILL at once: dsa_control is known to ignore SIGTERM.
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except OSError:
                pass
            _wait([self], _KILL_GRACE)
        rc = None if timed_out else self.process.returncode
        return self._close(Answer(rc, self._read(self.stdout), self._read(self.stderr), timed_out=timed_out))

    def _read(self, stream):
        stream.seek(0)
        return stream.read(LARGEST_OUTPUT).decode("utf-8", "replace")

    def _close(self, answer):
        self.stdout.close()
        self.stderr.close()
        return answer


def _wait(started, timeout):
    """Until all of these have ended, for at most timeout seconds."""
    deadline = _clock() + timeout
    # Woken by the end of a child, not by looking now and then: the signal writes into a pipe.
    read_fd, write_fd = os.pipe()
    fcntl.fcntl(write_fd, fcntl.F_SETFL, os.O_NONBLOCK)
    longest = 1.0
    before = wakeup = None
    try:
        before = signal.signal(signal.SIGCHLD, lambda number, frame: None)
        wakeup = signal.set_wakeup_fd(write_fd)
    except ValueError:
        longest = 0.02  # not the main thread, which alone has signals
    try:
        while not all(running.ended() for running in started):
            left = deadline - _clock()
            if left <= 0:
                break
            try:
                if select.select([read_fd], [], [], min(left, longest))[0]:
                    os.read(read_fd, 512)
            except (OSError, select.error):
                pass  # Python 2.7: the signal came while it waited
    finally:
        if wakeup is not None:
            signal.set_wakeup_fd(wakeup)
        if before is not None:
            signal.signal(signal.SIGCHLD, before)
        os.close(read_fd)
        os.close(write_fd)


def answers(started, timeout):
    """Wait for {name: Running}, all within timeout seconds; return {name: Answer}."""
    _wait(list(started.values()), timeout)
    return dict((name, running.answer()) for name, running in started.items())


def run(argv, timeout):
    """Run one command for at most timeout seconds and return its Answer; never raises for what the command does."""
    return answers({"": Running(argv)}, timeout)[""]
