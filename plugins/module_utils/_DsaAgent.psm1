# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection. Where the agent is, and programs, bounded in time and output.
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

Function Read-DsaProductKey {
    <# .SYNOPSIS
    The keys that name the agent's folder: of the product, also as a 32-bit installer writes it, and of its service. #>
    return Read-DsaKeyTable -Table @{
        product = "SOFTWARE\TrendMicro\Deep Security Agent", "InstallationFolder"
        product_spaced = "SOFTWARE\Trend Micro\Deep Security Agent", "InstallationFolder"
        product_32 = "SOFTWARE\WOW6432Node\TrendMicro\Deep Security Agent", "InstallationFolder"
        service = "SYSTEM\CurrentControlSet\Services\ds_agent", "ImagePath", "Start"
    }
}

Function Get-DsaLineFolder {
    <# .SYNOPSIS
    The folder of the program that a command line begins with, in quotation marks or up to .exe, or an empty text. #>
    param ([String] $Line)
    # Not by System.IO.Path, which throws on characters that no path has.
    $program = '^\s*(?:"(?<folder>[^"]+)[\\/][^\\/"]*"|(?<folder>[^"]+?)[\\/][^\\/"]*\.[Ee][Xx][Ee])'
    return [Regex]::Match($Line, $program).Groups["folder"].Value
}

Function Get-DsaAgentFolder {
    <# .SYNOPSIS
    {folder, folders}: where the agent is, $null where none of the candidates holds it; and these, the best first. #>
    param ([System.Collections.IDictionary] $Key = (Read-DsaProductKey))
    $texts = "String", "ExpandString"
    $named = @(
        Get-DsaLineFolder -Line (Get-DsaValue -Key $Key.service -Name "ImagePath" -Type $texts)
        foreach ($name in @("product", "product_spaced", "product_32")) {
            $text = Get-DsaValue -Key $Key[$name] -Name "InstallationFolder" -Type $texts
            "$text".Trim([Char[]]""" ").TrimEnd([Char[]]"\/")
        }
        [System.IO.Path]::Combine((Get-DsaProgramFolder), "Trend Micro", "Deep Security Agent")
    )
    $found = @{ folder = $null; folders = @() }
    foreach ($name in @($named | Where-Object { $_ })) {
        $folder = [Environment]::ExpandEnvironmentVariables($name)
        if ($found.folders -contains $folder) { continue }
        $found.folders += $folder
        $there = [System.IO.File]::Exists("$folder/dsa_query.cmd") -or [System.IO.File]::Exists("$folder/dsa.exe")
        if ($there -and $null -eq $found.folder) { $found.folder = $folder }
    }
    return $found
}

Function Start-DsaQuery {
    <# .SYNOPSIS
    Start all queries of dsa_query in one shell: one time limit, and what was answered before a hang still counts. #>
    param ([String] $Folder)
    # It starts the others, and is never the 32-bit one: for it System32 has its real name.
    $shell = [System.IO.Path]::Combine($env:SystemRoot, "System32", "cmd.exe")
    # Nothing of the host's stands in the command line, so nothing there needs quoting: the folder is where it runs. A
    # shell for each, as a .cmd file that ends with "exit" would take the others with it.
    $queries = "GetPluginVersion", "GetAgentStatus", "GetComponentInfo"
    $line = @(foreach ($query in $queries) { """$shell"" /d /c .\dsa_query.cmd -c $query" }) -join " & "
    return Start-DsaProcess -FilePath "cmd.exe" -Argument "/d /s /c ""$line""" -Folder $Folder
}

Function Test-DsaListener {
    <# .SYNOPSIS
    Whether anything listens on a TCP port. #>
    param ([Int32] $Port)
    $network = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    return @($network.GetActiveTcpListeners() | Where-Object { $_.Port -eq $Port }).Count -gt 0
}

Export-ModuleMember -Function *-Dsa*
