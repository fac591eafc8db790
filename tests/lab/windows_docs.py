# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules for Windows say of themselves: the documentation beside a .ps1, as YAML or in a Python file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.run.common import ROOT

THEIRS = ROOT / ".venv" / "collections" / "ansible_collections" / "ansible" / "windows"
FOLDERS = {
    "deep_security.remediation": ROOT / "plugins" / "modules",
    "ansible.windows": THEIRS / "plugins" / "modules",
}
TYPES: dict[str, Any] = {
    "str": str,
    "bool": bool,
    "int": int,
    "dict": dict,
    "list": list,
    "float": (int, float),
    "complex": dict,
}


def documentation(module: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """DOCUMENTATION and RETURN of a module, or None where it is not there."""
    collection, _dot, name = module.rpartition(".")
    for path in (FOLDERS[collection] / f"{name}.yml", FOLDERS[collection] / f"{name}.py"):
        if path.exists():
            found = _parts(path)
            return found["DOCUMENTATION"], found.get("RETURN") or {}
    return None


def _parts(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yml":
        content = yaml.safe_load(text)
        return {key: value if isinstance(value, dict) else {} for key, value in content.items()}
    texts = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    return {name: yaml.safe_load(texts.get(name, "")) or {} for name in ("DOCUMENTATION", "RETURN")}


def mismatches(value: Any, about: dict[str, Any], place: str) -> Iterator[str]:
    """Where a value differs in kind from its documentation; null is always allowed."""
    if value is None:
        return
    kind = about.get("type", "str")
    if kind in TYPES and not isinstance(value, TYPES[kind]):
        yield f"{place} is {value!r}, and documented as {kind}"
        return
    if isinstance(value, bool) and kind == "int":
        yield f"{place} is {value!r}, and documented as int"
    contains = about.get("contains")
    element = TYPES.get(about.get("elements", ""), object)
    for entry in value if isinstance(value, list) else [value]:
        if contains and isinstance(entry, dict):
            yield from undocumented(entry, contains, place)
        elif isinstance(value, list) and not isinstance(entry, element):
            yield f"{place} has {entry!r}, and is documented as a list of {about['elements']}"


def undocumented(result: dict[str, Any], documented: dict[str, Any], place: str) -> Iterator[str]:
    """What of a result its documentation does not say."""
    for key, value in result.items():
        if key in documented:
            yield from mismatches(value, documented[key], f"{place}.{key}")
        else:
            yield f"{place}.{key} is not documented"
