# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the way of an upgrade stops a Windows host before anything is changed, and only that host.

Three runs: one that stops hosts, the prediction of how they are helped, and the help itself. What stops a host and why
is tested in tests/unit/plugins/plugin_utils, in _windows_readiness and in _stages/test_precheck.py.
"""

from __future__ import annotations

import hashlib
import ssl
import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

import certifi
import pytest

from .conftest import ANSWERS, FIXED, LabFleet, Ran, StartFleet, needs_windows, windows

pytestmark = needs_windows

# From the vendor's published list; it is among the public authorities' certificates on any machine.
G4_ROOT = "DDFB16CD4931C973A2037D3FC83A4D7D775D05E4"
G4_SHA256 = "552f7bdcf1a7af9e6ce672017f4f12abf77240c78e761ac203d1d9d20ac89988"

# host → (what it lacks, the check, what the operator reads)
TROUBLES: dict[str, tuple[dict[str, t.Any], str, str]] = {
    "old_ubr": ({"release": "2019", "ubr": 2000}, "azure_code_signing_support", "KB5005625"),
    "importing": ({"missing_roots": [G4_ROOT]}, "root_certificates", "DigiCert Trusted Root G4"),
    "distrusting": (
        {"missing_roots": [G4_ROOT], "disallowed_roots": [G4_ROOT]},
        "root_certificates",
        "Disallowed",
    ),
    "pending": ({"pending_reboot": ["component_based_servicing"]}, "pending_reboot", "component_based_servicing"),
    "full": ({"free_gb": 0.1}, "free_space", "free"),
}
HELPED = ("importing", "pending", "full")


def own_authority(folder: Path) -> tuple[str, str]:
    """A root certificate of the operator's own as a file; its name and SHA-256."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Company Root")])
    now = datetime.now(timezone.utc)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=2)).sign(
        key, hashes.SHA256()
    )
    der = made.public_bytes(serialization.Encoding.DER)
    (folder / "company.cer").write_bytes(der)
    return "company.cer", hashlib.sha256(der).hexdigest()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A directory as an operator fills it: one root of the list, one of the company's, and one of unknown source."""
    folder = tmp_path_factory.mktemp("certificates")
    for pem in Path(certifi.where()).read_text(encoding="utf-8").split("-----BEGIN CERTIFICATE-----")[1:]:
        text = "-----BEGIN CERTIFICATE-----" + pem.partition("-----END")[0] + "-----END CERTIFICATE-----\n"
        if hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).hexdigest() == G4_SHA256:
            (folder / "DigiCertTrustedRootG4.pem").write_text(text, encoding="ascii")
    name, digest = own_authority(folder)
    stranger = folder / "stranger"
    stranger.mkdir()
    own_authority(stranger)
    (stranger / "company.cer").rename(folder / "stranger.cer")
    return folder, {name: digest}


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """One host a trouble, and one that has none: the last, so that it is in a batch after all that are stopped."""
    hosts = {name: windows(**lacks) for name, (lacks, *dummy) in TROUBLES.items()} | {"ready": windows()}
    for host in hosts.values():
        host |= {"uses": [], "vars": {"dsa_relays": []}, "update_seconds": 0.2}
    return start_fleet({"packages": [FIXED], "hosts": hosts, **ANSWERS})


@pytest.fixture(scope="module")
def first(lab: LabFleet) -> tuple[Ran, dict[str, str], dict[str, str]]:
    """The first run, and the fingerprints of all hosts before and after it."""
    before = lab.fingerprint()
    ran = lab.ran("remediate", 2, dsa_batch=[len(TROUBLES), "100%"])
    return ran, before, lab.fingerprint()


@pytest.fixture(scope="module")
def helped(lab: LabFleet, first: t.Any, certificates: tuple[Path, dict[str, str]]) -> tuple[Ran, dict[str, str], Ran]:
    """Roots to import, a reboot that is allowed, and a waiver: predicted, the fingerprints after that, and done."""
    folder, own = certificates
    settings = {
        "dsa_certificates_dir": str(folder),
        "dsa_certificate_checksums": own,
        "dsa_reboot": "if_required",
        "dsa_precheck_waive": ["free_space"],
    }
    limit = ("--limit", ",".join((*HELPED, "distrusting")))
    predicted = lab.ran("remediate", 2, "--check", *limit, **settings)
    return predicted, lab.fingerprint(), lab.ran("remediate", 2, *limit, **settings)


@pytest.mark.parametrize("name", TROUBLES)
def test_the_host_is_stopped_before_anything_is_changed(first: t.Any, name: str) -> None:
    ran, before, after = first
    outcome = ran.report[name]
    assert (outcome["done"], outcome["stage"], outcome["passed"]) == ("blocked", "precheck", False), outcome
    assert after[name] == before[name]
    dummy, check, words = TROUBLES[name]
    (found,) = [one for one in outcome["prechecks"] if one["name"] == check]
    assert found["result"] == "fail"
    assert found["remedy"]
    assert words in outcome["reason"], outcome["reason"]


def test_the_rest_of_the_fleet_goes_on(first: t.Any) -> None:
    """Also the next batch: a host that a pre-check stopped is no failed upgrade."""
    assert first[0].report["ready"]["passed"], first[0].report["ready"]


def test_help_is_predicted_to_the_file_and_changes_nothing(first: t.Any, helped: t.Any) -> None:
    predicted, after, dummy = helped
    assert "would import DigiCertTrustedRootG4.pem, company.cer" in predicted.report["importing"]["reason"]
    assert {predicted.report[name]["done"] for name in HELPED} == {"would upgrade and update"}
    assert after == first[2]


def test_what_is_missing_and_vouched_for_is_imported_and_nothing_over_disallowed(lab: LabFleet, helped: t.Any) -> None:
    report = helped[2].report
    assert report["importing"]["passed"], report["importing"]
    assert "imported DigiCertTrustedRootG4.pem, company.cer" in report["importing"]["reason"]
    imported = [entry["thumbprint"] for entry in lab.journal("importing", "certificate_imported")]
    assert imported[0] == G4_ROOT
    assert len(imported) == 2
    assert not lab.journal("distrusting", "certificate_imported")
    assert report["distrusting"]["done"] == "blocked"


def test_a_pending_reboot_is_done_first_where_it_may_be(helped: t.Any) -> None:
    assert helped[2].report["pending"]["passed"], helped[2].report["pending"]
    assert helped[2].touched["pending"][:2] == ["reboot", "package_installed"]


def test_a_waiver_lets_the_host_pass_and_is_reported(helped: t.Any) -> None:
    assert helped[2].report["full"]["passed"], helped[2].report["full"]
    assert "Waived: free_space" in helped[2].report["full"]["reason"]
