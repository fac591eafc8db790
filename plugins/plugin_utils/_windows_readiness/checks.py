# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""From the facts of a Windows host to what stands between it and an upgrade.

A check passes only on evidence. What could not be read, or what the lists leave open, is undetermined, and that stops
an upgrade as a failure does, until the operator waives the check by its name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from .._settings import SettingsError
from .._settings.values import names_of
from .._text import shorten
from .check import Check, texts
from .host_state import certificate_padding, free_space, pending_reboot, shared_dlls
from .model import Lists
from .roots import root_certificates
from .support import azure_code_signing, sha2

NAMES = (
    "sha2_support",
    "azure_code_signing_support",
    "root_certificates",
    "pending_reboot",
    "free_space",
    "shared_dlls",
    "certificate_padding_check",
)
WAIVED = "dsa_precheck_waive"
_BLOCKING = ("fail", "undetermined")
_POLICIES = ("never", "if_required", "always")


def blocking(checks: Iterable[Check]) -> list[Check]:
    """The checks that stop an upgrade."""
    return [check for check in checks if check.result in _BLOCKING and not check.waived]


def explain(checks: Iterable[Check]) -> str:
    """For the operator: one line for each check that stops the upgrade, with what is missing and how to get it."""
    return "\n".join(" ".join(f"{check.name}: {check.reason} {check.remedy}".split()) for check in blocking(checks))


def judge(
    windows: Mapping[str, object],
    lists: Lists,
    *,
    reboot_policy: str = "never",
    waived: Sequence[str] | str = (),
    importable: Collection[str] = (),
    root_updates_reachable: bool = False,
) -> list[Check]:
    """Judge the facts of one host (see facts_of). Never raises for what the facts hold.

    reboot_policy: dsa_reboot. waived: names of checks. importable: SHA-1 of the roots that would be imported, empty
    where import is not allowed. root_updates_reachable: the operator says that Windows can fetch roots by itself.
    Raises SettingsError for a reboot policy or a waiver that does not exist.
    """
    if reboot_policy not in _POLICIES:
        raise SettingsError(f"dsa_reboot is {shorten(reboot_policy)}; write one of {', '.join(_POLICIES)}")
    waivers = names_of(waived, WAIVED)
    for name in waivers:
        if name not in NAMES:
            raise SettingsError(
                f"{WAIVED} names {shorten(name)}, and no check has that name; known are {', '.join(NAMES)}"
            )
    facts = windows if isinstance(windows, Mapping) else {}
    checks = [
        sha2(facts, lists),
        azure_code_signing(facts, lists),
        root_certificates(facts, lists, {thumbprint.upper() for thumbprint in importable}, root_updates_reachable),
        pending_reboot(facts, reboot_policy),
        free_space(facts, lists),
        shared_dlls(facts, lists),
        certificate_padding(facts),
    ]
    problems = texts(facts.get("problems"))
    return [_dress(check, problems, waivers) for check in checks]


def _dress(check: Check, problems: Sequence[str], waivers: Sequence[str]) -> Check:
    """What is the same for all checks: why something could not be read, and the waiver."""
    if check.result == "undetermined":
        said = [check.evidence] if check.evidence else []
        evidence = "; ".join([*said, *map(shorten, problems[:3])])
        remedy = f"{check.remedy}, or make sure yourself and add {check.name} to {WAIVED}."
        check = replace(check, evidence=evidence, remedy=remedy)
    return replace(check, waived=check.result in _BLOCKING and check.name in waivers)
