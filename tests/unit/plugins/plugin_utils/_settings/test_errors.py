# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused as the value of a setting, and how that is put."""

from __future__ import annotations

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import (
    Problem,
    Settings,
    SettingsError,
    SettingsErrors,
    sentences,
)

PACKAGE = {"version": "20.0.0-6313", "path": "/srv/agent.rpm"}


def problem_of(name: str, value: object) -> str:
    with pytest.raises(SettingsErrors) as caught:
        Settings.parse({name: value}, "web-1")
    (problem,) = caught.value.problems
    assert (problem.variable, problem.host) == (name, "web-1")
    assert problem.text.startswith(name)
    return problem.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dsa_gate", "ture"),
        ("dsa_gate", 2),
        ("dsa_gate", 1.0),
        ("dsa_gate", []),
        ("dsa_read_timeout", 0),
        ("dsa_read_timeout", "-1"),
        ("dsa_read_timeout", "1.5"),
        ("dsa_read_timeout", True),
        ("dsa_read_timeout", "1e3"),
        ("dsa_read_timeout", float("inf")),
        ("dsa_manager_max_age", "nan"),
        ("dsa_manager_max_age", float("nan")),
        ("dsa_manager_max_age", -1),
        ("dsa_failure_budget", 101),
        ("dsa_failure_budget", "half"),
        ("dsa_source", "mangaer"),
        ("dsa_source", True),
        ("dsa_reboot", "sometimes"),
        ("dsa_unknown_variables", "ignore"),
        ("dsa_relays", {"a": 1}),
        ("dsa_relays", [["a"]]),
        ("dsa_relays", "[a"),
        ("dsa_report_roles", ["relais"]),
        ("dsa_precheck_waive", "everything"),
        ("dsa_batches", "abc"),
        ("dsa_batches", []),
        ("dsa_batches", ","),
        ("dsa_batches", 0),
        ("dsa_batches", "0%"),
        ("dsa_batches", "101%"),
        ("dsa_batches", -1),
        ("dsa_batches", 1.5),
        ("dsa_batches", True),
        ("dsa_batches", [[1]]),
        ("dsa_batches", "[1, 50%"),
        ("dsa_batch_limit", 0),
        ("dsa_target_version", 20.0),
        ("dsa_target_version", 20),
        ("dsa_target_version", ["20.0.0-6313"]),
        ("dsa_target_version", {"windows": 20.0}),
        ("dsa_target_version", "{windows: 20.0}"),
        ("dsa_reboot_window", "22-04"),
        ("dsa_reboot_window", "25:00-04:00"),
        ("dsa_reboot_window", "22:00-22:00"),
        ("dsa_reboot_window", "22:00-24:01"),
        ("dsa_reboot_window", 22),
        ("dsa_reboot_timezone", "Asia/Edo"),
        ("dsa_reboot_timezone", "Asia"),
        ("dsa_reboot_timezone", "../etc"),
        ("dsa_reboot_timezone", "\ud800"),
        ("dsa_package_checksums", {"a.rpm": "abc"}),
        ("dsa_package_checksums", {"a.rpm": 1}),
        ("dsa_package_checksums", "abc"),
        ("dsa_packages", "a.rpm"),
        ("dsa_packages", PACKAGE),
        ("dsa_packages", ["a.rpm"]),
        ("dsa_packages", [{"version": "20.0.0-6313"}]),
        ("dsa_packages", [{**PACKAGE, "url": "https://example.com/a.rpm"}]),
        ("dsa_packages", [{**PACKAGE, "version": 20.0}]),
        ("dsa_packages", [{"path": "/srv/agent.rpm"}]),
        ("dsa_packages", [{**PACKAGE, "ach": "x86_64"}]),
        ("dsa_packages", [{**PACKAGE, "sha256": "abc"}]),
        ("dsa_packages", [{"version": "20.0.0-6313", "repository": "ture"}]),
        ("dsa_security_update_filter", {}),
        ("dsa_security_update_filter", {"all": True, "policy_id": 3}),
        ("dsa_security_update_filter", {"policy": 3}),
        ("dsa_security_update_success_regex", "("),
        ("dsa_windows_signer", "("),
        ("dsa_windows_signer", ["O=Us"]),
        ("dsm_url", "dsm.example.com"),
        ("dsm_url", "https://"),
        ("dsm_url", "https://["),
        ("dsm_minimum_version", 20.0),
        ("dsm_installer_checksum", "abc"),
        ("dsm_computer", "web-1"),
    ],
)
def test_a_value_that_cannot_be_meant_is_an_error(name: str, value: object) -> None:
    assert len(problem_of(name, value)) < 500


@pytest.mark.parametrize(
    ("name", "value", "parts"),
    [
        ("dsa_source", "mangaer", ("'mangaer'", "host, manager or both")),
        ("dsa_gate", "ture", ("'ture'", "true or false")),
        ("dsa_read_timeout", 0, ("0", "a whole number, at least 1")),
        ("dsa_packages", [{**PACKAGE, "sha256": "abc"}], ("dsa_packages[0].sha256", "'abc'", "64 hexadecimal digits")),
        ("dsa_target_version", {"windows": 20.0}, ("dsa_target_version.windows", "20.0", "in quotes")),
        ("dsa_batch", "abc", ("dsa_batch is", "[1, 10%, 100%]")),
        ("dsm_installer_checksum", "x" * 1000, ("(1000 characters)",)),
    ],
)
def test_an_error_names_the_variable_the_value_and_the_remedy(name: str, value: object, parts: tuple[str, ...]) -> None:
    text = problem_of(name, value)
    for part in parts:
        assert part in text


def test_all_problems_of_a_host_come_at_once() -> None:
    values = {
        "dsa_gate": "ture",
        "dsa_batch": "abc",
        "dsa_reboot": "sometimes",
        "dsa_read_timeout": 20,
        "other": object(),
    }
    with pytest.raises(SettingsErrors) as caught:
        Settings.parse(values, "web-1")
    assert [problem.variable for problem in caught.value.problems] == ["dsa_gate", "dsa_batch", "dsa_reboot"]
    assert isinstance(caught.value, SettingsError)
    for name in ("dsa_gate", "dsa_batch", "dsa_reboot"):
        assert name in str(caught.value)


def test_a_problem_that_hosts_share_is_one_sentence() -> None:
    problems: list[Problem] = []
    for number in range(5):
        with pytest.raises(SettingsErrors) as caught:
            Settings.parse({"dsa_reboot": "sometimes"}, f"web-{number}")
        problems.extend(caught.value.problems)
    (sentence,) = sentences(problems)
    assert sentence.endswith("(hosts web-0, web-1, web-2 and 2 more)")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dsa_self_protection_password", ["pass phrase"]),
        ("dsa_self_protection_password", {"pass phrase": 1}),
        ("dsm_api_key", ["pass phrase"]),
        ("dsm_password", ["pass phrase"]),
        ("dsa_activation", {"pass phrase": 1}),
        ("dsa_activation", "[pass phrase"),
        ("dsm_url", "htp://user:pass phrase@dsm"),
        ("dsm_url", "htp://user:pass/phrase@dsm"),
        ("dsm_url", "htp://user:pass%20phrase@dsm/" + "x" * 200),
        ("dsa_packages", ["https://user:pass%20phrase@example.com/a.rpm"]),
        ("dsa_packages", [{**PACKAGE, "url": "https://example.com/a.rpm?token=pass+phrase"}]),
    ],
)
def test_a_secret_is_never_shown(name: str, value: object) -> None:
    text = problem_of(name, value)
    assert "phrase" not in text
    assert "pass p" not in repr(Settings({name: "pass phrase"}))


def test_an_inline_vault_is_decrypted_or_named() -> None:
    class Vaulted:
        __ENCRYPTED__ = True

        def __str__(self) -> str:
            return "phrase"

    class Locked(Vaulted):
        def __str__(self) -> str:
            raise RuntimeError("no vault secrets")

    assert Settings.parse({"dsm_api_key": Vaulted()})["dsm_api_key"] == "phrase"
    assert "cannot be decrypted" in problem_of("dsm_api_key", Locked())
