# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Where packages of agents come from, and how they are verified."""

from __future__ import annotations

from ..._record.signature import SIGNER
from ..setting import Setting

_ROLES = ("plan", "recover")

SETTINGS = (
    Setting(
        name="dsa_package_dir",
        kind="path",
        description="A directory on the controller with the vendor's package files, under the vendor's names. The "
        "right one is found by platform, architecture and build.",
        roles=_ROLES,
        example="/srv/dsa",
        in_readme=True,
    ),
    Setting(
        name="dsa_packages",
        kind="packages",
        description="Packages one by one, where their names do not show what they are or they are elsewhere. Each has "
        "C(version), exactly one of C(path) (on the controller), C(url) and C(repository) (V(true), the host's own), "
        "and where needed C(os), C(arch), C(distribution) and C(sha256). A C(url) is downloaded once, by the "
        "controller.",
        roles=(*_ROLES, "controller"),
        default=[],
        example=[{"version": "20.0.0-6313", "os": "linux", "repository": True}],
        in_readme=True,
    ),
    Setting(
        name="dsa_package_checksums",
        kind="checksums",
        description="The SHA-256 of package files, by file name. A package is installed only if it matches, or if its "
        "signature is good.",
        roles=_ROLES,
        default={},
        example={
            "Agent-Core-AIX_7.2-20.0.0-6313.ppc.bff": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        },
        in_readme=True,
    ),
    Setting(
        name="dsa_verify_packages",
        kind="bool",
        description="Whether a package must have the stated SHA-256 or a good signature.",
        roles=("plan", "upgrade", "recover"),
        default=True,
        example=False,
    ),
    Setting(
        name="dsa_windows_signer",
        kind="regex",
        description="What the subject of the certificate that signed an MSI has to match, as a regular expression. "
        "Without a stated SHA-256 an MSI is installed only if Windows finds its signature valid up to a root that it "
        "trusts, and this matches. The default is the vendor's organisation.",
        roles=("upgrade", "recover"),
        default=SIGNER,
        default_text="the organisation Trend Micro",
        example='O="?Trend Micro',
    ),
    Setting(
        name="dsa_package_cache",
        kind="path",
        description="Where downloaded packages are kept on the controller.",
        roles=_ROLES,
        default="~/.cache/deep_security_remediation",
        example="/var/cache/dsa",
    ),
    Setting(
        name="dsa_package_ca_path",
        kind="path",
        description="A file of CA certificates that downloads are verified by.",
        roles=(*_ROLES, "controller"),
        example="/etc/pki/dsm.pem",
    ),
    Setting(
        name="dsa_package_validate_certs",
        kind="bool",
        description="Whether TLS certificates of downloads are verified.",
        roles=_ROLES,
        default=True,
        example=False,
    ),
)
