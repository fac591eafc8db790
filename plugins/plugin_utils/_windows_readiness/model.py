# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What Windows needs, as data: read from YAML and checked entry by entry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal

from .._settings import SettingsError
from .._yaml import Reader

_SHIPPED = Path(__file__).parent / "lists.yml"

Level = Literal["required", "recommended", "informational"]
_LEVELS: tuple[Level, ...] = ("required", "recommended", "informational")
# The word that is in the name of every monthly rollup's package.
ROLLUP = "RollupFix"


class ListsError(SettingsError):
    """A file of lists cannot be used; the message names the file, the key, the value and the remedy."""


@dataclass(frozen=True)
class Root:
    """A root certificate that signatures of an agent may lead to. get says where to get the file."""

    name: str
    level: Level
    sha1: str
    sha256: str
    expires: str
    get: str

    def __str__(self) -> str:
        return f"{self.name} (SHA-1 {self.sha1}, valid until {self.expires})"


@dataclass(frozen=True)
class UbrRule:
    """A Windows of which every build has update revisions: from ubr on it has the support."""

    windows: str
    ubr: int
    get: str
    note: str


@dataclass(frozen=True)
class PackageRule:
    """A Windows that shows by its update packages whether it has the support; lists.yml says what the parts mean."""

    windows: str
    proof: tuple[str, ...]
    hints: tuple[str, ...]
    rollup_from: int | None
    older_rollups_lack_it: bool
    get: str
    note: str


@dataclass(frozen=True)
class Lists:
    """All the lists. sha2 goes by Windows NT version, azure_code_signing by build."""

    roots: tuple[Root, ...]
    installed_states: frozenset[int]
    sha2_native_from: int
    sha2: Mapping[str, PackageRule]
    acs_native_above: int
    acs_native: frozenset[int]
    acs: Mapping[int, UbrRule | PackageRule]
    shared_dlls: tuple[str, ...]
    minimum_free_mib: int

    def thumbprints(self) -> list[str]:
        """SHA-1 of every root, for the module that looks for them."""
        return [root.sha1 for root in self.roots]

    def servicing_packages(self) -> list[str]:
        """Words in the names of the update packages that matter, for the module that looks for them."""
        rules = [rule for rule in (*self.sha2.values(), *self.acs.values()) if isinstance(rule, PackageRule)]
        return [*sorted({word for rule in rules for word in (*rule.proof, *rule.hints)}), ROLLUP]


class _ListsReader(Reader):
    """Makes the lists of a parsed file."""

    error = ListsError

    def items(self, value: object, key: str, least: int = 0) -> list[tuple[str, object]]:
        """The entries of a list, each with its own key."""
        if not isinstance(value, list) or len(value) < least:
            self.fail(key, value, "write a list" + (" with at least one entry" if least else ""))
        return [(f"{key}[{number}]", item) for number, item in enumerate(value)]

    def number(self, value: object, key: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.fail(key, value, "write a whole number that is not negative, without quotes")
        return value

    def numbers(self, value: object, key: str, least: int = 0) -> list[int]:
        return [self.number(item, name) for name, item in self.items(value, key, least)]

    def texts(self, value: object, key: str, least: int = 0) -> tuple[str, ...]:
        return tuple(self.text(item, name) for name, item in self.items(value, key, least))

    def updates(self, value: object, key: str, least: int = 0) -> tuple[str, ...]:
        found = self.texts(value, key, least)
        for word in found:
            if not re.fullmatch(r"KB[0-9]{6,8}", word):
                self.fail(key, word, "write the number of an update such as KB4474419")
        return found

    def digest(self, value: object, key: str, digits: int) -> str:
        text = self.text(value, key)
        if not re.fullmatch(rf"[0-9A-Fa-f]{{{digits}}}", text):
            self.fail(key, value, f"write {digits} hexadecimal digits and nothing else")
        return text.upper()

    def day(self, value: object, key: str) -> str:
        text = self.text(value, key)
        try:
            return date.fromisoformat(text if len(text) == 10 else "").isoformat()
        except ValueError:
            self.fail(key, value, 'write a day as "2038-01-15", in quotes')

    def roots(self, value: object, get_root: str) -> tuple[Root, ...]:
        top = self.mapping(value, "roots", ["required"], ["recommended", "informational"])
        found: list[Root] = []
        for level in _LEVELS:
            # Nothing required would let every host pass; who wants that waives the check.
            for key, raw in self.items(top.get(level, []), f"roots.{level}", least=int(level == "required")):
                entry = self.mapping(raw, key, ["name", "sha1", "sha256", "expires"], ["get"])
                root = Root(
                    self.text(entry["name"], f"{key}.name"),
                    level,
                    self.digest(entry["sha1"], f"{key}.sha1", 40),
                    self.digest(entry["sha256"], f"{key}.sha256", 64),
                    self.day(entry["expires"], f"{key}.expires"),
                    self.text(entry.get("get", get_root), f"{key}.get"),
                )
                for other in found:
                    if root.sha1 == other.sha1 or root.sha256 == other.sha256:
                        self.fail(key, root.name, f"{other.name} has the same sum already; a root is listed once")
                found.append(root)
        return tuple(found)

    def note(self, entry: Mapping[str, object], key: str) -> str:
        return self.text(entry["note"], f"{key}.note") if "note" in entry else ""

    def package_rule(self, raw: object, key: str, by: str) -> tuple[Mapping[str, object], PackageRule]:
        entry = self.mapping(
            raw, key, ["windows", by, "proof", "get"], ["hints", "rollup_from", "older_rollups_lack_it", "note"]
        )
        lack = entry.get("older_rollups_lack_it", False)
        if not isinstance(lack, bool) or (lack and "rollup_from" not in entry):
            self.fail(f"{key}.older_rollups_lack_it", lack, "write true or false, and true only beside rollup_from")
        return entry, PackageRule(
            self.text(entry["windows"], f"{key}.windows"),
            self.updates(entry["proof"], f"{key}.proof", least=1),
            self.updates(entry.get("hints", []), f"{key}.hints"),
            self.number(entry["rollup_from"], f"{key}.rollup_from") if "rollup_from" in entry else None,
            lack,
            self.text(entry["get"], f"{key}.get"),
            self.note(entry, key),
        )

    def sha2(self, value: object) -> tuple[int, dict[str, PackageRule]]:
        top = self.mapping(value, "sha2", ["native_from", "by_package"], [])
        found: dict[str, PackageRule] = {}
        for key, raw in self.items(top["by_package"], "sha2.by_package"):
            entry, rule = self.package_rule(raw, key, "nt_version")
            version = self.text(entry["nt_version"], f"{key}.nt_version")
            if not re.fullmatch(r"[0-9]{1,2}\.[0-9]{1,2}", version) or version in found:
                self.fail(f"{key}.nt_version", version, 'write a version as "6.1", and each one once')
            found[version] = rule
        return self.number(top["native_from"], "sha2.native_from"), found

    def acs(self, value: object) -> tuple[int, frozenset[int], dict[int, UbrRule | PackageRule]]:
        name = "azure_code_signing"
        top = self.mapping(value, name, ["native_above", "native", "by_ubr", "by_package"], [])
        above = self.number(top["native_above"], f"{name}.native_above")
        native = frozenset(self.numbers(top["native"], f"{name}.native"))
        found: dict[int, UbrRule | PackageRule] = {}

        def add(builds: object, key: str, rule: UbrRule | PackageRule) -> None:
            for build in self.numbers(builds, key, least=1):
                if build in found or build in native or build > above:
                    self.fail(key, build, "there is a row for this build already, or it counts as native")
                found[build] = rule

        for key, raw in self.items(top["by_ubr"], f"{name}.by_ubr"):
            row = self.mapping(raw, key, ["windows", "builds", "ubr", "get"], ["note"])
            by_ubr = UbrRule(
                self.text(row["windows"], f"{key}.windows"),
                self.number(row["ubr"], f"{key}.ubr"),
                self.text(row["get"], f"{key}.get"),
                self.note(row, key),
            )
            add(row["builds"], f"{key}.builds", by_ubr)
        for key, raw in self.items(top["by_package"], f"{name}.by_package"):
            row, by_package = self.package_rule(raw, key, "builds")
            add(row["builds"], f"{key}.builds", by_package)
        return above, native, found

    def lists(self, document: object) -> Lists:
        required = (
            "roots",
            "get_root",
            "installed_states",
            "sha2",
            "azure_code_signing",
            "shared_dlls",
            "minimum_free_mib",
        )
        top = self.mapping(document, "lists", required, [])
        sha2_native_from, sha2 = self.sha2(top["sha2"])
        acs_native_above, acs_native, acs = self.acs(top["azure_code_signing"])
        return Lists(
            roots=self.roots(top["roots"], self.text(top["get_root"], "get_root")),
            installed_states=frozenset(self.numbers(top["installed_states"], "installed_states", least=1)),
            sha2_native_from=sha2_native_from,
            sha2=sha2,
            acs_native_above=acs_native_above,
            acs_native=acs_native,
            acs=acs,
            shared_dlls=self.texts(top["shared_dlls"], "shared_dlls"),
            minimum_free_mib=self.number(top["minimum_free_mib"], "minimum_free_mib"),
        )


@lru_cache(maxsize=8)
def load_lists(path: str | None = None) -> Lists:
    """Load the shipped lists, or an operator's own by the path of their YAML file.

    Raises ListsError when they are not there, cannot be read, or do not hold what lists must hold.
    """
    file = _SHIPPED if path is None else Path(path).expanduser()
    document = _ListsReader.load(file, str(file), "name the path of a YAML file on the controller")
    return _ListsReader(str(file)).lists(document)
