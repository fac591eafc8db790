# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection. Runs programs, bounded in time and output.
#Requires -Version 5.1
#AnsibleRequires -PowerShell ..module_utils._DsaHost
#AnsibleRequires -PowerShell ..module_utils._DsaRegistry
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

Function Get-DsaConsoleEncoding {
    <# .SYNOPSIS
    What programs of this host write in when it is not UTF-8; UTF-8 where Windows names no usable code page. #>
    $key = Read-DsaKey -Path "SYSTEM\CurrentControlSet\Control\Nls\CodePage" -Name "OEMCP"
    try {
        $page = [Int32](Get-DsaValue -Key $key -Name "OEMCP" -Type "String")
        if ($page -eq 0) { $page = 65001 }  # 0 is no code page but whatever this process uses
        return [System.Text.Encoding]::GetEncoding($page)
    } catch {
        return [System.Text.Encoding]::UTF8
    }
}

Function ConvertFrom-DsaByte {
    <# .SYNOPSIS
    The text of a program's output. Ansible sets the console to UTF-8, and not every program follows. #>
    param ([Byte[]] $Byte)
    # Without flush a character that is cut at the end is no error: it must not change how the rest is read.
    $decoder = [System.Text.UTF8Encoding]::new($false, $true).GetDecoder()
    $characters = [Char[]]::new($Byte.Length + 1)
    try {
        return [String]::new($characters, 0, $decoder.GetChars($Byte, 0, $Byte.Length, $characters, 0, $false))
    } catch [System.ArgumentException] {
        return (Get-DsaConsoleEncoding).GetString($Byte)
    }
}

Function New-DsaOutput {
    <# .SYNOPSIS
    Read one output of a program in the background, so that a full pipe cannot block the program. #>
    param ([System.IO.Stream] $Stream)
    $buffer = [System.IO.MemoryStream]::new([Byte[]]::new(1MB))  # it cannot grow: the copy fails where it is full
    $buffer.SetLength(0)
    return @{ stream = $Stream; buffer = $buffer; copy = $Stream.CopyToAsync($buffer); cut = $false }
}

Function Start-DsaProcess {
    <# .SYNOPSIS
    Start a program of System32. One that cannot be started is no exception: Wait-DsaProcess returns why. #>
    param ([String] $FilePath, [String] $Argument, [String] $Folder = [System.IO.Path]::GetTempPath())
    $path = [System.IO.Path]::Combine((Get-DsaSystemFolder), $FilePath)
    $answer = @{ rc = $null; out = ""; err = ""; cut = $false; missing = $false; timed_out = $false }
    $running = @{ process = $null; argv = @($path, $Argument); answer = $answer; outputs = @{} }
    $running.clock = [System.Diagnostics.Stopwatch]::StartNew()
    try {
        $start = [System.Diagnostics.ProcessStartInfo]@{
            FileName = $path; Arguments = $Argument; WorkingDirectory = $Folder
            UseShellExecute = $false; CreateNoWindow = $true
            RedirectStandardInput = $true; RedirectStandardOutput = $true; RedirectStandardError = $true
        }
        $running.process = [System.Diagnostics.Process]::Start($start)
        $running.outputs.out = New-DsaOutput -Stream $running.process.StandardOutput.BaseStream
        $running.outputs.err = New-DsaOutput -Stream $running.process.StandardError.BaseStream
        $running.process.StandardInput.Close()
    } catch {
        $answer.missing = -not [System.IO.File]::Exists($path)
        $answer.err = "$path cannot be started: $(Get-DsaReason -Exception $_.Exception)"
    }
    return $running
}

Function Stop-DsaProcess {
    <# .SYNOPSIS
    Kill a program and everything it started: a .cmd file hangs in a child of cmd.exe. #>
    param ([System.Diagnostics.Process] $Process)
    $killer = Start-DsaProcess -FilePath "taskkill.exe" -Argument "/T /F /PID $($Process.Id)"
    if ($null -ne $killer.process) { $null = $killer.process.WaitForExit(5000) }
    Stop-Process -InputObject $Process -Force -ErrorAction SilentlyContinue  # it may have ended meanwhile
    $null = $Process.WaitForExit(2000)
}

Function Wait-DsaProcess {
    <# .SYNOPSIS
    The answer of a program, which is killed Timeout seconds after its start. What it wrote before still counts. #>
    param ([System.Collections.IDictionary] $Running, [Int32] $Timeout, [Int32] $Longest = 60KB)
    $process, $answer = $Running.process, $Running.answer
    if ($null -eq $process) { return $answer }
    do {
        $left = 1000 * [Int64]$Timeout - $Running.clock.ElapsedMilliseconds
        # Where a buffer is full the rest is thrown away: the program must be able to go on.
        foreach ($full in @($Running.outputs.Values | Where-Object { $_.copy.IsFaulted -and -not $_.cut })) {
            $full.cut, $full.copy = $true, $full.stream.CopyToAsync([System.IO.Stream]::Null)
        }
        # Woken by its end; now and then only to make room for more output.
        $ended = $process.WaitForExit([Int32][Math]::Max(0, [Math]::Min(200, $left)))
    } while (-not $ended -and $left -gt 0)
    if ($ended) {
        $answer.rc = $process.ExitCode
    } else {
        $answer.timed_out = $true
        Stop-DsaProcess -Process $process
    }
    foreach ($name in @("out", "err")) {
        $output = $Running.outputs[$name]
        # Something that it left behind may hold the pipe open. WaitAny throws nothing for a copy that failed.
        $read = 0 -eq [System.Threading.Tasks.Task]::WaitAny(@($output.copy), 2000)
        $text = (ConvertFrom-DsaByte -Byte $output.buffer.ToArray()).Replace("`r`n", "`n")
        $whole = $read -and -not $output.copy.IsFaulted -and -not $output.cut -and $text.Length -le $Longest
        $answer.cut = $answer.cut -or -not $whole
        $answer[$name] = $text.Substring(0, [Math]::Min($Longest, $text.Length))
    }
    return $answer
}

Export-ModuleMember -Function *-Dsa*
