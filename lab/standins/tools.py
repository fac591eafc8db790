# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One program with many names: runs the stand-in that it was called as."""

from __future__ import annotations

import os
import sys
from typing import Callable, Dict, List

from . import agent, aix, common, hooks, linux, macos, solaris, world

Tool = Callable[[List[str]], int]


def tools_of(system: str, release: str, package_manager: str) -> Dict[str, Tool]:
    if system == "aix":
        return {**common.TOOLS, **aix.TOOLS}
    if system == "solaris":
        return {**common.TOOLS, **(solaris.TOOLS_10 if release == "5.10" else solaris.TOOLS_11)}
    if system == "macos":
        return {**common.TOOLS, **macos.TOOLS}
    return {**common.TOOLS, **linux.TOOLS, **(linux.RPM_TOOLS if package_manager == "rpm" else {})}


def main(argv: List[str]) -> int:
    name = os.path.basename(argv[0])
    host = world.host()
    tools = {
        **tools_of(host["os"], host["release"], host["package_manager"]),
        **common.INTERNAL,
        "hook": hooks.main,
        "dsa_query": agent.dsa_query,
        "dsa_control": agent.dsa_control,
    }
    try:
        result = tools[name](argv)
        sys.stdout.flush()
    except BrokenPipeError:
        return 141
    return result
