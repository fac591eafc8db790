# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection. Reads the registry: what is there and of which type, or why not.

#Requires -Version 5.1
#AnsibleRequires -PowerShell ..module_utils._DsaHost

Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

$script:LongestText = 4096
$script:LongestList = 4096
$script:LongestListText = 64KB
$script:MostErrors = 20
$script:Uninstall = @(
    "SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
    "SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"
)

Function Open-DsaKey {
    <# .SYNOPSIS
    A key below HKLM, $null when it is not there. A 32-bit PowerShell reads what a 64-bit one does. #>
    param ([String] $Path)
    $hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey(
        [Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64
    )
    try { return $hive.OpenSubKey($Path) } finally { $hive.Dispose() }
}

Function ConvertTo-DsaValue {
    <# .SYNOPSIS
    {type, value, cut} of a value of the registry, bounded. #>
    param ([String] $Type, [Object] $Value)
    $found = @{ type = $Type; value = $Value; cut = $false }
    if ($Value -is [Byte[]]) {
        $count = [Math]::Min($Value.Length, $script:LongestText / 2)
        $found.value = [BitConverter]::ToString($Value, 0, $count).Replace("-", "")
        $found.cut = $count -lt $Value.Length
    } elseif ($Value -is [Int32]) {
        $found.value = [BitConverter]::ToUInt32([BitConverter]::GetBytes($Value), 0)
    } elseif ($Value -is [Int64]) {
        $found.value = [BitConverter]::ToUInt64([BitConverter]::GetBytes($Value), 0)
    } elseif ($Value -is [Array]) {
        $list, $length = [System.Collections.Generic.List[String]]::new(), 0
        foreach ($entry in $Value) {
            $length += $entry.Length
            $found.cut = $list.Count -ge $script:LongestList -or $length -gt $script:LongestListText
            if ($found.cut) { break }
            $list.Add($entry)
        }
        $found.value = $list.ToArray()
    } elseif ($Value -is [String] -and $Value.Length -gt $script:LongestText) {
        $found.value, $found.cut = $Value.Substring(0, $script:LongestText), $true
    }
    return $found
}

Function Read-DsaKey {
    <# .SYNOPSIS
    {path, exists, values, error} of a key below HKLM, with those of the named values that are there, and subkeys, the
    names of the keys below it, where they are wanted. #>
    param ([String] $Path, [String[]] $Name = @(), [Switch] $Subkey)
    $found = @{ path = $Path; exists = $false; values = @{}; error = $null }
    if ($Subkey) { $found.subkeys = @() }
    $key = $null
    try {
        $key = Open-DsaKey -Path $Path
        if ($null -eq $key) { return $found }
        $there = $key.GetValueNames()
        foreach ($one in @($Name | Where-Object { $there -contains $_ })) {
            $value = $key.GetValue($one, $null, "DoNotExpandEnvironmentNames")
            $found.values[$one] = ConvertTo-DsaValue -Type ([String]$key.GetValueKind($one)) -Value $value
        }
        if ($Subkey) { $found.subkeys = @($key.GetSubKeyNames()) }
        $found.exists = $true
    } catch {
        $found.exists, $found.error = $null, (Get-DsaReason -Exception $_.Exception)
    } finally {
        if ($null -ne $key) { $key.Dispose() }
    }
    return $found
}

Function Get-DsaText {
    <# .SYNOPSIS
    A value of a key that Read-DsaKey returned, where it is a whole text; else $null. #>
    param ([System.Collections.IDictionary] $Key, [String] $Name)
    $found = $Key.values[$Name]
    if ($null -ne $found -and @("String", "ExpandString") -contains $found.type -and -not $found.cut) {
        return $found.value
    }
}

Function Get-DsaUninstall {
    <# .SYNOPSIS
    {entries, errors}: the installed programs whose name contains a text. One that cannot be read hides no other. #>
    param ([String] $Text)
    $errors = [System.Collections.Generic.List[String]]::new()
    $entries = @(
        foreach ($parent in $script:Uninstall) {
            $below = Read-DsaKey -Path $parent -Subkey
            if ($below.error) { $errors.Add("${parent}: $($below.error)") }
            foreach ($name in $below.subkeys) {
                $key = Read-DsaKey -Path "$parent\$name" -Name "DisplayName", "DisplayVersion", "UninstallString"
                if ($key.error -and $errors.Count -lt $script:MostErrors) { $errors.Add("$($key.path): $($key.error)") }
                $shown = "" + $(foreach ($one in $key.values["DisplayName"]) { $one.value })
                if ($shown.IndexOf($Text, [StringComparison]::OrdinalIgnoreCase) -ge 0) { $key }
            }
        }
    )
    return @{ entries = $entries; errors = $errors.ToArray() }
}

Export-ModuleMember -Function *-Dsa*
