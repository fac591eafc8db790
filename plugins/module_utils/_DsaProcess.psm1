# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection. Runs programs, bounded in time and output.

#Requires -Version 5.1
#AnsibleRequires -PowerShell ..module_utils._DsaHost
#AnsibleRequires -PowerShell ..module_utils._DsaRegistry

Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

$script:LargestOutput = 1MB

Function Get-DsaConsoleEncoding {
    <# .SYNOPSIS
    What programs of this host write in when it is not UTF-8; UTF-8 where Windows names no usable code page. #>
    $key = Read-DsaKey -Path "SYSTEM\CurrentControlSet\Control\Nls\CodePage" -Name "OEMCP"
    try {
        $page = [Int32](Get-DsaText -Key $key -Name "OEMCP")
        # 0 is no code page but whatever this process uses.
        if ($page -gt 0) { return [System.Text.Encoding]::GetEncoding($page) }
    } catch {
        Write-Debug -Message "OEMCP: $($_.Exception.Message)"
    }
    return [System.Text.Encoding]::UTF8
}

Function ConvertFrom-DsaByte {
    <# .SYNOPSIS
    The text of a program's output. Ansible sets the console to UTF-8, and not every program follows. #>
    param ([Byte[]] $Byte, [Int32] $Count = $Byte.Length)
    # Without flush a character that is cut at the end is no error: it must not change how the rest is read.
    $decoder = [System.Text.UTF8Encoding]::new($false, $true).GetDecoder()
    $characters = [Char[]]::new($Count + 1)
    try {
        return [String]::new($characters, 0, $decoder.GetChars($Byte, 0, $Count, $characters, 0, $false))
    } catch [System.ArgumentException] {
        return (Get-DsaConsoleEncoding).GetString($Byte, 0, $Count)
    }
}

Function New-DsaOutput {
    <# .SYNOPSIS
    Read one output of a program in the background, so that a full pipe cannot block the program. The buffer cannot
    grow: the copy fails where it is full. #>
    param ([System.IO.Stream] $Stream)
    $bytes = [Byte[]]::new($script:LargestOutput)
    $buffer = [System.IO.MemoryStream]::new($bytes)
    return @{ stream = $Stream; bytes = $bytes; buffer = $buffer; copy = $Stream.CopyToAsync($buffer); cut = $false }
}

Function Start-DsaProcess {
    <# .SYNOPSIS
    Start a program. One that cannot be started is no exception: Wait-DsaProcess returns why. #>
    param ([String] $FilePath, [String] $Argument, [String] $Folder = [System.IO.Path]::GetTempPath())
    $running = @{ process = $null; argv = @($FilePath, $Argument); missing = $false; error = ""; outputs = @{} }
    $running.clock = [System.Diagnostics.Stopwatch]::StartNew()
    $start = [System.Diagnostics.ProcessStartInfo]::new($FilePath, $Argument)
    $start.WorkingDirectory = $Folder
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    try {
        $running.process = [System.Diagnostics.Process]::Start($start)
        $running.outputs.out = New-DsaOutput -Stream $running.process.StandardOutput.BaseStream
        $running.outputs.err = New-DsaOutput -Stream $running.process.StandardError.BaseStream
        $running.process.StandardInput.Close()
    } catch {
        $running.missing = -not [System.IO.File]::Exists($FilePath)
        $running.error = "$FilePath cannot be started: $(Get-DsaReason -Exception $_.Exception)"
    }
    return $running
}

Function Stop-DsaProcess {
    <# .SYNOPSIS
    Kill a program and everything it started: a .cmd file hangs in a child of cmd.exe. #>
    param ([System.Diagnostics.Process] $Process)
    $taskkill = [System.IO.Path]::Combine((Get-DsaSystemFolder), "taskkill.exe")
    $killer = Start-DsaProcess -FilePath $taskkill -Argument "/T /F /PID $($Process.Id)"
    if ($null -ne $killer.process) { $null = $killer.process.WaitForExit(5000) }
    try {
        $Process.Kill()
    } catch {
        Write-Debug -Message "It has ended meanwhile: $($_.Exception.Message)"
    }
    $null = $Process.WaitForExit(2000)
}

Function Wait-DsaProcess {
    <# .SYNOPSIS
    Wait for what Start-DsaProcess started, at most Timeout seconds from its start, then kill it. Returns the answer
    {rc, out, err, cut, missing, timed_out}; what was written before a hang still counts. #>
    param ([System.Collections.IDictionary] $Running, [Int32] $Timeout, [Int32] $Longest = 60KB)
    $process = $Running.process
    $answer = @{ rc = $null; out = ""; err = $Running.error; cut = $false; timed_out = $false }
    $answer.missing = $Running.missing
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
        $output, $read = $Running.outputs[$name], $false
        try {
            $read = $output.copy.Wait(2000)  # something that it left behind may hold the pipe open
        } catch {
            Write-Debug -Message "$name was too long"
        }
        $text = (ConvertFrom-DsaByte -Byte $output.bytes -Count $output.buffer.Position).Replace("`r`n", "`n")
        $answer.cut = $answer.cut -or $output.cut -or -not $read -or $text.Length -gt $Longest
        $answer[$name] = $text.Substring(0, [Math]::Min($Longest, $text.Length))
    }
    return $answer
}

Export-ModuleMember -Function *-Dsa*
