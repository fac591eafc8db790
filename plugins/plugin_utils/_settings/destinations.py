# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Where reports are sent: the shape of dsa_report_to. What is wrong with it is told without its values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .errors import WrongValue
from .shapes import address_of, expanded
from .values import exact_text_of, flag_of, is_blank, mapping_of, structure_of, text_of

# Kind, which is the name of the key that makes a destination one of it → the keys that it may have.
KINDS: Mapping[str, tuple[str, ...]] = {
    "directory": ("directory", "host"),
    "url": ("url", "username", "password", "headers", "ca_path", "validate_certs"),
    "tasks": ("tasks",),
}
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def destinations_of(value: object, name: str) -> list[dict[str, Any]]:
    """Destinations: each has kind, one of KINDS, and the keys of that kind."""
    found = structure_of(value, name)
    entries = [found] if isinstance(found, Mapping) else found
    if not isinstance(entries, (list, tuple)):
        raise WrongValue(name, value, "write a list of destinations")
    return [_destination(entry, f"{name}[{number}]") for number, entry in enumerate(entries)]


def _destination(value: object, name: str) -> dict[str, Any]:
    entry = {key: item for key, item in mapping_of(value, name).items() if not is_blank(item)}
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != 1:
        raise WrongValue(name, value, f"it has {len(kinds)} of {', '.join(KINDS)}: name exactly one")
    (kind,) = kinds
    for key in entry:
        if key not in KINDS[kind]:
            raise WrongValue(f"{name}.{key}", None, f"a {kind} has no such key; known are {', '.join(KINDS[kind])}")
    if kind == "directory":
        directory = text_of(entry["directory"], f"{name}.directory")
        if not directory.startswith("/"):
            raise WrongValue(f"{name}.directory", directory, "write an absolute path on that host")
        return {"kind": kind, "directory": directory, "host": text_of(entry.get("host"), f"{name}.host")}
    if kind == "tasks":
        return {"kind": kind, "tasks": expanded(text_of(entry["tasks"], f"{name}.tasks"))}
    return {"kind": kind, **_address(entry, name)}


def _address(entry: Mapping[str, Any], name: str) -> dict[str, Any]:
    ca_path, checked = entry.get("ca_path"), entry.get("validate_certs", True)
    given = {key: exact_text_of(entry[key], f"{name}.{key}") for key in ("username", "password") if key in entry}
    return {
        "url": address_of(entry["url"], f"{name}.url"),
        **given,
        "headers": _headers(entry.get("headers", {}), f"{name}.headers"),
        "ca_path": expanded(text_of(ca_path, f"{name}.ca_path")) if ca_path else None,
        "validate_certs": flag_of(checked, f"{name}.validate_certs"),
    }


def _headers(value: object, name: str) -> dict[str, str]:
    headers = {key: exact_text_of(text, f"{name}.{key}") for key, text in mapping_of(value, name).items()}
    for key, text in headers.items():
        if not _HEADER.fullmatch(key) or any(ord(char) < 32 for char in text):
            raise WrongValue(f"{name}.{key}", text, "a header of HTTP has a name without blanks and one line")
    return headers
