# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Stands for New-Object of X509Store and X509Chain, which show the certificates of this machine; all other types are
# made as ever. A store that is not there cannot be opened with OpenExistingOnly.
# https://learn.microsoft.com/powershell/module/microsoft.powershell.utility/new-object
# https://learn.microsoft.com/dotnet/api/system.security.cryptography.x509certificates.x509store.open
# https://learn.microsoft.com/dotnet/api/system.security.cryptography.x509certificates.x509chain.build

Function New-Object {
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true, Position = 0)] [String] $TypeName,
        [Parameter(Position = 1)] [Object[]] $ArgumentList,
        [System.Collections.IDictionary] $Property
    )

    $known = @{
        "System.Security.Cryptography.X509Certificates.X509Store" = "Engine.CertificateStore"
        "System.Security.Cryptography.X509Certificates.X509Chain" = "Engine.CertificateChain"
    }
    if ($known.ContainsKey($TypeName)) {
        $PSBoundParameters["TypeName"] = $known[$TypeName]
        if ($TypeName.EndsWith("Chain", [StringComparison]::Ordinal)) {
            $null = $PSBoundParameters.Remove("ArgumentList")  # the stores of the computer, or of the user
        }
    }
    # As a whole: a collection is one object.
    $PSCmdlet.WriteObject((Microsoft.PowerShell.Utility\New-Object @PSBoundParameters), $false)
}
