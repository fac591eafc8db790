# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Whether a Manager needs an upgrade: the operator's settings, and what dsm_info read."""

from __future__ import annotations

import re
import typing as t
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ...module_utils._dsm import CLOUD_ONE
from .._settings import SettingsError
from .._settings.values import flag_of, is_blank, text_of, whole_of
from .._text import shorten
from .version import manager_version

_SHA256 = re.compile(r"[0-9A-Fa-f]{64}\Z")
_OVERWRITE = re.compile(r"^\s*UpgradeVerificationScreen\.Overwrite\s*[=:]\s*true\s*$", re.IGNORECASE | re.MULTILINE)
_TIMES = ("dsm_install_timeout", "dsm_start_timeout", "dsm_upgrade_interval")
_NOT_YOURS = (
    "is Workload Security, whose Manager the vendor runs and upgrades: there is nothing to do; take the host out of "
    "the group deep_security_managers"
)


@dataclass(frozen=True)
class Decision:
    """An objection stops everything; without one the Manager is upgraded, unless it has reached the target."""

    reached: bool = False
    objection: str = ""
    installed: str = ""
    """The version before, empty where it was not read yet or is unknown."""
    state: str = ""
    """How the Manager answered, for a sentence."""


def decide(
    settings: Mapping[str, object],
    info: Mapping[str, t.Any] | None = None,
    addresses: Sequence[object] = (),
    answers: str = "",
) -> dict[str, object]:
    """A Decision as a dictionary.

    settings: variable → value, null or empty where it is not set. info: the result of dsm_info, None before it ran.
    addresses: dsm_url of every host of the play. answers: the content of the answer file.
    """
    try:
        _check(settings, addresses, answers)
        decision = Decision() if info is None else _judge(settings, info)
    except SettingsError as error:
        decision = Decision(objection=str(error))
    return asdict(decision)


def _check(settings: Mapping[str, object], addresses: Sequence[object], answers: str) -> None:
    """Raises SettingsError for what cannot work, whatever the Manager answers."""
    url = text_of(_needed(settings, "dsm_url", "the address of this Manager"), "dsm_url")
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not host:
        raise SettingsError(f"dsm_url is {shorten(url)}; write an address such as https://dsm.example.com:4119")
    if CLOUD_ONE.search(host) or settings.get("dsm_api_key_type") == "cloud_one":
        raise SettingsError(f"dsm_url {url} {_NOT_YOURS}")
    shared = [one for one, times in Counter(str(one).strip().rstrip("/") for one in addresses).items() if times > 1]
    if shared:
        raise SettingsError(
            f"dsm_url is {shared[0]} for several Managers; give every node its own address, not that of a load "
            "balancer: another node may have another version"
        )
    _needed(settings, "dsm_api_key", "the secret of an API key")
    target = manager_version(
        _needed(settings, "dsm_target_version", "the Manager's version to reach, such as 20.0.737"),
        "dsm_target_version",
    )
    minimum = settings.get("dsm_minimum_version")
    if minimum and target < manager_version(minimum, "dsm_minimum_version"):
        raise SettingsError(
            f"dsm_target_version {settings['dsm_target_version']} is older than dsm_minimum_version {minimum}; name a "
            "newer target, or correct the minimum"
        )
    _file(settings, "dsm_installer", "the vendor's installer")
    _check_checksum(settings)
    _file(settings, "dsm_answer_file", "the properties for the installer")
    if _OVERWRITE.search(answers):
        raise SettingsError(
            "dsm_answer_file has UpgradeVerificationScreen.Overwrite=True, which is for a new installation over the "
            "old one; write UpgradeVerificationScreen.Overwrite=False for an upgrade"
        )
    for name in _TIMES:
        if not is_blank(settings.get(name)):
            whole_of(settings[name], name, minimum=1)
    arguments = settings.get("dsm_installer_arguments") or []
    if not isinstance(arguments, (list, tuple)) or not all(isinstance(one, str) for one in arguments):
        raise SettingsError(
            f"dsm_installer_arguments is {shorten(arguments)}; write a list of texts, of which "
            "{answer_file} becomes the path of the answer file"
        )


def _check_checksum(settings: Mapping[str, object]) -> None:
    verify, checksum = settings.get("dsm_verify_installer"), settings.get("dsm_installer_checksum")
    if not is_blank(verify) and not flag_of(verify, "dsm_verify_installer"):
        return
    if not checksum:
        raise SettingsError(
            "dsm_installer_checksum is not set; give the SHA-256 that the vendor states for the installer, or set "
            "dsm_verify_installer to false to install it unverified"
        )
    if not isinstance(checksum, str) or not _SHA256.match(checksum.strip()):
        raise SettingsError(f"dsm_installer_checksum is {shorten(checksum)}; a SHA-256 has 64 hexadecimal digits")


def _judge(settings: Mapping[str, object], info: Mapping[str, t.Any]) -> Decision:
    """What the version in dsm_info's result means. Raises SettingsError."""
    target_text, stated = settings["dsm_target_version"], settings.get("dsm_version")
    target = manager_version(target_text, "dsm_target_version")
    manager = info.get("manager")
    if isinstance(manager, Mapping):
        if (info.get("api_key") or {}).get("type") == "cloud_one":
            raise SettingsError(f"dsm_url {settings['dsm_url']} {_NOT_YOURS}")
        if not manager.get("version"):
            why = "; ".join(map(str, info.get("problems") or [])) or "no reason given"
            objection = (
                f"the Manager's version is unknown ({why}), so the success of an upgrade could not be verified. The "
                "version comes from the Manager's legacy interface; check whether that is switched off"
            )
            return Decision(objection=objection, state="answers without a version")
        text = str(manager["version"])
        installed = manager_version(text, "the Manager's version")
        state = f"answers with {text}"
    else:
        state = f"does not answer: {info.get('msg') or 'no reason given'}"
        # A Manager that answers, but refuses the key or is not one at all, is running: its stated version may be wrong.
        silent = info.get("answered") is False
        if not stated or not silent or manager_version(stated, "dsm_version") >= target:
            objection = (
                f"the Manager {state}. Nothing was changed. If it is a node that was shut down when another one was "
                "upgraded, state its old version in dsm_version"
            )
            return Decision(objection=objection, state=state)
        text = str(stated)
        installed = manager_version(text, "dsm_version")
    if target[:2] < installed[:2]:
        raise SettingsError(
            f"dsm_target_version {target_text} is of an older line than the Manager, which has {text}; a Manager "
            "cannot go back: name a newer target"
        )
    if installed >= target:
        return Decision(reached=True, installed=text, state=state)
    confirmed = settings.get("dsm_backup_confirmed")
    if is_blank(confirmed) or not flag_of(confirmed, "dsm_backup_confirmed"):
        objection = (
            f"the Manager has {text} and needs {target_text}. An upgrade changes its database and cannot be undone: "
            "make a backup of the database, then set dsm_backup_confirmed to true. Nothing was changed"
        )
        return Decision(objection=objection, installed=text, state=state)
    return Decision(installed=text, state=state)


def _needed(settings: Mapping[str, object], name: str, what: str) -> object:
    value = settings.get(name)
    if is_blank(value):
        raise SettingsError(f"{name} is not set; give {what}")
    return value


def _file(settings: Mapping[str, object], name: str, what: str) -> None:
    value = text_of(_needed(settings, name, f"{what}, a file on the controller"), name)
    if not Path(value).expanduser().is_file():
        raise SettingsError(f"{name} is {shorten(value)}, which is no file on the controller; give {what}")
