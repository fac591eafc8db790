# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Recovery of agents whose Anti-Malware engine stays offline."""

from __future__ import annotations

from ..setting import Setting

_ROLES = ("recover",)

SETTINGS = (
    Setting(
        name="dsa_recover_hosts",
        kind="pattern",
        description="The hosts to recover, as a pattern of Ansible. The playbook C(recover) does nothing without it.",
        roles=("plays",),
        example="win7",
        of="run",
        in_readme=True,
    ),
    Setting(
        name="dsa_recover_computer_name",
        kind="str",
        description="The computer's name in the Manager. Without it that of the inventory plugin counts, or else the "
        "host's name in the inventory.",
        roles=_ROLES,
        example="win7.example.com",
    ),
    Setting(
        name="dsa_recover_deleted_in_manager",
        kind="bool",
        description="Whether you have deleted the computer in the Manager after its agent was removed.",
        roles=_ROLES,
        default=False,
        example=True,
    ),
    Setting(
        name="dsa_recover_dir",
        kind="path",
        description="Where on the controller a file keeps what a computer had in the Manager, until it has that again. "
        "Keep it over runs, in AWX outside of the project's folder.",
        roles=_ROLES,
        default="dsa-reports/recover",
        example="/var/lib/dsa/recover",
    ),
    Setting(
        name="dsa_activation",
        kind="names",
        secret=True,
        description="The arguments of C(dsa_control) that activate the agent, as the Manager's deployment script has "
        "them. Keep them in a vault; without them activate the agent in the Manager.",
        roles=_ROLES,
        default=[],
        example=["-a", "dsm://dsm.example.com:4120/"],
    ),
)
