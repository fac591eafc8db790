# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The package database of the platforms that have no real package manager here, and how a package gets into it."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import time

from . import hooks, world

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

DATABASE = "/var/db/packages.json"
NAME = "ds_agent"


class PackageError(Exception):
    """The package cannot be used; the text is for the platform tool's own message."""


def installed() -> Optional[Dict[str, Any]]:
    record = world.load(DATABASE).get(NAME)
    return record if isinstance(record, dict) else None


def read(path: str) -> Dict[str, Any]:
    """The metadata of a package file, with its payload below `files`."""
    try:
        with open(path, "rb") as stream:
            data = stream.read()
        if data[:2] == b"\x1f\x8b":
            raise PackageError("it is compressed")
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            members = {member.name: archive.extractfile(member) for member in archive.getmembers() if member.isfile()}
            content = {name: stream.read() for name, stream in members.items() if stream is not None}
        about: Dict[str, Any] = json.loads(gzip.decompress(content.pop("about.json.gz")).decode())
        modes = about["modes"]
        about["files"] = {name: (int(modes[name]), gzip.decompress(content[name])) for name in modes}
    except OSError as error:
        raise PackageError(error.strerror or str(error)) from error
    except (tarfile.TarError, EOFError, KeyError, ValueError, ImportError) as error:
        raise PackageError("it is damaged") from error
    except Exception as error:  # zlib.error, which may not be there to be named
        raise PackageError("it is damaged") from error
    return about


def versions(build: str) -> List[int]:
    return [int(part) for part in build.replace("-", ".").split(".")]


def install(about: Dict[str, Any]) -> None:
    build = about["build"]
    if hooks.pre(build) != 0:
        raise PackageError("its pre-installation script failed")
    try:
        for name, (mode, content) in about["files"].items():
            target = "/" + name
            os.makedirs(os.path.dirname(target), exist_ok=True)
            scratch = target + ".new"
            with open(scratch, "wb") as stream:
                stream.write(content)
            os.chmod(scratch, mode)
            os.replace(scratch, target)
    except OSError as error:
        world.journal(
            "package_install_failed", **{"from": hooks.current_package(), "to": build, "reason": "write_error"}
        )
        raise PackageError("%s: %s" % (error.filename or "write", error.strerror)) from error
    database = world.load(DATABASE)
    database[NAME] = {"build": build, "arch": about["arch"], "time": int(time.time()), "files": sorted(about["files"])}
    world.save(DATABASE, database)
    hooks.post(build)


def remove() -> None:
    record = installed()
    if record is None:
        raise PackageError("it is not installed")
    if hooks.remove(str(record["build"])) != 0:
        raise PackageError("its removal script failed")
    for name in record["files"]:
        if os.path.exists("/" + name):
            os.unlink("/" + name)
    database = world.load(DATABASE)
    del database[NAME]
    world.save(DATABASE, database)
