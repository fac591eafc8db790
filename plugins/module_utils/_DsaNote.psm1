# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection. The progress note: how far a remediation came on this host. What it
# means is decided on the controller; here it is read, merged and replaced, under a lock. Twin of _agent/progress.py.
#Requires -Version 5.1
#AnsibleRequires -PowerShell ..module_utils._DsaHost
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"
$script:LargestNote = 64KB
# A virus scanner may have the file open just now: how often to try again, a tenth of a second apart.
$script:Tries = 30

Function Read-DsaNote {
    <# .SYNOPSIS
    The note, not judged: {text, problem}, both $null where there is none. problem: it is there and cannot be read. #>
    param ([String] $Path)
    $file = Read-DsaFile -Path $Path -Longest $script:LargestNote
    for ($try = 1; $file.error -and $try -lt $script:Tries -and -not [System.IO.Directory]::Exists($Path); $try++) {
        Start-Sleep -Milliseconds 100
        $file = Read-DsaFile -Path $Path -Longest $script:LargestNote
    }
    if ($file.cut) {
        $file.error = "it is larger than $script:LargestNote bytes"
    } elseif ($file.text -and $file.text.IndexOf([Char]0xFFFD) -ge 0) {
        $file.error = "it is no UTF-8 text"
    }
    if ($file.error) { $file.text = $null }
    return @{ text = $file.text; problem = $file.error }
}

Function ConvertTo-DsaContent {
    <# .SYNOPSIS
    What a note holds, as a sorted table whose keys are told apart by case. Throws where it is no note, by the rules of
    the controller. #>
    param ([System.Collections.IDictionary] $Note)
    if ($Note.problem) { throw $Note.problem }
    $content = [System.Collections.Generic.SortedDictionary[String, Object]]::new([StringComparer]::Ordinal)
    if ($null -eq $Note.text) { return $content }
    try {
        $found = ConvertFrom-Json -InputObject $Note.text
    } catch {
        throw "it is no JSON"  # the message of Windows PowerShell has the whole text in it
    }
    # PowerShell 7 takes a mapping out of a list of one.
    if (-not $Note.text.TrimStart().StartsWith("{", [StringComparison]::Ordinal)) { throw "it holds no mapping" }
    foreach ($entry in $found.PSObject.Properties) {
        $content[$entry.Name] = $entry.Value
        # PowerShell 7 makes dates of texts.
        if ($entry.Value -is [DateTime]) { $content[$entry.Name] = ConvertTo-DsaTime -Time $entry.Value }
    }
    # Not by -contains, which takes a list of one text for that text, and a text with invisible characters for another.
    if ([Array]::IndexOf([Object[]]@("upgrading", "update_pending", "done"), $content["phase"]) -lt 0) {
        throw "phase is none of upgrading, update_pending, done"
    }
    if ([Array]::IndexOf([Object[]]@($null, "on", "off"), $content["self_protection"]) -lt 0) {
        throw "self_protection is none of on, off"
    }
    return $content
}

Function Get-DsaNote {
    <# .SYNOPSIS
    The note's content, an empty table without one. Code note_unreadable: what is due here is then not known. #>
    param ([String] $Path)
    try {
        return ConvertTo-DsaContent -Note (Read-DsaNote -Path $Path)
    } catch {
        Stop-DsaStep -Code "note_unreadable" -Message (
            "$Path cannot be read: $(Get-DsaReason -Exception $_.Exception). Whether self-protection is on and " +
            "whether a security update is due is not known, so nothing was installed, restarted or requested. Look " +
            "at the file, turn self-protection on in the Manager, remove the file and run again"
        )
    }
}

Function Update-DsaNote {
    <# .SYNOPSIS
    Merge tables into the note, in their order, under the lock; $null removes a key. Code note_not_written. #>
    param ([String] $Path, [System.Collections.IDictionary[]] $Change)
    $content = Get-DsaNote -Path $Path
    $before = ConvertTo-Json -InputObject $content -Depth 100
    try {
        # By GetEnumerator: a key named Keys or Count would hide the member of that name.
        foreach ($entry in @($Change | ForEach-Object { $_.GetEnumerator() })) {
            $null = $content.Remove($entry.Key)
            $content[$entry.Key] = $entry.Value
        }
        # Also what somebody wrote as null is not there, as on POSIX.
        @($content.GetEnumerator() | Where-Object { $null -eq $_.Value }) | ForEach-Object {
            $null = $content.Remove($_.Key)
        }
        $text = ConvertTo-Json -InputObject $content -Depth 100
        # What lies deeper than that is written as the name of its type.
        $short = ConvertTo-Json -InputObject $content -Depth 99
        if (-not $text.Equals($short)) { throw "it is nested too deeply" }
        if (-not $text.Equals($before)) { Save-DsaNote -Path $Path -Text $text }
    } catch {
        $why = Get-DsaReason -Exception $_.Exception
        Stop-DsaStep -Code "note_not_written" -Message "$Path was not written: $why; make that possible and run again"
    }
}

Function Test-DsaNoteChange {
    <# .SYNOPSIS
    Whether another run than Own has written to the note since it was read. Seen: keys, and what they had then. #>
    param ([System.Collections.IDictionary] $Content, [System.Collections.IDictionary] $Seen, [String] $Own)
    if ($null -eq $Seen -or [String]$Content["run"] -ceq $Own) { return $false }
    return @($Seen.GetEnumerator() | Where-Object { [String]$Content[$_.Key] -cne [String]$_.Value }).Count -gt 0
}

Function Save-DsaNote {
    <# .SYNOPSIS
    Replace the file as a whole: a crash leaves the old one or the new one, never half of one. #>
    param ([String] $Path, [String] $Text)
    $bytes = [System.Text.Encoding]::UTF8.GetBytes($Text)
    $part = "$Path.$PID.part"  # two runs at once must not write into each other's
    try {
        $stream = [System.IO.File]::Create($part)
        try {
            $stream.Write($bytes, 0, $bytes.Length)
            $stream.Flush($true)
        } finally {
            $stream.Dispose()
        }
        # What later runs could not read must not replace what they can.
        $null = ConvertTo-DsaContent -Note (Read-DsaNote -Path $part)
        for ($try = 1; [System.IO.File]::Exists($part); $try++) {
            try {
                if ([System.IO.File]::Exists($Path)) {
                    [System.IO.File]::Replace($part, $Path, [NullString]::Value)
                } else {
                    [System.IO.File]::Move($part, $Path)
                }
            } catch {
                if ($try -ge $script:Tries) { throw }
                Start-Sleep -Milliseconds 100
            }
        }
    } finally {
        [System.IO.File]::Delete($part)
    }
}

Function Lock-DsaNote {
    <# .SYNOPSIS
    One step at a time on a host: {stream, to be disposed of, waited: whether another process held the lock}. An earlier
    attempt whose connection was lost may still be at work. Codes lock_failed, lock_timeout. #>
    param ([String] $Path, [Int32] $Timeout)
    $folder = [System.IO.Path]::GetDirectoryName($Path)
    $name = [System.IO.Path]::Combine($folder, "upgrade.lock")
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    for ($waited = $false; $true; $waited = $true) {
        try {
            $null = [System.IO.Directory]::CreateDirectory($folder)
            return @{ stream = [System.IO.File]::Open($name, "OpenOrCreate", "ReadWrite", "None"); waited = $waited }
        } catch {
            $cause = $_.Exception.GetBaseException()
        }
        # Sharing and lock violation of Windows, and what .NET has for them elsewhere. A full disk is no other process.
        if ($cause -isnot [System.IO.IOException] -or @(32, 33, 11) -notcontains ($cause.HResult -band 0xFFFF)) {
            $why = Get-DsaReason -Exception $cause
            Stop-DsaStep -Code "lock_failed" -Message "$name cannot be opened: $why; make that possible and run again"
        }
        if ($clock.Elapsed.TotalSeconds -ge $Timeout) {
            $what = "another upgrade or update of this host is at work for more than $Timeout s (it holds $name)"
            Stop-DsaStep -Code "lock_timeout" -Message "$what; look at it there"
        }
        Start-Sleep -Milliseconds 500
    }
}

Export-ModuleMember -Function *-Dsa*
