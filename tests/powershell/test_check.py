# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every check of check.py catches what it is for, and nothing of what the modules rightly do."""

from __future__ import annotations

import pytest

pytest.importorskip("tree_sitter_powershell", reason="what make lint needs is not installed here")

from tests.powershell.check import problems

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
    "netstat": ("netstat.exe -an", "is translated"),
    "netstat in a string": ('"$(& netstat -an)"', "is translated"),
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
    "own tools": r'$a = Start-It -FilePath "$folder\taskkill.exe" -Argument "/T /F /PID 1"',
    "words that only look like it": '$a = "a ? b : c && d; netstat, sc"  # % and ?\n$b = $a | Where-Object { $_ }',
    "one spelling a function": "Function Get-It { param ($Name)\n$Name }\nFunction Get-Other {\n$name = 1\n$name }",
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
