# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What a run asks of the Manager once: its version before the plan, failed updates before the report."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Mapping

from .._settings import Settings
from .hosts import settings_of
from .run import Run

# what → the module that gives it, and the settings that it needs beside dsm_url.
_MODULES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "version": ("dsm_info", ("dsm_api_key",)),
    "events": ("dsm_event_info", ("dsm_username", "dsm_password")),
}
_CONNECTION = {
    "url": "dsm_url",
    "ca_path": "dsm_ca_path",
    "validate_certs": "dsm_validate_certs",
    "use_proxy": "dsm_use_proxy",
}
_KEY = {"api_key": "dsm_api_key", "api_key_type": "dsm_api_key_type"}
_USER = {"username": "dsm_username", "password": "dsm_password", "tenant": "dsm_tenant"}
# A setting that the module can also take from the environment.
_ENVIRONMENT = {"dsm_api_key": "DSM_API_KEY"}


def manager_hosts(run: Run, what: str) -> list[str]:
    """One host whose settings name the Manager, for a task that queries it; none where no host does."""
    if run.errors:
        return []
    for name in run.scope:
        if _named(settings_of(name, run.variables["hostvars"][name]), what):
            return [name]
    return []


def query(what: str, settings: Settings) -> tuple[str, dict[str, t.Any]]:
    """The module that answers, and its options."""
    names = {**_CONNECTION, **(_KEY if what == "version" else _USER)}
    options = {option: settings[name] for option, name in names.items() if settings.is_set(name)}
    return _MODULES[what][0], options


def _named(settings: Settings, what: str) -> bool:
    needed = ("dsm_url", *_MODULES[what][1])
    return all(settings[name] or os.environ.get(_ENVIRONMENT.get(name, "")) for name in needed)
