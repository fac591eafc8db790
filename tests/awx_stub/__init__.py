# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the API of AWX 24, as its documentation has it: what a test sends is checked, and nothing is run."""

from __future__ import annotations

from .modules import run_module
from .server import TOKEN, Awx, serving

__all__ = ["TOKEN", "Awx", "run_module", "serving"]
