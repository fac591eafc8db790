# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""What a host shows of a security update: dsa_query's answer, and what the agent's logs gained since marks were taken.

Nothing is judged here. What the log looks like is not public; whether a line counts is decided on the controller.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import codecs
import errno
import hashlib
import io
import os
import re

from . import commands, control, dsa_query

LOG_FOLDER = "/var/opt/ds_agent/diag"
_LOG_NAME = re.compile(r"\.log(\.\d+)?$")
_FILES = 64
# No update writes more than this between two looks; a larger part of a log is read at its end.
_LARGEST_PART = 8 * 1024 * 1024
_LONGEST_LINE = 4096
_ALL_LINES = 256 * 1024
# What a line costs beside its text.
_LINE_COST = 64
_FINGERPRINT = 1024
_LONGEST_ANSWER = 60 * 1024
_BOM = codecs.BOM_UTF8.decode("utf-8")


def query(timeout):
    """dsa_query's raw answer to all its questions: rc, out, err, cut, missing, timed_out."""
    return commands.run(dsa_query.command(control.tool("dsa_query")), timeout).as_dict(_LONGEST_ANSWER)


def marks(folder):
    """Where the logs end now: a list of name, inode, size, mtime, and a fingerprint of what stands before the end.

    By the inode a file is known whatever a rotation calls it; by the fingerprint it is known to be the same file, and
    not a new one that was given the number of a deleted one, or was cut and grew again.
    """
    taken = []
    for name, path in _logs(folder):
        try:
            with io.open(path, "rb") as stream:
                status = os.fstat(stream.fileno())
                taken.append(
                    dict(
                        name=name,
                        inode=status.st_ino,
                        size=status.st_size,
                        mtime=int(status.st_mtime),
                        fingerprint=_fingerprint(stream, status.st_size),
                    )
                )
        except (IOError, OSError):
            continue
    return taken


def _logs(folder):
    """(name, path) of the newest logs, the oldest first."""
    logs = []
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    for name in names:
        path = os.path.join(folder, name)
        try:
            if _LOG_NAME.search(name) and os.path.isfile(path):
                logs.append((os.stat(path).st_mtime, name, path))
        except OSError:
            continue
    return [(name, path) for dummy, name, path in sorted(logs)[-_FILES:]]


def _fingerprint(stream, end):
    start = max(0, end - _FINGERPRINT)
    stream.seek(start)
    return hashlib.sha256(stream.read(end - start)).hexdigest()


def new_lines(folder, taken):
    """Return (lines, cut, unread): what the logs gained since the marks, in the order of the files' times.

    A line is file, text, and marked: whether it stands behind the mark of a file that was there. Other lines come from
    files that have no mark, or were begun anew: such a file can hold old lines too. cut: the oldest were left off, or a
    log is there and cannot be read. unread: the names of such logs.
    """
    known = dict((mark["inode"], mark) for mark in taken)
    newest_first, unread = [], []
    budget, cut = _ALL_LINES, False
    for name, path in reversed(_logs(folder)):
        try:
            marked, texts, part = _gained(path, known)
        except (IOError, OSError) as error:
            if error.errno != errno.ENOENT:
                unread.append(name)
            continue
        cut = cut or part
        for text in reversed(texts):
            text = text[:_LONGEST_LINE]
            budget -= len(text) + _LINE_COST
            if budget < 0:
                return newest_first[::-1], True, unread
            newest_first.append(dict(file=name, text=text, marked=marked))
    return newest_first[::-1], cut or bool(unread), unread


def _gained(path, known):
    """Return (marked, lines, whether the part was too large)."""
    with io.open(path, "rb") as stream:
        status = os.fstat(stream.fileno())
        mark = known.get(status.st_ino)
        # A mark of size 0 would fit every file, and a file's number can be that of a deleted one.
        marked = bool(mark) and 0 < mark["size"] <= status.st_size
        marked = marked and _fingerprint(stream, mark["size"]) == mark["fingerprint"]
        begin = mark["size"] if marked else 0
        start = max(begin, status.st_size - _LARGEST_PART)
        stream.seek(0)
        bom = stream.read(2)
        stream.seek(start - start % 2)
        data = stream.read(_LARGEST_PART)
    encoding = _encoding(bom, data)
    if encoding == "utf-8":
        data = data[start % 2 :]
    text = data.decode(encoding, "replace").lstrip(_BOM)
    return marked, [line for line in re.split("\r\n|\r|\n", text) if line.strip()], start > begin


def _encoding(bom, data):
    """UTF-16 has a mark at the beginning of the file, or every second byte of plain text is null."""
    if bom == codecs.BOM_UTF16_LE or data[1::2].count(b"\0") * 4 > len(data):
        return "utf-16-le"
    if bom == codecs.BOM_UTF16_BE or data[0::2].count(b"\0") * 4 > len(data):
        return "utf-16-be"
    return "utf-8"


def packs(folder):
    """The agent's diagnostics packages: a set of (path, time of change, size)."""
    try:
        names = [name for name in os.listdir(folder) if re.match(r"^\d{10}\.zip$", name)]
    except OSError:
        return set()
    paths = [os.path.join(folder, name) for name in names]
    return set((path, os.path.getmtime(path), os.path.getsize(path)) for path in paths if os.path.isfile(path))
