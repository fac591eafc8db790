# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection. Where the agent is, dsa_query, and who listens on a port.
#Requires -Version 5.1
#AnsibleRequires -PowerShell ..module_utils._DsaHost
#AnsibleRequires -PowerShell ..module_utils._DsaRegistry
#AnsibleRequires -PowerShell ..module_utils._DsaProcess
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

Function Read-DsaProductKey {
    <# .SYNOPSIS
    The keys that name the agent's folder: of the product, also as a 32-bit installer writes it, and of its service. #>
    return Read-DsaKeyTable -Table @{
        product = "SOFTWARE\TrendMicro\Deep Security Agent", "InstallationFolder"
        product_spaced = "SOFTWARE\Trend Micro\Deep Security Agent", "InstallationFolder"
        product_32 = "SOFTWARE\WOW6432Node\TrendMicro\Deep Security Agent", "InstallationFolder"
        service = "SYSTEM\CurrentControlSet\Services\ds_agent", "ImagePath", "Start"
    }
}

Function Get-DsaLineFolder {
    <# .SYNOPSIS
    The folder of the program that a command line begins with, in quotation marks or up to .exe, or an empty text. #>
    param ([String] $Line)
    # Not by System.IO.Path, which throws on characters that no path has.
    $program = '^\s*(?:"(?<folder>[^"]+)[\\/][^\\/"]*"|(?<folder>[^"]+?)[\\/][^\\/"]*\.[Ee][Xx][Ee])'
    return [Regex]::Match($Line, $program).Groups["folder"].Value
}

Function Get-DsaAgentFolder {
    <# .SYNOPSIS
    {folder, folders}: where the agent is, $null where none of the candidates holds it; and these, the best first. #>
    param ([System.Collections.IDictionary] $Key = (Read-DsaProductKey))
    $texts = "String", "ExpandString"
    $named = @(
        Get-DsaLineFolder -Line (Get-DsaValue -Key $Key.service -Name "ImagePath" -Type $texts)
        foreach ($name in @("product", "product_spaced", "product_32")) {
            $text = Get-DsaValue -Key $Key[$name] -Name "InstallationFolder" -Type $texts
            "$text".Trim([Char[]]""" ").TrimEnd([Char[]]"\/")
        }
        [System.IO.Path]::Combine((Get-DsaProgramFolder), "Trend Micro", "Deep Security Agent")
    )
    $found = @{ folder = $null; folders = @() }
    foreach ($name in @($named | Where-Object { $_ })) {
        $folder = [Environment]::ExpandEnvironmentVariables($name)
        if ($found.folders -contains $folder) { continue }
        $found.folders += $folder
        $there = [System.IO.File]::Exists("$folder/dsa_query.cmd") -or [System.IO.File]::Exists("$folder/dsa.exe")
        if ($there -and $null -eq $found.folder) { $found.folder = $folder }
    }
    return $found
}

Function Start-DsaQuery {
    <# .SYNOPSIS
    Start all queries of dsa_query in one shell: one time limit, and what was answered before a hang still counts. #>
    param ([String] $Folder)
    # It starts the others, and is never the 32-bit one: for it System32 has its real name.
    $shell = [System.IO.Path]::Combine($env:SystemRoot, "System32", "cmd.exe")
    # Nothing of the host's stands in the command line, so nothing there needs quoting: the folder is where it runs. A
    # shell for each, as a .cmd file that ends with "exit" would take the others with it.
    $queries = "GetPluginVersion", "GetAgentStatus", "GetComponentInfo"
    $line = @(foreach ($query in $queries) { """$shell"" /d /c .\dsa_query.cmd -c $query" }) -join " & "
    return Start-DsaProcess -FilePath "cmd.exe" -Argument "/d /s /c ""$line""" -Folder $Folder
}

Function Test-DsaListener {
    <# .SYNOPSIS
    Whether anything listens on a TCP port. #>
    param ([Int32] $Port)
    $network = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    return @($network.GetActiveTcpListeners() | Where-Object { $_.Port -eq $Port }).Count -gt 0
}

Export-ModuleMember -Function *-Dsa*
