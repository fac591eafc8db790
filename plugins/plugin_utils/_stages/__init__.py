# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What is done to one host, stage after stage. No Ansible in here: a port stands between."""

from __future__ import annotations

from .driver import carry, read, restore
from .port import HostLost, Port
from .upgrade import begin_by_manager

__all__ = ["HostLost", "Port", "begin_by_manager", "carry", "read", "restore"]
