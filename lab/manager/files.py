# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the Manager leaves in DIR: its CA, its address with keys, an inventory and variables."""

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import secrets
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .options import Options

USERNAME = "lab-admin"
DAYS = 30


class Files:
    """Where things are in DIR."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.about = top / "manager.json"
        self.ca = top / "manager-ca.pem"
        self.inventory = top / "dsm.yml"
        self.variables = top / "manager-vars.yml"
        self.journal = top / "manager.jsonl"
        self.packages = top / "packages"

    def read(self) -> dict[str, Any]:
        """What is in manager.json."""
        known: dict[str, Any] = json.loads(self.about.read_text(encoding="utf-8"))
        return known

    def certificate(self, expired: bool) -> Path:
        return self.top / ("manager-expired.pem" if expired else "manager.pem")


def write_secret(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)


def certificate(
    name: str, signer: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None, days: int
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate for 127.0.0.1 and localhost that ends in so many days; without a signer it is a CA's."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signing_key = signer or (subject, key)
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    usage = x509.KeyUsage(True, False, False, False, False, signer is None, signer is None, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - datetime.timedelta(days=2 * DAYS))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
    )
    if signer is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signing_key, hashes.SHA256()), key


def write_certificates(files: Files) -> None:
    authority, key = certificate("Lab Manager CA", None, DAYS)
    files.ca.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    for expired in (False, True):
        made, own_key = certificate("manager.lab.example", (authority.subject, key), -1 if expired else DAYS)
        pem = own_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ) + made.public_bytes(serialization.Encoding.PEM)
        write_secret(files.certificate(expired), pem.decode())


def write(files: Files, options: Options, port: int) -> dict[str, Any]:
    """All of it, with new keys; returns what is in manager.json."""
    write_certificates(files)
    about = {
        "url": f"https://127.0.0.1:{port}",
        "ca_path": str(files.ca),
        "api_key": f"2:{secrets.token_urlsafe(24)}",
        "auditor_key": f"1:{secrets.token_urlsafe(24)}",
        "username": USERNAME,
        "password": secrets.token_urlsafe(12),
        "api_key_type": "cloud_one" if options.hosted else "on_premises",
    }
    write_secret(files.about, json.dumps(about, indent=1) + "\n")
    common = {key: about[key] for key in ("url", "api_key", "ca_path", "api_key_type")}
    write_secret(
        files.inventory,
        "# A second inventory for Ansible: -i inventory.yml -i dsm.yml\n"
        + yaml.safe_dump({"plugin": "deep_security.remediation.dsm", **common}, sort_keys=False, width=1000),
    )
    variables = {f"dsm_{key}": value for key, value in common.items()}
    if not options.hosted:
        variables.update(dsm_username=about["username"], dsm_password=about["password"])
    write_secret(files.variables, yaml.safe_dump(variables, sort_keys=False, width=1000))
    return about
