# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What a pre-check reads of a Windows host, and from that to the facts that are judged. What was not read is None."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from .._record.registry import Key, Unreadable, attempt
from .._record.shape import part
from .._record.windows_reboot import windows_reboot
from .._record.windows_tables import KEYS, NETLOGON
from .._record.windows_version import windows_version
from .._text import one_line

Facts = dict[str, object]

STORES = ("Root", "AuthRoot", "CA", "Disallowed")
# What Windows' own times count from, in tenths of a microsecond.
_EPOCH = datetime(1601, 1, 1, tzinfo=timezone.utc)
_WINDOWS = r"Microsoft\Windows\CurrentVersion"
_CERTIFICATES = r"Microsoft\SystemCertificates\AuthRoot"
_WINTRUST = r"Microsoft\Cryptography\Wintrust\Config"
_VIEWS = ("SOFTWARE", r"SOFTWARE\WOW6432Node")
_KEYS = {
    "authroot_policy": [rf"SOFTWARE\Policies\{_CERTIFICATES}", "DisableRootAutoUpdate"],
    "authroot_update": [rf"SOFTWARE\{_CERTIFICATES}\AutoUpdate", "RootDirUrl", "LastSyncTime"],
    "cert_padding": [rf"{_VIEWS[0]}\{_WINTRUST}", "EnableCertPaddingCheck"],
    "cert_padding_32": [rf"{_VIEWS[1]}\{_WINTRUST}", "EnableCertPaddingCheck"],
}
_DLL = "shared_dlls:"


def precheck_options(roots: Iterable[str], packages: Iterable[str], dlls: Iterable[str]) -> dict[str, Any]:
    """What win_dsa_host_info is to read. packages: words in names of servicing packages. dlls: paths of libraries."""
    users = {
        f"{_DLL}{number}:{path}": [rf"{view}\{_WINDOWS}\SharedDlls", path]
        for path in dlls
        for number, view in enumerate(_VIEWS)
    }
    servicing = {
        "paths": [rf"SOFTWARE\{_WINDOWS}\Component Based Servicing\Packages"],
        "words": list(packages),
        "by": "",
        "names": ["CurrentState"],
    }
    return {
        "keys": {**KEYS, **_KEYS, **users},
        "below": {"netlogon": dict(NETLOGON), "servicing": servicing},
        "certificates": {store: list(roots) for store in STORES},
        "system": True,
    }


def facts_of(reading: Mapping[str, object], folders: Sequence[str] = ()) -> Facts:
    """The facts of a host, for judge(). Never raises for what the reading holds. folders: where the agent may be."""
    keys = part(reading, "keys")
    version = windows_version(keys)
    problems = list(version.problems)
    reboot, unread = windows_reboot(reading, folders)
    problems += [f"reboot: {text}" for text in unread]
    certificates, room = part(reading, "certificates"), part(reading, "room")
    return {
        "build": version.build,
        "ubr": version.ubr,
        "nt_version": version.nt_version,
        "product": version.product,
        "arch": version.arch,
        "servicing_packages": _servicing(part(reading, "servicing"), problems),
        "certificates": {store: _held(certificates, store, problems) for store in STORES},
        "root_update": _root_update(keys, problems),
        "shared_dlls": _shared_dlls(keys, problems),
        "drive": room.get("drive"),
        "free_bytes": _value(room, "free_bytes", "free_bytes", problems),
        "reboot": {
            "required": reboot["required"],
            "reasons": [f"{each['code']}: {each['text']}" for each in reboot["reasons"]],
        },
        "cert_padding_check": attempt(problems, lambda: _padding(keys)),
        "problems": problems,
    }


def _held(certificates: Mapping[str, object], store: str, problems: list[str]) -> object:
    """Which of the wanted certificates a store holds, None where that is not known."""
    return _value(part(certificates, store), "thumbprints", f"certificates_{store}", problems)


def _value(found: Mapping[str, object], key: str, name: str, problems: list[str]) -> object:
    """One value of a reading, None with a problem where it has an error."""
    if found.get("error"):
        problems.append(one_line(f"{name}: {found['error']}"))
        return None
    return found.get(key)


def _servicing(found: Mapping[str, object], problems: list[str]) -> list[Facts] | None:
    """The packages of Windows' servicing with their states."""
    entries, errors = found.get("entries"), found.get("errors")
    if errors:
        problems.append(f"servicing packages: {one_line(errors[0] if isinstance(errors, list) else errors)}")
    if errors or not isinstance(entries, list):
        return None
    packages = [Key.of(entry) for entry in entries]
    return [
        {"name": key.path.rpartition("\\")[2], "state": attempt([], partial(key.number, "CurrentState"))}
        for key in packages
    ]


def _shared_dlls(keys: Mapping[str, object], problems: list[str]) -> dict[str, int | None]:
    """How many programs are noted to use each library, None where it is not listed. The first view takes precedence."""
    counts: dict[str, int | None] = {}
    unread: list[str] = []
    for name in sorted(name for name in keys if name.startswith(_DLL)):
        path = name.split(":", 2)[2]
        if counts.get(path) is None:
            counts[path] = attempt(unread, partial(_users, Key.of(keys[name], name)))
    problems += [f"shared_dlls: {text}" for text in unread]
    return counts


def _users(key: Key) -> int | None:
    # The host expanded variables in the name of its only value.
    return key.number(next(iter(key.values), "")) if key.there else None


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
