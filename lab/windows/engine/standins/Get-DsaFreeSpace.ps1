# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Stands for DriveInfo.AvailableFreeSpace, which shows the disk of this machine.
# https://learn.microsoft.com/dotnet/api/system.io.driveinfo.availablefreespace

Function Get-DsaFreeSpace {
    param ([Parameter(Mandatory = $true)] [String] $Path)

    return [Int64][Engine.Host]::Query("free_bytes")
}
