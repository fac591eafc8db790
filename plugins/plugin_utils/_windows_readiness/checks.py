# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""From the facts of a Windows host to what stands between it and an upgrade.

A check passes only on evidence. What could not be read, or what the lists leave open, is undetermined, and that stops
an upgrade as a failure does, until the operator waives the check by its name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from .._settings import SettingsError
from .._settings.values import names_of
from .._text import shorten
from .certificates import DIRECTORY
from .model import ROLLUP, Lists, PackageRule, Root

Result = Literal["pass", "warn", "fail", "undetermined"]

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
REACHABLE = "dsa_root_updates_reachable"
_BLOCKING = ("fail", "undetermined")
_POLICIES = ("never", "if_required", "always")
# Antivirus programs, this one too, note such renames all the time (the module counts the agent's own apart).
_NOISE = "file_rename_other"
_MIB = 1024 * 1024


@dataclass(frozen=True)
class Check:
    """One check: reason is one sentence; evidence is what it rests on; remedy is empty where all is well."""

    name: str
    result: Result
    reason: str
    evidence: str = ""
    remedy: str = ""
    waived: bool = False
    """Whether the operator's waiver is what keeps it from stopping the upgrade."""

    def as_dict(self) -> dict[str, object]:
        """The check as plain data."""
        return asdict(self)


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
        _sha2(facts, lists),
        _azure_code_signing(facts, lists),
        _root_certificates(facts, lists, {thumbprint.upper() for thumbprint in importable}, root_updates_reachable),
        _pending_reboot(facts, reboot_policy),
        _free_space(facts, lists),
        _shared_dlls(facts, lists),
        _certificate_padding(facts),
    ]
    problems = _texts(facts.get("problems"))
    return [_dress(check, problems, waivers) for check in checks]


def _dress(check: Check, problems: Sequence[str], waivers: Sequence[str]) -> Check:
    """What is the same for all checks: why something could not be read, and the waiver."""
    if check.result == "undetermined":
        said = [check.evidence] if check.evidence else []
        evidence = "; ".join([*said, *map(shorten, problems[:3])])
        remedy = f"{check.remedy}, or make sure yourself and add {check.name} to {WAIVED}."
        check = replace(check, evidence=evidence, remedy=remedy)
    return replace(check, waived=check.result in _BLOCKING and check.name in waivers)


# --- what the facts hold, read so that junk is the same as nothing ---------------------------------------------------


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, (list, tuple)) else []


def _mapping(value: object) -> Mapping[object, object]:
    return value if isinstance(value, Mapping) else {}


# --- what Windows itself must support --------------------------------------------------------------------------------


def _sha2(facts: Mapping[str, object], lists: Lists) -> Check:
    name, what = "sha2_support", "SHA-2 code signing"
    build, version = _number(facts.get("build")), facts.get("nt_version")
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


def _azure_code_signing(facts: Mapping[str, object], lists: Lists) -> Check:
    name, what = "azure_code_signing_support", "Azure Code Signing"
    build, ubr = _number(facts.get("build")), _number(facts.get("ubr"))
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
            f"build {build}.{ubr}, at least {build}.{rule.ubr} wanted",
            "" if enough else f"Install {rule.get} or a later cumulative update.",
        )
    check = _noted(check, rule.note)
    if check.result == "fail" and _reboot_reasons(facts):
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
        fields = _mapping(entry)
        package, state = fields.get("name"), _number(fields.get("state"))
        if not isinstance(package, str):
            open_questions.append(f"an update without a name ({shorten(entry)})")
            continue
        says = _says(package, build, rule)
        if says == "proof" and state in lists.installed_states:
            proofs.append(shorten(package))
        elif says != "nothing":
            open_questions.append(f"{shorten(package)} in state {state}")
    if proofs:
        return Check(name, "pass", f"{rule.windows} has an update with {what}.", f"installed: {_join(proofs)}")
    if open_questions:
        return Check(
            name,
            "undetermined",
            f"{rule.windows} needs {wanted} for {what}, and what is installed leaves that open.",
            f"build {build}; found: {_join(open_questions)}",
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


# --- what Windows must trust -----------------------------------------------------------------------------------------

_THERE, _UNKNOWN, _MISSING, _DISTRUSTED = "there", "not known", "missing", "distrusted by the store Disallowed"
_IMPORTED, _FETCHED = "missing, will be imported", "missing, Windows fetches it when it is needed"
_STORES = ("Root", "AuthRoot", "Disallowed")


def _root_certificates(facts: Mapping[str, object], lists: Lists, importable: set[str], reachable: bool) -> Check:
    """Only the stores count: on a connected host, building a chain would fetch roots and so change the host."""
    name = "root_certificates"
    stores = _stores(facts)
    unread = [store for store in _STORES if store not in stores]
    updates = _mapping(facts.get("root_update"))
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
        str(store): {text.upper() for text in _texts(value)}
        for store, value in _mapping(facts.get("certificates")).items()
        if isinstance(value, (list, tuple)) and len(_texts(value)) == len(value)
    }


def _updates(updates: Mapping[object, object]) -> str:
    disabled, source = updates.get("disabled"), updates.get("source")
    if not isinstance(disabled, bool):
        return "not known"
    return "no" if disabled else f"yes, from {shorten(source) if isinstance(source, str) else 'Windows Update'}"


def _names(roots: Sequence[Root]) -> str:
    return _join([root.name for root in roots])


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


# --- the state of the host -------------------------------------------------------------------------------------------


def _reboot_reasons(facts: Mapping[str, object]) -> list[str]:
    """Why a reboot is pending; empty where none is, or where that is not known."""
    reboot = _mapping(facts.get("reboot"))
    reasons = [text for text in _texts(reboot.get("reasons")) if text.partition(":")[0].strip() != _NOISE]
    return reasons or (["no reason given"] if reboot.get("required") is True else [])


def _pending_reboot(facts: Mapping[str, object], policy: str) -> Check:
    name, reboot = "pending_reboot", _mapping(facts.get("reboot"))
    reasons = _reboot_reasons(facts)
    if reasons:
        because = _join([shorten(text) for text in reasons])
        who = _join([shorten(text.partition(":")[0])[1:-1] for text in reasons])
        if policy == "never":
            remedy = "Reboot the host, or set dsa_reboot to if_required so that it is done for you."
            return Check(name, "fail", f"A reboot is pending ({who}), and none is allowed.", because, remedy)
        remedy = "Nothing needs to be done now."
        return Check(name, "warn", f"A reboot is pending ({who}), and it is done first.", because, remedy)
    noise = _texts(reboot.get("reasons"))
    if reboot.get("required") is not False or reboot.get("reasons") != noise:
        reason = "Whether a reboot is pending is not known."
        return Check(name, "undetermined", reason, "", "Look at the host, or reboot it")
    if noise:
        reason = "Other programs want to rename files at the next reboot, which does not stop the upgrade."
        return Check(name, "warn", reason, _join([shorten(text) for text in noise]), "Reboot when it suits.")
    return Check(name, "pass", "No reboot is pending.", "no reason found")


def _free_space(facts: Mapping[str, object], lists: Lists) -> Check:
    name, free = "free_space", _number(facts.get("free_bytes"))
    drive = next((text for text in _texts([facts.get("drive")]) if re.fullmatch(r"[A-Za-z]:", text)), None)
    where = f"drive {drive}" if drive else "the system drive"
    if free is None:
        reason = f"How much of {where} is free is not known."
        return Check(name, "undetermined", reason, "", f"Look whether {where} has {lists.minimum_free_mib} MiB free")
    enough = free >= lists.minimum_free_mib * _MIB
    return Check(
        name,
        "pass" if enough else "fail",
        f"Of {where} {free // _MIB} MiB are free, and {lists.minimum_free_mib} MiB are wanted.",
        f"{free} bytes",
        "" if enough else f"Free {lists.minimum_free_mib - free // _MIB} MiB more of {where}.",
    )


# --- what is worth a warning and no more: unknown is a warning too, for no answer could stop the upgrade --------------


def _shared_dlls(facts: Mapping[str, object], lists: Lists) -> Check:
    """The upgrade of an older agent counts each of its users down by one, and at zero the file can be removed."""
    name, counts = "shared_dlls", facts.get("shared_dlls")
    if not isinstance(counts, Mapping) or (lists.shared_dlls and not counts):
        reason = "Who else uses the Visual C++ runtime of older agents is not known."
        return Check(name, "warn", reason, "", "Look after the upgrade whether other programs still start.")
    # No count: nobody registered the file, so the agent did not either, and nothing is counted down. Where the reader
    # says that it could not look, it is no answer.
    if any(text.startswith("shared_dlls:") for text in _texts(facts.get("problems"))):
        counts = {path: count if count is not None else "not read" for path, count in counts.items()}
    last = [str(path) for path, count in counts.items() if (number := _number(count)) is not None and number < 2]
    odd = [str(path) for path, count in counts.items() if count is not None and _number(count) is None]
    if last or odd:
        return Check(
            name,
            "warn",
            "The upgrade may remove Visual C++ runtime files that other programs use.",
            f"fewer than two users, or not known: {_join([shorten(path) for path in last + odd])}",
            "Install the redistributable packages of Visual C++ 2012 and 2015 before.",
        )
    counted = sum(count is not None for count in counts.values())
    evidence = f"{counted} of {len(counts)} files are counted, each for two users or more"
    return Check(name, "pass", "No shared runtime file hangs on the agent alone.", evidence)


def _certificate_padding(facts: Mapping[str, object]) -> Check:
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


def _join(texts: Sequence[str]) -> str:
    """At most five, so that it stays readable."""
    return ", ".join(texts[:5]) + (f" and {len(texts) - 5} more" if len(texts) > 5 else "")
