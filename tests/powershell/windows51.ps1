# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Stands before the cmdlets of PowerShell 7 where Windows PowerShell 5.1 does otherwise, or a test has to see them.

Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

Function Confirm-Json51 {
    <#
    .SYNOPSIS
    Throw where ConvertTo-Json of Windows PowerShell 5.1 would write something else than that of PowerShell 7: a wrapped
    array becomes {"value": ..., "Count": ...}, what a command that returned nothing left becomes {}, a time becomes
    \/Date(...)\/, an object with properties of PowerShell's own gets these too.
    #>
    param ([Object] $Value, [String] $Place, [Int32] $Depth)

    if ($null -eq $Value) {
        return
    }
    if ($Depth -lt 0) {
        throw "it is deeper than -Depth at $Place"
    }
    if ($Value -is [DateTime] -or $Value -is [ScriptBlock] -or $Value -is [Enum]) {
        throw "Windows PowerShell 5.1 would write a $($Value.GetType().Name) otherwise at $Place"
    }
    if ($Value -is [PSObject] -and $Value -isnot [System.Management.Automation.PSCustomObject]) {
        $own = @(
            foreach ($member in $Value.PSObject.Members) {
                if ($member.IsInstance -and $member.MemberType -eq "NoteProperty") { $member.Name }
            }
        )
        if ($Value -is [Array] -or $own.Count) {
            throw "Windows PowerShell 5.1 would write {""value"": ..., ""Count"": ...} at $Place"
        }
    }
    if ($Value -is [System.Collections.IDictionary]) {
        foreach ($entry in $Value.GetEnumerator()) {
            if ($null -eq $entry.Value -and @($entry.Value).Count -eq 0) {
                throw "Windows PowerShell 5.1 would write {} at $Place.$($entry.Key)"
            }
            Confirm-Json51 -Value $entry.Value -Place "$Place.$($entry.Key)" -Depth ($Depth - 1)
        }
    }
    elseif ($Value -is [System.Collections.IEnumerable] -and $Value -isnot [String]) {
        $number = 0
        foreach ($one in $Value) {
            Confirm-Json51 -Value $one -Place "$Place[$number]" -Depth ($Depth - 1)
            $number++
        }
    }
}

Function ConvertTo-Json {
    [CmdletBinding()]
    param (
        [Parameter(ValueFromPipeline = $true)] [AllowNull()] [Object] $InputObject,
        [Int32] $Depth = 2,
        [Switch] $Compress
    )

    $deepest = $Depth
    # Of a note its util sees by itself that it is too deep.
    if ($Depth -ge 99) { $deepest = 1000 }
    Confirm-Json51 -Value $InputObject -Place "result" -Depth $deepest
    Microsoft.PowerShell.Utility\ConvertTo-Json -InputObject $InputObject -Depth $Depth -Compress:$Compress
}

Function Start-Sleep {
    <#
    .SYNOPSIS
    A shorter sleep, which a test can see by a pipe named sleeps.
    #>
    param ([Double] $Seconds = 0, [Int32] $Milliseconds = 0)

    if ([System.IO.File]::Exists($script:Broken) -and [System.IO.File]::ReadAllText($script:Broken) -eq "Start-Sleep") {
        throw [System.UnauthorizedAccessException]::new("broken on purpose")
    }
    $pipe = [System.IO.Path]::Combine($env:TEMP, "sleeps")
    if ([System.IO.File]::Exists($pipe)) {
        [System.IO.File]::AppendAllText($pipe, "x")
    }
    $short = [Math]::Min(300, [Int32](1000 * $Seconds) + $Milliseconds)
    Microsoft.PowerShell.Utility\Start-Sleep -Milliseconds $short
}

# A command that a test has fail where nobody expects it.
$script:Broken = [System.IO.Path]::Combine($env:TEMP, "broken")
if ([System.IO.File]::Exists($script:Broken)) {
    $name = [System.IO.File]::ReadAllText($script:Broken)
    Set-Item -Path "function:global:$name" -Value {
        throw [System.UnauthorizedAccessException]::new("broken on purpose")
    }
}
