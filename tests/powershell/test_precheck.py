# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""win_dsa_host_info: what a Windows host has before an upgrade. What it means is decided in Python."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._windows_readiness import (
    facts_of,
    precheck_options,
)
from lab.windows.engine import Failure

from .windows import Windows

NT = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
PACKAGES = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages"
ROOTS = ["AA" * 20, "BB" * 20, "CC" * 20]
DLL = r"C:\Windows\SysWOW64\x.dll"


def reading(host: Windows, roots: t.Sequence[str] = ROOTS, shared_dlls: t.Sequence[str] = (DLL,)) -> dict[str, t.Any]:
    result = host.module("win_dsa_host_info", **precheck_options(roots, ["KB4474419"], shared_dlls))
    assert "failed" not in result and result["changed"] is False, result
    found: dict[str, t.Any] = result["reading"]
    return found


def test_a_healthy_host(host: Windows) -> None:
    host.stores = {"Root": [ROOTS[0], "DD" * 20], "AuthRoot": [ROOTS[1].lower()], "CA": [], "Disallowed": []}
    host.free = 5_000_000_000
    found = reading(host)
    assert set(found["keys"]) == set(precheck_options(ROOTS, [], [DLL])["keys"])
    assert found["keys"]["windows"]["values"]["CurrentBuildNumber"]["value"] == "17763"
    held = {"Root": [ROOTS[0]], "AuthRoot": [ROOTS[1]], "CA": [], "Disallowed": []}
    assert found["certificates"] == {store: {"thumbprints": held[store], "error": None} for store in held}
    assert found["servicing"] == {"entries": [], "errors": []}
    assert (found["room"]["free_bytes"], found["room"]["drive"].rstrip("\\")) == (5_000_000_000, "C:")
    assert found["room"]["error"] is None and found["sccm"]["installed"] is False and found["netlogon"]["errors"] == []
    facts = facts_of(found)
    assert (facts["shared_dlls"], facts["problems"]) == ({DLL: None}, [])


@pytest.mark.parametrize("case", [str.lower])
def test_thumbprints_are_compared_whatever_their_case(host: Windows, case: t.Callable[[str], str]) -> None:
    host.stores["Root"] = [case(ROOTS[0])]
    found = reading(host, roots=[case(ROOTS[0])])
    assert [one.upper() for one in found["certificates"]["Root"]["thumbprints"]] == [ROOTS[0]]


@pytest.mark.parametrize("store", ["Root", "Disallowed"])
def test_a_store_that_cannot_be_opened_is_unknown(host: Windows, store: str) -> None:
    host.stores = {name: ([ROOTS[0]] if name != store else None) for name in ("Root", "AuthRoot", "CA", "Disallowed")}
    found = reading(host)
    assert found["certificates"][store]["thumbprints"] is None and found["certificates"][store]["error"]
    others = [found["certificates"][name]["thumbprints"] for name in found["certificates"] if name != store]
    assert others == [[ROOTS[0]]] * 3
    facts: t.Any = facts_of(found)
    assert facts["certificates"][store] is None and f"certificates_{store}: " in facts["problems"][0]
    assert "Exception calling" not in json.dumps(found)


def test_servicing_packages(host: Windows) -> None:
    names = [
        "Package_for_KB4474419~31bf3856ad364e35~amd64~~6.1.3.2",
        "package_1_for_kb4474419~31bf3856ad364e35~amd64~~6.0.4.0",
        "Package [KB4474419]",
    ]
    for name in [*names, "Package_for_KB4474418~31bf3856ad364e35~amd64~~6.1.3.2"]:
        host.set(f"{PACKAGES}\\{name}", "CurrentState", 112, "DWord")
    odd = {"String": "112", "Binary": b"p", "MultiString": ["112"], "None": b""}
    for kind, value in odd.items():
        host.set(f"{PACKAGES}\\{kind}_KB4474419", "CurrentState", value, kind)
    host.keys[PACKAGES + r"\nothing_KB4474419"] = {}
    host.denied.add(PACKAGES + r"\denied_KB4474419")
    servicing = reading(host)["servicing"]
    assert len(servicing["errors"]) == 1 and "denied_KB4474419" in servicing["errors"][0]
    packages: t.Any = facts_of({"servicing": {**servicing, "errors": []}})["servicing_packages"]
    found = {package["name"]: package["state"] for package in packages}
    assert {name: state for name, state in found.items() if state is not None} == dict.fromkeys(names, 112)


def test_denied_servicing_packages_are_unknown(host: Windows) -> None:
    host.keys[PACKAGES] = {}
    host.denied.add(PACKAGES)
    assert reading(host)["servicing"]["errors"]


def test_shared_dlls(host: Windows) -> None:
    dlls = r"Microsoft\Windows\CurrentVersion\SharedDlls"
    host.set(rf"SOFTWARE\{dlls}", r"C:\a.dll", 3, "DWord")
    host.set(rf"SOFTWARE\WOW6432Node\{dlls}", r"C:\b.dll", 2, "DWord")
    host.set(rf"SOFTWARE\{dlls}", r"C:\c.dll", "x")
    host.set(rf"SOFTWARE\{dlls}", r"C:\d.dll", b"\1\2", "Binary")
    counts = {r"C:\a.dll": 3, r"C:\b.dll": 2, r"C:\c.dll": None, r"C:\d.dll": None, r"C:\e.dll": None}
    facts: t.Any = facts_of(reading(host, shared_dlls=list(counts)))
    assert facts["shared_dlls"] == counts
    assert len([text for text in facts["problems"] if text.startswith("shared_dlls: ")]) == 2


def test_shared_dlls_with_variables(host: Windows) -> None:
    host.set(r"SOFTWARE\Microsoft\Windows\CurrentVersion\SharedDlls", r"C:\Windows\x.dll", 2, "DWord")
    facts = facts_of(reading(host, shared_dlls=[r"%SystemRoot%\x.dll"]))
    assert facts["shared_dlls"] == {r"%SystemRoot%\x.dll": 2}


def test_the_padding_check_and_the_update_of_roots_come_raw(host: Windows) -> None:
    host.set(r"SOFTWARE\Microsoft\Cryptography\Wintrust\Config", "EnableCertPaddingCheck", "1")
    host.set(r"SOFTWARE\WOW6432Node\Microsoft\Cryptography\Wintrust\Config", "EnableCertPaddingCheck", 1, "DWord")
    host.set(r"SOFTWARE\Policies\Microsoft\SystemCertificates\AuthRoot", "DisableRootAutoUpdate", 1, "DWord")
    stamp = (132_000_000_000_000_000).to_bytes(8, "little")
    host.set(r"SOFTWARE\Microsoft\SystemCertificates\AuthRoot\AutoUpdate", "LastSyncTime", stamp, "Binary")
    keys = reading(host)["keys"]
    assert keys["cert_padding"]["values"]["EnableCertPaddingCheck"]["value"] == "1"
    assert keys["cert_padding_32"]["values"]["EnableCertPaddingCheck"]["value"] == 1
    assert keys["authroot_policy"]["values"]["DisableRootAutoUpdate"]["value"] == 1
    assert keys["authroot_update"]["values"]["LastSyncTime"]["value"].lower() == stamp.hex()


def test_room_that_cannot_be_seen_is_unknown(host: Windows) -> None:
    host.failing["free_bytes"] = Failure("The device is not ready")
    found = reading(host)
    assert found["room"]["free_bytes"] is None and "not ready" in found["room"]["error"]


@pytest.mark.parametrize("path", [NT, r"SOFTWARE\Microsoft\Cryptography\Wintrust\Config"])
def test_a_denied_key_hides_nothing_else(host: Windows, path: str) -> None:
    host.keys.setdefault(path, {})
    host.denied.add(path)
    found = reading(host)
    assert any(key["exists"] is None and key["error"] for key in found["keys"].values())
    assert found["room"]["free_bytes"] is not None


def test_check_mode_reads_too(host: Windows) -> None:
    before = host.tree()
    assert host.module("win_dsa_host_info", check_mode=True, **precheck_options(ROOTS, [], []))["reading"]["keys"]
    assert host.tree() == before
