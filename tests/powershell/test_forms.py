# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Windows modules in what the oldest and the newest ansible-core send: two forms of payload, two Ansible.Basic."""

from __future__ import annotations

import json
import typing as t

import pytest

from .test_upgrade_steps import NOTE, OFF, ON, package
from .windows import Program, Windows

pytestmark = pytest.mark.matrix


def test_a_reading_in_one_part_more_than_win_ping_at_most(host: Windows) -> None:
    """ansible-core sends parts of 200,000 bytes, of which the wrapper of 2.19 and newer fills most of the first."""
    payload = host.payload("win_dsa_info")
    assert len(payload) < (200_000 if b'"powershell_modules"' in payload else 240_000)
    found = host.module("win_dsa_info")["reading"]
    assert found["programs"]["dsa"]["version"] == "20.0.0.5995" and found["clock"]["error"] is None
    assert "PluginVersion.core: 20.0.0-5995\n" in found["commands"]["dsa_query"]["out"]


def test_an_upgrade_lowers_and_raises(host: Windows) -> None:
    begun = host.upgrade("begin", **package(host), note=NOTE, self_protection=True)
    ended = host.upgrade("end", note={"phase": "update_pending"})
    assert (begun["self_protection"], ended["self_protection"], host.acts()) == ("off", "on", [OFF, ON])
    assert host.read_note() == {**NOTE, "phase": "update_pending"}


def test_a_step_that_fails_states_self_protection(host: Windows) -> None:
    host.write_note(phase="upgrading", self_protection="off")
    host.control_answer = Program("HTTP Status: 403 - Forbidden\r\n")
    result = host.upgrade("restart", self_protection_password="pa55-w0rd")
    assert (result["failed"], result["self_protection"]) == (True, "off")
    assert "pa55-w0rd" not in json.dumps(result)


@pytest.mark.parametrize(
    "wrong", [{"timeout": "soon"}, {"unknown": 1}, {"arguments": ["-a", None, "s3cr3t9"]}], ids=str
)
def test_an_option_that_is_refused_shows_no_argument(host: Windows, wrong: dict[str, t.Any]) -> None:
    result = host.module("win_dsa_control", **{"arguments": ["-a", "token:s3cr3t9"], "password": "pa55-w0rd", **wrong})
    assert result["failed"] is True
    assert "s3cr3t9" not in json.dumps(result) and "pa55-w0rd" not in json.dumps(result)


@pytest.mark.parametrize("step", [None, "", "other"])
def test_a_step_that_is_none_does_nothing(host: Windows, step: str | None) -> None:
    assert host.module("win_dsa_security_update", step=step)["failed"] is True
    assert host.acts() == []
