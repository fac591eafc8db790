# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The names of all objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._settings import SettingsError

NAMES: Mapping[str, str] = {
    "type_manager": "Manager",
    "type_manager_nodes": "Manager, key alone",
    "type_manager_user": "Manager, legacy user",
    "type_self_protection": "self-protection",
    "type_packages": "packages",
    "type_report_to": "where reports go",
    "credential_manager": "Manager",
    "credential_manager_nodes": "Manager, key alone",
    "credential_manager_user": "Manager, legacy user",
    "credential_self_protection": "self-protection",
    "credential_packages": "packages",
    "credential_report_to": "where reports go",
    "project": "project",
    "execution_environment": "execution environment",
    "inventory": "inventory",
    "inventory_source": "Manager's computers",
    "gate": "gate",
    "gate_by_manager": "gate by the Manager",
    "gate_host": "gate a host",
    "predict": "predict",
    "managers": "Managers",
    "relays": "Relays",
    "agents": "Agents",
    "recover": "recover",
    "report": "report",
    "workflow": "remediation",
    "schedule": "gate every night",
    "notification": "notification",
}
# The modules find these by name among one another, so that each needs a name of its own.
_TEMPLATES = (
    *("project", "inventory_source", "gate", "gate_by_manager", "gate_host", "predict", "managers", "relays", "agents"),
    *("recover", "report", "workflow"),
)
_LONGEST = 512


def names_of(prefix: str, own: Mapping[str, Any]) -> dict[str, str]:
    """Key → name. Raises SettingsError for names that AWX, or its modules, cannot use."""
    names = {key: f"{prefix}: {word}" for key, word in NAMES.items()}
    for key, name in own.items():
        if key not in NAMES:
            raise SettingsError(f"dsa_controller_names has the key {key}; known are {', '.join(NAMES)}")
        names[key] = str(name).strip()
    for key, name in names.items():
        # The modules take a number for an ID, and ++ for a path of names.
        if not name or name.isdecimal() or "++" in name or len(name) > _LONGEST:
            raise SettingsError(f"the name {name!r} for {key} cannot be used: write a text with letters and without ++")
    for number, key in enumerate(_TEMPLATES):
        same = [other for other in _TEMPLATES[:number] if names[other] == names[key]]
        if same:
            raise SettingsError(f"{same[0]} and {key} both have the name {names[key]!r}; give each a name of its own")
    return names
