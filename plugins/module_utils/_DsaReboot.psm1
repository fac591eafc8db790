# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection. Which Windows this is, and what may require a reboot of it.
#Requires -Version 5.1
#AnsibleRequires -PowerShell ..module_utils._DsaHost
#AnsibleRequires -PowerShell ..module_utils._DsaRegistry
Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

Function Read-DsaSccm {
    <# .SYNOPSIS
    {installed, pending, hard, error} of the client of Configuration Manager. #>
    $found = @{ installed = $null; pending = $null; hard = $null; error = $null }
    return Complete-DsaFact -Fact $found -Reader {
        try {
            $call = Invoke-CimMethod -Namespace "ROOT\ccm\ClientSDK" -ClassName "CCM_ClientUtilities" -MethodName (
                "DetermineIfRebootPending") -OperationTimeoutSec 10
            $found.installed, $found.pending, $found.hard = $true, $call.RebootPending, $call.IsHardRebootPending
        } catch {
            # There is none only where its namespace is not there: another failure proves nothing.
            $id = $_.FullyQualifiedErrorId
            if (-not $id.StartsWith("HRESULT 0x8004100e", [StringComparison]::OrdinalIgnoreCase)) { throw }
            $found.installed = $false
        }
    }
}

Function Read-DsaWindows {
    <# .SYNOPSIS
    {keys, reboot}: the keys that name this Windows, and all by which it remembers that it is to be started anew. #>
    $current = "SOFTWARE\Microsoft\Windows\CurrentVersion"
    $control = "SYSTEM\CurrentControlSet\Control"
    $netlogon = Read-DsaKey -Path "SYSTEM\CurrentControlSet\Services\Netlogon" -Subkey
    $numbers = "CurrentMajorVersionNumber", "CurrentMinorVersionNumber", "CurrentBuildNumber", "UBR"
    return @{
        keys = Read-DsaKeyTable -Table @{  # [Environment]::OSVersion names an older one
            windows = @("SOFTWARE\Microsoft\Windows NT\CurrentVersion", "CurrentVersion", "ProductName") + $numbers
            environment = "$control\Session Manager\Environment", "PROCESSOR_ARCHITECTURE"
        }
        reboot = @{
            keys = Read-DsaKeyTable -Table @{
                component_based_servicing = "$current\Component Based Servicing\RebootPending"
                windows_update = "$current\WindowsUpdate\Auto Update\RebootRequired"
                server_manager = @(
                    "SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache", "RestartRequired"
                )
                computer_name = "$control\ComputerName\ComputerName", "ComputerName"
                active_computer_name = "$control\ComputerName\ActiveComputerName", "ComputerName"
                session_manager = @(
                    "$control\Session Manager", "PendingFileRenameOperations", "PendingFileRenameOperations2"
                )
            }
            netlogon = @{ subkeys = $netlogon.subkeys; error = $netlogon.error }
            sccm = Read-DsaSccm
        }
    }
}

Export-ModuleMember -Function *-Dsa*
