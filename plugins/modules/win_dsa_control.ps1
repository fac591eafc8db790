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

Function Hide-Argument {
    <# .SYNOPSIS
    Take the arguments out before Ansible.Basic reads them, and leave one text for it to mask: it masks no list, only
    under the exact name of an option, and returns all options when it refuses one. #>
    $arguments = $null
    $given = Get-Variable -Name "complex_args" -Scope "Global" -ValueOnly -ErrorAction SilentlyContinue
    if ($given -isnot [System.Collections.IDictionary]) { return $null }
    foreach ($name in @($given.Keys)) {
        foreach ($option in @("arguments", "password")) {
            if ($name -eq $option -and $null -ne $given[$name]) {
                $value = $given[$name]
                if ($option -eq "arguments") { $arguments, $value = $value, "arguments: $value" }
                $given.Remove($name)
                $given[$option] = $value
            }
        }
    }
    return , $arguments
}

Function Confirm-Argument {
    <# .SYNOPSIS
    Refuse what is no list of texts, without showing it. #>
    param ([Object] $Argument)
    if ($Argument -isnot [System.Collections.IList] -or $Argument.Count -eq 0) {
        Stop-DsaStep -Code "bad_option" -Message "arguments is no list, or empty; give a list of texts"
    }
    foreach ($one in $Argument) {
        if (($one -isnot [String] -and $one -isnot [ValueType]) -or "$one" -eq "") {
            Stop-DsaStep -Code "bad_option" -Message "arguments has an entry that is empty or no text"
        }
    }
}

Function Get-Secret {
    <# .SYNOPSIS
    What of the arguments must not be shown: each, and what stands behind its first colon or equals sign. Shorter than 4
    characters it is no secret, and would be found in every word. #>
    param ([String[]] $Argument)
    $secrets = [System.Collections.Generic.List[String]]::new()
    foreach ($one in $Argument) {
        foreach ($part in @($one, $one.Substring($one.IndexOfAny([Char[]]":=") + 1))) {
            if ($part.Length -ge 4) { $secrets.Add($part) }
        }
    }
    return , $secrets.ToArray()
}

$given = Hide-Argument
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

Invoke-DsaModule -Module $module -Step "control" -Body {
    $module.Result["invocation"] = @{}
    Confirm-DsaOption -Module $module -Seconds "timeout"
    Confirm-Argument -Argument $given
    $arguments = [String[]]$given
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
