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
        description="Where the JSON report goes on the controller. Reports in other formats stand beside it, with the "
        "suffix of their format.",
        roles=("report", "plays"),
        default="dsa-reports/report.json",
        example="/var/lib/dsa/report.json",
        of="run",
        in_readme=True,
    ),
    Setting(
        name="dsa_report_to",
        kind="destinations",
        description="Where the report is sent as well, a list. Each entry has C(directory) and C(host) "
        "(of the inventory); or C(url), an address for HTTP PUT, and as needed C(username), C(password), C(headers), "
        "C(ca_path) and C(validate_certs); or C(tasks), a file of tasks of your own. In a directory or an address "
        "V({workflow}) stands for what all jobs of a workflow have in common, and V({run_id}) for the run.",
        roles=("report", "plays", "controller"),
        default_text="nowhere",
        example=[{"directory": "/srv/dsa", "host": "store-1"}, {"url": "https://store.example.com/dsa/"}],
        secret=True,
        of="run",
    ),
    Setting(
        name="dsa_report_roles",
        kind="names",
        choices=("relay", "agent", "appliance", "manager"),
        description="The roles of hosts that the report and the gate are about. An empty list means all. "
        "C(remediate_relays) and C(remediate_agents) have their own.",
        roles=("report", "plays"),
        default=[],
        default_text="all",
        example=["relay"],
        of="run",
    ),
    Setting(
        name="dsa_report_formats",
        kind="names",
        choices=("json", "html", "csv", "junit", "markdown", "openmetrics"),
        description="The formats of the report. V(json) is written always, as all others are made from it.",
        roles=("report", "plays"),
        default=["json", "html"],
        example=["json", "html", "csv", "junit"],
        of="run",
        in_readme=True,
    ),
    Setting(
        name="dsa_report_language",
        kind="choice",
        choices=("en", "ja"),
        description="The language of reports and of the summary on the terminal. Codes in the JSON report are the same "
        "in both.",
        roles=("report", "plays"),
        default="en",
        example="ja",
        of="run",
        in_readme=True,
    ),
    Setting(
        name="dsa_report_baseline",
        kind="path",
        description="An earlier JSON report. The report then has what was fixed since, what is newly affected, and "
        "which hosts are new or gone.",
        roles=("report", "plays"),
        example="/var/lib/dsa/report-before.json",
        of="run",
    ),
    Setting(
        name="dsa_report_from",
        kind="paths",
        description="For the playbook C(report), the JSON reports to make one report of: files, patterns, and folders "
        "of them, with V({workflow}) as in C(dsa_report_to). A host that is in several counts once, by its latest "
        "reading. A host of the inventory that is in none is V(unreachable).",
        roles=("plays",),
        example=["dsa-reports/slice-1.json", "dsa-reports/slice-2.json"],
        of="run",
        in_readme=True,
    ),
    Setting(
        name="dsa_report_max_age",
        kind="float",
        description="For the playbook C(report), how many hours ago the runs of C(dsa_report_from) may have ended. "
        "With an older one the report does not pass, as it may be of the night before.",
        roles=("plays",),
        default=12,
        minimum=0,
        unit="hours",
        example=72,
        of="run",
        in_readme=True,
    ),
    Setting(
        name="dsa_waivers",
        kind="waivers",
        description="What the gate lets pass although it does not comply, until a day and for a reason that the report "
        "names. It changes no verdict and no plan. Each has C(hosts) (a pattern of Ansible), C(verdicts) or "
        "C(findings) (codes of the report), C(reason), C(owner) and C(expires) (the last day, as V(2027-01-31)).",
        roles=("report", "plays"),
        default=[],
        default_text="none",
        example=[
            {
                "hosts": "osaka-*",
                "verdicts": ["unreachable"],
                "reason": "the site is closed",
                "owner": "ops@example.com",
                "expires": "2027-01-31",
            }
        ],
        of="run",
        in_readme=True,
    ),
    Setting(
        name="dsa_gate_on",
        kind="choice",
        choices=("compliance", "readiness"),
        description="What the exit status stands for. V(compliance), every host passes. V(readiness), for a "
        "remediation in check mode alone, every host that needs work can be worked on.",
        roles=("report", "plays"),
        default="compliance",
        example="readiness",
        of="run",
        in_readme=True,
    ),
    Setting(
        name="dsa_change_id",
        kind="str",
        description="The change or ticket that a run belongs to, for the report.",
        roles=("report", "plays"),
        example="CHG0031415",
        of="run",
    ),
    Setting(
        name="dsa_site",
        kind="str",
        description="The site of this host, by which the report counts. Without it the number of the Manager's group "
        "counts, as V(group 7), where the Manager is the inventory; C(compose) there can give it a name.",
        roles=("report",),
        example="osaka",
    ),
)
