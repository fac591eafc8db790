# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every check of PowerShell files catches what it is for, and nothing of what the modules rightly do."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("tree_sitter_powershell", reason="what make lint needs is not installed here")

from tests.powershell import allowed, whole
from tests.powershell.check import all_problems, problems
from tests.powershell.tree import parse

HEAD = 'Set-StrictMode -Version 2.0\n$ErrorActionPreference = "Stop"\n'

BAD = {
    "ternary": ("$a = $b ? 1 : 2", "no PowerShell 5.1"),
    "ternary as an argument": ("$m.Do($a ? 1 : 2)", "no PowerShell 5.1"),
    "null coalescing": ("$a = $b ?? 1", "no PowerShell 5.1"),
    "null coalescing assignment": ("$a ??= 1", "no PowerShell 5.1"),
    "null conditional": ("$b = ${a}?.b", "no PowerShell 5.1"),
    "unfinished": ("if ($a) {", "no PowerShell 5.1"),
    "and": ("Get-Item && Get-Item", "&& is not in PowerShell 5.1"),
    "or": ("Get-Item || Get-Item", "|| is not in PowerShell 5.1"),
    "parallel": ("$a | ForEach-Object -Parallel { 1 }", "-Parallel is not in PowerShell 5.1"),
    "as hashtable": ("ConvertFrom-Json -AsHashtable -InputObject $a", "-AsHashtable is not in PowerShell 5.1"),
    "alias": ("$a | % { 1 }", "% is an alias"),
    "alias, other case": ("LS", "ls is an alias"),
    "eval": ("Invoke-Expression $a", "runs text as code"),
    "host": ('Write-Host "a"', "beside the result"),
    "wmi": ("Get-WmiObject -Class a", "use Get-CimInstance"),
    "date": ("Get-Date -Format s", "the host's culture"),
    "ipconfig": ("ipconfig.exe /all", "is translated"),
    "ipconfig in a string": ('"$(& ipconfig -all)"', "is translated"),
    "sc given to a function": (r'Start-It -FilePath "$folder\sc.exe"', "is translated"),
    "args": ("$args = 1", "PowerShell's own"),
    "several at once": ("$a, $pid = 1, 2", "PowerShell's own"),
    "with a type": ("[Int32]$matches = 1", "PowerShell's own"),
    "with a scope": ("$script:error = 1", "PowerShell's own"),
    "loop variable": ("foreach ($input in $a) { $b = 1 }", "PowerShell's own"),
    "parameter": ("Function Get-It { param ([String] $Host)\n$a = 1 }", "PowerShell's own"),
    "counter": ("$event++", "PowerShell's own"),
    "two spellings": ("Function Get-It { param ($Hash)\n$hash = 1 }", "spelled Hash and hash"),
    "null on the right": ("if ($a -eq $null) { 1 }", "belongs on the left"),
    "null on the right, exact": ("if ($a -cne $null) { 1 }", "belongs on the left"),
    "culture's beginning": ('$a.StartsWith("b")', "startswith goes by the host's language"),
    "culture's place": ('$a.IndexOf("b")', "indexof goes by the host's language"),
    "culture's case": ("$a.ToLower()", "tolower goes by the host's language"),
    "culture's order": ("$a.CompareTo($b)", "compareto goes by the host's language"),
    "culture's order of a list": ("$a.Sort()", "sort goes by the host's language"),
    "culture's order of an array": ("[Array]::Sort($a)", "sort goes by the host's language"),
    "sorted": ("$a | Sort-Object", "Sort-Object sorts by the host's culture"),
    "sorted by a property": ("$a | Sort-Object -Property Name", "Sort-Object sorts by the host's culture"),
    "grouped": ("Group-Object -InputObject $a", "sorts by the host's culture"),
    "compared": ("Compare-Object -ReferenceObject $a -DifferenceObject $b", "sorts by the host's culture"),
    "unique": ("$a | Get-Unique", "sorts by the host's culture"),
    "selected once": ("$a | Select-Object -Unique", "-Unique sorts by the host's culture"),
    "like": ('$a -like "*b*"', "-like goes by the host's language"),
    "like, with case": ('$a -clike "*b*"', "-clike goes by the host's language"),
    "not like": ('$a -NotLike "*b*"', "-notlike goes by the host's language"),
    "not like, without case": ('$a -inotlike "*b*"', "-inotlike goes by the host's language"),
    "match": ('$a -match "b"', "use -cmatch"),
    "match, without case": ('$a -imatch "b"', "use -cmatch"),
    "no match": ('$a -notmatch "b"', "use -cnotmatch"),
    "replace": ('$a -replace "b", "c"', "use -creplace"),
    "split": ('$a -split "b"', "use -csplit"),
    "split without a pattern": ("-split $a", "use -csplit"),
    "pattern from a variable": ("$a -cmatch $b", "the pattern of -cmatch is no constant"),
    "pattern with a variable": ('$a -cnotmatch "b$c"', "the pattern of -cnotmatch is no constant"),
    "pattern from a call": ("$a -cmatch [Regex]::Escape($b)", "the pattern of -cmatch is no constant"),
    "pattern to replace": ('$a -creplace $b, "c"', "the pattern of -creplace is no constant"),
    "pattern put together": ('$a -csplit "b" + $c', "the pattern of -csplit is no constant"),
    "switch by pattern": ('switch -Regex ($a) { "b" { 1 } }', "switch -Regex folds case"),
    "switch by wildcard": ('switch -Wildcard ($a) { "b" { 1 } }', "switch -Wildcard folds case"),
    "pattern without case": ('[Regex]::IsMatch($a, "(?i)b")', "(?i) folds case"),
    "pattern without case, and more": ('[Regex]::IsMatch($a, "(?mi)b")', "(?i) folds case"),
    "format": ('"{0}" -f $a', "-f writes as the host's culture does"),
    "no help": ("Function Get-It { param ($Name)\n$Name }", "Get-It has no comment-based help"),
    "help of another kind": ("Function Get-It {\n# It gets.\n1 }", "Get-It has no comment-based help"),
    "help without a word": ("Function Get-It {\n<#\n.SYNOPSIS\n#>\n1 }", "Get-It has no comment-based help"),
    "Japanese": ("# \u65e5\u672c", "only ASCII"),
    "a mark at the beginning": ("\ufeff$a = 1", "only ASCII"),
    "CR LF": ("$a = 1\r\n$b = 2", "CR LF"),
    "tabulator": ("if ($a) {\n\t1 }", "tabulator"),
    "long line": ("# " + "a" * 120, "longer than 120"),
}

GOOD = {
    "assignments": '$a, $b = 1, 2\n$null = $a\n$c["pid"] = 1\n$c.host = 2\n$c[$PID] = 3\n[Int32]$d = $args[0]',
    "comparisons": "$a = $null -eq $b\n$c = $null\n$d = $b -eq 1",
    "ordinal": '$a = $b.StartsWith("c", [StringComparison]::Ordinal) -or $b.IndexOf([Char]"c") -ge 0\n'
    "$d = $b.ToLowerInvariant()",
    "patterns": '$a -cmatch "^b$" -and $a -cnotmatch "c"\n$a = $a -creplace "b", $c -csplit ","',
    "order": "[Array]::Sort($a, [StringComparer]::Ordinal)\n$a.Sort([StringComparer]::OrdinalIgnoreCase)",
    "switch by value": 'switch ($a) { "b" { 1 } }',
    "netstat, of which only numbers are read": r'$a = Start-It -FilePath "$folder\netstat.exe"',
    "own tools": r'$a = Start-It -FilePath "$folder\taskkill.exe" -Argument "/T /F /PID 1"',
    "words that only look like it": '$a = "a ? b : c && d; netstat, sc"  # % and ?\n$b = $a | Where-Object { $_ }',
    "one spelling a function": "Function Get-It {\n<#\n.SYNOPSIS\nIt.\n#>\nparam ($Name)\n$Name }\n"
    "Function Get-Other {\n<# .SYNOPSIS Other. #>\n$name = 1\n$name }",
}


@pytest.mark.parametrize("name", BAD)
def test_caught(name: str) -> None:
    bad, why = BAD[name]
    assert any(why in problem for line, problem in problems((HEAD + bad).encode())), problems((HEAD + bad).encode())


@pytest.mark.parametrize("name", GOOD)
def test_let_through(name: str) -> None:
    assert problems((HEAD + GOOD[name]).encode()) == []


@pytest.mark.parametrize("kept", HEAD.splitlines())
def test_strictness_is_wanted(kept: str) -> None:
    (problem,) = problems(f"{kept}\n".encode())
    assert problem[0] == 1 and "there is no" in problem[1] and kept not in problem[1]


def test_line_numbers_count_from_one() -> None:
    assert problems((HEAD + "$a = 1\n$args = 1\n").encode()) == [(4, "$args is PowerShell's own")]


OWN = frozenset({"get-dsathing"})
LISTED = """
commands:
  Get-CimInstance: [ClassName, OperationTimeoutSec]
  Where-Object: []
types:
  Array: []
  Byte: []
  DateTime: [UtcNow]
  String: []
  System.Collections.Generic.List: [new]
  System.IO.File: [Exists]
  System.IO.Path: [Combine]
  System.IO.Stream: [Null]
"""


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of its own: what the modules use changes."""
    (tmp_path / "allowed.yml").write_text(LISTED, encoding="utf-8")
    monkeypatch.setattr(allowed, "LIST", tmp_path / "allowed.yml")
    monkeypatch.setattr(allowed, "allowed", allowed.allowed.__wrapped__)


UNLISTED = {
    "command": ("Get-Clipboard", "the command Get-Clipboard is not on the list"),
    "program": ("netstat.exe -ano", "the command netstat.exe is not on the list"),
    "program by its path": ('& "C:\\Windows\\a.exe"', "is started without a time limit"),
    "program by a call": ("& (Get-DsaThing)", "is started without a time limit"),
    "parameter": ("Get-CimInstance -ComputerName a", "-ComputerName of Get-CimInstance is not on the list"),
    "parameter, shortened": ("Get-CimInstance -Class a", "-Class of Get-CimInstance is not on the list"),
    "parameter with a colon": ("Get-CimInstance -ComputerName:a", "-ComputerName of Get-CimInstance is not"),
    "no parameter name": ("Get-CimInstance Win32_Service", "the first argument of Get-CimInstance has no name"),
    "hidden parameters": ("Get-CimInstance @given", "@given hides the parameters of Get-CimInstance"),
    "type": ("[System.Net.WebClient] $a", "the type System.Net.WebClient is not on the list"),
    "type in a generic one": ("[System.Collections.Generic.List[Uri]] $a", "the type Uri is not on the list"),
    "type of New-Object": ("New-Object -TypeName System.Net.WebClient", "the type System.Net.WebClient is not on the"),
    "no type of New-Object": ("New-Object -ComObject a", "the type  is not on the list"),
    "static member": ("[System.IO.File]::ReadLines($a)", "[System.IO.File]::ReadLines is not on the list"),
    "static property": ("[DateTime]::Now", "[DateTime]::Now is not on the list"),
    "constructor": ("[Array]::new()", "[Array]::new is not on the list"),
    "static member of a value": ("$a::Now", "$a::Now: write the type out"),
}


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("name", UNLISTED)
def test_what_is_not_on_the_list_is_caught(name: str) -> None:
    bad, why = UNLISTED[name]
    found = allowed.problems(parse(bad.encode()), OWN)
    assert any(why in problem for line, problem in found), found


@pytest.mark.usefixtures("listed")
def test_what_is_on_the_list_is_let_through() -> None:
    source = (
        "$a = Get-CimInstance -ClassName Win32_Service -OperationTimeoutSec 1 | Where-Object { $_ }\n$b = 8MB\n"
        'Get-DsaThing -Anything @given "c"\n& $Reader\n'
        "[IO.File]::Exists([System.IO.Path]::Combine($a, $b))\n"
        "[Byte[]] $c = [System.Collections.Generic.List[String]]::new()"
    )
    assert allowed.problems(parse(source.encode()), OWN) == []


@pytest.mark.usefixtures("listed")
def test_null_of_a_stream_is_a_member() -> None:
    assert allowed.problems(parse(b"[System.IO.Stream]::Null"), OWN) == []


HELP = "<#\n.SYNOPSIS\nIt.\n#>\n"
UTIL = f"{HEAD}Function Get-DsaThing {{\n{HELP}1 }}\nExport-ModuleMember -Function *-Dsa*\n"
MODULE = f"#Requires -Version 5.1\n#AnsibleRequires -PowerShell ..module_utils._DsaThing\n{HEAD}Get-DsaThing\n"
FILES = {"plugins/module_utils/_DsaThing.psm1": UTIL, "plugins/modules/win_thing.ps1": MODULE}
OWNER = "plugins/modules/win_owner.ps1"
OTHER = "plugins/module_utils/_DsaOther.psm1"
UNFIT = {
    "called nowhere": ({"plugins/modules/win_thing.ps1": "#Requires -Version 5.1\n"}, "get-dsathing is called nowhere"),
    "called by another module": (
        {
            "plugins/modules/win_other.ps1": f"#Requires -Version 5.1\n{HEAD}Function Get-Own {{\n{HELP}1 }}\n",
            "plugins/modules/win_more.ps1": "#Requires -Version 5.1\nGet-Own\n",
        },
        "win_other.ps1: get-own is called nowhere",
    ),
    "not exported": (
        {"plugins/module_utils/_DsaThing.psm1": UTIL.replace("Export-ModuleMember -Function *-Dsa*", "")},
        "_DsaThing.psm1: it exports nothing",
    ),
    "not required": (
        {"plugins/modules/win_thing.ps1": MODULE.replace("#Ansible", "# Ansible")},
        "win_thing.ps1: it calls functions of _DsaThing",
    ),
    "required for nothing": (
        {OTHER: f"#AnsibleRequires -PowerShell ._DsaThing\n{HEAD}Export-ModuleMember -Function *-Dsa*\n"},
        "_DsaOther.psm1: it calls no function of _DsaThing",
    ),
    "no version": (
        {"plugins/modules/win_thing.ps1": MODULE.replace("#Requires -Version 5.1", "")},
        "win_thing.ps1: there is no line #Requires",
    ),
    "older version": (
        {"plugins/modules/win_thing.ps1": MODULE.replace("5.1", "5.0")},
        "win_thing.ps1: there is no line #Requires",
    ),
    "too much": (
        {OTHER: "\n" * whole.MOST_LINES + "Export-ModuleMember -Function *-Dsa*"},
        "lines of PowerShell, at most",
    ),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_does_not_fit_together_is_caught(name: str) -> None:
    changed, why = UNFIT[name]
    found = list(whole.problems({file: source.encode() for file, source in {**FILES, **changed}.items()}))
    assert any(why in problem for problem in found), found


def test_what_fits_together_is_let_through() -> None:
    assert list(all_problems({file: source.encode() for file, source in FILES.items()})) == []
    same = "#Requires -Version 5.1\n" + HEAD + "Function Get-DsaThing {\n" + HELP + "1 }\nGet-DsaThing\n"
    assert list(all_problems({**{file: one.encode() for file, one in FILES.items()}, OWNER: same.encode()})) == []
    assert whole.count_of_lines({file: source.encode() for file, source in {**FILES, "lab/a.ps1": "\n"}.items()}) == 14


@pytest.mark.parametrize("file", ["plugins/modules/win_thing.ps1", "tests/workflows/windows/check.ps1"])
def test_what_runs_on_windows_is_checked_in_full(file: str) -> None:
    sources = {**FILES, file: MODULE + "$a.Sort()\n"}
    (problem,) = all_problems({name: source.encode() for name, source in sources.items()})
    assert problem == f"{file}:6: sort goes by the host's language; use [StringComparer]::Ordinal"


def test_what_runs_in_the_lab_alone_may_be_of_powershell_7() -> None:
    found = list(all_problems({"lab/windows/a.ps1": b"$a | ConvertFrom-Json -AsHashtable | Sort-Object\n$args = 1\n"}))
    assert found == ["lab/windows/a.ps1:2: $args is PowerShell's own"]
