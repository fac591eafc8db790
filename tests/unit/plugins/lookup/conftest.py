# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A controller for every test of this folder."""

from __future__ import annotations

from tests.unit.controller import controller

__all__ = ["controller"]
