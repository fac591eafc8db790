# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the way of an upgrade stops a Windows host before anything is changed, and only that host."""

from __future__ import annotations

import hashlib
import ssl
import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

import certifi
import pytest

from .conftest import FIXED, LabFleet, StartFleet, deb, needs_windows, windows

pytestmark = needs_windows

# From the vendor's published list; the third is among the public authorities' certificates on any machine.
ACS_ROOT = "F40042E2E5F7E8EF8189FED15519AECE42C3BFA2"
G4_ROOT = "DDFB16CD4931C973A2037D3FC83A4D7D775D05E4"
G4_SHA256 = "552f7bdcf1a7af9e6ce672017f4f12abf77240c78e761ac203d1d9d20ac89988"

# host → (what it lacks, the check, what the operator reads)
TROUBLES: dict[str, tuple[dict[str, t.Any], str, tuple[str, ...]]] = {
    "old_ubr": ({"release": "2019", "ubr": 2000}, "azure_code_signing_support", ("17763.2000", "KB5005625")),
    "no_sha2": ({"release": "2008r2", "hotfixes": []}, "sha2_support", ("KB4474419",)),
    "no_root": (
        {"missing_roots": [ACS_ROOT], "root_updates": False},
        "root_certificates",
        ("Microsoft Identity Verification Root Certificate Authority 2020", "dsa_certificates_dir"),
    ),
    "distrusting": ({"disallowed_roots": [G4_ROOT]}, "root_certificates", ("DigiCert Trusted Root G4", "Disallowed")),
    "pending": ({"pending_reboot": ["component_based_servicing"]}, "pending_reboot", ("component_based_servicing",)),
    "full": ({"free_gb": 0.1}, "free_space", ("free",)),
}


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
    """A directory as an operator fills it: one root of the list, one of the company's, and one nobody vouches for."""
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
    """One host a trouble, one that has none, one that can be helped by an import, and a Relay."""
    hosts: dict[str, t.Any] = {
        "relay1": deb(role="relay"),
        "importing": windows(missing_roots=[G4_ROOT], root_updates=False),
    }
    hosts |= {name: windows(**{"release": "2022", **lacks}) for name, (lacks, *dummy) in TROUBLES.items()}
    hosts["ready"] = windows()  # the last, so that it is in a batch after all that are stopped
    return start_fleet({"packages": [FIXED], "hosts": hosts})


@pytest.fixture(scope="module")
def first(lab: LabFleet) -> tuple[dict[str, dict[str, t.Any]], dict[str, str], str]:
    """The first run: its report, the fingerprints before it, and what it said."""
    before = lab.fingerprint()
    done = lab.play("remediate", dsa_batch=[len(TROUBLES) + 1, "100%"])
    assert done.returncode == 2, done.stdout
    return lab.report(), before, done.stdout


@pytest.mark.parametrize("name", [*TROUBLES, "importing"])
def test_the_host_is_stopped_before_anything_is_changed(lab: LabFleet, first: t.Any, name: str) -> None:
    report, before, dummy = first
    outcome = report[name]
    assert outcome["done"] == "blocked", outcome
    assert not outcome["passed"]
    assert outcome["stage"] == "precheck"
    assert lab.fingerprint()[name] == before[name]
    check, words = TROUBLES[name][1:] if name in TROUBLES else ("root_certificates", ("DigiCert Trusted Root G4",))
    (found,) = [one for one in outcome["prechecks"] if one["name"] == check]
    assert found["result"] in ("fail", "undetermined")
    assert found["remedy"]
    for word in words:
        assert word in outcome["reason"], outcome["reason"]


def test_the_rest_of_the_fleet_goes_on(lab: LabFleet, first: t.Any) -> None:
    """Also the next batch: a host that a pre-check stopped is no failed upgrade."""
    report = first[0]
    assert report["ready"]["passed"], report["ready"]
    assert report["relay1"]["passed"]


def test_an_import_is_predicted_to_the_file(lab: LabFleet, first: t.Any, certificates: t.Any) -> None:
    folder, own = certificates
    before = lab.fingerprint()
    settings = {"dsa_certificates_dir": str(folder), "dsa_certificate_checksums": own}
    done = lab.play("remediate", "--check", "--limit", "importing", **settings)
    assert done.returncode == 2, done.stdout
    assert "would import DigiCertTrustedRootG4.pem, company.cer" in lab.report()["importing"]["reason"]
    assert lab.fingerprint() == before


def test_and_then_done_for_what_is_missing_and_vouched_for(lab: LabFleet, first: t.Any, certificates: t.Any) -> None:
    folder, own = certificates
    settings = {"dsa_certificates_dir": str(folder), "dsa_certificate_checksums": own}
    done = lab.play("remediate", "--limit", "importing,distrusting", **settings)
    assert done.returncode == 2, done.stdout
    report = lab.report()
    assert report["importing"]["passed"], report["importing"]
    assert "imported DigiCertTrustedRootG4.pem, company.cer" in report["importing"]["reason"]
    imported = [entry["thumbprint"] for entry in lab.journal("importing", "certificate_imported")]
    assert imported[0] == G4_ROOT
    assert len(imported) == 2
    assert not lab.journal("distrusting", "certificate_imported"), "never over Disallowed"
    assert report["distrusting"]["done"] == "blocked"


def test_a_waiver_lets_the_host_pass_and_is_reported(lab: LabFleet, first: t.Any) -> None:
    done = lab.play("remediate", "--limit", "full", dsa_precheck_waive=["free_space"])
    assert done.returncode == 0, done.stdout
    assert "Waived: free_space" in lab.report()["full"]["reason"]


def test_a_pending_reboot_is_done_first_where_it_may_be(lab: LabFleet, first: t.Any) -> None:
    at_another_hour = datetime.now(timezone.utc) + timedelta(hours=6)
    window = f"{at_another_hour:%H}:00-{at_another_hour:%H}:30"
    hours = {"dsa_reboot_window": window, "dsa_reboot_timezone": "UTC"}
    done = lab.play("remediate", "--limit", "pending", dsa_reboot="if_required", **hours)
    assert done.returncode == 2, done.stdout
    assert f"dsa_reboot_window is {window}" in lab.report()["pending"]["reason"]
    assert not lab.journal("pending", "reboot")

    done = lab.play("remediate", "--limit", "pending", dsa_reboot="if_required")
    assert done.returncode == 0, done.stdout
    events = [entry["event"] for entry in lab.journal("pending", "reboot", "package_installed")]
    assert events == ["reboot", "package_installed"]


def test_a_waiver_of_nothing_is_refused_by_name(lab: LabFleet, first: t.Any) -> None:
    before = lab.fingerprint()
    done = lab.play("remediate", "--limit", "no_sha2", dsa_precheck_waive=["sha_2"])
    assert done.returncode == 2
    assert "sha_2" in done.stdout
    assert "sha2_support" in done.stdout
    assert lab.fingerprint() == before
