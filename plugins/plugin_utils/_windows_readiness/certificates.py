# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Certificate files on the controller: what a directory offers for import, and what is refused.

Whoever gets a certificate into a host's root store can sign anything for that host. So a file counts only when its
SHA-256 is in the lists or the operator wrote it down, and what is handed on are the bytes that were checked.
"""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .._settings import SettingsError
from .._settings.values import mapping_of, text_of
from .._text import shorten
from .model import Lists, Root

DIRECTORY = "dsa_certificates_dir"
CHECKSUMS = "dsa_certificate_checksums"

_ENDINGS = (".crt", ".cer", ".pem", ".der")
# Ten times what a root certificate has.
_LARGEST = 32 * 1024
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----.*?-----END \1-----", re.DOTALL)


@dataclass(frozen=True)
class Certificate:
    """One file that is vouched for. root is None for one that only the operator's own checksum vouches for."""

    file: str
    sha1: str
    sha256: str
    root: Root | None
    der: bytes = field(repr=False)


@dataclass(frozen=True)
class Directory:
    """certificates: what can be imported. refused: file → why, and what to do about it.

    skipped: files with informational roots, which are known and never imported.
    """

    path: str
    certificates: tuple[Certificate, ...]
    refused: Mapping[str, str]
    skipped: tuple[str, ...] = ()

    def importable(self) -> frozenset[str]:
        """SHA-1 thumbprints for judge()."""
        return frozenset(certificate.sha1 for certificate in self.certificates)


class _Refused(ValueError):
    """The file does not count; the message says why and what to do about it."""


def read_directory(path: object, lists: Lists, checksums: object = None) -> Directory:
    """Read the certificate files of a directory; files with other endings, and folders in it, are none.

    checksums: the operator's own, file name → SHA-256, for certificates that the lists do not know.
    Raises SettingsError when the directory is not there or the checksums are none.
    """
    directory = Path(text_of(path, DIRECTORY)).expanduser()
    own = _checksums(checksums)
    try:
        files = sorted(file for file in directory.iterdir() if file.suffix.lower() in _ENDINGS and not file.is_dir())
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{DIRECTORY} is {shorten(str(directory))}; it cannot be read on the controller ({error})"
        ) from error
    found: dict[str, Certificate] = {}
    skipped: list[str] = []
    refused = {
        name: f"{CHECKSUMS} names it, and no such certificate file is in {directory}; put it there or take its name out"
        for name in own
        if not any(file.name == name for file in files)
    }
    for file in files:
        try:
            certificate = _vouched_for(file.name, _der(file), lists, own)
        except _Refused as error:
            refused[file.name] = str(error)
            continue
        if certificate.root is not None and certificate.root.level == "informational":
            skipped.append(file.name)
        else:
            found.setdefault(certificate.sha256, certificate)
    return Directory(str(directory), tuple(found.values()), refused, tuple(skipped))


def _checksums(value: object) -> dict[str, str]:
    own = {}
    for name, raw in mapping_of(value or {}, CHECKSUMS).items():
        text = str(raw).strip().lower().removeprefix("sha256:")
        if not re.fullmatch(r"[0-9a-f]{64}", text):
            raise SettingsError(f"{CHECKSUMS}.{name} is {shorten(raw)}; a SHA-256 has 64 hexadecimal digits")
        own[str(name)] = text.upper()
    return own


def _vouched_for(file: str, der: bytes, lists: Lists, own: Mapping[str, str]) -> Certificate:
    sha256 = hashlib.sha256(der).hexdigest().upper()
    # Windows names certificates by their SHA-1; nothing is trusted because of it.
    sha1 = hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
    if own.get(file, sha256) != sha256:
        raise _Refused(f"its SHA-256 is {sha256} and not the one in {CHECKSUMS}; find out which of the two is wrong")
    root = next((root for root in lists.roots if root.sha256 == sha256), None)
    if root is None and file not in own:
        raise _Refused(
            f"it is no root of the lists, and {CHECKSUMS} does not have it (SHA-256 {sha256}); remove it, or, if its "
            f"source is verified, add its name and SHA-256 to {CHECKSUMS}"
        )
    if root is not None and root.sha1 != sha1:
        raise _Refused(f"it is {root.name}, whose SHA-1 is {sha1} and not {root.sha1} as listed; correct the lists")
    return Certificate(file, sha1, sha256, root, der)


def _der(file: Path) -> bytes:
    """The one certificate in a file, in the form that is hashed."""
    try:
        if not file.is_file():
            raise _Refused("it is no file, or a link to nothing; remove it")
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise _Refused(f"it cannot be read: {error.strerror}; make it readable or remove it") from error
    if len(data) > _LARGEST:
        raise _Refused(f"it has more than {_LARGEST} bytes, so it is not one certificate; split or remove it")
    if b"-----BEGIN " in data:
        data = _from_pem(data)
    length = _length(data)
    if length is None or length > len(data):
        raise _Refused("it is no certificate in the form DER or PEM, or not a whole one; get it again")
    if length < len(data):
        raise _Refused("something follows after its certificate; keep one certificate in a file")
    return data


def _from_pem(data: bytes) -> bytes:
    blocks = list(_PEM.finditer(data))
    if len(blocks) != 1 or data.count(b"-----BEGIN ") != 1 or blocks[0][1] != b"CERTIFICATE":
        raise _Refused("it holds not exactly one certificate and nothing else; keep one certificate in a file")
    try:
        return ssl.PEM_cert_to_DER_cert(blocks[0][0].decode("ascii"))
    except ValueError as error:
        raise _Refused("what is between its BEGIN and END lines is no base64; get it again") from error


def _length(der: bytes) -> int | None:
    """How long the DER sequence at the beginning says it is, its own head included; None where there is none.

    Certificates have two bytes of length (82 hh ll), very short ones fewer.
    """
    if len(der) < 4 or der[0] != 0x30:
        return None
    if der[1] < 0x80:
        return 2 + der[1]
    size = der[1] & 0x7F
    return 2 + size + int.from_bytes(der[2 : 2 + size], "big") if size in (1, 2) else None
