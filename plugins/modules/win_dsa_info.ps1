#!powershell
# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#Requires -Version 5.1
#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._DsaHost
#AnsibleRequires -PowerShell ..module_utils._DsaRegistry
#AnsibleRequires -PowerShell ..module_utils._DsaAgent
#AnsibleRequires -PowerShell ..module_utils._DsaReboot
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

$spec = @{
    options = @{
        timeout = @{ type = "int"; default = 15 }
        progress_file = @{ type = "path" }
        keys = @{ type = "dict"; default = @{}; no_log = $false }
        below = @{ type = "dict"; default = @{} }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

Function Get-Clock {
    <# .SYNOPSIS
    {utc_offset, boot_time, now, error} of the host, the offset in minutes. #>
    $offset = [Int32][TimeZoneInfo]::Local.GetUtcOffset([DateTime]::UtcNow).TotalMinutes
    $clock = @{ utc_offset = $offset; boot_time = $null; now = ConvertTo-DsaTime; error = $null }
    return Complete-DsaFact -Fact $clock -Reader {
        $start = "SELECT LastBootUpTime FROM Win32_OperatingSystem"
        $system = Get-CimInstance -Query $start -OperationTimeoutSec 10
        $clock.boot_time = ConvertTo-DsaTime -Time $system.LastBootUpTime
    }
}

Function Get-ServiceEntry {
    <# .SYNOPSIS
    {entries, error}: Windows' own entries of services and drivers. Their words are not translated. #>
    param ([String[]] $Name)
    $services = @{ entries = @(); error = $null }
    return Complete-DsaFact -Fact $services -Reader {
        $wanted = @(foreach ($one in $Name) { "Name = '$one'" }) -join " OR "
        $found = Get-CimInstance -Query "SELECT * FROM Win32_BaseService WHERE $wanted" -OperationTimeoutSec 10
        # Of a driver, which has no ProcessId, Select-Object makes it $null.
        $columns = "Name", "State", "StartMode", "ExitCode", "PathName", "ProcessId"
        $services.entries = @(
            foreach ($one in @($found | Select-Object -Property $columns)) {
                @{
                    name = $one.Name; state = $one.State; start_mode = $one.StartMode; exit_code = $one.ExitCode
                    path = $one.PathName; process_id = $one.ProcessId
                }
            }
        )
    }
}

Function Get-Program {
    <# .SYNOPSIS
    {path, exists, version, changed, error} of a program. #>
    param ([String] $Folder, [String] $Name)
    $program = @{ path = $null; exists = $null; version = $null; changed = $null; error = $null }
    if (-not $Folder) { return $program }
    $found = Test-DsaPath -Path ([System.IO.Path]::Combine($Folder, $Name))
    $program.path, $program.exists, $program.error = $found.path, $found.exists, $found.error
    if (-not $found.exists) { return $program }
    return Complete-DsaFact -Fact $program -Reader {
        $program.changed = ConvertTo-DsaTime -Time ([System.IO.File]::GetLastWriteTimeUtc($found.path))
        $info = [System.Diagnostics.FileVersionInfo]::GetVersionInfo($found.path)
        # By its numbers: the text beside them can be anything.
        $version = "$($info.FileMajorPart).$($info.FileMinorPart).$($info.FileBuildPart).$($info.FilePrivatePart)"
        if ($version -ne "0.0.0.0") { $program.version = $version }
    }
}

Function Get-Relay {
    <# .SYNOPSIS
    {port, listening, lines, owners, error}: netstat's lines of the Relay's port, and the programs behind them. #>
    param ([Int32] $Port, [Int32] $Timeout)
    $relay = @{ port = $Port; listening = $null; lines = @(); owners = @(); error = $null }
    return Complete-DsaFact -Fact $relay -Reader {
        $relay.listening = Test-DsaListener -Port $Port
        if (-not $relay.listening) { return }
        $netstat = Start-DsaProcess -FilePath "netstat.exe" -Argument "-ano"
        $answer = Wait-DsaProcess -Running $netstat -Timeout $Timeout -Longest 1MB
        if ($answer.rc -ne 0 -or $answer.cut) {
            $relay.error = ConvertTo-DsaLine -Text "netstat: exit status '$($answer.rc)' $($answer.err)"
        }
        # Of an open connection the other side's port is not 0. The word before the process is translated.
        $row = "^\s*TCP\s+\S+:$Port\s+\S+:0\s.*?([0-9]{1,10})\s*$"
        $rows = @([Regex]::Matches($answer.out, $row, "Multiline") | Select-Object -First 64)
        if ($rows.Count -eq 0) { return }
        $relay.lines = @($rows | ForEach-Object { $_.Value.Trim() })
        $wanted = @($rows | ForEach-Object { "ProcessId = $($_.Groups[1].Value)" }) -join " OR "
        $query = "SELECT ProcessId, ExecutablePath FROM Win32_Process WHERE $wanted"
        $relay.owners = @(
            foreach ($one in @(Get-CimInstance -Query $query -OperationTimeoutSec 10)) {
                @{ id = $one.ProcessId; path = $one.ExecutablePath }
            }
        )
    }
}

Invoke-DsaModule -Module $module -Step "read" -Body {
    Confirm-DsaOption -Module $module -Name "timeout", "keys", "below"
    $timeout = $module.Params["timeout"]
    $product = Read-DsaProductKey
    $agent = Get-DsaAgentFolder -Key $product
    $programs = @{
        dsa = Get-Program -Folder $agent.folder -Name "dsa.exe"
        dsa_query = Get-Program -Folder $agent.folder -Name "dsa_query.cmd"
        dsa_control = Get-Program -Folder $agent.folder -Name "dsa_control.cmd"
    }
    # The slowest first; the rest is read while it runs.
    $query = $null
    if ($programs.dsa_query.exists) { $query = Start-DsaQuery -Folder $agent.folder }
    $reading = @{
        timeout = $timeout
        os = "windows"
        clock = Get-Clock
        keys = $product + (Read-DsaKeyTable -Table $module.Params["keys"])
        services = Get-ServiceEntry -Name "ds_agent", "Amsp", "tmcomm", "tmactmon", "tmevtmgr", "ds_notifier"
        install_dir = $agent.folder
        folders = $agent.folders
        programs = $programs
        commands = @{}
        relay = Get-Relay -Port 4122 -Timeout $timeout
        sccm = Read-DsaSccm
        files = @{ note = Read-DsaFile -Path (Get-DsaProgressPath -Given $module.Params["progress_file"]) }
    }
    foreach ($entry in $module.Params["below"].GetEnumerator()) {
        $reading[$entry.Key] = Find-DsaKey -Where $entry.Value
    }
    if ($null -ne $query) {
        $reading.commands.dsa_query = Wait-DsaProcess -Running $query -Timeout $timeout
        $reading.commands.dsa_query.argv = $query.argv
    }
    $module.Result["reading"] = $reading
}
