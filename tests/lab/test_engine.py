# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine runs what ansible-core built, byte for byte but for the stand-ins, in warm processes."""

from __future__ import annotations

import asyncio
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import fleet
from lab.windows.engine import AGENT, DescribedHost, Engine, ModuleError, TaskFailed, command_line, opened, pool
from lab.windows.engine.build import PLUGINS, Builder
from lab.windows.engine.coverage import Counter
from lab.windows.engine.paths import Paths
from lab.windows.engine.standin_texts import CMDLETS, UTIL, put_in
from tests.lab.engine_tree import MODULE, Small, make_tree, warm
from tests.run.common import ROOT


@pytest.fixture(scope="module", autouse=True)
def two_processes() -> Iterator[None]:
    """Whatever this machine has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_WINDOWS_WORKERS", "2")
        yield


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    yield from warm(tmp_path_factory)


@pytest.fixture
def host(tmp_path: Path) -> DescribedHost:
    return DescribedHost(tmp_path)


# The payload


def payload(small: Small, **arguments: object) -> tuple[str, bytes]:
    return small.engine.builder(small.plugins).module("small", arguments, False, 0)


def test_a_payload_that_is_not_changed_is_the_same(small: Small) -> None:
    script, data = payload(small, text="x")
    assert opened.read(script, data).data() == data


def test_only_leaves_are_replaced(small: Small) -> None:
    script, data = payload(small, text="x")
    before, after = opened.read(script, data), opened.read(script, data)
    put_in(after)
    assert (after.module(), after.basic()) == (before.module(), before.basic()) == (MODULE, before.basic())
    assert "class AnsibleModule" in before.basic()
    for name, text in before.utils().items():
        changed = after.utils()[name]
        start, end = text.split("\nExport-ModuleMember")
        assert changed.startswith(start) and changed.endswith("Export-ModuleMember" + end)
    new = set(after.utils()) - set(before.utils())
    assert [name.removesuffix(".psm1") for name in new] == [UTIL] and after.utils()[new.pop()] == CMDLETS
    if isinstance(after, opened.Manifest):  # bootstrap, exec wrapper and module wrapper
        assert isinstance(before, opened.Manifest) and after.head == before.head
        core = {name: about for name, about in before.scripts.items() if name.endswith((".ps1", ".cs"))}
        assert core == {name: after.scripts[name] for name in core} and "module_wrapper.ps1" in core
    else:
        assert isinstance(before, opened.OldPayload) and isinstance(after, opened.OldPayload)
        changing = ("powershell_modules",)
        assert {**after.content, **dict.fromkeys(changing)} == {**before.content, **dict.fromkeys(changing)}
        assert after.head == before.head


def test_a_real_module(small: Small, host: DescribedHost) -> None:
    result = small.engine.run_module(host, "win_dsa_info", {"timeout": 5})
    assert result["changed"] is False and not result.get("failed")
    assert rf"{AGENT}\dsa.exe" in json.dumps(result).replace("\\\\", "\\")
    assert ("run", "dsa_query.cmd", "-c", "GetAgentStatus") in host.calls


def test_the_real_class_checks_options(small: Small, host: DescribedHost) -> None:
    result = small.run(host, wrong=1)
    assert result["failed"] is True and "Unsupported parameters" in result["msg"]
    assert small.run(host, check=True)["check"] is True
    assert small.run(host, list="a,b")["given"]["list"] == ["a", "b"]


def test_exit_status_and_errors_are_those_of_ansible(small: Small, host: DescribedHost) -> None:
    output = small.engine.run_output(host, "small", {"code": "throw 'it broke'"}, plugins=small.plugins)
    assert output.rc == 1 and json.loads(output.out)["msg"].startswith("Unhandled exception while executing module")
    output = small.engine.run_output(host, "small", {"code": "$module.FailJson('no')"}, plugins=small.plugins)
    assert output.rc == 1 and json.loads(output.out)["msg"] == "no"
    assert small.engine.run_output(host, "small", plugins=small.plugins).rc == 0


def test_modules_run_without_strict_mode_in_the_global_scope(small: Small, host: DescribedHost) -> None:
    code = "$global:seen = 5; @(($null -eq $none.Nothing), $seen, [String]$ErrorActionPreference)"
    assert small.run(host, code=code)["made"] == [True, 5, "Stop"]


def test_a_text_that_resembles_a_time_is_a_text(small: Small, host: DescribedHost) -> None:
    assert small.run(host, text="2026-11-27T20:00:00Z")["given"]["text"] == "2026-11-27T20:00:00Z"


# One task and the next


def test_no_task_sees_anything_of_the_one_before(small: Small, host: DescribedHost) -> None:
    first = small.run(
        host,
        secret="hidden",
        code="""$global:kept = 1
        $env:KEPT = "kept"
        Set-Location -Path /
        [Environment]::CurrentDirectory = "/"
        $module.FailJson("hidden $PID")""",
    )
    second = small.run(host, text="hidden", code="@($global:kept, $env:KEPT, [Environment]::CurrentDirectory)")
    assert second["made"] == [None, None, "C:\\"]
    third = small.run(host, text="hidden", code='$module.FailJson("hidden $PID")')
    process = third["msg"].removeprefix("hidden ")
    assert third["msg"] == f"hidden {process}" and first["msg"] == f"******** {process}"


def test_the_class_is_compiled_once_a_process(small: Small, host: DescribedHost) -> None:
    code = """@($PID, @([AppDomain]::CurrentDomain.GetAssemblies() | Where-Object {
        -not $_.IsDynamic -and $_.GetType("Ansible.Basic.AnsibleModule")
    }).Count)"""
    assert small.run(host, code=code)["made"] == small.run(host, code=code)["made"]
    assert small.run(host, code=code)["made"][1] == 1


def test_no_task_leaves_a_runspace_open(small: Small, host: DescribedHost) -> None:
    """Ansible's wrapper does, and ends with its process."""
    code = "@($PID, @(Get-Runspace).Count)"
    assert small.run(host, code=code)["made"] == small.run(host, code=code)["made"]


def test_each_task_has_the_environment_of_its_host(small: Small, tmp_path: Path) -> None:
    one, two = DescribedHost(tmp_path / "one"), DescribedHost(tmp_path / "two")
    two.variables = {**two.variables, "ProgramData": r"C:\Other", "MINE": "2"}
    code = "@($env:ProgramData, $env:programdata, $env:MINE, [System.IO.Path]::GetTempPath())"
    temp = "C:\\Users\\administrator\\AppData\\Local\\Temp\\"
    assert small.run(one, code=code)["made"] == [r"C:\ProgramData", r"C:\ProgramData", None, temp]
    assert small.run(two, code=code)["made"] == [r"C:\Other", r"C:\Other", "2", temp]


def test_a_task_has_the_culture_of_its_host(small: Small, host: DescribedHost) -> None:
    code = "@([System.Globalization.CultureInfo]::CurrentCulture.Name, (1.5).ToString(), 'I'.ToLower())"
    known = "[System.Globalization.CultureInfo]::GetCultureInfo('tr-TR').NumberFormat.NumberDecimalSeparator"
    if small.code(host, known) == ".":
        pytest.skip("PowerShell finds no ICU on this machine, and has one culture only")
    host.culture = "tr-TR"
    assert small.code(host, code) == ["tr-TR", "1,5", "\u0131"]
    host.culture = "en-US"
    assert small.code(host, code) == ["en-US", "1.5", "i"]


def test_tasks_run_side_by_side_and_alone_where_the_last_one_did(small: Small, host: DescribedHost) -> None:
    """Two processes: each task waits for a file that the other makes."""

    def waits(mine: str, other: str) -> tuple[str, bytes]:
        code = f"""[System.IO.File]::WriteAllText("$env:TEMP/{mine}", "")
        while (-not [System.IO.File]::Exists("$env:TEMP/{other}")) {{ [System.Threading.Thread]::Sleep(10) }}
        $PID"""
        return payload(small, code=code)

    async def both() -> list[pool.Output]:
        tasks = [small.engine.pool.run(host, *one, 60.0) for one in (waits("a", "b"), waits("b", "a"))]
        return list(await asyncio.gather(*tasks))

    assert len({json.loads(one.out)["made"] for one in small.engine.wait(both())}) == 2
    # One after the other, also without the class: a start costs as much as a hundred tasks, each first task as two.
    process = small.run(host, code="$PID")["made"]
    assert [small.code(host, "$PID"), small.run(host, code="$PID")["made"]] == [process, process]


def test_another_class_gets_another_process(small: Small, host: DescribedHost) -> None:
    """PowerShell finds a type by its name alone."""
    script, data = payload(small, code="$PID")
    changed = opened.read(script, data)
    basic = changed.basic() + "\n// another ansible-core\n"
    if isinstance(changed, opened.Manifest):
        changed.scripts["Ansible.Basic.cs"]["script"] = opened.encode(basic)
    else:
        assert isinstance(changed, opened.OldPayload)
        changed.content["csharp_utils"]["Ansible.Basic"] = opened.encode(basic)
    processes = {
        json.loads(small.engine.wait(small.engine.pool.run(host, script, one, 60.0)).out)["made"]
        for one in (data, changed.data(), data, changed.data())
    }
    assert len(processes) == 2


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("[System.Threading.Thread]::Sleep(-1)", "did not end"),
        ("[System.Diagnostics.Process]::GetCurrentProcess().Kill()", "pwsh ended"),
        ("[Environment]::Exit(0)", "pwsh ended"),
    ],
    ids=["hangs", "kills", "ends"],
)
def test_a_task_fails_alone(small: Small, host: DescribedHost, code: str, why: str) -> None:
    before = small.code(host, "$PID")
    with pytest.raises(TaskFailed, match=why):
        small.code(host, code, limit=1.0 if why == "did not end" else 60.0)
    assert small.code(host, "$PID") != before


def test_a_process_is_not_used_for_ever(small: Small, host: DescribedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    first = small.code(host, "$PID")
    assert small.code(host, "$PID") == first
    with monkeypatch.context() as patch:
        patch.setattr(pool, "TASKS", 1)
        assert small.code(host, "$PID") == first  # its last
    assert small.code(host, "$PID") != first


@pytest.mark.usefixtures("small")
def test_warm_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_WINDOWS_WORKERS", "1")
    with Engine() as engine:
        engine.wait(engine.pool.warm())
        assert [worker.tasks for worker in engine.pool.idle] == [1]


@pytest.mark.parametrize("value", ["0", "5", "two"])
def test_number_of_processes(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("LAB_WINDOWS_WORKERS", value)
    with pytest.raises(ValueError, match="LAB_WINDOWS_WORKERS"):
        pool.size()
    monkeypatch.setenv("LAB_WINDOWS_WORKERS", "4")
    assert pool.size() == 4


KILLED = """
import sys, time
from pathlib import Path
from lab.windows.engine import DescribedHost, Engine
engine = Engine()
host = DescribedHost(Path(sys.argv[1]))
code = "[Console]::Error.WriteLine($PID); [System.Threading.Thread]::Sleep(-1)"
engine.run_code(host, code, "_Small", plugins=Path(sys.argv[2]), limit=600)
"""


def test_no_process_outlives_who_started_it(small: Small, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(small.plugins)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as starter:
        assert starter.stderr is not None
        worker = os.pidfd_open(int(starter.stderr.readline()))
        starter.kill()
    ready, _write, _error = select.select([worker], [], [], 30)
    os.close(worker)
    assert ready


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pool.missing() == "there is no pwsh on PATH"
    about = {"engine": "powershell", "hosts": {"w": {"os": "windows"}}}
    with pytest.raises(fleet.FleetError, match="there is no pwsh on PATH"):
        fleet.build_fleet(about)
    assert fleet.build_fleet({"hosts": about["hosts"]}).hosts[0].engine == "python"
    monkeypatch.setenv("LAB_WINDOWS_ENGINE", "python")
    assert fleet.build_fleet(about).hosts[0].engine == "python"
    monkeypatch.setenv("LAB_WINDOWS_ENGINE", "perl")
    with pytest.raises(fleet.FleetError, match="LAB_WINDOWS_ENGINE"):
        fleet.build_fleet(about)


# Paths


@pytest.mark.parametrize(
    ("text", "place", "back"),
    [
        (r"C:\Program Files\Trend Micro\x", "C/Program Files/Trend Micro/x", None),
        (r"c:/program files/trend micro", "C/Program Files/Trend Micro", r"C:\Program Files\Trend Micro"),
        ("C:\\", "C/", None),
        ("D:\\a\\", "D/a/", None),
        (r"C:\a\..\b, c; d(x86)\e", "C/a/../b, c; d(x86)/e", None),
    ],
)
def test_whole_paths(tmp_path: Path, text: str, place: str, back: str | None) -> None:
    (tmp_path / "C" / "Program Files" / "Trend Micro").mkdir(parents=True)
    paths = Paths(tmp_path / "C")
    assert paths.inward(text) == f"{tmp_path}/{place}"
    if "," not in text:  # in a message that ends a path
        assert paths.outward(paths.inward(text)) == (back or text)


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        (r'"C:\a b\c.exe" /x \y', r'"{}/C/a b/c.exe" /x \y'),
        (r"%ProgramData%\a\b", "%ProgramData%/a/b"),
        ("C:", "C:"),
        ("a C:\\b", "a C:\\b"),
        (r"\??\C:\b", r"\??\C:\b"),
        ("https://x/y", "https://x/y"),
    ],
)
def test_texts_with_paths(tmp_path: Path, text: str, inside: str) -> None:
    paths = Paths(tmp_path / "C")
    assert paths.inward(text) == inside.format(tmp_path)
    assert paths.outward(paths.inward(text)) == text


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ("{}/C/a b/c.json is damaged: x/y", r"C:\a b\c.json is damaged: x/y"),
        (r"{}/C/Windows\System32/x", r"C:\Windows\System32\x"),
        ("'{0}/C' and {0}/C/a.", r"'C:\' and C:\a."),
        ("{}/Cx/y", "{}/Cx/y"),
        ("/", "C:"),
    ],
)
def test_messages_with_paths(tmp_path: Path, inside: str, text: str) -> None:
    paths = Paths(tmp_path / "C")
    assert paths.outward(inside.format(tmp_path)) == text.format(tmp_path)
    assert paths.outward_all({inside.format(tmp_path): [inside.format(tmp_path), 1, None]}) == {
        text.format(tmp_path): [text.format(tmp_path), 1, None]
    }


def test_options_are_translated_and_secrets_are_not(small: Small, host: DescribedHost) -> None:
    host.write(r"C:\ProgramData\Folder\x", b"")
    code = """@([System.IO.File]::Exists($module.Params.path), $module.Params.text.StartsWith("/"))
    $module.Params.password.Replace("\\", "!")"""
    options: dict[str, Any] = {
        "path": r"c:\programdata\FOLDER\x",
        "text": r"C:\y",
        "list": [r"C:\z"],
        "password": r"C:\p",
    }
    result = small.run(host, **options, code=code)
    assert result["made"] == [True, True, "C:!p"]
    assert result["given"]["path"] == r"C:\ProgramData\Folder\x" and result["given"]["list"] == [r"C:\z"]


# cmd.exe


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("a & b", ["a", "b"]),
        ('a "x & y" & "b"', ['a "x & y"', '"b"']),
        ("a ^& b", ["a & b"]),
    ],
)
def test_commands_of_a_line(line: str, found: list[str]) -> None:
    assert command_line.commands(line) == found


@pytest.mark.parametrize("line", ["a > b", "a | b", "(a)", "a < b"])
def test_lines_that_the_engine_does_not_support(line: str) -> None:
    with pytest.raises(command_line.NotSupported):
        command_line.commands(line)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("a  b", ["a", "b"]),
        (r"a\b c\\d", [r"a\b", r"c\\d"]),
        (r'"a b" c"d e"f ""', ["a b", "cd ef", ""]),
        (r'a\"b "c\\" "d\\\" e"', ['a"b', "c\\", r"d\" e"]),
    ],
)
def test_arguments_as_the_c_runtime_has_them(command: str, arguments: list[str]) -> None:
    assert command_line.split(command) == arguments


# Coverage

COUNTED = """Function Open-DsaKey { 1 }
Function Get-Small {
    param ($Value = 1)

    if ($Value) {
        $text = "a
$(2
3)"
        return $text
    }
    try { throw "x" }
    catch {
        $Value = 4; $Value = 5
    }
    @{ a = 1
        b = @(foreach ($one in 1, 2) {
            $one
        })
    }
}
Export-ModuleMember -Function Get-Small
"""
HIT = {(1, 1), (1, 24), (2, 1), (5, 5), (6, 9), (9, 9), (21, 1)}
REST = {(11, 5), (11, 11), (13, 9), (13, 21), (15, 5), (16, 15), (17, 13)}


def test_coverage(tmp_path: Path, host: DescribedHost, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "hits"
    module = "#!powershell\n#AnsibleRequires -PowerShell ..module_utils._Small\n$a = Get-Small\nthrow $a\n$a\n"
    plugins = make_tree(tmp_path / "tree", module, COUNTED)
    util = "module_utils/_Small.psm1"
    engine = small.engine
    counter = Counter(file, plugins)
    monkeypatch.setattr(engine.pool, "counter", counter)
    result = engine.run_module(host, "small", plugins=plugins)
    assert result["failed"] and "a\n2 3" in result["msg"]  # what is counted does the same
    found = engine.coverage(plugins, file)
    # A leaf that is replaced is not run.
    assert found[util] == (HIT - {(1, 24)}, HIT | REST)
    assert found["modules/small.ps1"] == ({(3, 1), (4, 1)}, {(3, 1), (4, 1), (5, 1)})
    size = file.stat().st_size
    engine.run_module(host, "small", plugins=plugins)
    assert file.stat().st_size == size
    assert counter.instrumented[module].count("[Engine.Hit]::At(") == 1, "what is known is not counted again"
    engine.run_code(host, "Get-Small -Value 0", "_Small", plugins=plugins)
    assert engine.coverage(plugins, file)[util] == ((HIT | REST) - {(1, 24)}, HIT | REST)


def test_nothing_is_counted_unless_that_is_wanted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LAB_WINDOWS_COVERAGE", raising=False)
    assert pool.Pool().counter is None
    monkeypatch.setenv("LAB_WINDOWS_COVERAGE", str(tmp_path / "hits"))
    counter = pool.Pool().counter
    assert counter is not None and counter.names and PLUGINS == ROOT / "plugins"


def test_code_that_throws(small: Small, host: DescribedHost) -> None:
    with pytest.raises(ModuleError, match="it broke"):
        small.code(host, 'throw "it broke"')


def test_what_cannot_be_built_is_named(small: Small, tmp_path: Path) -> None:
    plugins = make_tree(tmp_path, "#!powershell\n#AnsibleRequires -PowerShell ..module_utils._None\n")
    builder = Builder(plugins)
    try:
        with pytest.raises(Exception, match="_None"):
            builder.module("small", {}, False, 0)
    finally:
        builder.close()
