# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What Windows must trust: the root certificates of the lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._text import shorten
from .certificates import DIRECTORY
from .check import Check, join, mapping, texts
from .model import Lists, Root

REACHABLE = "dsa_root_updates_reachable"
_THERE, _UNKNOWN, _MISSING, _DISTRUSTED = "there", "not known", "missing", "distrusted by the store Disallowed"
_IMPORTED, _FETCHED = "missing, will be imported", "missing, Windows fetches it when it is needed"
_STORES = ("Root", "AuthRoot", "Disallowed")


def root_certificates(facts: Mapping[str, object], lists: Lists, importable: set[str], reachable: bool) -> Check:
    """Only the stores count: on a connected host, building a chain would fetch roots and so change the host."""
    name = "root_certificates"
    stores = _stores(facts)
    unread = [store for store in _STORES if store not in stores]
    updates = mapping(facts.get("root_update"))
    # Only a switch that was read says that Windows may fetch roots, and only the operator knows that it gets there.
    fetches = updates.get("disabled") is False and reachable

    def state(root: Root) -> str:
        if root.sha1 in stores.get("Disallowed", ()):
            return _DISTRUSTED
        if "Disallowed" in stores and any(root.sha1 in stores.get(store, ()) for store in ("Root", "AuthRoot")):
            return _THERE
        if unread:
            return _UNKNOWN
        if root.sha1 in importable:
            return _IMPORTED
        return _FETCHED if fetches else _MISSING

    states = {root: state(root) for root in lists.roots if root.level != "informational"}
    distrusted = [root for root, its in states.items() if its == _DISTRUSTED]
    missing = [root for root, its in states.items() if its == _MISSING and root.level == "required"]
    unknown = [root for root, its in states.items() if its == _UNKNOWN and root.level == "required"]
    others = [root for root, its in states.items() if its != _THERE]

    evidence = "; ".join(
        [f"{root.level}, {its}: {root}" for root, its in states.items() if its != _THERE]
        + [f"the store {store} was not read" for store in unread]
        + ([f"Windows may fetch roots by itself: {_updates(updates)}"] if others else [])
    )
    if distrusted or missing:
        reasons, remedies = [], []
        if missing:
            reasons.append(f"required root certificates are missing: {_names(missing)}")
            remedies.append(_get(missing, updates.get("disabled") is False))
        if distrusted:
            reasons.append(f"Windows distrusts {_names(distrusted)}")
            remedies.append("Find out who put what is distrusted into the store Disallowed, and why: no import helps.")
        reason = "; ".join(reasons)
        return Check(name, "fail", f"{reason[0].upper()}{reason[1:]}.", evidence, " ".join(remedies))
    if unknown:
        reason = f"Whether Windows trusts these root certificates is not known: {_names(unknown)}."
        return Check(name, "undetermined", reason, evidence, "Look at the machine's certificate stores")
    if others:
        coming = [root for root in others if states[root] in (_IMPORTED, _FETCHED)]
        reason = f"Root certificates are missing, and none of them stops the upgrade: {_names(others)}."
        advice = [root for root in others if root not in coming]
        return Check(name, "warn", reason, evidence, _get(advice, False) if advice else "Nothing needs to be done now.")
    return Check(name, "pass", "Windows trusts every root certificate of the lists.", f"{len(states)} roots are there")


def _stores(facts: Mapping[str, object]) -> dict[str, set[str]]:
    """The stores that were read. One that holds anything but texts does not say what is missing in it."""
    return {
        str(store): {text.upper() for text in texts(value)}
        for store, value in mapping(facts.get("certificates")).items()
        if isinstance(value, (list, tuple)) and len(texts(value)) == len(value)
    }


def _updates(updates: Mapping[object, object]) -> str:
    disabled, source = updates.get("disabled"), updates.get("source")
    if not isinstance(disabled, bool):
        return "not known"
    return "no" if disabled else f"yes, from {shorten(source) if isinstance(source, str) else 'Windows Update'}"


def _names(roots: Sequence[Root]) -> str:
    return join([root.name for root in roots])


def _get(roots: Sequence[Root], may_fetch: bool) -> str:
    """How to get missing roots; several with the same source are named together."""
    sources: dict[str, list[str]] = {}
    for root in roots:
        sources.setdefault(root.get, []).append(root.name)
    places = "; ".join(f"{', '.join(names)}: {source}" for source, names in sources.items())
    reach = f", or set {REACHABLE} if the host reaches the source of Windows' root updates" if may_fetch else ""
    return (
        f"Put the files into {DIRECTORY}, or import them into the machine's store Root yourself"
        f"{reach}. Where to get them: {places}."
    )
