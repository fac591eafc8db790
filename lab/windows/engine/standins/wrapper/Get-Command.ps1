# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Stands for Get-Command where ansible-core 2.21 searches for powershell: it is this PowerShell. All else is as ever.
# https://learn.microsoft.com/powershell/module/microsoft.powershell.core/get-command

[CmdletBinding()]
param ([String] $Name, [String] $CommandType = "All")

if ($CommandType -eq "Application" -and @("powershell", "powershell.exe") -contains $Name) {
    return [PSCustomObject]@{ Path = [System.IO.Path]::Combine($PSHOME, "pwsh.dll") }
}
Microsoft.PowerShell.Core\Get-Command -Name $Name -CommandType $CommandType
