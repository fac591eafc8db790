# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# One warm process of the pool. Requests come on standard input and answers go to standard output, see Engine.cs. What
# was compiled is kept in the folder Cache: compiling is most of what a start takes.

param ([Parameter(Mandatory = $true)] [String] $Cache)

$ErrorActionPreference = "Stop"
$files = @(Get-ChildItem -Path $PSScriptRoot -Filter *.cs -Recurse | Sort-Object -Property FullName)
$sources = @($files | ForEach-Object { [System.IO.File]::ReadAllText($_.FullName) }) + $PSVersionTable.PSVersion
$hash = [System.Security.Cryptography.SHA256]::HashData([System.Text.Encoding]::UTF8.GetBytes($sources -join "`0"))
$assembly = [System.IO.Path]::Combine($Cache, "Engine-$([Convert]::ToHexString($hash)).dll")
if (-not [System.IO.File]::Exists($assembly)) {
    # As a whole or not at all: others may be starting just now.
    $part = "$assembly.$PID.dll"
    Add-Type -Path $files.FullName -IgnoreWarnings -OutputAssembly $part
    [System.IO.File]::Move($part, $assembly, $true)
}
Add-Type -Path $assembly
[Engine.Worker]::Serve([System.IO.Path]::Combine($PSScriptRoot, "standins", "wrapper"), $Cache)
