# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Pre-checks of Windows hosts, and the upgrade."""

from __future__ import annotations

from ..setting import Setting

SETTINGS = (
    Setting(
        name="dsa_certificates_dir",
        kind="path",
        description="A directory on the controller with files of root certificates. Those that a Windows host needs "
        "and lacks are imported from it; without it nothing is imported.",
        roles=("precheck",),
        example="/srv/roots",
        in_readme=True,
    ),
    Setting(
        name="dsa_certificate_checksums",
        kind="checksums",
        description="The SHA-256 of certificates of your own in C(dsa_certificates_dir), by file name. Those of the "
        "vendor's list are known.",
        roles=("precheck",),
        default={},
        example={"our-root.crt": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
        in_readme=True,
    ),
    Setting(
        name="dsa_precheck_waive",
        kind="names",
        choices=(
            "sha2_support",
            "azure_code_signing_support",
            "root_certificates",
            "pending_reboot",
            "free_space",
            "shared_dlls",
            "certificate_padding_check",
        ),
        description="The checks of Windows hosts whose outcome you answer for. The report goes on naming them.",
        roles=("precheck",),
        default=[],
        example=["free_space"],
        in_readme=True,
    ),
    Setting(
        name="dsa_root_updates_reachable",
        kind="bool",
        description="Whether Windows hosts reach the source from which Windows fetches root certificates by itself. A "
        "missing one is then a warning only.",
        roles=("precheck",),
        default=False,
        example=True,
    ),
    Setting(
        name="dsa_windows_lists",
        kind="path",
        description="A file that replaces the collection's lists of root certificates and Windows builds.",
        roles=("precheck",),
        example="/srv/dsa/lists.yml",
    ),
    Setting(
        name="dsa_upgrade_through",
        kind="choice",
        choices=("host", "manager"),
        description="What installs the package. V(host): the host's own package manager, with a package of yours. "
        "V(manager): a task of the Manager, which only Workload Security is known to have; it is tried first, and not "
        "used where there is none.",
        roles=("plan", "upgrade"),
        default="host",
        example="manager",
    ),
    Setting(
        name="dsa_upgrade_timeout",
        kind="int",
        minimum=1,
        unit="seconds",
        description="How long an installation may take, in seconds.",
        roles=("upgrade",),
        default=1800,
        example=3600,
    ),
    Setting(
        name="dsa_upgrade_interval",
        kind="int",
        minimum=1,
        unit="seconds",
        description="How long to wait between two reads of an upgrade by the Manager, in seconds.",
        roles=("upgrade",),
        default=15,
        example=30,
    ),
    Setting(
        name="dsa_upgrade_max_tasks",
        kind="int",
        minimum=1,
        description="How many tasks of the Manager may be used for the upgrades of one batch. Hosts that are left over "
        "fail.",
        roles=("upgrade",),
        default=20,
        example=5,
    ),
    Setting(
        name="dsa_upgrade_task_parameters",
        kind="mapping",
        description="Further fields of the Manager's task for upgrades. The vendor publishes none.",
        roles=("upgrade",),
        default={},
        example={"fieldName": "value"},
    ),
    Setting(
        name="dsa_upgrade_command",
        kind="str",
        description="Another command to install a package with. C({file}) and C({version}) are replaced.",
        roles=("upgrade",),
        example="dnf -y install {file}",
    ),
    Setting(
        name="dsa_msi_arguments",
        kind="str",
        description="More arguments for the MSI on Windows hosts.",
        roles=("upgrade", "recover"),
        example="INSTALLDIR=D:\\Agent",
    ),
    Setting(
        name="dsa_service_timeout",
        kind="int",
        minimum=1,
        unit="seconds",
        description="How long an upgraded agent may take to answer with its new build, in seconds.",
        roles=("upgrade",),
        default=120,
        example=300,
    ),
)
