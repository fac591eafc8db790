# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""win_dsa_package_info: what Windows makes of a package's signature. Whether it counts is decided in Python."""

from __future__ import annotations

import hashlib
import re
import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import SIGNER, judge_signature
from lab.windows.engine import Certificate, Failure, Signature

from .windows import Windows

VENDOR = "CN=Trend Micro, O=Trend Micro, L=Irving, S=Texas, C=US"
ROOT = Certificate("CN=Example Root", "CN=Example Root", "BB" * 20)
PATH = r"C:\Program Files\deep_security_remediation\packages\Agent [1] 日本.msi"


def signed(subject: str = VENDOR, **changes: t.Any) -> Signature:
    leaf = Certificate(subject, ROOT.subject, "AA" * 20)
    return Signature(
        **{
            "status": "Valid",
            "chain": (leaf, ROOT),
            "timestamper": Certificate("CN=Time", "CN=Root", "CC" * 20),
            "partial": False,
            **changes,
        }
    )


def package(host: Windows, signature: Signature | None, content: bytes = b"msi") -> dict[str, t.Any]:
    host.write(PATH, content)
    if signature is not None:
        host.signatures[PATH] = signature
    result = host.module("win_dsa_package_info", path=PATH, timeout=10)
    assert "failed" not in result and result["changed"] is False, result
    found: dict[str, t.Any] = result["package"]
    return found


def test_a_signed_package(host: Windows) -> None:
    found = package(host, signed())
    assert found == {
        "path": PATH,
        "exists": True,
        "size": 3,
        "sha256": hashlib.sha256(b"msi").hexdigest(),
        "status": "Valid",
        "signer": VENDOR,
        "issuer": ROOT.subject,
        "thumbprint": "AA" * 20,
        "timestamper": "CN=Time",
        "chain": [{"subject": VENDOR, "thumbprint": "AA" * 20}, {"subject": ROOT.subject, "thumbprint": "BB" * 20}],
        "partial": False,
        "error": None,
    }


@pytest.mark.parametrize(
    ("signature", "trusted"),
    [
        (signed(), True),
        (signed("CN=Trend Micro, O=Somebody Else, C=US"), False),
        (signed(partial=True), False),
        (Signature(status="HashMismatch", chain=()), False),
        (Signature(status="Valid", chain=()), False),
    ],
    ids=["the vendor's", "the vendor's name", "partial", "mismatch", "nobody's"],
)
def test_only_the_vendor_s_signature_counts(host: Windows, signature: Signature, trusted: bool) -> None:
    """A16: status Valid was enough, whoever signed."""
    found = package(host, signature)
    assert found["status"] == signature.status
    assert (judge_signature(found, SIGNER) is None) is trusted


def test_a_signature_that_cannot_be_read_is_an_error_in_the_package(host: Windows) -> None:
    """The call ended the whole module."""
    host.failing["signature"] = Failure("The form specified for the subject is not one supported")
    found = package(host, None)
    assert "not one supported" in found["error"] and found["sha256"] == hashlib.sha256(b"msi").hexdigest()
    assert "Exception calling" not in found["error"]
    assert judge_signature(found, SIGNER) is not None


@pytest.mark.parametrize("content", [b"", b"x" * 5_000_000])
def test_a_package_of_any_size(host: Windows, content: bytes) -> None:
    found = package(host, Signature(status="NotSigned", chain=()), content)
    assert (found["size"], found["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert (found["signer"], found["thumbprint"], found["chain"]) == (None, None, [])


@pytest.mark.parametrize("why", ["gone", "a folder"])
def test_a_package_that_is_not_there(host: Windows, why: str) -> None:
    path = r"C:\Windows\Temp\none.msi"
    if why == "a folder":
        host.path(path).mkdir(parents=True)
    found = host.module("win_dsa_package_info", path=path)["package"]
    assert found["sha256"] is None and found["status"] is None and found["chain"] == []
    assert found["exists"] is False or found["error"]
    assert judge_signature(found, SIGNER) is not None


def test_check_mode_reads_too(host: Windows) -> None:
    host.write(PATH, b"msi")
    assert host.module("win_dsa_package_info", check_mode=True, path=PATH)["package"]["exists"] is True
    assert re.fullmatch("[0-9a-f]{64}", host.module("win_dsa_package_info", path=PATH)["package"]["sha256"])
