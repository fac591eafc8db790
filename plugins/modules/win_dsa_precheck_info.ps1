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

Function Get-Servicing {
    <# .SYNOPSIS
    {packages, error}: the packages of Windows' servicing whose names contain one of the words, with their states. #>
    param ([String[]] $Word)
    $parent = "SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages"
    $below = Read-DsaKey -Path $parent -Subkey
    $servicing = @{ packages = @(); error = $below.error }
    $servicing.packages = @(
        foreach ($name in $below.subkeys) {
            $wanted = @($Word | Where-Object { $name.IndexOf($_, [StringComparison]::OrdinalIgnoreCase) -ge 0 })
            if ($wanted.Count) {
                $key = Read-DsaKey -Path "$parent\$name" -Name "CurrentState"
                if ($key.error) {
                    $servicing.error = "${name}: $($key.error)"
                }
                @{ name = $name; state = Get-Number -Key $key -Name "CurrentState" }
            }
        }
    )
    return $servicing
}

Function Get-Number {
    <# .SYNOPSIS
    A value of a key that Read-DsaKey returned, where it is a number; else $null. #>
    param ([System.Collections.IDictionary] $Key, [String] $Name)
    $found = $Key.values[$Name]
    if ($null -ne $found -and @("DWord", "QWord") -contains $found.type) { return $found.value }
    return $null
}

Function Get-Certificate {
    <# .SYNOPSIS
    Which of the wanted certificates a store of the computer holds. It lists them; building a chain could add some. #>
    param ([String] $Store, [String[]] $Wanted)
    $opened = New-Object -TypeName "System.Security.Cryptography.X509Certificates.X509Store" -ArgumentList @(
        $Store, "LocalMachine"
    )
    $opened.Open("ReadOnly, OpenExistingOnly")
    try {
        $thumbprints = @($opened.Certificates | ForEach-Object { $_.Thumbprint.ToUpperInvariant() })
    } finally {
        $opened.Close()
    }
    return , @($Wanted | Where-Object { $thumbprints -contains $_ })
}

Function Get-SharedDll {
    <# .SYNOPSIS
    How many programs are noted to use a file, $null when it is not listed. #>
    param ([String] $Path)
    $file = [Environment]::ExpandEnvironmentVariables($Path)
    foreach ($view in @("SOFTWARE", "SOFTWARE\WOW6432Node")) {
        $key = Read-DsaKey -Path "$view\Microsoft\Windows\CurrentVersion\SharedDlls" -Name $file
        $count = Get-Number -Key $key -Name $file
        if ($null -ne $count) { return $count }
        $why = $key.error
        if ($key.values.Count) { $why = "the number of users of $file is no number" }
        if ($why) { $problems.Add(@{ source = "shared_dlls"; text = $why }) }
    }
    return $null
}

Function Read-Key {
    <# .SYNOPSIS
    The keys of Windows itself that decide whether it takes the package. #>
    $roots = "Microsoft\SystemCertificates\AuthRoot"
    $padding = "Microsoft\Cryptography\Wintrust\Config"
    $keys = Read-DsaWindowsKey
    $keys.authroot_policy = Read-DsaKey -Path "SOFTWARE\Policies\$roots" -Name "DisableRootAutoUpdate"
    $keys.authroot_update = Read-DsaKey -Path "SOFTWARE\$roots\AutoUpdate" -Name "RootDirUrl", "LastSyncTime"
    $keys.cert_padding = Read-DsaKey -Path "SOFTWARE\$padding" -Name "EnableCertPaddingCheck"
    $keys.cert_padding_32 = Read-DsaKey -Path "SOFTWARE\WOW6432Node\$padding" -Name "EnableCertPaddingCheck"
    return $keys
}

Invoke-DsaModule -Module $module -Step "read" -Body {
    Confirm-DsaOption -Module $module -List "roots", "servicing_packages", "shared_dlls"
    $wanted = @($module.Params["roots"] | ForEach-Object { ([String]$_).ToUpperInvariant() })
    $certificates = @{}
    foreach ($store in @("Root", "AuthRoot", "CA", "Disallowed")) {
        $certificates[$store] = Read-DsaFact -Source "certificates_$store" -Problem $problems -Reader {
            Get-Certificate -Store $store -Wanted $wanted
        }
    }
    $dlls = @{}
    foreach ($path in $module.Params["shared_dlls"]) {
        $dlls[$path] = Get-SharedDll -Path $path
    }
    # Where the package goes, and the agent.
    $data = Get-DsaDataFolder
    $reading = @{
        keys = Read-Key
        servicing = Get-Servicing -Word @($module.Params["servicing_packages"])
        certificates = $certificates
        shared_dlls = $dlls
        drive = [System.IO.Path]::GetPathRoot($data).TrimEnd([Char]"\")
        free_bytes = Read-DsaFact -Source "free_bytes" -Problem $problems -Reader { Get-DsaFreeSpace -Path $data }
        reboot = Read-DsaReboot
        problems = @()
    }
    $reading.problems = $problems.ToArray()
    $module.Result["reading"] = $reading
}
