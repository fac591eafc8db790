# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Removes what this role made. What lacks its mark is somebody else's, and stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .client import ControllerError
from .model import MARK, Object
from .setup import SetUp
from .waiting import is_gone

# What a module needs to find an object that is to go.
_IDENTITY: Mapping[str, tuple[str, ...]] = {
    "credential_type": ("name",),
    "execution_environment": ("name",),
    "credential": ("name", "organization", "credential_type"),
    "inventory_source": ("name", "organization", "inventory"),
    "schedule": ("name", "organization", "unified_job_template"),
}
_CASCADED = ("workflow_job_template_node",)
# Of the organization, where what was made under other names is found.
_LISTED = (
    *("credentials", "execution_environments", "projects", "inventories", "notification_templates", "job_templates"),
    "workflow_job_templates",
)


def remove(setup: SetUp, objects: Sequence[Object]) -> None:
    """Remove what is there, in the reverse order."""
    there = []
    for each in objects:
        found = setup.existing(each) if each.kind not in _CASCADED else None
        if found and setup.is_ours(found):
            there.append((each, found))
        elif found:
            setup.note("left_over", each.label)
    _refuse_used_types(setup, there)
    for each, found in reversed(there):
        wanted = _IDENTITY.get(each.kind, ("name", "organization"))
        identity = {name: value for name, value in each.arguments.items() if name in wanted}
        setup.remove(each, {**identity, "state": "absent"})
        waits = each.kind == "inventory" and not setup.port.check_mode
        if waits and not is_gone(setup.client, found["id"], setup.pause):
            text = f"AWX has not yet removed the inventory {each.name!r}, and its name is taken until then"
            setup.done.warnings.append(text)


def name_left_over(setup: SetUp, objects: Sequence[Object]) -> None:
    """Name what this role made and these objects do not have, such as those of another prefix."""
    known = {*(each.label for each in objects), *setup.done.removed}
    scopes = {endpoint: {"organization": setup.ids.get("organization")} for endpoint in _LISTED}
    scopes["schedules"] = {"unified_job_template": setup.ids.get("gate")}
    for endpoint, scope in scopes.items():
        found = setup.client.all(endpoint, description__contains=MARK, **scope) if all(scope.values()) else []
        for label in (f"{each['type']} {each['name']}" for each in found):
            if label not in known:
                setup.note("left_over", label)


def _refuse_used_types(setup: SetUp, there: Sequence[tuple[Object, Mapping[str, Any]]]) -> None:
    """AWX removes no credential type that is used, and would stop in the middle."""
    ours = {str(found["id"]) for each, found in there if each.kind == "credential"}
    for each, found in there:
        if each.kind == "credential_type":
            users = setup.client.all("credentials", credential_type=found["id"])
            others = sorted(user["name"] for user in users if str(user["id"]) not in ours)
            if others:
                raise ControllerError(
                    f"the credential type {each.name!r} is used by {', '.join(others)}, which this role did not "
                    "make: remove them first. Nothing was removed"
                )
