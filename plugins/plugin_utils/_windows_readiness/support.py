# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What Windows itself must support: code signing with SHA-2, and Azure Code Signing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

from .._text import shorten
from .check import Check, join, mapping, number
from .host_state import reboot_reasons
from .model import ROLLUP, Lists, PackageRule


def sha2(facts: Mapping[str, object], lists: Lists) -> Check:
    name, what = "sha2_support", "SHA-2 code signing"
    build, version = number(facts.get("build")), facts.get("nt_version")
    if not build:
        return _no_build(name)
    if build >= lists.sha2_native_from:
        return Check(name, "pass", f"Windows build {build} supports {what}.", f"build {build}")
    rule = lists.sha2.get(version) if isinstance(version, str) else None
    if rule is None:
        return Check(
            name,
            "undetermined",
            f"The lists do not say what Windows {shorten(version)} (build {build}) needs for {what}.",
            f"build {build}",
            "Find out what this Windows needs and use lists of your own",
        )
    return _noted(_by_packages(name, what, build, rule, facts, lists), rule.note)


def azure_code_signing(facts: Mapping[str, object], lists: Lists) -> Check:
    name, what = "azure_code_signing_support", "Azure Code Signing"
    build, ubr = number(facts.get("build")), number(facts.get("ubr"))
    if not build:
        return _no_build(name)
    if build in lists.acs_native or build > lists.acs_native_above:
        return Check(name, "pass", f"Windows build {build} supports {what}.", f"build {build}")
    rule = lists.acs.get(build)
    if rule is None:
        return Check(
            name,
            "fail",
            f"There is no update that brings {what} to Windows build {build}.",
            f"build {build} is not in the table",
            "Bring the host to a Windows version that is still served.",
        )
    if isinstance(rule, PackageRule):
        check = _by_packages(name, what, build, rule, facts, lists)
    elif ubr is None:
        check = Check(
            name,
            "undetermined",
            f"{rule.windows} supports {what} from {build}.{rule.ubr} on, and the host's update revision is not known.",
            f"build {build}",
            "Look at the value UBR in the registry, below Windows NT\\CurrentVersion",
        )
    else:
        enough = ubr >= rule.ubr
        check = Check(
            name,
            "pass" if enough else "fail",
            f"{rule.windows} supports {what} from {build}.{rule.ubr} on, and this is {build}.{ubr}.",
            f"build {build}.{ubr}, at least {build}.{rule.ubr} required",
            "" if enough else f"Install {rule.get} or a later cumulative update.",
        )
    check = _noted(check, rule.note)
    if check.result == "fail" and reboot_reasons(facts):
        # An update that waits for a reboot does not show yet.
        check = replace(check, remedy=f"Reboot and look again, for a reboot is pending. {check.remedy}")
    return check


def _noted(check: Check, note: str) -> Check:
    return replace(check, evidence=f"{check.evidence}; {note}") if note else check


def _no_build(name: str) -> Check:
    return Check(
        name,
        "undetermined",
        "The build of Windows is not known.",
        "",
        "Look at CurrentBuildNumber in the registry, below Windows NT\\CurrentVersion",
    )


def _by_packages(
    name: str, what: str, build: int, rule: PackageRule, facts: Mapping[str, object], lists: Lists
) -> Check:
    """For Windows before 10. An update that is not there is no proof of the contrary: a later one may replace it."""
    wanted = f"{' or '.join(rule.proof)} or a later monthly rollup"
    packages = facts.get("servicing_packages")
    if not isinstance(packages, (list, tuple)):
        return Check(
            name,
            "undetermined",
            f"{rule.windows} needs {wanted} for {what}, and the installed updates are not known.",
            f"build {build}",
            "Look at the installed updates",
        )
    proofs, open_questions = [], []
    for entry in packages:
        fields = mapping(entry)
        package, state = fields.get("name"), number(fields.get("state"))
        if not isinstance(package, str):
            open_questions.append(f"an update without a name ({shorten(entry)})")
            continue
        says = _says(package, build, rule)
        if says == "proof" and state in lists.installed_states:
            proofs.append(shorten(package))
        elif says != "nothing":
            open_questions.append(f"{shorten(package)} in state {state}")
    if proofs:
        return Check(name, "pass", f"{rule.windows} has an update with {what}.", f"installed: {join(proofs)}")
    if open_questions:
        return Check(
            name,
            "undetermined",
            f"{rule.windows} needs {wanted} for {what}, and what is installed leaves that open.",
            f"build {build}; found: {join(open_questions)}",
            f"If that is too old, {rule.get}",
        )
    return Check(
        name,
        "fail",
        f"{rule.windows} needs {wanted} for {what}, and none is installed.",
        f"build {build}; none of {', '.join(rule.proof)} and no rollup with it",
        f"{rule.get[0].upper()}{rule.get[1:]}.",
    )


def _says(package: str, build: int, rule: PackageRule) -> Literal["proof", "question", "nothing"]:
    """What a package's name says about the support, if the package is installed."""

    def names(words: Iterable[str]) -> bool:
        return any(re.search(rf"{word}(?![0-9])", package, re.IGNORECASE) for word in words)

    if names(rule.proof):
        return "proof"
    if names(rule.hints):
        return "question"
    if ROLLUP.lower() not in package.lower():
        return "nothing"
    # Package_for_RollupFix~31bf3856ad364e35~amd64~~7601.25740.1.12: revisions are compared within one build only.
    version = re.search(r"~([0-9]{1,9})\.([0-9]{1,9})(?:\.[0-9]+)*\Z", package)
    if version is None or int(version[1]) != build or rule.rollup_from is None:
        return "question"
    if int(version[2]) >= rule.rollup_from:
        return "proof"
    return "nothing" if rule.older_rollups_lack_it else "question"
