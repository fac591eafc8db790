# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-ins of what only Windows has, put into a payload."""

from __future__ import annotations

import re
from pathlib import Path

from .opened import ADD_TYPE, Opened, before_export

FOLDER = Path(__file__).with_name("standins")
UTIL = "Engine.Standins"


def texts() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.ps1"))}


TEXTS = texts()
FUNCTIONS = ("Open-DsaKey", "Test-DsaListener", "Get-DsaFreeSpace")
"""Functions of our own utils: the leaves below which there is only Windows."""
CMDLETS = "\n".join(text for name, text in TEXTS.items() if name not in (*FUNCTIONS, "Add-CSharpType"))


def put_in(payload: Opened) -> None:
    """A function of a util is replaced in that util; cmdlets are one more util, which comes before the module."""
    for name, text in payload.utils().items():
        wanted = [one for one in FUNCTIONS if re.search(rf"(?im)(?:^|;)function {one}\b", text)]
        if name.removesuffix(".psm1") == ADD_TYPE:
            wanted.append("Add-CSharpType")
        if wanted:
            payload.set_util(name, before_export(text, "\n".join(TEXTS[one] for one in wanted)))
    suffix = ".psm1" if any(name.endswith(".psm1") for name in payload.utils()) else ""
    payload.set_util(UTIL + suffix, CMDLETS)
