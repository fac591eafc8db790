#!powershell
# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#Requires -Version 5.1
#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._DsaHost
#AnsibleRequires -PowerShell ..module_utils._DsaControl
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

$spec = @{
    options = @{
        arguments = @{ type = "raw"; required = $true; no_log = $true }
        password = @{ type = "str"; no_log = $true }
        timeout = @{ type = "int"; default = 120 }
    }
    supports_check_mode = $true
    no_log = $true
}

Function Get-Secret {
    <# .SYNOPSIS
    What of the arguments must not be shown: each, and what stands behind its first colon or equals sign. Shorter than 4
    characters it is no secret, and would be found in every word. #>
    param ([String[]] $Argument)
    $parts = @($Argument) + @(foreach ($one in $Argument) { $one.Substring($one.IndexOfAny([Char[]]":=") + 1) })
    return , @($parts | Where-Object { $_.Length -ge 4 })
}

# Ansible.Basic masks no list, and returns all options when it refuses one: it gets one text to mask.
$given = Get-DsaGivenOption -Name @($spec.options.Keys)
$arguments = $given["arguments"]
if ($null -ne $arguments) { $given["arguments"] = "arguments: $arguments" }
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

Invoke-DsaModule -Module $module -Step "control" -Body {
    $module.Result["invocation"] = @{}
    Confirm-DsaOption -Module $module -Name @("timeout")
    $bad = @($arguments | Where-Object { ($_ -isnot [String] -and $_ -isnot [ValueType]) -or "$_" -eq "" })
    if ($arguments -isnot [System.Collections.IList] -or $arguments.Count -eq 0 -or $bad.Count) {
        Stop-DsaStep -Code "bad_option" -Message "arguments is no list of texts, is empty or has an empty entry"
    }
    $module.Result["changed"] = $true
    if ($module.CheckMode) { return }
    $reply = Invoke-DsaControl -Argument $arguments -Password $module.Params["password"] -Timeout (
        $module.Params["timeout"]) -Secret (Get-Secret -Argument $arguments)
    $text = $reply.text
    $reply.Remove("text")
    $module.Result["reply"] = $reply
    if ($false -eq $reply.accepted) {
        $module.Result["changed"] = $false
        Stop-DsaStep -Code "refused" -Message "it was not done: $text"
    }
    if (-not $reply.accepted) { Stop-DsaStep -Code "unknown" -Message "it is not known whether it was done: $text" }
}
