# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Stands for Get-CimInstance: classes of services, processes and the operating system, by a query or by a class with a
# filter. A property that the class does not have is an invalid query; one that was not selected is $null; instances of
# Win32_BaseService are services, which have a ProcessId, and drivers, which have none.
# https://learn.microsoft.com/powershell/module/cimcmdlets/get-ciminstance
# https://learn.microsoft.com/windows/win32/wmisdk/wql-sql-for-wmi
# https://learn.microsoft.com/windows/win32/cimwin32prov/win32-baseservice
# https://learn.microsoft.com/windows/win32/cimwin32prov/win32-operatingsystem
# https://learn.microsoft.com/windows/win32/cimwin32prov/win32-process

$script:CimClasses = @{
    Win32_BaseService = @(
        "Name", "DisplayName", "State", "StartMode", "ExitCode", "ServiceSpecificExitCode", "PathName", "Started"
        "Status"
    )
    Win32_OperatingSystem = @("LastBootUpTime", "LocalDateTime")
    Win32_Process = @("ProcessId", "ExecutablePath", "Name")
}
$script:CimClasses["Win32_Service"] = $script:CimClasses["Win32_BaseService"] + "ProcessId"
$script:CimClasses["Win32_SystemDriver"] = $script:CimClasses["Win32_BaseService"]

Function ConvertTo-CimService {
    param ($Entry)

    $service = [ordered]@{
        Name = $Entry["name"]
        DisplayName = $Entry["display_name"]
        State = $Entry["state"]
        StartMode = $Entry["start_mode"]
        ExitCode = [UInt32]$Entry["exit_code"]
        ServiceSpecificExitCode = [UInt32]0
        PathName = $Entry["path"]
        Started = $Entry["state"] -ne "Stopped"
        Status = "OK"
    }
    if (-not $Entry["driver"]) {
        $service["ProcessId"] = [UInt32]$Entry["process_id"]
    }
    return $service
}

Function Get-CimEntry {
    param ([String] $ClassName)

    switch ($ClassName) {
        "Win32_OperatingSystem" {
            $boot = [DateTimeOffset]::FromUnixTimeMilliseconds([Int64](1000 * [Engine.Host]::Query("boot_time")))
            return @{ LastBootUpTime = $boot.LocalDateTime; LocalDateTime = [DateTime]::Now }
        }
        "Win32_Process" {
            foreach ($one in [Engine.Host]::Query("processes")) {
                $name = [System.IO.Path]::GetFileName([String]$one["path"])
                @{ ProcessId = [UInt32]$one["process_id"]; ExecutablePath = $one["path"]; Name = $name }
            }
        }
        default {
            foreach ($one in [Engine.Host]::Query("services")) {
                if ($ClassName -eq "Win32_BaseService" -or $one["driver"] -eq ($ClassName -eq "Win32_SystemDriver")) {
                    ConvertTo-CimService -Entry $one
                }
            }
        }
    }
}

Function Test-CimFilter {
    param ($Entry, [String] $Filter)

    if (-not $Filter) {
        return $true
    }
    $value = "(?:'(?<text>(?:[^'\\]|\\.)*)'|""(?<text>(?:[^""\\]|\\.)*)""|(?<text>\d+))"
    foreach ($one in ($Filter -split "\s+OR\s+")) {
        $match = [Regex]::Match($one, "^\s*\(?\s*(?<name>\w+)\s*=\s*$value\s*\)?\s*$")
        if (-not $match.Success) {
            throw "the engine does not support the filter $one"
        }
        $wanted = [Regex]::Replace($match.Groups["text"].Value, "\\(.)", '$1')
        if ([String]$Entry[$match.Groups["name"].Value] -eq $wanted) {
            return $true
        }
    }
    return $false
}

Function Get-CimInstance {
    [CmdletBinding(DefaultParameterSetName = "Class")]
    param (
        [Parameter(Mandatory = $true, Position = 0, ParameterSetName = "Class")] [String] $ClassName,
        [Parameter(Mandatory = $true, ParameterSetName = "Query")] [String] $Query,
        [Parameter(ParameterSetName = "Class")] [String] $Filter,
        [Parameter(ParameterSetName = "Class")] [String[]] $Property = @("*"),
        [String] $Namespace = "root/cimv2",
        [UInt32] $OperationTimeoutSec
    )

    try {
        if ($Query) {
            $pattern = "(?i)^\s*SELECT\s+(.+?)\s+FROM\s+(\w+)(?:\s+WHERE\s+(.+?))?\s*$"
            $match = [Regex]::Match($Query, $pattern)
            if (-not $match.Success) {
                throw "the engine does not support the query $Query"
            }
            $Property = $match.Groups[1].Value.Split(",").Trim()
            $ClassName, $Filter = $match.Groups[2].Value, $match.Groups[3].Value
        }
        if ($Namespace.Replace("/", "\") -ne "root\cimv2") {
            throw [Engine.CimException]::new("Invalid namespace ", "InvalidNamespace")
        }
        $known = $script:CimClasses[$ClassName]
        if ($null -eq $known) {
            throw [Engine.CimException]::new("Invalid class ", "InvalidClass")
        }
        $all = $Property -contains "*"
        if (-not $all -and @($Property | Where-Object { $known -notcontains $_ }).Count) {
            throw [Engine.CimException]::new("Invalid query ", "InvalidQuery")
        }
        foreach ($entry in (Get-CimEntry -ClassName $ClassName)) {
            if (Test-CimFilter -Entry $entry -Filter $Filter) {
                $instance = [ordered]@{}
                foreach ($name in $entry.Keys) {
                    $instance[$name] = if ($all -or $Property -contains $name) { $entry[$name] } else { $null }
                }
                [PSCustomObject]$instance
            }
        }
    }
    catch {
        $PSCmdlet.WriteError([Engine.CimException]::Of($_.Exception).Record("GetCimInstanceCommand"))
    }
}
