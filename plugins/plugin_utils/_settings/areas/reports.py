# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The report, and the gate."""

from __future__ import annotations

from ..setting import Setting

SETTINGS = (
    Setting(
        name="dsa_gate",
        kind="bool",
        description="Whether hosts that do not pass fail, so that the run does not end with exit status 0.",
        roles=("report", "plays"),
        default=True,
        example=False,
        of="run",
    ),
    Setting(
        name="dsa_report_path",
        kind="path",
        description="Where the JSON report goes on the controller.",
        roles=("report", "plays"),
        default="dsa-reports/report.json",
        example="/var/lib/dsa/report.json",
        of="run",
        in_readme=True,
    ),
    Setting(
        name="dsa_report_roles",
        kind="names",
        choices=("relay", "agent", "appliance", "manager"),
        description="The roles of hosts that the report and the gate are about. An empty list means all.",
        roles=("report", "plays"),
        default=[],
        default_text="all",
        example=["relay"],
        of="run",
    ),
)
