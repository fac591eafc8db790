# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.
"""Labels of the report as CSV and in Markdown."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    # Heads of the columns of CSV
    "format_csv_host": "host",
    "format_csv_passed": "passed",
    "format_csv_verdict": "verdict",
    "format_csv_next": "next step",
    "format_csv_reason": "reason",
    "format_csv_role": "role",
    "format_csv_platform": "platform",
    "format_csv_os": "operating system",
    "format_csv_site": "site",
    "format_csv_relays": "Relays",
    "format_csv_version_before": "build before",
    "format_csv_version": "build",
    "format_csv_target": "target build",
    "format_csv_updated": "security update proven",
    "format_csv_done": "done",
    "format_csv_reboot": "reboot",
    "format_csv_ready": "ready",
    "format_csv_verdict_before": "verdict before",
    "format_csv_reason_code": "reason code",
    "format_csv_findings": "findings",
    "format_csv_waived": "waived",
    "format_csv_stage": "last stage",
    "format_csv_error": "error",
    "format_csv_seconds": "seconds",
    "format_csv_read_at": "read at",
    "format_csv_source": "source",
    # Markdown
    "format_run": "Run {run_id} of {playbook} by {user}: {started} to {finished}",
    "format_change": "Change {change_id}",
    "format_heading_errors": "Errors of the run",
    "format_heading_next": "What to do next",
    "format_heading_difference": "Since the earlier report",
    "format_heading_waivers": "Waivers",
    "format_next": "{next} Hosts: {count} ({hosts})",
    "format_more": "… and {count} more",
}
