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
# ConvertTo-Json writes what lies deeper than 100 as the name of its type.
$script:DeepestNote = 50
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
    if ($file.error) {
        $file.text = $null
    }
    return @{ text = $file.text; problem = $file.error }
}

Function ConvertTo-DsaPlain {
    <# .SYNOPSIS
    JSON as sorted tables and arrays, keys told apart by case. PowerShell 7 makes dates of texts; here they are text. #>
    param ([Object] $Value, [Int32] $Depth = 0)

    if ($Depth -gt $script:DeepestNote) {
        throw "it is nested too deeply"
    }
    if ($Value -is [DateTime]) {
        return ConvertTo-DsaTime -Time $Value
    }
    if ($Value -is [System.Collections.IList]) {
        return , @(foreach ($item in $Value) { , (ConvertTo-DsaPlain -Value $item -Depth ($Depth + 1)) })
    }
    if ($Value -is [System.Collections.IDictionary]) {
        # Not by Keys: a key of its own of that name would hide it.
        $pairs = @(foreach ($entry in $Value.GetEnumerator()) { , @($entry.Key, $entry.Value) })
    } elseif ($Value -is [System.Management.Automation.PSCustomObject]) {
        $pairs = @(foreach ($entry in $Value.PSObject.Properties) { , @($entry.Name, $entry.Value) })
    } else {
        return $Value
    }
    $table = [System.Collections.Generic.SortedDictionary[String, Object]]::new([StringComparer]::Ordinal)
    foreach ($pair in $pairs) {
        $table[[String]$pair[0]] = ConvertTo-DsaPlain -Value $pair[1] -Depth ($Depth + 1)
    }
    return $table
}

Function ConvertFrom-DsaNote {
    <# .SYNOPSIS
    The note in a text, as a table. Throws why it is none, by the rules that the controller has for it. #>
    param ([String] $Text)

    try {
        $found = ConvertFrom-Json -InputObject $Text
    } catch {
        throw "it is no JSON"  # the message of Windows PowerShell has the whole text in it
    }
    # PowerShell 7 takes a mapping out of a list of one.
    if (-not $Text.TrimStart().StartsWith("{", [StringComparison]::Ordinal)) {
        throw "it holds no mapping"
    }
    $content = ConvertTo-DsaPlain -Value $found
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

    $note = Read-DsaNote -Path $Path
    try {
        if ($note.problem) {
            throw $note.problem
        }
        if ($null -eq $note.text) {
            return ConvertTo-DsaPlain -Value @{}
        }
        return ConvertFrom-DsaNote -Text $note.text
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
        foreach ($entry in @($Change | ForEach-Object { (ConvertTo-DsaPlain -Value $_).GetEnumerator() })) {
            $null = $content.Remove($entry.Key)
            if ($null -ne $entry.Value) {
                $content[$entry.Key] = $entry.Value
            }
        }
        $text = ConvertTo-Json -InputObject $content -Depth 100
        if (-not $text.Equals($before)) {
            Save-DsaNote -Path $Path -Byte ([System.Text.Encoding]::UTF8.GetBytes($text))
        }
    } catch {
        $why = Get-DsaReason -Exception $_.Exception
        Stop-DsaStep -Code "note_not_written" -Message "$Path was not written: $why; make that possible and run again"
    }
}

Function Save-DsaNote {
    <# .SYNOPSIS
    Replace the file as a whole: a crash leaves the old one or the new one, never half of one. #>
    param ([String] $Path, [Byte[]] $Byte)

    # What later runs could not read must not be written.
    $text = [System.Text.Encoding]::UTF8.GetString($Byte)
    $null = ConvertFrom-DsaNote -Text $text
    if ($Byte.Length -gt $script:LargestNote -or $text.IndexOf([Char]0xFFFD) -ge 0) {
        throw "it would be larger than $script:LargestNote bytes, or no UTF-8 text"
    }
    $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($Path))
    $part = "$Path.$PID.part"  # two runs at once must not write into each other's
    try {
        $stream = [System.IO.File]::Create($part)
        try {
            $stream.Write($Byte, 0, $Byte.Length)
            $stream.Flush($true)
        } finally {
            $stream.Dispose()
        }
        for ($try = 1; [System.IO.File]::Exists($part); $try++) {
            try {
                if ([System.IO.File]::Exists($Path)) {
                    [System.IO.File]::Replace($part, $Path, [NullString]::Value)
                } else {
                    [System.IO.File]::Move($part, $Path)
                }
            } catch {
                if ($try -ge $script:Tries) {
                    throw
                }
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
    $lock = @{ stream = $null; waited = $false }
    while ($true) {
        try {
            $null = [System.IO.Directory]::CreateDirectory($folder)
            $lock.stream = [System.IO.File]::Open($name, "OpenOrCreate", "ReadWrite", "None")
            return $lock
        } catch {
            $cause = $_.Exception.GetBaseException()
        }
        # Sharing and lock violation of Windows, and what .NET has for them elsewhere. A full disk is no other process.
        if ($cause -isnot [System.IO.IOException] -or @(32, 33, 11) -notcontains ($cause.HResult -band 0xFFFF)) {
            $why = Get-DsaReason -Exception $cause
            Stop-DsaStep -Code "lock_failed" -Message "$name cannot be opened: $why; make that possible and run again"
        }
        $lock.waited = $true
        if ($clock.Elapsed.TotalSeconds -ge $Timeout) {
            $what = "another upgrade or update of this host is at work for more than $Timeout s (it holds $name)"
            Stop-DsaStep -Code "lock_timeout" -Message "$what; look at it there"
        }
        Start-Sleep -Milliseconds 500
    }
}

Export-ModuleMember -Function *-Dsa*
