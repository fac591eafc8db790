# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Text from hosts, made harmless where it enters; and values quoted for messages.

What is cleaned stays visible: a control character becomes its escape, so a build with a hidden character behind it is
still no build.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Mapping

# Longer than any spelling a package manager gives, short enough to quote in a message.
_QUOTED = 64
# No single text of a host that is kept is longer than this; a log's new lines are the longest.
LONGEST = 64 * 1024
# C0 but tab and line feed, DEL and C1, bidi controls and marks, line and paragraph separators, byte-order mark,
# surrogates, noncharacters.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\ufffb\ufffe\uffff]"
)


def clean(text: str, longest: int = LONGEST) -> str:
    """The text with control characters, bidi controls and surrogates as visible escapes, cut at longest characters."""
    if len(text) > longest:
        text = f"{text[:longest]}… ({len(text)} characters)"
    if text.isascii() and text.isprintable():
        return text
    return _HARMFUL.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    number = ord(match.group())
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def clean_tree(value: t.Any, longest: int = LONGEST) -> t.Any:
    """A JSON value with every text in it cleaned, keys too, of Python's own types; what is no JSON becomes its text.

    ansible-core marks what comes from hosts by classes of its own, whose str() is one of them too.
    """
    if isinstance(value, str):
        return clean(str.__str__(value), longest)
    if isinstance(value, Mapping):
        return {clean_tree(str(key), longest): clean_tree(item, longest) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean_tree(item, longest) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return int(value) if isinstance(value, int) else float(value)
    return clean(str(value), longest)


def load_json(text: str) -> t.Any:
    """Parsed JSON, cleaned: an escape such as \\ud800 becomes a surrogate only when it is parsed. Raises ValueError."""
    try:
        return clean_tree(json.loads(text))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def one_line(text: object, longest: int = 300) -> str:
    """Any text in one line, cut at longest characters."""
    return clean(" ".join(str(text).split()), longest)


def shorten(value: object) -> str:
    """Quote any value in one short line, for messages."""
    if isinstance(value, (str, bytes)) and len(value) > _QUOTED:
        return f"{value[:_QUOTED]!r}… ({len(value)} characters)"
    try:
        text = repr(value)
    except RecursionError:
        return f"a {type(value).__name__} that is nested too deeply"
    return text if len(text) <= 2 * _QUOTED else text[: 2 * _QUOTED] + "…"
