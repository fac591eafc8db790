# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Stands for Get-AuthenticodeSignature: status, signer and timestamper of a file; a file that is not there is an error.
# https://learn.microsoft.com/powershell/module/microsoft.powershell.security/get-authenticodesignature
# https://learn.microsoft.com/dotnet/api/system.management.automation.signature

Function Get-AuthenticodeSignature {
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true, Position = 0, ParameterSetName = "ByPath")] [String[]] $FilePath,
        [Parameter(Mandatory = $true, ParameterSetName = "ByLiteralPath")] [String[]] $LiteralPath
    )

    foreach ($path in @($FilePath) + @($LiteralPath)) {
        if (-not $path) {
            continue
        }
        if (-not [System.IO.File]::Exists($path)) {
            $why = [System.IO.FileNotFoundException]::new("File $path was not found.")
            $id = "SignatureCommandsBaseFileNotFound"
            $PSCmdlet.WriteError([System.Management.Automation.ErrorRecord]::new($why, $id, "ObjectNotFound", $path))
            continue
        }
        [Engine.SignatureOfFile]::new($path, [Engine.Host]::Query("signature", $path))
    }
}
