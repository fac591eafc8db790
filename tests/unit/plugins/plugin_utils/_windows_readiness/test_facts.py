# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From raw readings of win_dsa_host_info to facts: what was not read is not known, and is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._windows_readiness import (
    facts_of,
    precheck_options,
)
from tests.unit.plugins.plugin_utils._record.windows_reading import WINDOWS, key, reboot, value

from .sample import MIB, RECOMMENDED, REQUIRED, checks, host

Json = dict[str, Any]
DLL = "C:\\Windows\\System32\\msvcp140.dll"
UNUSED = "C:\\Windows\\System32\\concrt140.dll"
PADDING = "EnableCertPaddingCheck"


def store(*thumbprints: str, error: str | None = None) -> Json:
    return {"thumbprints": None if error else list(thumbprints), "error": error}


def reading(**more: Any) -> Json:
    """A host that is ready, raw."""
    keys = {
        "windows": {**WINDOWS["windows"]},
        "environment": WINDOWS["environment"],
        "authroot_policy": key("authroot_policy", False),
        "authroot_update": key("authroot_update", LastSyncTime=value("00008192b17adc01", "Binary")),
        "cert_padding": key("cert_padding", False),
        "cert_padding_32": key("cert_padding_32", False),
        f"shared_dlls:0:{DLL}": key("SharedDlls", **{DLL: 2}),
        f"shared_dlls:1:{DLL}": key("SharedDlls"),
        **{f"shared_dlls:{view}:{UNUSED}": key("SharedDlls") for view in (0, 1)},
        **more.pop("keys", {}),
    }
    due = more.pop("reboot", None) or reboot()
    return {
        **due,
        "keys": {**due["keys"], **keys},
        "servicing": {"entries": [], "errors": []},
        "certificates": {
            "Root": store(*REQUIRED.values()),
            "AuthRoot": store(*RECOMMENDED.values()),
            "CA": store(),
            "Disallowed": store(),
        },
        "room": {"drive": "C:", "free_bytes": 50_000 * MIB, "error": None},
        **more,
    }


def newer(**values: object) -> Json:
    """The key of a Windows Server 2025, with these values."""
    same = {"CurrentMajorVersionNumber": 10, "CurrentMinorVersionNumber": 0, "ProductName": "Windows Server 2025"}
    return key("windows", **{**same, "CurrentBuildNumber": "26100", "UBR": 1742, **values})


def test_a_host_that_is_ready() -> None:
    facts = facts_of(reading(keys={"windows": newer()}))
    assert facts["problems"] == []
    assert {check.result for check in checks(facts).values()} == {"pass"}
    assert set(facts) == set(host())
    assert (facts["build"], facts["ubr"], facts["nt_version"], facts["arch"]) == (26100, 1742, "10.0", "x86_64")
    assert facts["root_update"] == {"disabled": False, "source": None, "last_sync": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ({}, ("10.0", 26100, 1742)),
        # Before Windows 10.
        ({"CurrentMajorVersionNumber": None, "CurrentVersion": "6.1", "UBR": None}, ("6.1", 26100, None)),
        ({"CurrentMinorVersionNumber": None}, (None, 26100, 1742)),
        ({"CurrentMajorVersionNumber": None}, (None, 26100, 1742)),
        # P3: without a build it was 0.
        ({"CurrentBuildNumber": None}, ("10.0", None, 1742)),
        ({"CurrentBuildNumber": ""}, ("10.0", None, 1742)),
        ({"CurrentBuildNumber": "26100 x"}, ("10.0", None, 1742)),
        ({"CurrentBuildNumber": "٢"}, ("10.0", None, 1742)),
        ({"CurrentBuildNumber": 26100}, ("10.0", None, 1742)),
        ({"UBR": "1742"}, ("10.0", 26100, None)),
        ({"UBR": value(1742, cut=True)}, ("10.0", 26100, None)),
    ],
)
def test_the_version_of_windows(windows: Json, expected: tuple[Any, ...]) -> None:
    found = newer(**{name: each for name, each in windows.items() if each is not None})
    for name in windows:
        if windows[name] is None:
            found["values"].pop(name, None)
    facts = facts_of(reading(keys={"windows": found}))
    assert (facts["nt_version"], facts["build"], facts["ubr"]) == expected
    # That an older Windows has no UBR is no problem.
    assert bool(facts["problems"]) is (None in expected[:2] or ("UBR" in windows and windows["UBR"] is not None))


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, False),
        ({"cert_padding": key("x", **{PADDING: 1})}, True),
        ({"cert_padding": key("x", **{PADDING: "1"})}, True),
        ({"cert_padding": key("x", **{PADDING: "0"})}, False),
        ({"cert_padding": key("x", **{PADDING: 0}), "cert_padding_32": key("y", **{PADDING: 1})}, True),
        ({"cert_padding": key("x", None), "cert_padding_32": key("y", **{PADDING: 1})}, True),
        ({"cert_padding": key("x", None)}, None),
        ({"cert_padding_32": key("y", **{PADDING: ["1"]})}, None),
        ({"cert_padding": None}, None),
    ],
)
def test_the_padding_of_signatures(keys: Json, expected: bool | None) -> None:
    facts = facts_of(reading(keys=keys))
    assert facts["cert_padding_check"] is expected
    assert bool(facts["problems"]) is (expected is None)


@pytest.mark.parametrize(
    ("keys", "name", "expected"),
    [
        ({"authroot_policy": key("p", DisableRootAutoUpdate=1)}, "disabled", True),
        ({"authroot_policy": key("p", DisableRootAutoUpdate=0)}, "disabled", False),
        ({"authroot_policy": key("p", None)}, "disabled", None),
        ({"authroot_policy": key("p", DisableRootAutoUpdate="1")}, "disabled", None),
        ({"authroot_update": key("u", RootDirUrl="http://roots.example")}, "source", "http://roots.example"),
        ({"authroot_update": key("u", RootDirUrl=7)}, "source", None),
        ({"authroot_update": key("u")}, "last_sync", None),
        ({"authroot_update": key("u", LastSyncTime=value("00", "Binary"))}, "last_sync", None),
        ({"authroot_update": key("u", LastSyncTime=value("xx", "Binary"))}, "last_sync", None),
        ({"authroot_update": key("u", LastSyncTime=value("ff" * 8, "Binary"))}, "last_sync", None),
    ],
)
def test_whether_windows_fetches_roots(keys: Json, name: str, expected: object) -> None:
    found: Any = facts_of(reading(keys=keys))["root_update"]
    assert found[name] == expected


def test_what_was_not_read_is_not_known_and_named() -> None:
    facts = facts_of(
        reading(
            servicing={"entries": [], "errors": ["Access is denied"]},
            reboot=reboot(windows_update=key("wu", None)),
            keys={f"shared_dlls:0:{UNUSED}": key("no\nroom", None)},
            certificates={**reading()["certificates"], "Root": store(error="Access is denied.")},
            room={"drive": "C:", "free_bytes": None, "error": "not\nready"},
        )
    )
    assert facts["servicing_packages"] is None
    assert facts["problems"] == [
        "reboot: wu: Access is denied",
        "servicing packages: Access is denied",
        "certificates_Root: Access is denied.",
        "shared_dlls: no room: Access is denied",
        "free_bytes: not ready",
    ]
    found = checks(facts)
    assert (found["pending_reboot"].result, found["shared_dlls"].result) == ("undetermined", "warn")
    assert (found["root_certificates"].result, facts["free_bytes"]) == ("undetermined", None)


def test_a_pending_reboot_is_named_by_its_code() -> None:
    renames = reboot(session_manager=key("sm", PendingFileRenameOperations=["\\??\\D:\\dsa\\dsa.exe", ""]))
    found: Any = facts_of(reading(reboot=renames), ["D:\\DSA"])["reboot"]
    assert found["required"] is True
    assert found["reasons"] == ["file_rename_agent: 1 paths of the agent, first d:\\dsa\\dsa.exe"]
    other: Any = facts_of(reading(reboot=renames))["reboot"]
    assert (other["required"], other["reasons"][0].partition(":")[0]) == (False, "file_rename_other")


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(reading())), _JUNK))
def test_junk_never_raises_and_never_passes(junk: Json) -> None:
    facts = facts_of({**reading(), **junk})
    json.dumps(facts)
    found = checks(facts)
    if "keys" in junk:
        assert found["sha2_support"].result == "undetermined"
    if "certificates" in junk:
        assert found["root_certificates"].result == "undetermined"
    if {"keys", "netlogon", "sccm"} & set(junk):
        assert found["pending_reboot"].result == "undetermined"


def test_nothing_known_is_nothing_passed() -> None:
    assert all(check.result in ("warn", "undetermined") for check in checks(facts_of({})).values())


PACKAGE = "SOFTWARE\\Packages\\Package_for_KB4474419"


@pytest.mark.parametrize(
    ("servicing", "expected"),
    [
        ({"entries": [key(PACKAGE, CurrentState=112)], "errors": []}, [("Package_for_KB4474419", 112)]),
        ({"entries": [key(PACKAGE, CurrentState="112")], "errors": []}, [("Package_for_KB4474419", None)]),
        ({"entries": [key(PACKAGE)], "errors": []}, [("Package_for_KB4474419", None)]),
        ({"entries": [key(PACKAGE, CurrentState=112)], "errors": ["x: denied"]}, None),
        ({"entries": None, "errors": []}, None),
        ({}, None),
    ],
)
def test_the_packages_of_servicing(servicing: Json, expected: list[tuple[str, int | None]] | None) -> None:
    found: Any = facts_of(reading(servicing=servicing))["servicing_packages"]
    assert found == (None if expected is None else [{"name": name, "state": state} for name, state in expected])


@pytest.mark.parametrize(
    ("first", "second", "expected", "named"),
    [
        (key("s", **{DLL: 3}), key("s"), 3, False),
        (key("s"), key("s", **{DLL: 2}), 2, False),
        (key("s", **{DLL: 3}), key("s", None), 3, False),
        (key("s", False), key("s"), None, False),
        (key("s", **{DLL: "x"}), key("s"), None, True),
        (key("s", **{DLL: value("0102", "Binary")}), key("s"), None, True),
        (key("s"), key("s", None), None, True),
        (key("s"), None, None, True),
    ],
)
def test_the_users_of_a_library(first: object, second: object, expected: int | None, named: bool) -> None:
    facts: Any = facts_of(reading(keys={f"shared_dlls:0:{DLL}": first, f"shared_dlls:1:{DLL}": second}))
    assert facts["shared_dlls"] == {DLL: expected, UNUSED: None}
    assert any(text.startswith("shared_dlls: ") for text in facts["problems"]) is named


def test_what_a_host_is_to_read() -> None:
    options = precheck_options(["A" * 40], ["KB1"], [DLL, UNUSED])
    assert options["certificates"] == {store: ["A" * 40] for store in ("Root", "AuthRoot", "CA", "Disallowed")}
    assert options["below"]["servicing"]["words"] == ["KB1"] and options["system"] is True
    assert {name: path[1] for name, path in options["keys"].items() if DLL in name} == {
        f"shared_dlls:0:{DLL}": DLL,
        f"shared_dlls:1:{DLL}": DLL,
    }
    # Everything that the facts are made of is read.
    assert {*reading()["keys"], "netlogon"} <= {*options["keys"], *options["below"]}
