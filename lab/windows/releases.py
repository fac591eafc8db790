# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Windows there are: builds, what their update levels mean, and which certificates an agent's package needs.

Written down here a second time on purpose: the lab must not depend on what the collection has.
"""

from __future__ import annotations

from dataclasses import dataclass

SHA2_KB = "KB4474419"


@dataclass(frozen=True)
class Release:
    """One line: the build, a level of updates that is good enough (before Windows 10: by packages), and names."""

    build: int
    nt: str
    product: str
    ubr: int | None = None
    hotfixes: tuple[str, ...] = ()
    arches: tuple[str, ...] = ("x86_64",)


BOTH = ("x86_64", "i386")
RELEASES = {
    "2022": Release(20348, "10.0", "Windows Server 2022 Standard", 2227),
    "2025": Release(26100, "10.0", "Windows Server 2025 Standard", 2033),
    "2019": Release(17763, "10.0", "Windows Server 2019 Standard", 5329),
    "2016": Release(14393, "10.0", "Windows Server 2016 Standard", 6614),
    "2012r2": Release(9600, "6.3", "Windows Server 2012 R2 Standard", None, ("KB5006714",)),
    "2012": Release(9200, "6.2", "Windows Server 2012 Standard", None, ("KB5006739",)),
    "2008r2": Release(
        7601, "6.1", "Windows Server 2008 R2 Standard", None, ("KB4490628", SHA2_KB, "KB5006743"), ("x86_64",)
    ),
    "2008": Release(6003, "6.0", "Windows Server (R) 2008 Standard", None, ("KB4493730", SHA2_KB, "KB5006736"), BOTH),
    # Windows 11 calls itself Windows 10 in its registry.
    "11": Release(22631, "10.0", "Windows 10 Pro", 3007),
    "10-22h2": Release(19045, "10.0", "Windows 10 Pro", 3693, (), BOTH),
    "10-21h2": Release(19044, "10.0", "Windows 10 Pro", 3693, (), BOTH),
    "10-1809": Release(17763, "10.0", "Windows 10 Enterprise LTSC 2019", 5329, (), BOTH),
    "10-1703": Release(15063, "10.0", "Windows 10 Pro", 2679, (), BOTH),
    "7": Release(7601, "6.1", "Windows 7 Professional", None, ("KB4490628", SHA2_KB, "KB5006743"), BOTH),
}

# From which update level on files signed by Azure Code Signing are accepted. A build that is not here never does,
# unless it is newer than all of them.
ACS_FROM = {
    20348: 261,
    19045: 0,
    19044: 1586,
    19043: 1266,
    19042: 1266,
    19041: 1266,
    18363: 1830,
    17763: 2213,
    14393: 4704,
    10240: 19086,
}
ACS_PACKAGES = {
    9600: ("KB5006714", "KB5006729"),
    9200: ("KB5006739", "KB5006732"),
    7601: ("KB5006743", "KB5006728"),
    6003: ("KB5006736", "KB5006715"),
}

# Trend's list: thumbprint -> name and the store that Windows keeps it in.
ROOTS = {
    "F40042E2E5F7E8EF8189FED15519AECE42C3BFA2": (
        "Microsoft Identity Verification Root Certificate Authority 2020",
        "AuthRoot",
    ),
    "DDFB16CD4931C973A2037D3FC83A4D7D775D05E4": ("DigiCert Trusted Root G4", "AuthRoot"),
    "0563B8630D62D75ABBC8AB1E4BDFB5A899B24D43": ("DigiCert Assured ID Root CA", "AuthRoot"),
    "5FB7EE0633E259DBAD0C4C9AE6D38F1A61C7DC25": ("DigiCert High Assurance EV Root CA", "AuthRoot"),
    "2B8F1B57330DBBA2D07A6C51F70EE90DDAB9AD8E": ("USERTrust RSA Certification Authority", "AuthRoot"),
    "4EB6D578499B1CCF5F581EAD56BE3D9B6744A5E5": (
        "VeriSign Class 3 Public Primary Certification Authority - G5",
        "AuthRoot",
    ),
    "3679CA35668772304D30A5FB873B0FA77BB70D54": ("VeriSign Universal Root Certification Authority", "AuthRoot"),
    "91C6D6EE3E8AC86384E548C299295C756C817B81": ("thawte Primary Root CA", "AuthRoot"),
    "D69B561148F01C77C54578C10926DF5B856976AD": ("GlobalSign Root CA - R3", "AuthRoot"),
    "3B1EFD3A66EA28B16697394703A72CA340A05BD5": ("Microsoft Root Certificate Authority 2010", "Root"),
    "8F43288AD272F3103B6FB1428485EA3014C0BCFE": ("Microsoft Root Certificate Authority 2011", "Root"),
    "BE36A4562FB2EE05DBB3D32323ADF445084ED656": ("Thawte Timestamping CA", "Root"),
    "A43489159A520F0D93D032CCAF37E7FE20A8B419": ("Microsoft Root Authority", "Root"),
}
# Without these the Anti-Malware module does not trust its own files.
REQUIRED_ROOTS = tuple(ROOTS)[:3]
CHAIN = ("7B0F360B775F76C94A12CA48445AA2D2A875701C", "DDFB16CD4931C973A2037D3FC83A4D7D775D05E4")


def thumbprint(text: str) -> str | None:
    """The thumbprint that a fleet file means by a thumbprint or a name."""
    wanted = text.replace(" ", "").upper()
    for known, (name, _store) in ROOTS.items():
        if wanted in (known, name.replace(" ", "").upper()):
            return known
    return None


def servicing_package(hotfix: str, release: Release, arch: str) -> str:
    """The name of a hotfix among the servicing packages; what looks like such a name stays as it is."""
    if "~" in hotfix:
        return hotfix
    version = "6.1.3.2" if (hotfix, release.nt) == (SHA2_KB, "6.1") else f"{release.nt}.1.7"
    machine = "x86" if arch == "i386" else "amd64"
    return f"Package_for_{hotfix}~31bf3856ad364e35~{machine}~~{version}"


def signatures_lack(build: int, ubr: int | None, packages: list[str]) -> str | None:
    """What keeps this Windows from accepting the agent's signatures: sha2_support, acs_support, or nothing."""

    def has(words: tuple[str, ...]) -> bool:
        return any(f"{word}~" in package for package in packages for word in words)

    if build < 9200 and not has((SHA2_KB, "RollupFix")):
        return "sha2_support"
    if build in ACS_PACKAGES:
        return None if has((*ACS_PACKAGES[build], "RollupFix")) else "acs_support"
    if build > max(ACS_FROM):
        return None
    return None if build in ACS_FROM and (ubr or 0) >= ACS_FROM[build] else "acs_support"
