# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""One check of a Windows host, and the facts that checks rest on, read so that junk is the same as nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Result = Literal["pass", "warn", "fail", "undetermined"]


@dataclass(frozen=True)
class Check:
    """One check: reason is one sentence; evidence is what it rests on; remedy is empty where all is well."""

    name: str
    result: Result
    reason: str
    evidence: str = ""
    remedy: str = ""
    waived: bool = False
    """Whether the operator's waiver is what keeps it from stopping the upgrade."""

    def as_dict(self) -> dict[str, object]:
        """The check as plain data."""
        return asdict(self)


def number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, (list, tuple)) else []


def mapping(value: object) -> Mapping[object, object]:
    return value if isinstance(value, Mapping) else {}


def join(texts: Sequence[str]) -> str:
    """At most five, so that it stays readable."""
    return ", ".join(texts[:5]) + (f" and {len(texts) - 5} more" if len(texts) > 5 else "")
