# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret is in a text that a server sends back, however it writes, trims, folds or cuts it."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.module_utils._masks import MASK, Masks

SECRET = " p&ss\t<w>\"o'rd\\\\  %/+~^|ü "


def hidden(text: str, *secrets: str) -> str:
    masks = Masks()
    for secret in secrets or (SECRET,):
        masks.add(secret)
    return str(masks.hide(text))


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        SECRET.strip(),
        SECRET.lstrip(),
        " ".join(SECRET.split()),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote_plus(SECRET.strip()),
        quote(SECRET, safe="").lower(),
        SECRET.upper(),
        json.dumps(escape(SECRET)),
        "".join(f"&#{ord(letter)};" if not letter.isalnum() else letter for letter in SECRET),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps(SECRET.strip()),
        json.dumps(SECRET).replace("/", "\\/"),
        escape(SECRET),
        escape(SECRET, {'"': "&quot;", "'": "&#39;"}),
        escape(SECRET, {'"': "&quot;", "'": "&apos;"}),
        quoteattr(SECRET),
        repr(SECRET),
    ],
)
def test_every_spelling_is_masked(written: str) -> None:
    shown = hidden(f"before({written})after")
    assert re.fullmatch(r"before\(.{0,5}\*{8}.{0,5}\)after", shown)


@pytest.mark.parametrize("length", range(9, len("0123456789abcdefgh")))
def test_the_beginning_of_a_secret_that_was_cut_is_masked(length: int) -> None:
    cut = "0123456789abcdefgh"[:length]
    assert hidden(f"wrong password: {cut}", "0123456789abcdefgh") == f"wrong password: {MASK}"


def test_a_short_beginning_is_a_word_like_any_other() -> None:
    assert hidden("the password is wrong", "password-of-the-manager") == "the password is wrong"
    assert hidden("abc", "abcdef") == "abc"


def test_a_secret_that_is_part_of_another_leaves_nothing_of_it() -> None:
    assert hidden("x secret-long y secret z", "secret", "secret-long") == f"x {MASK} y {MASK} z"


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("\\" * 40 + "x", "\\" * 120),
        ('\\"' * 30 + "x", '\\\\\\"' * 60),
        ("a b" * 20 + "x", "a" + " " * 4000),
        ("a + + + + + + + + + b", "a" + " +" * 200),
        ("&amp;" * 20 + "x", "&amp;" * 400),
    ],
)
def test_no_search_takes_for_ever(secret: str, text: str) -> None:
    assert hidden(text * 3, secret)


def test_no_secret_masks_nothing() -> None:
    assert hidden("as it is", "") == "as it is"


# What is around a secret is dots, so that a piece of the secret is no accident.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=".*"), min_size=12, max_size=40)
SPELLINGS = st.sampled_from([str, str.strip, quote_plus, quote, json.dumps, escape, repr])


@given(TEXTS, st.integers(0, 20), SPELLINGS)
def test_a_secret_is_gone_whatever_is_around_it(secret: str, dots: int, written: Any) -> None:
    text = written(f"~^|{secret}|^~")
    assert set(hidden(f"{'.' * dots}{text}{'.' * dots}", f"~^|{secret}|^~")) <= set(".*'\"")
