#!powershell

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#Requires -Version 5.1
#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._DsaHost
#AnsibleRequires -PowerShell ..module_utils._DsaRegistry
#AnsibleRequires -PowerShell ..module_utils._DsaProcess
#AnsibleRequires -PowerShell ..module_utils._DsaAgent
#AnsibleRequires -PowerShell ..module_utils._DsaReboot

Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

$spec = @{
    options = @{
        timeout = @{ type = "int"; default = 15 }
        progress_file = @{ type = "path" }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$problems = [System.Collections.Generic.List[Object]]::new()

Function Get-Clock {
    <# .SYNOPSIS
    {utc_offset, boot_time, now}: minutes east of UTC, when Windows was started, and its time. #>
    return @{
        utc_offset = [Int32][TimeZoneInfo]::Local.GetUtcOffset([DateTime]::UtcNow).TotalMinutes
        boot_time = Read-DsaFact -Source "clock" -Problem $problems -Reader {
            $system = Get-CimInstance -ClassName Win32_OperatingSystem -Property LastBootUpTime -OperationTimeoutSec 10
            ConvertTo-DsaTime -Time $system.LastBootUpTime
        }
        now = ConvertTo-DsaTime -Time ([DateTime]::UtcNow)
    }
}

Function Get-Program {
    <# .SYNOPSIS
    {path, exists, version, changed, error} of a program. The version by its numbers: the text beside them can be
    anything. #>
    param ([String] $Folder, [String] $Name)
    $program = @{ path = $null; exists = $null; version = $null; changed = $null; error = $null }
    if (-not $Folder) { return $program }
    $program.path = [System.IO.Path]::Combine($Folder, $Name)
    $found = Test-DsaPath -Path $program.path
    $program.exists, $program.error = $found.exists, $found.error
    if (-not $found.exists) { return $program }
    try {
        $program.changed = ConvertTo-DsaTime -Time ([System.IO.File]::GetLastWriteTimeUtc($program.path))
        $info = [System.Diagnostics.FileVersionInfo]::GetVersionInfo($program.path)
        $version = "$($info.FileMajorPart).$($info.FileMinorPart).$($info.FileBuildPart).$($info.FilePrivatePart)"
        if ($version -ne "0.0.0.0") { $program.version = $version }
    } catch {
        $program.error = Get-DsaReason -Exception $_.Exception
    }
    return $program
}

Function Start-Relay {
    <# .SYNOPSIS
    Whether anything listens on the Relay's port and, where it does, netstat as a started process: it is on every
    Windows, and only its numbers are used. #>
    param ([Int32] $Port)
    $relay = @{ port = $Port; listening = $null; lines = @(); owners = @(); error = $null; netstat = $null }
    try {
        $relay.listening = Test-DsaListener -Port $Port
        if ($relay.listening) {
            $netstat = [System.IO.Path]::Combine((Get-DsaSystemFolder), "netstat.exe")
            $relay.netstat = Start-DsaProcess -FilePath $netstat -Argument "-ano"
        }
    } catch {
        $relay.error = Get-DsaReason -Exception $_.Exception
    }
    return $relay
}

Function Wait-Relay {
    <# .SYNOPSIS
    {port, listening, lines, owners, error}: netstat's lines of the port that nothing is connected to, and the programs
    behind them. #>
    param ([System.Collections.IDictionary] $Relay, [Int32] $Timeout)
    $netstat = $Relay.netstat
    $Relay.Remove("netstat")
    if ($null -eq $netstat) { return $Relay }
    try {
        $answer = Wait-DsaProcess -Running $netstat -Timeout $Timeout -Longest 1MB
        if ($answer.rc -ne 0 -or $answer.cut) {
            $Relay.error = ConvertTo-DsaLine -Text "netstat: exit status '$($answer.rc)' $($answer.err)"
        }
        # Of an open connection the other side's port is not 0. The word before the process is translated.
        $row = "^\s*TCP\s+\S+:$($Relay.port)\s+\S+:0\s.*?([0-9]{1,10})\s*$"
        $rows = @([Regex]::Matches($answer.out, $row, "Multiline") | Select-Object -First 64)
        $Relay.lines = @($rows | ForEach-Object { $_.Value.Trim() })
        $paths = [ordered]@{}
        foreach ($id in @($rows | ForEach-Object { $_.Groups[1].Value })) {
            $query = "SELECT ExecutablePath FROM Win32_Process WHERE ProcessId = $id"
            $paths[$id] = $null  # it may have ended meanwhile
            $running = @(Get-CimInstance -Query $query -OperationTimeoutSec 10)
            foreach ($one in $running) { $paths[$id] = $one.ExecutablePath }
        }
        $Relay.owners = @(foreach ($id in $paths.Keys) { @{ id = [Int64]$id; path = $paths[$id] } })
    } catch {
        $Relay.error = Get-DsaReason -Exception $_.Exception
    }
    return $Relay
}

Invoke-DsaModule -Module $module -Step "read" -Body {
    Confirm-DsaOption -Module $module -Seconds "timeout"
    $timeout = $module.Params["timeout"]
    $keys = Read-DsaProductKey
    $agent = Get-DsaAgentFolder -Key $keys
    $programs = @{
        dsa = Get-Program -Folder $agent.folder -Name "dsa.exe"
        dsa_query = Get-Program -Folder $agent.folder -Name "dsa_query.cmd"
        dsa_control = Get-Program -Folder $agent.folder -Name "dsa_control.cmd"
    }
    # The slowest first; the rest is read while they run.
    $query = $null
    if ($programs.dsa_query.exists) { $query = Start-DsaQuery -Folder $agent.folder }
    $relay = Start-Relay -Port 4122
    $windows = Read-DsaWindowsKey
    $keys.windows, $keys.environment = $windows.windows, $windows.environment
    $reading = @{
        timeout = $timeout
        os = "windows"
        clock = Get-Clock
        keys = $keys
        uninstall = Get-DsaUninstall -Text "Deep Security"
        services = Get-DsaService -Name "ds_agent", "Amsp", "tmcomm", "tmactmon", "tmevtmgr", "ds_notifier"
        install_dir = $agent.folder
        folders = $agent.folders
        programs = $programs
        commands = @{}
        reboot = Read-DsaReboot
        files = @{ note = Read-DsaFile -Path (Get-DsaProgressPath -Given $module.Params["progress_file"]) }
        problems = @()
    }
    if ($null -ne $query) {
        $reading.commands.dsa_query = Wait-DsaProcess -Running $query -Timeout $timeout
        $reading.commands.dsa_query.argv = $query.argv
    }
    $reading.relay = Wait-Relay -Relay $relay -Timeout $timeout
    $reading.problems = $problems.ToArray()
    $module.Result["reading"] = $reading
}
