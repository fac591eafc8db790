# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The state of a Windows host: its reboot, its disk, and what is worth a warning and no more."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._text import shorten
from .check import Check, join, mapping, number, texts
from .model import Lists

# Antivirus programs, this one too, note such renames all the time (the module counts the agent's own apart).
_NOISE = "file_rename_other"
_MIB = 1024 * 1024


def reboot_reasons(facts: Mapping[str, object]) -> list[str]:
    """Why a reboot is pending; empty where none is, or where that is not known."""
    reboot = mapping(facts.get("reboot"))
    reasons = [text for text in texts(reboot.get("reasons")) if text.partition(":")[0].strip() != _NOISE]
    return reasons or (["no reason given"] if reboot.get("required") is True else [])


def pending_reboot(facts: Mapping[str, object], policy: str) -> Check:
    name, reboot = "pending_reboot", mapping(facts.get("reboot"))
    reasons = reboot_reasons(facts)
    if reasons:
        because = join([shorten(text) for text in reasons])
        who = join([shorten(text.partition(":")[0])[1:-1] for text in reasons])
        if policy == "never":
            remedy = "Reboot the host, or set dsa_reboot to if_required so that it is done for you."
            return Check(name, "fail", f"A reboot is pending ({who}), and none is allowed.", because, remedy)
        remedy = "Nothing needs to be done now."
        return Check(name, "warn", f"A reboot is pending ({who}), and it is done first.", because, remedy)
    noise = texts(reboot.get("reasons"))
    if reboot.get("required") is not False or reboot.get("reasons") != noise:
        reason = "Whether a reboot is pending is not known."
        return Check(name, "undetermined", reason, "", "Look at the host, or reboot it")
    if noise:
        reason = "Other programs will rename files at the next reboot, which does not stop the upgrade."
        return Check(name, "warn", reason, join([shorten(text) for text in noise]), "Reboot when it suits.")
    return Check(name, "pass", "No reboot is pending.", "no reason found")


def free_space(facts: Mapping[str, object], lists: Lists) -> Check:
    name, free = "free_space", number(facts.get("free_bytes"))
    drive = next((text for text in texts([facts.get("drive")]) if re.fullmatch(r"[A-Za-z]:", text)), None)
    where = f"drive {drive}" if drive else "the system drive"
    if free is None:
        reason = f"How much of {where} is free is not known."
        return Check(name, "undetermined", reason, "", f"Look whether {where} has {lists.minimum_free_mib} MiB free")
    enough = free >= lists.minimum_free_mib * _MIB
    return Check(
        name,
        "pass" if enough else "fail",
        f"Of {where} {free // _MIB} MiB are free, and {lists.minimum_free_mib} MiB are required.",
        f"{free} bytes",
        "" if enough else f"Free {lists.minimum_free_mib - free // _MIB} MiB more of {where}.",
    )


# Unknown is a warning too in what follows: no answer could stop the upgrade.


def shared_dlls(facts: Mapping[str, object], lists: Lists) -> Check:
    """The upgrade of an older agent counts each of its users down by one, and at zero the file can be removed."""
    name, counts = "shared_dlls", facts.get("shared_dlls")
    if not isinstance(counts, Mapping) or (lists.shared_dlls and not counts):
        reason = "Who else uses the Visual C++ runtime of older agents is not known."
        return Check(name, "warn", reason, "", "Look after the upgrade whether other programs still start.")
    # No count: nobody registered the file, so the agent did not either, and nothing is counted down. Where the reader
    # says that it could not look, it is no answer.
    if any(text.startswith("shared_dlls:") for text in texts(facts.get("problems"))):
        counts = {path: count if count is not None else "not read" for path, count in counts.items()}
    last = [str(path) for path, count in counts.items() if (users := number(count)) is not None and users < 2]
    odd = [str(path) for path, count in counts.items() if count is not None and number(count) is None]
    if last or odd:
        return Check(
            name,
            "warn",
            "The upgrade may remove Visual C++ runtime files that other programs use.",
            f"fewer than two users, or not known: {join([shorten(path) for path in last + odd])}",
            "Install the redistributable packages of Visual C++ 2012 and 2015 before.",
        )
    counted = sum(count is not None for count in counts.values())
    evidence = f"{counted} of {len(counts)} files are counted, each for two users or more"
    return Check(name, "pass", "No shared runtime file hangs on the agent alone.", evidence)


def certificate_padding(facts: Mapping[str, object]) -> Check:
    """With this hardening on, Windows called another vendor's signed installer unsigned. Reported, never changed."""
    name, on = "certificate_padding_check", facts.get("cert_padding_check")
    if on is False:
        return Check(name, "pass", "Windows checks signatures in the usual way.", "EnableCertPaddingCheck is not on")
    return Check(
        name,
        "warn",
        "Windows checks the padding of signatures too, so a package may look unsigned."
        if on is True
        else "Whether Windows checks the padding of signatures too is not known.",
        "EnableCertPaddingCheck is on" if on is True else "",
        "Should the package be refused as unsigned, look at EnableCertPaddingCheck first.",
    )
