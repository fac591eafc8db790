# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Names of the Manager's computers in an inventory: usable, no two the same, and none that belongs to something else.

Agents register themselves, so their names are anybody's: none may become an option of ssh, a template, the name of a
group or this machine.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Computer = Mapping[str, object]
"""An entry of dsm_computer_info's computers."""

_KEYS = {"host_name": "name", "display_name": "display_name", "address": "address"}
PREFERENCES = (*_KEYS, "host_name_short", "id")
_HOST_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")


@dataclass
class Names:
    """Computers' IDs → names."""

    new: dict[int, str] = field(default_factory=dict)
    known: dict[int, str] = field(default_factory=dict)
    """Those of hosts that were in the inventory before, in the spelling that they have there."""
    clashes: dict[str, list[int]] = field(default_factory=dict)
    """Names that no computer got, since several want them or something else has them, and who wanted them."""


def choose(
    computers: Sequence[Computer],
    preferences: Sequence[str],
    hosts: Iterable[str] = (),
    taken: Collection[str] = (),
    *,
    lowercase: bool = True,
    known_only: bool = False,
) -> Names:
    """Names for all computers, or for those alone that are among hosts. taken: names of groups, of other hosts."""
    names = Names(known={})
    free = {host.lower(): host for host in hosts}
    occupied = {name.lower() for name in taken} | set(free)
    # A host name decides before a display name does, whatever the order of the computers.
    for preference in preferences:
        claims: dict[str, list[int]] = {}
        for computer in computers if free else ():
            wanted = candidate(computer, preference).lower()
            if wanted in free and _id(computer) not in names.known:
                claims.setdefault(wanted, []).append(_id(computer))
        for wanted, ids in claims.items():
            host = free.pop(wanted)
            if len(ids) == 1:
                names.known[ids[0]] = host
            else:
                names.clashes[host] = ids
    if known_only:
        return names
    for computer in computers:
        if _id(computer) not in names.known:
            usable = (name for preference in preferences if (name := candidate(computer, preference)))
            name = next(usable, f"computer_{_id(computer)}")
            names.new[_id(computer)] = name.lower() if lowercase else name
    _tell_apart(names, occupied)
    return names


def _tell_apart(names: Names, occupied: set[str]) -> None:
    """Append the ID to names that are not one computer's alone, until all are."""
    while True:
        wanted: dict[str, list[int]] = {}
        for number, name in names.new.items():
            wanted.setdefault(name.lower(), []).append(number)
        clashes = {name: ids for name, ids in wanted.items() if len(ids) > 1 or name in occupied}
        if not clashes:
            return
        for ids in clashes.values():
            names.clashes[names.new[ids[0]]] = ids
            for number in ids:
                names.new[number] += f"_{number}"


def candidate(computer: Computer, preference: str) -> str:
    """The name that a computer gets by one preference, empty where it has none that can be used."""
    if preference == "id":
        return str(_id(computer))
    if preference == "host_name_short":
        name = str(computer.get("name") or "")
        return _safe(name if _address(name) else name.partition(".")[0])
    return _safe(str(computer.get(_KEYS[preference]) or ""))


def connect_to(computer: Computer, name: str) -> str | None:
    """What to connect to where the name in the inventory does not say it, else None."""
    reachable = [text for key in ("name", "address") if (text := _reachable(computer.get(key)))]
    return None if name.lower() in map(str.lower, reachable) else next(iter(reachable), None)


def _reachable(value: object) -> str:
    """A host name or an address, and never an option or a template; empty for anything else."""
    text = value if isinstance(value, str) else ""
    return text if (_HOST_NAME.match(text) or _address(text)) and not _is_this_machine(text) else ""


def _safe(text: str) -> str:
    """The text with _ for what has a meaning in patterns, paths, templates or commands; empty where nothing is left."""
    text = unicodedata.normalize("NFC", text.strip())
    if _is_this_machine(text):
        return ""
    if _address(text):
        return text
    text = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in text)
    if text[:1] in ("-", "."):
        text = "_" + text[1:]
    return text if text.strip("_") else ""


def _is_this_machine(text: str) -> bool:
    """Whether it would mean the controller: Ansible runs on it what is delegated to localhost."""
    address = _address(text)
    if address is None:
        return text.lower().partition(".")[0] in ("localhost", "localhost4", "localhost6")
    return address.is_loopback or address.is_unspecified


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        # A zone (fe80::1%eth0) would let anything through.
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


def _id(computer: Computer) -> int:
    number = computer["id"]
    if not isinstance(number, int):
        raise TypeError(f"the ID of a computer is {number!r}")
    return number
