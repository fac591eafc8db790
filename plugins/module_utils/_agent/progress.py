# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""How far a remediation came on this host, kept on the host, so that any later run can go on from there.

An upgraded build alone does not say whether the security update that must follow it was done: this file does.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import json
import os

DEFAULT_PATH = "/var/opt/deep_security_remediation/progress.json"
_LARGEST = 64 * 1024


def load(path):
    """Return (content, problem); content is None when there is no file."""
    try:
        with open(path) as stream:
            content = json.loads(stream.read(_LARGEST))
        if not isinstance(content, dict):
            raise ValueError("it holds no mapping")
        return content, None
    except (IOError, OSError) as error:
        return None, None if error.errno == errno.ENOENT else "%s cannot be read: %s" % (path, error.strerror)
    except ValueError as error:
        return None, "%s is damaged (%s); remove it and run the security update once more" % (path, error)


def save(path, content):
    """Replace the file as a whole: a crash leaves the old one or the new one, never half of one."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        os.makedirs(folder, 0o755)
    part = "%s.%d.part" % (path, os.getpid())  # two runs at once must not write into each other's
    with open(part, "w") as stream:
        stream.write(json.dumps(content, sort_keys=True, indent=1) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.rename(part, path)


def update(path, **changes):
    """Change some keys and keep the others; return the new content."""
    content = dict(load(path)[0] or {}, **changes)
    save(path, content)
    return content
