# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Texts cut and wrapped by the columns that a terminal shows them in: an East Asian character takes two."""

from __future__ import annotations

from collections.abc import Callable

Measure = Callable[[str], int]


def width_of(text: str, measure: Measure) -> int:
    """How many columns a text takes."""
    return len(text) if text.isascii() else measure(text)


def padded(text: str, width: int, measure: Measure) -> str:
    """The text with spaces behind it up to this width."""
    return text + " " * (width - width_of(text, measure))


def cut(text: str, width: int, measure: Measure) -> str:
    """The text, and where it is wider as much of it as fits with a sign of that."""
    if width_of(text, measure) <= width:
        return text
    return f"{text[: _fitting(text, width - 1, measure)].rstrip()}…"


def wrapped(text: str, width: int, most: int, measure: Measure) -> list[str]:
    """The text in at most so many lines: broken at spaces, and between any two characters where there are none."""
    lines: list[str] = []
    while len(lines) < most - 1 and width_of(text, measure) > width:
        end = _fitting(text, width, measure)
        space = text.rfind(" ", 0, end + 1)
        end = space if space > end // 2 else end
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*lines, cut(text, width, measure)]


def _fitting(text: str, width: int, measure: Measure) -> int:
    """How many characters fit; at least one, or nothing would ever be shown."""
    used = 0
    for place, char in enumerate(text):
        used += width_of(char, measure)
        if used > width:
            return max(1, place)
    return len(text)
