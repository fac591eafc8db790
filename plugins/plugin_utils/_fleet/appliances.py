# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Virtual appliances: their agent is upgraded from the Manager, by people, and only by some packages."""

from __future__ import annotations

import re

from .._advisory import Advisory, parse_build
from .._messages import Message, message
from .._text import shorten

_PACKAGE_FILE = re.compile(
    r"(?P<head>[A-Za-z0-9_-]+-)(?P<build>[0-9]{1,9}(?:\.[0-9]{1,9}){2}-[0-9]{1,9})(?P<tail>\..+)"
)


def appliance_steps(name: str | None, advisory: Advisory) -> Message:
    """What the operator does in the Manager for a virtual appliance, with the package of that name if it can use it."""
    first, last = advisory.appliance_packages["from"], advisory.appliance_packages["to"]
    if not name:
        return message("appliance_by_manager", first=first, last=last)
    if not _is_between(name, first, last):
        return message("appliance_package_unusable", package=shorten(name), first=first, last=last)
    return message("appliance_package", package=name)


def _is_between(name: str, first: str, last: str) -> bool:
    """Whether two package files and a third differ in the build alone, and its build is one of theirs or between."""
    parts = [_PACKAGE_FILE.fullmatch(text) for text in (first, name, last)]
    if not all(parts) or len({(part["head"], part["tail"]) for part in parts if part}) != 1:
        return False
    low, build, high = (parse_build(part["build"]) for part in parts if part)
    return low <= build <= high
