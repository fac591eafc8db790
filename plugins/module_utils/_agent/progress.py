# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""The progress note: how far a remediation came on this host, kept there, so that any later run can go on from it.

An upgraded build alone does not show whether the security update that must follow it was done: this file does. What it
means is decided on the controller; here it is read, merged and replaced, under a lock.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import fcntl
import io
import json
import os
import stat
import time

DEFAULT_PATH = "/var/opt/deep_security_remediation/progress.json"
LOCK = "upgrade.lock"
PHASES = ("upgrading", "update_pending", "done")
LARGEST = 64 * 1024
_LOCK_PAUSE = 0.5
clock = getattr(time, "monotonic", time.time)


class StepError(Exception):
    """A step that could not be done: a code for the controller, and a message for people."""

    def __init__(self, code, message):
        super(StepError, self).__init__(message)
        self.code = code
        self.message = message


def reason(error, step):
    """What an error of a step says to people."""
    return error.message if isinstance(error, StepError) else native("step %s: %s" % (step, error))


def native(text):
    """The text as this Python's own str: on Python 2.7 a message must not mix decoded text with paths that are not."""
    return text if isinstance(text, str) else text.encode("utf-8")


def utc_now():
    """This host's clock, ISO 8601 in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def read(path):
    """Return (text, problem) of a note, not judged: both None without one. problem: it is there and cannot be read."""
    try:
        # A link to nowhere is there; opening a pipe would wait for ever.
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None, "it is no file"
        with io.open(path, "rb") as stream:
            data = stream.read(LARGEST + 1)
        if len(data) > LARGEST:
            return None, "it is larger than %d bytes" % LARGEST
        return data.decode("utf-8"), None
    except UnicodeDecodeError:
        return None, "it is no UTF-8 text"
    except (IOError, OSError) as error:
        if error.errno == errno.ENOENT and not os.path.islink(path):
            return None, None
        return None, error.strerror or str(error)


def parse(text):
    """The note in a text. Raises ValueError where it is none."""
    try:
        content = json.loads(text)
    except RuntimeError:  # nested too deeply
        raise ValueError("it is nested too deeply")
    check(content)
    return content


def check(content):
    """Raise ValueError where this is no progress note, by the rules that the controller has for it."""
    if not isinstance(content, dict):
        raise ValueError("it holds no mapping")
    for key, allowed in (("phase", PHASES), ("self_protection", (None, "on", "off"))):
        if content.get(key) not in allowed:
            raise ValueError("%s is none of %s" % (key, ", ".join(word for word in allowed if word)))


def save(path, content):
    """Replace the file as a whole: a crash leaves the old one or the new one, never half of one. Raises StepError."""
    try:
        check(content)  # what later runs could not read must not be written
    except ValueError as error:
        raise StepError("note_not_written", "%s was not written: %s" % (path, error))
    text = json.dumps(content, sort_keys=True, indent=1) + "\n"
    part = "%s.%d.part" % (path, os.getpid())  # two runs at once must not write into each other's
    try:
        if len(text) > LARGEST:
            raise IOError(errno.EFBIG, "it would be larger than %d bytes" % LARGEST)
        _make_folder(path)
        try:
            with open(part, "w") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            os.rename(part, path)
        finally:
            if os.path.exists(part):
                os.unlink(part)
    except (IOError, OSError) as error:
        raise StepError(
            "note_not_written", "%s cannot be written: %s; make that possible and run again" % (path, error)
        )


def _make_folder(path):
    try:
        os.makedirs(os.path.dirname(path), 0o755)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise


def update(path, changes):
    """Merge changes into the note, under the lock; None removes a key. Raises StepError."""
    before = require(path)
    content = dict(before, **(changes or {}))
    content = dict((key, value) for key, value in content.items() if value is not None)
    if content != before:
        save(path, content)


def require(path):
    """The note's content, {} without one. Raises StepError (note_unreadable): what is due here is then not known."""
    text, problem = read(path)
    try:
        if problem is None:
            return {} if text is None else parse(text)
    except ValueError as error:
        problem = "it is damaged: %s" % error
    raise StepError(
        "note_unreadable",
        "%s cannot be read: %s. Whether self-protection is on and whether a security update is due is not known, so "
        "nothing was installed, restarted or requested. Look at the file, turn self-protection on in the Manager, "
        "remove the file and run again" % (path, problem),
    )


def written_since(content, seen, note):
    """Whether another run has written to the note since the controller read this host.

    seen: keys and values that it had then; none, and nothing is compared. note: what is to be merged, with this run.
    """
    if seen is None or content.get("run") == (note or {}).get("run"):
        return False
    return any(content.get(key) != value for key, value in seen.items())


def lock(path, timeout):
    """Lock the note; return (the open lock, whether another process held it). It is free when the process ends.

    An earlier attempt whose connection was lost may still be at work. Raises StepError.
    """
    name = os.path.join(os.path.dirname(path), LOCK)
    try:
        _make_folder(path)
        stream = open(name, "w")
        # Python 2.7 passes open files on: a service that an installer starts would hold the lock as long as it runs.
        fcntl.fcntl(stream, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    except (IOError, OSError) as error:
        raise StepError("lock_failed", "%s cannot be opened: %s; make that possible and run again" % (name, error))
    deadline = clock() + timeout
    waited = False
    while True:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return stream, waited
        except (IOError, OSError) as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise StepError("lock_failed", "%s cannot be locked: %s" % (name, error))
        waited = True
        if clock() >= deadline:
            raise StepError(
                "lock_timeout",
                "another upgrade or update of this host is at work for more than %d s (it holds %s); look at it there"
                % (timeout, name),
            )
        time.sleep(_LOCK_PAUSE)
