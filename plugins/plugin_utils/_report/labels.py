# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Short texts that the forms of the report share. Everything that a document holds goes through shown()."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from datetime import datetime, timezone

from .._messages import Texts
from .._text import clean

# No text of a page is longer than this; a log has lines, each of which may be so long.
_LONGEST = 1000


def shown(value: object) -> str:
    """Any value of a document as harmless text; an empty one where there is none."""
    return "" if value is None else clean(str(value), _LONGEST)


def label(texts: Texts, prefix: str, value: object) -> str:
    """The name of a code such as a verdict, to stand alone. A code without a name is shown as it is."""
    if value is None:
        return texts("page_unknown")
    code = f"{prefix}_{str(value).replace(' ', '_')[:40]}"
    name = texts(code)
    if name == f"{code} {{}}":
        return shown(value)
    return name.capitalize() if name.islower() else name


def counted(texts: Texts, code: str, count: int, **values: object) -> str:
    """A sentence with a number in it, in the singular where it has one."""
    return texts(f"{code}_one" if count == 1 else code, count=number(count), **values)


def number(value: int) -> str:
    """10,000 in both languages."""
    return f"{value:,}"


def moment(value: object) -> str:
    """A time of a document to the minute, in UTC; as it is where it is no time."""
    try:
        time = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return shown(value)
    return f"{time.astimezone(timezone.utc):%Y-%m-%d %H:%M}"


def next_step(texts: Texts, row: Mapping[str, t.Any]) -> str:
    """What to do next, as one sentence; empty where the host needs nothing."""
    step = row["next"]
    return "" if step["code"] == "nothing" else shown(texts.message({**step, "code": f"next_{step['code']}"}))


def reason(texts: Texts, row: Mapping[str, t.Any]) -> str:
    """All reasons. The document has the English text; other languages are made from the codes."""
    return shown(row["reason"] if texts.language == "en" else texts.joined(row["reasons"]))
