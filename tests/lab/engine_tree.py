# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What test_engine*.py have: a small tree of plugins with one util, and one warm engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.windows.engine import DescribedHost, Engine, missing
from tests.warm import engine

UTIL = """Function Open-DsaKey {
    param ([Parameter(Mandatory = $true)] [String] $Path)

    throw "there is no registry"
}

Function Test-DsaListener { throw "the ports of this machine" }

Function Get-DsaFreeSpace { throw "the disk of this machine" }

Function Start-Program {
    param ([String] $Name, [String] $Argument, [String] $Folder)

    $start = [System.Diagnostics.ProcessStartInfo]::new()
    $start.FileName = [System.IO.Path]::Combine($env:SystemRoot, "System32", $Name)
    $start.Arguments = $Argument
    $start.WorkingDirectory = $Folder
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    return [System.Diagnostics.Process]::Start($start)
}

Function Invoke-Program {
    param ([String] $Name, [String] $Argument, [String] $Folder = $env:TEMP)

    $process = Start-Program -Name $Name -Argument $Argument -Folder $Folder
    $out = $process.StandardOutput.ReadToEndAsync()
    $err = $process.StandardError.ReadToEnd()
    $process.WaitForExit()
    return @{ rc = $process.ExitCode; out = $out.Result; err = $err }
}

Export-ModuleMember -Function *-Dsa*, *-Program
"""
MODULE = """#!powershell

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._Small

$spec = @{
    options = @{
        text = @{ type = "str" }
        path = @{ type = "path" }
        list = @{ type = "list"; elements = "str" }
        secret = @{ type = "str"; no_log = $true }
        password = @{ type = "str" }
        code = @{ type = "str"; default = "" }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$module.Result.given = $module.Params
$module.Result.check = $module.CheckMode
$module.Result.made = & ([ScriptBlock]::Create($module.Params.code))
$module.ExitJson()
"""


def make_tree(folder: Path, module: str = MODULE, util: str = UTIL) -> Path:
    """A folder of plugins with the module `small` and the util `_Small`."""
    plugins = folder / "plugins"
    for name, text in (("modules/small.ps1", module), ("module_utils/_Small.psm1", util)):
        (plugins / name).parent.mkdir(parents=True, exist_ok=True)
        (plugins / name).write_text(text, encoding="utf-8")
    return plugins


class Small:
    """The small tree on one engine."""

    def __init__(self, engine: Engine, plugins: Path) -> None:
        self.engine = engine
        self.plugins = plugins

    def run(self, host: DescribedHost, check: bool = False, **arguments: Any) -> dict[str, Any]:
        return self.engine.run_module(host, "small", arguments, check=check, plugins=self.plugins)

    def code(self, host: DescribedHost, code: str, limit: float = 60.0) -> Any:
        return self.engine.run_code(host, code, "_Small", plugins=self.plugins, limit=limit)


def warm(factory: pytest.TempPathFactory) -> Iterator[Small]:
    if reason := missing():
        pytest.skip(f"{reason}, which these tests run the modules with")
    yield Small(engine(), make_tree(factory.mktemp("tree")))
