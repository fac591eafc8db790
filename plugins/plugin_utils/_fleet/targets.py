# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Which build a host is upgraded to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .._advisory import Advisory, Build, BuildError, decide, parse_build
from .._run import HostRun
from .._settings import Problem, SettingsError


def wrong_targets(hosts: Iterable[HostRun], advisory: Advisory) -> Iterator[Problem]:
    """Where dsa_target_version names no build that any host could be upgraded to: known before a host is read."""
    problems: dict[str, str] = {}
    for host in hosts:
        value = host.settings["dsa_target_version"]
        if repr(value) not in problems:
            problems[repr(value)] = _problem(value, advisory)
        if problems[repr(value)]:
            yield Problem("dsa_target_version", host.host, problems[repr(value)])


def _problem(value: object, advisory: Advisory) -> str:
    try:
        if isinstance(value, Mapping):
            for platform in advisory.platforms.values():
                target_for(value, platform.name, advisory)
        elif value is not None:
            _build(value, "dsa_target_version")
    except SettingsError as error:
        return str(error)
    return ""


def target_for(value: object, platform: str, advisory: Advisory) -> Build | None:
    """The target build of one platform from dsa_target_version: one build for all, or a mapping platform → build.

    None where the operator named none. Raises SettingsError when it is no build, or does not carry the fix.
    """
    if value is None:
        return None
    name = "dsa_target_version"
    if isinstance(value, Mapping):
        for key in value:
            if advisory.platform(key) is None:
                known = ", ".join(sorted({p.name for p in advisory.platforms.values()}))
                raise SettingsError(f"{name}.{key} is not a platform; known are {known}")
        named = {key: text for key, text in value.items() if (p := advisory.platform(key)) and p.name == platform}
        if not named:
            return None
        key, value = next(iter(named.items()))
        name = f"{name}.{key}"
    build = _build(value, name)
    judged = decide({"platform": platform, "version": build.text}, advisory)
    if judged.verdict != "fixed":
        bound = (
            f"; {platform} builds of {build.line} have the fix from {judged.fixed_from} on" if judged.fixed_from else ""
        )
        raise SettingsError(f"{name} is {build}, which is {judged.verdict} on {platform}{bound}. Name a fixed build")
    return build


def _build(value: object, name: str) -> Build:
    try:
        return parse_build(value)
    except BuildError as error:
        raise SettingsError(f"{name}: {error}") from error
