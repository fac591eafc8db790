# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The values of credentials, from the settings that a playbook would read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from .._settings import Settings

# A shorter text would mask parts of ordinary words.
_SHORTEST = 4


def inputs_of(settings: Settings, content: Callable[[str], str]) -> dict[str, dict[str, str]]:
    """Credential → its values, for those with all that they require. content: the text of a file on the controller."""
    ca = content(settings["dsm_ca_path"]) if settings["dsm_ca_path"] else None
    package_ca = content(settings["dsa_package_ca_path"]) if settings["dsa_package_ca_path"] else None
    packages = json.dumps(settings["dsa_packages"]) if settings["dsa_packages"] else None
    found: dict[str, tuple[dict[str, str | None], dict[str, str | None]]] = {
        "manager": ({"url": settings["dsm_url"], "api_key": settings["dsm_api_key"]}, {"ca": ca}),
        "manager_nodes": ({"api_key": settings["dsm_api_key"]}, {"ca": ca}),
        "manager_user": (
            {"username": settings["dsm_username"], "password": settings["dsm_password"]},
            {"tenant": settings["dsm_tenant"]},
        ),
        "self_protection": ({"password": settings["dsa_self_protection_password"]}, {}),
        "packages": ({"packages": packages}, {"ca": package_ca}),
        "report_to": ({"destinations": _destinations(settings["dsa_report_to"])}, {}),
    }
    return {
        key: {name: value for name, value in {**required, **optional}.items() if value}
        for key, (required, optional) in found.items()
        if all(required.values())
    }


def _destinations(parsed: list[dict[str, Any]] | None) -> str | None:
    """As somebody writes them: what was parsed has keys of its own."""
    given = [
        {key: item for key, item in each.items() if key != "kind" and item not in (None, {})} for each in parsed or ()
    ]
    return json.dumps(given) if given else None


def secrets_of(settings: Settings) -> list[str]:
    """Every text that no message may have, the longest first."""
    names = ("dsa_controller_token", "dsm_api_key", "dsm_password", "dsa_self_protection_password")
    values = [settings[name] for name in names] + [
        settings[name] for name in ("dsa_controller_notification", "dsa_packages", "dsa_report_to")
    ]
    found = {text for value in values for text in _texts(value) if len(text) >= _SHORTEST}
    return sorted(found, key=len, reverse=True)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
