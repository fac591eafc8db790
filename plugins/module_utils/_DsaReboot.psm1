# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection. What requires a reboot and is not in the registry.
#Requires -Version 5.1
#AnsibleRequires -PowerShell ..module_utils._DsaHost
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

Export-ModuleMember -Function *-Dsa*
