# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CSV as Python's own reader has it, and as a spreadsheet would take it."""

from __future__ import annotations

import csv
import io
import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import LANGUAGES, Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.csv_file import COLUMNS, as_csv
from tests.documents import document, failing, row

from .whole import whole


def read(made: dict[str, t.Any], language: str = "en") -> list[list[str]]:
    return list(csv.reader(io.StringIO(as_csv(made, Texts(language)).decode("utf-8-sig"), newline=""), strict=True))


def cells(**changes: t.Any) -> dict[str, str]:
    """The cells of one host by their columns."""
    dummy, only = read(document([row(**changes)]))
    return dict(zip(COLUMNS, only, strict=True))


def test_it_is_utf_8_with_a_mark_and_lines_end_as_rfc_4180_has_it() -> None:
    content = as_csv(document([row("経理")]), Texts("ja"))
    assert content.startswith(b"\xef\xbb\xbf") and content.count(b"\xef\xbb\xbf") == 1
    assert content.endswith(b"\r\n") and content.count(b"\r\n") == content.count(b"\n") == 2
    assert "経理" in content.decode("utf-8-sig")


def test_a_host_has_a_row_and_a_column_its_head() -> None:
    heads, *rows = read(document())
    assert heads[:5] == ["host", "passed", "verdict", "next step", "reason"]
    assert [each[:3] for each in rows] == [
        ["relay-1", "true", "Fixed"],
        ["web-1", "true", "Fixed"],
        ["web-2", "false", "Affected"],
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_heads_differ_from_each_other(language: str) -> None:
    heads = read(document([]), language)[0]
    assert len(set(heads)) == len(heads) == len(COLUMNS)


def test_columns_stay_where_they_are() -> None:
    """Spreadsheets and imports of a site rely on the order: a new column goes to the end."""
    assert list(COLUMNS)[:7] == ["host", "passed", "verdict", "next", "reason", "role", "platform"]
    assert list(COLUMNS)[7:13] == ["os", "site", "relays", "version_before", "version", "target"]
    assert list(COLUMNS)[13:19] == ["updated", "done", "reboot", "ready", "verdict_before", "reason_code"]
    assert list(COLUMNS)[19:26] == ["findings", "waived", "stage", "error", "seconds", "read_at", "source"]


def test_what_is_not_known_is_an_empty_cell() -> None:
    unknown = dict.fromkeys(("role", "platform", "site", "version", "reboot", "ready", "error", "read_at"))
    assert {cells(**unknown)[name] for name in unknown} == {""}


def test_lists_are_in_one_cell() -> None:
    shown = cells(relays=["r1", "r2"], findings=[{"code": "a"}, {"code": "b"}])
    assert (shown["relays"], shown["findings"]) == ("r1, r2", "a, b")


def test_a_waived_host_has_who_decided_until_when_and_why() -> None:
    rows = read(whole())[1:]
    place = list(COLUMNS).index("waived")
    assert [each[place] for each in rows] == ["", "affected: the site is closed (ops, 2027-01-31)", "sha2: no"]


def test_a_person_reads_the_names_of_codes() -> None:
    dummy, only = read(document([failing("x", "unreachable")]), "ja")
    shown = dict(zip(COLUMNS, only, strict=True))
    assert shown["verdict"] == "応答なし"
    assert shown["reason_code"] == "unreachable"


@pytest.mark.parametrize("first", "=+-@＝＋－＠")
def test_a_formula_is_a_text(first: str) -> None:
    assert cells(site=f"{first}1+1")["site"] == f"'{first}1+1"


@pytest.mark.parametrize("before", ["\t", "\r", " ", "\n", "\u3000"])
def test_a_formula_behind_white_space_is_a_text(before: str) -> None:
    assert cells(site=f"{before}=1")["site"] == "'=1"


def test_a_text_of_any_length_fits_into_a_cell() -> None:
    assert len(cells(reason="x" * 1_000_000)["reason"]) < 32_767
