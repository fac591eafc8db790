# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What hosts and inventories send is text in every format, wherever it stands: never markup, a formula or a control."""

from __future__ import annotations

import csv
import io
import json
import typing as t
import unicodedata
from functools import lru_cache
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from prometheus_client.openmetrics.parser import text_string_to_metric_families as as_openmetrics
from prometheus_client.parser import text_string_to_metric_families as as_prometheus

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import LANGUAGES, Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.formats import FORMATS
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.terminal import lines
from tests.documents import NASTY

from .test_junit import XUNIT2
from .whole import planted, whole

HOSTS = 3
# All characters, the lone surrogates too.
TEXT = st.text(st.characters(exclude_categories=()), min_size=1, max_size=40)
_CONTROL = ("Cc", "Cs", "Zl", "Zp")
_BIDI = ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")
# What a spreadsheet takes for a formula.
_FORMULA = tuple("=+-@\t\r＝＋－＠")


def controls(text: str) -> list[str]:
    """Characters that are none to see, but change what is shown around them."""
    found = (
        char for char in set(text) if unicodedata.category(char) in _CONTROL or unicodedata.bidirectional(char) in _BIDI
    )
    return [char for char in found if char != "\n"]


def harmless_json(content: str) -> None:
    json.loads(content)
    assert controls(content) == []


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[tuple[str, str]] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags |= {(tag, name) for name, dummy in attributes} | {(tag, "")}
        for name, value in attributes:
            assert name not in ("href", "src") or (value or "").startswith(("https://", "#"))


def _tags(content: str) -> set[tuple[str, str]]:
    parser = _Tags()
    parser.feed(content)
    parser.close()
    return parser.tags


@lru_cache(maxsize=1)
def _plain() -> tuple[set[tuple[str, str]], int]:
    content = FORMATS["html"].face(whole(), Texts("en")).decode()
    return _tags(content), content.count("<script")


def harmless_html(content: str) -> None:
    tags, scripts = _plain()
    assert _tags(content) <= tags
    assert content.count("<script") == scripts


def harmless_csv(content: str) -> None:
    rows = list(csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline=""), strict=True))
    assert len(rows) == 1 + HOSTS
    assert {len(row) for row in rows} == {len(rows[0])}
    cells = [cell for row in rows for cell in row]
    assert not any(cell.startswith(_FORMULA) or controls(cell) for cell in cells)


def harmless_junit(content: str) -> None:
    XUNIT2.validate(content)
    assert len(ElementTree.fromstring(content).findall("testsuite/testcase")) == 1 + HOSTS


def harmless_markdown(content: str) -> None:
    assert len(content) < 4000
    assert controls(content) == []
    tokens = MarkdownIt("gfm-like", {"html": True}).parse(content)
    kinds = {token.type.removesuffix("_open").removesuffix("_close") for token in tokens}
    assert kinds <= {"heading", "inline", "bullet_list", "list_item", "paragraph"}
    inner = {child.type for token in tokens for child in token.children or ()}
    assert inner <= {"text", "text_special", "code_inline"}
    notified = (child for token in tokens for child in token.children or () if child.type != "code_inline")
    assert not any("@" in child.content for child in notified)


def harmless_openmetrics(content: str) -> None:
    for parse in (as_openmetrics, as_prometheus):
        assert sum(len(family.samples) for family in parse(content)) >= 10


READERS: dict[str, t.Callable[[str], None]] = {
    name.removeprefix("harmless_"): reader for name, reader in sorted(globals().items()) if name.startswith("harmless_")
}


def test_every_format_has_a_reader() -> None:
    assert READERS.keys() == FORMATS.keys()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("number", range(len(NASTY)))
def test_a_nasty_text_in_every_field(number: int, name: str) -> None:
    texts = Texts(LANGUAGES[number % len(LANGUAGES)])
    READERS[name](FORMATS[name].face(planted(whole(), NASTY[number]), texts).decode())


@given(text=TEXT)
def test_any_text_in_every_field(text: str) -> None:
    document = planted(whole(), text)
    for name, format_ in FORMATS.items():
        READERS[name](format_.face(document, Texts("en")).decode())


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("number", range(len(NASTY)))
def test_a_nasty_text_on_the_terminal(number: int, verbose: bool) -> None:
    shown = lines(planted(whole(), NASTY[number]), Texts("en"), 100, verbose)
    assert all(line.text.isprintable() for line in shown)
    assert len(shown) < 100
