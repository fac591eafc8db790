# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What the controller can find out about a package before a host is touched: its SHA-256, and what hosts can verify."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from .._messages import Message, message
from .packages import Package


def verify_on_controller(package: Package) -> Message | None:
    """Why a file on the controller with a stated SHA-256 is not the one that was meant, or None.

    Each file is hashed once a process and state of the file.
    """
    if package.origin != "directory" or package.sha256 is None:
        return None
    path = Path(package.location)
    try:
        state = path.stat()
        found = _sha256(path, state.st_size, state.st_mtime_ns)
    except OSError as error:
        return message("package_unreadable", path=str(path), why=error.strerror or str(error))
    if found == package.sha256:
        return None
    return message("package_checksum_wrong", path=str(path), found=found, stated=package.sha256)


@lru_cache(maxsize=64)
def _sha256(path: Path, size: int, changed: int) -> str:
    del size, changed  # parts of the cache's key
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1024 * 1024):
            digest.update(block)
    return digest.hexdigest()


def signature_objection(package: Package, record: Mapping[str, object]) -> Message | None:
    """Why the host could not verify a package that has no SHA-256, or None."""
    if not package.file or package.sha256 is not None:
        return None
    if not package.file.lower().endswith((".rpm", ".deb", ".msi")):
        return message("package_unverifiable", file=package.file)
    if package.file.lower().endswith(".deb") and _has_dpkg_sig(record) is False:
        return message("dpkg_sig_missing", file=package.file)
    return None


def signature_doubt(package: Package, record: Mapping[str, object]) -> Message | None:
    """Why the host may refuse a package without SHA-256, as far as it cannot be known before; or None."""
    if not package.file or package.sha256 is not None:
        return None
    if package.file.lower().endswith(".msi"):
        return message("msi_signature_unknown", file=package.file)
    if package.file.lower().endswith(".deb") and _has_dpkg_sig(record) is None:
        return message("deb_signature_unknown", file=package.file)
    return None


def _has_dpkg_sig(record: Mapping[str, object]) -> bool | None:
    tools = record.get("tools")
    found = tools.get("dpkg-sig") if isinstance(tools, Mapping) else None
    return found if isinstance(found, bool) else None
