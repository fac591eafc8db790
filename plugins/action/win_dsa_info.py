# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the agent of a Windows host: dsa_info under the name that its module has there."""

from __future__ import annotations

from .dsa_info import ActionModule

__all__ = ["ActionModule"]
