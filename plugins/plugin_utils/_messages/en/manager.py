# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Why the Manager must be upgraded before any agent, and what it does not do."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "manager_not_read": (
        "dsm_minimum_version is {minimum}, and the Manager's version is unknown; set dsm_url and dsm_api_key so that "
        "it can be read, or state it in dsm_version"
    ),
    "manager_unreadable": (
        "dsm_minimum_version is {minimum}, and the Manager's version could not be read: {problem}. Correct that, or "
        "state the version in dsm_version"
    ),
    "manager_older_line": (
        "the Manager must be upgraded first: its version {version} is of an older line than the target {target}; use, "
        "for example, the playbook remediate_managers"
    ),
    "manager_below_minimum": (
        "the Manager must be upgraded first: its version {version} is older than dsm_minimum_version {minimum}; use, "
        "for example, the playbook remediate_managers"
    ),
}
