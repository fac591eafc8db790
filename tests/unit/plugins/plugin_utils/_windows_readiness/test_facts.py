# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From raw readings of win_dsa_precheck_info to facts: what was not read is not known, and is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._windows_readiness import facts_of
from tests.unit.plugins.plugin_utils._record.windows_reading import WINDOWS, key, reboot, value

from .sample import MIB, RECOMMENDED, REQUIRED, checks, host

Json = dict[str, Any]
PADDING = "EnableCertPaddingCheck"


def reading(**more: Any) -> Json:
    """A host that is ready, raw."""
    keys = {
        "windows": {**WINDOWS["windows"]},
        "environment": WINDOWS["environment"],
        "authroot_policy": key("authroot_policy", False),
        "authroot_update": key("authroot_update", LastSyncTime=value("00008192b17adc01", "Binary")),
        "cert_padding": key("cert_padding", False),
        "cert_padding_32": key("cert_padding_32", False),
        **more.pop("keys", {}),
    }
    return {
        "keys": keys,
        "servicing": {"packages": [], "error": None},
        "certificates": {
            "Root": list(REQUIRED.values()),
            "AuthRoot": list(RECOMMENDED.values()),
            "CA": [],
            "Disallowed": [],
        },
        "shared_dlls": {"C:\\Windows\\System32\\msvcp140.dll": 2, "C:\\Windows\\System32\\concrt140.dll": None},
        "drive": "C:",
        "free_bytes": 50_000 * MIB,
        "reboot": reboot(),
        "problems": [],
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
            servicing={"packages": [], "error": "Access is denied"},
            reboot=reboot(windows_update=key("wu", None)),
            problems=[{"source": "shared_dlls", "text": "no\nroom"}],
        )
    )
    assert facts["servicing_packages"] is None
    assert facts["problems"] == [
        "shared_dlls: no room",
        "reboot: wu: Access is denied",
        "servicing packages: Access is denied",
    ]
    found = checks(facts)
    assert (found["pending_reboot"].result, found["shared_dlls"].result) == ("undetermined", "warn")


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
    if "reboot" in junk:
        assert found["pending_reboot"].result == "undetermined"


def test_nothing_known_is_nothing_passed() -> None:
    assert all(check.result in ("warn", "undetermined") for check in checks(facts_of({})).values())
