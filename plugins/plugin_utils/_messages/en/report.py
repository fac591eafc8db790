# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Sentences of the report itself, and the names that people read for its words; others come with their own rooms."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "check_waived": "Waived: {name} ({reason})",
    "not_judged": "The host could not be judged: {why}",
    "run_not_finished": "this run did not finish",
    "in_no_report": "it is in none of the reports that this one was made from",
    # Events of the Manager about security updates
    "event_last_success": "The last security update succeeded at {time}.",
    "event_last_failure": "The last security update failed at {time}.",
    "event_certificate_expired": (
        "Security updates fail with error code -24: the code-signing certificate is not known."
    ),
    # Verdicts
    "verdict_name_affected": "affected",
    "verdict_name_conditional": "conditional",
    "verdict_name_fixed": "fixed",
    "verdict_name_indeterminate": "indeterminate",
    "verdict_name_mitigated": "mitigated",
    "verdict_name_not_affected": "not affected",
    "verdict_name_not_applicable": "not applicable",
    "verdict_name_not_installed": "not installed",
    "verdict_name_unknown": "unknown",
    "verdict_name_unreachable": "unreachable",
    # What was done
    "done_blocked": "blocked",
    "done_failed": "failed",
    "done_nothing": "nothing",
    "done_updated": "updated",
    "done_upgraded": "upgraded",
    "done_upgraded_and_updated": "upgraded and updated",
    "done_would_update": "would update",
    "done_would_upgrade": "would upgrade",
    "done_would_upgrade_and_update": "would upgrade and update",
    # Reboots
    "reboot_name_done": "rebooted",
    "reboot_name_pending": "reboot pending",
    "reboot_name_would_reboot": "would reboot",
    "reboot_name_would_wait": "reboot would wait",
    # Roles and platforms
    "role_agent": "Agent",
    "role_appliance": "virtual appliance",
    "role_manager": "Manager",
    "role_relay": "Relay",
    "role_unknown": "unknown role",
    "platform_linux": "Linux",
    "platform_macos": "macOS",
    "platform_unix": "Unix",
    "platform_unknown": "unknown platform",
    "platform_windows": "Windows",
}
