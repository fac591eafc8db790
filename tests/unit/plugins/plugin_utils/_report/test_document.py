# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema of the report says what a report is, all of it, and no more."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterator
from dataclasses import fields

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages.en.report import SENTENCES
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report import Outcome, Report
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.document import SCHEMA
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.next import CODES
from tests.documents import document, fleet, row
from tests.report_schema import SCHEMA as FILE
from tests.report_schema import check

WHOLE = json.loads(FILE.read_text(encoding="utf-8"))
HOST = WHOLE["$defs"]["host"]["properties"]
DOCUMENTED = FILE.with_name("report.md").read_text(encoding="utf-8")


def objects(schema: t.Any, where: str = "$") -> Iterator[tuple[str, dict[str, t.Any]]]:
    """Every object that the schema describes, and where."""
    if isinstance(schema, dict):
        if "properties" in schema and isinstance(schema["properties"], dict):
            yield where, schema
        for name, part in schema.items():
            yield from objects(part, f"{where}.{name}")


@pytest.mark.parametrize(
    ("where", "described"), list(objects(WHOLE)), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_key_is_required_and_described_and_no_other_is_allowed(where: str, described: dict[str, t.Any]) -> None:
    if where.endswith(".properties"):
        return  # a key that is called properties
    assert described["additionalProperties"] is False
    assert described["required"] == list(described["properties"])
    assert [name for name, part in described["properties"].items() if not part.get("description")] == []


def test_it_has_the_keys_of_the_model() -> None:
    computed = {"schema", "passed", "readiness", "summary", "hosts"}
    assert set(WHOLE["properties"]) == {each.name for each in fields(Report)} - {"outcomes"} | computed
    assert set(HOST) == {each.name for each in fields(Outcome)}
    assert WHOLE["properties"]["schema"]["const"] == SCHEMA


def test_its_words_are_those_of_the_code_and_have_names() -> None:
    def named(prefix: str) -> set[str]:
        return {code.removeprefix(prefix) for code in SENTENCES if code.startswith(prefix)}

    def words(name: str) -> set[str]:
        return {str(word).replace(" ", "_") for word in HOST[name]["enum"] if word}

    assert HOST["next"]["properties"]["code"]["enum"] == list(CODES)
    assert words("verdict") == words("verdict_before") == named("verdict_name_")
    assert words("done") == named("done_")
    assert words("reboot") == named("reboot_name_")
    assert words("role") | {"unknown"} == named("role_")


@pytest.mark.parametrize("made", [document(), document([]), fleet(60, 20)], ids=["three", "none", "many"])
def test_the_documents_of_the_tests_are_reports(made: dict[str, t.Any]) -> None:
    check(made)


@pytest.mark.parametrize(
    "wrong",
    [
        document(schema=2),
        document(extra=1),
        document(started="yesterday"),
        document(finished="2026-11-27T02:00:00"),
        document(passed=None),
        document([row(done="upgraded again")]),
        document([row(next={"code": "wait", "values": {}})]),
        document([row(reasons=[])]),
        {name: value for name, value in document().items() if name != "waivers"},
    ],
    ids=["schema", "extra", "time", "zone", "null", "done", "next", "no reason", "missing"],
)
def test_what_is_no_report_is_refused(wrong: dict[str, t.Any]) -> None:
    with pytest.raises(AssertionError, match=r"\$"):
        check(wrong)


def test_each_key_is_documented_for_people() -> None:
    shown = set(re.findall(r"`([a-z_]+)`", DOCUMENTED))
    assert {*WHOLE["properties"], *HOST, *WHOLE["$defs"]["summary"]["properties"]} - shown == set()
