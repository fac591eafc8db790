# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection. Where the agent is, its services, dsa_query and its port.

#Requires -Version 5.1
#AnsibleRequires -PowerShell ..module_utils._DsaHost
#AnsibleRequires -PowerShell ..module_utils._DsaRegistry
#AnsibleRequires -PowerShell ..module_utils._DsaProcess

Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

Function Read-DsaProductKey {
    <# .SYNOPSIS
    The keys that name the agent's folder: of the product, in both spellings and as a 32-bit installer writes it, and of
    its service. #>
    $folder = "InstallationFolder"
    return @{
        product = Read-DsaKey -Path "SOFTWARE\TrendMicro\Deep Security Agent" -Name $folder
        product_spaced = Read-DsaKey -Path "SOFTWARE\Trend Micro\Deep Security Agent" -Name $folder
        product_32 = Read-DsaKey -Path "SOFTWARE\WOW6432Node\TrendMicro\Deep Security Agent" -Name $folder
        service = Read-DsaKey -Path "SYSTEM\CurrentControlSet\Services\ds_agent" -Name "ImagePath", "Start"
    }
}

Function Get-DsaLineFolder {
    <# .SYNOPSIS
    The folder of the program that a command line begins with, nothing where it names none. Not by System.IO.Path, which
    throws on characters that no path has. #>
    param ([String] $Line)
    $text = [Environment]::ExpandEnvironmentVariables($Line).Trim()
    $end = $text.IndexOf(".exe", [StringComparison]::OrdinalIgnoreCase)
    if ($text.StartsWith("""", [StringComparison]::Ordinal)) {
        $text = $text.Substring(1)
        $end = $text.IndexOf([Char]"""")
    }
    $last = $text.Substring(0, [Math]::Max(0, $end)).LastIndexOfAny([Char[]]"\/")
    if ($last -gt 0) { return $text.Substring(0, $last) }
}

Function Test-DsaAgentFolder {
    <# .SYNOPSIS
    Whether a folder holds one of the agent's programs. #>
    param ([String] $Folder)
    try {
        $programs = @(foreach ($name in @("dsa_query.cmd", "dsa.exe")) { [System.IO.Path]::Combine($Folder, $name) })
        return @($programs | Where-Object { [System.IO.File]::Exists($_) }).Count -gt 0
    } catch {
        return $false  # .NET Framework throws on characters that no path has
    }
}

Function Get-DsaAgentFolder {
    <# .SYNOPSIS
    {folder, folders}: where the agent is, $null where no candidate holds it, and the candidates: the folder of the
    service's program, what the product's keys name, and where it is installed by default. #>
    param ([System.Collections.IDictionary] $Key = (Read-DsaProductKey))
    $named = @(
        Get-DsaLineFolder -Line (Get-DsaText -Key $Key.service -Name "ImagePath")
        foreach ($name in @("product", "product_spaced", "product_32")) {
            $text = [String](Get-DsaText -Key $Key[$name] -Name "InstallationFolder")
            [Environment]::ExpandEnvironmentVariables($text).Trim([Char[]]""" ").TrimEnd([Char[]]"\/")
        }
        [System.IO.Path]::Combine((Get-DsaProgramFolder), "Trend Micro", "Deep Security Agent")
    )
    $found = @{ folder = $null; folders = @() }
    foreach ($one in @($named | Where-Object { $_ })) {
        if ($found.folders -contains $one) { continue }
        $found.folders += $one
        if ($null -eq $found.folder -and (Test-DsaAgentFolder -Folder $one)) { $found.folder = $one }
    }
    return $found
}

Function Get-DsaService {
    <# .SYNOPSIS
    {entries, error}: Windows' own entries of services and drivers. Their words are not translated. #>
    param ([String[]] $Name)
    $found = @{ entries = @(); error = $null }
    try {
        $wanted = @(foreach ($one in $Name) { "Name = '$one'" }) -join " OR "
        $query = "SELECT * FROM Win32_BaseService WHERE $wanted"
        $found.entries = @(
            foreach ($one in @(Get-CimInstance -Query $query -OperationTimeoutSec 10)) {
                $id = $null
                if ($one.PSObject.Properties["ProcessId"]) { $id = $one.ProcessId }  # a driver has none
                @{
                    name = $one.Name; state = $one.State; start_mode = $one.StartMode; exit_code = $one.ExitCode
                    path = $one.PathName; process_id = $id
                }
            }
        )
    } catch {
        $found.error = Get-DsaReason -Exception $_.Exception
    }
    return $found
}

Function Start-DsaQuery {
    <# .SYNOPSIS
    Start dsa_query with everything it is to return. One shell runs them in turn: one time limit, and what was answered
    before a hang still counts. #>
    param ([String] $Folder)
    # It starts the others, and is never the 32-bit one: for it System32 has its real name.
    $shell = [System.IO.Path]::Combine($env:SystemRoot, "System32", "cmd.exe")
    # Nothing of the host's stands in the command line, so nothing there needs quoting: the folder is where it runs. A
    # shell for each, as a .cmd file that ends with "exit" would take the others with it.
    $queries = @("GetPluginVersion", "GetAgentStatus", "GetComponentInfo")
    $line = @(foreach ($query in $queries) { """$shell"" /d /c .\dsa_query.cmd -c $query" }) -join " & "
    $cmd = [System.IO.Path]::Combine((Get-DsaSystemFolder), "cmd.exe")
    return Start-DsaProcess -FilePath $cmd -Argument "/d /s /c ""$line""" -Folder $Folder
}

Function Test-DsaListener {
    <# .SYNOPSIS
    Whether anything listens on a TCP port. #>
    param ([Int32] $Port)
    $network = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    return @($network.GetActiveTcpListeners() | Where-Object { $_.Port -eq $Port }).Count -gt 0
}

Export-ModuleMember -Function *-Dsa*
