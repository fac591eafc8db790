# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection. Times, texts, folders, files, errors, the modules' frame.
#Requires -Version 5.1
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

Function ConvertTo-DsaTime {
    <# .SYNOPSIS
    A time, or now, as ISO 8601 in UTC. With the culture of the host the year could be an emperor's. #>
    param ([DateTime] $Time = [DateTime]::UtcNow)
    $Time.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", [System.Globalization.CultureInfo]::InvariantCulture)
}

Function ConvertTo-DsaLine {
    <# .SYNOPSIS
    Text in one line of at most 500 characters, for messages. #>
    param ([String] $Text)
    $line = [Regex]::Replace($Text, "\s+", " ").Trim()
    return $line.Substring(0, [Math]::Min(500, $line.Length))
}

Function Get-DsaReason {
    <# .SYNOPSIS
    The first line of the innermost exception's message: PowerShell's own wrapper names a method and not a cause. #>
    param ([Exception] $Exception)
    return ConvertTo-DsaLine -Text ($Exception.GetBaseException().Message.Trim() -csplit "`n")[0]
}

Function Stop-DsaStep {
    <# .SYNOPSIS
    End the step with an error: a code for the controller and a message for people. #>
    param ([String] $Code, [String] $Message)
    $failure = [System.InvalidOperationException]::new($Message)
    $failure.Data["code"] = $Code
    throw $failure
}

Function Invoke-DsaModule {
    <# .SYNOPSIS
    Run the body of a module and end the module: whatever ends the body, what is known until then is in the result. #>
    param ([Object] $Module, [String] $Step, [ScriptBlock] $Body, [ScriptBlock] $OnFailure = { "" })
    try {
        $null = & $Body
    } catch {
        $code, $message, $record = $_.Exception.Data["code"], $_.Exception.Message, $null
        if (-not $code) {
            $code, $message, $record = "unexpected", "step ${Step}: $(Get-DsaReason -Exception $_.Exception)", $_
        }
        $Module.Result["code"] = $code
        $more = & $OnFailure
        if ($more) { $message = "$($message.TrimEnd('.')). $more" }
        $Module.FailJson($message, [System.Management.Automation.ErrorRecord]$record)
    }
    $Module.ExitJson()
}

Function Confirm-DsaOption {
    <# .SYNOPSIS
    Refuse what Ansible.Basic lets through: null, empty texts and entries, and time limits that are none. #>
    param ([Object] $Module, [String[]] $Name)
    foreach ($one in $Name) {
        $value, $why = $Module.Params[$one], $null
        if ($null -eq $value) {
            $why = "is null; give a value or leave it out"
        } elseif ($value -is [ValueType] -and ($value -lt 1 -or $value -gt 1000000)) {
            $why = "is $value; give 1 to 1000000 seconds"
        } elseif (@($value | Where-Object { $_ -is [System.Collections.IList] }).Count) {
            $why = "has an entry that is a list; give texts"
        } elseif (@($value | Where-Object { [String]::IsNullOrWhiteSpace($_) }).Count) {
            $why = "is empty, or has an empty entry; give a text, or take the entry out"
        }
        if ($why) { Stop-DsaStep -Code "bad_option" -Message "$one $why" }
    }
}

Function Get-DsaProgramFolder {
    <# .SYNOPSIS
    Program Files, the 64-bit one where there are two. #>
    if ($env:ProgramW6432) { return $env:ProgramW6432 }
    return $env:ProgramFiles
}

Function Get-DsaSystemFolder {
    <# .SYNOPSIS
    The real System32: a 32-bit process is shown another one under that name. #>
    $name = "System32"
    if ([Environment]::Is64BitOperatingSystem -and -not [Environment]::Is64BitProcess) { $name = "Sysnative" }
    return [System.IO.Path]::Combine($env:SystemRoot, $name)
}

Function Get-DsaFreeSpace {
    <# .SYNOPSIS
    Free bytes of the drive of a path. #>
    param ([String] $Path)
    return [System.IO.DriveInfo]::new([System.IO.Path]::GetPathRoot($Path)).AvailableFreeSpace
}

Function Get-DsaProgressPath {
    <# .SYNOPSIS
    The file of the progress note. Below Program Files ordinary users cannot write. #>
    param ([String] $Given)
    if ($Given) { return $Given }
    return [System.IO.Path]::Combine((Get-DsaProgramFolder), "deep_security_remediation", "progress.json")
}

Function Complete-DsaFact {
    <# .SYNOPSIS
    A table that a script block fills in. What ends the block is the table's error, and what was known stays. #>
    param ([System.Collections.IDictionary] $Fact, [ScriptBlock] $Reader)
    try {
        $null = & $Reader
    } catch {
        $Fact.error = Get-DsaReason -Exception $_.Exception
    }
    return $Fact
}

Function Test-DsaPath {
    <# .SYNOPSIS
    {path, exists, folder, error} of a file or folder. exists is $false only where nothing of that name is there, and
    $null where that cannot be seen. #>
    param ([String] $Path)
    $found = @{ path = $Path; exists = $null; folder = $null; error = $null }
    return Complete-DsaFact -Fact $found -Reader {
        try {
            $found.folder = [System.IO.File]::GetAttributes($Path).HasFlag([System.IO.FileAttributes]::Directory)
            $found.exists = $true
        } catch [System.IO.FileNotFoundException], [System.IO.DirectoryNotFoundException] {
            $found.exists = $false
        }
    }
}

Function Read-DsaFile {
    <# .SYNOPSIS
    {path, exists, text, error, cut} of a text file in UTF-8, at most Longest bytes of it. #>
    param ([String] $Path, [Int32] $Longest = 64KB)
    $found = Test-DsaPath -Path $Path
    $file = @{ path = $Path; exists = $found.exists; text = $null; error = $found.error; cut = $false }
    if (-not $found.exists) { return $file }
    return Complete-DsaFact -Fact $file -Reader {
        # Another program may have it open for writing.
        $stream = [System.IO.File]::Open($Path, "Open", "Read", "ReadWrite, Delete")
        try {
            $bytes = [System.IO.BinaryReader]::new($stream).ReadBytes($Longest)
            $file.cut = $stream.Length -gt $bytes.Length
            $file.text = [System.Text.Encoding]::UTF8.GetString($bytes).TrimStart([Char]0xFEFF)
        } finally {
            $stream.Dispose()
        }
    }
}

Export-ModuleMember -Function *-Dsa*
