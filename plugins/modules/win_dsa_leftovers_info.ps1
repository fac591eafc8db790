#!powershell
# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#Requires -Version 5.1
#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._DsaHost
#AnsibleRequires -PowerShell ..module_utils._DsaRegistry
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

$spec = @{
    options = @{
        keys = @{ type = "list"; elements = "raw"; default = @(); no_log = $false }
        values = @{ type = "list"; elements = "raw"; default = @() }
        paths = @{ type = "list"; elements = "raw"; default = @() }
        uninstall = @{ type = "str"; default = "Deep Security" }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

Function Resolve-HostPath {
    <# .SYNOPSIS
    A path with %NAME% at its beginning on this host: Program Files and System32 are the 64-bit ones. #>
    param ([String] $Path)
    $first, $names = $Path.Split([Char]"\")
    if ($first.IndexOf([Char]"%") -lt 0) { return $Path }
    $folder = [Environment]::ExpandEnvironmentVariables($first)
    if ($first -eq "%ProgramFiles%") {
        $folder = Get-DsaProgramFolder
    } elseif ($first -eq "%SystemRoot%" -and @($names)[0] -eq "System32") {
        $folder = Get-DsaSystemFolder
        $names = @($names | Select-Object -Skip 1)
    }
    # Not by Combine, which throws on characters that no path has.
    return (@($folder) + $names) -join [System.IO.Path]::DirectorySeparatorChar
}

Invoke-DsaModule -Module $module -Step "read" -Body {
    Confirm-DsaOption -Module $module -Name "keys", "values", "paths", "uninstall"
    foreach ($one in $module.Params["values"]) {
        # By Ansible.Basic it would be refused without a word of which option it is.
        $named = $one -is [System.Collections.IDictionary] -and $one["path"] -is [String] -and $one["name"] -is [String]
        if (-not ($named -and $one["path"] -and $one["name"])) {
            Stop-DsaStep -Code "bad_option" -Message "values has an entry without path or name"
        }
    }
    $module.Result["found"] = @{
        keys = @(foreach ($path in $module.Params["keys"]) { Read-DsaKey -Path $path })
        values = @(foreach ($one in $module.Params["values"]) { Read-DsaKey -Path $one["path"] -Name $one["name"] })
        paths = @(
            foreach ($path in $module.Params["paths"]) {
                $found = Test-DsaPath -Path (Resolve-HostPath -Path $path)
                $found.path = $path
                $found
            }
        )
        uninstall = Get-DsaUninstall -Text $module.Params["uninstall"]
        problems = @()
    }
}
