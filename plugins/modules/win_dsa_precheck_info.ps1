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
        roots = @{ type = "list"; elements = "raw"; default = @() }
        servicing_packages = @{ type = "list"; elements = "raw"; default = @() }
        shared_dlls = @{ type = "list"; elements = "raw"; default = @() }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$problems = [System.Collections.Generic.List[Object]]::new()
$number = "DWord", "QWord"

Function Get-Servicing {
    <# .SYNOPSIS
    {packages, error}: the packages of Windows' servicing whose names contain one of the words, with their states. #>
    param ([String[]] $Word)
    $below = Read-DsaKey -Path "SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages" -Subkey
    $servicing = @{ packages = @(); error = $below.error }
    foreach ($name in $below.subkeys) {
        $fits = @($Word | Where-Object { $name.IndexOf($_, [StringComparison]::OrdinalIgnoreCase) -ge 0 })
        if ($fits.Count -eq 0) { continue }
        $key = Read-DsaKey -Path "$($below.path)\$name" -Name "CurrentState"
        if ($key.error) { $servicing.error = "${name}: $($key.error)" }
        $servicing.packages += @{ name = $name; state = Get-DsaValue -Key $key -Name "CurrentState" -Type $number }
    }
    return $servicing
}

Function Get-Certificate {
    <# .SYNOPSIS
    Which of the wanted certificates a store of the computer holds. It lists them; building a chain could add some. #>
    param ([String] $Store, [String[]] $Wanted)
    $opened = New-Object -TypeName "System.Security.Cryptography.X509Certificates.X509Store" -ArgumentList @(
        $Store, "LocalMachine"
    )
    $opened.Open("ReadOnly, OpenExistingOnly")
    $thumbprints = @($opened.Certificates | ForEach-Object { $_.Thumbprint })
    $opened.Close()
    return , @($Wanted | Where-Object { $thumbprints -contains $_ })
}

Function Get-SharedDll {
    <# .SYNOPSIS
    How many programs are noted to use a file, $null when it is not listed. #>
    param ([String] $Path)
    $file = [Environment]::ExpandEnvironmentVariables($Path)
    foreach ($view in @("SOFTWARE", "SOFTWARE\WOW6432Node")) {
        $key = Read-DsaKey -Path "$view\Microsoft\Windows\CurrentVersion\SharedDlls" -Name $file
        $count = Get-DsaValue -Key $key -Name $file -Type $number
        if ($null -ne $count) { return $count }
        if ($key.values.Count) { $key.error = "the number of users of $file is no number" }
        if ($key.error) { $problems.Add(@{ source = "shared_dlls"; text = $key.error }) }
    }
    return $null
}

Invoke-DsaModule -Module $module -Step "read" -Body {
    Confirm-DsaOption -Module $module -Name "roots", "servicing_packages", "shared_dlls"
    $windows = Read-DsaWindows
    $folder = Get-DsaProgramFolder  # where the package goes, and the agent
    $reading = @{
        keys = $windows.keys + (Read-DsaKeyTable -Table @{
            authroot_policy = "SOFTWARE\Policies\Microsoft\SystemCertificates\AuthRoot", "DisableRootAutoUpdate"
            authroot_update = "SOFTWARE\Microsoft\SystemCertificates\AuthRoot\AutoUpdate", "RootDirUrl", "LastSyncTime"
            cert_padding = "SOFTWARE\Microsoft\Cryptography\Wintrust\Config", "EnableCertPaddingCheck"
            cert_padding_32 = "SOFTWARE\WOW6432Node\Microsoft\Cryptography\Wintrust\Config", "EnableCertPaddingCheck"
        })
        servicing = Get-Servicing -Word @($module.Params["servicing_packages"])
        certificates = @{}
        shared_dlls = @{}
        drive = [System.IO.Path]::GetPathRoot($folder).TrimEnd([Char]"\")
        free_bytes = Read-DsaFact -Source "free_bytes" -Problem $problems -Reader { Get-DsaFreeSpace -Path $folder }
        reboot = $windows.reboot
        problems = $problems
    }
    foreach ($store in @("Root", "AuthRoot", "CA", "Disallowed")) {
        $reading.certificates[$store] = Read-DsaFact -Source "certificates_$store" -Problem $problems -Reader {
            Get-Certificate -Store $store -Wanted @($module.Params["roots"])
        }
    }
    foreach ($path in $module.Params["shared_dlls"]) { $reading.shared_dlls["$path"] = Get-SharedDll -Path $path }
    $module.Result["reading"] = $reading
}
