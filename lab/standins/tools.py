# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One program with many names: runs the stand-in that it was called as."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List

    Tool = Callable[[List[str]], int]


def tools_of(system: str, release: str, package_manager: str) -> Dict[str, Tool]:
    # Each platform's own only: what a tool costs is what it makes Python read.
    from . import common

    if system == "aix":
        from . import aix

        return {**common.TOOLS, **aix.TOOLS}
    if system == "solaris":
        from . import solaris

        return {**common.TOOLS, **(solaris.TOOLS_10 if release == "5.10" else solaris.TOOLS_11)}
    if system == "macos":
        from . import macos

        return {**common.TOOLS, **macos.TOOLS}
    from . import linux

    return {**common.TOOLS, **linux.TOOLS, **(linux.RPM_TOOLS if package_manager == "rpm" else {})}


def tool(name: str) -> Tool:
    if name in ("dsa_query", "dsa_control"):
        from . import query

        return query.TOOLS[name]
    if name == "hook":
        from . import hooks

        return hooks.main
    from . import common, world

    host = world.host()
    return {**tools_of(host["os"], host["release"], host["package_manager"]), **common.INTERNAL}[name]


def main(argv: List[str]) -> int:
    try:
        result = tool(os.path.basename(argv[0]))(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        return 141
    return result
