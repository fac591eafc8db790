# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What the role controller makes in AWX or Automation Platform. No run over a fleet reads these."""

from __future__ import annotations

from ..setting import Setting

_ROLES = ("controller",)

SETTINGS = (
    Setting(
        name="dsa_controller_state",
        kind="choice",
        choices=("present", "absent"),
        description="V(present) makes what is missing and corrects what differs. V(absent) removes what this role "
        "made, but not the organization.",
        roles=_ROLES,
        default="present",
        example="absent",
    ),
    Setting(
        name="dsa_controller_collection",
        kind="choice",
        choices=("awx.awx", "ansible.controller"),
        description="The collection with the modules for AWX or Automation Platform.",
        roles=_ROLES,
        default_text="whichever is installed, V(awx.awx) first",
        example="ansible.controller",
    ),
    Setting(
        name="dsa_controller_host",
        kind="address",
        description="The address of AWX or Automation Platform. Without it the environment variable "
        "C(CONTROLLER_HOST) counts.",
        roles=_ROLES,
        example="https://awx.example.com",
    ),
    Setting(
        name="dsa_controller_token",
        kind="str",
        secret=True,
        description="An OAuth token with the scope write, of a user who may administer the organization and make "
        "credential types. Without it C(CONTROLLER_OAUTH_TOKEN) counts. Keep it in a vault.",
        roles=_ROLES,
        example="from-a-vault",
    ),
    Setting(
        name="dsa_controller_validate_certs",
        kind="bool",
        description="Whether the certificate of AWX is verified.",
        roles=_ROLES,
        default=True,
        example=False,
    ),
    Setting(
        name="dsa_controller_organization",
        kind="str",
        description="The organization that everything belongs to.",
        roles=_ROLES,
        default="Default",
        example="Security",
    ),
    Setting(
        name="dsa_controller_make_organization",
        kind="bool",
        description="Whether the organization is made where it is missing. Else that is an error, as it is most often "
        "a misspelling.",
        roles=_ROLES,
        default=False,
        example=True,
    ),
    Setting(
        name="dsa_controller_prefix",
        kind="str",
        description="What all names begin with.",
        roles=_ROLES,
        default="Deep Security",
        example="DS osaka",
    ),
    Setting(
        name="dsa_controller_names",
        kind="mapping",
        description="Names of your own for single objects, without the prefix. The keys are in the documentation of "
        "the role.",
        roles=_ROLES,
        default={},
        example={"gate": "DS gate", "workflow": "DS remediation"},
    ),
    Setting(
        name="dsa_controller_scm_url",
        kind="str",
        description="The address of the Git repository with the playbooks, such as a copy of C(docs/awx/project). "
        "Required unless everything is removed.",
        roles=_ROLES,
        example="https://git.example.com/deep-security.git",
    ),
    Setting(
        name="dsa_controller_scm_branch",
        kind="str",
        description="The branch, tag or commit of it.",
        roles=_ROLES,
        default_text="the repository's own default",
        example="main",
    ),
    Setting(
        name="dsa_controller_scm_credential",
        kind="str",
        description="The name of a credential for it that AWX has.",
        roles=_ROLES,
        example="git reader",
    ),
    Setting(
        name="dsa_controller_playbook_dir",
        kind="str",
        description="The folder in the repository that the playbooks and the inventory file are in.",
        roles=_ROLES,
        default_text="its top",
        example="awx",
    ),
    Setting(
        name="dsa_controller_image",
        kind="str",
        description="The image of the execution environment. Without it none is made, and the organization's default "
        "is used.",
        roles=_ROLES,
        example="registry.example.com/deep-security-ee:1",
    ),
    Setting(
        name="dsa_controller_inventory",
        kind="str",
        description="The name of an inventory that AWX has, to use instead of one that is made here.",
        roles=_ROLES,
        example="production",
    ),
    Setting(
        name="dsa_controller_inventory_file",
        kind="str",
        description="The file in the repository that makes the Manager an inventory. It is used where there is a "
        "credential for the Manager.",
        roles=_ROLES,
        default="manager.dsm.yml",
        example="inventories/tokyo.dsm.yml",
    ),
    Setting(
        name="dsa_controller_credentials",
        kind="names",
        description="Names of credentials that AWX has, for all templates that connect to hosts, such as that of the "
        "user on the hosts.",
        roles=_ROLES,
        default=[],
        example=["hosts"],
    ),
    Setting(
        name="dsa_controller_update_secrets",
        kind="bool",
        description="Whether secrets that AWX has are replaced by those given. AWX shows none, so they cannot be "
        "compared: each such run changes something.",
        roles=_ROLES,
        default=False,
        example=True,
    ),
    Setting(
        name="dsa_controller_extra_vars",
        kind="mapping",
        description="Variables of every job template, such as C(dsa_report_to) and C(dsa_target_version). A survey's "
        "answer takes precedence.",
        roles=_ROLES,
        default={},
        example={"dsa_target_version": "20.0.0-6313"},
    ),
    Setting(
        name="dsa_controller_report_from",
        kind="names",
        description="Where the reports are that the last node of the workflow merges, as jobs see them, in the form of "
        "C(dsa_report_from). Without it the workflow ends with its second gate.",
        roles=_ROLES,
        default=[],
        example=["/srv/dsa-reports/{workflow}"],
    ),
    Setting(
        name="dsa_controller_slices",
        kind="int",
        minimum=1,
        description="How many slices the template for Agents has. AWX makes no more of them than there are hosts.",
        roles=_ROLES,
        default=1,
        example=3,
    ),
    Setting(
        name="dsa_controller_forks",
        kind="int",
        minimum=1,
        maximum=500,
        description="How many hosts each job works on at once.",
        roles=_ROLES,
        default=25,
        example=50,
    ),
    Setting(
        name="dsa_controller_upgrade_managers",
        kind="bool",
        description="Whether the workflow upgrades the Managers before the Relays. The template for it is made in any "
        "case.",
        roles=_ROLES,
        default=False,
        example=True,
    ),
    Setting(
        name="dsa_controller_approval_timeout",
        kind="int",
        minimum=0,
        unit="seconds",
        description="After how many seconds without an answer the approval counts as denied. V(0): never.",
        roles=_ROLES,
        default=86400,
        example=28800,
    ),
    Setting(
        name="dsa_controller_gate_rrule",
        kind="str",
        description="When the gate runs by itself, as AWX writes it.",
        roles=_ROLES,
        default="DTSTART;TZID=UTC:20260101T023000 RRULE:FREQ=DAILY;INTERVAL=1",
        example="DTSTART;TZID=Asia/Tokyo:20260101T023000 RRULE:FREQ=DAILY;INTERVAL=1",
    ),
    Setting(
        name="dsa_controller_notification_type",
        kind="choice",
        choices=("email", "grafana", "irc", "mattermost", "pagerduty", "rocketchat", "slack", "twilio", "webhook"),
        description="How AWX notifies where a gate or the workflow does not pass, and of an approval. Without it no "
        "notification template is made.",
        roles=_ROLES,
        example="webhook",
    ),
    Setting(
        name="dsa_controller_notification",
        kind="mapping",
        secret=True,
        description="The C(notification_configuration) of it, as AWX documents it for that type.",
        roles=_ROLES,
        example={"url": "https://chat.example.com/hook", "headers": {}},
    ),
)
