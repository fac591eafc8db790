# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which build is installed, by the platform's own package database."""

from __future__ import annotations

import subprocess

from . import unixpkg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional


def package_build(host: Dict[str, Any]) -> Optional[str]:
    if host["package_manager"] == "deb":
        command = ["dpkg-query", "-W", "-f", "${Status}|${Version}", "ds-agent"]
    elif host["package_manager"] == "rpm":
        command = ["rpm", "-q", "--qf", "|%{VERSION}-%{RELEASE}", "ds_agent"]
    else:
        record = unixpkg.installed()
        return None if record is None else str(record["build"])
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    status, _bar, version = done.stdout.decode().partition("|")
    if done.returncode != 0 or not version:
        return None
    if host["package_manager"] == "rpm":
        return ".".join(version.split(".")[:3])
    return version if status.endswith(" installed") else "%s (%s)" % (version, status.split()[-1])
