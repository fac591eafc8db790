# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible gives as the value of a setting, and what it becomes."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import (
    SETTINGS,
    Settings,
    SettingsErrors,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._windows_readiness import NAMES
from tests.unit.tables import every_combination

SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
PACKAGE = {"version": "20.0.0-6313", "path": "/srv/agent.rpm"}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("dsa_gate", "false", False),
        ("dsa_gate", " No ", False),
        ("dsa_gate", "TRUE", True),
        ("dsa_gate", False, False),
        ("dsa_gate", 0, False),
        ("dsa_diagnostics", "on", True),
        ("dsa_read_timeout", "60", 60),
        ("dsa_read_timeout", 60.0, 60),
        ("dsa_read_timeout", " 60 ", 60),
        ("dsa_manager_max_age", "0.5", 0.5),
        ("dsa_manager_max_age", 2, 2.0),
        ("dsa_failure_budget", "25%", 25),
        ("dsa_failure_budget", 25, 25),
        ("dsa_failure_budget", 0, 0),
        ("dsa_source", " Manager ", "manager"),
        ("dsa_reboot", "IF_REQUIRED", "if_required"),
        ("dsa_role", "relay", "relay"),
        ("dsa_relays", "relay-1, relay-2", ["relay-1", "relay-2"]),
        ("dsa_relays", "relay-1,,", ["relay-1"]),
        ("dsa_relays", "['relay-1']", ["relay-1"]),
        ("dsa_relays", '["relay-1", "relay-2"]', ["relay-1", "relay-2"]),
        ("dsa_relays", "[relay-1]", ["relay-1"]),
        ("dsa_relays", [], []),
        ("dsa_relays", "[]", []),
        ("dsa_relays", ("a", 7), ["a", "7"]),
        ("dsa_precheck_waive", "free_space", ["free_space"]),
        ("dsa_batches", "1,100%", [1, "100%"]),
        ("dsa_batches", "[1, 50%]", [1, "50%"]),
        ("dsa_batches", '["1", "100%"]', [1, "100%"]),
        ("dsa_batches", ["1", "100%"], [1, "100%"]),
        ("dsa_batches", 1, [1]),
        ("dsa_batches", "25%", ["25%"]),
        ("dsa_batches", "10", [10]),
        ("dsa_relay_batches", [1, " 50% "], [1, "50%"]),
        ("dsa_batch_limit", "50", 50),
        ("dsa_target_version", "20.0.0-6313", "20.0.0-6313"),
        ("dsa_target_version", {"windows": "20.0.0-6313", "aix": ""}, {"windows": "20.0.0-6313"}),
        ("dsa_target_version", '{"linux": "20.0.0-6313"}', {"linux": "20.0.0-6313"}),
        ("dsa_reboot_window", "22:00-04:00", ["22:00-04:00"]),
        ("dsa_reboot_window", ["22:00-04:00", "12:00 - 13:00"], ["22:00-04:00", "12:00 - 13:00"]),
        ("dsa_reboot_window", "[22:00-24:00, 12:00-13:00]", ["22:00-24:00", "12:00-13:00"]),
        ("dsa_reboot_timezone", "HOST", "host"),
        ("dsa_reboot_timezone", "utc", "UTC"),
        ("dsa_reboot_timezone", "Asia/Tokyo", "Asia/Tokyo"),
        ("dsa_package_checksums", {"a.rpm": "SHA256:" + SHA.upper(), "b.rpm": ""}, {"a.rpm": SHA}),
        ("dsa_package_checksums", f'{{"a.rpm": "{SHA}"}}', {"a.rpm": SHA}),
        ("dsa_packages", [], []),
        ("dsa_packages", [PACKAGE], [PACKAGE]),
        ("dsa_packages", [{**PACKAGE, "repository": "false", "sha256": ""}], [PACKAGE]),
        (
            "dsa_packages",
            [{"version": "20.0.0-6313", "repository": "true", "os": "linux"}],
            [{"version": "20.0.0-6313", "repository": True, "os": "linux"}],
        ),
        ("dsa_packages", "[{'version': '20.0.0-6313', 'path': '/srv/agent.rpm'}]", [PACKAGE]),
        ("dsa_security_update_filter", {"all": "true"}, {"all": True}),
        ("dsa_security_update_filter", {"policy_id": "3"}, {"policy_id": 3}),
        ("dsa_security_update_trigger", '["-m", "X:true"]', ["-m", "X:true"]),
        ("dsa_hosts", ["web", "!db"], "web,!db"),
        ("dsa_hosts", "[web]", "[web]"),
        ("dsm_url", " https://dsm.example.com:4119 ", "https://dsm.example.com:4119"),
        ("dsm_relay_states", {True: True, 2: False}, {"true": True, "2": False}),
        ("dsa_upgrade_command", " dnf install {file} ", "dnf install {file}"),
        ("dsa_self_protection_password", " secret ", " secret "),
        ("dsa_self_protection_password", 12345678, "12345678"),
    ],
)
def test_a_value_becomes_what_it_means(name: str, value: object, expected: object) -> None:
    parsed = Settings.parse({name: value})[name]
    assert parsed == expected
    assert type(parsed) is type(expected)


@every_combination(name=sorted(Settings.names()), value=["", "  ", "\n", None])
def test_an_empty_survey_field_is_not_set(name: str, value: object) -> None:
    settings = Settings.parse({name: value})
    assert not settings.is_set(name)
    assert settings[name] == Settings()[name]


@pytest.mark.parametrize(
    ("alias", "name", "value"),
    [
        ("dsa_batch", "dsa_batches", [5]),
        ("dsa_relay_batch", "dsa_relay_batches", [5]),
        ("dsa_max_fail_percentage", "dsa_failure_budget", 10),
    ],
)
def test_an_old_name_is_accepted(alias: str, name: str, value: object) -> None:
    for settings in (Settings.parse({alias: value}), Settings({alias: value})):
        assert settings[name] == settings[alias] == value
        assert settings.is_set(name) and settings.is_set(alias)


def test_two_names_of_one_setting_must_agree() -> None:
    assert Settings.parse({"dsa_batch": "5", "dsa_batches": [5]})["dsa_batches"] == [5]
    with pytest.raises(SettingsErrors, match=r"dsa_batches and dsa_batch are two names of one setting"):
        Settings.parse({"dsa_batch": 4, "dsa_batches": [5]})


def test_without_values_there_are_defaults() -> None:
    settings = Settings()
    assert settings["dsa_relays"] is None
    assert settings["dsa_reconnect_timeout"] == 600
    assert (settings["dsa_batches"], settings["dsa_relay_batches"]) == ([1, "10%", "100%"], [1, "100%"])
    assert (settings["dsa_failure_budget"], settings["dsa_batch_limit"]) == (50, 200)
    assert (settings["dsa_relays_complete"], settings["dsa_unknown_variables"]) == (False, "fail")
    assert dict(settings).keys() == SETTINGS.keys()
    settings["dsa_batches"].clear()
    assert Settings()["dsa_batches"]
    with pytest.raises(KeyError):
        settings["dsa_reboott"]
    with pytest.raises(KeyError):
        settings.is_set("dsa_reboott")


def test_a_path_on_the_controller_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert Settings.parse({"dsa_package_dir": "~/dsa"})["dsa_package_dir"] == "/home/me/dsa"
    assert Settings()["dsa_package_cache"] == "/home/me/.cache/deep_security_remediation"
    assert Settings.parse({"dsa_log_folder": "~/dsa"})["dsa_log_folder"] == "~/dsa"


def test_variables_that_are_no_settings_are_not_looked_at() -> None:
    class Touchy(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            assert name in Settings.names()
            return super().__getitem__(name)

    assert Settings.parse(Touchy(ansible_host="{{ undefined }}", dsa_gate="no"))["dsa_gate"] is False


@every_combination(name=[name for name, setting in SETTINGS.items() if setting.default not in (None, [], {})])
def test_a_default_is_a_value_that_could_be_set(name: str) -> None:
    assert Settings.parse({name: SETTINGS[name].default})[name] == Settings()[name]


@every_combination(name=[name for name, setting in SETTINGS.items() if not setting.made])
def test_an_example_is_a_value_that_could_be_set(name: str) -> None:
    Settings.parse({name: SETTINGS[name].example})
    assert SETTINGS[name].example is not None


def test_the_checks_that_can_be_waived_are_those_that_there_are() -> None:
    assert set(SETTINGS["dsa_precheck_waive"].choices) == set(NAMES)
