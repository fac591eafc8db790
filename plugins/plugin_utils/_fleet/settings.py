# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What the operator set, checked: every complaint names the variable, the value and the remedy."""

from __future__ import annotations

from collections.abc import Mapping

from .._advisory import Advisory, Build, BuildError, decide, parse_build, shorten


class SettingsError(ValueError):
    """A variable cannot be used as it is."""


def mapping_of(value: object, name: str) -> Mapping[str, object]:
    """The value as a mapping with text keys, or a SettingsError."""
    if not isinstance(value, Mapping):
        raise SettingsError(f"{name} is {shorten(value)}; write a mapping")
    return value


def text_of(value: object, name: str) -> str:
    """The value as a text that is not empty, or a SettingsError."""
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"{name} is {shorten(value)}; write a text")
    return value


def names_of(value: object, name: str) -> list[str]:
    """The value as a list of texts; one text with commas will do, as surveys give it."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return [str(part) for part in value]
    raise SettingsError(f"{name} is {shorten(value)}; write a list of names")


def flag_of(value: object, name: str) -> bool:
    """The value as a truth value; surveys and -e give text."""
    words = {
        "true": True,
        "yes": True,
        "1": True,
        "on": True,
        "false": False,
        "no": False,
        "0": False,
        "off": False,
        "": False,
    }
    found = words.get(str(value).strip().lower())
    if found is None:
        raise SettingsError(f"{name} is {shorten(value)}; write true or false")
    return found


def number_of(value: object, name: str) -> float:
    """The value as a number that is not negative; surveys and -e give text."""
    try:
        number = float(str(value).strip())
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise SettingsError(f"{name} is {shorten(value)}; write a number that is not negative")
    return number


def percentage_of(value: object, name: str) -> int:
    """The value as a whole number from 0 to 100; 25 and "25%" are the same."""
    try:
        number = int(str(value).strip().removesuffix("%"))
    except ValueError:
        number = -1
    if not 0 <= number <= 100:
        raise SettingsError(f"{name} is {shorten(value)}; write a percentage from 0 to 100")
    return number


def target_for(value: object, platform: str, advisory: Advisory) -> Build | None:
    """The target build of one platform from dsa_target_version: one build for all, or a mapping platform → build.

    None where the operator named none. Raises SettingsError when it is no build, or does not carry the fix.
    """
    if value is None:
        return None
    if isinstance(value, Mapping):
        for name in value:
            if advisory.platform(name) is None:
                known = ", ".join(sorted({p.name for p in advisory.platforms.values()}))
                raise SettingsError(f"dsa_target_version.{name} is not a platform; known are {known}")
        named = {key: text for key, text in value.items() if (p := advisory.platform(key)) and p.name == platform}
        if not named:
            return None
        key, value = next(iter(named.items()))
        name = f"dsa_target_version.{key}"
    else:
        name = "dsa_target_version"
    try:
        build = parse_build(value)
    except BuildError as error:
        raise SettingsError(f"{name}: {error}") from error
    judged = decide({"platform": platform, "version": build.text}, advisory)
    if judged.verdict != "fixed":
        bound = (
            f"; {platform} builds of {build.line} have the fix from {judged.fixed_from} on" if judged.fixed_from else ""
        )
        raise SettingsError(
            f"{name} is {build}, which is {judged.verdict} on {platform}{bound}. "
            "Nothing was changed; name a fixed build"
        )
    return build
