# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Downloads of agent packages: what the lab has on offer is what was imported."""

from __future__ import annotations

import gzip
import re
from fnmatch import fnmatchcase
from pathlib import Path

from ..standins import builds
from .web import Answer, Request

PATH = re.compile(r"/software/agent/([\w.]+)/(\w+)/(?:(\d+\.\d+\.\d+\.\d+)/)?([\w.-]+)")
NAME = re.compile(r"Agent-(?:PGP)?Core-(.+)-(\d+\.\d+\.\d+-\d+)\.(\w+?)\.(.+)")
# The lab makes one package for all that Red Hat's packages are for.
SAME_AS_RED_HAT = re.compile(r"(?:CentOS|AlmaLinux|Rocky|CloudLinux)_(\d+)$")


def imported(folder: Path) -> list[tuple[str, str, str]]:
    """Platform, architecture and build of each package, as their names say."""
    if not folder.is_dir():
        return []
    found = [NAME.fullmatch(path.name) for path in sorted(folder.iterdir())]
    return [(one[1], one[3], one[2]) for one in found if one]


def answer(request: Request, folder: Path) -> Answer:
    """The package, or an empty body for what is not imported. No key is asked for."""
    nothing = Answer(kind="application/octet-stream")
    asked = PATH.fullmatch(request.path)
    if request.method != "GET" or asked is None or not folder.is_dir():
        return nothing
    platform, arch, version, file = asked.groups()
    ending = re.sub(r"^[^.]*\.", "", file)
    build = "*" if version is None else "-".join(version.rsplit(".", 1))
    platform = SAME_AS_RED_HAT.sub(r"RedHat_EL\1", platform)
    pattern = f"Agent-*-{platform}*-{build}.{arch}.{ending.removesuffix('.gz')}*"
    names = [path.name for path in folder.iterdir() if fnmatchcase(path.name, pattern)]
    if not names:
        return nothing
    name = max(names, key=lambda one: (builds.parse(NAME.fullmatch(one)[2]) if NAME.fullmatch(one) else None, one))  # type: ignore[index]
    data = (folder / name).read_bytes()
    if ending.endswith(".gz") and not name.endswith(".gz"):
        data = gzip.compress(data, mtime=0)
    elif name.endswith(".gz") and not ending.endswith(".gz"):
        data = gzip.decompress(data)
    return Answer(data=data, kind="application/octet-stream")
