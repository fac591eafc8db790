# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Data files are read strictly, and a complaint names the file, the key, the value and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._yaml import Reader


class FileError(Exception):
    """The type of exception of one kind of file."""


class Of(Reader):
    """The reader of one kind of file."""

    error = FileError


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: 1\na: 2\n", ["the key a is there twice", "line 2"]),
        ("a: {b: 1, b: 2}\n", ["the key b is there twice"]),
        ("a: [\n", ["not YAML"]),
        ("? [1, 2]\n: 3\n", ["not YAML"]),
        ("a: 2031-06-31\n", ["not YAML"]),
        ("!!python/object/apply:os.getcwd []\n", ["not YAML"]),
        ("[" * 1000, ["not YAML"]),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_strict_yaml_is_refused_by_its_file(tmp_path: Path, content: str, words: list[str]) -> None:
    path = tmp_path / "own.yml"
    path.write_text(content, "utf-8")
    with pytest.raises(FileError) as caught:
        Of.load(path, "the file", "name another one")
    message = str(caught.value)
    assert "\n" not in message
    assert [word for word in (str(path), *words) if word not in message] == []


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xfa"], ids=["missing", "encoding"])
def test_a_file_that_cannot_be_read_is_refused_with_the_remedy(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "own.yml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError, match=r"^the file cannot be read: .*; name another one$"):
        Of.load(path, "the file", "name another one")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ["own.yml: top: None cannot be used: write a mapping"]),
        ({}, ["top: {}", "at least one key"]),
        ([1], ["top: [1]"]),
        ({1: 2}, ["top: 1", "in quotes"]),
        ({"a": 1, "c": 2}, ["top.c: 'c'", "known are a, b"]),
        ({"b": 1}, ["top.a: None", "required"]),
    ],
    ids=repr,
)
def test_a_mapping_has_its_keys_and_no_others(value: object, words: list[str]) -> None:
    with pytest.raises(FileError) as caught:
        Of("own.yml").mapping(value, "top", ["a"], ["b"])
    assert [word for word in words if word not in str(caught.value)] == []


def test_any_keys_may_be_allowed() -> None:
    assert Of("own.yml").mapping({"x": 1, "y": 2}, "top") == {"x": 1, "y": 2}


@pytest.mark.parametrize("value", ["", "  ", None, 20.0, ["a"]], ids=repr)
def test_a_text_is_not_blank(value: object) -> None:
    with pytest.raises(FileError, match=r"own\.yml: top\.a: .* cannot be used: write a text"):
        Of("own.yml").text(value, "top.a")
