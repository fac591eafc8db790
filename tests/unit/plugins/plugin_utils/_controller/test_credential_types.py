# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credential types: AWX accepts them, and what a job finds of them are settings and options that there are."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ansible_collections.deep_security.remediation.plugins.inventory import dsm
from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller.credential_types import TYPES
from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller.inputs import inputs_of, secrets_of
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SETTINGS, Settings
from tests.awx_stub.store import Store

GIVEN = {
    "dsm_url": "https://dsm.example.com:4119",
    "dsm_api_key": "k3y-of-the-manager",
    "dsm_username": "auditor",
    "dsm_password": "p4ss-of-the-user",
    "dsa_self_protection_password": "p4ss-of-the-agent",
    "dsa_report_to": [
        {"url": "https://store.example.com/dsa/", "username": "dsa", "password": "p4ss-of-the-store"},
        {"directory": "/srv/dsa", "host": "store-1"},
    ],
    "dsa_packages": [{"version": "20.0.0-6313", "url": "https://u:p4ss-of-the-files@files.example.com/agent.deb"}],
}


def injected(key: str, inputs: dict[str, str]) -> dict[str, dict[str, str]]:
    """What a job finds, as AWX renders it: a field that was left out is not defined."""
    environment = ImmutableSandboxedEnvironment()
    names: dict[str, Any] = {**inputs, "tower": {"filename": "/runner/env/tmp1"}}
    injectors = TYPES[key]["injectors"]
    return {
        group: {name: environment.from_string(text).render(names) for name, text in items.items()}
        for group, items in injectors.items()
    }


@pytest.mark.parametrize("key", TYPES)
def test_awx_accepts_the_type_and_a_credential_of_it(key: str) -> None:
    store = Store()
    made = store.create("credential_types", {"name": key, "kind": "cloud", **TYPES[key]})
    inputs = inputs_of(Settings.parse(GIVEN), str)[key]
    credential = store.create(
        "credentials", {"name": key, "organization": 1, "credential_type": made["id"], "inputs": inputs}
    )
    shown = json.dumps(store.shown("credentials", credential))
    assert not [secret for secret in secrets_of(Settings.parse(GIVEN)) if secret in shown]


@pytest.mark.parametrize("key", TYPES)
def test_what_a_job_finds_is_what_was_given(key: str) -> None:
    settings = Settings.parse(GIVEN)
    found = injected(key, inputs_of(settings, str)[key])
    parsed = Settings.parse(found["extra_vars"])
    for name in found["extra_vars"]:
        assert name in SETTINGS
        assert parsed[name] == settings[name]


def test_a_ca_is_a_file_of_the_job_and_without_one_there_is_no_path() -> None:
    settings = Settings.parse({**GIVEN, "dsm_ca_path": "/etc/pki/dsm.pem", "dsa_package_ca_path": "/etc/pki/files.pem"})
    for key, variable in (
        ("manager", "dsm_ca_path"),
        ("manager_nodes", "dsm_ca_path"),
        ("packages", "dsa_package_ca_path"),
    ):
        with_ca = injected(key, inputs_of(settings, lambda path: f"content of {path}")[key])
        assert with_ca["extra_vars"][variable] == "/runner/env/tmp1"
        assert with_ca["file"]["template"].startswith("content of /etc/pki/")
        assert injected(key, inputs_of(Settings.parse(GIVEN), str)[key])["extra_vars"][variable] == ""


def test_the_inventory_plugin_reads_the_environment_that_is_injected() -> None:
    options = yaml.safe_load(dsm.DOCUMENTATION)["options"]
    read = {each["name"] for option in options.values() for each in option.get("env", [])}
    assert set(TYPES["manager"]["injectors"]["env"]) <= read


def test_a_credential_without_what_it_requires_is_not_made() -> None:
    assert set(inputs_of(Settings.parse({"dsm_api_key": "k3y-of-the-manager"}), str)) == {"manager_nodes"}
    assert inputs_of(Settings.parse({"dsm_username": "auditor"}), str) == {}
