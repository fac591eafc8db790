# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""One object of AWX as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# In the description of what is made here. What lacks it is somebody else's, and is never removed.
MARK = "Made by deep_security.remediation.controller."


@dataclass(frozen=True)
class Ref:
    """The ID of another object, which is known when that has been made."""

    key: str


@dataclass(frozen=True)
class Given:
    """Something that AWX has to have already. key: what a Ref names."""

    key: str
    endpoint: str
    name: str
    setting: str


@dataclass(frozen=True)
class Object:
    """Something that is made. kind: the module; scope: where its name is unique; arguments: of the module."""

    key: str
    kind: str
    endpoint: str
    name: str
    scope: Mapping[str, Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What it is in the result."""
        return f"{self.kind} {self.name}"

    def refs(self) -> set[str]:
        """The objects that have to be there first."""
        return {ref.key for ref in _refs([*self.scope.values(), *self.arguments.values()])}


def _refs(value: Any) -> Iterator[Ref]:
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _refs(item)
