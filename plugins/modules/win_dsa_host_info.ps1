#!powershell
# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#Requires -Version 5.1
#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._DsaHost
#AnsibleRequires -PowerShell ..module_utils._DsaRegistry
#AnsibleRequires -PowerShell ..module_utils._DsaReboot
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

$spec = @{
    options = @{
        keys = @{ type = "dict"; default = @{}; no_log = $false }
        below = @{ type = "dict"; default = @{} }
        paths = @{ type = "list"; elements = "raw"; default = @() }
        certificates = @{ type = "dict"; default = @{} }
        system = @{ type = "bool"; default = $false }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

Function Get-Certificate {
    <# .SYNOPSIS
    {thumbprints, error}: which of the wanted certificates a store of the computer holds, $null where that cannot be
    seen. It lists them; building a chain could add some. #>
    param ([String] $Store, [String[]] $Wanted)
    $found = @{ thumbprints = $null; error = $null }
    return Complete-DsaFact -Fact $found -Reader {
        $opened = New-Object -TypeName "System.Security.Cryptography.X509Certificates.X509Store" -ArgumentList @(
            $Store, "LocalMachine"
        )
        $opened.Open("ReadOnly, OpenExistingOnly")
        $thumbprints = @($opened.Certificates | ForEach-Object { $_.Thumbprint })
        $opened.Close()
        $found.thumbprints = @($Wanted | Where-Object { $thumbprints -contains $_ })
    }
}

Function Test-HostPath {
    <# .SYNOPSIS
    Whether a path with %NAMES% is there. Program Files and System32 are the 64-bit ones. #>
    param ([String] $Path)
    $folders = $Path.Replace("%ProgramFiles%", (Get-DsaProgramFolder)).Replace(
        "%SystemRoot%\System32", (Get-DsaSystemFolder))
    # Not by System.IO.Path, which throws on characters that no path has.
    $found = Test-DsaPath -Path ([Environment]::ExpandEnvironmentVariables($folders).Replace(
            [Char]"\", [System.IO.Path]::DirectorySeparatorChar))
    $found.path = $Path
    return $found
}

Invoke-DsaModule -Module $module -Step "read" -Body {
    Confirm-DsaOption -Module $module -Name "keys", "below", "paths", "certificates"
    $reading = @{
        keys = Read-DsaKeyTable -Table $module.Params["keys"]
        paths = @(foreach ($path in $module.Params["paths"]) { Test-HostPath -Path $path })
        certificates = @{}
    }
    foreach ($entry in $module.Params["below"].GetEnumerator()) {
        $reading[$entry.Key] = Find-DsaKey -Where $entry.Value
    }
    foreach ($entry in $module.Params["certificates"].GetEnumerator()) {
        $reading.certificates[$entry.Key] = Get-Certificate -Store $entry.Key -Wanted $entry.Value
    }
    if ($module.Params["system"]) {
        $folder = Get-DsaProgramFolder  # where the package goes, and the agent
        $drive = [System.IO.Path]::GetPathRoot($folder).TrimEnd([Char]"\")
        $room = @{ drive = $drive; free_bytes = $null; error = $null }
        $reading.room = Complete-DsaFact -Fact $room -Reader { $room.free_bytes = Get-DsaFreeSpace -Path $folder }
        $reading.sccm = Read-DsaSccm
    }
    $module.Result["reading"] = $reading
}
