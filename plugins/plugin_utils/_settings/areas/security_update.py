# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The security update that follows an upgrade."""

from __future__ import annotations

from ..setting import Setting

_ROLES = ("security_update",)

SETTINGS = (
    Setting(
        name="dsa_security_update_through",
        kind="choice",
        choices=("host", "manager"),
        description="What starts an update. V(host): each agent requests its own. V(manager): one task of the Manager "
        "for all hosts of a batch that the inventory plugin knows; the others request their own.",
        roles=_ROLES,
        default="host",
        example="manager",
    ),
    Setting(
        name="dsa_security_update_timeout",
        kind="int",
        minimum=1,
        unit="seconds",
        description="How long a security update may take, in seconds. Give Relays hours.",
        roles=_ROLES,
        default=1800,
        example=7200,
        in_readme=True,
    ),
    Setting(
        name="dsa_security_update_interval",
        kind="int",
        minimum=1,
        unit="seconds",
        description="How long to wait between two reads of an update, in seconds.",
        roles=_ROLES,
        default=15,
        example=30,
    ),
    Setting(
        name="dsa_security_update_trigger",
        kind="names",
        description="The arguments of C(dsa_control) that request a security update. The default is not confirmed by a "
        "public text of the vendor: try it on one host.",
        roles=_ROLES,
        default=["-m", "UpdateComponent:true"],
        example=["-m", "UpdateComponent:true"],
    ),
    Setting(
        name="dsa_security_update_success_regex",
        kind="regex",
        description="What a line of the agent's log contains when an update succeeded. The wording is not confirmed.",
        roles=_ROLES,
        default=r"Anti-Malware Component Update Successful|\|\s*9016\s*\|",
        example="Component Update Successful",
    ),
    Setting(
        name="dsa_security_update_failure_regex",
        kind="regex",
        description="What a line of the agent's log contains when an update failed. The wording is not confirmed.",
        roles=_ROLES,
        default=r"IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE|Anti-Malware Component Update Failed|\|\s*9017\s*\|",
        example="Component Update Failed",
    ),
    Setting(
        name="dsa_security_update_filter",
        kind="filter",
        description="Which computers the Manager's task takes in, where that is not to be found out. Exactly one of "
        "C(computer_group_id), C(policy_id), C(smart_folder_id) and C(all), see "
        "M(deep_security.remediation.dsm_security_update).",
        roles=_ROLES,
        example={"smart_folder_id": 4},
    ),
    Setting(
        name="dsa_security_update_max_tasks",
        kind="int",
        minimum=1,
        description="How many tasks of the Manager may be used for the updates of one batch. Hosts that are left over "
        "request their own update.",
        roles=_ROLES,
        default=20,
        example=5,
    ),
    Setting(
        name="dsa_security_update_settle",
        kind="int",
        minimum=0,
        unit="seconds",
        description="After how long unchanged data of the Manager count as its result, in seconds. It must be longer "
        "than the time between two heartbeats.",
        roles=_ROLES,
        default=900,
        example=1200,
    ),
    Setting(
        name="dsa_log_folder",
        kind="str",
        description="Where the agent keeps its logs on the host. Without it V(/var/opt/ds_agent/diag), on Windows "
        "V(%ProgramData%\\\\Trend Micro\\\\Deep Security Agent\\\\diag).",
        roles=_ROLES,
        example="/var/opt/ds_agent/diag",
    ),
    Setting(
        name="dsa_diagnostics",
        kind="bool",
        description="Whether to make and fetch the agent's diagnostics when an update does not finish.",
        roles=_ROLES,
        default=True,
        example=False,
    ),
    Setting(
        name="dsa_diagnostics_dir",
        kind="path",
        description="Where diagnostics and the logs of failed installations go on the controller, one folder a host.",
        roles=("upgrade", "security_update", "recover"),
        default="dsa-reports/diagnostics",
        example="/var/lib/dsa/diagnostics",
    ),
)
