# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

# What the Windows modules share. Unknown is $null with an entry in problems, never a guess. Nothing here reads text
# that Windows translates: a Japanese host answers as an English one does. Everything that only Windows has stands in
# small functions of its own, so that the tests can replace them.

# Modules are loaded with a scope of their own: what the calling script sets does not reach into it.
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

$script:RelayPort = 4122
$script:AgentService = "ds_agent"
$script:EngineService = "Amsp"
$script:EngineDrivers = @("tmcomm", "tmactmon", "tmevtmgr")
$script:DriverFiles = @(
    "tbimdsa.sys", "tmactmon.sys", "tmcomm.sys", "TMEBC64.sys", "TMEBC32.sys", "tmebc.sys", "tmevtmgr.sys", "TMUMH.sys"
    "tmeyes.sys"
)
$script:Uninstall = @(
    "SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
    "SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"
)
# Both spellings, and what a 32-bit installer would have written.
$script:ProductKeys = @(
    "SOFTWARE\TrendMicro\Deep Security Agent"
    "SOFTWARE\Trend Micro\Deep Security Agent"
    "SOFTWARE\WOW6432Node\TrendMicro\Deep Security Agent"
)
# The certificate every agent ships with, until a Manager activates it.
$script:NotActivatedCertificate = "D0:68:DE:48:1B:DC:4D:00:89:07:7F:85:15:20:C5:90:11:EB:56:6A"
# What dsa_query is asked, and how the keys of each answer begin.
$script:Queries = [ordered]@{
    GetPluginVersion = "PluginVersion."
    GetAgentStatus = "AgentStatus."
    GetComponentInfo = "Component."
}
# No update writes more than this between two looks; a larger part of a log is searched at its end.
$script:LargestLog = 8MB
$script:LargestInstallerLog = 64MB
$script:LargestProgress = 64KB

Function Read-DsaFact {
    <#
    .SYNOPSIS
    What a script block returns, or $null with a line in the list of problems.
    #>
    param (
        [Parameter(Mandatory = $true)] [String] $What,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [System.Collections.Generic.List[String]] $Problem,
        [Parameter(Mandatory = $true)] [ScriptBlock] $Reader
    )

    try {
        # The comma keeps an array an array.
        return , (& $Reader)
    }
    catch {
        $Problem.Add("${What}: $($_.Exception.Message)")
        return $null
    }
}

Function ConvertTo-DsaTime {
    <#
    .SYNOPSIS
    A point in time as this collection writes it. With the culture of the host the year could be an emperor's.
    #>
    param ([Parameter(Mandatory = $true)] [DateTime] $Time)

    $Time.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", [System.Globalization.CultureInfo]::InvariantCulture)
}

# ---------------------------------------------------------------------------------------------------------- registry

Function Open-DsaKey {
    <#
    .SYNOPSIS
    A key below HKLM, $null when it is not there. Also a 32-bit PowerShell sees what a 64-bit one does.
    #>
    param ([Parameter(Mandatory = $true)] [String] $Path)

    $hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey(
        [Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64
    )
    try {
        return $hive.OpenSubKey($Path)
    }
    finally {
        $hive.Dispose()
    }
}

Function Get-DsaRegistryValue {
    <#
    .SYNOPSIS
    One value below HKLM, $null when it or its key is not there.
    #>
    param (
        [Parameter(Mandatory = $true)] [String] $Path,
        [Parameter(Mandatory = $true)] [String] $Name
    )

    $key = Open-DsaKey -Path $Path
    if ($null -eq $key) {
        return $null
    }
    try {
        return , $key.GetValue($Name)
    }
    finally {
        $key.Dispose()
    }
}

Function Get-DsaRegistryKeyName {
    <#
    .SYNOPSIS
    The names of the keys below a key, none when it is not there.
    #>
    param ([Parameter(Mandatory = $true)] [String] $Path)

    $key = Open-DsaKey -Path $Path
    if ($null -eq $key) {
        return , @()
    }
    try {
        return , $key.GetSubKeyNames()
    }
    finally {
        $key.Dispose()
    }
}

Function Test-DsaRegistryKey {
    <#
    .SYNOPSIS
    Whether a key below HKLM is there.
    #>
    param ([Parameter(Mandatory = $true)] [String] $Path)

    $key = Open-DsaKey -Path $Path
    if ($null -eq $key) {
        return $false
    }
    $key.Dispose()
    return $true
}

# ----------------------------------------------------------------------------------------------------------- folders

Function Get-DsaProgramFolder {
    <#
    .SYNOPSIS
    Program Files, the 64-bit one where there are two.
    #>
    if ($env:ProgramW6432) {
        return $env:ProgramW6432
    }
    return $env:ProgramFiles
}

Function Get-DsaDataFolder {
    <#
    .SYNOPSIS
    What this collection keeps on a host. Below Program Files, where ordinary users cannot write: what was verified
    cannot be exchanged before it is installed.
    #>
    return [System.IO.Path]::Combine((Get-DsaProgramFolder), "deep_security_remediation")
}

Function Get-DsaSystemFolder {
    <#
    .SYNOPSIS
    The real System32: a 32-bit process is shown another one under that name.
    #>
    if ([Environment]::Is64BitOperatingSystem -and -not [Environment]::Is64BitProcess) {
        return [System.IO.Path]::Combine($env:SystemRoot, "Sysnative")
    }
    return [System.IO.Path]::Combine($env:SystemRoot, "System32")
}

Function Get-DsaInstallFolder {
    <#
    .SYNOPSIS
    Where the agent is or would be.
    #>
    foreach ($path in $script:ProductKeys) {
        $folder = Get-DsaRegistryValue -Path $path -Name "InstallationFolder"
        if ($folder) {
            return ([String]$folder).TrimEnd("\")
        }
    }
    return [System.IO.Path]::Combine((Get-DsaProgramFolder), "Trend Micro", "Deep Security Agent")
}

# --------------------------------------------------------------------------------------------------------- processes

Function Get-DsaConsoleEncoding {
    <#
    .SYNOPSIS
    What programs of this host write in when it is not UTF-8.
    #>
    $page = Get-DsaRegistryValue -Path "SYSTEM\CurrentControlSet\Control\Nls\CodePage" -Name "OEMCP"
    return [System.Text.Encoding]::GetEncoding([Int32]$page)
}

Function ConvertFrom-DsaByte {
    <#
    .SYNOPSIS
    The text of a program's output. Ansible sets the console to UTF-8, and not every program follows.
    #>
    param ([Parameter(Mandatory = $true)] [AllowEmptyCollection()] [Byte[]] $Byte)

    $strict = [System.Text.UTF8Encoding]::new($false, $true)
    try {
        return $strict.GetString($Byte)
    }
    catch [System.ArgumentException] {
        return (Get-DsaConsoleEncoding).GetString($Byte)
    }
}

Function Start-DsaProcess {
    <#
    .SYNOPSIS
    Start a program. Its output is read all the time, so that a full pipe cannot block it.
    #>
    param (
        [Parameter(Mandatory = $true)] [String] $FilePath,
        [Parameter(Mandatory = $true)] [String] $Argument,
        [String] $Folder = [System.IO.Path]::GetTempPath()
    )

    $start = [System.Diagnostics.ProcessStartInfo]::new()
    $start.FileName = $FilePath
    $start.Arguments = $Argument
    $start.WorkingDirectory = $Folder
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $process = [System.Diagnostics.Process]::Start($start)
    $process.StandardInput.Close()
    $out = [System.IO.MemoryStream]::new()
    $err = [System.IO.MemoryStream]::new()
    return @{
        process = $process
        clock = [System.Diagnostics.Stopwatch]::StartNew()
        out = $out
        err = $err
        copies = @(
            $process.StandardOutput.BaseStream.CopyToAsync($out)
            $process.StandardError.BaseStream.CopyToAsync($err)
        )
    }
}

Function Stop-DsaProcess {
    <#
    .SYNOPSIS
    Kill a program and everything it started: a .cmd file hangs in a child of cmd.exe.
    #>
    param ([Parameter(Mandatory = $true)] [System.Diagnostics.Process] $Process)

    try {
        $taskkill = [System.IO.Path]::Combine((Get-DsaSystemFolder), "taskkill.exe")
        $killer = Start-DsaProcess -FilePath $taskkill -Argument "/T /F /PID $($Process.Id)"
        $null = $killer.process.WaitForExit(5000)
    }
    catch {
        Write-Debug -Message "taskkill: $($_.Exception.Message)"
    }
    try {
        $Process.Kill()
    }
    catch {
        Write-Debug -Message "It has ended meanwhile: $($_.Exception.Message)"
    }
    $null = $Process.WaitForExit(2000)
}

Function Wait-DsaProcess {
    <#
    .SYNOPSIS
    Wait for what Start-DsaProcess started, at most Timeout seconds from its start, then kill it. Returns rc ($null when
    it was killed), out, err and timed_out. What was said before a hang still counts.
    #>
    param (
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Running,
        [Parameter(Mandatory = $true)] [Int32] $Timeout
    )

    $left = [Math]::Max([Int64]0, 1000 * $Timeout - $Running.clock.ElapsedMilliseconds)
    $ended = $Running.process.WaitForExit([Int32]$left)
    if (-not $ended) {
        Stop-DsaProcess -Process $Running.process
    }
    try {
        # Bounded: something that it left behind may hold the pipes open.
        $null = [System.Threading.Tasks.Task]::WaitAll([System.Threading.Tasks.Task[]]$Running.copies, 2000)
    }
    catch {
        Write-Debug -Message "Its output ended early: $($_.Exception.Message)"
    }
    $rc = $null
    if ($ended) {
        $rc = $Running.process.ExitCode
    }
    return @{
        rc = $rc
        out = ConvertFrom-DsaByte -Byte $Running.out.ToArray()
        err = ConvertFrom-DsaByte -Byte $Running.err.ToArray()
        timed_out = -not $ended
    }
}

Function ConvertTo-DsaLine {
    <#
    .SYNOPSIS
    Text in one line, for messages.
    #>
    param ([Parameter(Mandatory = $true)] [AllowEmptyString()] [String] $Text)

    $line = [Regex]::Replace($Text, "\s+", " ").Trim()
    return $line.Substring(0, [Math]::Min(500, $line.Length))
}

# --------------------------------------------------------------------------------------------------------- dsa_query

Function Start-DsaQuery {
    <#
    .SYNOPSIS
    Ask dsa_query everything. One shell asks in turn: one time limit, and what was answered before a hang still counts.
    #>
    param ([Parameter(Mandatory = $true)] [String] $InstallDir)

    $cmd = [System.IO.Path]::Combine((Get-DsaSystemFolder), "cmd.exe")
    # It starts the others, and is never the 32-bit one: for it System32 has its real name.
    $shell = [System.IO.Path]::Combine($env:SystemRoot, "System32\cmd.exe")
    # Nothing of the host's stands in the command line, so nothing there needs quoting: the folder is where it runs. A
    # shell for each, as a .cmd file that ends with "exit" would take the others with it.
    $ask = @(foreach ($query in $script:Queries.Keys) { """$shell"" /d /c .\dsa_query.cmd -c $query" }) -join " & "
    return Start-DsaProcess -FilePath $cmd -Argument "/d /s /c ""$ask""" -Folder $InstallDir
}

Function ConvertFrom-DsaQuery {
    <#
    .SYNOPSIS
    dsa_query's answer as a table. Index lines such as "AgentStatus.13: driverHooked" name fields and carry no value.
    #>
    param ([Parameter(Mandatory = $true)] [AllowEmptyString()] [String] $Text)

    $values = [System.Collections.Hashtable]::new()
    foreach ($line in $Text.Split("`n")) {
        $colon = $line.IndexOf([Char]":")
        if ($colon -lt 0) {
            continue
        }
        $key = $line.Substring(0, $colon).Trim()
        if ($key -cmatch "^[A-Za-z]+(\.[A-Za-z0-9_]+)+$" -and $key -cnotmatch "^[A-Za-z]+\.[0-9]+$") {
            $values[$key] = $line.Substring($colon + 1).Trim()
        }
    }
    return $values
}

Function Get-DsaAntiMalware {
    <#
    .SYNOPSIS
    The Anti-Malware part of a record from dsa_query's values; what was not answered is $null.
    #>
    param ([Parameter(Mandatory = $true)] [System.Collections.Hashtable] $Value)

    # The index differs from host to host, the name does not. Sorted as bytes, on every host alike.
    $order = [System.Collections.Generic.List[String]]::new()
    foreach ($key in $Value.Keys) {
        $found = [Regex]::Match($key, "^Component\.AM\.version\.pattern\.([^.]+)\.name$")
        if ($found.Success -and $Value[$key]) {
            $order.Add($Value[$key] + "`n" + $found.Groups[1].Value)
        }
    }
    $order.Sort([StringComparer]::Ordinal)
    $patterns = @(
        foreach ($entry in $order) {
            $name, $index = $entry.Split("`n")
            @{ name = $name; version = $Value["Component.AM.version.pattern.$index.version"] }
        }
    )
    $mode, $engine, $offline = $null, $null, $null
    if ($Value["Component.AM.mode"]) {
        $mode = $Value["Component.AM.mode"]
    }
    if ($Value["Component.AM.version.engine.ATSE"]) {
        $engine = $Value["Component.AM.version.engine.ATSE"]
    }
    if (@("true", "false") -contains $Value["Component.AM.driverOffline"]) {
        $offline = $Value["Component.AM.driverOffline"] -eq "true"
    }
    return @{ mode = $mode; driver_offline = $offline; engine = $engine; patterns = $patterns }
}

Function Get-DsaActivation {
    <#
    .SYNOPSIS
    Whether the agent is activated and by which Manager, $null for what is not known.
    #>
    param ([Parameter(Mandatory = $true)] [System.Collections.Hashtable] $Value)

    $url, $activated = $null, $null
    if ($Value["AgentStatus.dsmUrl"]) {
        $url = $Value["AgentStatus.dsmUrl"]
    }
    if ($Value.ContainsKey("AgentStatus.agentState")) {
        $activated = $null -ne $url -and $Value["AgentStatus.agentCertHash"] -ne $script:NotActivatedCertificate
    }
    return @{ activated = $activated; manager_url = $url }
}

Function Get-DsaQueryProblem {
    <#
    .SYNOPSIS
    Why dsa_query's answer is of no or little use, or $null.
    #>
    param (
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Answer,
        [Parameter(Mandatory = $true)] [System.Collections.Hashtable] $Value,
        [Parameter(Mandatory = $true)] [Int32] $Timeout
    )

    if ($Answer.timed_out) {
        return "dsa_query: no answer within $Timeout s"
    }
    if ($Value.Count -eq 0) {
        $said = ConvertTo-DsaLine -Text ($Answer.out + " " + $Answer.err)
        if (-not $said) {
            $said = "it said nothing (exit status $($Answer.rc))"
        }
        return "dsa_query: $said"
    }
    # In the first seconds after a start, or when one of them fails, there is nothing from it but field names.
    $silent = @(
        foreach ($query in $script:Queries.Keys) {
            $prefix = $script:Queries[$query]
            if (@($Value.Keys | Where-Object { $_.StartsWith($prefix, [StringComparison]::Ordinal) }).Count -eq 0) {
                $query
            }
        }
    )
    if ($silent.Count -eq 0) {
        return $null
    }
    $problem = "dsa_query: no answer to $($silent -join ', ')"
    $said = ConvertTo-DsaLine -Text $Answer.err
    if ($said) {
        $problem += ": $said"
    }
    return $problem
}

# ----------------------------------------------------------------------------------------------------------- control

Function ConvertTo-DsaArgument {
    <#
    .SYNOPSIS
    One argument for a .cmd file. Throws for what cmd.exe cannot be trusted with, without saying what it was.
    #>
    param ([Parameter(Mandatory = $true)] [AllowEmptyString()] [String] $Argument)

    if ($Argument -cmatch "\A[A-Za-z0-9_.:=/\\-]+\z") {
        return $Argument
    }
    if ($Argument -cmatch "[""\x00-\x1f]") {
        throw "an argument or a password with a quotation mark or a line break cannot be given to dsa_control.cmd"
    }
    # A backslash before the closing quotation mark would quote that.
    return """" + [Regex]::Replace($Argument, "(\\+)\z", '$1$1') + """"
}

Function Invoke-DsaControl {
    <#
    .SYNOPSIS
    Run dsa_control; returns problem ($null when it went well), text, what it said, and silent, whether it gave no
    answer in time: then nobody knows whether it obeyed.
    #>
    param (
        [Parameter(Mandatory = $true)] [String[]] $Argument,
        [AllowNull()] [AllowEmptyString()] [String] $Password,
        [Int32] $Timeout = 60
    )

    $folder = Get-DsaInstallFolder
    $command = "dsa_control $($Argument -join ' ')"
    $file = [System.IO.Path]::Combine($folder, "dsa_control.cmd")
    if (-not [System.IO.File]::Exists($file)) {
        return @{ problem = "$file is not there"; text = ""; silent = $false }
    }
    $given = @($Argument)
    if ($Password) {
        $given += @("-p", $Password)  # it reads a password from nowhere else
    }
    try {
        $line = @(foreach ($one in $given) { ConvertTo-DsaArgument -Argument $one }) -join " "
    }
    catch {
        return @{ problem = $_.Exception.Message; text = ""; silent = $false }
    }
    $cmd = [System.IO.Path]::Combine((Get-DsaSystemFolder), "cmd.exe")
    # cmd.exe looks for %NAMES% in its command line, but not again in what it put in their place.
    [Environment]::SetEnvironmentVariable("DSA_CONTROL_ARGUMENTS", $line)
    try {
        $running = Start-DsaProcess -FilePath $cmd -Folder $folder -Argument (
            "/d /v:off /s /c "".\dsa_control.cmd %DSA_CONTROL_ARGUMENTS%"""
        )
    }
    finally {
        [Environment]::SetEnvironmentVariable("DSA_CONTROL_ARGUMENTS", $null)
    }
    $answer = Wait-DsaProcess -Running $running -Timeout $Timeout
    $said = $answer.out + " " + $answer.err
    if ($Password) {
        $said = $said.Replace($Password, "********")
    }
    $text = ConvertTo-DsaLine -Text $said
    if ($answer.timed_out) {
        return @{ problem = "$command gave no answer within $Timeout s"; text = $text; silent = $true }
    }
    # Its exit status is unreliable: the HTTP status counts too.
    $status = [Regex]::Match($said, "HTTP Status:\s*([0-9]+)")
    $refused = $status.Success -and -not $status.Groups[1].Value.StartsWith("2", [StringComparison]::Ordinal)
    if ($answer.rc -ne 0 -or $refused) {
        $why = $text
        if (-not $why) {
            $why = "it said nothing"
        }
        return @{ problem = "$command was refused (exit status $($answer.rc)): $why"; text = $text; silent = $false }
    }
    return @{ problem = $null; text = $text; silent = $false }
}

Function Set-DsaSelfProtection {
    <#
    .SYNOPSIS
    Switch self-protection; returns what Invoke-DsaControl does.
    #>
    param (
        [Parameter(Mandatory = $true)] [Boolean] $Enable,
        [AllowNull()] [AllowEmptyString()] [String] $Password
    )

    return Invoke-DsaControl -Argument "--selfprotect=$([Int32]$Enable)" -Password $Password
}

Function Restart-DsaService {
    <#
    .SYNOPSIS
    Start the agent's service anew, each half in at most Timeout seconds; returns a problem or $null.
    #>
    param ([Parameter(Mandatory = $true)] [Int32] $Timeout)

    $limit = [TimeSpan]::FromSeconds($Timeout)
    try {
        $service = Get-Service -Name $script:AgentService
        # Stopping it stops these as well, and starting it does not start them.
        $others = @($service.DependentServices | Where-Object { [String]$_.Status -eq "Running" })
        if ([String]$service.Status -ne "Stopped") {
            $service.Stop()
            $service.WaitForStatus("Stopped", $limit)
        }
        $service.Start()
        $service.WaitForStatus("Running", $limit)
        foreach ($other in $others) {
            $other.Start()
        }
        return $null
    }
    catch {
        return $_.Exception.Message
    }
}

# ---------------------------------------------------------------------------------------------------------- progress

Function ConvertTo-DsaPlain {
    <#
    .SYNOPSIS
    What ConvertFrom-Json gave as tables and arrays. PowerShell 7 makes dates of texts; they become texts again.
    #>
    param ([AllowNull()] [Object] $Value)

    if ($Value -is [System.Management.Automation.PSCustomObject]) {
        $table = @{}
        foreach ($property in $Value.PSObject.Properties) {
            $table[$property.Name] = ConvertTo-DsaPlain -Value $property.Value
        }
        return $table
    }
    if ($Value -is [Array]) {
        $items = @(foreach ($item in $Value) { , (ConvertTo-DsaPlain -Value $item) })
        return , $items
    }
    if ($Value -is [DateTime]) {
        return ConvertTo-DsaTime -Time $Value
    }
    return $Value
}

Function Read-DsaProgress {
    <#
    .SYNOPSIS
    How far a remediation came on this host: content ($null when there is no file), problem, and locked, whether the
    file is there and cannot be read.
    #>
    param ([Parameter(Mandatory = $true)] [String] $Path)

    if (-not [System.IO.File]::Exists($Path)) {
        return @{ content = $null; problem = $null; locked = $false }
    }
    try {
        $text = [System.IO.File]::ReadAllText($Path)
    }
    catch {
        return @{ content = $null; problem = "$Path cannot be read: $($_.Exception.Message)"; locked = $true }
    }
    try {
        if ($text.Length -gt $script:LargestProgress) {
            throw "it is too long"
        }
        $content = ConvertTo-DsaPlain -Value (ConvertFrom-Json -InputObject $text)
        if ($content -isnot [System.Collections.IDictionary]) {
            throw "it holds no mapping"
        }
        return @{ content = $content; problem = $null; locked = $false }
    }
    catch {
        $why = "is damaged ($($_.Exception.Message)); remove it and run the security update once more"
        return @{ content = $null; problem = "$Path $why"; locked = $false }
    }
}

Function Update-DsaProgress {
    <#
    .SYNOPSIS
    Change some keys and keep the others. The file is replaced as a whole: a crash leaves the old or the new one.
    #>
    param (
        [Parameter(Mandatory = $true)] [String] $Path,
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Change
    )

    $noted = Read-DsaProgress -Path $Path
    # A virus scanner may be reading it just now. What is damaged is written anew.
    for ($try = 1; $noted.locked -and $try -lt 20; $try++) {
        Start-Sleep -Milliseconds 100
        $noted = Read-DsaProgress -Path $Path
    }
    if ($noted.locked) {
        throw $noted.problem
    }
    $content = $noted.content
    if ($null -eq $content) {
        $content = @{}
    }
    foreach ($key in $Change.Keys) {
        $content[$key] = $Change[$key]
    }
    $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($Path))
    $bytes = [System.Text.Encoding]::UTF8.GetBytes((ConvertTo-Json -InputObject $content -Depth 10))
    $part = "$Path.$PID.part"  # two runs at once must not write into each other's
    $stream = [System.IO.File]::Create($part)
    try {
        $stream.Write($bytes, 0, $bytes.Length)
        $stream.Flush($true)
    }
    finally {
        $stream.Dispose()
    }
    for ($try = 1; $true; $try++) {
        try {
            if ([System.IO.File]::Exists($Path)) {
                [System.IO.File]::Replace($part, $Path, [NullString]::Value)
            }
            else {
                [System.IO.File]::Move($part, $Path)
            }
            return
        }
        catch {
            # A virus scanner may be reading it just now.
            if ($try -ge 20) {
                throw
            }
            Start-Sleep -Milliseconds 100
        }
    }
}

Function Lock-DsaHost {
    <#
    .SYNOPSIS
    One upgrade at a time on a host. Returns an open file, to be disposed of; throws when the time is up.
    #>
    param (
        [Parameter(Mandatory = $true)] [String] $Folder,
        [Parameter(Mandatory = $true)] [Int32] $Timeout
    )

    $null = [System.IO.Directory]::CreateDirectory($Folder)
    $path = [System.IO.Path]::Combine($Folder, "upgrade.lock")
    $clock = [System.Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        try {
            return [System.IO.File]::Open($path, "OpenOrCreate", "ReadWrite", "None")
        }
        catch [System.IO.IOException] {
            if ($clock.Elapsed.TotalSeconds -ge $Timeout) {
                throw "another upgrade of this host is at work for more than $Timeout s; look at it there"
            }
            Start-Sleep -Milliseconds 500
        }
    }
}

# ----------------------------------------------------------------------------------------------------------- Windows

Function Get-DsaWindows {
    <#
    .SYNOPSIS
    Which Windows this is. From the registry: [Environment]::OSVersion tells a PowerShell 5.1 what it was made for.
    #>
    $path = "SOFTWARE\Microsoft\Windows NT\CurrentVersion"
    $major = Get-DsaRegistryValue -Path $path -Name "CurrentMajorVersionNumber"
    if ($null -ne $major) {
        $version = "$major.$(Get-DsaRegistryValue -Path $path -Name 'CurrentMinorVersionNumber')"
    }
    else {
        $version = Get-DsaRegistryValue -Path $path -Name "CurrentVersion"
    }
    $environment = "SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
    $processor = Get-DsaRegistryValue -Path $environment -Name "PROCESSOR_ARCHITECTURE"
    $names = @{ AMD64 = "x86_64"; x86 = "i386"; ARM64 = "arm64" }
    $arch = $null
    if ($processor -and $names.ContainsKey($processor)) {
        $arch = $names[$processor]
    }
    $ubr = Get-DsaRegistryValue -Path $path -Name "UBR"
    if ($null -ne $ubr) {
        $ubr = [Int32]$ubr
    }
    return @{
        build = [Int32](Get-DsaRegistryValue -Path $path -Name "CurrentBuildNumber")
        ubr = $ubr
        nt_version = $version
        product = Get-DsaRegistryValue -Path $path -Name "ProductName"
        arch = $arch
    }
}

Function Get-DsaBootTime {
    <#
    .SYNOPSIS
    When Windows was started.
    #>
    $system = Get-CimInstance -ClassName Win32_OperatingSystem -Property LastBootUpTime -OperationTimeoutSec 15
    return ConvertTo-DsaTime -Time $system.LastBootUpTime
}

Function Get-DsaClock {
    <#
    .SYNOPSIS
    Minutes east of UTC, and when Windows was started.
    #>
    param (
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [System.Collections.Generic.List[String]] $Problem
    )

    return @{
        utc_offset = [Int32][TimeZoneInfo]::Local.GetUtcOffset([DateTime]::UtcNow).TotalMinutes
        boot_time = Read-DsaFact -What "the time of the last start" -Problem $Problem -Reader { Get-DsaBootTime }
    }
}

Function Test-DsaSameStart {
    <#
    .SYNOPSIS
    Whether two times of a start of Windows mean the same one. Setting the clock moves it a little.
    #>
    param (
        [AllowNull()] [AllowEmptyString()] [String] $One,
        [AllowNull()] [AllowEmptyString()] [String] $Other
    )

    $first, $second = [DateTimeOffset]::MinValue, [DateTimeOffset]::MinValue
    $culture = [System.Globalization.CultureInfo]::InvariantCulture
    $style = [System.Globalization.DateTimeStyles]::None
    if (-not [DateTimeOffset]::TryParse($One, $culture, $style, [ref]$first) -or
        -not [DateTimeOffset]::TryParse($Other, $culture, $style, [ref]$second)) {
        return $false
    }
    return [Math]::Abs(($first - $second).TotalMinutes) -lt 5
}

Function Get-DsaServiceEntry {
    <#
    .SYNOPSIS
    Windows' own entries of services and drivers: objects with Name, State and ExitCode.
    #>
    param ([Parameter(Mandatory = $true)] [String[]] $Name)

    $wanted = @(foreach ($one in $Name) { "Name = '$one'" }) -join " OR "
    $query = "SELECT Name, State, ExitCode FROM Win32_BaseService WHERE $wanted"
    return , @(Get-CimInstance -Query $query -OperationTimeoutSec 15)
}

Function Resolve-DsaServiceState {
    <#
    .SYNOPSIS
    The states of services from their entries: running, stopped, failed, missing, or what else Windows calls it. The
    words of State are the same in every language.
    #>
    param (
        [Parameter(Mandatory = $true)] [String[]] $Name,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [Object[]] $Entry
    )

    $states = @{}
    foreach ($one in $Name) {
        $found = @($Entry | Where-Object { $_.Name -eq $one })
        if ($found.Count -eq 0) {
            $states[$one] = "missing"
        }
        # 1077: it was not started since Windows was.
        elseif ($found[0].State -eq "Stopped" -and @(0, 1077) -notcontains $found[0].ExitCode) {
            $states[$one] = "failed"
        }
        else {
            $states[$one] = ([String]$found[0].State).ToLowerInvariant()
        }
    }
    return $states
}

Function Test-DsaBelow {
    <#
    .SYNOPSIS
    Whether a path lies in a folder.
    #>
    param (
        [AllowNull()] [AllowEmptyString()] [String] $Path,
        [AllowNull()] [AllowEmptyString()] [String] $Folder
    )

    if (-not $Path -or -not $Folder) {
        return $false
    }
    return $Path.StartsWith($Folder.TrimEnd("\") + "\", [StringComparison]::OrdinalIgnoreCase)
}

Function Resolve-DsaFileRename {
    <#
    .SYNOPSIS
    Windows' list of files to rename at the next start, as reasons for a reboot. The list holds pairs: a file, and its
    new name or nothing. The agent's come first; other programs, virus scanners above all, use the list day by day.
    #>
    param (
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [AllowEmptyString()] [String[]] $Operation,
        [Parameter(Mandatory = $true)] [String] $InstallDir
    )

    $engine = [System.IO.Path]::Combine((Get-DsaProgramFolder), "Trend Micro", "AMSP")
    $mine = [System.Collections.Generic.List[String]]::new()
    $others = [System.Collections.Generic.List[String]]::new()
    for ($index = 0; $index -lt $Operation.Count; $index += 2) {
        # A ! means "also over an existing file", \??\ is the kernel's way to begin a path.
        $paths = @(
            foreach ($path in $Operation[$index..($index + 1)]) {
                [Regex]::Replace($path, "^!?(\*[0-9]+)?(\\\?\?\\)?", "")
            }
        )
        if (-not $paths[0]) {
            continue
        }
        $agent = $false
        foreach ($path in $paths) {
            $file = $path.Substring($path.LastIndexOf([Char]"\") + 1)
            $driver = $path -like "*\drivers\*" -and $script:DriverFiles -contains $file
            if ($driver -or (Test-DsaBelow -Path $path -Folder $InstallDir) -or
                (Test-DsaBelow -Path $path -Folder $engine)) {
                $agent = $true
            }
        }
        if ($agent) {
            $mine.Add($paths[0])
        }
        else {
            $others.Add($paths[0])
        }
    }
    $reasons = @()
    if ($mine.Count) {
        $reasons += "file_rename_agent: $($mine.Count) files of the agent, first $($mine[0])"
    }
    if ($others.Count) {
        $reasons += "file_rename_other: $($others.Count) files of other programs, first $($others[0])"
    }
    return , $reasons
}

Function Test-DsaSccmReboot {
    <#
    .SYNOPSIS
    Whether the client of Configuration Manager waits for a reboot; most hosts have no such client.
    #>
    try {
        $call = @{
            Namespace = "ROOT\ccm\ClientSDK"
            ClassName = "CCM_ClientUtilities"
            MethodName = "DetermineIfRebootPending"
            OperationTimeoutSec = 10
        }
        $answer = Invoke-CimMethod @call
        return [Boolean]($answer.RebootPending -or $answer.IsHardRebootPending)
    }
    catch {
        return $false
    }
}

Function Get-DsaReboot {
    <#
    .SYNOPSIS
    Whether Windows waits for a reboot and why. Required is $null when nothing asks for one but not all could be read.
    #>
    param (
        [Parameter(Mandatory = $true)] [String] $InstallDir,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [System.Collections.Generic.List[String]] $Problem
    )

    $known = $Problem.Count
    $current = "SOFTWARE\Microsoft\Windows\CurrentVersion"
    $control = "SYSTEM\CurrentControlSet\Control"
    $checks = [ordered]@{
        component_based_servicing = {
            if (Test-DsaRegistryKey -Path "$current\Component Based Servicing\RebootPending") {
                "component_based_servicing: an update of Windows itself is not finished"
            }
        }
        windows_update = {
            if (Test-DsaRegistryKey -Path "$current\WindowsUpdate\Auto Update\RebootRequired") {
                "windows_update: Windows Update asks for one"
            }
        }
        server_manager = {
            $cache = "SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache"
            if (Get-DsaRegistryValue -Path $cache -Name "RestartRequired") {
                "server_manager: a change of roles or features is not finished"
            }
        }
        computer_rename = {
            $name = Get-DsaRegistryValue -Path "$control\ComputerName\ComputerName" -Name "ComputerName"
            $active = Get-DsaRegistryValue -Path "$control\ComputerName\ActiveComputerName" -Name "ComputerName"
            $joining = @(
                Get-DsaRegistryKeyName -Path "SYSTEM\CurrentControlSet\Services\Netlogon" | ForEach-Object { $_ } |
                    Where-Object { @("JoinDomain", "AvoidSpnSet") -contains $_ }
            )
            if ($name -ne $active -or $joining.Count) {
                "computer_rename: a new name or domain of the computer waits for it"
            }
        }
        sccm = {
            if (Test-DsaSccmReboot) {
                "sccm: Configuration Manager asks for one"
            }
        }
        file_rename = {
            $operations = @(
                foreach ($name in @("PendingFileRenameOperations", "PendingFileRenameOperations2")) {
                    $list = Get-DsaRegistryValue -Path "$control\Session Manager" -Name $name
                    if ($null -ne $list) {
                        $list
                    }
                }
            )
            Resolve-DsaFileRename -Operation $operations -InstallDir $InstallDir
        }
    }
    $reasons = @(
        foreach ($check in $checks.Keys) {
            $found = Read-DsaFact -What "reboot, $check" -Problem $Problem -Reader $checks[$check]
            foreach ($reason in @($found)) {
                if ($reason) {
                    [String]$reason
                }
            }
        }
    )
    $strong = @($reasons | Where-Object { -not $_.StartsWith("file_rename_other:", [StringComparison]::Ordinal) })
    $required = $strong.Count -gt 0
    if (-not $required -and $Problem.Count -gt $known) {
        $required = $null
    }
    return @{ required = $required; reasons = $reasons }
}

# ------------------------------------------------------------------------------------------------------------- agent

Function ConvertTo-DsaBuild {
    <#
    .SYNOPSIS
    The numbers of a build, $null when there are less than four: then it is not the whole build, and 20.0.5512 would
    be taken for something newer than 20.0.0-6313. Good enough to see what is older; judging is the controller's.
    #>
    param ([AllowNull()] [AllowEmptyString()] [String] $Text)

    if (-not $Text) {
        return $null
    }
    $numbers = @(foreach ($found in [Regex]::Matches($Text, "[0-9]{1,18}")) { [Int64]$found.Value })
    if ($numbers.Count -lt 4) {
        return $null
    }
    return , $numbers
}

Function Test-DsaAtLeast {
    <#
    .SYNOPSIS
    Whether a build, as numbers, is the wanted one or a newer one.
    #>
    param (
        [AllowNull()] [Object] $Build,
        [Parameter(Mandatory = $true)] [Int64[]] $Target
    )

    if ($null -eq $Build) {
        return $false
    }
    $numbers = @($Build)
    for ($index = 0; $index -lt [Math]::Min($numbers.Count, $Target.Count); $index++) {
        if ($numbers[$index] -ne $Target[$index]) {
            return $numbers[$index] -gt $Target[$index]
        }
    }
    return $numbers.Count -ge $Target.Count
}

Function Test-DsaReached {
    <#
    .SYNOPSIS
    Whether the installed files and, unless only a reboot will start it, the running agent have the wanted build.
    #>
    param (
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Version,
        [Parameter(Mandatory = $true)] [Int64[]] $Target,
        [Switch] $WithoutQuery
    )

    $sources = @("registry", "file")
    if (-not $WithoutQuery) {
        $sources += "dsa_query"
    }
    $witnesses = @{}
    foreach ($source in $sources) {
        $build = ConvertTo-DsaBuild -Text $Version[$source]
        if ($null -eq $build) {
            continue  # less than a whole build is no testimony
        }
        if (-not (Test-DsaAtLeast -Build $build -Target $Target)) {
            return $false
        }
        $witnesses[$source] = $true
    }
    $onDisk = $witnesses.ContainsKey("registry") -or $witnesses.ContainsKey("file")
    return $onDisk -and ($WithoutQuery -or $witnesses.ContainsKey("dsa_query"))
}

Function Get-DsaUninstallEntry {
    <#
    .SYNOPSIS
    The entries of installed programs whose name begins with Name: tables with key, path, name and version.
    #>
    param ([Parameter(Mandatory = $true)] [String] $Name)

    $entries = @(
        foreach ($parent in $script:Uninstall) {
            foreach ($key in (Get-DsaRegistryKeyName -Path $parent)) {
                $path = "$parent\$key"
                $display = [String](Get-DsaRegistryValue -Path $path -Name "DisplayName")
                if ($display.StartsWith($Name, [StringComparison]::OrdinalIgnoreCase)) {
                    @{
                        key = $key
                        path = $path
                        name = $display
                        version = Get-DsaRegistryValue -Path $path -Name "DisplayVersion"
                    }
                }
            }
        }
    )
    return , $entries
}

Function Get-DsaFileVersion {
    <#
    .SYNOPSIS
    The version that a program file bears, $null when it is not there or bears none. By its numbers: the text beside
    them can be anything.
    #>
    param ([Parameter(Mandatory = $true)] [String] $Path)

    if (-not [System.IO.File]::Exists($Path)) {
        return $null
    }
    $found = [System.Diagnostics.FileVersionInfo]::GetVersionInfo($Path)
    $numbers = @($found.FileMajorPart, $found.FileMinorPart, $found.FileBuildPart, $found.FilePrivatePart)
    if (@($numbers | Where-Object { $_ -ne 0 }).Count -eq 0) {
        return $null
    }
    return $numbers -join "."
}

Function Test-DsaListener {
    <#
    .SYNOPSIS
    Whether anything listens on a TCP port.
    #>
    param ([Parameter(Mandatory = $true)] [Int32] $Port)

    $network = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    return @($network.GetActiveTcpListeners() | Where-Object { $_.Port -eq $Port }).Count -gt 0
}

Function Get-DsaListenerOwner {
    <#
    .SYNOPSIS
    The processes that listen on a TCP port: tables with id and path, path $null where it cannot be seen. $null where
    this Windows cannot tell (before 8 and Server 2012).
    #>
    param ([Parameter(Mandatory = $true)] [Int32] $Port)

    if (-not (Get-Command -Name Get-NetTCPConnection -ErrorAction SilentlyContinue)) {
        return $null
    }
    $connections = @(Get-NetTCPConnection -State Listen | Where-Object { $_.LocalPort -eq $Port })
    $owners = @(
        foreach ($id in @($connections | ForEach-Object { $_.OwningProcess } | Sort-Object -Unique)) {
            $call = @{ ClassName = "Win32_Process"; Filter = "ProcessId = $id"; Property = "ExecutablePath" }
            $path = $null
            foreach ($process in @(Get-CimInstance @call -OperationTimeoutSec 15)) {
                $path = $process.ExecutablePath
            }
            @{ id = [Int32]$id; path = $path }
        }
    )
    return , $owners
}

Function Resolve-DsaRelay {
    <#
    .SYNOPSIS
    Whether one of the owners of the Relay's port is the agent: $true, $false, or $null when that cannot be seen.
    #>
    param (
        [AllowNull()] [AllowEmptyCollection()] [Object[]] $Owner,
        [Parameter(Mandatory = $true)] [String] $InstallDir
    )

    if ($null -eq $Owner -or $Owner.Count -eq 0) {
        return $null
    }
    $hidden = $false
    foreach ($one in $Owner) {
        if (Test-DsaBelow -Path $one.path -Folder $InstallDir) {
            return $true
        }
        # 4 and below is the kernel, which has no file and is no agent.
        if (-not $one.path -and $one.id -gt 4) {
            $hidden = $true
        }
    }
    if ($hidden) {
        return $null
    }
    return $false
}

Function Get-DsaRelay {
    <#
    .SYNOPSIS
    Is this host a Relay? A heuristic: a Relay's agent process listens on TCP 4122.
    #>
    param (
        [Parameter(Mandatory = $true)] [String] $InstallDir,
        [AllowNull()] [AllowEmptyString()] [String] $ServiceState,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [System.Collections.Generic.List[String]] $Problem
    )

    try {
        $source = "tcp_${script:RelayPort}_listener"
        if (-not (Test-DsaListener -Port $script:RelayPort)) {
            $enabled = $null  # a stopped Relay listens nowhere either
            if ($ServiceState -eq "running") {
                $enabled = $false
            }
            return @{ enabled = $enabled; source = $source }
        }
        $enabled = Resolve-DsaRelay -Owner (Get-DsaListenerOwner -Port $script:RelayPort) -InstallDir $InstallDir
    }
    catch {
        $Problem.Add("whether it is a Relay: $($_.Exception.Message)")
        return @{ enabled = $null; source = $null }
    }
    if ($null -eq $enabled) {
        $Problem.Add("port $script:RelayPort is open, but whose it is cannot be seen")
    }
    elseif (-not $enabled -and $ServiceState -ne "running") {
        $enabled = $null
    }
    return @{ enabled = $enabled; source = $source }
}

Function Get-DsaRecord {
    <#
    .SYNOPSIS
    Read everything about the agent and return the agent record. version is left for the controller, which normalises
    and judges what stands in versions.
    #>
    param (
        [Int32] $Timeout = 15,
        [Parameter(Mandatory = $true)] [String] $ProgressPath
    )

    $problems = [System.Collections.Generic.List[String]]::new()
    $record = [ordered]@{
        installed = $null
        version = $null
        version_raw = $null
        version_source = $null
        versions = @{}
        platform = "windows"
        os = "windows"
        os_version = $null
        arch = $null
        distribution = $null
        install_dir = $null
        service = @{ name = $null; state = $null }
        activated = $null
        manager_url = $null
        relay = @{ enabled = $null; source = $null }
        anti_malware = @{
            mode = $null
            driver_offline = $null
            engine = $null
            patterns = @()
            service = @{ name = $null; state = $null }
            drivers = @{}
        }
        reboot = @{ required = $null; reasons = @() }
        clock = @{ utc_offset = $null; boot_time = $null }
        product_code = $null
        remediation = $null
        problems = @()
    }
    $folder = Read-DsaFact -What "the agent's folder" -Problem $problems -Reader { Get-DsaInstallFolder }
    if (-not $folder) {
        $folder = [System.IO.Path]::Combine((Get-DsaProgramFolder), "Trend Micro", "Deep Security Agent")
    }
    # The slowest first; the rest is read while it works.
    $query = $null
    if ([System.IO.File]::Exists([System.IO.Path]::Combine($folder, "dsa_query.cmd"))) {
        $query = Read-DsaFact -What "dsa_query" -Problem $problems -Reader { Start-DsaQuery -InstallDir $folder }
    }
    $windows = Read-DsaFact -What "the version of Windows" -Problem $problems -Reader { Get-DsaWindows }
    if ($null -ne $windows) {
        $record.os_version = "$($windows.nt_version).$($windows.build)"
        $record.arch = $windows.arch
    }
    $record.clock = Get-DsaClock -Problem $problems
    $record.reboot = Get-DsaReboot -InstallDir $folder -Problem $problems
    $entries = Read-DsaFact -What "registry" -Problem $problems -Reader {
        Get-DsaUninstallEntry -Name "Trend Micro Deep Security Agent"
    }
    $file = Read-DsaFact -What "file" -Problem $problems -Reader {
        Get-DsaFileVersion -Path ([System.IO.Path]::Combine($folder, "dsa.exe"))
    }
    $shared = @{ Record = $record; Problem = $problems }
    $asked = $null -ne $query
    $finished = Add-DsaInstallation @shared -Entry $entries -FileVersion $file -HasQuery $asked
    if ($asked) {
        Add-DsaAnswer @shared -Answer (Wait-DsaProcess -Running $query -Timeout $Timeout) -Timeout $Timeout
    }
    if ($finished) {
        Set-DsaVersion -Record $record
    }
    Add-DsaState @shared -InstallDir $folder -HasQuery $asked -ProgressPath $ProgressPath
    $record.problems = $problems.ToArray()
    return $record
}

Function Add-DsaInstallation {
    <#
    .SYNOPSIS
    Fill in what the registry and the program file say. Returns $false where an upgrade did not finish.
    #>
    param (
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Record,
        [AllowNull()] [AllowEmptyCollection()] [Object[]] $Entry,
        [AllowNull()] [AllowEmptyString()] [String] $FileVersion,
        [Parameter(Mandatory = $true)] [Boolean] $HasQuery,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [System.Collections.Generic.List[String]] $Problem
    )

    $entries = @()
    if ($null -ne $Entry) {
        $entries = @($Entry)
    }
    $builds = @($entries | ForEach-Object { [String]$_.version } | Where-Object { $_ } | Sort-Object -Unique)
    if ($builds.Count -gt 1) {
        $Problem.Add("registry: lists more than one version, an upgrade did not finish: $($builds -join ', ')")
    }
    elseif ($builds.Count -eq 1) {
        $Record.versions["registry"] = $builds[0]
    }
    if ($FileVersion) {
        $Record.versions["file"] = $FileVersion
    }
    $codes = @($entries | ForEach-Object { [String]$_.key } | Where-Object { $_ -match "^\{[0-9A-F-]{36}\}$" })
    if ($codes.Count) {
        $Record.product_code = $codes[0]
    }
    if ($entries.Count -or $FileVersion -or $HasQuery) {
        $Record.installed = $true
    }
    elseif ($null -ne $Entry) {
        $Record.installed = $false
    }
    return $builds.Count -le 1
}

Function Set-DsaVersion {
    <#
    .SYNOPSIS
    The first source that gives a whole build, or the first that gives anything.
    #>
    param ([Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Record)

    $said = @(@("registry", "file", "dsa_query") | Where-Object { $Record.versions[$_] })
    $whole = @($said | Where-Object { $null -ne (ConvertTo-DsaBuild -Text $Record.versions[$_]) })
    foreach ($source in @($whole + $said)) {
        $Record.version_source = [String]$source
        $Record.version_raw = [String]$Record.versions[$source]
        return
    }
}

Function Add-DsaAnswer {
    <#
    .SYNOPSIS
    Fill in the running agent's own word.
    #>
    param (
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Record,
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Answer,
        [Parameter(Mandatory = $true)] [Int32] $Timeout,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [System.Collections.Generic.List[String]] $Problem
    )

    $values = ConvertFrom-DsaQuery -Text $Answer.out
    if ($values["PluginVersion.core"]) {
        $Record.versions["dsa_query"] = $values["PluginVersion.core"]
    }
    $activation = Get-DsaActivation -Value $values
    $Record.activated = $activation.activated
    $Record.manager_url = $activation.manager_url
    $found = Get-DsaAntiMalware -Value $values
    foreach ($key in $found.Keys) {
        $Record.anti_malware[$key] = $found[$key]
    }
    $why = Get-DsaQueryProblem -Answer $Answer -Value $values -Timeout $Timeout
    if ($why) {
        $Problem.Add($why)
    }
}

Function Add-DsaState {
    <#
    .SYNOPSIS
    Fill in its services, what was noted of it and, where it is installed, whether it is a Relay. Also where no agent
    was found one may run, or an upgrade may have lost it.
    #>
    param (
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Record,
        [Parameter(Mandatory = $true)] [String] $InstallDir,
        [Parameter(Mandatory = $true)] [Boolean] $HasQuery,
        [Parameter(Mandatory = $true)] [String] $ProgressPath,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [System.Collections.Generic.List[String]] $Problem
    )

    if ($Record.installed -and -not $HasQuery) {
        $Problem.Add("dsa_query: $([System.IO.Path]::Combine($InstallDir, 'dsa_query.cmd')) is not there")
    }
    if ($Record.installed -and [System.IO.Directory]::Exists($InstallDir)) {
        $Record.install_dir = $InstallDir
    }
    $names = @($script:AgentService, $script:EngineService) + $script:EngineDrivers
    $entries = Read-DsaFact -What "the state of its services" -Problem $Problem -Reader {
        Get-DsaServiceEntry -Name $names
    }
    $Record.service.name = $script:AgentService
    $Record.anti_malware.service.name = $script:EngineService
    if ($null -ne $entries) {
        $states = Resolve-DsaServiceState -Name $names -Entry @($entries)
        $state = $states[$script:AgentService]
        if (-not $Record.installed -or @("running", "stopped", "failed") -contains $state) {
            $Record.service.state = $state
        }
        else {
            $Problem.Add("the service ${script:AgentService}: it is $state")
        }
        $Record.anti_malware.service.state = $states[$script:EngineService]
        foreach ($driver in $script:EngineDrivers) {
            $Record.anti_malware.drivers[$driver] = $states[$driver]
        }
    }
    if ($Record.installed) {
        $Record.relay = Get-DsaRelay -InstallDir $InstallDir -ServiceState $Record.service.state -Problem $Problem
    }
    $noted = Read-DsaProgress -Path $ProgressPath
    $Record.remediation = $noted.content
    # Windows Installer puts replaced files into Config.Msi until the reboot, where nobody sees whose they were.
    if ($Record.installed -and $null -ne $noted.content -and
        (Test-DsaSameStart -One $noted.content["reboot_asked"] -Other $Record.clock.boot_time)) {
        $Record.reboot.required = $true
        $Record.reboot.reasons += "agent_installer: the agent's installer asked for one, and there was none since"
    }
    if ($noted.problem) {
        $Problem.Add($noted.problem)
    }
}

# ----------------------------------------------------------------------------------------------------------- package

Function Get-DsaSignature {
    <#
    .SYNOPSIS
    What Windows says about the signature of a file: status, signer, thumbprint, timestamper and the certificate.
    #>
    param ([Parameter(Mandatory = $true)] [String] $Path)

    $found = Get-AuthenticodeSignature -LiteralPath $Path
    $signer, $thumbprint, $timestamper = $null, $null, $null
    if ($null -ne $found.SignerCertificate) {
        $signer = [String]$found.SignerCertificate.Subject
        $thumbprint = $found.SignerCertificate.Thumbprint.ToUpperInvariant()
    }
    if ($null -ne $found.TimeStamperCertificate) {
        $timestamper = [String]$found.TimeStamperCertificate.Subject
    }
    return @{
        status = [String]$found.Status
        signer = $signer
        thumbprint = $thumbprint
        timestamper = $timestamper
        certificate = $found.SignerCertificate
    }
}

Function Get-DsaFileHash {
    <#
    .SYNOPSIS
    SHA-256 of a file, hexadecimal.
    #>
    param ([Parameter(Mandatory = $true)] [String] $Path)

    return (Get-FileHash -LiteralPath $Path -Algorithm SHA256).Hash.ToLowerInvariant()
}

Function Test-DsaPackage {
    <#
    .SYNOPSIS
    Check a package file before it is trusted: by (how it was verified) or problem (why it was refused).
    #>
    param (
        [Parameter(Mandatory = $true)] [String] $Path,
        [AllowNull()] [AllowEmptyString()] [String] $Hash,
        [Parameter(Mandatory = $true)] [Boolean] $Verify
    )

    if ($Hash) {
        $found = Get-DsaFileHash -Path $Path
        if ($found -ne $Hash) {
            $why = "$Path has SHA-256 $found, and not $Hash as you state; find out which is right"
            return @{ by = $null; problem = $why }
        }
        return @{ by = "SHA-256"; problem = $null }
    }
    if (-not $Verify) {
        return @{ by = "not verified, as dsa_verify_packages says"; problem = $null }
    }
    $found = Get-DsaSignature -Path $Path
    if ($found.status -eq "Valid") {
        return @{ by = "Authenticode ($($found.signer))"; problem = $null }
    }
    $why = "$Path is not verified: Windows calls its signature $($found.status), and no SHA-256 is stated. Give its " +
    "SHA-256 in dsa_package_checksums, or see that the certificates it needs are on the host; " +
    "dsa_verify_packages: false switches this off"
    return @{ by = $null; problem = $why }
}

Function Select-DsaLogLine {
    <#
    .SYNOPSIS
    The lines of an MSI log that tell why it failed: the last with an error in them, and its end. Most of its words are
    translated, the numbers and "MSI (s)" are not.
    #>
    param ([Parameter(Mandatory = $true)] [AllowEmptyCollection()] [AllowEmptyString()] [String[]] $Line)

    $told = @($Line | Where-Object { $_.Trim() })
    $end = [Math]::Max(0, $told.Count - 20)
    $errors = @(
        for ($index = 0; $index -lt $end; $index++) {
            if ($told[$index] -match "^MSI \(s\).*(return|error)|Error [0-9]{4}\b|-- Error|Return value 3") {
                $told[$index].Trim()
            }
        }
    )
    $tail = @(
        for ($index = $end; $index -lt $told.Count; $index++) {
            $told[$index].Trim()
        }
    )
    return , @(@($errors | Select-Object -Last 20) + $tail)
}

Function Read-DsaShared {
    <#
    .SYNOPSIS
    The bytes of a file that another program may be writing, from Start on, at most the last Largest of them.
    #>
    param (
        [Parameter(Mandatory = $true)] [String] $Path,
        [Int64] $Start = 0,
        [Int64] $Largest = $script:LargestLog
    )

    $stream = [System.IO.File]::Open($Path, "Open", "Read", "ReadWrite, Delete")
    try {
        $from = $Start
        if ($from -gt $stream.Length) {
            $from = 0  # cut off and begun anew
        }
        $null = $stream.Seek([Math]::Max($from, $stream.Length - $Largest), "Begin")
        $rest = [System.IO.MemoryStream]::new()
        $stream.CopyTo($rest)
        return , $rest.ToArray()
    }
    finally {
        $stream.Dispose()
    }
}

Function Get-DsaInstallerLog {
    <#
    .SYNOPSIS
    The lines of the MSI log that matter; none when there is no log.
    #>
    param ([Parameter(Mandatory = $true)] [String] $Path)

    if (-not [System.IO.File]::Exists($Path)) {
        return , @()
    }
    $bytes = Read-DsaShared -Path $Path -Largest $script:LargestInstallerLog
    $memory = [System.IO.MemoryStream]::new([Byte[]]$bytes)
    # msiexec writes UTF-16 and says so at the beginning.
    $reader = [System.IO.StreamReader]::new($memory, $true)
    $lines = $reader.ReadToEnd().Split("`n")
    return , (Select-DsaLogLine -Line $lines)
}

# ---------------------------------------------------------------------------------------------------- security update

Function Get-DsaSnapshot {
    <#
    .SYNOPSIS
    The engine and patterns of an anti_malware, comparable; $null when there are none.
    #>
    param (
        [AllowNull()] [AllowEmptyCollection()] [Object[]] $Pattern,
        [AllowNull()] [AllowEmptyString()] [String] $Engine
    )

    $listed = [System.Collections.Generic.List[String]]::new()
    foreach ($one in @($Pattern)) {
        if ($null -ne $one) {
            $listed.Add("$($one['name']) $($one['version'])")
        }
    }
    if ($Engine) {
        $listed.Add("engine $Engine")
    }
    if ($listed.Count -eq 0) {
        return $null
    }
    $listed.Sort([StringComparer]::Ordinal)
    return , $listed.ToArray()
}

Function Get-DsaLogMark {
    <#
    .SYNOPSIS
    Where the log files of a folder end now: a table of names and sizes.
    #>
    param ([Parameter(Mandatory = $true)] [String] $Folder)

    $marks = @{}
    if ([System.IO.Directory]::Exists($Folder)) {
        foreach ($file in [System.IO.DirectoryInfo]::new($Folder).GetFiles()) {
            if ($file.Name.EndsWith(".log", [StringComparison]::OrdinalIgnoreCase)) {
                $marks[$file.Name] = $file.Length
            }
        }
    }
    return $marks
}

Function Resolve-DsaLogStart {
    <#
    .SYNOPSIS
    From where on the lines of each log are new: a table of names and places. A file with a new name is what a rotation
    made of one that shrank or went, so it counts from where that one ended; else it is new from its beginning.
    #>
    param (
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Mark,
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Now
    )

    $starts = @{}
    foreach ($name in $Now.Keys) {
        $starts[$name] = [Int64]0
        if ($Mark.Contains($name)) {
            if ($Now[$name] -ge $Mark[$name]) {
                $starts[$name] = [Int64]$Mark[$name]
            }
            continue
        }
        $stem = [Regex]::Match($name, "^[A-Za-z_]*").Value
        foreach ($old in $Mark.Keys) {
            $moved = -not $Now.Contains($old) -or $Now[$old] -lt $Mark[$old]
            $alike = [Regex]::Match($old, "^[A-Za-z_]*").Value -eq $stem
            if ($moved -and $alike -and $Mark[$old] -le $Now[$name] -and $Mark[$old] -gt $starts[$name]) {
                $starts[$name] = [Int64]$Mark[$old]
            }
        }
    }
    return $starts
}

Function Get-DsaNewLine {
    <#
    .SYNOPSIS
    Lines that the logs gained since the marks, oldest first within a file; none where no marks were taken.
    #>
    param (
        [Parameter(Mandatory = $true)] [String] $Folder,
        [AllowNull()] [Object] $Mark
    )

    if ($null -eq $Mark) {
        return , @()
    }
    $starts = Resolve-DsaLogStart -Mark $Mark -Now (Get-DsaLogMark -Folder $Folder)
    $lines = @(
        foreach ($name in @($starts.Keys | Sort-Object)) {
            try {
                $bytes = Read-DsaShared -Path ([System.IO.Path]::Combine($Folder, $name)) -Start $starts[$name]
            }
            catch {
                continue  # gone, or not ours to look at
            }
            [System.Text.Encoding]::UTF8.GetString($bytes).Split("`n")
        }
    )
    return , $lines
}

Function Resolve-DsaUpdate {
    <#
    .SYNOPSIS
    A security update, seen from the host: state (running, succeeded or failed) and evidence. There are two witnesses,
    the patterns and the log. Patterns count once they have changed and then stood still between two looks: an update
    brings several. The last word in the log counts: a retry can follow a failure.
    #>
    param (
        [AllowNull()] [Object] $Before,
        [AllowNull()] [Object] $Seen,
        [AllowNull()] [Object] $Now,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [AllowEmptyString()] [String[]] $Line,
        [Parameter(Mandatory = $true)] [String] $Success,
        [Parameter(Mandatory = $true)] [String] $Failure,
        [AllowNull()] [AllowEmptyString()] [String] $Problem
    )

    $state, $evidence = "running", "the patterns have not changed"
    if ($Problem) {
        $evidence = $Problem
    }
    $new = @()
    if ($null -ne $Before -and $null -ne $Now) {
        # A pattern that vanished is an answer cut short.
        $new = @($Now | Where-Object { @($Before) -cnotcontains $_ })
    }
    if ($new.Count) {
        $evidence = "new patterns: $($new -join ', ')"
        if ((@($Now) -join "`n") -ceq (@($Seen) -join "`n")) {
            $state = "succeeded"
        }
    }
    foreach ($one in $Line) {
        $verdict = $null
        if ([Regex]::IsMatch($one, $Failure)) {
            $verdict = "failed"
        }
        elseif ([Regex]::IsMatch($one, $Success)) {
            $verdict = "succeeded"
        }
        if ($verdict) {
            $told = $one.Trim()
            $state, $evidence = $verdict, $told.Substring(0, [Math]::Min(300, $told.Length))
        }
    }
    return @{ state = $state; evidence = $evidence }
}

Export-ModuleMember -Function *-Dsa*
