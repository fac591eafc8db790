# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Keys of the Windows registry, as a raw reading has them. What is there and cannot be used is an error, not absent."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .._text import one_line, shorten

_Found = t.TypeVar("_Found")


class Unreadable(ValueError):
    """Something of a reading cannot be used; the text names it and says why."""


@dataclass(frozen=True)
class Key:
    """One key. exists: None where that cannot be seen, and then error says why."""

    path: str
    exists: bool | None
    values: Mapping[str, t.Any]
    error: str

    @classmethod
    def of(cls, value: object, name: str = "a key") -> Key:
        """From a raw reading. name: for messages, where it has no path."""
        found = value if isinstance(value, Mapping) else {}
        exists, values = found.get("exists"), found.get("values")
        return cls(
            one_line(found.get("path") or name),
            exists if isinstance(exists, bool) and not (exists and not isinstance(values, Mapping)) else None,
            values if isinstance(values, Mapping) else {},
            one_line(found.get("error") or "it was not read"),
        )

    @property
    def there(self) -> bool:
        """Whether it exists. Raises Unreadable where that is not known."""
        if self.exists is None:
            raise Unreadable(f"{self.path}: {self.error}")
        return self.exists

    def text(self, name: str) -> str | None:
        """A value that is a text, None where it is not there. Raises Unreadable for anything else."""
        return self._value(name, str, "String", "ExpandString")

    def number(self, name: str) -> int | None:
        """A value that is a number, as text()."""
        return self._value(name, int, "DWord", "QWord")

    def bytes(self, name: str) -> bytes | None:
        """A binary value, as text()."""
        try:
            return bytes.fromhex(self._value(name, str, "Binary") or "") or None
        except ValueError:
            raise Unreadable(f"{self.path}: {name} is not hexadecimal") from None

    def texts(self, name: str) -> tuple[list[str], bool]:
        """The texts of a value that is a list of them, none where it is not there; and whether some are missing."""
        found = self._value(name, list, "MultiString", cut=True) or []
        texts = [text for text in found if isinstance(text, str)]
        return texts, len(texts) < len(found) or (name in self.values and self.values[name].get("cut") is not False)

    def _value(self, name: str, kind: type[_Found], *types: str, cut: bool = False) -> _Found | None:
        if not self.there or name not in self.values:
            return None
        value = self.values[name]
        given, content = (value.get("type"), value.get("value")) if isinstance(value, Mapping) else (None, value)
        if given not in types or not isinstance(content, kind) or isinstance(content, bool):
            raise Unreadable(f"{self.path}: {name} is {shorten(content)} ({one_line(given, 20)}), no {types[0]}")
        if not cut and value.get("cut") is not False:
            raise Unreadable(f"{self.path}: {name} is too long and was cut")
        return content


def attempt(problems: list[str], read: Callable[[], _Found]) -> _Found | None:
    """What read() returns; None, with a text in problems, where it raises Unreadable."""
    try:
        return read()
    except Unreadable as error:
        problems.append(str(error))
        return None
