#!powershell
# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#Requires -Version 5.1
#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._DsaHost
#AnsibleRequires -PowerShell ..module_utils._DsaAgent
#AnsibleRequires -PowerShell ..module_utils._DsaControl
#AnsibleRequires -PowerShell ..module_utils._DsaNote
#AnsibleRequires -PowerShell ..module_utils._DsaLog
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

$spec = @{
    options = @{
        step = @{ type = "str"; required = $true; choices = @("start", "look", "confirm", "diagnose") }
        note = @{ type = "dict" }
        seen = @{ type = "dict" }
        # Elements of a type would crash Ansible.Basic where one is null.
        trigger = @{ type = "list"; elements = "raw"; default = @("-m", "UpdateComponent:true") }
        marks = @{ type = "list"; elements = "dict" }
        log_folder = @{ type = "path" }
        self_protection_password = @{ type = "str"; no_log = $true }
        timeout = @{ type = "int"; default = 15 }
        lock_timeout = @{ type = "int"; default = 1800 }
        progress_file = @{ type = "path" }
    }
    required_if = @(, @("step", "look", @("marks")))
    supports_check_mode = $true
}
$null = Get-DsaGivenOption -Name @($spec.options.Keys)
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$params = $module.Params
$result = $module.Result
$step = [String]$params.step
$password = $params.self_protection_password
$progress = Get-DsaProgressPath -Given $params.progress_file
$logs = $params.log_folder
if (-not $logs) { $logs = [System.IO.Path]::Combine($env:ProgramData, "Trend Micro", "Deep Security Agent", "diag") }

Function Read-QueryAnswer {
    <# .SYNOPSIS
    dsa_query's raw answer to all its questions. #>
    $folder = (Get-DsaAgentFolder).folder
    if ($folder) { return Wait-DsaProcess -Running (Start-DsaQuery -Folder $folder) -Timeout $params.timeout }
    return @{ rc = $null; out = ""; err = ""; cut = $false; missing = $true; timed_out = $false }
}

Function Update-Note {
    <# .SYNOPSIS
    Merge into the note under the lock, unless another run has written to it. The phase and times are this host's. #>
    if (-not $module.CheckMode) {
        $lock = Lock-DsaNote -Path $progress -Timeout $params.lock_timeout
        try {
            $noted = Get-DsaNote -Path $progress
            $waited = Test-DsaNoteChange -Content $noted -Seen $params.seen -Own $params.note["run"]
            if ($waited) { $result.waited = $true; return }
            $now = ConvertTo-DsaTime -Time ([DateTime]::UtcNow)
            $first, $last = @{}, @{}
            if ($step -eq "start") {
                $due = @("upgrading", "update_pending") -ccontains $noted["phase"]
                $first.since = $(if ($due -and $noted["since"]) { $noted["since"] } else { $now })
                $last = @{ phase = "update_pending"; done_at = $null }
            } elseif ($params.note["phase"] -ceq "done") {
                $last.done_at = $now
            }
            Update-DsaNote -Path $progress -Change $first, $params.note, $last
        } finally {
            $lock.stream.Dispose()
        }
    }
    $result.changed, $result.waited = $true, $false
}

Function Start-Update {
    <# .SYNOPSIS
    First the note, so that a run that dies leaves it to the next one; last the request, so that its end is new. #>
    Update-Note
    if ($result.waited) { return }
    $result.query = Read-QueryAnswer
    $result.marks = Get-DsaLogMark -Folder $logs
    $result.now = ConvertTo-DsaTime -Time ([DateTime]::UtcNow)
    if ($module.CheckMode) { return }
    # First without the password: it would stand in the process list, and not every agent needs it for this.
    $result.request = Invoke-DsaControl -Argument $params.trigger
    if ($false -eq $result.request.accepted -and $password) {
        $result.request = Invoke-DsaControl -Argument $params.trigger -Password $password
    }
}

Function Watch-Update {
    <# .SYNOPSIS
    What is there now. Changes nothing. #>
    Confirm-DsaOption -Module $module -Name @("marks")
    foreach ($mark in $params.marks) {
        $size = [Int64]0
        if (-not [Int64]::TryParse([String]$mark["size"], [ref]$size) -or -not $mark["fingerprint"]) {
            Stop-DsaStep -Code "bad_option" -Message "marks has an entry that is no mark; give those of step start"
        }
    }
    $note = Read-DsaNote -Path $progress
    $result.note_text, $result.note_problem = $note.text, $note.problem
    $result.query = Read-QueryAnswer
    $new = Read-DsaNewLine -Folder $logs -Mark @($params.marks)
    $result.lines, $result.lines_cut, $result.lines_unread = $new.lines, $new.cut, $new.unread
    $result.now = ConvertTo-DsaTime -Time ([DateTime]::UtcNow)
}

Function Export-Diagnostic {
    <# .SYNOPSIS
    The package that this request made; one that was there before is of something else. #>
    $result.changed = $true
    if ($module.CheckMode) { return }
    $name = "\A[0-9]{10}\.zip\z"
    $old = @{}
    foreach ($file in (Get-DsaNewestFile -Folder $logs -Name $name)) { $old[$file.Name] = $file.LastWriteTimeUtc }
    $reply = Invoke-DsaControl -Argument @("-d") -Password $password -Timeout 600
    foreach ($file in (Get-DsaNewestFile -Folder $logs -Name $name)) {
        if ($old[$file.Name] -ne $file.LastWriteTimeUtc) { $result.path = $file.FullName }
    }
    if (-not $result.ContainsKey("path") -or $reply.timed_out) {
        Stop-DsaStep -Code "no_diagnostics" -Message "dsa_control -d made no package in ${logs}: $($reply.text)"
    }
}

$body = {
    Confirm-DsaOption -Module $module -Name @("step", "timeout", "lock_timeout", "trigger")
    if ($params.trigger.Count -eq 0) {
        Stop-DsaStep -Code "bad_option" -Message "trigger is empty; give the arguments of dsa_control"
    }
    if ($null -eq $params.note) { $params.note = @{} }
    switch ($step) {
        "start" { Start-Update }
        "look" { Watch-Update }
        "confirm" { Update-Note }
        "diagnose" { Export-Diagnostic }
    }
}
Invoke-DsaModule -Module $module -Step $step -Body $body
