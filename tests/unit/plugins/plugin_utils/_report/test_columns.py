# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts in so many columns, of which an East Asian character takes two."""

from __future__ import annotations

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.columns import (
    cut,
    padded,
    width_of,
    wrapped,
)


def measure(text: str) -> int:
    """As a terminal counts, for the characters of these tests."""
    return sum(2 if "\u3000" <= char <= "\uffef" else 1 for char in text)


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("web-1", 5, "web-1"),
        ("web-12", 5, "web-…"),
        ("経理サーバー", 12, "経理サーバー"),
        ("経理サーバー", 11, "経理サーバ…"),
        ("経理サーバー", 10, "経理サー…"),
        ("a b", 3, "a b"),
        ("ab cd", 4, "ab…"),
    ],
)
def test_a_text_that_is_too_wide_is_cut_with_a_sign(text: str, width: int, shown: str) -> None:
    assert cut(text, width, measure) == shown
    assert width_of(shown, measure) <= width


@pytest.mark.parametrize(
    ("text", "width", "most", "lines"),
    [
        ("one two three", 80, 3, ["one two three"]),
        ("one two three", 7, 3, ["one two", "three"]),
        ("one two three", 7, 1, ["one tw…"]),
        ("経理サーバーに届かない", 8, 9, ["経理サー", "バーに届", "かない"]),
        ("経理サーバーに届かない", 8, 2, ["経理サー", "バーに…"]),
        ("x" * 10, 4, 9, ["xxxx", "xxxx", "xx"]),
        # A space far in front leaves most of a line empty.
        ("a " + "x" * 12, 8, 9, ["a xxxxxx", "xxxxxx"]),
        ("", 8, 2, [""]),
    ],
)
def test_a_text_is_wrapped_at_spaces_or_between_any_characters(
    text: str, width: int, most: int, lines: list[str]
) -> None:
    assert wrapped(text, width, most, measure) == lines


def test_every_character_is_shown_where_there_are_enough_lines() -> None:
    text = "経理サーバー (web-1) に届かない: timeout"
    for width in range(2, 60):
        lines = wrapped(text, width, 100, measure)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert max(measure(line) for line in lines) <= width


def test_columns_stand_below_each_other() -> None:
    assert padded("経理", 6, measure) + "|" == "経理  |"
    assert padded("web", 6, measure) + "|" == "web   |"
    assert padded("server", 3, measure) == "server"
