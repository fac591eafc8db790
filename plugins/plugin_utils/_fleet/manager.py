# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Whether the Manager is new enough for the agents that are to come.

Which agents a Manager can serve is a policy of the vendor's that is not public: the operator states the minimum. What
is certain is that a Manager of an older line does not know newer agents.
"""

from __future__ import annotations

import re

from .._advisory import Build, shorten
from .settings import SettingsError

_NUMBERS = re.compile(r"[0-9]{1,9}(?:[.-][0-9]{1,9}){1,3}")


def manager_version(text: object, name: str) -> tuple[int, ...]:
    """20.0.737 or 20.0.0-737 as numbers that compare, shorter ones filled up with zeros. name: for the message."""
    written = str(text).strip()
    if not _NUMBERS.fullmatch(written):
        raise SettingsError(f"{name} is {shorten(text)}; write a Manager's version such as 20.0.737")
    numbers = [int(number) for number in re.split("[.-]", written)]
    return tuple(numbers + [0] * (4 - len(numbers)))


def manager_objection(version: object, minimum: object, target: Build, problem: object = None) -> str | None:
    """Why no agent may be upgraded to target yet, or None.

    version: what the Manager or the operator says, None where nobody knows. minimum: dsm_minimum_version, if stated.
    problem: why the Manager could not be asked.
    """
    least = manager_version(minimum, "dsm_minimum_version") if minimum else None
    if not version:
        if least is None:
            return None
        return (
            f"dsm_minimum_version is {minimum}, and the Manager's version is not known: "
            + (f"{problem}. Or" if problem else "set dsm_url and dsm_api_key, so that it is asked, or")
            + " state it in dsm_version"
        )
    known = manager_version(version, "the version of the Manager (dsm_version)")
    if known[:2] < target.version.release[:2]:
        return (
            f"the Manager comes first: its version {version} is of an older line than the target {target}; upgrade it, "
            "for instance with the playbook remediate_managers"
        )
    if least is not None and known < least:
        return (
            f"the Manager comes first: its version {version} is older than dsm_minimum_version {minimum}; upgrade it, "
            "for instance with the playbook remediate_managers"
        )
    return None
