# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Stands for Invoke-CimMethod, with the one method that is called here: DetermineIfRebootPending of the class
# CCM_ClientUtilities. Where there is no client of Configuration Manager its namespace is invalid.
# https://learn.microsoft.com/powershell/module/cimcmdlets/invoke-cimmethod
# https://learn.microsoft.com/intune/configmgr/develop/reference/core/clients/sdk/ccm_clientutilities-client-wmi-class

Function Invoke-CimMethod {
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true, Position = 0)] [String] $ClassName,
        [Parameter(Mandatory = $true, Position = 1)] [String] $MethodName,
        [System.Collections.IDictionary] $Arguments,
        [String] $Namespace = "root/cimv2",
        [UInt32] $OperationTimeoutSec
    )

    try {
        if ($Namespace.Replace("/", "\") -ne "ROOT\ccm\ClientSDK") {
            throw [Engine.CimException]::new("Invalid namespace ", "InvalidNamespace")
        }
        $client = [Engine.Host]::Query("sccm")
        if ($null -eq $client) {
            throw [Engine.CimException]::new("Invalid namespace ", "InvalidNamespace")
        }
        if ($ClassName -ne "CCM_ClientUtilities") {
            throw [Engine.CimException]::new("Invalid class ", "InvalidClass")
        }
        if ($MethodName -ne "DetermineIfRebootPending") {
            throw [Engine.CimException]::new("Invalid method ", "MethodNotFound")
        }
        [PSCustomObject]@{
            RebootPending = $client["pending"]
            IsHardRebootPending = $client["hard"]
            ReturnValue = [UInt32]0
        }
    }
    catch {
        $PSCmdlet.WriteError([Engine.CimException]::Of($_.Exception).Record("InvokeCimMethodCommand"))
    }
}
