# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""From the raw reading of win_dsa_precheck_info to the facts that are judged. What was not read is None, and named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone

from .._record.registry import Key, Unreadable, attempt
from .._record.shape import part
from .._record.windows_reboot import windows_reboot
from .._record.windows_version import windows_version
from .._text import one_line

Facts = dict[str, object]

STORES = ("Root", "AuthRoot", "CA", "Disallowed")
# What Windows' own times count from, in tenths of a microsecond.
_EPOCH = datetime(1601, 1, 1, tzinfo=timezone.utc)


def facts_of(reading: Mapping[str, object], folders: Sequence[str] = ()) -> Facts:
    """The facts of a host, for judge(). Never raises for what the reading holds. folders: where the agent may be."""
    keys = part(reading, "keys")
    version = windows_version(keys)
    problems = [*_observed(reading.get("problems")), *version.problems]
    reboot, unread = windows_reboot(part(reading, "reboot"), folders)
    problems += [f"reboot: {text}" for text in unread]
    servicing = part(reading, "servicing")
    if servicing.get("error"):
        problems.append(f"servicing packages: {one_line(servicing['error'])}")
    certificates = part(reading, "certificates")
    dlls = reading.get("shared_dlls")
    return {
        "build": version.build,
        "ubr": version.ubr,
        "nt_version": version.nt_version,
        "product": version.product,
        "arch": version.arch,
        "servicing_packages": None if servicing.get("error") else servicing.get("packages"),
        "certificates": {store: certificates.get(store) for store in STORES},
        "root_update": _root_update(keys, problems),
        "shared_dlls": dict(dlls) if isinstance(dlls, Mapping) else None,
        "drive": reading.get("drive"),
        "free_bytes": reading.get("free_bytes"),
        "reboot": {
            "required": reboot["required"],
            "reasons": [f"{each['code']}: {each['text']}" for each in reboot["reasons"]],
        },
        "cert_padding_check": attempt(problems, lambda: _padding(keys)),
        "problems": problems,
    }


def _observed(problems: object) -> list[str]:
    found = [part({"": each}, "") for each in problems] if isinstance(problems, list) else []
    return [one_line(f"{each.get('source')}: {each.get('text')}") for each in found]


def _root_update(keys: Mapping[str, object], problems: list[str]) -> Facts:
    """Whether Windows fetches missing roots by itself, where from, and when it last did."""
    policy, update = (Key.of(keys.get(name), name) for name in ("authroot_policy", "authroot_update"))
    return {
        "disabled": attempt(problems, lambda: policy.number("DisableRootAutoUpdate") == 1),
        "source": attempt(problems, lambda: update.text("RootDirUrl")),
        "last_sync": attempt(problems, lambda: _time(update.bytes("LastSyncTime"))),
    }


def _time(value: bytes | None) -> str | None:
    if value is None or len(value) != 8:
        return None
    try:
        time = _EPOCH + timedelta(microseconds=int.from_bytes(value, "little") // 10)
    except OverflowError:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _padding(keys: Mapping[str, object]) -> bool:
    """Whether Windows refuses signatures with anything behind them, by the number 1 or the text "1"."""
    unseen = []
    for name in ("cert_padding", "cert_padding_32"):
        key = Key.of(keys.get(name), name)
        try:
            if _is_one(key):
                return True
        except Unreadable as error:
            unseen.append(str(error))
    if unseen:
        raise Unreadable("; ".join(unseen))
    return False


def _is_one(key: Key) -> bool:
    try:
        return key.number("EnableCertPaddingCheck") == 1
    except Unreadable:
        return (key.text("EnableCertPaddingCheck") or "").strip() == "1"
