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
        roots = @{ type = "list"; elements = "str"; default = @() }
        servicing_packages = @{ type = "list"; elements = "str"; default = @() }
        shared_dlls = @{ type = "list"; elements = "str"; default = @() }
        package_path = @{ type = "path" }
        timeout = @{ type = "int"; default = 30 }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$problems = [System.Collections.Generic.List[String]]::new()

Function Get-ServicingPackage {
    <#
    .SYNOPSIS
    The packages of Windows' servicing whose names contain one of the words, with their states.
    #>
    param ([Parameter(Mandatory = $true)] [AllowEmptyCollection()] [String[]] $Word)

    $parent = "SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages"
    $found = @(
        foreach ($name in (Get-DsaRegistryKeyName -Path $parent)) {
            foreach ($one in $Word) {
                if ($name.IndexOf($one, [StringComparison]::OrdinalIgnoreCase) -ge 0) {
                    $state = Get-DsaRegistryValue -Path "$parent\$name" -Name "CurrentState"
                    if ($null -ne $state) {
                        @{ name = $name; state = [Int32]$state }
                    }
                    break
                }
            }
        }
    )
    return , $found
}

Function Get-StoreThumbprint {
    <#
    .SYNOPSIS
    Which of the wanted certificates a store of the computer holds. It lists them; building a chain could add some.
    #>
    param (
        [Parameter(Mandatory = $true)] [String] $Name,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [String[]] $Wanted
    )

    $class = "System.Security.Cryptography.X509Certificates.X509Store"
    $store = New-Object -TypeName $class -ArgumentList $Name, "LocalMachine"
    $store.Open("ReadOnly, OpenExistingOnly")
    try {
        $thumbprints = @($store.Certificates | ForEach-Object { $_.Thumbprint.ToUpperInvariant() })
    }
    finally {
        $store.Close()
    }
    return , @($Wanted | Where-Object { $thumbprints -contains $_ })
}

Function Get-RootUpdate {
    <#
    .SYNOPSIS
    Whether Windows fetches missing roots by itself, where from, and when it last did.
    #>
    $policy = "SOFTWARE\Policies\Microsoft\SystemCertificates\AuthRoot"
    $update = "SOFTWARE\Microsoft\SystemCertificates\AuthRoot\AutoUpdate"
    $synced = $null
    $time = Get-DsaRegistryValue -Path $update -Name "LastSyncTime"
    if ($time -is [Byte[]] -and $time.Length -eq 8) {
        $synced = ConvertTo-DsaTime -Time ([DateTime]::FromFileTimeUtc([BitConverter]::ToInt64($time, 0)))
    }
    return @{
        disabled = (Get-DsaRegistryValue -Path $policy -Name "DisableRootAutoUpdate") -eq 1
        source = Get-DsaRegistryValue -Path $update -Name "RootDirUrl"
        last_sync = $synced
    }
}

Function Get-SharedDllCount {
    <#
    .SYNOPSIS
    How many programs say that they use a file, $null when nobody does.
    #>
    param ([Parameter(Mandatory = $true)] [String] $Path)

    $file = [Environment]::ExpandEnvironmentVariables($Path)
    foreach ($view in @("SOFTWARE", "SOFTWARE\WOW6432Node")) {
        $count = Get-DsaRegistryValue -Path "$view\Microsoft\Windows\CurrentVersion\SharedDlls" -Name $file
        if ($null -ne $count) {
            return [Int32]$count
        }
    }
    return $null
}

Function Test-CertPaddingCheck {
    <#
    .SYNOPSIS
    Whether Windows refuses signatures with anything behind them, by the number 1 or the text "1".
    #>
    foreach ($view in @("SOFTWARE", "SOFTWARE\WOW6432Node")) {
        $path = "$view\Microsoft\Cryptography\Wintrust\Config"
        if ([String](Get-DsaRegistryValue -Path $path -Name "EnableCertPaddingCheck") -eq "1") {
            return $true
        }
    }
    return $false
}

Function Get-Chain {
    <#
    .SYNOPSIS
    The thumbprints of a certificate's chain, the root last. Windows may fetch and keep a root on the way.
    #>
    param (
        [Parameter(Mandatory = $true)] [System.Security.Cryptography.X509Certificates.X509Certificate2] $Certificate,
        [Parameter(Mandatory = $true)] [Int32] $Timeout
    )

    # $true: by the stores of the computer, as a root that only this user trusts would hide the gap.
    $chain = [System.Security.Cryptography.X509Certificates.X509Chain]::new($true)
    $chain.ChainPolicy.RevocationMode = "NoCheck"
    # Signing certificates of today live for three days, so that theirs is over says nothing.
    $chain.ChainPolicy.VerificationFlags = "IgnoreNotTimeValid"
    $chain.ChainPolicy.UrlRetrievalTimeout = [TimeSpan]::FromSeconds($Timeout)
    $purpose = [System.Security.Cryptography.Oid]::new("1.3.6.1.5.5.7.3.3")
    $null = $chain.ChainPolicy.ApplicationPolicy.Add($purpose)
    $null = $chain.Build($Certificate)
    $partial = @($chain.ChainStatus | Where-Object { [String]$_.Status -eq "PartialChain" }).Count -gt 0
    return @{
        thumbprints = @($chain.ChainElements | ForEach-Object { $_.Certificate.Thumbprint.ToUpperInvariant() })
        partial = $partial
    }
}

Function Get-PackageSignature {
    <#
    .SYNOPSIS
    What Windows says about the signature of a package file.
    #>
    param (
        [Parameter(Mandatory = $true)] [String] $Path,
        [Parameter(Mandatory = $true)] [Int32] $Timeout
    )

    $package = [ordered]@{
        path = $Path
        exists = [System.IO.File]::Exists($Path)
        status = $null
        signer = $null
        thumbprint = $null
        timestamper = $null
        chain = @()
    }
    if (-not $package.exists) {
        return $package
    }
    $found = Get-DsaSignature -Path $Path
    foreach ($key in @("status", "signer", "thumbprint", "timestamper")) {
        $package[$key] = $found[$key]
    }
    if ($null -ne $found.certificate) {
        $chain = Get-Chain -Certificate $found.certificate -Timeout $Timeout
        $package.chain = $chain.thumbprints
        if ($chain.partial) {
            $problems.Add("package: its chain does not reach a root, a certificate in between is missing on the host")
        }
    }
    return $package
}

$params = $module.Params
$timeout = $params.timeout
if ($timeout -lt 1) {
    $module.FailJson("timeout is $timeout; give at least 1 second")
}
$wanted = @($params.roots | ForEach-Object { [String]$_.ToUpperInvariant() })
$words = @($params.servicing_packages)

$system = Read-DsaFact -What "the version of Windows" -Problem $problems -Reader { Get-DsaWindows }
if ($null -eq $system) {
    $system = @{ build = $null; ubr = $null; nt_version = $null; product = $null; arch = $null }
}
$folder = Read-DsaFact -What "the agent's folder" -Problem $problems -Reader { Get-DsaInstallFolder }
if (-not $folder) {
    $folder = [System.IO.Path]::Combine((Get-DsaProgramFolder), "Trend Micro", "Deep Security Agent")
}

$certificates = [ordered]@{}
foreach ($store in @("Root", "AuthRoot", "CA", "Disallowed")) {
    $certificates[$store] = Read-DsaFact -What "certificates in $store" -Problem $problems -Reader {
        Get-StoreThumbprint -Name $store -Wanted $wanted
    }
}
$dlls = [ordered]@{}
foreach ($dll in @($params.shared_dlls)) {
    $dlls[[String]$dll] = Read-DsaFact -What "SharedDlls" -Problem $problems -Reader { Get-SharedDllCount -Path $dll }
}
$update = Read-DsaFact -What "the update of roots" -Problem $problems -Reader { Get-RootUpdate }
if ($null -eq $update) {
    $update = @{ disabled = $null; source = $null; last_sync = $null }
}
$package = $null
if ($params.package_path) {
    $package = Read-DsaFact -What "package" -Problem $problems -Reader {
        Get-PackageSignature -Path $params.package_path -Timeout $timeout
    }
}
# Where the package goes, and the agent.
$drive = [System.IO.Path]::GetPathRoot((Get-DsaDataFolder)).TrimEnd("\")

$windows = [ordered]@{
    build = $system.build
    ubr = $system.ubr
    nt_version = $system.nt_version
    product = $system.product
    arch = $system.arch
    servicing_packages = Read-DsaFact -What "servicing packages" -Problem $problems -Reader {
        Get-ServicingPackage -Word $words
    }
    certificates = $certificates
    root_update = $update
    shared_dlls = $dlls
    drive = $drive
    free_bytes = Read-DsaFact -What "free space" -Problem $problems -Reader {
        [System.IO.DriveInfo]::new($drive).AvailableFreeSpace
    }
    # No public way to read it is known; the key is kept for the day there is one.
    self_protection = $null
    reboot = Get-DsaReboot -InstallDir $folder -Problem $problems
    cert_padding_check = Read-DsaFact -What "EnableCertPaddingCheck" -Problem $problems -Reader {
        Test-CertPaddingCheck
    }
    package = $package
    problems = @()
}
$windows.problems = $problems.ToArray()
$module.Result.windows = $windows
$module.ExitJson()
