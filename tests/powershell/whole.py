# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the PowerShell files of the collection fit together: a host gets no more than the module that it runs uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from tree_sitter import Node

from tests.powershell.tree import functions, name_of, nodes, parse

# What is not written cannot go wrong on a host. Whoever needs more lets Python decide it instead.
MOST_LINES = 1690
_REQUIRED = re.compile(r"(?m)^#AnsibleRequires -PowerShell \S*?(\w+)$")
_VERSION = re.compile(r"(?m)^#Requires -Version 5\.1$")


def count_of_lines(sources: Mapping[str, bytes]) -> int:
    """The lines of PowerShell that are sent to hosts."""
    return sum(source.count(b"\n") for name, source in sources.items() if name.startswith("plugins/"))


def own_functions(roots: Iterable[Node]) -> frozenset[str]:
    """The functions of all files, in lower case."""
    return frozenset(name.lower() for root in roots for name, _node in functions(root))


def called(root: Node) -> frozenset[str]:
    """The commands that a file calls, in lower case."""
    return frozenset(name_of(node).lower() for node in nodes(root) if node.type == "command")


def problems(sources: Mapping[str, bytes]) -> Iterator[str]:
    """What does not fit together; sources has the files in plugins, by their names."""
    roots = {file: parse(source) for file, source in sources.items()}
    defined = {file: own_functions([root]) for file, root in roots.items()}
    calls = {file: called(root) for file, root in roots.items()}
    for file, source in sources.items():
        util = file.endswith(".psm1")
        for name in sorted(defined[file].difference(*(calls.values() if util else [calls[file]]))):
            yield f"{file}: {name} is called nowhere; remove it"
        # What a file defines itself is its own, whatever a util has under that name.
        wanted = calls[file] - defined[file]
        used = {other for other, names in defined.items() if other.endswith(".psm1") and names & wanted}
        yield from requirements(file, source.decode(), used)
        if util and "export-modulemember" not in calls[file]:
            yield f"{file}: it exports nothing: end it with Export-ModuleMember"
    lines = count_of_lines(sources)
    if lines > MOST_LINES:
        yield f"plugins: {lines} lines of PowerShell, at most {MOST_LINES}: let Python decide what it can"


def requirements(file: str, source: str, used: set[str]) -> Iterator[str]:
    """A file requires the utils whose functions it calls, and no other; a module requires its version of PowerShell."""
    wanted, given = {PurePosixPath(name).stem for name in used}, set(_REQUIRED.findall(source))
    for name in sorted(wanted - given):
        yield f"{file}: it calls functions of {name}: add #AnsibleRequires -PowerShell"
    for name in sorted(given - wanted):
        yield f"{file}: it calls no function of {name}, which every host would get: remove #AnsibleRequires"
    if file.endswith(".ps1") and not _VERSION.search(source):
        yield f"{file}: there is no line #Requires -Version 5.1: an older one fails later, with something half done"
