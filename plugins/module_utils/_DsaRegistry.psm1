# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection. Reads the registry: what is there and of which type, or why not.
#Requires -Version 5.1
#AnsibleRequires -PowerShell ..module_utils._DsaHost
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

Function Open-DsaKey {
    <# .SYNOPSIS
    A key below HKLM, $null when it is not there. A 32-bit PowerShell reads what a 64-bit one does. #>
    param ([String] $Path)
    return [Microsoft.Win32.RegistryKey]::OpenBaseKey("LocalMachine", "Registry64").OpenSubKey($Path)
}

Function ConvertTo-DsaValue {
    <# .SYNOPSIS
    {type, value, cut} of a value of the registry, bounded. #>
    param ([String] $Type, [Object] $Value)
    $found = @{ type = $Type; value = $Value; cut = $false }
    if ($Value -is [Int32]) {
        $found.value = [Int64]$Value -band 4294967295  # the registry has no sign
    } elseif ($Value -is [Byte[]]) {
        $found.value = [BitConverter]::ToString($Value).Replace("-", "")
    } elseif ($Value -is [Array]) {
        $length = 0
        $texts = foreach ($text in $Value) {
            $length += $text.Length
            if ($length -le 64KB) { $text }
        }
        $found.value = @($texts | Select-Object -First 4096)
        $found.cut = $found.value.Count -lt $Value.Count
    }
    if ($found.value -is [String] -and $found.value.Length -gt 4096) {
        $found.value, $found.cut = $found.value.Substring(0, 4096), $true
    }
    return $found
}

Function Read-DsaKey {
    <# .SYNOPSIS
    {path, exists, values, error} of a key below HKLM, with the named values that are there; and subkeys on request. #>
    param ([String] $Path, [String[]] $Name, [Switch] $Subkey)
    $found = @{ path = $Path; exists = $null; values = @{}; error = $null }
    if ($Subkey) { $found.subkeys = @() }
    return Complete-DsaFact -Fact $found -Reader {
        $key = Open-DsaKey -Path $Path
        if ($null -eq $key) {
            $found.exists = $false
            return
        }
        $there = $key.GetValueNames()
        foreach ($one in @($Name | Where-Object { $there -contains $_ })) {
            $value = $key.GetValue($one, $null, "DoNotExpandEnvironmentNames")
            $found.values[$one] = ConvertTo-DsaValue -Type ([String]$key.GetValueKind($one)) -Value $value
        }
        if ($Subkey) { $found.subkeys = @($key.GetSubKeyNames()) }
        $key.Dispose()
        $found.exists = $true
    }
}

Function Read-DsaKeyTable {
    <# .SYNOPSIS
    The keys of a table, each by its path and the names of its values, in which %VARIABLES% are expanded. #>
    param ([System.Collections.IDictionary] $Table)
    $found = @{}
    foreach ($entry in $Table.GetEnumerator()) {
        $path, $names = $entry.Value
        $names = @(foreach ($name in $names) { [Environment]::ExpandEnvironmentVariables($name) })
        $found[$entry.Key] = Read-DsaKey -Path $path -Name $names
    }
    return $found
}

Function Get-DsaValue {
    <# .SYNOPSIS
    A value of a key that Read-DsaKey returned, where it is whole and of one of these types; else $null. #>
    param ([System.Collections.IDictionary] $Key, [String] $Name, [String[]] $Type)
    $found = $Key.values[$Name]
    if ($null -ne $found -and $Type -contains $found.type -and -not $found.cut) { return $found.value }
    return $null
}

Function Test-Word {
    <# .SYNOPSIS
    Whether a text contains one of some words, in any case. #>
    param ([String] $Text, [String[]] $Word)
    return @($Word | Where-Object { $Text.IndexOf($_, [StringComparison]::OrdinalIgnoreCase) -ge 0 }).Count -gt 0
}

Function Find-DsaKey {
    <# .SYNOPSIS
    {entries, errors}: of the keys right below some paths those whose name, or whose value "by", contains one of the
    words; with the values of these names. A key that cannot be read hides no other. #>
    param ([System.Collections.IDictionary] $Where)
    $by, $words, $found = $Where["by"], $Where["words"], @{ entries = @(); errors = @() }
    foreach ($path in $Where["paths"]) {
        $parent = Read-DsaKey -Path $path -Subkey
        # There can be thousands: none is opened that is not wanted.
        $below = @($parent.subkeys | Where-Object { $by -or (Test-Word -Text $_ -Word $words) })
        $keys = @(foreach ($name in $below) { Read-DsaKey -Path "$path\$name" -Name $Where["names"] })
        foreach ($key in @($parent) + $keys) {
            if ($key.error -and $found.errors.Count -lt 20) { $found.errors += "$($key.path): $($key.error)" }
        }
        $found.entries += @(
            $keys | Where-Object {
                -not $by -or ($_.values.Contains($by) -and (Test-Word -Text $_.values[$by].value -Word $words))
            }
        )
    }
    return $found
}

Export-ModuleMember -Function *-Dsa*
