#!powershell

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._DeepSecurityAgent

# The list is known from the field and is no list of the vendor's: good for looking, never for deleting.

Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

$spec = @{
    options = @{}
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$services = @(
    "ds_agent", "ds_notifier", "ds_monitor", "Amsp", "ds_nuagent", "tbimdsa", "tmactmon", "tmcomm", "tmevtmgr", "tmumh"
    "tmebc", "tmeyes"
)
$products = @("AEGIS", "AMSP", "AMSPStatus", "Deep Security Agent", "Falcon", "WL")
$sources = @("Application\Deep Security Agent", "Application\Deep Security Relay", "System\tbimdsa")
# As the installer of Windows writes them; which of them is the Agent, the Notifier and the Relay is not known.
$upgradeCodes = @(
    "689D08D76B5A47A4FB59D97D2C4B9308", "9595A43D099883B49B6A1D3194B54E48", "FD7DF71DF377E464F8F59FDA68339BD0"
)
$folders = @("Deep Security Agent", "Deep Security Notifier", "AMSP")
$drivers = @(
    "tbimdsa.sys", "tmactmon.sys", "tmcomm.sys", "TMEBC64.sys", "TMEBC32.sys", "tmebc.sys", "tmevtmgr.sys", "TMUMH.sys"
    "tmeyes.sys"
)
# Other products of the vendor bring these as well.
$shared = @("tmcomm", "tmumh", "AEGIS")

Function New-Leftover {
    <#
    .SYNOPSIS
    One entry of the result.
    #>
    param (
        [Parameter(Mandatory = $true)] [String] $Kind,
        [Parameter(Mandatory = $true)] [String] $Name
    )

    $last = [System.IO.Path]::GetFileNameWithoutExtension($Name.Substring($Name.LastIndexOf([Char]"\") + 1))
    return @{ kind = $Kind; name = $Name; maybe_other_product = $shared -contains $last }
}

$checks = [ordered]@{
    services = {
        foreach ($name in $services) {
            if (Test-DsaRegistryKey -Path "SYSTEM\CurrentControlSet\Services\$name") {
                New-Leftover -Kind service -Name $name
            }
        }
    }
    registry = {
        $keys = @(
            foreach ($name in $products) {
                "SOFTWARE\TrendMicro\$name"
                "SOFTWARE\WOW6432Node\TrendMicro\$name"
            }
            foreach ($name in $sources) {
                "SYSTEM\CurrentControlSet\Services\EventLog\$name"
            }
            foreach ($name in $upgradeCodes) {
                "SOFTWARE\Classes\Installer\UpgradeCodes\$name"
                "SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\UpgradeCodes\$name"
            }
        )
        foreach ($key in $keys) {
            if (Test-DsaRegistryKey -Path $key) {
                New-Leftover -Kind registry -Name "HKLM\$key"
            }
        }
        foreach ($view in @("SOFTWARE", "SOFTWARE\WOW6432Node")) {
            $key = "$view\Microsoft\Windows\CurrentVersion\Run"
            if ($null -ne (Get-DsaRegistryValue -Path $key -Name "Deep Security Notifier")) {
                New-Leftover -Kind registry -Name "HKLM\$key\Deep Security Notifier"
            }
        }
    }
    folders = {
        $paths = @(
            foreach ($name in $folders) {
                [System.IO.Path]::Combine((Get-DsaProgramFolder), "Trend Micro", $name)
                [System.IO.Path]::Combine($env:ProgramData, "Trend Micro", $name)
            }
        )
        foreach ($path in $paths) {
            if ([System.IO.Directory]::Exists($path)) {
                New-Leftover -Kind folder -Name $path
            }
        }
        if ([System.IO.Directory]::Exists([System.IO.Path]::Combine((Get-DsaSystemFolder), "LogFiles", "ds_agent"))) {
            New-Leftover -Kind folder -Name ([System.IO.Path]::Combine($env:SystemRoot, "System32\LogFiles\ds_agent"))
        }
    }
    files = {
        foreach ($name in $drivers) {
            if ([System.IO.File]::Exists([System.IO.Path]::Combine((Get-DsaSystemFolder), "drivers", $name))) {
                New-Leftover -Kind file -Name ([System.IO.Path]::Combine($env:SystemRoot, "System32\drivers", $name))
            }
        }
    }
    uninstall_entries = {
        foreach ($entry in (Get-DsaUninstallEntry -Name "Trend Micro Deep Security")) {
            New-Leftover -Kind uninstall_entry -Name $entry.name
        }
    }
}

$problems = [System.Collections.Generic.List[String]]::new()
$leftovers = @(
    foreach ($check in $checks.Keys) {
        $found = Read-DsaFact -What $check -Problem $problems -Reader $checks[$check]
        if ($null -ne $found) {
            $found
        }
    }
)
$module.Result.leftovers = $leftovers
$module.Result.problems = $problems.ToArray()
$module.ExitJson()
