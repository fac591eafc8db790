# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""An advisory: the vendor's tables as data, read from YAML and checked cell by cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from .._yaml import Reader
from .builds import Build, BuildError, parse_build

_HERE = Path(__file__).parent
DEFAULT_ADVISORY = "KA-0016311"


class AdvisoryError(ValueError):
    """An advisory file cannot be used; the message names the file, the key, the value and the remedy."""


@dataclass(frozen=True)
class Bounds:
    """Both bounds are inclusive; what lies between them is in neither of the vendor's tables."""

    affected_up_to: Build
    fixed_from: Build


Rule = Bounds | Literal["relay_dependent", "not_affected"]
_WORDS: tuple[Literal["relay_dependent", "not_affected"], ...] = ("relay_dependent", "not_affected")


@dataclass(frozen=True)
class Platform:
    """One column of the tables. On lines up to not_applicable_up_to no agent for it exists."""

    name: str
    label: str
    not_applicable_up_to: tuple[int, int] | None


@dataclass(frozen=True)
class Advisory:
    """One vendor advisory: (line, platform) → rule, with its names for platforms and events."""

    id: str
    title: str
    source: str
    platforms: Mapping[str, Platform]
    """Platform by every name and alias that a record may use."""
    rules: Mapping[tuple[str, str], Rule]
    """Rule by (line, platform name); a missing one is a case the vendor is silent on."""
    events: Mapping[str, object]
    appliance_packages: Mapping[str, str]

    def platform(self, name: object) -> Platform | None:
        """The platform a record calls by this name, or None."""
        return self.platforms.get(name.strip().lower()) if isinstance(name, str) else None

    def newest_line(self) -> tuple[int, int]:
        """The newest line that the advisory lists."""
        return max(_line(line) for line, dummy in self.rules)


def _line(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


class _AdvisoryReader(Reader):
    """Makes an advisory of a parsed file."""

    error = AdvisoryError

    def line(self, value: object, key: str) -> tuple[int, int]:
        try:
            return _line(self.text(value, key))
        except ValueError:
            self.fail(key, value, 'write a line as "20.0", in quotes')

    def build(self, value: object, key: str) -> Build:
        try:
            return parse_build(value)
        except BuildError as error:
            self.fail(key, value, f"{error}")

    def platforms(self, value: object) -> dict[str, Platform]:
        found: dict[str, Platform] = {}
        for name, raw in self.mapping(value, "platforms").items():
            key = f"platforms.{name}"
            entry = self.mapping(raw, key, ["label"], ["aliases", "not_applicable_up_to"])
            up_to = entry.get("not_applicable_up_to")
            platform = Platform(
                name,
                self.text(entry["label"], f"{key}.label"),
                None if up_to is None else self.line(up_to, f"{key}.not_applicable_up_to"),
            )
            aliases = entry.get("aliases", [])
            if not isinstance(aliases, list):
                self.fail(f"{key}.aliases", aliases, "write a list of names")
            for alias in (name, *aliases):
                word = self.text(alias, f"{key}.aliases").lower()
                if word in found:
                    self.fail(f"{key}.aliases", alias, f"it is already a name of platform {found[word].name}")
                found[word] = platform
        return found

    def rule(self, value: object, key: str) -> Rule:
        if isinstance(value, str):
            for word in _WORDS:
                if value == word:
                    return word
            self.fail(key, value, f"write {' or '.join(_WORDS)}, or a mapping with affected_up_to and fixed_from")
        entry = self.mapping(value, key, ["affected_up_to", "fixed_from"], [])
        bounds = Bounds(
            self.build(entry["affected_up_to"], f"{key}.affected_up_to"),
            self.build(entry["fixed_from"], f"{key}.fixed_from"),
        )
        if bounds.affected_up_to >= bounds.fixed_from:
            self.fail(
                f"{key}.fixed_from",
                entry["fixed_from"],
                f"it must be newer than affected_up_to {bounds.affected_up_to}",
            )
        line = key.split(".", 1)[1].rsplit(".", 1)[0]
        for name, build in (("affected_up_to", bounds.affected_up_to), ("fixed_from", bounds.fixed_from)):
            if build.line != line:
                self.fail(f"{key}.{name}", entry[name], f"it is a build of line {build.line}, not of {line}")
        return bounds

    def rules(self, value: object, platforms: Mapping[str, Platform]) -> dict[tuple[str, str], Rule]:
        names = sorted({platform.name for platform in platforms.values()})
        found: dict[tuple[str, str], Rule] = {}
        for line, row in self.mapping(value, "lines").items():
            major, minor = self.line(line, f"lines.{line}")
            for name, cell in self.mapping(row, f"lines.{line}", [], names).items():
                found[f"{major}.{minor}", name] = self.rule(cell, f"lines.{line}.{name}")
        return found

    def advisory(self, document: object) -> Advisory:
        top = self.mapping(
            document,
            "advisory",
            ["id", "title", "source", "platforms", "lines"],
            ["updated", "effective_from", "appliance_packages", "events"],
        )
        for key in ("updated", "effective_from"):
            if key in top:
                self.text(top[key], key)
        packages = self.mapping(
            top.get("appliance_packages", {"from": "-", "to": "-"}), "appliance_packages", ["from", "to"], []
        )
        platforms = self.platforms(top["platforms"])
        return Advisory(
            id=self.text(top["id"], "id"),
            title=self.text(top["title"], "title"),
            source=self.text(top["source"], "source"),
            platforms=platforms,
            rules=self.rules(top["lines"], platforms),
            events=self.mapping(top["events"], "events") if "events" in top else {},
            appliance_packages={key: self.text(value, f"appliance_packages.{key}") for key, value in packages.items()},
        )


@lru_cache(maxsize=8)
def load_advisory(name_or_path: str = DEFAULT_ADVISORY) -> Advisory:
    """Load a shipped advisory by its id (KA-0016311), or any other one by the path of its YAML file.

    Raises AdvisoryError when it is not there, cannot be read, or does not hold what an advisory must hold.
    """
    shipped = {path.stem.replace("_", "-").upper(): path for path in _HERE.glob("*.yml")}
    path = shipped.get(name_or_path.upper()) or Path(name_or_path).expanduser()
    remedy = f"name a shipped one ({', '.join(sorted(shipped))}) or the path of a YAML file"
    document = _AdvisoryReader.load(path, f"advisory {name_or_path}", remedy)
    return _AdvisoryReader(str(path)).advisory(document)
