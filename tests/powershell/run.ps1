# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Runs a module of this collection, or one line of PowerShell, with stubs.ps1 in place of Windows; writes the result as
# JSON. The one argument is a JSON file: plugins (a folder), machine, and either module, params and check_mode, or code.

Set-StrictMode -Version 2.0
$ErrorActionPreference = "Stop"

Add-Type -TypeDefinition @'
using System;
using System.Collections;
using System.Collections.Generic;

namespace Ansible.Basic
{
    public class Ended : Exception { }

    // As much of Ansible's own class as the modules use.
    public class AnsibleModule
    {
        public static IDictionary Given;
        public static bool Checking;
        public static AnsibleModule Last;

        public IDictionary Params = new Hashtable();
        public Dictionary<string, object> Result = new Dictionary<string, object>() { { "changed", false } };

        public bool CheckMode { get { return Checking; } }

        public static AnsibleModule Create(string[] args, IDictionary spec)
        {
            Last = new AnsibleModule();
            foreach (DictionaryEntry option in (IDictionary)spec["options"])
            {
                IDictionary rules = (IDictionary)option.Value;
                Last.Params[option.Key] = Given.Contains(option.Key) ? Given[option.Key] : rules["default"];
            }
            return Last;
        }

        public void ExitJson() { throw new Ended(); }

        public void FailJson(string message)
        {
            Result["failed"] = true;
            Result["msg"] = message;
            throw new Ended();
        }
    }
}
'@

$task = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($args[0]))
$util = [System.IO.File]::ReadAllText("$($task.plugins)/module_utils/_DeepSecurityAgent.psm1")
$stubs = [System.IO.File]::ReadAllText("$PSScriptRoot/stubs.ps1")
$export = "Export-ModuleMember"
$source = [ScriptBlock]::Create($util.Replace($export, "$stubs`n$export"))
$loaded = New-Module -Name _DeepSecurityAgent -ScriptBlock $source
Import-Module -ModuleInfo $loaded -Scope Global -WarningAction SilentlyContinue
& $loaded {
    $script:Machine = ConvertTo-DsaPlain -Value $args[0]
} $task.machine

if ($task.PSObject.Properties["code"]) {
    $result = & $loaded ([ScriptBlock]::Create($task.code))
    ConvertTo-Json -InputObject $result -Depth 20 -Compress
    return
}
$class = [Ansible.Basic.AnsibleModule]
$class::Given = ConvertTo-DsaPlain -Value $task.params
$class::Checking = $task.check_mode
try {
    & "$($task.plugins)/modules/$($task.module).ps1"
}
catch {
    # Anything but the module's own end is a bug in it.
    $cause = $_.Exception
    while ($null -ne $cause -and $cause -isnot [Ansible.Basic.Ended]) {
        $cause = $cause.InnerException
    }
    if ($null -eq $cause) {
        throw
    }
}
ConvertTo-Json -InputObject $class::Last.Result -Depth 20 -Compress
