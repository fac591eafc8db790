#!powershell
# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#Requires -Version 5.1
#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._DsaHost
#AnsibleRequires -PowerShell ..module_utils._DsaNote
#AnsibleRequires -PowerShell ..module_utils._DsaLog
#AnsibleRequires -PowerShell ..module_utils._DsaControl
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

$spec = @{
    options = @{
        step = @{ type = "str"; required = $true; choices = @("begin", "end", "note", "protect", "restart") }
        note = @{ type = "dict" }
        path = @{ type = "path" }
        sha256 = @{ type = "str" }
        self_protection = @{ type = "bool" }
        self_protection_password = @{ type = "str"; no_log = $true }
        seen = @{ type = "dict" }
        reboot_required = @{ type = "bool"; default = $false }
        log_path = @{ type = "path" }
        service_timeout = @{ type = "int"; default = 120 }
        lock_timeout = @{ type = "int"; default = 1800 }
        progress_file = @{ type = "path" }
    }
    supports_check_mode = $true
}
$null = Get-DsaGivenOption -Name @($spec.options.Keys)
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$params = $module.Params
$result = $module.Result
$step = [String]$params.step
$password = $params.self_protection_password
$lowers = $params.self_protection -or ($password -and $null -eq $params.self_protection)
# Without permission or password raising it is tried once: no password may be needed.
$patience = $(if ($lowers -or $password) { $params.service_timeout } else { 0 })
$progress = Get-DsaProgressPath -Given $params.progress_file
# What the functions below share: the note's content when the step began; the state of self-protection (untouched, on:
# proven, off, unknown) and the last reply to its change.
$shared = @{ noted = @{}; state = "unknown"; reply = $null }

Function Disable-SelfProtection {
    <# .SYNOPSIS
    Lower it. The note keeps "off" from before that until it is proven to be on again: a run that dies between leaves it
    to the next one. #>
    $before = $shared.state
    Update-DsaNote -Path $progress -Change @{ self_protection = "off" }
    $shared.state = "unknown"
    $shared.reply = Invoke-DsaControl -Argument @("--selfprotect=0") -Password $password
    if ($shared.reply.accepted) {
        $shared.state = "off"
        return
    }
    if ($false -eq $shared.reply.accepted) {
        $shared.state = $before
        if ($before -ne "off") { Update-DsaNote -Path $progress -Change @{ self_protection = $null } }
    }
    Stop-DsaStep -Code "self_protection_refused" -Message (
        "self-protection could not be turned off ($($shared.reply.text)); see that dsa_self_protection_password is " +
        "right and the agent runs"
    )
}

Function Enable-SelfProtection {
    <# .SYNOPSIS
    Raise it if it may be off; right after an installation the agent may not listen yet. Returns whether it is on. #>
    param ([Int32] $Timeout)
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    while (@("untouched", "on") -notcontains $shared.state) {
        $result.changed = $true
        $left = [Int32][Math]::Max(5, [Math]::Min(60, $Timeout - $clock.Elapsed.TotalSeconds))
        $shared.reply = Invoke-DsaControl -Argument @("--selfprotect=1") -Password $password -Timeout $left
        if ($shared.reply.accepted) {
            $shared.state = "on"
            try {
                Update-DsaNote -Path $progress -Change @{ self_protection = $null }
            } catch {
                Write-Debug -Message "The next run raises it once more, which does no harm: $($_.Exception.Message)"
            }
            return $true
        }
        if ($null -eq $shared.reply.accepted) { $shared.state = "unknown" }
        if ($clock.Elapsed.TotalSeconds -ge $Timeout) { return $false }
        Start-Sleep -Seconds 2
    }
    return $true
}

Function Open-Note {
    <# .SYNOPSIS
    Read the note. Where it cannot be read self-protection is raised, if that is permitted, before the step fails. #>
    try {
        $shared.noted = Get-DsaNote -Path $progress
        $shared.state = $(if ($shared.noted["self_protection"] -ceq "off") { "off" } else { "untouched" })
    } catch {
        $message = $_.Exception.Message
        # The note that is lost may have kept that it is off.
        $raises = $step -ne "note" -and $patience -and -not $module.CheckMode
        if ($raises -and (Enable-SelfProtection -Timeout $patience)) {
            $message = "$message. Self-protection was turned on"
        }
        Stop-DsaStep -Code "note_unreadable" -Message $message
    }
}

Function Test-Package {
    <# .SYNOPSIS
    Check that the package file is there, and is the one that the controller verified. Any other is removed. #>
    $path = $params.path
    if (-not [System.IO.File]::Exists($path)) {
        Stop-DsaStep -Code "not_there" -Message "$path is not there any more; run again"
    }
    if ($null -eq $params.sha256) { return }
    $found = (Get-FileHash -LiteralPath $path -Algorithm SHA256).Hash.ToLowerInvariant()
    if ($found -ceq $params.sha256.Trim().ToLowerInvariant()) { return }
    $result.refused = $true
    $message = "$path has SHA-256 $found, and not $($params.sha256) as you state; find out which is right"
    try {
        # What is not trusted does not stay.
        if (-not $module.CheckMode) { [System.IO.File]::Delete($path) }
    } catch {
        $message = "$message. It could not be removed: $(Get-DsaReason -Exception $_.Exception)"
    }
    Stop-DsaStep -Code "package_refused" -Message $message
}

Function Start-Installation {
    <# .SYNOPSIS
    Verify the package, note what begins, lower self-protection. #>
    if ($params.path) { Test-Package }
    $result.path, $result.log_path = $params.path, $params.log_path
    if ($module.CheckMode) { return }
    # What is written here tells any later run that an update is due, even if this one ends now.
    Update-DsaNote -Path $progress -Change @{ phase = "upgrading" }, $params.note
    $result.changed = $true
    if ($params.log_path) {
        # An old one would be taken for the log of this installation.
        $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($params.log_path))
        [System.IO.File]::Delete($params.log_path)
    }
    if ($lowers) { Disable-SelfProtection }
}

Function Restart-Agent {
    <# .SYNOPSIS
    Restart the service. One that runs does not stop while the agent protects itself. #>
    if ($lowers -and (Get-DsaServiceState) -eq "running") {
        if (-not $shared.noted["phase"]) {
            # A note needs one. The build that runs is to be another one, so an update is due after it.
            $due = @{ phase = "update_pending"; since = ConvertTo-DsaTime -Time ([DateTime]::UtcNow) }
            Update-DsaNote -Path $progress -Change $due
        }
        Disable-SelfProtection
    }
    Restart-DsaService -Timeout $params.service_timeout
}

Function Invoke-Step {
    <# .SYNOPSIS
    A step under the lock. What an earlier run left off is raised at once, and again however this step ends. #>
    $raised = $null
    try {
        # Whatever the note says: step begin lowered it, and the note can be gone since.
        if ($step -eq "protect" -or ($step -eq "end" -and $lowers)) {
            $shared.state = $shared.state.Replace("untouched", "unknown")
        }
        if ($step -ne "protect") { $null = Enable-SelfProtection -Timeout 0 }
        if ($step -eq "begin") {
            Start-Installation
            $raised = $true  # it stays lowered until step end
        } elseif ($step -eq "end") {
            # Before all else: the agent may be silent until the reboot that is due.
            $due = @{}
            if ($params.reboot_required) { $due.reboot_due_since = ConvertTo-DsaTime -Time ([DateTime]::UtcNow) }
            Update-DsaNote -Path $progress -Change $params.note, $due
        } elseif ($step -eq "restart") {
            Restart-Agent
        }
    } finally {
        if ($null -eq $raised) { $raised = Enable-SelfProtection -Timeout $patience }
    }
    if (-not $raised) { Stop-DsaStep -Code "self_protection_off" -Message "self-protection was not restored" }
}

$body = {
    $lock = @{ stream = $null; waited = $false }
    try {
        Confirm-DsaOption -Module $module -Name @("step", "service_timeout", "lock_timeout")
        if ($null -ne $params.sha256) { Confirm-DsaOption -Module $module -Name @("sha256") }
        if ($params.log_path -and -not [System.IO.Path]::GetDirectoryName($params.log_path)) {
            Stop-DsaStep -Code "bad_option" -Message "log_path is $($params.log_path), without its folder"
        }
        if ($null -eq $params.note) { $params.note = @{} }
        # Before all that can fail: nothing else keeps why the installer failed.
        if ($step -eq "end" -and $params.log_path) { $result.log = Read-DsaLogEnd -Path $params.log_path }
        if (-not $module.CheckMode) { $lock = Lock-DsaNote -Path $progress -Timeout $params.lock_timeout }
        Open-Note
        if (@("begin", "note") -ccontains $step) {
            $result.waited = Test-DsaNoteChange -Content $shared.noted -Seen $params.seen -Own $params.note["run"]
            if ($step -eq "begin") { $result.waited, $result.refused = ($result.waited -or $lock.waited), $false }
            # The other run may be before its end: nothing is raised.
            if ($result.waited) { return }
        }
        if ($module.CheckMode) {
            if ($step -eq "begin") { Start-Installation }
        } elseif ($step -eq "note") {
            Update-DsaNote -Path $progress -Change $params.note
        } else {
            Invoke-Step
        }
        $result.changed = $true
    } finally {
        if ($step -ne "note") { $result.self_protection = $shared.state }
        if ($null -ne $lock.stream) { $lock.stream.Dispose() }
    }
}
$warning = {
    if ($null -ne $shared.reply -and @("untouched", "on") -notcontains $shared.state) {
        $state = $shared.state.Replace("unknown", "in an unknown state")
        "Self-protection is ${state}: it could not be turned on ($($shared.reply.text)); turn it on in the Manager"
    } elseif ($result.code -eq "restart_failed" -and -not $lowers) {
        "If the agent protects itself, set dsa_self_protection"
    }
}
Invoke-DsaModule -Module $module -Step $step -Body $body -OnFailure $warning
