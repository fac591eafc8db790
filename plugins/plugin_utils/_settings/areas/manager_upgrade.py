# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The unattended upgrade of a Manager."""

from __future__ import annotations

from ..setting import Setting

_ROLES = ("upgrade_manager",)

SETTINGS = (
    Setting(
        name="dsm_hosts",
        kind="pattern",
        description="The hosts of the Managers to upgrade, as a pattern of Ansible.",
        roles=("plays",),
        default="deep_security_managers",
        example="dsm1",
        of="run",
        in_readme=True,
    ),
    Setting(
        name="dsm_target_version",
        kind="version",
        description="The version that the Manager must answer with in the end, as it writes it.",
        roles=_ROLES,
        example="20.0.737",
        required=_ROLES,
    ),
    Setting(
        name="dsm_backup_confirmed",
        kind="bool",
        description="Whether there is a backup of the Manager's database, made now. An upgrade cannot be taken back, "
        "so nothing is copied without it.",
        roles=_ROLES,
        default=False,
        example=True,
    ),
    Setting(
        name="dsm_installer",
        kind="path",
        description="The vendor's installer for this host's platform, a file on the controller.",
        roles=_ROLES,
        example="/srv/dsm/Manager-Linux-20.0.737.x64.sh",
        required=_ROLES,
    ),
    Setting(
        name="dsm_installer_checksum",
        kind="checksum",
        description="The SHA-256 of the installer, compared on the host before it is run. Needed unless "
        "C(dsm_verify_installer) is V(false).",
        roles=_ROLES,
        example="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
    Setting(
        name="dsm_verify_installer",
        kind="bool",
        description="Whether the installer must have the SHA-256 in C(dsm_installer_checksum).",
        roles=_ROLES,
        default=True,
        example=False,
    ),
    Setting(
        name="dsm_installer_arguments",
        kind="names",
        description="The installer's arguments. In each, C({answer_file}) becomes the path of the answer file on the "
        "host. Public scripts use the default for Managers 9.6 to 20.0 on Linux; it is not confirmed for every "
        "version, and not for Windows.",
        roles=_ROLES,
        default=["-q", "-console", "-varfile", "{answer_file}"],
        example=["-q", "-varfile", "{answer_file}"],
    ),
    Setting(
        name="dsm_installer_log",
        kind="str",
        description="The installer's log on the host, fetched when it fails. Where the Manager's installer puts it is "
        "not confirmed; others of its kind leave C(.install4j/installation.log) below the product's folder.",
        roles=_ROLES,
        example="/opt/dsm/.install4j/installation.log",
    ),
    Setting(
        name="dsm_answer_file",
        kind="path",
        description="A file on the controller with the properties for the installer. It may be vaulted. On the host "
        "only root or Administrators can read it, it is removed at the end, also after a failure, and never shown. One "
        "with C(UpgradeVerificationScreen.Overwrite=True), which is for new installations, is refused.",
        roles=_ROLES,
        example="/srv/dsm/answers.properties",
        required=_ROLES,
    ),
    Setting(
        name="dsm_staging_dir",
        kind="str",
        description="The folder on the host below which a folder C(manager_upgrade) is made and removed afterwards. No "
        "ordinary user may write to it. Without it V(/var/opt/deep_security_remediation), on Windows "
        "V(C:\\\\Program Files\\\\deep_security_remediation).",
        roles=_ROLES,
        example="/var/opt/staging",
    ),
    Setting(
        name="dsm_install_timeout",
        kind="int",
        minimum=1,
        unit="seconds",
        description="How long to wait for the installer, in seconds. One that takes longer counts as failed and is not "
        "stopped, as that could leave half a database.",
        roles=_ROLES,
        default=3600,
        example=7200,
    ),
    Setting(
        name="dsm_start_timeout",
        kind="int",
        minimum=1,
        unit="seconds",
        description="How long the Manager may take after the installer to answer with the new version, in seconds. No "
        "answer, or an old version, is no failure until then.",
        roles=_ROLES,
        default=1800,
        example=3600,
    ),
    Setting(
        name="dsm_upgrade_interval",
        kind="int",
        minimum=1,
        unit="seconds",
        description="How long to wait between two reads of the installer or the Manager, in seconds.",
        roles=_ROLES,
        default=10,
        example=30,
    ),
    Setting(
        name="dsm_diagnostics_dir",
        kind="path",
        description="Where the log and the output of a failed installer go on the controller, one folder a host.",
        roles=_ROLES,
        default="dsa-reports/diagnostics",
        example="/var/lib/dsm/diagnostics",
    ),
)
