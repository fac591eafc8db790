# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection. dsa_control, and the agent's service. Twin of _agent/control.py.
#Requires -Version 5.1
#AnsibleRequires -PowerShell ..module_utils._DsaHost
#AnsibleRequires -PowerShell ..module_utils._DsaRegistry
#AnsibleRequires -PowerShell ..module_utils._DsaAgent
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"
$script:AgentService = "ds_agent"
$script:LongestReply = 4096
# What a success is documented to print; everything that looks like a status may speak against it.
$script:Success = [Regex]::new("^[ \t]*HTTP Status:[ \t]*2[0-9][0-9]\b", "Multiline")
$script:Status = [Regex]::new(
    "\bHTTP(?:/[0-9.]+)?(?:[ \t]+|_)?(?:status)?(?:[ \t]+code)?[ \t]*[:=]?[ \t]*([0-9]+)",
    "IgnoreCase, CultureInvariant"
)

Function Get-DsaGivenOption {
    <# .SYNOPSIS
    The options that a module was given, under the names of its specification. Ansible.Basic takes them in any case, but
    masks a secret only under its own name: this comes before it reads them. #>
    param ([String[]] $Name)
    $given = Get-Variable -Name "complex_args" -Scope "Global" -ValueOnly -ErrorAction SilentlyContinue
    if ($given -isnot [System.Collections.IDictionary]) { return @{} }
    foreach ($entry in @($given.GetEnumerator())) {
        foreach ($option in @($Name | Where-Object { $_ -eq $entry.Key -and $_ -cne $entry.Key })) {
            $given.Remove($entry.Key)
            $given[$option] = $entry.Value
        }
    }
    return $given
}

Function ConvertTo-DsaArgument {
    <# .SYNOPSIS
    One argument for a .cmd file, $null for what cmd.exe cannot be trusted with. #>
    param ([String] $Argument)
    if ($Argument -cmatch "\A[A-Za-z0-9_.:=/\\-]+\z") { return $Argument }
    if ($Argument -cmatch "[""\x00-\x1f]") { return $null }
    # A backslash before the closing quotation mark would quote that.
    return """" + ($Argument -creplace "(\\+)\z", '$1$1') + """"
}

Function Start-DsaControl {
    <# .SYNOPSIS
    Start dsa_control. Its arguments stand in no command line of cmd.exe, where they would be read as code. #>
    param ([String] $Folder, [String] $Line)
    $cmd = [System.IO.Path]::Combine((Get-DsaSystemFolder), "cmd.exe")
    # cmd.exe looks for %NAMES% in its command line, but not again in what it put in their place.
    $command = "/d /v:off /s /c "".\dsa_control.cmd %DSA_CONTROL_ARGUMENTS%"""
    [Environment]::SetEnvironmentVariable("DSA_CONTROL_ARGUMENTS", $Line)
    try {
        return Start-DsaProcess -FilePath $cmd -Folder $Folder -Argument $command
    } finally {
        [Environment]::SetEnvironmentVariable("DSA_CONTROL_ARGUMENTS", $null)
    }
}

Function Test-DsaAccepted {
    <# .SYNOPSIS
    Whether dsa_control did it: $true only with exit status 0 and HTTP statuses that are all 2xx; $false where it was
    refused for certain (4xx and nothing else, or it is not there); $null where that is not known. #>
    param ([System.Collections.IDictionary] $Answer)
    $both = $Answer.out + "`n" + $Answer.err
    $statuses = @(foreach ($found in $script:Status.Matches($both)) { $found.Groups[1].Value.TrimStart([Char]"0") })
    $refused = @($statuses -cmatch "\A4[0-9][0-9]\z").Count
    if ($Answer.missing -or ($refused -and $refused -eq $statuses.Count)) { return $false }
    $good = -not $Answer.cut -and @($statuses -cnotmatch "\A2[0-9][0-9]\z").Count -eq 0
    if ($Answer.rc -eq 0 -and $good -and $script:Success.IsMatch($both)) { return $true }
    return $null
}

Function Hide-DsaSecret {
    <# .SYNOPSIS
    Text without the secrets. All in one pass, the longer first: what is left of one must not show another. #>
    param ([String] $Text, [String[]] $Secret)
    $sorted = [String[]]@($Secret | Where-Object { $_ })
    if ($sorted.Length -eq 0) { return $Text }
    [Array]::Sort($sorted, [StringComparer]::Ordinal)
    [Array]::Reverse($sorted)
    return [Regex]::Replace($Text, (@(foreach ($one in $sorted) { [Regex]::Escape($one) }) -join "|"), "********")
}

Function Invoke-DsaControl {
    <# .SYNOPSIS
    Run dsa_control and return its reply: the answer without the password and other secrets, accepted, and text, one
    line for messages. #>
    param ([String[]] $Argument, [String] $Password, [Int32] $Timeout = 60, [String[]] $Secret = @())
    $reply = @{ rc = $null; out = ""; err = ""; cut = $false; missing = $false; timed_out = $false; accepted = $false }
    if ($Password) { $Argument += @("-p", $Password) }  # it reads a password from nowhere else
    $line = @(foreach ($one in $Argument) { ConvertTo-DsaArgument -Argument $one })
    if ($line -contains $null) {
        $reply.text = "an argument or a password has a quotation mark or a line break, which cmd.exe would not pass on"
        return $reply
    }
    $folder = (Get-DsaAgentFolder).folder
    $reply.missing = -not ($folder -and [System.IO.File]::Exists([System.IO.Path]::Combine($folder, "dsa_control.cmd")))
    if ($reply.missing) {
        $reply.text = "dsa_control is not there"
        return $reply
    }
    $reply = Wait-DsaProcess -Running (Start-DsaControl -Folder $folder -Line ($line -join " ")) -Timeout $Timeout
    # Before anything is masked: the password may be a part of the status.
    $reply.accepted = Test-DsaAccepted -Answer $reply
    foreach ($name in @("out", "err")) {
        $text = Hide-DsaSecret -Text $reply[$name] -Secret (@($Secret) + $Password)
        $reply.cut = $reply.cut -or $text.Length -gt $script:LongestReply
        $reply[$name] = $text.Substring(0, [Math]::Min($script:LongestReply, $text.Length))
    }
    $text = ConvertTo-DsaLine -Text "$($reply.out) $($reply.err)"
    $reply.text = "exit status $($reply.rc), $($text.Substring(0, [Math]::Min(300, $text.Length)))"
    if (-not $text) { $reply.text = "exit status $($reply.rc), no output" }
    if ($reply.timed_out) { $reply.text = "no answer in time" }
    return $reply
}

Function Get-DsaServiceState {
    <# .SYNOPSIS
    The state of the agent's service in lower case, such as running or start pending; missing where there is none. #>
    $service = Get-Service -Name $script:AgentService -ErrorAction SilentlyContinue
    if ($null -eq $service) { return "missing" }
    return ("$($service.Status)" -creplace "(?<=[a-z])(?=[A-Z])", " ").ToLowerInvariant()
}

Function Restart-DsaService {
    <# .SYNOPSIS
    Stop and start the agent's service, each in at most Timeout seconds, and what depended on it and ran. A state that
    is neither running nor stopped, and a disabled service, are errors before anything is done. #>
    param ([Int32] $Timeout)
    $limit = [TimeSpan]::FromSeconds($Timeout)
    $state = Get-DsaServiceState
    $start = (Read-DsaKey -Path "SYSTEM\CurrentControlSet\Services\$script:AgentService" -Name "Start").values["Start"]
    if ($null -ne $start -and $start.value -eq 4) { $state = "disabled" }
    if (@("running", "stopped") -notcontains $state) {
        Stop-DsaStep -Code "restart_failed" -Message "the service $script:AgentService is $state; see to it on the host"
    }
    $service = Get-Service -Name $script:AgentService
    # Stopping it stops these as well, and starting it does not start them.
    $others = @($service.DependentServices | Where-Object { "$($_.Status)" -eq "Running" } | ForEach-Object { $_.Name })
    $problems = @()
    try {
        if ($state -eq "running") {
            $service.Stop()
            $service.WaitForStatus("Stopped", $limit)
        }
        $service.Start()
        $service.WaitForStatus("Running", $limit)
    } catch {
        $problems += "$(Get-DsaReason -Exception $_.Exception); it is $(Get-DsaServiceState)"
    }
    foreach ($name in $others) {
        try {
            $other = Get-Service -Name $name
            if ("$($other.Status)" -ne "Running") { $other.Start() }
        } catch {
            $problems += "${name}: $(Get-DsaReason -Exception $_.Exception)"
        }
    }
    if ($problems.Count) {
        $message = "the service $script:AgentService could not be restarted: $($problems -join '; ')"
        Stop-DsaStep -Code "restart_failed" -Message $message
    }
}

Export-ModuleMember -Function *-Dsa*
