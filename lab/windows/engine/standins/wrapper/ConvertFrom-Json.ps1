# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Stands for ConvertFrom-Json of PowerShell 5.1 where Ansible's wrapper reads a module's options: a text that resembles
# a time stays a text. PowerShell 7 makes a time of it, which a text option would be given as "11/27/2026 20:00:00".
# https://learn.microsoft.com/powershell/module/microsoft.powershell.utility/convertfrom-json

[CmdletBinding()]
param (
    [Parameter(Mandatory = $true, Position = 0, ValueFromPipeline = $true)] [AllowEmptyString()] [String] $InputObject,
    [Switch] $AsHashtable,
    [String] $DateKind = "String"
)
begin {
    $lines = [System.Collections.Generic.List[String]]::new()
    $options = @{ AsHashtable = $AsHashtable }
    $cmdlet = Microsoft.PowerShell.Core\Get-Command -Name Microsoft.PowerShell.Utility\ConvertFrom-Json
    if ($cmdlet.Parameters.ContainsKey("DateKind")) {
        $options["DateKind"] = $DateKind
    }
}
process {
    $lines.Add($InputObject)
}
end {
    Microsoft.PowerShell.Utility\ConvertFrom-Json -InputObject ($lines -join "`n") @options
}
