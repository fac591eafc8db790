# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Relays tell the agents of the fleet, as they would through the Manager: a folder that all hosts share."""

from __future__ import annotations

import os

from . import builds, world

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional


def publish(folder: str, name: str, platform: str, running: bool, build: Optional[str], updated: object) -> None:
    told = {"running": running, "platform": platform, "build": build, "updated_with": updated}
    world.save("%s/%s.json" % (folder, name), told)


def good(folder: str, uses: Optional[List[str]]) -> Optional[List[str]]:
    """The Relays an agent uses that run, are fixed, and updated themselves since; None if there is no Relay to use."""
    known = sorted(name[:-5] for name in os.listdir(folder) if name.endswith(".json"))
    names = uses if uses is not None else known
    found = []
    for name in names:
        relay = world.load("%s/%s.json" % (folder, name))
        platform = str(relay.get("platform"))
        works = relay.get("running") and builds.can_update(str(relay.get("build")), platform, False)
        if works and builds.can_update(str(relay.get("updated_with")), platform, False):
            found.append(name)
    return None if not names else found


def why_no_update(build: str, platform: str, is_relay: bool, folder: str, uses: Optional[List[str]]) -> Optional[str]:
    """Why an agent's security update fails, or None when it works."""
    relays = None if is_relay else good(folder, uses)
    if not builds.can_update(build, platform, bool(relays)):
        return "own_build"
    if relays == []:
        return "relay_not_ready"
    return None
