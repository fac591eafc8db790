# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JSON of a report: readable by every parser, whatever hosts answered, and a host a line."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.json_file import as_json
from ansible_collections.deep_security.remediation.plugins.plugin_utils._text import LONGEST, clean_tree
from tests.documents import NASTY, document, row

from .whole import planted, whole

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def refuse(name: str) -> t.NoReturn:
    raise AssertionError(f"{name} is no JSON")


def read(made: dict[str, t.Any]) -> t.Any:
    return json.loads(as_json(made).decode(), parse_constant=refuse)


def test_what_is_written_is_what_is_read() -> None:
    assert read(whole()) == whole()


@pytest.mark.parametrize("number", range(len(NASTY)))
def test_texts_are_cleaned(number: int) -> None:
    made = planted(whole(), NASTY[number])
    assert read(made) == clean_tree(made)


@given(value=JSON)
def test_a_row_that_is_not_cleaned_again_needed_none(value: object) -> None:
    """What is quick must not let through what cleaning would change."""
    made = document([row(reason=value)])
    assert read(made)["hosts"] == clean_tree(made["hosts"])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1: {2}}, b"x", {("a", 1): None}])
def test_odd_values_are_written_as_texts(value: object) -> None:
    assert read(document([row(findings=[{"v": value}])], title=value))["hosts"][0]["findings"][0]["v"] is not None


def test_a_text_is_cut_and_its_row_is_read() -> None:
    (only,) = read(document([row(reason="x" * (LONGEST + 1))]))["hosts"]
    assert only["reason"] == f"{'x' * LONGEST}… ({LONGEST + 1} characters)"


def test_each_host_has_one_line() -> None:
    lines = as_json(document([row("a"), row("b")])).decode().splitlines()
    assert [json.loads(line.strip().rstrip(","))["host"] for line in lines if line.startswith("  {")] == ["a", "b"]


def test_a_report_without_hosts_is_json() -> None:
    assert read(document([]))["hosts"] == []
