# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads every PowerShell file and refuses what is no PowerShell 5.1, or goes wrong on a host in another language.

No Windows and no pwsh is needed for it. Where pwsh is, ansible-test's pslint looks at the style as well.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from tests.run.common import ROOT, files_of_the_project, say

# A line number and what is wrong there.
Problem = tuple[int, str]


def words(listed: str) -> set[str]:
    """The words of a text."""
    return set(listed.split())


LONGEST_LINE = 120
AUTOMATIC = words(
    "_ args consolefilename error event eventargs eventsubscriber executioncontext false foreach home host input "
    "iscoreclr islinux ismacos iswindows lastexitcode matches myinvocation nestedpromptlevel pid profile "
    "psboundparameters pscmdlet pscommandpath psculture psdebugcontext pshome psitem psscriptroot pssenderinfo "
    "psuiculture psversiontable pwd sender shellid stacktrace switch this true"
)
ALIASES = words(
    "% ? ac asnp cat cd chdir clc clear clhy cli clp cls clv cnsn compare copy cp cpi cpp curl cvpa dbp del diff dir "
    "dnsn ebp echo epal epcsv epsn erase etsn exsn fc fhx fl foreach ft fw gal gbp gc gci gcm gcs gdr ghy gi gjb gl gm "
    "gmo gp gps gpv group gsn gsnp gsv gu gv gwmi h history icm iex ihy ii ipal ipcsv ipmo ipsn irm ise iwmi iwr kill "
    "lp ls man md measure mi mount move mp mv nal ndr ni nmo npssc nsn nv ogv oh popd ps pushd pwd r rbp rcjb rcsn rd "
    "rdr ren ri rjb rm rmdir rmo rni rnp rp rsn rsnp rujb rv rvpa rwmi sajb sal saps sasv sbp select set shcm si sl "
    "sleep sls sort sp spjb spps spsv start sujb sv swmi tee trcm type wget where wjb write"
)
# What they write is translated, or laid out in columns that are.
TALKERS = words(
    "bcdedit certutil dism driverquery fsutil ipconfig net net1 netsh netstat powercfg qprocess query qwinsta reg "
    "route sc schtasks systeminfo tasklist w32tm wevtutil whoami wmic"
)
_TALKER = re.compile(rf"(?i)(?:^|[\\/\s\"'])({'|'.join(sorted(TALKERS))})\.exe\b")
COMMANDS = {
    "convertfrom-markdown": "is not in PowerShell 5.1",
    "get-date": "writes dates as the host's culture has them; use [DateTime] and ConvertTo-DsaTime",
    "get-error": "is not in PowerShell 5.1",
    "get-uptime": "is not in PowerShell 5.1",
    "get-wmiobject": "is not in PowerShell 7; use Get-CimInstance",
    "invoke-expression": "runs text as code",
    "invoke-wmimethod": "is not in PowerShell 7; use Invoke-CimMethod",
    "join-string": "is not in PowerShell 5.1",
    "test-json": "is not in PowerShell 5.1",
    "write-host": "writes beside the result",
}
PARAMETERS = {
    "-asbytestream": "is not in PowerShell 5.1",
    "-ashashtable": "is not in PowerShell 5.1; use ConvertTo-DsaPlain",
    "-datekind": "is not in PowerShell 5.1",
    "-parallel": "is not in PowerShell 5.1",
}
# Called with text alone, these compare by the rules of the host's language.
BY_CULTURE = {"startswith", "endswith", "indexof", "lastindexof"}
CASE_BY_CULTURE = {"tolower", "toupper"}


def nodes(node: Node, leave_out: frozenset[str] = frozenset()) -> Iterator[Node]:
    """A node and all below it, without what lies below the types left out."""
    yield node
    for child in node.children:
        if child.type not in leave_out:
            yield from nodes(child, leave_out)


def text(node: Node | None) -> str:
    """What stands there."""
    return node.text.decode() if node and node.text else ""


def line(node: Node) -> int:
    """Where it stands, counted from 1."""
    return node.start_point.row + 1


def first(node: Node, kind: str) -> Node | None:
    """The first child of a type."""
    return next((child for child in node.children if child.type == kind), None)


def variable(node: Node) -> str:
    """A variable's name as it is spelled, without $, braces and scope."""
    return text(node).lstrip("$@").strip("{}").rpartition(":")[2]


def syntax(root: Node) -> Iterator[Problem]:
    """What the grammar does not know; newer operators such as ?: and ?? are among it."""
    for node in nodes(root, frozenset({"ERROR"})):
        for child in (node, *node.children):
            if child.is_missing or (child.type == "ERROR" and child is not node):
                yield line(child), f"this is no PowerShell 5.1: {text(child) or child.type!r}"


def chains(root: Node) -> Iterator[Problem]:
    """Commands joined by && and ||."""
    for node in nodes(root):
        if node.type == "pipeline_chain_tail":
            yield line(node), f"{text(node.children[0])} is not in PowerShell 5.1"


def commands(root: Node) -> Iterator[Problem]:
    """Commands that are not everywhere, say it in the host's language, or do harm."""
    for node in nodes(root):
        if node.type == "command_name":
            name = text(node).lower()
            if name in ALIASES:
                yield line(node), f"{name} is an alias, which a host may lack or define anew"
            elif name.removesuffix(".exe") in TALKERS:
                yield line(node), f"what {name} writes is translated"
            elif name in COMMANDS:
                yield line(node), f"{text(node)} {COMMANDS[name]}"
        elif node.type == "command_parameter" and text(node).lower().rstrip(":") in PARAMETERS:
            yield line(node), f"{text(node)} {PARAMETERS[text(node).lower().rstrip(':')]}"
        elif node.type == "string_literal":
            found = _TALKER.search(text(node))
            if found:
                yield line(node), f"what {found[1]}.exe writes is translated"


def assigned(root: Node) -> Iterator[Node]:
    """The variables that something is put into."""
    inside = frozenset({"member_access", "element_access", "invokation_expression", "type_literal"})
    for node in nodes(root):
        if node.type == "left_assignment_expression":
            yield from (one for one in nodes(node, inside) if one.type == "variable")
        elif node.type in ("foreach_statement", "script_parameter") or "crement_expression" in node.type:
            target = first(node, "variable")
            if target:
                yield target


def automatic(root: Node) -> Iterator[Problem]:
    """PowerShell's own variables are not for keeping anything in."""
    for node in assigned(root):
        if variable(node).lower() in AUTOMATIC:
            yield line(node), f"{text(node)} is PowerShell's own"


def spelling(root: Node) -> Iterator[Problem]:
    """$hash and $Hash are one variable, which one forgets."""
    for function in nodes(root):
        if function.type == "function_statement":
            spelled: dict[str, dict[str, int]] = defaultdict(dict)
            for node in nodes(function):
                if node.type == "variable":
                    spelled[variable(node).lower()].setdefault(variable(node), line(node))
            for ways in spelled.values():
                if len(ways) > 1:
                    yield max(ways.values()), f"one variable, spelled {' and '.join(sorted(ways))}"


def nulls(root: Node) -> Iterator[Problem]:
    """With $null on the right a comparison with an array picks from the array."""
    for node in nodes(root):
        if node.type == "comparison_expression" and len(node.children) == 3:
            left, operator, right = node.children
            equality = text(operator).lower().lstrip("-").lstrip("ci") in ("eq", "ne")
            if equality and text(right).lower() == "$null" and text(left).lower() != "$null":
                yield line(node), "$null belongs on the left"


def cultures(root: Node) -> Iterator[Problem]:
    """Comparing text by the rules of the host's language."""
    for node in nodes(root):
        if node.type != "invokation_expression":
            continue
        name = text(first(node, "member_name")).lower()
        listed = next((one for one in nodes(node) if one.type == "argument_expression_list"), None)
        arguments = [one for one in listed.children if one.type == "argument_expression"] if listed else []
        plain = len(arguments) == 1 and not text(arguments[0]).lower().startswith("[char]")
        if name in CASE_BY_CULTURE or (name in BY_CULTURE and plain):
            yield line(node), f"{name} goes by the host's language; say Ordinal or Invariant"


def strictness(root: Node) -> Iterator[Problem]:
    """Every file says how strict it is: what the caller has set does not reach into a module."""
    lines = {re.sub(r"\s+", " ", text(node)) for node in nodes(root) if node.type == "pipeline"}
    for wanted in ("Set-StrictMode -Version 2.0", '$ErrorActionPreference = "Stop"'):
        if wanted not in lines:
            yield 1, f"there is no {wanted}"


CHECKS: tuple[Callable[[Node], Iterator[Problem]], ...] = (
    syntax,
    chains,
    commands,
    automatic,
    spelling,
    nulls,
    cultures,
    strictness,
)


def form(source: bytes) -> Iterator[Problem]:
    """The file as bytes: PowerShell 5.1 reads one without a mark in the host's own code page."""
    for number, content in enumerate(source.split(b"\n"), start=1):
        if not content.isascii():
            yield number, "only ASCII reads the same on every host"
        if b"\r" in content:
            yield number, "it ends with CR LF"
        if b"\t" in content:
            yield number, "it holds a tabulator"
        if len(content) > LONGEST_LINE:
            yield number, f"it is longer than {LONGEST_LINE}"


def problems(source: bytes) -> list[Problem]:
    """All that is wrong with a file."""
    root = Parser(Language(tree_sitter_powershell.language())).parse(source).root_node
    return sorted({*form(source), *(problem for check in CHECKS for problem in check(root))})


def main() -> int:
    """Check the project's files; the exit status."""
    names = [name for name in files_of_the_project() if name.endswith((".ps1", ".psm1"))]
    found = [f"{name}:{number}: {why}" for name in names for number, why in problems((ROOT / name).read_bytes())]
    say("\n".join(found) or f"{len(names)} files")
    return 1 if found or not names else 0


if __name__ == "__main__":
    sys.exit(main())
