# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task that recovers a host: its result, and the package that it brings."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.deep_security.remediation.plugins.action import dsa_recover
from tests.builders import FIXED
from tests.manager_stub.stub import Answer, Stub
from tests.unit.controller import Controller
from tests.unit.plugins.plugin_utils._stages.fake import LOST
from tests.unit.plugins.plugin_utils._stages.recovery import ONLINE, QUICK, host


def recovering(controller: Controller, manager: Stub, pem: Path, folder: Path, **state: t.Any) -> Controller:
    """web1 is to be recovered with a package of this server."""
    manager.says(Answer(body=b"\xd0\xcf\x11\xe0 a package"))
    entry = {"version": FIXED, "url": f"{manager.url}/agent.msi"}
    own = {"dsa_packages": [entry], "dsa_package_ca_path": str(pem), "dsa_package_cache": str(folder / "cache")}
    controller.inventory({"web1": {**QUICK, **own}})
    controller.ports["web1"] = host(**state)
    return controller


def test_the_package_is_brought_before_the_agent_is_removed(
    controller: Controller, manager: Stub, pem: Path, tmp_path: Path
) -> None:
    recovering(controller, manager, pem, tmp_path)
    result = controller.act(dsa_recover, manager_part="caller")
    assert (result.get("failed"), result["changed"], result["waits_for"]) == (None, True, "deletion")
    assert result["steps"] == ["removed the agent"]
    assert len(manager.asked) == 1
    assert controller.entries("web1", "recover")[0]["steps"] == result["steps"]


def test_check_mode_fetches_nothing(controller: Controller, manager: Stub, pem: Path, tmp_path: Path) -> None:
    recovering(controller, manager, pem, tmp_path)
    result = controller.act(dsa_recover, check=True)
    assert result["steps"] == ["would remove the agent, install it anew and activate it"]
    assert (manager.asked, (tmp_path / "cache").exists()) == ([], False)
    assert controller.ports["web1"].changing() == []


def test_what_has_to_stop_or_is_lost_fails(controller: Controller, manager: Stub, pem: Path, tmp_path: Path) -> None:
    recovering(controller, manager, pem, tmp_path, anti_malware=ONLINE)
    result = controller.act(dsa_recover)
    assert (result["failed"], result["changed"], result["waits_for"]) == (True, False, None)
    assert "Anti-Malware is not offline on this host" in result["msg"]
    controller.ports["web1"].answers["dsa_info"] = [LOST]
    result = controller.act(dsa_recover)
    assert (result["failed"], "the host was lost" in result["msg"]) == (True, True)


def test_a_package_that_cannot_be_had_stops_it_before_the_removal(
    controller: Controller, manager: Stub, pem: Path, tmp_path: Path
) -> None:
    recovering(controller, manager, pem, tmp_path)
    manager.says(Answer(404))
    result = controller.act(dsa_recover)
    assert result["failed"] is True
    assert "nothing was removed" in result["msg"]
    assert "win_package" not in controller.ports["web1"].calls
