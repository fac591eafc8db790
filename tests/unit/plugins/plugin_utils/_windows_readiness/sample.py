# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the Windows pre-checks share: facts of hosts, and one way to judge them.

The expected values in this folder come from Microsoft's and the vendor's tables, never from the code under test.
"""

from __future__ import annotations

import copy
import functools
import json
from typing import Any

from ansible_collections.deep_security.remediation.plugins.plugin_utils._windows_readiness import (
    NAMES,
    Check,
    Lists,
    blocking,
    explain,
    judge,
    load_lists,
)

# Name → SHA-1, as the vendor's list has them.
REQUIRED = {
    "Microsoft Identity Verification Root Certificate Authority 2020": "F40042E2E5F7E8EF8189FED15519AECE42C3BFA2",
    "DigiCert Trusted Root G4": "DDFB16CD4931C973A2037D3FC83A4D7D775D05E4",
    "DigiCert Assured ID Root CA": "0563B8630D62D75ABBC8AB1E4BDFB5A899B24D43",
}
RECOMMENDED = {
    "DigiCert High Assurance EV Root CA": "5FB7EE0633E259DBAD0C4C9AE6D38F1A61C7DC25",
    "USERTrust RSA Certification Authority": "2B8F1B57330DBBA2D07A6C51F70EE90DDAB9AD8E",
    "VeriSign Class 3 Public Primary Certification Authority - G5": "4EB6D578499B1CCF5F581EAD56BE3D9B6744A5E5",
    "VeriSign Universal Root Certification Authority": "3679CA35668772304D30A5FB873B0FA77BB70D54",
    "thawte Primary Root CA": "91C6D6EE3E8AC86384E548C299295C756C817B81",
    "GlobalSign Root CA - R3": "D69B561148F01C77C54578C10926DF5B856976AD",
    "Microsoft Root Certificate Authority 2010": "3B1EFD3A66EA28B16697394703A72CA340A05BD5",
    "Microsoft Root Certificate Authority 2011": "8F43288AD272F3103B6FB1428485EA3014C0BCFE",
}
INFORMATIONAL = {
    "Thawte Timestamping CA": "BE36A4562FB2EE05DBB3D32323ADF445084ED656",
    "Microsoft Root Authority": "A43489159A520F0D93D032CCAF37E7FE20A8B419",
}
MIB = 1024 * 1024


@functools.cache
def shipped() -> Lists:
    return load_lists()


def host(**changes: Any) -> dict[str, Any]:
    """The facts of a host that is ready, with changes."""
    facts: dict[str, Any] = {
        "build": 26100,
        "ubr": 1742,
        "nt_version": "10.0",
        "product": "Windows Server 2025 Datacenter",
        "arch": "x86_64",
        "servicing_packages": [],
        "certificates": {
            "Root": list(REQUIRED.values()),
            "AuthRoot": list(RECOMMENDED.values()),
            "CA": [],
            "Disallowed": [],
        },
        "root_update": {"disabled": False, "source": None, "last_sync": None},
        "shared_dlls": {"C:\\Windows\\System32\\msvcp140.dll": 2, "C:\\Windows\\System32\\concrt140.dll": None},
        "drive": "C:",
        "free_bytes": 50_000 * MIB,
        "reboot": {"required": False, "reasons": []},
        "cert_padding_check": False,
        "problems": [],
    }
    return {**facts, **changes}


def checks(facts: Any, lists: Lists | None = None, **arguments: Any) -> dict[str, Check]:
    """Judge, and check what holds for every judgement, whatever the facts were."""
    before = copy.deepcopy(facts)
    found = judge(facts, lists or shipped(), **arguments)
    assert facts == before, "judging changed its input"
    assert tuple(check.name for check in found) == NAMES
    json.dumps([check.as_dict() for check in found])
    for check in found:
        assert check.result in ("pass", "warn", "fail", "undetermined")
        assert check.reason.endswith(".")
        assert "\n" not in check.reason
        assert bool(check.remedy) == (check.result != "pass")
        assert check.evidence or check.result != "pass", "a pass rests on something"
        assert not check.waived or check.result in ("fail", "undetermined")
    stopping = blocking(found)
    assert stopping == [c for c in found if c.result in ("fail", "undetermined") and not c.waived]
    lines = explain(found).splitlines()
    assert [line.partition(":")[0] for line in lines] == [check.name for check in stopping]
    return {check.name: check for check in found}


def result(name: str, facts: Any, **arguments: Any) -> str:
    return checks(facts, **arguments)[name].result
