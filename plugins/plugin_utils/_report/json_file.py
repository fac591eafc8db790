# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The report as JSON: the form that all others can be made from again."""

from __future__ import annotations

import json
import typing as t

from .._text import clean, clean_tree
from .document import Document

_ESCAPES = (r"\u", r"\b", r"\f", r"\r")


def as_json(document: Document) -> bytes:
    """The document in UTF-8, one host a line: readable by every parser, whatever texts and values are in it."""
    head: dict[str, t.Any] = clean_tree({name: value for name, value in document.items() if name != "hosts"})
    lines = ",\n".join(f"  {_row(host)}" for host in document["hosts"])
    text = _dumped(head, indent=1)[: -len("\n}")]
    return f'{text},\n "hosts": [\n{lines}\n ]\n}}\n'.encode()


def _row(host: t.Any) -> str:
    """Cleaning each text takes longest of all, and hardly any host needs it: first see whether one would change."""
    try:
        text = _strict(host)
    except (TypeError, ValueError):
        return _dumped(clean_tree(host))
    # JSON itself escapes control characters, of which clean() lets the tab and the line feed be.
    harmless = clean(text) == text and not any(escape in text for escape in _ESCAPES)
    return text if harmless else _dumped(clean_tree(host))


def _dumped(value: t.Any, indent: int | None = None) -> str:
    try:
        return _strict(value, indent)
    except ValueError:  # NaN and Infinity are no JSON; as texts they are
        plain = json.loads(json.dumps(value), parse_constant=str)
        return _strict(plain, indent)


def _strict(value: t.Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
