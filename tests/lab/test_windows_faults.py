# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the faults of a Windows host show, and what they do to its steps. The same with PowerShell: test_twins.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.windows.machine import PROGRESS
from tests.lab.windows_host import NEW, OLD, PACKAGE, Host, run


def problems(record: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["source"], each["code"]) for each in record["problems"]]


# A fault, its parameter -> where in the record, and what is there then.
SHOWN: list[tuple[str, Any, str, Any]] = [
    ("agent_not_listed", True, "versions", {"file": OLD, "dsa_query": OLD}),
    ("no_display_version", True, "versions", {"registry": None, "file": OLD, "dsa_query": OLD}),
    ("registry_stale", NEW, "versions", {"registry": NEW, "file": OLD, "dsa_query": OLD}),
    ("listed_twice", NEW, "problems", [("registry", "half_installed")]),
    ("registry_denied", True, "problems", [("registry", "denied")]),
    ("service_state", "paused", "service", {"name": "ds_agent", "state": "paused"}),
    ("service_state", "stop_pending", "service", {"name": "ds_agent", "state": "pending"}),
    ("boot_time_unreadable", True, "problems", [("clock", "unreadable")]),
    ("no_netstat", True, "problems", [("relay", "denied")]),
    ("dsa_query_cut", True, "problems", [("dsa_query", "incomplete")]),
    ("dsa_query_cp932", True, "problems", []),
    ("note_damaged", True, "problems", [("note", "unreadable")]),
    ("note_locked", True, "problems", [("note", "unreadable")]),
]


@pytest.mark.parametrize(("fault", "parameter", "key", "shown"), SHOWN, ids=[f"{each[0]}-{each[1]}" for each in SHOWN])
def test_what_the_record_shows(tmp_path: Path, fault: str, parameter: Any, key: str, shown: Any) -> None:
    async def work() -> None:
        host = await Host(tmp_path, build=OLD, role="relay", language="ja", faults={fault: parameter}).start()
        record = await host.record()
        assert record["installed"] and record["running"], record
        found = problems(record) if key == "problems" else record[key]
        assert found == shown or set(shown) <= set(found), record["problems"]
        host.machine.set_faults({})
        assert (await host.record())["problems"] == [] or fault == "note_locked"

    run(work())


def test_a_note_that_another_program_holds_is_there_again_later(tmp_path: Path) -> None:
    async def work() -> None:
        host = await Host(tmp_path, build=OLD, faults={"note_locked": True}).start()
        refused = await host.call("win_dsa_upgrade", step="note", note={"phase": "done"})
        assert refused["code"] == "note_unreadable"
        host.machine.set_faults({})
        assert not (await host.call("win_dsa_upgrade", step="note", note={"phase": "done"})).get("failed")
        assert host.machine.drive.exists(PROGRESS)

    run(work())


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        ({"service_disabled": True}, "restart_failed"),
        ({"service_does_not_stop": True}, "restart_failed"),
        ({"service_does_not_start": True}, "restart_failed"),
        ({"service_dependents": True, "dependent_does_not_start": True}, "restart_failed"),
        ({"dsa_control_no_status": True}, "self_protection_refused"),
        ({"service_dependents": True}, None),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else str(value),
)
def test_a_restart(tmp_path: Path, faults: dict[str, Any], code: str | None) -> None:
    async def work() -> None:
        host = await Host(tmp_path, build=OLD, self_protection=True, faults=faults).start()
        result = await host.call("win_dsa_upgrade", step="restart", self_protection=True, service_timeout=1)
        assert result.get("code") == code, result
        up = host.machine.agent.state == "running"
        # Whatever ended it: protected again, or it is not known.
        proven = up and "dsa_control_no_status" not in faults
        assert result["self_protection"] == ("on" if proven else "unknown")
        assert host.machine.state["self_protection"] == up
        if "service_dependents" in faults:
            assert bool(host.events("dependent_started")) == (code is None)

    run(work())


def test_a_paused_service_is_left_alone(tmp_path: Path) -> None:
    async def work() -> None:
        host = await Host(tmp_path, build=OLD, self_protection=True, faults={"service_state": "paused"}).start()
        result = await host.call("win_dsa_upgrade", step="restart", self_protection=True, service_timeout=1)
        assert (result["code"], result["self_protection"]) == ("restart_failed", "untouched")
        assert host.events("self_protection") == [] and host.events("service_stopped") == []

    run(work())


@pytest.mark.parametrize("faults", [{"log_rotates": 1}, {"log_rotates": 2}, {"log_utf16": True}], ids=str)
def test_a_log_that_is_begun_anew_or_wide(tmp_path: Path, faults: dict[str, Any]) -> None:
    async def work() -> None:
        host = await Host(tmp_path, build=NEW, faults=faults).start()
        for _time in range(2):
            found = await host.update()
            assert "9016" in found["lines"][-1]["text"], found["lines"]

    run(work())


def test_what_a_run_that_died_left_off_is_raised_first(tmp_path: Path) -> None:
    async def work() -> None:
        host = await Host(tmp_path, build=OLD, self_protection=True, faults={"earlier_run_died": True}).start()
        assert (await host.record())["remediation"]["self_protection"] == "off"
        assert host.machine.state["self_protection"] is False
        result = await host.call("win_dsa_upgrade", step="begin", path=PACKAGE)
        assert (result["code"], result["self_protection"]) == ("not_there", "on")
        assert host.machine.state["self_protection"] is True

    run(work())


def test_a_disk_that_is_full_after_the_installation(tmp_path: Path) -> None:
    async def work() -> None:
        faults = {"disk_full_after_install": True}
        host = await Host(tmp_path, build=OLD, self_protection=True, faults=faults).start()
        result = await host.upgrade(self_protection=True)
        assert (result["rc"], result["code"], result["self_protection"]) == (0, "note_not_written", "on")
        assert host.machine.state["self_protection"] is True
        assert (await host.record())["remediation"]["self_protection"] == "off", "it could not be written either"

    run(work())


def test_signatures(tmp_path: Path) -> None:
    async def work() -> dict[str, Any]:
        found = {}
        for fault in ("signed_by_other", "chain_is_partial"):
            host = await Host(tmp_path / fault, build=OLD, faults={fault: True}).start()
            assert (await host.install())["rc"] == 0
            found[fault] = (await host.call("win_dsa_package_info", path=PACKAGE))["package"]
        return found

    found = run(work())
    assert all(package["status"] == "Valid" for package in found.values())
    assert "Somebody Else" in found["signed_by_other"]["signer"] and not found["signed_by_other"]["partial"]
    assert "Trend Micro" in found["chain_is_partial"]["signer"] and found["chain_is_partial"]["partial"]
    assert len(found["chain_is_partial"]["chain"]) == 1


def test_what_an_uninstallation_leaves(tmp_path: Path) -> None:
    async def work() -> None:
        host = await Host(tmp_path, build=NEW, faults={"uninstall_leaves_keys": True}).start()
        await host.call("win_package", product_id=host.machine.state["product_code"], state="absent")
        keys = [rf"SYSTEM\CurrentControlSet\Services\{name}" for name in ("ds_agent", "Amsp", "tmcomm", "other")]
        found = (await host.call("win_dsa_host_info", keys={path: [path] for path in keys}))["reading"]
        assert [found["keys"][path]["exists"] for path in keys] == [True, True, True, False]
        record = await host.record()
        assert record["installed"] is None and ("registry", "leftovers") in problems(record)

    run(work())
