#!powershell

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#Requires -Version 5.1
#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._DsaHost

Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

$spec = @{
    options = @{
        path = @{ type = "path"; required = $true }
        timeout = @{ type = "int"; default = 30 }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

Function Add-Chain {
    <# .SYNOPSIS
    Add the chain of a certificate, the root last. Windows may fetch and keep a root on the way. #>
    param ([System.Collections.IDictionary] $Package, [Object] $Certificate)
    # $true: by the stores of the computer, as a root that only this user trusts would hide the gap.
    $chain = New-Object -TypeName "System.Security.Cryptography.X509Certificates.X509Chain" -ArgumentList $true
    $chain.ChainPolicy.RevocationMode = "NoCheck"
    # Signing certificates of today live for three days: that theirs is over means nothing.
    $chain.ChainPolicy.VerificationFlags = "IgnoreNotTimeValid"
    $chain.ChainPolicy.UrlRetrievalTimeout = [TimeSpan]::FromSeconds($module.Params["timeout"])
    $null = $chain.ChainPolicy.ApplicationPolicy.Add([System.Security.Cryptography.Oid]::new("1.3.6.1.5.5.7.3.3"))
    $null = $chain.Build($Certificate)
    $Package.partial = @($chain.ChainStatus | Where-Object { [String]$_.Status -eq "PartialChain" }).Count -gt 0
    $certificates = @($chain.ChainElements | ForEach-Object { $_.Certificate })
    $Package.chain = @(
        foreach ($one in $certificates) { @{ subject = $one.Subject; thumbprint = $one.Thumbprint.ToUpperInvariant() } }
    )
}

Function Add-Signature {
    <# .SYNOPSIS
    Add what Windows returns of the signature of a file. #>
    param ([System.Collections.IDictionary] $Package)
    $found = Get-AuthenticodeSignature -LiteralPath $Package.path
    $Package.status = [String]$found.Status
    if ($null -ne $found.TimeStamperCertificate) { $Package.timestamper = $found.TimeStamperCertificate.Subject }
    $signer = $found.SignerCertificate
    if ($null -ne $signer) {
        $Package.signer, $Package.issuer = $signer.Subject, $signer.Issuer
        $Package.thumbprint = $signer.Thumbprint.ToUpperInvariant()
        Add-Chain -Package $Package -Certificate $signer
    }
}

Invoke-DsaModule -Module $module -Step "signature" -Body {
    Confirm-DsaOption -Module $module -Seconds "timeout" -Text "path"
    $found = Test-DsaPath -Path $module.Params["path"]
    $package = @{ path = $found.path; exists = $found.exists; error = $found.error; chain = @() }
    foreach ($name in @("size", "sha256", "status", "signer", "issuer", "thumbprint", "timestamper", "partial")) {
        $package[$name] = $null
    }
    $module.Result["package"] = $package
    if ($found.folder) { $package.error = "it is a folder" }
    if (-not $found.exists -or $found.folder) { return }
    try {
        $package.size = [System.IO.FileInfo]::new($found.path).Length
        $package.sha256 = (Get-FileHash -LiteralPath $found.path -Algorithm SHA256).Hash.ToLowerInvariant()
        Add-Signature -Package $package
    } catch {
        $package.error = Get-DsaReason -Exception $_.Exception
    }
}
