# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The report as plain JSON data, which every form of it is made from. docs/report.schema.json describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Raised when a key goes or means something else. A reader refuses a report whose number is higher than its own.
SCHEMA = 3
Document = Mapping[str, Any]
Row = Mapping[str, Any]
