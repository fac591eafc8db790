# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Makes a fake agent on this Windows, for the scenarios beside this file: two services, registry keys, the agent's two
# .cmd files and a log. Run it by Windows PowerShell, as an administrator, on a machine that is thrown away afterwards.

#Requires -Version 5.1
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

$folder = "$env:ProgramFiles\Trend Micro\Deep Security Agent"
$logs = "$env:ProgramData\Trend Micro\Deep Security Agent\diag"
$program = @'
using System.ServiceProcess;
[assembly: System.Reflection.AssemblyFileVersion("20.0.0.5995")]
public class FakeAgent : ServiceBase
{
    public static void Main() { Run(new FakeAgent()); }
}
'@
$query = @(
    '@echo off'
    'type "%~dp0%2.txt"'
)
# Its arguments stand in %*, where cmd.exe leaves "=" alone; what it prints is what a success is documented to print.
$control = @(
    '@echo off'
    'set status=200 - OK'
    'if "%~1"=="--refuse" set status=403 - Forbidden'
    "if ""%~1""==""-d"" echo PK>""$logs\1234567890.zip"""
    "if ""%~1""==""-m"" >>""$logs\ds_agent.log"" echo another line of the fake agent"
    '>>"%~dp0calls.txt" echo %*'
    'echo HTTP Status: %status%'
    'echo Response:'
    'exit /b 0'
)
$answers = @{
    GetPluginVersion = @("PluginVersion.core: 20.0.0-5995")
    GetAgentStatus = @("AgentStatus.agentState: green", "AgentStatus.dsmUrl: https://dsm.example.com:4120/")
    GetComponentInfo = @("Component.AM.mode: on", "Component.AM.driverOffline: false")
}

Function Write-Text {
    <#
    .SYNOPSIS
    Write lines to a file, as Windows ends them.
    #>
    param (
        [Parameter(Mandatory = $true)] [String] $Path,
        [Parameter(Mandatory = $true)] [String[]] $Line
    )

    [System.IO.File]::WriteAllText($Path, ($Line -join "`r`n") + "`r`n")
}

foreach ($path in @($folder, $logs)) {
    $null = [System.IO.Directory]::CreateDirectory($path)
}
Write-Text -Path "$folder\dsa_query.cmd" -Line $query
Write-Text -Path "$folder\dsa_control.cmd" -Line $control
Write-Text -Path "$folder\package.msi" -Line "no package"
Write-Text -Path "$logs\ds_agent.log" -Line "a line of the fake agent"
foreach ($name in $answers.Keys) {
    Write-Text -Path "$folder\$name.txt" -Line $answers[$name]
}
$build = @{
    TypeDefinition = $program
    ReferencedAssemblies = "System.ServiceProcess"
    OutputAssembly = "$folder\ds_agent.exe"
    OutputType = "ConsoleApplication"
}
Add-Type @build
Copy-Item -LiteralPath "$folder\ds_agent.exe" -Destination "$folder\dsa.exe"

$product = "HKLM:\SOFTWARE\TrendMicro\Deep Security Agent"
$uninstall = "HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\{11111111-2222-3333-4444-555555555555}"
foreach ($key in @($product, $uninstall)) {
    $null = New-Item -Path $key -Force
}
$null = New-ItemProperty -LiteralPath $product -Name "InstallationFolder" -Value "$folder\"
$null = New-ItemProperty -LiteralPath $uninstall -Name "DisplayName" -Value "Trend Micro Deep Security Agent"
$null = New-ItemProperty -LiteralPath $uninstall -Name "DisplayVersion" -Value "20.0.0.5995"

# The second one depends on the first: a restart of the agent has to bring it back.
$binary = """$folder\ds_agent.exe"""
$null = New-Service -Name "ds_agent" -BinaryPathName $binary -StartupType Automatic
$null = New-Service -Name "Amsp" -BinaryPathName $binary -StartupType Automatic -DependsOn "ds_agent"
Start-Service -Name "ds_agent"
Start-Service -Name "Amsp"
