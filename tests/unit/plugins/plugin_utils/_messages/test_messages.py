# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every language has every sentence, with the same values; and a report never ends because one is missing."""

from __future__ import annotations

import importlib
import re
import string
from pathlib import Path

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils import _messages
from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import (
    LANGUAGES,
    Message,
    Texts,
    message,
    sentence,
)

ENGLISH = Path(next(iter(_messages.__path__))) / "en"
ROOMS = sorted(path.stem for path in ENGLISH.glob("*.py") if path.stem != "__init__")
OTHERS = [language for language in LANGUAGES if language != "en"]
# What is called the same in every language.
NAMES = {"Agent", "Manager", "Relay", "Linux", "Unix", "Windows", "macOS", "dsa_hosts", "dsa_query", "--limit"}
# A word, and what the vendor's article has instead.
TERMS = {"アップグレード": "ビルドアップ", "パターンの更新": "パターンファイルのアップデート"}


def room(language: str, name: str) -> dict[str, str]:
    catalogue: dict[str, str] = importlib.import_module(f"{_messages.__name__}.{language}.{name}").SENTENCES
    return catalogue


def fields(text: str) -> list[str]:
    return sorted({name for _text, name, _format, _conversion in string.Formatter().parse(text) if name is not None})


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", ROOMS)
def test_every_language_has_the_same_sentences_with_the_same_values(language: str, name: str) -> None:
    english, other = room("en", name), room(language, name)
    assert list(other) == list(english)
    assert {code: fields(text) for code, text in other.items()} == {
        code: fields(text) for code, text in english.items()
    }


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated(language: str) -> None:
    english = {code: text for name in ROOMS for code, text in room("en", name).items()}
    same = {code for name in ROOMS for code, text in room(language, name).items() if text == english[code]}
    words = {word for code in same for part in _texts(english[code]) for word in re.findall(r"[\w-]+", part)}
    assert words <= NAMES


def _texts(text: str) -> list[str]:
    return [part for part, _name, _format, _conversion in string.Formatter().parse(text)]


@pytest.mark.parametrize("name", ROOMS)
def test_the_japanese_uses_the_terms_of_the_article(name: str) -> None:
    for code, text in room("ja", name).items():
        for wrong, right in TERMS.items():
            assert wrong not in text, f"{code}: {right}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_code_stands_in_two_rooms(language: str) -> None:
    codes = [code for name in ROOMS for code in room(language, name)]
    assert sorted(codes) == sorted(set(codes))


def test_a_message_in_a_message_has_the_language_of_the_whole() -> None:
    inner = message("unreachable", why="timeout")
    text = sentence(message("relay_unread", host="relay-1", why=inner), "ja")
    assert text == "relay-1: 応答がありませんでした: timeout"


def test_a_list_is_joined_as_the_language_does() -> None:
    what = message("patterns_newer", patterns=["a", "b", "c", "d"])
    assert sentence(what) == "new patterns: a, b, c (+1)"
    assert sentence(what, "ja") == "新しいパターンファイル: a、b、c (+1)"


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_show_a_code_and_its_values_where_there_is_no_sentence(language: str) -> None:
    texts = Texts(language)
    assert texts("no_such_code", a=1) == "no_such_code {'a': 1}"
    assert texts("unreachable") == "unreachable {}"
    assert texts.message({"code": "no_such_code", "values": {}}) == "no_such_code {}"


def test_texts_of_messages_as_json() -> None:
    known = Message("unreachable", {"why": "timeout"}).as_dict()
    verified = Message("verified").as_dict()
    assert Texts().message(known) == "it did not answer: timeout"
    assert Texts().joined([known, verified]) == "it did not answer: timeout. verified."
    assert Texts("ja").joined([known, verified]) == "応答がありませんでした: timeout。検証済み。"


def test_messages_of_a_file_that_somebody_made_end_no_report() -> None:
    """They are read as JSON, and only their outermost part is checked."""
    assert "odd" in Texts().message({"code": "odd", "values": {"what": {"code": "x", "values": [1]}}})
    deep: dict[str, object] = {"code": "odd", "values": {}}
    for _level in range(2000):
        deep = {"code": "odd", "values": {"what": deep}}
    assert Texts().message(deep) == "odd"
