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

Function Add-Signer {
    <# .SYNOPSIS
    Add who signed, and the chain to the root. Windows may fetch and keep a root on the way. #>
    param ([System.Collections.IDictionary] $Package, [Object] $Signer)
    $Package.signer, $Package.issuer, $Package.thumbprint = $Signer.Subject, $Signer.Issuer, $Signer.Thumbprint
    # $true: by the stores of the computer, as a root that only this user trusts would hide the gap.
    $chain = New-Object -TypeName "System.Security.Cryptography.X509Certificates.X509Chain" -ArgumentList $true
    $chain.ChainPolicy.RevocationMode = "NoCheck"
    # Signing certificates of today live for three days: that theirs is over means nothing.
    $chain.ChainPolicy.VerificationFlags = "IgnoreNotTimeValid"
    $chain.ChainPolicy.UrlRetrievalTimeout = [TimeSpan]::FromSeconds($module.Params["timeout"])
    $null = $chain.ChainPolicy.ApplicationPolicy.Add([System.Security.Cryptography.Oid]::new("1.3.6.1.5.5.7.3.3"))
    $null = $chain.Build($Signer)
    $Package.partial = @($chain.ChainStatus | Where-Object { [String]$_.Status -eq "PartialChain" }).Count -gt 0
    $certificates = @($chain.ChainElements | ForEach-Object { $_.Certificate })
    $Package.chain = @(foreach ($one in $certificates) { @{ subject = $one.Subject; thumbprint = $one.Thumbprint } })
}

Invoke-DsaModule -Module $module -Step "signature" -Body {
    Confirm-DsaOption -Module $module -Name "timeout", "path"
    $found = Test-DsaPath -Path $module.Params["path"]
    $package = @{
        path = $found.path; exists = $found.exists; size = $null; sha256 = $null; error = $found.error; status = $null
        signer = $null; issuer = $null; thumbprint = $null; timestamper = $null; chain = @(); partial = $null
    }
    $module.Result["package"] = Complete-DsaFact -Fact $package -Reader {
        if (-not $found.exists) { return }
        if ($found.folder) { throw "it is a folder" }
        $package.size = [System.IO.FileInfo]::new($found.path).Length
        $package.sha256 = (Get-FileHash -LiteralPath $found.path -Algorithm SHA256).Hash.ToLowerInvariant()
        $signature = Get-AuthenticodeSignature -LiteralPath $found.path
        $package.status = [String]$signature.Status
        if ($null -ne $signature.TimeStamperCertificate) {
            $package.timestamper = $signature.TimeStamperCertificate.Subject
        }
        if ($null -ne $signature.SignerCertificate) {
            Add-Signer -Package $package -Signer $signature.SignerCertificate
        }
    }
}
