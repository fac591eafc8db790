# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which host the Manager is queried for, and with which options."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.manager import manager_hosts, query
from tests.builders import parsed
from tests.unit.controller import Controller

URL = "https://dsm.example.com:4119"
KEY: dict[str, t.Any] = {"dsm_url": URL, "dsm_api_key": "k"}
USER: dict[str, t.Any] = {"dsm_url": URL, "dsm_username": "u", "dsm_password": "p"}


@pytest.mark.parametrize(
    ("settings", "version", "events"),
    [(KEY, ["b"], []), (USER, [], ["b"]), ({**KEY, **USER}, ["b"], ["b"]), ({"dsm_url": URL}, [], []), ({}, [], [])],
    ids=["key", "user", "both", "neither", "nothing"],
)
def test_one_host_that_names_the_manager_stands_for_all(
    controller: Controller, settings: dict[str, t.Any], version: list[str], events: list[str]
) -> None:
    run = controller.inventory({"a": {}, "b": settings, "c": settings}).begin()
    assert (manager_hosts(run, "version"), manager_hosts(run, "events")) == (version, events)
    run.fail("something is wrong")
    assert manager_hosts(run, "version") == []


def test_a_host_outside_the_scope_does_not_name_the_manager(controller: Controller) -> None:
    """A limit leaves out what it leaves out, with its credentials."""
    controller.inventory({"a": KEY, "b": {}}).command_line(subset="b")
    assert manager_hosts(controller.begin(), "version") == []


def test_the_key_may_come_from_the_environment(controller: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSM_API_KEY", "k")
    assert manager_hosts(controller.inventory({"a": {"dsm_url": URL}}).begin(), "version") == ["a"]


def test_the_options_are_the_settings_that_are_set() -> None:
    settings = parsed({**KEY, **USER, "dsm_validate_certs": False, "dsm_use_proxy": False, "dsm_ca_path": "/ca.pem"})
    shared = {"url": URL, "ca_path": "/ca.pem", "validate_certs": False, "use_proxy": False}
    assert query("version", settings) == ("dsm_info", {**shared, "api_key": "k"})
    assert query("events", settings) == ("dsm_event_info", {**shared, "username": "u", "password": "p"})
    assert query("version", parsed(KEY)) == ("dsm_info", {"url": URL, "api_key": "k"})
