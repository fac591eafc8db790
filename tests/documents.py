# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Report documents for tests of what is made from them: whole and valid unless a test states otherwise."""

from __future__ import annotations

import json
import re
import typing as t
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

Row = dict[str, t.Any]
# What a host could send to break a page, a spreadsheet, a terminal or a parser.
NASTY = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "\x1b[31mred\x1b[0m\x07",
    "\u202egnp.exe",
    "{{ lookup('pipe', 'id') }}{% raw %}",
    "=HYPERLINK(0)",
    "+1",
    "-1+1",
    "@SUM(A1)",
    '"quoted", comma\r\nnew line',
    "| a | b |`code`[x](javascript:alert(1))<b>",
    "\ud800 lone surrogate",
    "]]> & &amp; \x00",
    "経理サーバー ﾊﾝｶｸ 🦊",
    "x" * 1_000_000,
)
# One of a gate, as a report has it.
WAIVER: Row = {
    "kind": "gate",
    "hosts": "web-*",
    "verdicts": ["affected"],
    "findings": [],
    "checks": [],
    "reason": "late",
    "owner": "ops",
    "expires": "2026-12-31",
    "state": "unused",
    "used_by": [],
}
# Of all runs, unless a test states otherwise.
_START = datetime(2026, 11, 27, 2, tzinfo=timezone.utc)
_BOUNDS = {"platform": "linux", "affected_up_to": "20.0.0-4416", "fixed_from": "20.0.0-4726"}
_NEXT = {
    "affected": "upgrade",
    "unreachable": "make_reachable",
    "indeterminate": "decide_build",
    "unknown": "look_at_reading",
}


def row(host: str = "web-1", **changes: t.Any) -> Row:
    """A host that was fixed before the run began."""
    return {
        "host": host,
        "role": "agent",
        "source": "host",
        "platform": "linux",
        "os": "linux",
        "site": "tokyo",
        "relays": ["relay-1"],
        "verdict_before": "fixed",
        "verdict": "fixed",
        "compliant": True,
        "passed": True,
        "waived": [],
        "version_before": "20.0.2-1390",
        "version": "20.0.2-1390",
        "target": None,
        "done": "nothing",
        "updated": True,
        "next": {"code": "nothing", "values": {}},
        "reason": "20.0.2-1390 has the fix (linux builds from 20.0.0-4726 on).",
        "reasons": [
            {
                "code": "verdict_at_or_above_fixed",
                "values": {"build": "20.0.2-1390", "platform": "linux", "fixed_from": "20.0.0-4726"},
            }
        ],
        "reason_code": "at_or_above_fixed",
        "action": "none",
        "stage": None,
        "error": None,
        "reboot": None,
        "ready": None,
        "seconds": 0.0,
        "read_at": "2026-11-27T02:00:05+00:00",
        "findings": [],
        "prechecks": [],
        "diagnostics": None,
        "evidence": None,
        **changes,
    }


def failing(host: str, verdict: str = "affected", **changes: t.Any) -> Row:
    """A host that does not pass by its verdict."""
    known = verdict not in ("unreachable", "unknown")
    build = "20.0.0-4416" if known else None
    return row(
        host,
        **{
            "verdict_before": verdict,
            "verdict": verdict,
            "compliant": False,
            "passed": False,
            "version_before": build,
            "version": build,
            "updated": False,
            "next": {"code": _NEXT.get(verdict, "upgrade"), "values": {}},
            "reason": f"{build} is affected (linux builds up to 20.0.0-4416); upgrade to 20.0.0-4726 or later."
            if known
            else "it did not answer: timeout.",
            "reasons": [{"code": "verdict_at_or_below_affected", "values": {"build": build, **_BOUNDS}}]
            if known
            else [{"code": "unreachable", "values": {"why": "timeout"}}],
            "reason_code": "at_or_below_affected" if known else "unreachable",
            "action": "upgrade" if known else "investigate",
            "evidence": {
                "versions": {"rpm": build, "dsa_query": build},
                "services": [{"name": "ds_am", "state": "stopped"}],
                "problems": [],
                "events": [{"code": "event_last_failure", "values": {"time": "2026-11-26T21:00:00Z"}}],
                "manager": ["Anti-Malware Engine Offline"],
                "log": ["AMSP update failed (-24)"],
            }
            if known
            else None,
            **changes,
        },
    )


def document(hosts: Iterable[Row] | None = None, **changes: t.Any) -> dict[str, t.Any]:
    """A gate over these hosts: three of them, two of which pass, where nothing else is given."""
    rows = list(hosts) if hosts is not None else [row("relay-1", role="relay", relays=[]), row(), failing("web-2")]
    whole = bool(rows) and changes.get("finished", "") is not None and not changes.get("errors")
    passed = whole and all(each["passed"] for each in rows)
    return {
        "schema": 3,
        "collection_version": "0.1.0",
        "core_version": "2.19.4",
        "advisory": "KA-0016311",
        "title": "Code signing certificate of the ActiveUpdate server",
        "source": "https://success.trendmicro.com/ja-JP/solution/KA-0016311",
        "run_id": "0123456789abcdef",
        "playbook": "gate",
        "check_mode": False,
        "started": "2026-11-27T02:00:00+00:00",
        "finished": "2026-11-27T02:10:00+00:00",
        "limit": None,
        "dsa_hosts": None,
        "change_id": None,
        "started_by": {"user": "ansible", "awx_job": None, "awx_job_name": None, "awx_user": None},
        "gate_on": "compliance",
        "passed": passed,
        "errors": [],
        "warnings": [],
        "left_out": [],
        "waivers": [],
        "merged_from": [],
        "difference": None,
        "readiness": None,
        "summary": summary(rows),
        "hosts": rows,
        **changes,
    }


def recent(found: dict[str, t.Any], hours: float = 1) -> dict[str, t.Any]:
    """A document with all its times moved, so that its day of examples began so many hours ago."""
    start = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=hours)

    def moved(match: re.Match[str]) -> str:
        return (datetime.fromisoformat(match.group()) - _START + start).isoformat()

    return t.cast("dict[str, t.Any]", json.loads(re.sub(r"2026-11-27T[0-9:]{8}\+00:00", moved, json.dumps(found))))


def summary(rows: list[Row]) -> dict[str, t.Any]:
    """The counts of a document."""
    passed = sum(each["passed"] for each in rows)
    relays = [each for each in rows if each["role"] == "relay"]
    return {
        "hosts": len(rows),
        "passed": passed,
        "not_passed": len(rows) - passed,
        "waived": sum(bool(each["waived"]) for each in rows),
        "left_out": 0,
        "verdicts": dict(sorted(Counter(each["verdict"] for each in rows).items())),
        "done": dict(sorted(Counter(each["done"] for each in rows).items())),
        "next": dict(sorted(Counter(each["next"]["code"] for each in rows).items())),
        "roles": _by(rows, "role", "unknown"),
        "platforms": _by(rows, "platform", "unknown"),
        "sites": _by(rows, "site", ""),
        "builds": _by(rows, "version", ""),
        "relays": {
            "hosts": len(relays),
            "passed": sum(each["passed"] for each in relays),
            "updated": sum(each["updated"] for each in relays),
        },
    }


def _by(rows: list[Row], name: str, missing: str) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for each in rows:
        count = counts.setdefault(each[name] or missing, {"hosts": 0, "passed": 0})
        count["hosts"] += 1
        count["passed"] += each["passed"]
    return dict(sorted(counts.items()))


def fleet(count: int = 10_000, not_passed: int = 1_000) -> dict[str, t.Any]:
    """A large fleet: Relays, four platforms, five sites; every so many hosts one that does not pass."""
    verdicts = ("affected", "unreachable", "affected", "indeterminate", "unknown")
    step = max(1, count // not_passed) if not_passed else count + 1
    rows = []
    for number in range(count):
        platform, os = (("linux", "linux"), ("windows", "windows"), ("unix", "aix"), ("macos", "macos"))[
            number * 7 % 10 % 4
        ]
        place = {
            "platform": platform,
            "os": os,
            "site": ("tokyo", "osaka", "nagoya", "fukuoka", None)[number % 5],
            "role": "relay" if number % 200 == 0 else "agent",
            "relays": [] if number % 200 == 0 else [f"host-{number // 200 * 200:05}"],
        }
        name = f"host-{number:05}"
        if number % step == step - 1 and number // step < not_passed:
            rows.append(failing(name, verdicts[number // step % len(verdicts)], **place))
        else:
            rows.append(row(name, **place))
    return document(rows)
