# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who signed a package: only a valid signature of the right organisation, with its whole chain, counts."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import SIGNER, bounded, judge_signature

Json = dict[str, Any]
GOOD = 'CN="Trend Micro, Inc.", O="Trend Micro, Inc.", L=Irving, S=Texas, C=US'


def package(**more: Any) -> Json:
    """A package as win_dsa_package_info returns it."""
    chain = [{"subject": GOOD, "thumbprint": "AA"}, {"subject": "CN=Root", "thumbprint": "BB"}]
    found = {"path": "C:\\x.msi", "exists": True, "size": 1, "sha256": "00", "status": "Valid", "signer": GOOD}
    return {**found, "chain": chain, "partial": False, "error": None, **more}


@pytest.mark.parametrize(
    ("subject", "accepted"),
    [
        (GOOD, True),
        ("CN=Trend Micro Inc, O=Trend Micro Inc, C=US", True),
        ("CN=x, O=Trend Micro, L=Tokyo", True),
        ("O=Trend Micro", True),
        ('O="Trend Micro, Inc.", CN=x', True),
        ("CN=x, O=TREND MICRO INCORPORATED", True),
        ('CN="a ""quoted"" name, Inc.", O="Trend Micro, Inc."', True),
        ("CN=x, O=Not Trend Micro, C=US", False),
        ("CN=x, O=Trend Micro Fans, C=US", False),
        ('CN=x, O="Trend Micro, Inc. of Nowhere"', False),
        ("CN=Trend Micro, O=Evil", False),
        ("CN=Trend Micro", False),
        ("OU=Trend Micro, O=Evil", False),
        ("CN=x, OO=Trend Micro", False),
        ('CN="x, O=Trend Micro", O=Evil', False),
        ('CN="x, O=Trend Micro, Inc.", O=Evil', False),
        ('CN="x"", O=Trend Micro, """, O=Evil', False),
        ("CN=x O=Trend Micro, O=Evil", False),
        ("O=Trend Micro\n", False),
        ("O=Trend Mícro", False),
        ("", False),
        (None, False),
        (7, False),
        (["O=Trend Micro"], False),
    ],
)
def test_whose_signature_counts(subject: object, accepted: bool) -> None:
    """A16."""
    assert (judge_signature(package(signer=subject), SIGNER) is None) is accepted


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"status": "NotSigned"}, "signature_not_valid"),
        ({"status": "HashMismatch"}, "signature_not_valid"),
        ({"status": "valid"}, "signature_not_valid"),
        ({"status": None}, "signature_not_valid"),
        ({"partial": True}, "signature_partial"),
        ({"partial": None}, "signature_partial"),
        ({"chain": []}, "signature_partial"),
        ({"chain": None}, "signature_partial"),
        ({"exists": False}, "package_unseen"),
        ({"exists": None}, "package_unseen"),
        ({"error": "Access is denied"}, "package_unseen"),
        ({"signer": None}, "signed_by_other"),
    ],
)
def test_what_is_not_whole_does_not_count(more: Json, code: str) -> None:
    found = judge_signature(package(**more), SIGNER)
    assert found is not None
    assert found.code == code
    assert found.text


@pytest.mark.parametrize("found", [None, [], "Valid", {}])
def test_without_an_answer_nothing_counts(found: object) -> None:
    assert judge_signature(found, SIGNER) is not None


def test_an_operator_can_trust_another_organisation() -> None:
    signed = package(signer="CN=We, O=We")
    assert judge_signature(signed, "O=We") is None
    assert judge_signature(signed, SIGNER) is not None


def test_an_expression_that_takes_for_ever_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "_LIMIT", 0.05)
    found = judge_signature(package(signer="O=" + "a" * 40 + "!"), r"^O=(a+)+$")
    assert found is not None
    assert found.code == "signer_slow"
    assert "dsa_windows_signer" in found.text
