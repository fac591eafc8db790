# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each row of the tables about Windows itself: SHA-2 code signing, and Azure Code Signing."""

from __future__ import annotations

from typing import Any

import pytest

from .sample import checks, host, result, shipped

SHA2, ACS = "sha2_support", "azure_code_signing_support"


def package(name: str, state: Any = 112) -> dict[str, Any]:
    return {"name": name, "state": state}


def update(number: str, version: str = "6.1.3.2") -> str:
    return f"Package_for_{number}~31bf3856ad364e35~amd64~~{version}"


def rollup(version: str) -> str:
    return f"Package_for_RollupFix~31bf3856ad364e35~amd64~~{version}"


def old(build: int, nt_version: str, packages: Any, **more: Any) -> dict[str, Any]:
    return host(build=build, nt_version=nt_version, ubr=None, servicing_packages=packages, **more)


def seven(*packages: dict[str, Any]) -> dict[str, Any]:
    return old(7601, "6.1", list(packages))


# --- Azure Code Signing: Windows 10 and later by build and update revision --------------------------------------------

MINIMUM = {
    20348: 261,
    19044: 1586,
    19043: 1266,
    19042: 1266,
    19041: 1266,
    18363: 1830,
    17763: 2213,
    14393: 4704,
    10240: 19086,
}


@pytest.mark.parametrize("build", MINIMUM)
def test_the_revision_counts_within_its_build(build: int) -> None:
    minimum = MINIMUM[build]
    for ubr, expected in ((0, "fail"), (minimum - 1, "fail"), (minimum, "pass"), (minimum + 1, "pass")):
        check = checks(host(build=build, ubr=ubr))[ACS]
        assert check.result == expected, (build, ubr)
        assert f"{build}.{minimum}" in check.reason
        assert f"{build}.{ubr}" in check.evidence
    assert result(ACS, host(build=build, ubr=None)) == "undetermined"


def test_no_row_stands_for_another() -> None:
    """20348 is more than 19045 and 19044, which is no reason to pass."""
    assert result(ACS, host(build=20348, ubr=260)) == "fail"
    assert result(ACS, host(build=19044, ubr=1266)) == "fail"
    assert result(ACS, host(build=18363, ubr=1829)) == "fail"
    assert result(ACS, host(build=10240, ubr=4704)) == "fail"


@pytest.mark.parametrize("build", [19045, 20349, 22000, 22621, 25398, 26100, 99999])
@pytest.mark.parametrize("ubr", [None, 0, 1])
def test_native_builds(build: int, ubr: int | None) -> None:
    assert result(ACS, host(build=build, ubr=ubr)) == "pass"


@pytest.mark.parametrize(
    "build",
    [
        *(10586, 15063, 16299, 17134, 18362),  # 1511, 1703, 1709, 1803, 1903
        *(2195, 2600, 3790),  # 2000, XP, 2003
        *(17764, 19046, 20347, 7600),
    ],
)
@pytest.mark.parametrize("ubr", [None, 99999])
def test_builds_that_no_update_helps(build: int, ubr: int | None) -> None:
    assert result(ACS, host(build=build, ubr=ubr)) == "fail"


def test_the_remedy_names_the_update() -> None:
    assert "KB5006669" in checks(host(build=14393, ubr=1))[ACS].remedy


def test_doubtful_numbers_are_called_doubtful() -> None:
    assert "2210" in checks(host(build=17763, ubr=2210))[ACS].evidence
    assert "2210" in checks(host(build=17763, ubr=2237))[ACS].evidence
    for check in (ACS, SHA2):
        assert "not from Microsoft" in checks(seven(package(rollup("7601.25740.1.12"))))[check].evidence


def test_an_update_that_waits_for_a_reboot_does_not_show() -> None:
    waiting = {"required": True, "reasons": ["component_based_servicing: packages wait"]}
    assert "Reboot" in checks(host(build=14393, ubr=1, reboot=waiting))[ACS].remedy
    assert "Reboot" not in checks(host(build=14393, ubr=1))[ACS].remedy
    assert checks(host(build=14393, ubr=4704, reboot=waiting))[ACS].remedy == ""


# --- Azure Code Signing: before Windows 10 by update packages ---------------------------------------------------------

OLD = {
    9600: ("6.3", "KB5006714", "KB5006729"),
    9200: ("6.2", "KB5006739", "KB5006732"),
    7601: ("6.1", "KB5006743", "KB5006728"),
    6003: ("6.0", "KB5006736", "KB5006715"),
}


@pytest.mark.parametrize("build", OLD)
def test_old_windows_by_its_updates(build: int) -> None:
    nt_version, *updates = OLD[build]
    others = [number for row, (dummy, *numbers) in OLD.items() if row != build for number in numbers]
    for number in updates:
        check = checks(old(build, nt_version, [package(update(number))]))[ACS]
        assert (check.result, number in check.evidence) == ("pass", True)
        assert result(ACS, old(build, nt_version, [package(update(number), 80)])) == "undetermined"
        assert result(ACS, old(build, nt_version, [package(update(number), None)])) == "undetermined"
        assert result(ACS, old(build, nt_version, [package(update(number + "1"))])) == "fail", "another number"
    assert result(ACS, old(build, nt_version, [package(update(number)) for number in others])) == "fail"
    assert result(ACS, old(build, nt_version, [])) == "fail"
    assert result(ACS, old(build, nt_version, None)) == "undetermined"


@pytest.mark.parametrize(
    ("build", "version", "expected"),
    [
        (7601, "7601.25739.1.1", "fail"),
        (7601, "7601.25740.1.12", "pass"),
        (7601, "7601.25741.1.0", "pass"),
        (7601, "7601.100000.1.0", "pass"),  # as a number, not as a text
        (7601, "7601.9999.1.0", "fail"),
        (7601, "9600.25740.1.0", "undetermined"),  # another build's: not comparable
        (7601, "1.0", "undetermined"),
        (7601, "", "undetermined"),
        (7601, "7601.x.1", "undetermined"),
        # From which revision on is not known.
        (9600, "9600.99999.1.0", "undetermined"),
        (9200, "9200.99999.1.0", "undetermined"),
        (6003, "6003.99999.1.0", "undetermined"),
    ],
)
def test_old_windows_by_its_rollup(build: int, version: str, expected: str) -> None:
    assert result(ACS, old(build, OLD[build][0], [package(rollup(version))])) == expected


def test_a_rollup_that_is_not_installed_proves_nothing() -> None:
    assert result(ACS, seven(package(rollup("7601.25740.1.12"), 64))) == "undetermined"
    assert result(ACS, seven(package(rollup("7601.1.1.12"), 64))) == "fail"


def test_one_proof_is_enough() -> None:
    both = seven(package(rollup("7601.1.1.1")), package(update("KB5006743"), 80), package(rollup("7601.26000.1.1")))
    assert result(ACS, both) == "pass"


# --- SHA-2 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", [9200, 9600, 10240, 14393, 17763, 20348, 26100])
def test_sha2_is_native_from_windows_8_on(build: int) -> None:
    assert result(SHA2, host(build=build, ubr=None, servicing_packages=None)) == "pass"


@pytest.mark.parametrize("build", [7601, 6003])
@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([update("KB4474419")], "pass"),
        (["Package_3_for_KB4474419~31bf3856ad364e35~amd64~~6.0.4.0"], "pass"),
        ([update("KB4474419", "6.1.1.0")], "pass"),
        ([update("KB4490628"), update("KB4474419")], "pass"),
        ([update("KB4493730"), update("KB4474419")], "pass"),
        ([update("KB4490628")], "fail"),  # it lets updates install and signs nothing
        ([update("KB4493730")], "fail"),
        ([update("KB2949927")], "fail"),  # withdrawn
        ([update("KB44744190")], "fail"),
        ([], "fail"),
    ],
)
def test_sha2_by_updates(build: int, names: list[str], expected: str) -> None:
    assert result(SHA2, old(build, OLD[build][0], [package(name) for name in names])) == expected


def test_sha2_earlier_updates_leave_it_open() -> None:
    assert result(SHA2, seven(package(update("KB3033929")))) == "undetermined"
    assert result(SHA2, old(6003, "6.0", [package(update("KB4039648"))])) == "undetermined"


def test_sha2_unknown_state_or_packages() -> None:
    assert result(SHA2, seven(package(update("KB4474419"), 80))) == "undetermined"
    assert result(SHA2, seven(package(update("KB4474419"), "112"))) == "undetermined"
    assert result(SHA2, seven({"name": None, "state": 112})) == "undetermined"
    assert result(SHA2, old(7601, "6.1", None)) == "undetermined"
    assert result(SHA2, old(7601, "6.1", "KB4474419")) == "undetermined"


@pytest.mark.parametrize(
    ("version", "expected"),
    [("7601.25740.1.12", "pass"), ("7601.30000.1.1", "pass"), ("7601.24000.1.1", "undetermined")],
)
def test_sha2_superseded_by_a_rollup(version: str, expected: str) -> None:
    """The revision of the first rollup with it is not known, so an older one than that of 2021 leaves it open."""
    assert result(SHA2, seven(package(rollup(version)))) == expected


def test_what_needed_sha2_to_install_proves_it() -> None:
    assert result(SHA2, seven(package(update("KB5006728")))) == "pass"
    assert result(SHA2, old(6003, "6.0", [package(update("KB5006715"))])) == "pass"


@pytest.mark.parametrize("version", ["5.0", "5.1", "5.2", "10.0", "", None, 6.1])
def test_sha2_on_windows_that_the_lists_do_not_know(version: Any) -> None:
    assert result(SHA2, old(3790, version, [package(update("KB4474419"))])) == "undetermined"


def test_remedies_name_both_updates() -> None:
    remedy = checks(seven())[SHA2].remedy
    assert "KB4490628" in remedy
    assert "KB4474419" in remedy
    assert "KB4493730" in checks(old(6003, "6.0", []))[SHA2].remedy


@pytest.mark.parametrize("build", [None, 0, -1, True, "17763", 17763.0, [17763]])
def test_an_unknown_build_is_undetermined(build: Any) -> None:
    facts = host(build=build)
    assert result(SHA2, facts) == "undetermined"
    assert result(ACS, facts) == "undetermined"


@pytest.mark.parametrize("ubr", [True, "9999", -1, 2213.0])
def test_an_unreadable_revision_is_undetermined(ubr: Any) -> None:
    assert result(ACS, host(build=17763, ubr=ubr)) == "undetermined"


def test_the_module_is_asked_for_what_is_judged() -> None:
    words = shipped().servicing_packages()
    assert {"KB4474419", "KB3033929", "KB4039648", "RollupFix"} <= set(words)
    assert {number for dummy, *numbers in OLD.values() for number in numbers} <= set(words)
    assert "KB2949927" not in words
    assert len(words) == len(set(words))
