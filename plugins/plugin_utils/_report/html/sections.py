# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The parts of the page below its top, as plain values for the template."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..._messages import Texts
from ..document import Document
from ..labels import counted, label, moment, next_step, number, shown
from .charts import stacked
from .head import state

# So many hosts of a group are named; the table has all of them.
_NAMED = 200
# A page with more hosts in its groups shows the groups closed.
_OPEN = 40
_BARS = 8
_STEPS = ("manager", "relay", "agent")


def obstacles(document: Document, texts: Texts) -> dict[str, t.Any]:
    """Hosts that do not pass, by what to do next; the largest group first."""
    groups: dict[str, list[dict[str, t.Any]]] = {}
    for index, row in enumerate(document["hosts"]):
        if not row["passed"]:
            step = next_step(texts, row) or texts("page_unknown")
            groups.setdefault(step, []).append({"index": index, "name": shown(row["host"])})
    found = [
        {
            "step": step,
            "hosts_text": counted(texts, "page_group_hosts", len(hosts)),
            "hosts": hosts[:_NAMED],
            "more": texts("page_group_more", count=number(len(hosts) - _NAMED)) if len(hosts) > _NAMED else "",
        }
        for step, hosts in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    ]
    none = {"complies": "page_obstacles_none", "nothing_to_do": "page_sentence_nothing_to_do"}.get(state(document))
    none = none or "page_obstacles_unmeasured"
    return {"groups": found, "open": document["summary"]["not_passed"] <= _OPEN, "none": texts(none)}


def readiness(document: Document, texts: Texts) -> dict[str, t.Any] | None:
    """Are we ready for the change window: the answer of a prediction."""
    found = document["readiness"]
    if found is None:
        return None
    names = ("complies", "would_upgrade", "would_update", "would_reboot", "would_reboot_later")
    tiles = [(texts(f"page_ready_{name}"), found[name], "") for name in names]
    blocked = sum(found["blocked"].values())
    tiles += [
        (texts("page_ready_blocked"), blocked, "bad" if blocked else ""),
        (texts("page_ready_silent"), found["silent"], "bad" if found["silent"] else ""),
    ]
    return {
        "ready": found["ready"],
        "sentence": texts("page_ready" if found["ready"] else "page_not_ready"),
        "tiles": [(name, number(count), kind) for name, count, kind in tiles],
        "blocked": [
            (shown(code), number(count)) for code, count in sorted(found["blocked"].items(), key=lambda each: -each[1])
        ],
    }


def progress(document: Document, texts: Texts) -> list[dict[str, t.Any]]:
    """Manager → Relays → Agents, and what else there is."""
    roles = document["summary"]["roles"]
    others = [name for name in roles if name not in _STEPS]
    return [_step(document, texts, name, roles.get(name)) for name in (*_STEPS, *sorted(others))]


def _step(document: Document, texts: Texts, role: str, counts: Mapping[str, int] | None) -> dict[str, t.Any]:
    title = label(texts, "page_step", role)
    if not counts or not counts["hosts"]:
        return {"title": title, "state": "none", "word": texts("page_step_none"), "lines": [], "bar": ""}
    hosts, passed = counts["hosts"], counts["passed"]
    lines = [texts("page_passed_of", passed=number(passed), hosts=number(hosts))]
    if role == "relay":
        updated = document["summary"]["relays"]["updated"]
        lines.append(texts("page_step_updated", updated=number(updated), hosts=number(hosts)))
    done = passed == hosts
    return {
        "title": title,
        "state": "done" if done else "open",
        "word": texts("page_step_done") if done else texts("page_step_open", count=number(hosts - passed)),
        "lines": lines,
        "bar": stacked(passed, hosts, hosts),
    }


def charts(document: Document, texts: Texts) -> list[dict[str, t.Any]]:
    """Hosts by platform, site and build."""
    counts = document["summary"]
    platforms = _by_name((label(texts, "platform", name), each) for name, each in counts["platforms"].items())
    sites = _by_name((shown(name) or texts("page_no_site"), each) for name, each in counts["sites"].items())
    builds = _by_name((shown(name) or texts("page_no_build"), each) for name, each in counts["builds"].items())
    parts = (("page_by_platform", platforms), ("page_by_site", sites), ("page_by_build", builds))
    return [{"title": texts(title), "bars": _bars(found, texts)} for title, found in parts if found]


def _by_name(found: Iterable[tuple[str, Mapping[str, int]]]) -> Mapping[str, Mapping[str, int]]:
    """Names that look alike are one: a site can have the name that stands for none, and no host may be lost by that."""
    summed: dict[str, dict[str, int]] = {}
    for name, counts in found:
        known = summed.setdefault(name, dict.fromkeys(counts, 0))
        summed[name] = {part: known[part] + count for part, count in counts.items()}
    return summed


def _bars(found: Mapping[str, Mapping[str, int]], texts: Texts) -> list[dict[str, t.Any]]:
    ordered = sorted(found.items(), key=lambda each: (-each[1]["hosts"], each[0]))
    named, rest = ordered[:_BARS], [counts for dummy, counts in ordered[_BARS:]]
    if rest:
        summed = {part: sum(each[part] for each in rest) for part in ("hosts", "passed")}
        named.append((counted(texts, "page_other_values", len(rest)), summed))
    most = max(counts["hosts"] for dummy, counts in named)
    return [
        {
            "name": name,
            "bar": stacked(counts["passed"], counts["hosts"], most),
            "passed": number(counts["passed"]),
            "failed": number(counts["hosts"] - counts["passed"]),
        }
        for name, counts in named
    ]


def difference(document: Document, texts: Texts) -> dict[str, t.Any] | None:
    """What changed since the baseline."""
    found = document["difference"]
    if found is None:
        return None
    baseline = found["baseline"]
    when = moment(baseline["finished"] or baseline["started"] or "")
    parts = {name: found[name] for name in ("fixed", "newly_affected", "regressed", "gone", "new")}
    return {
        "since": texts("page_difference_since", run_id=shown(baseline["run_id"]), when=when),
        "parts": [
            {
                "title": texts(f"page_difference_{name}"),
                "count": number(len(hosts)),
                "kind": "bad" if hosts and name in ("newly_affected", "regressed") else "",
                "hosts": _named(hosts, texts),
            }
            for name, hosts in parts.items()
        ],
    }


def waivers(document: Document, texts: Texts) -> list[dict[str, t.Any]]:
    """What was waived, by whom, until when, and for which hosts; the expired and unused too."""
    return [
        {
            "icon": {"applied": "good", "expired": "bad"}.get(each["state"], "none"),
            "word": label(texts, "page_waiver", each["state"]),
            "what": [
                texts(f"page_waiver_{part}", names=", ".join(map(shown, each[part])))
                for part in ("verdicts", "findings", "checks")
                if each[part]
            ],
            "hosts": shown(each["hosts"]) or texts("page_waiver_all_hosts"),
            "reason": shown(each["reason"]),
            "owner": shown(each["owner"]) or texts("page_unknown"),
            "expires": shown(each["expires"]) or texts("page_waiver_no_end"),
            "used_by": counted(texts, "page_group_hosts", len(each["used_by"])),
            "used_by_hosts": _named(each["used_by"], texts),
        }
        for each in document["waivers"]
    ]


def _named(hosts: Sequence[object], texts: Texts) -> list[str]:
    more = len(hosts) - _NAMED
    return [shown(host) for host in hosts[:_NAMED]] + ([counted(texts, "page_other_values", more)] if more > 0 else [])
