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
        seen_run = @{ type = "str" }
        reboot_required = @{ type = "bool"; default = $false }
        log_path = @{ type = "path" }
        service_timeout = @{ type = "int"; default = 120 }
        lock_timeout = @{ type = "int"; default = 1800 }
        progress_file = @{ type = "path" }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$params = $module.Params
$step = [String]$params.step
$password = $params.self_protection_password
# What the functions below share: the note's path and content; state (untouched, on: proven, off, unknown) and last
# reply of self-protection; whether it may be lowered, and for how long raising it is tried.
$shared = @{ path = $null; noted = @{}; state = "unknown"; reply = $null; lowers = $false; patience = 0 }

Function Initialize-Upgrade {
    <# .SYNOPSIS
    Check the options, and take what they permit. #>
    Confirm-DsaOption -Module $module -Text @("step") -Seconds @("service_timeout", "lock_timeout")
    if ($null -ne $params.sha256) {
        Confirm-DsaOption -Module $module -Text @("sha256")
    }
    if ($null -eq $params.note) {
        $params.note = @{}
    }
    if ($step -eq "end" -and $params.log_path) {
        # Before all that can fail: nothing else keeps why the installer failed.
        $module.Result.log = Read-DsaLogEnd -Path $params.log_path
    }
    $shared.path = Get-DsaProgressPath -Given $params.progress_file
    $shared.lowers = $params.self_protection -or ($password -and $null -eq $params.self_protection)
    # Without permission or password it is tried once: no password may be needed.
    if ($shared.lowers -or $password) {
        $shared.patience = $params.service_timeout
    }
}

Function Disable-SelfProtection {
    <# .SYNOPSIS
    Lower it. The note keeps "off" from before that until it is proven to be on again: a run that dies between leaves it
    to the next one. #>
    $before = $shared.state
    Update-DsaNote -Path $shared.path -Change @{ self_protection = "off" }
    $shared.state = "unknown"
    $shared.reply = Invoke-DsaControl -Argument @("--selfprotect=0") -Password $password
    if ($shared.reply.accepted) {
        $shared.state = "off"
        return
    }
    if ($false -eq $shared.reply.accepted) {
        $shared.state = $before
        if (@("untouched", "on") -contains $before) {
            Update-DsaNote -Path $shared.path -Change @{ self_protection = $null }
        }
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
        $module.Result.changed = $true
        $left = [Int32][Math]::Max(5, [Math]::Min(60, $Timeout - $clock.Elapsed.TotalSeconds))
        $shared.reply = Invoke-DsaControl -Argument @("--selfprotect=1") -Password $password -Timeout $left
        if ($shared.reply.accepted) {
            $shared.state = "on"
            try {
                Update-DsaNote -Path $shared.path -Change @{ self_protection = $null }
            } catch {
                Write-Debug -Message "The next run raises it once more, which does no harm: $($_.Exception.Message)"
            }
            return $true
        }
        if ($null -eq $shared.reply.accepted) {
            $shared.state = "unknown"
        }
        if ($clock.Elapsed.TotalSeconds -ge $Timeout) {
            return $false
        }
        Start-Sleep -Seconds 2
    }
    return $true
}

Function Open-Note {
    <# .SYNOPSIS
    Read the note. Where it cannot be read self-protection is raised, if that is permitted, before the step fails. #>
    try {
        $shared.noted = Get-DsaNote -Path $shared.path
        $shared.state = "untouched"
        if ($shared.noted["self_protection"] -ceq "off") {
            $shared.state = "off"
        }
    } catch {
        $message = $_.Exception.Message
        # The note that is lost may have kept that it is off.
        $raises = $step -ne "note" -and $shared.patience -and -not $module.CheckMode
        if ($raises -and (Enable-SelfProtection -Timeout $shared.patience)) {
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
    if ($null -eq $params.sha256) {
        return
    }
    $found = (Get-FileHash -LiteralPath $path -Algorithm SHA256).Hash.ToLowerInvariant()
    if ($found -ceq $params.sha256.Trim().ToLowerInvariant()) {
        return
    }
    $module.Result.refused = $true
    $message = "$path has SHA-256 $found, and not $($params.sha256) as you state; find out which is right"
    try {
        # What is not trusted does not stay.
        if (-not $module.CheckMode) {
            [System.IO.File]::Delete($path)
        }
    } catch {
        $message = "$message. It could not be removed: $(Get-DsaReason -Exception $_.Exception)"
    }
    Stop-DsaStep -Code "package_refused" -Message $message
}

Function Start-Installation {
    <# .SYNOPSIS
    Verify the package, note what begins, lower self-protection. #>
    if ($params.path) {
        Test-Package
    }
    $module.Result.changed = $true
    $module.Result.path = $params.path
    $module.Result.log_path = $params.log_path
    if ($module.CheckMode) {
        return
    }
    # What is written here tells any later run that an update is due, even if this one ends now.
    Update-DsaNote -Path $shared.path -Change @{ phase = "upgrading" }, $params.note
    if ($params.log_path) {
        # An old one would be taken for the log of this installation.
        $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($params.log_path))
        [System.IO.File]::Delete($params.log_path)
    }
    if ($shared.lowers) {
        Disable-SelfProtection
    }
}

Function Restart-Agent {
    <# .SYNOPSIS
    Restart the service. One that runs does not stop while the agent protects itself. #>
    if ($shared.lowers -and (Get-DsaServiceState) -eq "running") {
        if (-not $shared.noted["phase"]) {
            # A note needs one. The build that runs is to be another one, so an update is due after it.
            $due = @{ phase = "update_pending"; since = ConvertTo-DsaTime -Time ([DateTime]::UtcNow) }
            Update-DsaNote -Path $shared.path -Change $due
        }
        Disable-SelfProtection
    }
    try {
        Restart-DsaService -Timeout $params.service_timeout
    } catch {
        if ($shared.lowers) {
            throw
        }
        $message = "$($_.Exception.Message). If the agent protects itself, set dsa_self_protection"
        Stop-DsaStep -Code "restart_failed" -Message $message
    }
}

Function Invoke-Step {
    <# .SYNOPSIS
    The step under the lock. What an earlier run left off is raised at once, and again however this step ends. #>
    if ($step -eq "note" -or ($module.CheckMode -and $step -ne "begin")) {
        $module.Result.changed = $true
        if (-not $module.CheckMode) {
            Update-DsaNote -Path $shared.path -Change $params.note
        }
        return
    }
    $raised = $null
    try {
        if ($step -eq "protect") {
            $shared.state = $shared.state.Replace("untouched", "unknown")  # whatever the note says
        } elseif (-not $module.CheckMode) {
            $null = Enable-SelfProtection -Timeout 0
        }
        if ($step -eq "begin") {
            Start-Installation
            $raised = $true  # it stays lowered until step end
        } elseif ($step -eq "end") {
            # Before all else: the agent may be silent until the reboot that is due.
            $change = @{}
            if ($params.reboot_required) {
                $change.reboot_due_since = ConvertTo-DsaTime -Time ([DateTime]::UtcNow)
            }
            Update-DsaNote -Path $shared.path -Change $params.note, $change
        } elseif ($step -eq "restart") {
            Restart-Agent
        }
    } finally {
        if ($null -eq $raised -and -not $module.CheckMode) {
            $raised = Enable-SelfProtection -Timeout $shared.patience
        }
    }
    $module.Result.changed = $true
    if (-not $raised) {
        Stop-DsaStep -Code "self_protection_off" -Message "self-protection was not restored"
    }
}

$body = {
    $lock = @{ stream = $null; waited = $false }
    try {
        Initialize-Upgrade
        if (-not $module.CheckMode) {
            $lock = Lock-DsaNote -Path $shared.path -Timeout $params.lock_timeout
        }
        Open-Note
        # What the controller saw or this run wrote; another run may be between its begin and end: nothing is raised.
        $known = @($params.seen_run, $params.note["run"]) -ccontains [String]$shared.noted["run"]
        $waited = $step -eq "begin" -and ($lock.waited -or ($null -ne $params.seen_run -and -not $known))
        if ($step -eq "begin") {
            $module.Result.waited = $waited
            $module.Result.refused = $false
        }
        if (-not $waited) {
            Invoke-Step
        }
    } finally {
        if ($step -ne "note") {
            $module.Result.self_protection = $shared.state
        }
        if ($null -ne $lock.stream) {
            $lock.stream.Dispose()
        }
    }
}
$warning = {
    if ($null -ne $shared.reply -and @("untouched", "on") -notcontains $shared.state) {
        $state = $shared.state.Replace("unknown", "in an unknown state")
        "Self-protection is ${state}: it could not be turned on ($($shared.reply.text)); turn it on in the Manager"
    }
}
Invoke-DsaModule -Module $module -Step $step -Body $body -OnFailure $warning
