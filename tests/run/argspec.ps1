# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs the script by which ansible-test reads the options of a module. That compiles Ansible.Basic for each module; here
# the first keeps what it compiled for the others, which takes half of the time of each. See sanity.py.

param ([String] $Folder, [String] $Script, [String] $Manifest)

$ErrorActionPreference = "Stop"

# What ansible-core makes its streams with: the last of them has the assembly.
Function global:New-Object {
    [CmdletBinding()]
    param ([Parameter(Mandatory = $true)] [String] $TypeName, [Object[]] $ArgumentList)

    $made = Microsoft.PowerShell.Utility\New-Object @PSBoundParameters
    if ($TypeName -eq "System.IO.MemoryStream") {
        $global:Compiled = $made
    }
    $PSCmdlet.WriteObject($made, $false)
}

Function Add-KeptType {
    param ([String[]] $References)

    $text = ($References + $PSVersionTable.PSVersion + [Environment]::Version) -join "`0"
    $hash = [System.Security.Cryptography.SHA256]::HashData([System.Text.Encoding]::UTF8.GetBytes($text))
    $file = [System.IO.Path]::Combine($Folder, "Basic-$([Convert]::ToHexString($hash)).dll")
    if ([System.IO.File]::Exists($file)) {
        $null = [System.Reflection.Assembly]::LoadFrom($file)
        return
    }
    Ansible.ModuleUtils.AddType.psm1\Add-CSharpType -References $References
    # As a whole or not at all: others may be reading it.
    [System.IO.File]::WriteAllBytes("$file.$PID", $global:Compiled.ToArray())
    [System.IO.File]::Move("$file.$PID", $file, $true)
}

# An alias comes before the function of that name.
Set-Alias -Name Add-CSharpType -Value Add-KeptType
& $Script $Manifest
exit $LASTEXITCODE
