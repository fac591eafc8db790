# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Searches as the API takes them: a filter with criteria that all have to fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from operator import eq, ge, gt, le, lt, ne
from typing import Any, TypeVar

from .web import Refused

TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "less-than": lt,
    "less-than-or-equal": le,
    "equal": eq,
    "greater-than-or-equal": ge,
    "greater-than": gt,
    "not-equal": ne,
}
LAST = 2**62
Item = TypeVar("Item")
Fields = Callable[[Item], dict[str, Any]]


def test_of(
    criterion: dict[str, Any], kind: str, allowed: tuple[str, ...] = tuple(TESTS)
) -> Callable[[Any, Any], bool]:
    word = criterion.get(f"{kind}Test", "equal")
    if word not in allowed:
        raise Refused(400, f"Invalid SearchFilter: {kind}Test {word}")
    return TESTS[word]


def number(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(400, f"Invalid SearchFilter: {what} is not a number")
    return int(value)


class Search:
    """bounds: between which IDs to look; most: how many at most; fits: what else has to be true."""

    def __init__(self, body: dict[str, Any], page_limit: int, known_fields: Iterable[str]) -> None:
        self.above, self.below = 0, LAST
        self.most = min(number(body.get("maxItems") or page_limit, "maxItems"), page_limit)
        if self.most < 1:
            raise Refused(400, "Invalid SearchFilter: maxItems must be greater than 0")
        self.tests: list[Callable[[dict[str, Any]], bool]] = []
        self.known = set(known_fields)
        criteria = [] if body.get("searchCriteria") is None else body["searchCriteria"]
        if not isinstance(criteria, list) or not all(isinstance(one, dict) for one in criteria):
            raise Refused(400, "Invalid SearchFilter: searchCriteria is not a list of objects")
        for criterion in criteria:
            self.read(criterion)

    def read(self, criterion: dict[str, Any]) -> None:
        if criterion.get("idTest") is not None or criterion.get("idValue") is not None:
            test, value = test_of(criterion, "id"), number(criterion.get("idValue"), "idValue")
            if test in (gt, ge, eq):
                self.above = max(self.above, value - (test is not gt))
            if test in (lt, le, eq):
                self.below = min(self.below, value + (test is not lt))
            if test is ne:
                self.tests.append(lambda fields: bool(fields["ID"] != value))
            return
        name = criterion.get("fieldName")
        if name not in self.known:
            raise Refused(400, f"Invalid SearchFilter: unknown field {name}")
        fits = self.fitting(criterion)
        self.tests.append(lambda fields: fits(fields.get(name)))

    @staticmethod
    def fitting(criterion: dict[str, Any]) -> Callable[[Any], bool]:
        """The test of one field's value."""
        if criterion.get("nullTest") is not None:
            return lambda value: (value is None) == bool(criterion["nullTest"])
        if criterion.get("booleanTest") is not None:
            return lambda value: bool(value) == bool(criterion["booleanTest"])
        if criterion.get("stringValue") is not None or criterion.get("choiceValue") is not None:
            kind = "string" if criterion.get("stringValue") is not None else "choice"
            test, text = test_of(criterion, kind, ("equal", "not-equal")), str(criterion[f"{kind}Value"])
            pattern = re.escape(text)
            if criterion.get("stringWildcards"):
                pattern = pattern.replace("%", ".*").replace("_", ".")
            compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)
            return lambda value: bool(compiled.fullmatch(str(value or ""))) == (test is eq)
        if criterion.get("numericValue") is not None:
            test, limit = test_of(criterion, "numeric"), number(criterion["numericValue"], "numericValue")
            return lambda value: value is not None and test(value, limit)
        if criterion.get("versionValue") is not None:
            test, version = test_of(criterion, "version"), parts(criterion["versionValue"])
            return lambda value: value is not None and test(parts(value), version)
        if criterion.get("firstDateValue") is not None or criterion.get("lastDateValue") is not None:
            first = number(criterion.get("firstDateValue") or 0, "firstDateValue")
            last = number(criterion.get("lastDateValue") or LAST, "lastDateValue")
            return lambda value: value is not None and first <= value <= last
        raise Refused(400, "Invalid SearchFilter: a criterion without a value")

    def pick(self, items: Iterable[Item], fields: Fields[Item]) -> list[Item]:
        """The first of these that fit. They come between the bounds, in the order of their IDs."""
        found: list[Item] = []
        for item in items:
            if len(found) >= self.most:
                break
            if not self.tests or all(test(fields(item)) for test in self.tests):
                found.append(item)
        return found

    def pick_dicts(self, items: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
        """Of objects that are kept as they are shown."""
        within = (items[key] for key in sorted(items) if self.above < key < self.below)
        return self.pick(within, lambda item: item)


def parts(version: object) -> tuple[int, ...]:
    return tuple(int(one) for one in re.findall(r"\d+", str(version)))
