# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What this collection needs in AWX or Automation Platform, as data; and how that is made there."""

from __future__ import annotations

from .client import Client, ControllerError
from .model import Given, Object, Ref
from .objects import objects_of
from .removal import name_left_over, remove
from .setup import Port, SetUp

__all__ = [
    "Client",
    "ControllerError",
    "Given",
    "Object",
    "Port",
    "Ref",
    "SetUp",
    "name_left_over",
    "objects_of",
    "remove",
]
