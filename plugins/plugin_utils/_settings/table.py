# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""All settings by name, and their aliases."""

from __future__ import annotations

from collections.abc import Mapping

from .areas import (
    agent,
    controller,
    fleet,
    manager,
    manager_upgrade,
    packages,
    recover,
    reports,
    security_update,
    upgrade,
)
from .setting import Setting

_AREAS = (fleet, packages, upgrade, agent, security_update, recover, reports, manager, manager_upgrade, controller)
SETTINGS: Mapping[str, Setting] = {setting.name: setting for area in _AREAS for setting in area.SETTINGS}
# alias → name
ALIASES: Mapping[str, str] = {alias: setting.name for setting in SETTINGS.values() for alias in setting.aliases}
