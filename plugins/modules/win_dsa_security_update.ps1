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
        trigger = @{ type = "list"; elements = "str"; default = @("-m", "UpdateComponent:true") }
        self_protection_password = @{ type = "str"; no_log = $true }
        log_folder = @{ type = "path" }
        success_regex = @{ type = "str"; default = "Anti-Malware Component Update Successful|\|\s*9016\s*\|" }
        failure_regex = @{
            type = "str"
            default = "IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE|" +
            "Anti-Malware Component Update Failed|\|\s*9017\s*\|"
        }
        step = @{ type = "str"; default = "start"; choices = @("start", "look", "diagnose", "confirm") }
        progress_file = @{ type = "path" }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$params = $module.Params
if ($module.CheckMode) {
    $module.Result.changed = $true
    $module.Result.outcome = "predicted"
    $module.Result.evidence = "check mode"
    $module.Result.elapsed = 0
    $module.ExitJson()
}
$progressFile = $params.progress_file
if (-not $progressFile) {
    $progressFile = [System.IO.Path]::Combine((Get-DsaDataFolder), "progress.json")
}
$logFolder = $params.log_folder
if (-not $logFolder) {
    $logFolder = [System.IO.Path]::Combine($env:ProgramData, "Trend Micro", "Deep Security Agent", "diag")
}
$queryTimeout = 15
$doneChange = @{ phase = "done"; update = $null; patterns = $null; engine = $null; since = $null }

Function Start-Update {
    <#
    .SYNOPSIS
    Note where patterns and logs stand, then ask. What is noted first, a later run can go on from.
    #>
    $agent = Get-DsaRecord -Timeout $queryTimeout -ProgressPath $progressFile
    if (-not $agent.installed) {
        $why = "none is installed"
        if (@($agent.problems).Count) {
            $why = $agent.problems -join "; "
        }
        $module.FailJson("there is no agent: $why")
    }
    if ($agent.activated -eq $false) {
        $module.FailJson("the agent is not activated, no Manager would answer it; activate it and run again")
    }
    $left = @{}
    if ($null -ne $agent.remediation) {
        $left = $agent.remediation
    }
    $known = Get-DsaSnapshot -Pattern $agent.anti_malware.patterns -Engine $agent.anti_malware.engine
    $before = $known
    if (@("upgrading", "update_pending") -contains $left["phase"]) {
        # Patterns as they were before the upgrade: an update that the Manager ran meanwhile is an update too.
        $old = Get-DsaSnapshot -Pattern $left["patterns"] -Engine $left["engine"]
        if ($null -ne $old) {
            $before = $old
        }
    }
    $since = $left["since"]
    if (-not $since) {
        $since = ConvertTo-DsaTime -Time ([DateTime]::UtcNow)
    }
    Update-DsaProgress -Path $progressFile -Change @{
        phase = "update_pending"
        since = $since
        update = @{ before = $before; seen = $known; marks = Get-DsaLogMark -Folder $logFolder }
    }
    $asked = Invoke-DsaControl -Argument @($params.trigger) -Password $params.self_protection_password
    if ($asked.problem) {
        $module.FailJson($asked.problem)
    }
    $module.Result.changed = $true
    $module.Result.msg = $asked.text
}

Function Get-Pattern {
    <#
    .SYNOPSIS
    The engine and patterns of now (now, $null when dsa_query gave none) and a problem.
    #>
    try {
        $running = Start-DsaQuery -InstallDir (Get-DsaInstallFolder)
    }
    catch {
        return @{ now = $null; problem = "dsa_query: $($_.Exception.Message)" }
    }
    $answer = Wait-DsaProcess -Running $running -Timeout $queryTimeout
    $values = ConvertFrom-DsaQuery -Text $answer.out
    $found = Get-DsaAntiMalware -Value $values
    return @{
        now = Get-DsaSnapshot -Pattern $found.patterns -Engine $found.engine
        problem = Get-DsaQueryProblem -Answer $answer -Value $values -Timeout $queryTimeout
    }
}

Function Watch-Update {
    <#
    .SYNOPSIS
    Where the update stands; when it is done, the host's progress is.
    #>
    $due = @{}
    $left = (Read-DsaProgress -Path $progressFile).content
    if ($null -ne $left -and $left["update"] -is [System.Collections.IDictionary]) {
        $due = $left["update"]
    }
    $patterns = Get-Pattern
    $call = @{
        Before = $due["before"]
        Seen = $due["seen"]
        Now = $patterns.now
        Line = Get-DsaNewLine -Folder $logFolder -Mark $due["marks"]
        Success = $params.success_regex
        Failure = $params.failure_regex
        Problem = $patterns.problem
    }
    $seen = Resolve-DsaUpdate @call
    if ($seen.state -eq "succeeded") {
        Update-DsaProgress -Path $progressFile -Change $doneChange
    }
    elseif ($null -ne $patterns.now) {
        $due["seen"] = $patterns.now
        Update-DsaProgress -Path $progressFile -Change @{ update = $due }
    }
    $module.Result.state = $seen.state
    $module.Result.evidence = $seen.evidence
}

Function Export-Diagnostic {
    <#
    .SYNOPSIS
    Have the agent pack its diagnostics; the result has the newest pack's path.
    #>
    $asked = Invoke-DsaControl -Argument "-d" -Password $params.self_protection_password -Timeout 600
    if ($asked.problem) {
        $module.FailJson($asked.problem)
    }
    $packs = @()
    if ([System.IO.Directory]::Exists($logFolder)) {
        $packs = @(
            [System.IO.DirectoryInfo]::new($logFolder).GetFiles() |
                Where-Object { $_.Name -match "^[0-9]{10}\.zip$" } | Sort-Object -Property LastWriteTimeUtc
        )
    }
    if ($packs.Count -eq 0) {
        $module.FailJson("dsa_control -d left no pack in $logFolder")
    }
    $module.Result.path = [String]$packs[-1].FullName
}

if ($params.step -eq "start") {
    Start-Update
}
elseif ($params.step -eq "look") {
    Watch-Update
}
elseif ($params.step -eq "confirm") {
    # The Manager ran the update, and it ended well.
    Update-DsaProgress -Path $progressFile -Change $doneChange
    $module.Result.msg = "noted"
}
else {
    Export-Diagnostic
}
$module.ExitJson()
