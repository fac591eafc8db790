# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Stands for Get-Service and its ServiceController (ServiceController.cs): drivers are none of its services; Status is
# that of the last Refresh; Start and Stop return before the service has the new state.
# https://learn.microsoft.com/powershell/module/microsoft.powershell.management/get-service
# https://learn.microsoft.com/dotnet/api/system.serviceprocess.servicecontroller

Function Get-Service {
    [CmdletBinding()]
    param ([Parameter(Mandatory = $true, Position = 0)] [String[]] $Name)

    foreach ($one in $Name) {
        $found = [Engine.ServiceController]::Find($one)
        if ($null -ne $found) {
            $PSCmdlet.WriteObject($found, $false)
            continue
        }
        $text = "Cannot find any service with service name '$one'."
        $why = [System.InvalidOperationException]::new($text)
        $id = "NoServiceFoundForGivenName"
        $PSCmdlet.WriteError([System.Management.Automation.ErrorRecord]::new($why, $id, "ObjectNotFound", $one))
    }
}
