# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection. Times, texts, folders, files, errors, the modules' frame.

#Requires -Version 5.1

# A module has a scope of its own: what the calling script sets does not reach into it.
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

Function ConvertTo-DsaTime {
    <# .SYNOPSIS
    A time as ISO 8601 in UTC. With the culture of the host the year could be an emperor's. #>
    param ([DateTime] $Time)
    $Time.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", [System.Globalization.CultureInfo]::InvariantCulture)
}

Function ConvertTo-DsaLine {
    <# .SYNOPSIS
    Text in one line of at most 500 characters, for messages. #>
    param ([String] $Text)
    $line = [Regex]::Replace($Text.Substring(0, [Math]::Min(8192, $Text.Length)), "\s+", " ").Trim()
    return $line.Substring(0, [Math]::Min(500, $line.Length))
}

Function Get-DsaReason {
    <# .SYNOPSIS
    The first line of the innermost exception's message: PowerShell's own wrapper names a method and not a cause. #>
    param ([Exception] $Exception)
    $inner = $Exception
    while ($null -ne $inner.InnerException) { $inner = $inner.InnerException }
    return ConvertTo-DsaLine -Text ($inner.Message.Trim() -csplit "`n")[0]
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
    param ([Object] $Module, [String] $Step, [ScriptBlock] $Body, [ScriptBlock] $OnFailure)
    try {
        $null = & $Body
    } catch {
        $code, $message, $record = $_.Exception.Data["code"], $_.Exception.Message, $null
        if (-not $code) {
            $code, $message, $record = "unexpected", "step ${Step}: $(Get-DsaReason -Exception $_.Exception)", $_
        }
        $Module.Result["code"] = $code
        try {
            $more = $(if ($null -ne $OnFailure) { & $OnFailure })
        } catch {
            $more = Get-DsaReason -Exception $_.Exception
        }
        if ($more) { $message = "$($message.TrimEnd('.')). $more" }
        $Module.FailJson($message, [System.Management.Automation.ErrorRecord]$record)
    }
    $Module.ExitJson()
}

Function Confirm-DsaOption {
    <# .SYNOPSIS
    Refuse what Ansible.Basic lets through: null, empty texts and elements, and time limits that are none. #>
    param (
        [Object] $Module,
        [String[]] $Seconds = @(),
        [String[]] $Text = @(),
        [String[]] $List = @(),
        [String[]] $NotNull = @()
    )
    foreach ($name in $Seconds + $Text + $List + $NotNull) {
        $value, $why = $Module.Params[$name], $null
        if ($null -eq $value) {
            $why = "is null; give a value or leave it out"
        } elseif ($Seconds -contains $name -and ($value -lt 1 -or $value -gt 1000000)) {
            $why = "is $value; give 1 to 1000000 seconds"
        } elseif ($Text -contains $name -and [String]::IsNullOrWhiteSpace($value)) {
            $why = "is empty; give a text"
        } elseif ($List -contains $name -and @($value | Where-Object { "$_" -eq "" }).Count) {
            $why = "has an empty entry; take it out"
        }
        if ($why) { Stop-DsaStep -Code "bad_option" -Message "$name $why" }
    }
}

Function Get-DsaProgramFolder {
    <# .SYNOPSIS
    Program Files, the 64-bit one where there are two. #>
    if ($env:ProgramW6432) { return $env:ProgramW6432 }
    return $env:ProgramFiles
}

Function Get-DsaDataFolder {
    <# .SYNOPSIS
    What this collection keeps on a host. Below Program Files, where ordinary users cannot write: what was verified
    cannot be exchanged before it is installed. #>
    return [System.IO.Path]::Combine((Get-DsaProgramFolder), "deep_security_remediation")
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
    The file of the progress note: the option of that name, or where it is by default. #>
    param ([String] $Given)
    if ($Given) { return $Given }
    return [System.IO.Path]::Combine((Get-DsaDataFolder), "progress.json")
}

Function Read-DsaFact {
    <# .SYNOPSIS
    What a script block returns, or $null with an entry in the list of problems. #>
    param ([String] $Source, [System.Collections.Generic.List[Object]] $Problem, [ScriptBlock] $Reader)
    try {
        return , (& $Reader)  # the comma keeps an array an array
    } catch {
        $Problem.Add(@{ source = $Source; text = Get-DsaReason -Exception $_.Exception })
        return $null
    }
}

Function Test-DsaPath {
    <# .SYNOPSIS
    {path, exists, folder, error} of a file or folder. exists is $false only where nothing of that name is there, and
    $null where that cannot be seen. #>
    param ([String] $Path)
    $found = @{ path = $Path; exists = $true; folder = $null; error = $null }
    try {
        $found.folder = 0 -ne ([System.IO.File]::GetAttributes($Path) -band [System.IO.FileAttributes]::Directory)
    } catch [System.IO.FileNotFoundException], [System.IO.DirectoryNotFoundException] {
        $found.exists = $false
    } catch {
        $found.exists, $found.error = $null, (Get-DsaReason -Exception $_.Exception)
    }
    return $found
}

Function Read-DsaFile {
    <# .SYNOPSIS
    {path, exists, text, error, cut} of a text file in UTF-8, at most Longest bytes of it. #>
    param ([String] $Path, [Int32] $Longest = 64KB)
    $found = Test-DsaPath -Path $Path
    $file = @{ path = $Path; exists = $found.exists; text = $null; error = $found.error; cut = $false }
    if ($found.folder) { $file.error = "it is a folder" }
    if ($found.folder -or -not $found.exists) { return $file }
    $stream = $null
    try {
        # Another program may have it open for writing.
        $stream = [System.IO.File]::Open($Path, "Open", "Read", "ReadWrite, Delete")
        $bytes, $count = [Byte[]]::new($Longest), 0
        do {
            $read = $stream.Read($bytes, $count, $Longest - $count)
            $count += $read
        } while ($read -gt 0)
        $file.cut = $stream.Length -gt $count
        $file.text = [System.Text.Encoding]::UTF8.GetString($bytes, 0, $count).TrimStart([Char]0xFEFF)
    } catch {
        $file.error = Get-DsaReason -Exception $_.Exception
    } finally {
        if ($null -ne $stream) { $stream.Dispose() }
    }
    return $file
}

Export-ModuleMember -Function *-Dsa*
