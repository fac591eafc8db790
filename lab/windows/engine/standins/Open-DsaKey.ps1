# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Stands for RegistryKey.OpenBaseKey and OpenSubKey, and the class RegistryKey behind them (Key.cs): values with their
# kinds, names in any case, $null for a key that is not there, SecurityException for one that must not be read.
# https://learn.microsoft.com/dotnet/api/microsoft.win32.registrykey.opensubkey
# https://learn.microsoft.com/dotnet/api/microsoft.win32.registrykey.getvalue

Function Open-DsaKey {
    param ([Parameter(Mandatory = $true)] [String] $Path)

    return [Engine.Key]::Open($Path)
}
