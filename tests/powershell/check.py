# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads every PowerShell file and refuses what is no PowerShell 5.1, or goes wrong on a host in another language.

Of what runs on hosts it also checks what it uses of Windows (allowed.py) and how its files fit together (whole.py).
No Windows and no pwsh is needed for it. Where PSScriptAnalyzer is, ansible-test's pslint checks the style as well.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from tree_sitter import Node

from tests.powershell import allowed, whole
from tests.powershell.tree import Problem, first, functions, line, nodes, parse, text, variable
from tests.run.common import ROOT, files_of_the_project, say


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
# What they write is translated, or laid out in columns that are. Not netstat: only its numbers are read.
TRANSLATED = words(
    "bcdedit certutil dism driverquery fsutil ipconfig net net1 netsh powercfg qprocess query qwinsta reg "
    "route sc schtasks systeminfo tasklist w32tm wevtutil whoami wmic"
)
_TRANSLATED = re.compile(rf"(?i)(?:^|[\\/\s\"'])({'|'.join(sorted(TRANSLATED))})\.exe\b")
SORTED = "sorts by the host's culture; use [Array]::Sort with [StringComparer]::Ordinal"
COMMANDS = {
    "compare-object": SORTED,
    "convertfrom-markdown": "is not in PowerShell 5.1",
    "get-date": "writes dates as the host's culture has them; use [DateTime] and ConvertTo-DsaTime",
    "get-error": "is not in PowerShell 5.1",
    "get-uptime": "is not in PowerShell 5.1",
    "get-unique": SORTED,
    "get-wmiobject": "is not in PowerShell 7; use Get-CimInstance",
    "group-object": SORTED,
    "invoke-expression": "runs text as code",
    "invoke-wmimethod": "is not in PowerShell 7; use Invoke-CimMethod",
    "join-string": "is not in PowerShell 5.1",
    "select-string": "matches by the host's culture; use -cmatch",
    "sort-object": SORTED,
    "test-json": "is not in PowerShell 5.1",
    "write-host": "writes beside the result",
}
PARAMETERS = {
    "-asbytestream": "is not in PowerShell 5.1",
    "-ashashtable": "is not in PowerShell 5.1; use ConvertTo-DsaPlain",
    "-datekind": "is not in PowerShell 5.1",
    "-parallel": "is not in PowerShell 5.1",
    "-unique": SORTED,
}
# Called with text alone, these compare by the rules of the host's language.
BY_CULTURE = {"startswith", "endswith", "indexof", "lastindexof"}
CASE_BY_CULTURE = {"tolower", "toupper"}
# Case is folded by the culture: in Turkish DRIVERS is not drivers. -like also takes brackets of a path for a set.
LIKE = words("-like -ilike -clike -notlike -inotlike -cnotlike")
PATTERN = words("match notmatch replace split")
CHANGING = frozenset({"variable", "sub_expression", "command", "member_access", "invokation_expression"})


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
    """Commands that are not everywhere, write in the host's language, or do harm."""
    for node in nodes(root):
        if node.type == "command_name":
            name = text(node).lower()
            if name in ALIASES:
                yield line(node), f"{name} is an alias, which a host may lack or define anew"
            elif name.removesuffix(".exe") in TRANSLATED:
                yield line(node), f"what {name} writes is translated"
            elif name in COMMANDS:
                yield line(node), f"{text(node)} {COMMANDS[name]}"
        elif node.type == "command_parameter" and text(node).lower().rstrip(":") in PARAMETERS:
            yield line(node), f"{text(node)} {PARAMETERS[text(node).lower().rstrip(':')]}"
        elif node.type == "string_literal":
            found = _TRANSLATED.search(text(node))
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
        if name == "compareto" or (name == "sort" and "Ordinal" not in text(node)):
            yield line(node), f"{name} goes by the host's language; use [StringComparer]::Ordinal"
        listed = next((one for one in nodes(node) if one.type == "argument_expression_list"), None)
        arguments = [one for one in listed.children if one.type == "argument_expression"] if listed else []
        plain = len(arguments) == 1 and not text(arguments[0]).lower().startswith("[char]")
        if name in CASE_BY_CULTURE or (name in BY_CULTURE and plain):
            yield line(node), f"{name} goes by the host's language; use Ordinal or Invariant"


def constant(operand: Node) -> bool:
    """Whether a pattern is the same each time. Of several operands, as -creplace has them, the first is the pattern."""
    lists = (one for one in nodes(operand) if one.type == "array_literal_expression" and len(one.children) > 1)
    pattern = next((one.children[0] for one in lists), operand)
    return not any(one.type in CHANGING for one in nodes(pattern))


def patterns(root: Node) -> Iterator[Problem]:
    """Patterns: only with case, and constant. A path or an option in one would be taken for more than its letters."""
    for node in nodes(root):
        if node.type == "comparison_expression" and len(node.children) == 3:
            operator = text(node.children[1]).lower()
            if operator in LIKE:
                yield line(node), f"{operator} goes by the host's language; use StartsWith or IndexOf with Ordinal"
            elif operator.lstrip("-") in PATTERN or operator.lstrip("-").removeprefix("i") in PATTERN:
                yield line(node), f"{operator} folds case by the host's language; use -c{operator.lstrip('-i')}"
            elif operator.removeprefix("-c") in PATTERN and not constant(node.children[2]):
                yield line(node), f"the pattern of {operator} is no constant"
        elif node.type == "expression_with_unary_operator" and re.match(r"(?i)-i?split\b", text(node)):
            yield line(node), "-split folds case by the host's language; use -csplit"
        elif node.type == "switch_parameter" and text(node).lower() in ("-regex", "-wildcard"):
            yield line(node), f"switch {text(node)} folds case by the host's language; use if and -cmatch"
        elif node.type == "string_literal" and re.search(r"\(\?[a-z]*i", text(node)):
            yield line(node), "(?i) folds case by the host's language; write the letters, as in [Dd]"


def formats(root: Node) -> Iterator[Problem]:
    """The operator -f writes numbers and dates in the host's language."""
    for node in nodes(root):
        if node.type == "format_operator":
            yield line(node), "-f writes as the host's culture does; use an expandable string"


def help_texts(root: Node) -> Iterator[Problem]:
    """Each function has comment-based help."""
    for name, node in functions(root):
        comments = (text(one) for one in nodes(node, frozenset({"statement_list", "param_block"})))
        if not any(re.match(r"<#\s*\.SYNOPSIS\s+(?!#>)\S", one) for one in comments):
            yield line(node), f"{name} has no comment-based help: <# .SYNOPSIS ... #> before its parameters"


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
    patterns,
    formats,
    help_texts,
    strictness,
)
# What never runs on a Windows host, such as the lab's engine, is written for PowerShell 7.
FOR_PWSH: tuple[Callable[[Node], Iterator[Problem]], ...] = (automatic, nulls)
ON_WINDOWS = ("plugins/", "tests/workflows/")


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


def problems(source: bytes, checks: tuple[Callable[[Node], Iterator[Problem]], ...] = CHECKS) -> list[Problem]:
    """All that is wrong with a file by itself."""
    root = parse(source)
    return sorted({*form(source), *(problem for check in checks for problem in check(root))})


def all_problems(sources: Mapping[str, bytes]) -> Iterator[str]:
    """All that is wrong with the files of the project, by their names."""
    shipped = {name: source for name, source in sources.items() if name.startswith("plugins/")}
    own = whole.own_functions(parse(source) for source in shipped.values())
    for name, source in sources.items():
        found = problems(source, CHECKS if name.startswith(ON_WINDOWS) else FOR_PWSH)
        if name in shipped:
            found += allowed.problems(parse(source), own)
        yield from (f"{name}:{number}: {why}" for number, why in found)
    yield from whole.problems(shipped)


def main() -> int:
    """Check the project's files; the exit status."""
    names = [name for name in files_of_the_project() if name.endswith((".ps1", ".psm1"))]
    sources = {name: (ROOT / name).read_bytes() for name in names}
    found = list(all_problems(sources))
    say("\n".join(found) or f"{len(names)} files")
    say(f"{whole.count_of_lines(sources)} lines of PowerShell in plugins, at most {whole.MOST_LINES}")
    return 1 if found or not names else 0


if __name__ == "__main__":
    sys.exit(main())
