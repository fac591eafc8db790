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
        step = @{ type = "str"; required = $true; choices = @("begin", "end", "restart") }
        version = @{ type = "str"; required = $true }
        path = @{ type = "path" }
        sha256 = @{ type = "str" }
        verify = @{ type = "bool"; default = $true }
        self_protection = @{ type = "bool"; default = $false }
        self_protection_password = @{ type = "str"; no_log = $true }
        service_timeout = @{ type = "int"; default = 120 }
        progress_file = @{ type = "path" }
        log_path = @{ type = "path" }
        failed = @{ type = "bool"; default = $false }
        reboot_required = @{ type = "bool"; default = $false }
        reinstall = @{ type = "bool"; default = $false }
        update_due = @{ type = "bool"; default = $false }
    }
    required_if = @(
        , @("step", "begin", @("path"))
    )
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$params = $module.Params
$data = Get-DsaDataFolder
$progressFile = $params.progress_file
if (-not $progressFile) {
    $progressFile = [System.IO.Path]::Combine($data, "progress.json")
}
$logPath = $params.log_path
if (-not $logPath) {
    $logPath = [System.IO.Path]::Combine($data, "install.log")
}
$target = ConvertTo-DsaBuild -Text $params.version
if ($null -eq $target) {
    $module.FailJson("version is '$($params.version)'; write a build such as 20.0.2-1390")
}

Function Read-Agent {
    <#
    .SYNOPSIS
    The agent record of this host.
    #>
    return Get-DsaRecord -ProgressPath $progressFile
}

Function Get-Noted {
    <#
    .SYNOPSIS
    One key of what was noted on this host, $null when nothing was.
    #>
    param (
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Agent,
        [Parameter(Mandatory = $true)] [String] $Key
    )

    if ($null -eq $Agent.remediation) {
        return $null
    }
    return $Agent.remediation[$Key]
}

Function Add-Note {
    <#
    .SYNOPSIS
    Note how far this host came.
    #>
    param ([Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Change)

    Update-DsaProgress -Path $progressFile -Change $Change
}

Function Stop-Upgrade {
    <#
    .SYNOPSIS
    Fail with why, and with what the host has now.
    #>
    param ([Parameter(Mandatory = $true)] [String] $Why)

    $agent = Read-Agent
    $state = "no agent"
    if ($agent.version_raw) {
        $state = $agent.version_raw
    }
    elseif (@($agent.problems).Count) {
        $state = $agent.problems -join "; "
    }
    $module.Result.after = $agent.version_raw
    $module.FailJson("$($Why.TrimEnd('.')). The host now has: $state")
}

Function Enable-SelfProtection {
    <#
    .SYNOPSIS
    Switch self-protection on again. Some minutes of patience: right after an installation the agent may not listen yet.
    #>
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        $problem = (Set-DsaSelfProtection -Enable $true -Password $params.self_protection_password).problem
        if (-not $problem) {
            Add-Note -Change @{ self_protection = $null }
            return
        }
        if ($clock.Elapsed.TotalSeconds -ge $params.service_timeout) {
            $module.Result.self_protection = "off"
            Stop-Upgrade -Why "self-protection could not be switched on again: $problem; switch it on in the Manager"
        }
        Start-Sleep -Seconds 2
    }
}

Function Disable-SelfProtection {
    <#
    .SYNOPSIS
    Switch self-protection off. First the note: a crash between the two must not leave it off unseen.
    #>
    param ([Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Agent)

    Add-Note -Change @{ self_protection = "off" }
    $answer = Set-DsaSelfProtection -Enable $false -Password $params.self_protection_password
    if ($answer.problem) {
        # Who gave no answer may have obeyed, and what an earlier run left off is off still.
        if (-not $answer.silent -and (Get-Noted -Agent $Agent -Key "self_protection") -ne "off") {
            Add-Note -Change @{ self_protection = $null }
        }
        Stop-Upgrade -Why "self-protection could not be switched off: $($answer.problem); is the password right?"
    }
}

Function Wait-Build {
    <#
    .SYNOPSIS
    Read until the registry, the program file and the running agent give the new build, or the time is up. Where files
    of the agent wait for a reboot, the one that runs is not the new one before it: the installer's word for that gets
    lost where the connection broke and it was started twice.
    #>
    param ([Switch] $WithoutQuery)

    $ordinal = [StringComparison]::Ordinal
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        $agent = Read-Agent
        $waits = @($agent.reboot.reasons | Where-Object { $_.StartsWith("file_rename_agent:", $ordinal) })
        $later = $WithoutQuery -or $waits.Count -gt 0
        if (Test-DsaReached -Version $agent.versions -Target $target -WithoutQuery:$later) {
            return $agent
        }
        if ($clock.Elapsed.TotalSeconds -ge $params.service_timeout) {
            break
        }
        Start-Sleep -Seconds 2
    }
    $said = @($agent.versions.Keys | Sort-Object | ForEach-Object { "$_ says $($agent.versions[$_])" }) -join ", "
    if (-not $said) {
        $said = "nobody gives a build"
    }
    $state = "in an unknown state"
    if ($agent.service.state) {
        $state = $agent.service.state
    }
    $why = "the installer reported success, but $($params.service_timeout) s later $said, " +
    "and the service ds_agent is $state"
    foreach ($problem in $agent.problems) {
        $why += "; $problem"
    }
    if (Test-DsaAtLeast -Build (ConvertTo-DsaBuild -Text $agent.versions["registry"]) -Target $target) {
        Add-Note -Change @{ phase = "update_pending" }
    }
    Stop-Upgrade -Why $why
}

Function Complete-Upgrade {
    <#
    .SYNOPSIS
    The build is there: note that an update is due, and tidy up.
    #>
    param ([Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Agent)

    $module.Result.after = $Agent.version_raw
    $module.Result.reboot = $Agent.reboot
    if ($module.CheckMode) {
        return
    }
    if ((Get-Noted -Agent $Agent -Key "phase") -eq "upgrading") {
        Add-Note -Change @{ phase = "update_pending" }
    }
    if ($params.path -and [System.IO.File]::Exists($params.path)) {
        [System.IO.File]::Delete($params.path)
    }
}

Function Start-Upgrade {
    <#
    .SYNOPSIS
    Before the installation: verify the package, note what is about to happen, lower the guard.
    #>
    $agent = Read-Agent
    $module.Result.before = $agent.version_raw
    $module.Result.done = $false
    if (Test-DsaAtLeast -Build (ConvertTo-DsaBuild -Text $agent.version_raw) -Target $target) {
        $module.Result.done = $true
        if ((Get-Noted -Agent $agent -Key "self_protection") -eq "off" -and -not $module.CheckMode) {
            Enable-SelfProtection
        }
        Complete-Upgrade -Agent $agent
        return
    }
    if (-not $agent.installed -and -not $params.reinstall) {
        $why = "none is installed"
        if (@($agent.problems).Count) {
            $why = $agent.problems -join "; "
        }
        $module.FailJson("there is no agent to upgrade: $why")
    }
    if (-not [System.IO.File]::Exists($params.path)) {
        Stop-Upgrade -Why "$($params.path) is not there any more; run again"
    }
    $trust = Test-DsaPackage -Path $params.path -Hash $params.sha256 -Verify $params.verify
    if ($trust.problem) {
        # What is not trusted does not stay.
        if (-not $module.CheckMode) {
            [System.IO.File]::Delete($params.path)
        }
        $module.Result.refused = $true
        Stop-Upgrade -Why $trust.problem
    }
    $module.Result.path = $params.path
    $module.Result.log_path = $logPath
    $module.Result.verified_by = $trust.by
    if ($module.CheckMode) {
        return
    }
    if ([System.IO.File]::Exists($logPath)) {
        [System.IO.File]::Delete($logPath)
    }
    $from = $agent.version_raw
    if (-not $from) {
        $from = Get-Noted -Agent $agent -Key "from"
    }
    $now = ConvertTo-DsaTime -Time ([DateTime]::UtcNow)
    # Where Anti-Malware is offline even after a reinstallation nothing more is to be tried: that has to be known.
    $reinstalled = $null
    if ($params.reinstall) {
        $reinstalled = $now
    }
    # What is noted here tells any later run that an update is due, even if this one ends now.
    Add-Note -Change @{
        phase = "upgrading"
        reinstalled = $reinstalled
        since = $now
        from = $from
        to = $params.version
        patterns = $agent.anti_malware.patterns
        engine = $agent.anti_malware.engine
    }
    if ($params.self_protection) {
        Disable-SelfProtection -Agent $agent
    }
}

Function Stop-Installation {
    <#
    .SYNOPSIS
    After the installation, whether it failed or not.
    #>
    # Read before anything else: where the rest fails, the installer's own words are still in the result.
    if ($params.failed) {
        try {
            $module.Result.log_lines = Get-DsaInstallerLog -Path $logPath
        }
        catch {
            $module.Result.log_lines = @("$logPath cannot be read: $($_.Exception.Message)")
        }
    }
    # Also what another run left off: the password may not have been given to this one.
    $noted = (Read-DsaProgress -Path $progressFile).content
    $unguarded = $params.self_protection -or ($null -ne $noted -and $noted["self_protection"] -eq "off")
    if ($unguarded -and -not $module.CheckMode) {
        Enable-SelfProtection
    }
    if ($params.failed -or $module.CheckMode) {
        $agent = Read-Agent
        $module.Result.after = $agent.version_raw
        $module.Result.reboot = $agent.reboot
    }
    else {
        if ($params.reboot_required) {
            # A reboot that is put off must not be forgotten: Windows may show no trace of who asked for it.
            $clock = Get-DsaClock -Problem ([System.Collections.Generic.List[String]]::new())
            Add-Note -Change @{ reboot_asked = $clock.boot_time }
        }
        $agent = Wait-Build -WithoutQuery:$params.reboot_required
        Complete-Upgrade -Agent $agent
    }
    $module.Result.changed = $agent.version_raw -ne (Get-Noted -Agent $agent -Key "from")
}

Function Restart-Agent {
    <#
    .SYNOPSIS
    The build is there: have it run, and guarded.
    #>
    $agent = Read-Agent
    $module.Result.before = $agent.version_raw
    $there = Test-DsaAtLeast -Build (ConvertTo-DsaBuild -Text $agent.version_raw) -Target $target
    if ($params.update_due -and -not $module.CheckMode) {
        # Somebody else installs: whether the build is there already or comes later, an update is due after it.
        $phase = "upgrading"
        if ($there) {
            $phase = "update_pending"
        }
        $now = ConvertTo-DsaTime -Time ([DateTime]::UtcNow)
        Add-Note -Change @{ phase = $phase; since = $now; to = $params.version }
        if (-not $there) {
            $module.Result.after = $agent.version_raw
            return
        }
    }
    if (-not $there) {
        Stop-Upgrade -Why "the build $($params.version) is not installed, and no package was given"
    }
    $running = $agent.service.state -eq "running"
    $restart = -not ($running -and (Test-DsaReached -Version $agent.versions -Target $target))
    $unguarded = (Get-Noted -Agent $agent -Key "self_protection") -eq "off"
    $module.Result.changed = $restart -or $unguarded
    if ($module.CheckMode) {
        Complete-Upgrade -Agent $agent
        return
    }
    if ($restart) {
        # A guarded service refuses to stop; one that does not run cannot be told anything and needs no telling.
        if ($running -and $params.self_protection -and -not $unguarded) {
            Disable-SelfProtection -Agent $agent
            $unguarded = $true
        }
        $problem = Restart-DsaService -Timeout $params.service_timeout
        if ($problem) {
            if ($unguarded) {
                $module.Result.self_protection = "off"
            }
            Stop-Upgrade -Why "the agent's service could not be restarted: $problem"
        }
    }
    if ($unguarded) {
        Enable-SelfProtection
    }
    if ($restart) {
        $agent = Wait-Build
    }
    Complete-Upgrade -Agent $agent
}

$lock = $null
if (-not $module.CheckMode) {
    try {
        $lock = Lock-DsaHost -Folder $data -Timeout $params.service_timeout
    }
    catch {
        $module.FailJson($_.Exception.Message)
    }
}
try {
    if ($params.step -eq "begin") {
        Start-Upgrade
    }
    elseif ($params.step -eq "end") {
        Stop-Installation
    }
    else {
        Restart-Agent
    }
    $module.ExitJson()
}
finally {
    if ($null -ne $lock) {
        $lock.Dispose()
    }
}
