# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""An agent while it is worked on: self-protection, lost connections, reboots, verification."""

from __future__ import annotations

from ..setting import Setting

_REBOOTING = ("precheck", "reboot", "recover")

SETTINGS = (
    Setting(
        name="dsa_self_protection",
        kind="bool",
        description="Whether self-protection is switched off for the upgrade, and on again whatever happens. Not set: "
        "if `dsa_self_protection_password` is set. Set it to true where self-protection has no password.",
        roles=("upgrade", "recover"),
        example=True,
        in_readme=True,
    ),
    Setting(
        name="dsa_self_protection_password",
        kind="str",
        secret=True,
        description="The password of the agent's self-protection. Keep it in a vault.",
        roles=("upgrade", "security_update", "recover", "controller"),
        example="from-a-vault",
        in_readme=True,
    ),
    Setting(
        name="dsa_reconnect_timeout",
        kind="int",
        minimum=1,
        unit="seconds",
        description="How long a lost connection may stay lost, in seconds.",
        roles=("precheck", "upgrade", "reboot", "security_update", "verify", "recover"),
        default=600,
        example=1200,
    ),
    Setting(
        name="dsa_reboot",
        kind="choice",
        choices=("never", "if_required", "always"),
        description="When a host may be rebooted. One that is due and not allowed stays in the report. One that was "
        "pending before the upgrade is done first where it is allowed, and else stops the host.",
        roles=("plan", *_REBOOTING, "report"),
        default="never",
        example="if_required",
        in_readme=True,
    ),
    Setting(
        name="dsa_reboot_window",
        kind="window",
        description="The hours in which a host may be rebooted, one span or a list of them. A span that ends before it "
        "begins goes over midnight.",
        roles=("plan", *_REBOOTING, "report"),
        default=[],
        default_text="any time",
        example="22:00-04:00",
        in_readme=True,
    ),
    Setting(
        name="dsa_reboot_timezone",
        kind="zone",
        description="The time zone of C(dsa_reboot_window). V(host) for each host's own, V(UTC), or a name such as "
        "V(Asia/Tokyo).",
        roles=("plan", *_REBOOTING, "report"),
        default="host",
        example="Asia/Tokyo",
        in_readme=True,
    ),
    Setting(
        name="dsa_reboot_timeout",
        kind="int",
        minimum=1,
        unit="seconds",
        description="How long a host may take to come back from a reboot, in seconds.",
        roles=(*_REBOOTING, "upgrade"),
        default=1800,
        example=3600,
    ),
    Setting(
        name="dsa_verify_timeout",
        kind="int",
        minimum=1,
        unit="seconds",
        description="How long an upgraded or rebooted host may take until it is verified, in seconds. Anti-Malware can "
        "be offline until the first heartbeat.",
        roles=(*_REBOOTING, "upgrade", "verify"),
        default=300,
        example=900,
    ),
    Setting(
        name="dsa_verify_interval",
        kind="int",
        minimum=1,
        unit="seconds",
        description="How long to wait between two reads of a host that is not verified yet, in seconds.",
        roles=("upgrade", "reboot", "verify", "recover"),
        default=10,
        example=30,
    ),
)
