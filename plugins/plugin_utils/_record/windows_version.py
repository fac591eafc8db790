# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Which Windows a host runs, by its registry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .registry import Key, Unreadable, attempt

_ARCHITECTURES = {"AMD64": "x86_64", "X86": "i386", "ARM64": "arm64"}


@dataclass(frozen=True)
class WindowsVersion:
    """build: 17763. ubr: its update revision. nt_version: 10.0. problems: why one of them is None.

    A Windows before 10 has no ubr, and that is no problem.
    """

    build: int | None
    ubr: int | None
    nt_version: str | None
    product: str | None
    arch: str | None
    problems: tuple[str, ...]


def windows_version(keys: Mapping[str, object]) -> WindowsVersion:
    """From the keys windows and environment of a raw reading."""
    windows, environment = Key.of(keys.get("windows"), "windows"), Key.of(keys.get("environment"), "environment")
    problems: list[str] = []
    found = WindowsVersion(
        attempt(problems, lambda: int(_matching(windows, "CurrentBuildNumber", r"[0-9]{1,9}"))),
        attempt(problems, lambda: windows.number("UBR")),
        attempt(problems, lambda: _nt_version(windows)),
        attempt(problems, lambda: windows.text("ProductName")),
        attempt(problems, lambda: _architecture(environment)),
        (),
    )
    # A key that cannot be read is one problem, not one for each value.
    return WindowsVersion(**{**found.__dict__, "problems": tuple(dict.fromkeys(problems))})


def _matching(key: Key, name: str, pattern: str) -> str:
    text = key.text(name) or ""
    if not re.fullmatch(pattern, text):
        raise Unreadable(f"{key.path}: {name} is {text[:40]!r}")
    return text


def _nt_version(windows: Key) -> str:
    # CurrentVersion stands at 6.3 since Windows 10.
    major, minor = windows.number("CurrentMajorVersionNumber"), windows.number("CurrentMinorVersionNumber")
    if major is None:
        return _matching(windows, "CurrentVersion", r"[0-9]{1,3}\.[0-9]{1,3}")
    if minor is None:
        raise Unreadable(f"{windows.path}: CurrentMinorVersionNumber is not there")
    return f"{major}.{minor}"


def _architecture(environment: Key) -> str:
    name = environment.text("PROCESSOR_ARCHITECTURE") or ""
    if name.upper() not in _ARCHITECTURES:
        raise Unreadable(f"{environment.path}: PROCESSOR_ARCHITECTURE is {name[:40]!r}")
    return _ARCHITECTURES[name.upper()]
