# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.
"""The report as metrics, for a monitoring system to alert on: OpenMetrics that node_exporter reads as well.

node_exporter's textfile collector reads the older text format of Prometheus. To that one the last line is a comment,
and gauges are the same in both; no other type, no unit and no time of its own is in here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from .._messages import Texts
from .._text import one_line
from .document import Document

_PREFIX = "deep_security_remediation_"
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\""})
_Sample = tuple[Mapping[str, object], float]


def as_openmetrics(document: Document, texts: Texts) -> bytes:
    """The language does not matter: names and labels are codes."""
    lines: list[str] = []
    of_run = {"advisory": document["advisory"], "playbook": document["playbook"] or ""}
    for name, what, samples in _metrics(document):
        lines += [f"# HELP {_PREFIX}{name} {what}", f"# TYPE {_PREFIX}{name} gauge"]
        lines += [f"{_PREFIX}{name}{{{_labels({**of_run, **labels})}}} {value:.15g}" for labels, value in samples]
    return "\n".join([*lines, "# EOF\n"]).encode()


def _metrics(document: Document) -> Iterator[tuple[str, str, list[_Sample]]]:
    summary, started, finished = document["summary"], _seconds(document["started"]), _seconds(document["finished"])
    # Cut first: two series with the same labels would make a reader refuse all.
    hosts = Counter((_cut(row["verdict"]), _cut(row["platform"] or "unknown")) for row in document["hosts"])
    by_verdict: list[_Sample] = [
        ({"verdict": verdict, "platform": platform}, count) for (verdict, platform), count in hosts.items()
    ]
    states = Counter(_cut(waiver["state"]) for waiver in document["waivers"])
    yield "passed", "Whether the last run passed by what it is the gate of.", [({}, document["passed"])]
    yield "finished", "Whether the last run came to its end.", [({}, document["finished"] is not None)]
    yield "hosts", "Hosts of the last run by verdict and platform.", by_verdict
    yield "hosts_passed", "Hosts that passed, by waivers as well.", [({}, summary["passed"])]
    yield "hosts_not_passed", "Hosts that did not pass.", [({}, summary["not_passed"])]
    yield "hosts_waived", "Hosts that passed by a waiver.", [({}, summary["waived"])]
    yield "hosts_left_out", "Hosts of the inventory that the last run was not for.", [({}, summary["left_out"])]
    yield "waivers", "Waivers by what became of them.", [({"state": state}, n) for state, n in states.items()]
    yield "errors", "Errors of the last run as a whole.", [({}, len(document["errors"]))]
    yield "start_timestamp_seconds", "When the last run began.", [({}, started)] if started else []
    yield "end_timestamp_seconds", "When the last run ended.", [({}, finished)] if finished else []
    if started and finished:
        yield "duration_seconds", "How long the last run took.", [({}, finished - started)]
    versions = {name: document[name] for name in ("collection_version", "core_version", "gate_on")}
    yield "info", "What the last run was.", [({**versions, "check_mode": str(document["check_mode"]).lower()}, 1)]


def _seconds(time: object) -> float | None:
    try:
        return datetime.fromisoformat(str(time).replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return None


def _labels(labels: Mapping[str, object]) -> str:
    return ",".join(f'{name}="{_cut(value).translate(_ESCAPED)}"' for name, value in labels.items())


def _cut(value: object) -> str:
    return one_line(value, 100)
