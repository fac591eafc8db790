# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Reasons, findings and stage messages: a code with values, and one sentence for each code and language.

Code that decides passes Message objects on and never looks into their text.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .en import SENTENCES as _EN
from .ja import SENTENCES as _JA

_CATALOGUES: Mapping[str, Mapping[str, str]] = {"en": _EN, "ja": _JA}
LANGUAGES = tuple(_CATALOGUES)
# So many entries of a list are named in a sentence.
_NAMED = 3


@dataclass(frozen=True)
class Message:
    """One thing to tell people. values hold JSON values, further messages, or lists of either."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The English sentence."""
        return sentence(self)

    def as_dict(self) -> dict[str, object]:
        """The message as JSON."""
        return {"code": self.code, "values": {name: _plain(value) for name, value in self.values.items()}}

    @classmethod
    def from_dict(cls, value: Mapping[str, t.Any]) -> Message:
        """The message that as_dict() was made from."""
        return cls(str(value["code"]), {name: _message(item) for name, item in value["values"].items()})


def message(code: str, **values: object) -> Message:
    """A message in one call."""
    return Message(code, values)


def sentence(what: Message, language: str = "en") -> str:
    """The message in a language. A code that the catalogue lacks is a defect: KeyError."""
    return _CATALOGUES[language][what.code].format_map(
        {name: _shown(value, language) for name, value in what.values.items()}
    )


@dataclass(frozen=True)
class Texts:
    """The sentences of one language, for reports: a code or a value that is missing is shown, and ends no report."""

    language: str = "en"

    def __call__(self, code: str, **values: object) -> str:
        """The sentence of a code."""
        return self._sentence(Message(code, values))

    def message(self, value: Mapping[str, t.Any]) -> str:
        """The sentence of a message as JSON: code and values."""
        try:
            return self._sentence(Message.from_dict(value))
        except RecursionError:  # of a file that somebody made
            return str(value["code"])

    def joined(self, values: Iterable[Mapping[str, t.Any]]) -> str:
        """Several messages as JSON, as sentences one after the other."""
        space = "" if self.language == "ja" else " "
        return space.join(_ended(self.message(value), self.language) for value in values)

    def _sentence(self, what: Message) -> str:
        try:
            return sentence(what, self.language)
        except (AttributeError, IndexError, KeyError, ValueError):
            return f"{what.code} {what.as_dict()['values']}"


def joined(messages: list[Message], language: str = "en") -> str:
    """Several messages as sentences, one after the other."""
    return " ".join(_ended(sentence(each, language)) for each in messages)


def _ended(text: str, language: str = "en") -> str:
    return text if text.endswith((".", ")", "?", "!", "。", "）")) else f"{text}{'。' if language == 'ja' else '.'}"


def _shown(value: object, language: str) -> str:
    if isinstance(value, Message):
        return sentence(value, language)
    if isinstance(value, (list, tuple)):
        longer = any(isinstance(item, Message) for item in value)
        shown = ("；" if longer else "、") if language == "ja" else ("; " if longer else ", ")
        more = f" (+{len(value) - _NAMED})" if len(value) > _NAMED else ""
        return shown.join(_shown(item, language) for item in value[:_NAMED]) + more
    return str(value)


def _plain(value: object) -> object:
    if isinstance(value, Message):
        return value.as_dict()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _message(value: t.Any) -> object:
    if isinstance(value, Mapping) and set(value) == {"code", "values"} and isinstance(value["values"], Mapping):
        return Message.from_dict(value)
    if isinstance(value, list):
        return [_message(item) for item in value]
    return value
