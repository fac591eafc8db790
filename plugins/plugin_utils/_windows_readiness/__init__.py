# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Whether a Windows host is ready for a build-up: facts + lists (+ certificate files) → checks. No Ansible in here."""

from __future__ import annotations

from .certificates import Certificate, Directory, read_directory
from .check import Check
from .checks import NAMES, blocking, explain, judge
from .facts import facts_of, precheck_options
from .model import Lists, ListsError, Root, load_lists

__all__ = [
    "NAMES",
    "Certificate",
    "Check",
    "Directory",
    "Lists",
    "ListsError",
    "Root",
    "blocking",
    "explain",
    "facts_of",
    "judge",
    "load_lists",
    "precheck_options",
    "read_directory",
]
