# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of the host, waivers, and what the operator reads."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SettingsError
from ansible_collections.deep_security.remediation.plugins.plugin_utils._windows_readiness import (
    NAMES,
    blocking,
    explain,
    judge,
)

from .sample import MIB, REQUIRED, checks, host, result, shipped

REBOOT = "pending_reboot"
NOISE = "file_rename_other: 2 files of other programs, first C:\\x"
ALWAYS_PENDING = [
    "component_based_servicing: 1",
    "windows_update: 1",
    "server_manager: 1",
    "computer_rename: a to b",
    "sccm: client",
    "file_rename_agent: 1 files of the agent, first C:\\y",
    "something_new: 1",
]


def test_a_host_that_is_ready() -> None:
    assert {check.result for check in checks(host()).values()} == {"pass"}


# --- reboot -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ALWAYS_PENDING)
@pytest.mark.parametrize(("policy", "expected"), [("never", "fail"), ("if_required", "warn"), ("always", "warn")])
def test_a_pending_reboot(reason: str, policy: str, expected: str) -> None:
    for reasons in ([reason], [NOISE, reason]):
        facts = host(reboot={"required": True, "reasons": reasons})
        check = checks(facts, reboot_policy=policy)[REBOOT]
        assert check.result == expected
        assert reason.partition(":")[0] in check.reason
        assert reason.partition(":")[0] in check.evidence
        assert ("dsa_reboot" in check.remedy) == (expected == "fail")


@pytest.mark.parametrize("policy", ["never", "if_required", "always"])
def test_renames_of_others_never_stop_anything(policy: str) -> None:
    facts = host(reboot={"required": False, "reasons": [NOISE]})
    assert result(REBOOT, facts, reboot_policy=policy) == "warn"


@pytest.mark.parametrize(
    ("reboot", "expected"),
    [
        ({"required": False, "reasons": []}, "pass"),
        ({"required": True, "reasons": []}, "fail"),
        ({"required": True, "reasons": [NOISE]}, "fail"),  # it does not follow from the reason, so there is another
        ({"required": False, "reasons": ["windows_update: 1"]}, "fail"),
        ({"required": None, "reasons": ["windows_update: 1"]}, "fail"),
        ({"required": None, "reasons": []}, "undetermined"),
        ({"required": None, "reasons": [NOISE]}, "undetermined"),
        ({"required": "no", "reasons": []}, "undetermined"),
        ({"required": 0, "reasons": []}, "undetermined"),
        ({"required": False, "reasons": None}, "undetermined"),
        ({"required": False, "reasons": [7]}, "undetermined"),
        ({"required": False}, "undetermined"),
        ({}, "undetermined"),
        (None, "undetermined"),
        ([], "undetermined"),
    ],
)
def test_what_the_host_says_about_a_reboot(reboot: Any, expected: str) -> None:
    assert result(REBOOT, host(reboot=reboot)) == expected


@pytest.mark.parametrize("policy", ["", "sometimes", None, True])
def test_a_policy_that_does_not_exist(policy: Any) -> None:
    with pytest.raises(SettingsError, match=r"dsa_reboot is .* never, if_required, always"):
        judge(host(), shipped(), reboot_policy=policy)


# --- space, shared files, padding -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        (0, "fail"),
        (1024 * MIB - 1, "fail"),
        (1024 * MIB, "pass"),
        (10**15, "pass"),
        (None, "undetermined"),
        (-1, "undetermined"),
        (True, "undetermined"),
        ("99999999999", "undetermined"),
    ],
)
def test_free_space(free: Any, expected: str) -> None:
    assert result("free_space", host(free_bytes=free)) == expected


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"a.dll": 2}, "pass"),
        ({"a.dll": 9, "b.dll": 2}, "pass"),
        ({"a.dll": None}, "pass"),  # nobody registered it, so nothing is counted down
        ({"a.dll": 1}, "warn"),
        ({"a.dll": 2, "b.dll": 1}, "warn"),
        ({"a.dll": None, "b.dll": 1}, "warn"),
        ({"a.dll": 0}, "warn"),
        ({"a.dll": "2"}, "warn"),
        ({"a.dll": -1}, "warn"),
        ({}, "warn"),
        (None, "warn"),
        (["a.dll"], "warn"),
    ],
)
def test_shared_files_never_stop_an_upgrade(counts: Any, expected: str) -> None:
    assert result("shared_dlls", host(shared_dlls=counts)) == expected


def test_shared_files_that_the_reader_could_not_look_up() -> None:
    facts = host(shared_dlls={"a.dll": None, "b.dll": 2}, problems=["shared_dlls: access is denied"])
    check = checks(facts)["shared_dlls"]
    assert (check.result, "a.dll" in check.evidence, "b.dll" in check.evidence) == ("warn", True, False)


@pytest.mark.parametrize(("value", "expected"), [(False, "pass"), (True, "warn"), (None, "warn"), (0, "warn")])
def test_the_padding_check_is_reported_only(value: Any, expected: str) -> None:
    assert result("certificate_padding_check", host(cert_padding_check=value)) == expected


# --- waivers ----------------------------------------------------------------------------------------------------------

# Facts with which each check that can stop an upgrade does so, in both ways.
STOPPED: dict[str, list[dict[str, Any]]] = {
    "sha2_support": [
        host(build=7601, nt_version="6.1", servicing_packages=[]),
        host(build=7601, nt_version="6.1", servicing_packages=None),
    ],
    "azure_code_signing_support": [host(build=17763, ubr=1), host(build=17763, ubr=None)],
    "root_certificates": [
        host(certificates={"Root": [], "AuthRoot": [], "Disallowed": []}),
        host(certificates=None),
    ],
    "pending_reboot": [host(reboot={"required": True, "reasons": ["sccm: 1"]}), host(reboot=None)],
    "free_space": [host(free_bytes=1), host(free_bytes=None)],
}


@pytest.mark.parametrize("name", STOPPED)
def test_a_waiver_opens_one_check_and_no_other(name: str) -> None:
    for facts, expected in zip(STOPPED[name], ("fail", "undetermined"), strict=True):
        plain, waived = checks(facts)[name], checks(facts, waived=[name])[name]
        assert (plain.result, plain.waived) == (expected, False)
        assert (waived.result, waived.waived) == (expected, True), "a waiver does not hide what was found"
        assert plain in blocking(judge(facts, shipped()))
        others = [other for other in NAMES if other != name]
        assert name not in [check.name for check in blocking(judge(facts, shipped(), waived=[name]))]
        assert checks(facts, waived=others)[name] == plain


def test_a_waiver_of_what_is_well_changes_nothing() -> None:
    assert not any(check.waived for check in checks(host(), waived=NAMES).values())


def test_a_waiver_may_be_a_text_with_commas() -> None:
    facts = host(free_bytes=1, reboot=None)
    assert not blocking(judge(facts, shipped(), waived="free_space, pending_reboot"))


@pytest.mark.parametrize("waived", [["free_spaces"], "free_space,nothing", ["FREE_SPACE"]])
def test_a_waiver_of_no_check_is_an_error_that_lists_the_names(waived: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        judge(host(), shipped(), waived=waived)
    for name in NAMES:
        assert name in str(caught.value)


# --- what the operator reads ----------------------------------------------------------------------------------------


def test_nothing_to_explain() -> None:
    assert explain(judge(host(), shipped())) == ""


def test_one_line_says_what_is_missing_and_how_to_get_it() -> None:
    facts = host(
        build=17763,
        ubr=1,
        certificates={"Root": [], "AuthRoot": [], "Disallowed": []},
        free_bytes=24 * MIB,
        reboot={"required": True, "reasons": ["sccm: line\nbreak"]},
    )
    lines = explain(judge(facts, shipped())).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "azure_code_signing_support",
        "root_certificates",
        "pending_reboot",
        "free_space",
    ]
    assert "KB5005625" in lines[0]
    assert all(name in lines[1] for name in REQUIRED)
    assert "dsa_reboot" in lines[2]
    assert "1000 MiB" in lines[3]


def test_what_could_not_be_read_says_why_and_how_to_go_on() -> None:
    check = checks(host(free_bytes=None, problems=["drive: access is denied"]))["free_space"]
    assert "access is denied" in check.evidence
    assert "dsa_precheck_waive" in check.remedy
