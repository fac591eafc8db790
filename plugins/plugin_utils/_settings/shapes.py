# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Settings with a shape of their own, parsed. Each function takes the value and the name, and raises WrongValue."""

from __future__ import annotations

import os
import re
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .errors import SettingsError, WrongValue
from .values import flag_of, is_blank, mapping_of, names_of, structure_of, text_of, whole_of

_BATCH = re.compile(r"[0-9]{1,9}%?")
_SPAN = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])\s*-\s*([01]?[0-9]|2[0-3]|24):([0-5][0-9])")
_SHA256 = re.compile(r"[0-9a-f]{64}")
# Where the file of an entry of dsa_packages is, and what restricts an entry to some hosts.
PLACES = ("path", "url", "repository")
CONDITIONS = ("os", "arch", "distribution")
# What every waiver has, and what it waives: one of them.
_WAIVER = ("hosts", "reason", "owner", "expires")
_WAIVED = ("verdicts", "findings")
_FILTERS = ("computer_group_id", "policy_id", "smart_folder_id", "all")


def batches_of(value: object, name: str) -> list[int | str]:
    """Sizes of batches: whole numbers from 1 on, and texts from "1%" to "100%"."""
    found = structure_of(value, name)
    if isinstance(found, str):
        found = found.split(",")
    parts = found if isinstance(found, (list, tuple)) else [found]
    sizes = [_size(part, value, name) for part in parts if not is_blank(part)]
    if not sizes:
        raise WrongValue(name, value, _BATCHES)
    return sizes


_BATCHES = "write sizes of batches, numbers of hosts or percentages, such as [1, 10%, 100%]"


def _size(part: object, value: object, name: str) -> int | str:
    text = str(part).strip() if isinstance(part, (int, str)) and not isinstance(part, bool) else ""
    if not _BATCH.fullmatch(text):
        raise WrongValue(name, value, _BATCHES)
    number = int(text.removesuffix("%"))
    if number < 1 or (text.endswith("%") and number > 100):
        raise WrongValue(name, value, f"a batch has at least 1 host and at most 100% of them: {_BATCHES}")
    return f"{number}%" if text.endswith("%") else number


def version_of(value: object, name: str) -> str:
    """A version as text. A number is refused, as YAML makes 20.1 of 20.10."""
    if not isinstance(value, str) or not value.strip():
        raise WrongValue(name, value, "write the version in quotes")
    return str(value).strip()


def target_of(value: object, name: str) -> str | dict[str, str]:
    """A build for all platforms, or platform → build. Whether it is a build and has the fix is judged by the plan."""
    found = structure_of(value, name)
    if isinstance(found, str):
        return found.strip()
    if isinstance(found, (int, float)):
        raise WrongValue(name, value, "write the build in quotes")
    try:
        builds = mapping_of(found, name)
    except SettingsError:
        raise WrongValue(name, value, "write a build in quotes, or a mapping of platforms to builds") from None
    return {key: version_of(build, f"{name}.{key}") for key, build in builds.items() if not is_blank(build)}


def window_of(value: object, name: str) -> list[str]:
    """Spans of time, each from and to such as "22:00-04:00"."""
    spans = names_of(value, name)
    for span in spans:
        found = _SPAN.fullmatch(span)
        if found is None:
            raise WrongValue(name, value, "write from and to, such as 22:00-04:00")
        hour, minute, to_hour, to_minute = map(int, found.groups())
        if (hour, minute) == (to_hour, to_minute) or (to_hour, to_minute) > (24, 0):
            raise WrongValue(name, value, "that is no span of time; leave it out to allow any time")
    return spans


def zone_of(value: object, name: str) -> str:
    """host, UTC or a name that this machine's time zone database has."""
    text = text_of(value, name)
    if text.lower() == "host":
        return "host"
    if text.upper() == "UTC":
        return "UTC"  # known even where the machine has no time zone database
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        remedy = "this machine has no such time zone: write host, UTC, or a name such as Asia/Tokyo (package tzdata)"
        raise WrongValue(name, value, remedy) from None
    return text


def checksum_of(value: object, name: str) -> str:
    """A SHA-256 in small letters, without a prefix."""
    text = value.strip().lower().removeprefix("sha256:") if isinstance(value, str) else ""
    if not _SHA256.fullmatch(text):
        raise WrongValue(name, value, "a SHA-256 has 64 hexadecimal digits")
    return text


def checksums_of(value: object, name: str) -> dict[str, str]:
    """File name → SHA-256."""
    sums = mapping_of(value, name)
    return {file: checksum_of(text, f"{name}.{file}") for file, text in sums.items() if not is_blank(text)}


def packages_of(value: object, name: str) -> list[dict[str, Any]]:
    """Packages: each has version, one of path, url (texts) and repository (True), and what restricts it."""
    found = structure_of(value, name)
    if not isinstance(found, (list, tuple)):
        raise WrongValue(name, value, "write a list of packages")
    return [_package(entry, f"{name}[{number}]") for number, entry in enumerate(found)]


def _package(value: object, name: str) -> dict[str, Any]:
    known = ("version", "sha256", *CONDITIONS, *PLACES)
    entry = {key: item for key, item in mapping_of(value, name).items() if not is_blank(item)}
    for key, item in entry.items():
        if key not in known:
            raise WrongValue(f"{name}.{key}", item, f"this key is not known; known are {', '.join(known)}")
    if "repository" in entry and not flag_of(entry["repository"], f"{name}.repository"):
        del entry["repository"]
    places = [key for key in PLACES if key in entry]
    if len(places) != 1:
        remedy = f"it has {len(places)} of {', '.join(PLACES)}: name exactly one"
        raise WrongValue(name, value, remedy)
    package: dict[str, Any] = {"version": version_of(entry.get("version"), f"{name}.version")}
    for key in (*CONDITIONS, *places):
        if key in entry:
            package[key] = True if key == "repository" else text_of(entry[key], f"{name}.{key}")
    if "sha256" in entry:
        package["sha256"] = checksum_of(entry["sha256"], f"{name}.sha256")
    return package


def filter_of(value: object, name: str) -> dict[str, Any]:
    """Which computers a task of the Manager takes in: exactly one condition."""
    found = {key: item for key, item in mapping_of(value, name).items() if not is_blank(item)}
    if len(found) != 1 or next(iter(found)) not in _FILTERS:
        raise WrongValue(name, value, f"name exactly one of {', '.join(_FILTERS)}")
    key, item = next(iter(found.items()))
    return {key: flag_of(item, f"{name}.{key}") if key == "all" else whole_of(item, f"{name}.{key}", 1)}


def regex_of(value: object, name: str) -> str:
    """A regular expression, as it is."""
    if not isinstance(value, str):
        raise WrongValue(name, value, "write a regular expression, in quotes")
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError, ValueError):
        raise WrongValue(name, value, "it is no regular expression that Python can read") from None
    return str(value)


def pattern_of(value: object, name: str) -> str:
    """Ansible's pattern of hosts: a text, or a list of texts."""
    found = structure_of(value, name) if isinstance(value, str) and value.lstrip().startswith('["') else value
    if isinstance(found, (list, tuple)):
        found = ",".join(names_of(found, name))
    return text_of(found, name)


def address_of(value: object, name: str) -> str:
    """An address of HTTP. It is shown without its user, and one with a / ? # in the password would be shown in part."""
    text = text_of(value, name)
    user = text.rpartition("@")[0].partition("://")[2]
    if any(sign in user for sign in "/?#@"):
        remedy = "one @ may stand in it, between user and host: elsewhere write %40 for @, in a password %2F for /"
        raise WrongValue(name, value, f"{remedy}, %3F for ? and %23 for #")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not text.isprintable() or " " in text:
        raise WrongValue(name, value, "write an address such as https://dsm.example.com:4119")
    return text


def list_of(value: object, name: str) -> list[Any]:
    """A list of anything, as the inventory plugin makes it."""
    found = structure_of(value, name)
    if not isinstance(found, (list, tuple)):
        raise WrongValue(name, value, "write a list")
    return list(found)


def paths_of(value: object, name: str) -> list[str]:
    """Paths on the controller."""
    return [expanded(path) for path in names_of(value, name)]


def expanded(path: str) -> str:
    """A path with ~ and environment variables replaced."""
    return os.path.expanduser(os.path.expandvars(path))


def waivers_of(value: object, name: str) -> list[dict[str, Any]]:
    """Waivers: each has hosts, one of verdicts and findings (lists), reason, owner and expires (YYYY-MM-DD)."""
    return [_waiver(entry, f"{name}[{number}]") for number, entry in enumerate(list_of(value, name))]


def _waiver(value: object, name: str) -> dict[str, Any]:
    known = (*_WAIVER, *_WAIVED)
    entry = {key: item for key, item in mapping_of(value, name).items() if not is_blank(item)}
    for key, item in entry.items():
        if key not in known:
            raise WrongValue(f"{name}.{key}", item, f"this key is not known; known are {', '.join(known)}")
    missing = [key for key in _WAIVER if key not in entry]
    if missing:
        raise WrongValue(name, value, f"it has no {' and no '.join(missing)}: a waiver needs {', '.join(_WAIVER)}")
    if sum(key in entry for key in _WAIVED) != 1:
        raise WrongValue(name, value, "name what it waives: either verdicts or findings")
    waiver: dict[str, Any] = {key: text_of(entry[key], f"{name}.{key}") for key in ("reason", "owner")}
    for key in _WAIVED:
        waiver[key] = names_of(entry.get(key, []), f"{name}.{key}")
        if key in entry and not waiver[key]:
            raise WrongValue(f"{name}.{key}", entry[key], "name at least one")
    return {
        **waiver,
        "hosts": pattern_of(entry["hosts"], f"{name}.hosts"),
        "expires": _day(entry["expires"], f"{name}.expires"),
    }


def _day(value: object, name: str) -> str:
    """A day as YYYY-MM-DD. YAML makes a date of one without quotes."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value.strip()):
            return date.fromisoformat(value.strip()).isoformat()
    except ValueError:
        pass
    raise WrongValue(name, value, "write the last day on which it counts, such as 2027-01-31")
