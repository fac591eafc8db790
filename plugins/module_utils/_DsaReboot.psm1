# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection. Which Windows this is, and what may require a reboot of it.

#Requires -Version 5.1
#AnsibleRequires -PowerShell ..module_utils._DsaHost
#AnsibleRequires -PowerShell ..module_utils._DsaRegistry

Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

$script:Current = "SOFTWARE\Microsoft\Windows\CurrentVersion"
$script:Control = "SYSTEM\CurrentControlSet\Control"

Function Read-DsaWindowsKey {
    <# .SYNOPSIS
    {windows, environment}: the keys that name this Windows. [Environment]::OSVersion names an older one. #>
    return @{
        windows = Read-DsaKey -Path "SOFTWARE\Microsoft\Windows NT\CurrentVersion" -Name @(
            "CurrentMajorVersionNumber", "CurrentMinorVersionNumber", "CurrentVersion", "CurrentBuildNumber", "UBR"
            "ProductName"
        )
        environment = Read-DsaKey -Path "$script:Control\Session Manager\Environment" -Name "PROCESSOR_ARCHITECTURE"
    }
}

Function Read-DsaSccm {
    <# .SYNOPSIS
    {installed, pending, hard, error} of the client of Configuration Manager. There is none only where there is no
    namespace of it: a call that fails proves nothing. #>
    $found = @{ installed = $null; pending = $null; hard = $null; error = $null }
    try {
        $call = Invoke-CimMethod -Namespace "ROOT\ccm\ClientSDK" -ClassName "CCM_ClientUtilities" -MethodName (
            "DetermineIfRebootPending") -OperationTimeoutSec 10
        $found.installed, $found.pending, $found.hard = $true, $call.RebootPending, $call.IsHardRebootPending
    } catch {
        if ($_.FullyQualifiedErrorId.StartsWith("HRESULT 0x8004100e", [StringComparison]::OrdinalIgnoreCase)) {
            $found.installed = $false
        } else {
            $found.error = Get-DsaReason -Exception $_.Exception
        }
    }
    return $found
}

Function Read-DsaReboot {
    <# .SYNOPSIS
    {keys, netlogon, sccm}: everything by which Windows remembers that it is to be started anew. #>
    $manager = "SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache"
    $renames = "PendingFileRenameOperations", "PendingFileRenameOperations2"
    $name = "$script:Control\ComputerName"
    $netlogon = Read-DsaKey -Path "SYSTEM\CurrentControlSet\Services\Netlogon" -Subkey
    return @{
        keys = @{
            component_based_servicing = Read-DsaKey -Path "$script:Current\Component Based Servicing\RebootPending"
            windows_update = Read-DsaKey -Path "$script:Current\WindowsUpdate\Auto Update\RebootRequired"
            server_manager = Read-DsaKey -Path $manager -Name "RestartRequired"
            computer_name = Read-DsaKey -Path "$name\ComputerName" -Name "ComputerName"
            active_computer_name = Read-DsaKey -Path "$name\ActiveComputerName" -Name "ComputerName"
            session_manager = Read-DsaKey -Path "$script:Control\Session Manager" -Name $renames
        }
        netlogon = @{ subkeys = $netlogon.subkeys; error = $netlogon.error }
        sccm = Read-DsaSccm
    }
}

Export-ModuleMember -Function *-Dsa*
