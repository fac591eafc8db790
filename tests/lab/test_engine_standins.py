# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each stand-in does what is documented of what it stands for; its head names the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.windows.engine import (
    AGENT,
    Answer,
    Certificate,
    DescribedHost,
    Failure,
    Listener,
    ModuleError,
    Sccm,
    Service,
    Signature,
)
from lab.windows.engine.standin_texts import FOLDER
from tests.lab.engine_tree import Small, warm

KEY = r"SOFTWARE\Example"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    yield from warm(tmp_path_factory)


@pytest.fixture
def host(tmp_path: Path) -> DescribedHost:
    return DescribedHost(tmp_path)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.*")), ids=lambda path: path.name)
def test_each_names_what_it_stands_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".cs":
        assert ".ps1" in text or "https://learn.microsoft.com/" in text
    elif path.name != "Add-CSharpType.ps1":
        assert re.search(r"^# Stands for ", text, re.MULTILINE)
        assert re.search(r"^# https://learn\.microsoft\.com/\S+$", text, re.MULTILINE)


def describe(host: DescribedHost) -> None:
    host.keys[KEY] = {
        "Text": ("String", "one"),
        "Expanded": ("ExpandString", r"%ProgramData%\x"),
        "List": ("MultiString", ["a", "", "b"]),
        "Number": ("DWord", 4294967295),
        "Long": ("QWord", 1 << 40),
        "Bytes": ("Binary", b"\x00\xff"),
        "Nothing": ("None", b""),
        "Path": ("String", r"C:\Program Files\A B\c.exe"),
        r"C:\Windows\System32\x.dll": ("DWord", 2),
    }
    host.keys[KEY + r"\Below\Deep"] = {}


@pytest.mark.parametrize(
    ("name", "kind", "type_name", "value"),
    [
        ("Text", "String", "String", "one"),
        ("text", "String", "String", "one"),
        ("List", "MultiString", "String[]", ["a", "", "b"]),
        ("Number", "DWord", "Int32", -1),
        ("Long", "QWord", "Int64", 1 << 40),
        ("Bytes", "Binary", "Byte[]", [0, 255]),
        ("Nothing", "None", "Byte[]", []),
        ("Expanded", "ExpandString", "String", r"C:\ProgramData\x"),
        ("Path", "String", "String", r"C:\Program Files\A B\c.exe"),
    ],
)
def test_registry_values_have_their_types(
    small: Small, host: DescribedHost, name: str, kind: str, type_name: str, value: object
) -> None:
    describe(host)
    found = small.code(
        host,
        f"""$key = Open-DsaKey -Path "{KEY}"
        $value = $key.GetValue("{name}")
        @{{ kind = [String]$key.GetValueKind("{name}"); type = $value.GetType().Name; value = $value }}""",
    )
    assert found == {"kind": kind, "type": type_name, "value": value}


def test_registry_names_and_what_is_not_there(small: Small, host: DescribedHost) -> None:
    describe(host)
    found = small.code(
        host,
        rf"""$key = Open-DsaKey -Path "software\EXAMPLE"
        @{{
            none = $null -eq (Open-DsaKey -Path "{KEY}\Other")
            missing = $key.GetValue("Other")
            default = $key.GetValue("Other", 7)
            raw = $key.GetValue("Expanded", $null, "DoNotExpandEnvironmentNames")
            names = $key.GetValueNames()
            below = $key.GetSubKeyNames()
            deep = $key.OpenSubKey("Below").GetSubKeyNames()
            by_path = $key.GetValue("$env:SystemRoot\System32\x.dll")
            name = $key.Name
        }}""",
    )
    assert found["none"] is True and found["missing"] is None and found["default"] == 7
    assert found["raw"] == r"%ProgramData%\x" and found["by_path"] == 2
    assert found["names"] == list(host.keys[KEY]) and found["below"] == ["Below"] and found["deep"] == ["Deep"]
    assert found["name"].startswith("HKEY_LOCAL_MACHINE")


@pytest.mark.parametrize(
    ("code", "exception"),
    [
        (rf'Open-DsaKey -Path "{KEY}\Denied"', "System.Security.SecurityException"),
        (f'(Open-DsaKey -Path "{KEY}").GetValueKind("Other")', "System.IO.IOException"),
        (f'$key = Open-DsaKey -Path "{KEY}"; $key.Dispose(); $key.GetValue("Text")', "System.ObjectDisposedException"),
    ],
    ids=["denied", "no value", "closed"],
)
def test_registry_throws_as_documented(small: Small, host: DescribedHost, code: str, exception: str) -> None:
    describe(host)
    host.denied.add(KEY + r"\Denied")
    caught = f"try {{ {code} }} catch {{ $_.Exception.GetBaseException().GetType().FullName }}"
    assert small.code(host, caught) == exception
    assert small.code(host, f'(Open-DsaKey -Path "{KEY}").GetSubKeyNames()') == ["Below", "Denied"]


def test_services_by_cim(small: Small, host: DescribedHost) -> None:
    host.service_list.append(Service("odd", state="Stopped", start_mode="Disabled", exit_code=1077, path=r"C:\o.exe"))
    query = "SELECT * FROM Win32_BaseService WHERE Name = 'ODD' OR Name = 'tmcomm' OR Name = 'none'"
    odd, driver = small.code(host, f'Get-CimInstance -Query "{query}" -OperationTimeoutSec 15')[::-1]
    assert {name: odd[name] for name in ("Name", "State", "StartMode", "ExitCode", "PathName", "ProcessId")} == {
        "Name": "odd",
        "State": "Stopped",
        "StartMode": "Disabled",
        "ExitCode": 1077,
        "PathName": r"C:\o.exe",
        "ProcessId": 0,
    }
    assert driver["State"] == "Running" and "ProcessId" not in driver
    one = small.code(host, "Get-CimInstance -ClassName Win32_Service -Filter \"Name='odd'\" -Property State")
    assert one["State"] == "Stopped" and one["ExitCode"] is None
    assert small.code(host, "@(Get-CimInstance -ClassName Win32_SystemDriver).Count") == 3


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('Get-CimInstance -Query "SELECT Nothing FROM Win32_Process"', "InvalidQuery HRESULT 0x80041017"),
        ('Get-CimInstance -Query "SELECT ProcessId FROM Win32_BaseService"', "InvalidQuery HRESULT 0x80041017"),
        ("Get-CimInstance -ClassName Win32_Nothing", "InvalidClass HRESULT 0x80041010"),
        ("Get-CimInstance -Namespace root/x -ClassName Win32_Process", "InvalidNamespace HRESULT 0x8004100e"),
        ("Get-CimInstance -ClassName Win32_OperatingSystem", "AccessDenied HRESULT 0x80041003"),
        ("Get-CimInstance -ClassName Win32_Process", "Failed HRESULT 0x80041001"),
        (
            r"Invoke-CimMethod -Namespace ROOT\ccm\ClientSDK -ClassName CCM_ClientUtilities -MethodName Any",
            "InvalidNamespace HRESULT 0x8004100e",
        ),
    ],
    ids=["property", "property of some", "class", "no namespace", "denied", "failed", "client"],
)
def test_cim_errors_have_codes(small: Small, host: DescribedHost, code: str, expected: str) -> None:
    host.failing["boot_time"] = Failure("Access denied ", "denied")
    host.failing["processes"] = Failure("Generic failure ")
    caught = f"""try {{ {code} }} catch {{
        "$($_.Exception.NativeErrorCode) $($_.FullyQualifiedErrorId.Split(',')[0])"
    }}"""
    assert small.code(host, caught) == expected


def test_an_error_of_cim_ends_nothing_where_that_is_wanted(small: Small, host: DescribedHost) -> None:
    code = "@(Get-CimInstance -ClassName Win32_Nothing -ErrorAction SilentlyContinue).Count"
    assert small.code(host, code) == 0


def test_boot_time_is_a_time_of_this_time_zone(small: Small, host: DescribedHost) -> None:
    host.boot, host.time_zone = 1764212345.0, "Asia/Tokyo"
    code = """$time = (Get-CimInstance -ClassName Win32_OperatingSystem -Property LastBootUpTime).LastBootUpTime
    @([String]$time.Kind, $time.ToString("s"), [TimeZoneInfo]::Local.GetUtcOffset($time).TotalHours)"""
    assert small.code(host, code) == ["Local", "2025-11-27T11:59:05", 9]


def test_processes_by_cim(small: Small, host: DescribedHost) -> None:
    code = 'Get-CimInstance -ClassName Win32_Process -Filter "ProcessId = 2120" -Property ExecutablePath'
    assert small.code(host, code)["ExecutablePath"] == rf"{AGENT}\ds_agent.exe"
    assert small.code(host, "@(Get-CimInstance -ClassName Win32_Process)[0].ExecutablePath") is None


def test_configuration_manager(small: Small, host: DescribedHost) -> None:
    host.sccm_client = Sccm(pending=False, hard=True)
    code = r"""Invoke-CimMethod -Namespace ROOT\ccm\ClientSDK -ClassName CCM_ClientUtilities `
        -MethodName DetermineIfRebootPending -OperationTimeoutSec 10"""
    found = small.code(host, code)
    assert (found["RebootPending"], found["IsHardRebootPending"], found["ReturnValue"]) == (False, True, 0)


def test_service_control(small: Small, host: DescribedHost) -> None:
    host.service_list.append(Service("other", process_id=7))
    host.service("ds_agent").dependents = ("other",)
    found = small.code(
        host,
        """$service = Get-Service -Name DS_AGENT
        $seen = @([String]$service.Status, ($service.Status -eq "Running"), $service.DependentServices[0].Name)
        $service.Stop()
        $seen += [String]$service.Status
        $service.WaitForStatus("Stopped", [TimeSpan]::FromSeconds(5))
        $seen += [String]$service.Status
        $seen += [String](Get-Service -Name other).Status
        $service.Start()
        $service.Refresh()
        $seen + @([String]$service.Status, [String](Get-Service -Name other).Status)""",
    )
    # Status is that of the last Refresh; what depends on a service stops with it and does not start with it.
    assert found == ["Running", True, "other", "Running", "Stopped", "Stopped", "Running", "Stopped"]
    assert host.calls == [("stop", "ds_agent"), ("start", "ds_agent")]


def test_service_that_does_not_stop(small: Small, host: DescribedHost) -> None:
    host.refuses[("stop", "ds_agent")] = Failure("Access is denied")
    host.hangs.add(("stop", "Amsp"))
    found = small.code(
        host,
        """$caught = @()
        try { (Get-Service -Name ds_agent).Stop() }
        catch { $caught += $_.Exception.InnerException.Message, $_.Exception.GetBaseException().Message }
        $service = Get-Service -Name Amsp
        $service.Stop()
        try { $service.WaitForStatus("Stopped", [TimeSpan]::FromMilliseconds(100)) }
        catch { $caught += $_.Exception.InnerException.GetType().Name, [String]$service.Status }
        foreach ($name in "tmcomm", "none") {
            try { Get-Service -Name $name } catch { $caught += $_.FullyQualifiedErrorId.Split(",")[0] }
        }
        $caught""",
    )
    refused = ["Cannot stop ds_agent service on computer '.'.", "Access is denied"]
    # A driver is no service of Get-Service.
    unknown = ["NoServiceFoundForGivenName", "NoServiceFoundForGivenName"]
    assert found == [*refused, "TimeoutException", "StopPending", *unknown]


def test_listeners_and_free_space(small: Small, host: DescribedHost) -> None:
    assert small.code(host, "Test-DsaListener -Port 4122") is False
    host.listener_list.append(Listener(4122, 2120))
    assert small.code(host, "Test-DsaListener -Port 4122") is True
    host.free = 12345678901
    assert small.code(host, "Get-DsaFreeSpace -Path $env:ProgramFiles") == 12345678901


SIGNED = """$found = Get-AuthenticodeSignature -LiteralPath $env:ProgramData/a.msi
$chain = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Chain -ArgumentList $true
$chain.ChainPolicy.RevocationMode = "NoCheck"
$chain.ChainPolicy.VerificationFlags = "IgnoreNotTimeValid"
$chain.ChainPolicy.UrlRetrievalTimeout = [TimeSpan]::FromSeconds(1)
$purpose = New-Object -TypeName System.Security.Cryptography.Oid -ArgumentList "1.3.6.1.5.5.7.3.3"
$null = $chain.ChainPolicy.ApplicationPolicy.Add($purpose)
$built = $null
if ($found.SignerCertificate) { $built = $chain.Build($found.SignerCertificate) }
@{
    status = [String]$found.Status
    signer = $found.SignerCertificate.Subject
    stamper = $found.TimeStamperCertificate.Thumbprint
    built = $built
    chain = @($chain.ChainElements | ForEach-Object { $_.Certificate.Thumbprint })
    flags = @($chain.ChainStatus | ForEach-Object { [String]$_.Status })
}"""


def test_signature_and_chain(small: Small, host: DescribedHost) -> None:
    path = r"C:\ProgramData\a.msi"
    host.write(path, b"")
    leaf, root = Certificate("CN=A", "CN=B", "11"), Certificate("CN=B", "CN=B", "22")
    host.signatures[path] = Signature("Valid", (leaf, root), Certificate("CN=T", "CN=B", "33"))
    expected = {"status": "Valid", "signer": "CN=A", "stamper": "33", "built": True, "chain": ["11", "22"], "flags": []}
    assert small.code(host, SIGNED) == expected
    host.signatures[path] = Signature("Valid", (leaf,), None, partial=True)
    partial = {"built": False, "chain": ["11"], "flags": ["PartialChain"], "stamper": None}
    assert small.code(host, SIGNED) == {**expected, **partial}
    host.signatures[path] = Signature("NotSigned")
    found = small.code(host, SIGNED)
    assert (found["status"], found["signer"], found["chain"]) == ("NotSigned", None, [])
    code = (
        "try { Get-AuthenticodeSignature -FilePath $env:ProgramData/b.msi } catch { [String]$_.CategoryInfo.Category }"
    )
    assert small.code(host, code) == "ObjectNotFound"


STORE = """$store = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Store `
    -ArgumentList "{name}", "LocalMachine"
try {{
    $store.Open("ReadOnly, OpenExistingOnly")
    , @($store.Certificates | ForEach-Object {{ $_.Thumbprint }})
    $store.Close()
}}
catch {{ $_.Exception.InnerException.GetType().Name }}"""


def test_certificate_stores(small: Small, host: DescribedHost) -> None:
    host.stores["Root"] = ["AA", "BB"]
    assert small.code(host, STORE.format(name="Root")) == ["AA", "BB"]
    assert small.code(host, STORE.format(name="CA")) == []
    assert small.code(host, STORE.format(name="Nothing")) == "CryptographicException"
    host.failing["certificates"] = Failure("Access is denied.", "denied")
    assert small.code(host, STORE.format(name="Root")) == "CryptographicException"


def test_other_objects_are_made_as_ever(small: Small, host: DescribedHost) -> None:
    code = """$list = New-Object -TypeName System.Collections.ArrayList
    $null = $list.Add(1)
    @($list.GetType().Name, $list.Count, (New-Object System.Version "1.2").Minor)"""
    assert small.code(host, code) == ["ArrayList", 1, 2]


def test_file_version(small: Small, host: DescribedHost) -> None:
    code = """$found = [System.Diagnostics.FileVersionInfo]::GetVersionInfo("$env:ProgramFiles/{0}")
    @($found.FileMajorPart, $found.FileMinorPart, $found.FileBuildPart, $found.FilePrivatePart)"""
    folder = AGENT.removeprefix("C:\\Program Files\\").replace("\\", "/")
    assert small.code(host, code.format(f"{folder}/dsa.exe")) == [20, 0, 0, 5995]
    assert small.code(host, code.format(f"{folder}/ds_agent.exe")) == [0, 0, 0, 0]


RUN = "Invoke-Program -Name {name} -Argument '{line}' -Folder \"$env:ProgramFiles/Trend Micro/Deep Security Agent\""


def test_cmd_runs_one_program_after_the_other(small: Small, host: DescribedHost) -> None:
    host.answers["dsa_query.cmd"] = lambda call: Answer(3, call.arguments[-1].encode() + b"\r\n", b"e")
    line = r'/d /s /c ".\dsa_query.cmd -c A & .\dsa_query.cmd -c B"'
    found = small.code(host, RUN.format(name="cmd.exe", line=line))
    assert found == {"rc": 3, "out": "A\r\nB\r\n", "err": "ee"}
    assert [(call.arguments, call.folder) for call in host.programs] == [(["-c", "A"], AGENT), (["-c", "B"], AGENT)]


def test_cmd_expands_names_once_and_in_any_case(small: Small, host: DescribedHost) -> None:
    line = r'/d /v:off /s /c ".\dsa_control.cmd %given_line%"'
    code = '$env:GIVEN_LINE = \'-a "b & c" "%TEMP%" %none% ""\'\n' + RUN.format(name="cmd.exe", line=line)
    assert small.code(host, code)["rc"] == 0
    assert host.programs[0].arguments == ["-a", "b & c", "%TEMP%", "%none%", ""]


def test_cmd_has_no_such_program(small: Small, host: DescribedHost) -> None:
    found = small.code(host, RUN.format(name="cmd.exe", line=r"/d /c .\nothing.cmd"))
    assert found["rc"] == 1 and "is not recognized" in found["err"] and host.programs == []


def test_cmd_passes_bytes_on(small: Small, host: DescribedHost) -> None:
    data = bytes(range(256)) * 5000
    host.answers["dsa_query.cmd"] = Answer(0, data)
    code = """$process = Start-Program -Name cmd.exe -Argument "/c .\\dsa_query.cmd" `
        -Folder "$env:ProgramFiles/Trend Micro/Deep Security Agent"
    $memory = [System.IO.MemoryStream]::new()
    $process.StandardOutput.BaseStream.CopyTo($memory)
    $same = 0
    foreach ($byte in $memory.ToArray()) { $same = (31 * $same + $byte) % 1000003 }
    @($memory.Length, $same)"""
    same = 0
    for byte in data:
        same = (31 * same + byte) % 1000003
    assert small.code(host, code) == [len(data), same]


def test_taskkill_ends_the_whole_tree(small: Small, host: DescribedHost) -> None:
    host.answers["dsa_query.cmd"] = Answer(0, b"before", seconds=None)
    code = """$process = Start-Program -Name cmd.exe -Argument "/c .\\dsa_query.cmd" `
        -Folder "$env:ProgramFiles/Trend Micro/Deep Security Agent"
    $first = $process.StandardOutput.Read()
    $killed = Invoke-Program -Name taskkill.exe -Argument "/T /F /PID $($process.Id)"
    $process.WaitForExit()
    $none = Invoke-Program -Name taskkill.exe -Argument "/T /F /PID $PID"
    @([String][Char]$first, $killed.rc, $process.StandardOutput.ReadToEnd(), $none.rc)"""
    assert small.code(host, code) == ["b", 0, "efore", 128]


def test_netstat(small: Small, host: DescribedHost) -> None:
    host.listener_list = [Listener(4122, 2120), Listener(4118, 5, "127.0.0.1")]
    found = small.code(host, "Invoke-Program -Name netstat.exe -Argument '-ano'")
    rows = [line.split() for line in found["out"].splitlines() if "LISTENING" in line]
    assert rows == [
        ["TCP", "0.0.0.0:4122", "0.0.0.0:0", "LISTENING", "2120"],
        ["TCP", "127.0.0.1:4118", "0.0.0.0:0", "LISTENING", "5"],
    ]


def test_what_a_stand_in_does_not_support_fails(small: Small, host: DescribedHost) -> None:
    assert small.code(host, RUN.format(name="cmd.exe", line=r"/c dsa_query.cmd > x"))["rc"] == 255
    with pytest.raises(ModuleError, match="the engine does not support the filter ProcessId > 4"):
        small.code(host, 'Get-CimInstance -ClassName Win32_Process -Filter "ProcessId > 4"')
