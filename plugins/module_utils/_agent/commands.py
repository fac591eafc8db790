# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""Running the host's own tools: bounded in time, in the C locale, several at once."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import signal
import subprocess
import tempfile
import time

# Where the platforms keep their tools; a login shell's PATH often lacks half of these.
SEARCH_PATH = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
# No answer of these tools is near this size; it keeps a runaway one from filling memory.
LARGEST_OUTPUT = 1024 * 1024


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


class Running(object):
    """A command that was started. Its output goes to files, so that it can neither block nor be held open."""

    def __init__(self, argv):
        self.argv = argv
        self.process = None
        self.missing = False
        self.error = ""
        self.stdout = tempfile.TemporaryFile()
        self.stderr = tempfile.TemporaryFile()
        environment = dict(os.environ, LC_ALL="C", LANG="C", LANGUAGE="C")
        environment["PATH"] = os.pathsep.join([environment.get("PATH", "")] + SEARCH_PATH)
        try:
            with open(os.devnull, "rb") as nothing:
                # A group of its own: a tool that hangs is killed together with what it started.
                self.process = subprocess.Popen(  # pylint: disable=ansible-bad-function,subprocess-popen-preexec-fn
                    argv,
                    stdin=nothing,
                    stdout=self.stdout,
                    stderr=self.stderr,
                    env=environment,
                    preexec_fn=os.setsid,
                    close_fds=True,
                )
        except OSError as error:
            self.missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
            self.error = str(error)

    def answer(self, deadline):
        """Wait until the deadline (time.time()), then kill; return the Answer with what was said until then."""
        if self.process is None:
            return self._close(Answer(err=self.error, missing=self.missing))
        pause = 0.002
        while self.process.poll() is None and time.time() < deadline:
            time.sleep(pause)
            pause = min(pause * 2, 0.1)
        timed_out = self.process.poll() is None
        if timed_out:
            # SIGKILL at once: dsa_control is known to ignore SIGTERM.
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except OSError:
                pass
            self.process.wait()
        rc = None if timed_out else self.process.returncode
        return self._close(Answer(rc, self._read(self.stdout), self._read(self.stderr), timed_out=timed_out))

    def _read(self, stream):
        stream.seek(0)
        return stream.read(LARGEST_OUTPUT).decode("utf-8", "replace")

    def _close(self, answer):
        self.stdout.close()
        self.stderr.close()
        return answer


def run(argv, timeout):
    """Run one command for at most timeout seconds and return its Answer; never raises for what the command does."""
    return Running(argv).answer(time.time() + timeout)


def run_all(commands, timeout):
    """Run {name: argv} side by side, all within timeout seconds; return {name: Answer}."""
    started = dict((name, Running(argv)) for name, argv in commands.items())
    deadline = time.time() + timeout
    return dict((name, running.answer(deadline)) for name, running in started.items())
