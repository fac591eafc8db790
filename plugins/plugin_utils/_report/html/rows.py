# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The hosts as the data block of the page, which its script makes the table from."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator, Mapping

from markupsafe import Markup

from ..._messages import Texts
from ..._text import clean_tree
from ..document import Document, Row
from ..labels import label, moment, next_step, reason, shown

# The order of a row's values in the data block; page.js reads it by these names.
FIELDS = (
    "host", "result", "verdict", "build", "role", "platform", "site", "done", "next", "os", "reason", "detail",
)  # fmt: skip
# Texts that the script fills in, and the values that they have.
_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "page_shown": ("from", "to", "count"),
    "page_shown_filtered": ("from", "to", "count", "all"),
    "page_shown_none": ("all",),
}
_PLAIN = (
    "page_all", "page_unknown", "page_yes", "page_no", "page_finding_fails", "page_finding_noted",
)  # fmt: skip
_COLUMNS = ("host", "result", "verdict", "build", "role", "platform", "site", "done", "next", "os", "reason")
_DETAILS = (
    "reason", "error", "next", "verdict_before", "version_before", "target", "os", "role", "platform", "site", "done",
    "relays", "source", "read_at", "updated", "reboot", "ready", "stage", "seconds", "diagnostics", "waived",
    "findings", "prechecks", "versions", "services", "problems", "events", "manager", "log",
)  # fmt: skip
# In a script block these could end it, or end a line of it.
_ESCAPED = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def data_block(document: Document, texts: Texts) -> Markup:
    """The JSON of the block: nothing in it can be markup."""
    data = {
        "language": texts.language,
        "file": f"report-{shown(document['run_id'])}.csv",
        "fields": FIELDS,
        "texts": _texts(texts),
        "hosts": [_row(row, texts) for row in document["hosts"]],
    }
    return Markup(json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED))


def result(row: Row) -> str:
    """How a host ended: passed, waived or not_passed."""
    return "not_passed" if not row["passed"] else "waived" if row["waived"] else "passed"


def _texts(texts: Texts) -> dict[str, str]:
    found = {code: texts(code, **{name: f"{{{name}}}" for name in names}) for code, names in _TEMPLATES.items()}
    codes = [
        *_PLAIN,
        *(f"page_column_{name}" for name in _COLUMNS),
        *(f"page_field_{name}" for name in _DETAILS),
    ]
    return {
        code.removeprefix("page_"): text for code, text in {**found, **{code: texts(code) for code in codes}}.items()
    }


def _row(row: Row, texts: Texts) -> list[t.Any]:
    return [
        shown(row["host"]),
        [result(row), texts(f"page_result_{result(row)}")],
        label(texts, "verdict_name", row["verdict"]),
        shown(row["version"]),
        label(texts, "role", row["role"]),
        label(texts, "platform", row["platform"]),
        shown(row["site"]),
        "" if row["done"] == "nothing" else label(texts, "done", row["done"]),
        next_step(texts, row),
        shown(row["os"]),
        reason(texts, row),
        dict(_detail(row, texts)),
    ]


def _detail(row: Row, texts: Texts) -> Iterator[tuple[str, t.Any]]:
    """What is shown when a host is opened, but for what the row has; nothing that is not known or says nothing new."""
    if row["verdict_before"] != row["verdict"]:
        yield "verdict_before", label(texts, "verdict_name", row["verdict_before"])
    if row["version_before"] != row["version"]:
        yield "version_before", shown(row["version_before"])
    for name in ("error", "target", "source", "stage", "diagnostics"):
        if row[name] is not None:
            yield name, shown(row[name])
    if row["reboot"]:
        yield "reboot", label(texts, "reboot_name", row["reboot"])
    for name in ("updated", "ready"):
        if row[name] is not None:
            yield name, texts("page_yes" if row[name] else "page_no")
    if row["read_at"]:
        yield "read_at", moment(row["read_at"])
    if row["seconds"]:
        yield "seconds", shown(row["seconds"])
    if row["relays"]:
        yield "relays", ", ".join(map(shown, row["relays"]))
    yield from _lists(row, texts)


def _lists(row: Row, texts: Texts) -> Iterator[tuple[str, t.Any]]:
    if row["waived"]:
        yield "waived", [_waived(each, texts) for each in row["waived"]]
    if row["findings"]:
        yield "findings", [[bool(each["fails_gate"]), _finding(each, texts)] for each in row["findings"]]
    if row["prechecks"]:
        yield "prechecks", [_check(each, texts) for each in row["prechecks"]]
    if row["evidence"]:
        yield from _evidence(clean_tree(row["evidence"], 1000), texts)


def _evidence(found: Mapping[str, t.Any], texts: Texts) -> Iterator[tuple[str, t.Any]]:
    if found["versions"]:
        yield "versions", [[name, build or texts("page_unknown")] for name, build in found["versions"].items()]
    lists = {
        "services": [texts("state_of", **each) for each in found["services"]],
        "problems": [texts("problem", **each) for each in found["problems"]],
        "events": [texts.message(each) for each in found["events"]],
        "manager": found["manager"],
        "log": found["log"],
    }
    yield from ((name, lines) for name, lines in lists.items() if lines)


def _waived(each: Mapping[str, t.Any], texts: Texts) -> str:
    what = label(texts, "verdict_name", each["code"])
    expires = shown(each["expires"]) or texts("page_waiver_no_end")
    return texts(
        "page_waived_until", what=what, reason=shown(each["reason"]), owner=shown(each["owner"]), expires=expires
    )


def _finding(each: Mapping[str, t.Any], texts: Texts) -> str:
    if texts.language == "en":
        return shown(each["message"])
    return shown(texts.message({"code": each["sentence"], "values": each["values"]}))


def _check(each: Mapping[str, t.Any], texts: Texts) -> list[str]:
    result = "waived" if each.get("waived") else each.get("result")
    parts = " ".join(shown(each.get(name)) for name in ("reason", "remedy")).strip()
    return [shown(each.get("name")), label(texts, "page_precheck_result", result), parts, shown(each.get("evidence"))]
