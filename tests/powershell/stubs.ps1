# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Stands in for what only Windows has: these replace the functions of the same names in _DeepSecurityAgent.psm1. The
# host is described in $script:Machine, which run.ps1 sets.

Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

Function Get-DsaRegistryValue {
    param ([String] $Path, [String] $Name)

    if ($script:Machine.unreadable -contains $Path) {
        throw "access denied"
    }
    if ($script:Machine.registry.ContainsKey($Path) -and $script:Machine.registry[$Path].ContainsKey($Name)) {
        return , $script:Machine.registry[$Path][$Name]
    }
    return $null
}

Function Get-DsaRegistryKeyName {
    param ([String] $Path)

    if ($script:Machine.unreadable -contains $Path) {
        throw "access denied"
    }
    $names = @(
        foreach ($key in $script:Machine.registry.Keys) {
            if ($key.StartsWith("$Path\", [StringComparison]::OrdinalIgnoreCase)) {
                $key.Substring($Path.Length + 1).Split("\")[0]
            }
        }
    )
    return , @($names | Sort-Object -Unique)
}

Function Test-DsaRegistryKey {
    param ([String] $Path)

    return $script:Machine.registry.ContainsKey($Path)
}

Function Get-DsaProgramFolder {
    return $script:Machine.programs
}

Function Get-DsaSystemFolder {
    return $script:Machine.programs
}

Function Get-DsaConsoleEncoding {
    return [System.Text.Encoding]::GetEncoding(932)
}

Function Start-DsaQuery {
    param ([String] $InstallDir)

    return Start-DsaProcess -FilePath "/bin/sh" -Argument "dsa_query.cmd" -Folder $InstallDir
}

Function Get-DsaBootTime {
    return "2026-11-01T03:04:05Z"
}

Function Get-DsaServiceEntry {
    param ([String[]] $Name)

    return , @($script:Machine.services | Where-Object { $Name -contains $_.Name })
}

Function Test-DsaListener {
    param ([Int32] $Port)

    return $script:Machine.listening
}

Function Get-DsaListenerOwner {
    param ([Int32] $Port)

    return , $script:Machine.owners
}

Function Test-DsaSccmReboot {
    return $false
}

Function Get-DsaFileVersion {
    param ([String] $Path)

    return $script:Machine.file_version
}

Function Get-DsaSignature {
    param ([String] $Path)

    return @{
        status = $script:Machine.signature
        signer = "CN=Example"
        thumbprint = "00"
        timestamper = $null
        certificate = $null
    }
}

Function Invoke-DsaControl {
    param ([String[]] $Argument, [String] $Password, [Int32] $Timeout)

    # One line a call, for the test to read.
    [System.IO.File]::AppendAllText($script:Machine.journal, ($Argument -join " ") + "`n")
    return @{ problem = $script:Machine.refusal; text = "HTTP Status: 200 - OK"; silent = $false }
}

Function Restart-DsaService {
    param ([Int32] $Timeout)

    [System.IO.File]::AppendAllText($script:Machine.journal, "restart`n")
    return $null
}
