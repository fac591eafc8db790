# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Everything about the Manager on the controller: its version, its upgrade, its tasks, and names for its computers."""

from __future__ import annotations

from .version import manager_objection, manager_version

__all__ = ["manager_objection", "manager_version"]
