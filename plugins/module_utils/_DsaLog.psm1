# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection. What logs gained since marks were taken, and the end of an installer's
# log. Whether a line counts is decided on the controller. Twin of _agent/update.py.
#Requires -Version 5.1
#AnsibleRequires -PowerShell ..module_utils._DsaHost
#AnsibleRequires -PowerShell ..module_utils._DsaAgent
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"
$script:Files = 64
# No update writes more than this between two looks; a larger part of a log is read at its end.
$script:LargestPart = 8MB
$script:LongestLine = 4096
# All lines together; and what a line costs beside its text.
$script:AllLines = 256KB
$script:LineCost = 64
$script:Fingerprint = 1024
$script:LongestEnd = 64KB

Function Read-DsaPart {
    <# .SYNOPSIS
    The bytes of a file between two places. Another program may be writing or moving it. #>
    param ([String] $Path, [Int64] $Start, [Int64] $End)
    $stream = [System.IO.File]::Open($Path, "Open", "Read", "ReadWrite, Delete")
    try {
        $null = $stream.Seek($Start, "Begin")
        return , [System.IO.BinaryReader]::new($stream).ReadBytes([Int32]($End - $Start))
    } finally {
        $stream.Dispose()
    }
}

Function Get-DsaFingerprint {
    <# .SYNOPSIS
    SHA-256 of what stands before a place in a file: by it the file is known, whatever a rotation calls it. #>
    param ([String] $Path, [Int64] $End)
    $bytes = Read-DsaPart -Path $Path -Start ([Math]::Max(0, $End - $script:Fingerprint)) -End $End
    $stream = [System.IO.MemoryStream]::new($bytes)
    return (Get-FileHash -InputStream $stream -Algorithm SHA256).Hash.ToLowerInvariant()
}

Function Read-DsaLogText {
    <# .SYNOPSIS
    {text, cut} of a log from Start to Size, at most the last Longest bytes of it; cut: that is not all. #>
    param ([String] $Path, [Int64] $Size, [Int64] $Start, [Int64] $Longest)
    $from = [Math]::Max($Start, $Size - $Longest)
    $even = $from - $from % 2  # a character of UTF-16 is two bytes
    # UTF-16 begins with its mark, or with a character and a null.
    $head = Read-DsaPart -Path $Path -Start 0 -End ([Math]::Min(2, $Size))
    $first, $second = $head
    if (($first -eq 0xFF -and $second -eq 0xFE) -or ($first -and $second -eq 0)) {
        $text = [System.Text.Encoding]::Unicode.GetString((Read-DsaPart -Path $Path -Start $even -End $Size))
    } elseif (($first -eq 0xFE -and $second -eq 0xFF) -or ($first -eq 0 -and $second)) {
        $text = [System.Text.Encoding]::BigEndianUnicode.GetString((Read-DsaPart -Path $Path -Start $even -End $Size))
    } else {
        $bytes = Read-DsaPart -Path $Path -Start $from -End $Size
        # The rest of a character that is cut at the beginning must not change how all else is read.
        for ($at = 0; $from -and $at -lt [Math]::Min(3, $bytes.Length) -and ($bytes[$at] -band 0xC0) -eq 0x80; $at++) {
            $bytes[$at] = 0x20
        }
        $text = ConvertFrom-DsaByte -Byte $bytes
    }
    $text = $text.TrimStart([Char]0xFEFF).Replace("`r`n", "`n").Replace("`r", "`n")
    return @{ text = $text; cut = $from -gt $Start }
}

Function Get-DsaNewestFile {
    <# .SYNOPSIS
    The newest files of a folder, whose names in lower case fit a pattern, the oldest first, by their times. #>
    param ([String] $Folder, [Regex] $Name = "\.log(\.[0-9]+)?\z")
    $found = [System.Collections.Generic.SortedDictionary[String, Object]]::new([StringComparer]::Ordinal)
    if ([System.IO.Directory]::Exists($Folder)) {
        foreach ($file in [System.IO.DirectoryInfo]::new($Folder).GetFiles()) {
            if (-not $Name.IsMatch($file.Name.ToLowerInvariant())) { continue }
            $file.Refresh()  # what a folder lists of a file that is open for writing is old
            $found[$file.LastWriteTimeUtc.ToString("o") + $file.Name] = $file  # the same in every culture
        }
    }
    return , @($found.Values | Select-Object -Last $script:Files)
}

Function Get-DsaLogMark {
    <# .SYNOPSIS
    Where the logs of a folder end now: a list of name, size, mtime and fingerprint of what stands before the end. #>
    param ([String] $Folder)
    $marks = foreach ($file in (Get-DsaNewestFile -Folder $Folder)) {
        try {
            @{
                name = $file.Name
                size = $file.Length
                mtime = [Int64][Math]::Floor(($file.LastWriteTimeUtc - [DateTime]::new(1970, 1, 1)).TotalSeconds)
                fingerprint = Get-DsaFingerprint -Path $file.FullName -End $file.Length
            }
        } catch {
            continue  # gone, or not to be read
        }
    }
    return , @($marks)
}

Function Find-DsaMark {
    <# .SYNOPSIS
    Where the mark of this file is in it, 0 where it has none. A mark of size 0 fits every file, and so marks none; of
    several that fit the largest is the file's own. #>
    param ([System.IO.FileInfo] $File, [Object[]] $Mark)
    $largest = [Int64]0
    foreach ($one in $Mark) {
        $size = [Int64]$one["size"]
        if ($size -gt $largest -and $size -le $File.Length -and
            (Get-DsaFingerprint -Path $File.FullName -End $size) -ceq $one["fingerprint"]) {
            $largest = $size
        }
    }
    return $largest
}

Function Read-DsaNewLine {
    <# .SYNOPSIS
    What the logs gained since the marks: {lines, cut, unread}, in the order of the files' times; cut: the oldest were
    left off, or a log is there and cannot be read; unread: the names of such logs.
    A line is file, text, and marked: whether it stands behind the mark of a file that was there. Other lines come from
    files that have no mark, or were begun anew: such a file can hold old lines too. #>
    param ([String] $Folder, [Object[]] $Mark)
    $lines = [System.Collections.Generic.List[Object]]::new()
    $unread = [System.Collections.Generic.List[String]]::new()
    $files = Get-DsaNewestFile -Folder $Folder
    [Array]::Reverse($files)
    $budget, $cut = $script:AllLines, $false
    foreach ($file in $files) {
        try {
            $start = Find-DsaMark -File $file -Mark $Mark
            $part = Read-DsaLogText -Path $file.FullName -Size $file.Length -Start $start -Longest $script:LargestPart
        } catch [System.IO.FileNotFoundException] {
            continue
        } catch {
            $unread.Add($file.Name)
            continue
        }
        $cut = $cut -or $part.cut
        $texts = $part.text.Split([Char[]]"`n", [StringSplitOptions]::RemoveEmptyEntries)
        [Array]::Reverse($texts)
        foreach ($long in $texts) {
            $text = $long.Substring(0, [Math]::Min($script:LongestLine, $long.Length))
            $budget -= $text.Length + $script:LineCost
            if ($budget -lt 0) { break }
            if ($text.Trim()) { $lines.Add(@{ file = $file.Name; text = $text; marked = $start -gt 0 }) }
        }
        if ($budget -lt 0) { break }
    }
    $lines.Reverse()
    $cut = $cut -or $budget -lt 0 -or $unread.Count -gt 0
    return @{ lines = $lines.ToArray(); cut = $cut; unread = $unread.ToArray() }
}

Function Read-DsaLogEnd {
    <# .SYNOPSIS
    {path, text, cut, error} of an installer's log: its last characters. msiexec writes UTF-16, with a mark. #>
    param ([String] $Path)
    $log = @{ path = $Path; text = ""; cut = $false; error = $null }
    return Complete-DsaFact -Fact $log -Reader {
        $size = [System.IO.FileInfo]::new($Path).Length
        $part = Read-DsaLogText -Path $Path -Size $size -Start 0 -Longest (4 * $script:LongestEnd)
        $first = [Math]::Max(0, $part.text.Length - $script:LongestEnd)
        $log.text = $part.text.Substring($first)
        $log.cut = $part.cut -or $first -gt 0
    }
}

Export-ModuleMember -Function *-Dsa*
