# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# ansible-core's own function, which compiles Ansible.Basic in two seconds; here the same source is compiled once, and
# kept by Types.cs. New-Object is what that function makes its streams with: one of them is the compiled assembly.

${Function:Add-CompiledCSharpType} = ${Function:Add-CSharpType}
$script:Streams = [System.Collections.Generic.List[System.IO.MemoryStream]]::new()

Function New-Object {
    [CmdletBinding()]
    param ([Parameter(Mandatory = $true)] [String] $TypeName, [Object[]] $ArgumentList)

    $made = Microsoft.PowerShell.Utility\New-Object @PSBoundParameters
    if ($TypeName -eq "System.IO.MemoryStream") {
        $script:Streams.Add($made)
    }
    $PSCmdlet.WriteObject($made, $false)
}

Function Add-CSharpType {
    param (
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [String[]] $References,
        [Switch] $IgnoreWarnings,
        [Switch] $PassThru,
        [Object] $AnsibleModule,
        [String] $TempPath,
        [Switch] $IncludeDebugInfo,
        [String[]] $CompileSymbols = @()
    )

    $source = ($References + $CompileSymbols) -join "`0"
    $assembly = [Engine.Types]::Find($source)
    if ($null -eq $assembly) {
        $PSBoundParameters["PassThru"] = $true
        $assembly = Add-CompiledCSharpType @PSBoundParameters
        [Engine.Types]::Keep($source, $assembly, $script:Streams[0].ToArray())
    }
    if ($PassThru) {
        return $assembly
    }
}
