# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Packages from a URL or from the Manager: each distinct file is fetched once, by the controller, and kept."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from ansible.module_utils import urls

from .._fleet import Package, shown
from .._settings import SettingsError

# The Manager answers 200 with an empty or explaining body when the software is not imported: look at the file itself.
_MAGIC = {".rpm": b"\xed\xab\xee\xdb", ".deb": b"!<arch>\n", ".gz": b"\x1f\x8b", ".msi": b"\xd0\xcf\x11\xe0"}


class Downloads:
    """A folder of fetched packages, one file per URL and build, complete or not there."""

    def __init__(
        self, folder: str, ca_path: str | None, validate_certs: bool, *, display: Callable[[str], None]
    ) -> None:
        self._folder = Path(folder).expanduser()
        self._ca_path = ca_path
        self._validate_certs = validate_certs
        self._display = display
        self._failed: dict[str, str] = {}

    def bring(self, package: Package) -> Package:
        """The package as a file on the controller. Raises SettingsError with what went wrong and what to do."""
        address = shown(package.location)
        if package.location in self._failed:
            raise SettingsError(self._failed[package.location])
        # With the build in the key an address that always has the newest one is asked again for the next.
        key = hashlib.sha256(f"{package.version} {package.location}".encode()).hexdigest()[:16]
        path = self._folder / key / package.file
        try:
            if not path.is_file() or (package.sha256 and _sha256(path) != package.sha256):
                self._display(f"downloading {address}")
                self._fetch(package, path)
        except SettingsError as error:
            self._failed[package.location] = str(error)
            raise
        except (OSError, ValueError, HTTPException, urls.ConnectionError) as error:
            message = (
                f"{address} cannot be downloaded: {error}; check the address, the proxy, and for TLS the certificate "
                "(dsa_package_ca_path)"
            )
            self._failed[package.location] = message
            raise SettingsError(message) from error
        return dataclasses.replace(package, location=str(path))

    def _fetch(self, package: Package, path: Path) -> None:
        # The explicit build in the address is meant, not what the Manager's version control prefers.
        headers = {"Agent-Version-Control": "off"} if package.origin == "manager" else None
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, part = tempfile.mkstemp(dir=self._folder, suffix=".part")
        try:
            with (
                os.fdopen(handle, "wb") as stream,
                urls.open_url(
                    package.location,
                    headers=headers,
                    timeout=60,
                    ca_path=self._ca_path,
                    validate_certs=self._validate_certs,
                    decompress=False,  # the checksum of a .gz is that of the packed file
                ) as response,
            ):
                shutil.copyfileobj(response, stream, 1024 * 1024)
                length = response.headers.get("Content-Length")
                if length is not None and stream.tell() != int(length):
                    raise OSError(f"the connection ended after {stream.tell()} of {length} bytes")
            self._inspect(package, Path(part))
            path.parent.mkdir(exist_ok=True)
            os.replace(part, path)
        finally:
            Path(part).unlink(missing_ok=True)

    def _inspect(self, package: Package, part: Path) -> None:
        address = shown(package.location)
        with part.open("rb") as stream:
            head = stream.read(512).lstrip()
        magic = _MAGIC.get(path_suffix(package.file))
        # No kind of package begins like a page.
        if not head or head.startswith(b"<") or (magic and not head.startswith(magic)):
            hint = "import this build into the Manager" if package.origin == "manager" else "check the address"
            begin = f" that begin with {head[:15].decode('ascii', 'replace')!r}" if head else ""
            raise SettingsError(f"{address} gave no package ({part.stat().st_size} bytes{begin}); {hint}")
        if package.sha256 and (found := _sha256(part)) != package.sha256:
            raise SettingsError(
                f"{address} has SHA-256 {found}, and not {package.sha256} as you state; "
                "it was thrown away: find out which of the two is right"
            )


def path_suffix(file: str) -> str:
    """The last ending of a file name, with its dot."""
    return Path(file).suffix.lower()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1024 * 1024):
            digest.update(block)
    return digest.hexdigest()
