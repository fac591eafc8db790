# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The Manager: how to reach it, and what the inventory plugin says of it."""

from __future__ import annotations

from ..setting import Setting

_ALL = ("plan", "upgrade", "security_update", "recover", "report", "upgrade_manager")
_PLUGIN = " Set by the inventory plugin P(deep_security.remediation.dsm#inventory)."

SETTINGS = (
    Setting(
        name="dsm_url",
        kind="address",
        description="The address of the Manager. Packages that are found nowhere else are downloaded from it. The role "
        "P(deep_security.remediation.upgrade_manager#role) needs that of each node, not that of a load balancer.",
        roles=(*_ALL, "controller"),
        example="https://dsm.example.com:4119",
        in_readme=True,
        required=("upgrade_manager",),
    ),
    Setting(
        name="dsm_api_key",
        kind="str",
        secret=True,
        description="The secret of an API key of the Manager. Keep it in a vault. The role Auditor of the Manager is "
        "enough, except for tasks and for P(deep_security.remediation.recover#role), which changes and deletes "
        "computers.",
        roles=(*_ALL, "controller"),
        example="from-a-vault",
        in_readme=True,
        required=("upgrade_manager",),
    ),
    Setting(
        name="dsm_api_key_type",
        kind="choice",
        choices=("on_premises", "cloud_one"),
        description="How the key is sent. Without it the address decides.",
        roles=_ALL,
        example="cloud_one",
    ),
    Setting(
        name="dsm_ca_path",
        kind="path",
        description="A PEM file of the CAs, or of the self-signed certificate, that the Manager is trusted by.",
        roles=(*_ALL, "controller"),
        example="/etc/pki/dsm.pem",
        in_readme=True,
    ),
    Setting(
        name="dsm_validate_certs",
        kind="bool",
        description="Whether the Manager's certificate is verified.",
        roles=_ALL,
        default=True,
        example=False,
    ),
    Setting(
        name="dsm_use_proxy",
        kind="bool",
        description="Whether the Manager is reached through the proxy of the environment.",
        roles=_ALL,
        default=True,
        example=False,
    ),
    Setting(
        name="dsm_version",
        kind="version",
        description="The version of the Manager, where it does not answer. In "
        "P(deep_security.remediation.upgrade_manager#role) that of a node that is down since another one was upgraded.",
        roles=("plan", "report", "upgrade_manager"),
        example="20.0.737",
    ),
    Setting(
        name="dsm_minimum_version",
        kind="version",
        description="The oldest version of the Manager that the vendor's policy allows for the target. No agent is "
        "upgraded below an older one; without it only the line is compared.",
        roles=("plan", "report", "upgrade_manager"),
        example="20.0.737",
        in_readme=True,
    ),
    Setting(
        name="dsm_username",
        kind="str",
        description="A user of the Manager's legacy interface. With it the report shows, by the Manager's events, "
        "which agents fail their updates already.",
        roles=("report", "controller"),
        example="auditor",
    ),
    Setting(
        name="dsm_password",
        kind="str",
        secret=True,
        description="The password of C(dsm_username). Keep it in a vault.",
        roles=("report", "controller"),
        example="from-a-vault",
    ),
    Setting(
        name="dsm_tenant",
        kind="str",
        description="The tenant of C(dsm_username), where the Manager has several.",
        roles=("report", "controller"),
        example="acme",
    ),
    Setting(
        name="dsm_relay_states",
        kind="mapping",
        description="Which values of the Manager's setting mean that a computer is a Relay, as in "
        "M(deep_security.remediation.dsm_computer).",
        roles=("recover",),
        default={"true": True, "false": False},
        example={"true": True, "false": False},
    ),
    Setting(
        name="dsm_hosted_relays",
        kind="bool",
        description="Whether the vendor hosts Relays for this fleet, as with Workload Security. Agents then need not "
        "wait where no Relay of yours is known." + _PLUGIN,
        roles=("plan", "report"),
        default=False,
        example=True,
    ),
    Setting(
        name="dsm_computer",
        kind="mapping",
        made=True,
        description="The Manager's entry of this host." + _PLUGIN,
        roles=("assess", "plan", "upgrade", "security_update", "recover", "report"),
    ),
    Setting(
        name="dsm_read_at",
        kind="str",
        made=True,
        description="When the Manager was read, in UTC." + _PLUGIN,
        roles=("assess", "plan", "report"),
    ),
    Setting(
        name="dsm_inventories",
        kind="any_list",
        made=True,
        description="The files of the inventory plugin that were read." + _PLUGIN,
        roles=("plan", "report"),
        default=[],
    ),
    Setting(
        name="dsm_relays_left_out",
        kind="any_list",
        made=True,
        description="Relays that the Manager knows and that the inventory's filters leave out. Agents wait for them, "
        "unless C(dsa_relays) names the Relays they use." + _PLUGIN,
        roles=("plan", "report"),
        default=[],
    ),
)
