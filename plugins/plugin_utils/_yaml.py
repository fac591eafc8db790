# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Data files: strict YAML, and a reader whose complaints name the file, the key, the value and the remedy."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import NoReturn

import yaml

from ._text import shorten


class _StrictLoader(yaml.SafeLoader):
    """YAML lets a later key silently replace an earlier one: in a table of bounds that must not happen."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen = set()
        for key, dummy in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value} is there twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class Reader:
    """Takes a parsed file apart. A kind of file is a subclass, which sets error to its own type of exception."""

    error: type[Exception] = ValueError

    def __init__(self, file: str) -> None:
        self.file = file

    @classmethod
    def load(cls, path: Path, name: str, remedy: str) -> object:
        """What the YAML file holds, still to be checked. name: what the operator calls it, for the message.

        Raises cls.error.
        """
        try:
            return yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
        except (OSError, UnicodeDecodeError) as error:
            raise cls.error(f"{name} cannot be read: {error}; {remedy}") from error
        # The last three are what YAML's own constructors raise for a 31st of June, a list as a key, endless nesting.
        except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
            raise cls.error(f"{path}: not YAML: {' '.join(str(error).split())}") from error

    def fail(self, key: str, value: object, remedy: str) -> NoReturn:
        """Complain about one value."""
        raise self.error(f"{self.file}: {key}: {shorten(value)} cannot be used: {remedy}")

    def mapping(
        self, value: object, key: str, required: Iterable[str] = (), optional: Iterable[str] | None = None
    ) -> Mapping[str, object]:
        """A mapping that is not empty, with text as keys. optional None: further keys may have any name."""
        if not isinstance(value, dict) or not value:
            self.fail(key, value, "write a mapping with at least one key")
        required = tuple(required)
        known = None if optional is None else (*required, *optional)
        for name in value:
            if not isinstance(name, str):
                self.fail(key, name, "write the key as text, in quotes")
            if known is not None and name not in known:
                self.fail(f"{key}.{name}", name, f"this key is not known here; known are {', '.join(known)}")
        for name in required:
            if name not in value:
                self.fail(f"{key}.{name}", None, "this key is required")
        return value

    def text(self, value: object, key: str) -> str:
        """A text that is not blank."""
        if not isinstance(value, str) or not value.strip():
            self.fail(key, value, "write a text that is not empty, in quotes if it looks like a number or a date")
        return value
