# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.
"""What a report has beside its hosts, as sentences of the catalogue: waivers, and what changed since an earlier one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._messages import Texts
from .._text import one_line
from .document import Document, Row
from .labels import moment

# So many hosts of a list are named.
_NAMED = 5
# What got worse comes first.
_DIFFERENCES = ("regressed", "newly_affected", "gone", "new", "fixed")


def merged(document: Document, texts: Texts) -> Iterator[str]:
    """How many runs the report is of, and how old they are; none where it is of its own."""
    ends = sorted(moment(run["finished"]) for run in document["merged_from"] if run["finished"])
    if document["merged_from"]:
        first, last = (ends[0], ends[-1]) if ends else ("-", "-")
        yield texts("terminal_merged", count=len(document["merged_from"]), first=first, last=last)


def waivers(document: Document, texts: Texts) -> Iterator[str]:
    """A sentence for each waiver, those that do not apply first."""
    for waiver in sorted(document["waivers"], key=lambda each: str(each["state"]) == "applied"):
        what = [*waiver["verdicts"], *waiver["findings"], *waiver["checks"]]
        yield texts(
            f"terminal_waiver_{waiver['state']}",
            what=", ".join(map(str, what)),
            expires=waiver["expires"] or "-",
            owner=waiver["owner"] or "-",
            reason=waiver["reason"],
            count=len(waiver["used_by"]),
            hosts=hosts(waiver["used_by"], texts),
        )


def difference(document: Document, texts: Texts) -> Iterator[str]:
    """A sentence for each kind of change that hosts had; none without an earlier report."""
    found = document["difference"]
    for name in _DIFFERENCES if found else ():
        if found[name]:
            base = found["baseline"]
            since = base["finished"] or base["started"] or base["run_id"]
            named = hosts(found[name], texts)
            yield texts(f"terminal_difference_{name}", since=since, count=len(found[name]), hosts=named)


def hosts(names: Sequence[str], texts: Texts, most: int = _NAMED) -> str:
    """The first names, and how many more there are."""
    # One whose name is longer than any that DNS has must not take the room of all others.
    named = texts("terminal_separator").join(one_line(name, 64) for name in names[:most])
    return texts("terminal_hosts_more", hosts=named, count=len(names) - most) if len(names) > most else named


def waived(row: Row) -> str:
    """What a host passes by, with who decided it and until when; and the pre-checks that it may fail."""
    checks = [f"{each['name']}: {each['reason']}" for each in row["prechecks"] if each.get("waived")]
    passes = [f"{each['code']}: {each['reason']} ({each['owner']}, {each['expires']})" for each in row["waived"]]
    return "; ".join([*passes, *checks])
