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
        timeout = @{ type = "int"; default = 15 }
        progress_file = @{ type = "path" }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$timeout = $module.Params.timeout
if ($timeout -lt 1) {
    $module.FailJson("timeout is $timeout; give at least 1 second")
}
$progressFile = $module.Params.progress_file
if (-not $progressFile) {
    $progressFile = [System.IO.Path]::Combine((Get-DsaDataFolder), "progress.json")
}

$module.Result.agent = Get-DsaRecord -Timeout $timeout -ProgressPath $progressFile
$module.ExitJson()
