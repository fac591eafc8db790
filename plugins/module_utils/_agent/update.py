# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""A security update, seen from the host: asked for, running, done, or failed.

There are two witnesses. The patterns that dsa_query lists change; and the agent's log gains a line. What the log looks
like is not public: what is searched for can be replaced. Rotated logs are followed by reading the file from its start.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import os
import re

from . import commands, dsa_query, record

LOG_FOLDER = "/var/opt/ds_agent/diag"
# No update writes more than this between two looks; a larger part of a log is searched at its end.
_LARGEST = 8 * 1024 * 1024


def patterns(timeout):
    """Return (engine and patterns as one comparable list, or None when dsa_query gave none, problem)."""
    path = os.path.join(record.install_dir(record.host_platform()[0]), "dsa_query")
    answer = commands.run(dsa_query.command(path), timeout)
    found = dsa_query.anti_malware(dsa_query.parse(answer.out))
    problem = None if answer.rc == 0 and not answer.timed_out else "dsa_query: %s" % (answer.text() or "no answer")
    return snapshot(found), problem


def snapshot(anti_malware):
    """The engine and patterns of a record's anti_malware, comparable; None when there are none."""
    listed = ["%s %s" % (entry.get("name"), entry.get("version")) for entry in anti_malware.get("patterns") or []]
    if anti_malware.get("engine"):
        listed.append("engine %s" % anti_malware["engine"])
    return sorted(listed) or None


def log_marks(folder):
    """{inode: size} of the log files: where they end now, whatever a rotation will call them."""
    marks = {}
    for name in _logs(folder):
        try:
            status = os.stat(os.path.join(folder, name))
            marks[str(status.st_ino)] = status.st_size
        except OSError:
            continue
    return marks


def _logs(folder):
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(".log"))
    except OSError:
        return []


def new_lines(folder, marks):
    """Lines that the logs gained since the marks, oldest first within a file; none where no marks were taken."""
    lines = []
    if marks is None:
        return lines
    for name in _logs(folder):
        try:
            with io.open(os.path.join(folder, name), "rb") as stream:
                status = os.fstat(stream.fileno())
                start = marks.get(str(status.st_ino), 0)
                if start > status.st_size:
                    start = 0  # cut off and begun anew
                stream.seek(max(start, status.st_size - _LARGEST))
                lines += stream.read(_LARGEST).decode("utf-8", "replace").splitlines()
        except (IOError, OSError):
            continue
    return lines


def look(before, seen, marks, folder, success, failure, timeout):
    """Return {state, evidence, patterns}: state is running, succeeded or failed.

    before: patterns when the update was due; seen: patterns at the last look. Patterns count once they have changed and
    then stood still between two looks: an update brings several.
    """
    now, problem = patterns(timeout)
    state, evidence = "running", problem or "the patterns have not changed"
    new = sorted(set(now or ()) - set(before or ())) if before else []
    if new:  # a pattern that vanished is an answer cut short
        evidence = "new patterns: " + ", ".join(new)
        if now == seen:
            state = "succeeded"
    # The last word in the log counts: a retry can follow a failure.
    for line in new_lines(folder, marks):
        for pattern, verdict in ((failure, "failed"), (success, "succeeded")):
            if re.search(pattern, line):
                state, evidence = verdict, line.strip()[:300]
                break
    return {"state": state, "evidence": evidence, "patterns": now}
