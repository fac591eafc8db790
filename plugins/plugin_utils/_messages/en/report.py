# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Sentences of the report itself; what other rooms report comes with their own."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "check_waived": "Waived: {name} ({reason})",
    "not_judged": "The host could not be judged: {why}",
    "run_not_finished": "this run did not finish",
}
