# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of every PowerShell module are the documented ones; ansible-test looks closer, and takes longer."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

pytest.importorskip("tree_sitter_powershell", reason="what make lint needs is not installed here")

from tests.powershell.argspec import spec

MODULES = sorted((Path(__file__).resolve().parents[2] / "plugins" / "modules").glob("*.ps1"))
SAME = ("type", "elements", "required", "default", "choices")


def compared(options: dict[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    """What both must have alike. Documented choices may have a text each."""
    return {
        name: {key: list(about[key]) if key == "choices" else about[key] for key in SAME if key in about}
        for name, about in options.items()
    }


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_documented(module: Path) -> None:
    documented = yaml.safe_load(module.with_suffix(".yml").read_text())["DOCUMENTATION"]
    found = spec(module.read_bytes())
    assert documented["module"] == module.stem
    assert compared(found["options"]) == compared(documented["options"])
    assert found["supports_check_mode"] is True


def test_literals() -> None:
    source = (
        b"$spec = @{\n  a = @{ b = 'c' + \"d\"; e = 1 }  # f\n  g = @(\n , @('h', $true, @('i'))\n )\n  j = @('k')\n}"
    )
    assert spec(source) == {"a": {"b": "cd", "e": 1}, "g": [["h", True, ["i"]]], "j": ["k"]}


@pytest.mark.parametrize("source", [b"$a = @{}", b"$spec = @{ a = $b }", b"$spec = @{ a = Get-It }"])
def test_anything_else_is_refused(source: bytes) -> None:
    with pytest.raises((KeyError, ValueError)):
        spec(source)
