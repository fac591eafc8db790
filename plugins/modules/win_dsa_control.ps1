#!powershell

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._DeepSecurityAgent

Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

$spec = @{
    options = @{
        arguments = @{ type = "list"; elements = "str"; required = $true; no_log = $true }
        password = @{ type = "str"; no_log = $true }
        timeout = @{ type = "int"; default = 120 }
    }
    supports_check_mode = $true
    # Ansible masks single texts and not those of a list: without this the arguments would be in the event log.
    no_log = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$module.Result.changed = $true
if ($module.Result.ContainsKey("invocation")) {
    $module.Result.invocation = @{}
}

if (-not $module.CheckMode) {
    $given = @{
        Argument = $module.Params.arguments
        Password = $module.Params.password
        Timeout = $module.Params.timeout
    }
    $answer = Invoke-DsaControl @given
    if ($answer.problem) {
        $why = $answer.problem
        foreach ($argument in $module.Params.arguments) {
            # Options and short words, such as numbers, are no secrets. What is one can stand behind a colon.
            foreach ($secret in @($argument, $argument.Substring($argument.IndexOf([Char]":") + 1))) {
                if ($secret.Length -ge 4 -and $secret[0] -ne "-") {
                    $why = $why.Replace($secret, "********")
                }
            }
        }
        $module.FailJson($why)
    }
}
$module.ExitJson()
