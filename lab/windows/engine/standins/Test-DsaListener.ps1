# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Stands for IPGlobalProperties.GetActiveTcpListeners, which shows the ports of this machine.
# https://learn.microsoft.com/dotnet/api/system.net.networkinformation.ipglobalproperties.getactivetcplisteners

Function Test-DsaListener {
    param ([Parameter(Mandatory = $true)] [Int32] $Port)

    foreach ($listener in [Engine.Host]::Query("listeners")) {
        if ($listener["port"] -eq $Port) {
            return $true
        }
    }
    return $false
}
