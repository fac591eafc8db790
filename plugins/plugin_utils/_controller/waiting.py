# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What AWX does some time after it has answered."""

from __future__ import annotations

from collections.abc import Callable, Collection

from .client import Client, ControllerError

Pause = Callable[[float], None]
_ENDED = ("successful", "failed", "error", "canceled")
# So many seconds an update of a project, and the removal of an inventory, may take.
_UPDATE, _GONE = 600, 120


def wait_for_project(client: Client, key: str, name: str, playbooks: Collection[str], pause: Pause) -> None:
    """A template can only name a playbook that the project's update has brought. Raises where it does not come."""
    for _second in range(_UPDATE):
        found = client.get(f"projects/{key}")
        if found["status"] in _ENDED:
            break
        pause(1)
    if found["status"] != "successful":
        raise ControllerError(
            f"the update of the project {name!r} is {found['status']}: read its output in AWX, "
            "correct dsa_controller_scm_url or the credential, and run again"
        )
    missing = sorted(set(playbooks) - set(client.get(f"projects/{key}/playbooks")))
    if missing:
        raise ControllerError(
            f"the project {name!r} has no {', '.join(missing)}: copy docs/awx/project there, or "
            "set dsa_controller_playbook_dir"
        )


def is_gone(client: Client, inventory: int, pause: Pause) -> bool:
    """Whether AWX has removed an inventory: it does so some time later, and until then its name is taken."""
    for _second in range(_GONE):
        if not client.get("inventories", id=inventory)["count"]:
            return True
        pause(1)
    return False
