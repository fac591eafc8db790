# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WinRM over HTTPS: the lab's own CA, and the certificate that its Windows hosts show on 127.0.0.1."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..layout import Layout


def wanted(host: Mapping[str, Any]) -> bool:
    """Whether a host of the fleet is reached over HTTPS."""
    return bool(host["os"] == "windows" and host["vars"].get("ansible_winrm_scheme") == "https")


def authority(layout: Layout) -> Path:
    """The CA's certificate, which clients trust."""
    return layout.top / "winrm-ca.pem"


def shown(layout: Layout) -> Path:
    """The hosts' certificate, with its key."""
    return layout.top / "winrm.pem"


def write(layout: Layout) -> None:
    """Makes both."""
    # Only here: cryptography takes as long to import as all the rest.
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from ..manager.files import DAYS, certificate, write_secret

    signer, signing_key = certificate("Lab WinRM CA", None, DAYS)
    made, key = certificate("windows.lab.example", (signer.subject, signing_key), DAYS)
    authority(layout).write_bytes(signer.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_secret(shown(layout), (private + made.public_bytes(Encoding.PEM)).decode())


def context(layout: Layout) -> ssl.SSLContext:
    """How a host answers."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(shown(layout))
    return made
