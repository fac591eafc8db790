# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The result of a run in small: for the next node of a workflow and for notifications, whatever the fleet is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .._messages import Texts
from .._text import one_line
from .blocks import against, needing_attention
from .document import Document, Row

SCHEMA = 1
# At most so many of each, and of a text so many characters, and so many bytes in JSON: then the whole has less than
# 32 KB in any language. Codes and names of what is counted are short, but may come from a file.
_REASONS, _HOSTS, _ERRORS, _COUNTS, _SENT = 10, 3, 5, 30, 8
_PLATFORMS = 10
_REASON, _ERROR, _TO, _PATH = (200, 450), (300, 600), (150, 250), (1000, 1000)
_NAME, _CODE, _TIME = (100, 150), (60, 60), (40, 40)
_COUNTED = ("hosts", "passed", "not_passed", "waived", "left_out")


def result_of(document: Document, texts: Texts, file: Mapping[str, Any]) -> dict[str, Any]:
    """The result. file: path, sha256 and size of the JSON report, None each where it could not be written."""
    counts = document["summary"]
    numbers = {name: counts[name] for name in _COUNTED}
    readiness = document["readiness"]
    return {
        "schema": SCHEMA,
        "passed": document["passed"],
        "gate_on": document["gate_on"],
        "advisory": _cut(document["advisory"], _CODE),
        "playbook": _cut(document["playbook"], _CODE),
        "check_mode": document["check_mode"],
        "run_id": _cut(document["run_id"], _NAME),
        "started": _cut(document["started"], _TIME),
        "finished": _cut(document["finished"], _TIME),
        "hosts": numbers["hosts"],
        "passed_hosts": numbers["passed"],
        **{name: numbers[name] for name in ("not_passed", "waived", "left_out")},
        **{name: _few(counts[name]) for name in ("verdicts", "done", "next")},
        "platforms": _few(counts["platforms"], _PLATFORMS),
        "readiness": {**readiness, "blocked": _few(readiness["blocked"])} if readiness else None,
        "reasons": _reasons(document, texts),
        "errors": [_cut(error, _ERROR) for error in document["errors"][:_ERRORS]],
        "report": {**file, "path": _cut(file["path"], _PATH)},
        "sent": [],
    }


def with_sent(result: Mapping[str, Any], sent: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The result with what became of each destination: to, ok, problem."""
    found = [{"to": _cut(each["to"], _TO), "ok": each["ok"], "problem": _cut(each["problem"], _TO)} for each in sent]
    return {**result, "sent": found[:_SENT]}


def _reasons(document: Document, texts: Texts) -> list[dict[str, Any]]:
    """Why hosts do not pass: those of most hosts first, each with the text of one of them."""
    kinds: dict[str, list[Row]] = {}
    for row in needing_attention(document):
        kinds.setdefault(str(against(row)["code"]), []).append(row)
    most = sorted(kinds.items(), key=lambda kind: (-len(kind[1]), kind[0]))
    return [
        {
            "code": _cut(code, _CODE),
            "count": len(rows),
            "text": _cut(texts.message(against(rows[0])), _REASON),
            "hosts": [_cut(row["host"], _NAME) for row in rows[:_HOSTS]],
        }
        for code, rows in most[:_REASONS]
    ]


def _few(counts: Mapping[str, Any], most: int = _COUNTS) -> dict[str, Any]:
    """The largest of the counts."""

    def size(item: tuple[str, Any]) -> int:
        value = item[1]
        return int(value["hosts"] if isinstance(value, Mapping) else value)

    found = sorted(counts.items(), key=size, reverse=True)[:most]
    return {str(_cut(name, _CODE)): value for name, value in sorted(found)}


def _cut(value: object, longest: tuple[int, int]) -> Any:
    """A text in one line, of so many characters and so many bytes in JSON at most; null stays null."""
    if value is None:
        return None
    characters, size = longest
    text = one_line(value, characters)
    if len(text) > characters:
        text = text[: characters - 1] + "…"
    while len(json.dumps(text)) > size:
        text = text[: len(text) * 3 // 4] + "…" if len(text) > 4 else ""
    return text


__all__ = ["SCHEMA", "result_of", "with_sent"]
