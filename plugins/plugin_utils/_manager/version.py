# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Whether the Manager is new enough for a target build of the agents.

Which agents a Manager supports is a policy of the vendor's that is not public: the operator states the minimum. What
is certain is that a Manager of an older line does not support newer agents.
"""

from __future__ import annotations

import re

from .._advisory import Build
from .._messages import Message, message
from .._settings import SettingsError
from .._text import shorten

_NUMBERS = re.compile(r"[0-9]{1,9}(?:[.-][0-9]{1,9}){1,3}")


def manager_version(text: object, name: str) -> tuple[int, ...]:
    """20.0.737 or 20.0.0-737 as four numbers that compare, missing ones are 0. name: the variable, for the message.

    Raises SettingsError.
    """
    written = str(text).strip()
    if not _NUMBERS.fullmatch(written):
        raise SettingsError(f"{name} is {shorten(text)}; write a Manager's version such as 20.0.737")
    numbers = [int(number) for number in re.split("[.-]", written)]
    return tuple(numbers + [0] * (4 - len(numbers)))


def manager_objection(version: object, minimum: object, target: Build, problem: object = None) -> Message | None:
    """Why no agent may be upgraded to target yet, or None.

    version: as read from the Manager or stated in dsm_version, None where unknown. minimum: dsm_minimum_version, if
    stated. problem: why the version could not be read. Raises SettingsError for a version or a minimum that is none.
    """
    least = manager_version(minimum, "dsm_minimum_version") if minimum else None
    if not version:
        if least is None:
            return None
        if problem:
            return message("manager_unreadable", minimum=minimum, problem=problem)
        return message("manager_not_read", minimum=minimum)
    known = manager_version(version, "the version of the Manager (dsm_version)")
    if known[:2] < target.version.release[:2]:
        return message("manager_older_line", version=version, target=target.text)
    if least is not None and known < least:
        return message("manager_below_minimum", version=version, minimum=minimum)
    return None
