# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a Windows host of the lab does to a run that did not look first, and how it gets well."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import leftover_options
from ansible_collections.deep_security.remediation.plugins.plugin_utils._windows_readiness import (
    facts_of,
    precheck_options,
)
from lab.standins import relays
from lab.windows.machine import DATA
from tests.lab.windows_host import LOG, NEW, OLD, PACKAGE, Host, run

ACS_ROOT = "F40042E2E5F7E8EF8189FED15519AECE42C3BFA2"


def upgraded(folder: Path, **about: Any) -> tuple[Host, dict[str, Any], dict[str, Any]]:
    """A host after one upgrade: the host, what the upgrade gave back, and the record then."""

    async def work() -> tuple[Host, dict[str, Any], dict[str, Any]]:
        host = await Host(folder, **{"build": OLD, **about}).start()
        result = await host.upgrade()
        return host, result, await host.record(timeout=1)

    return run(work())


def test_an_upgrade(tmp_path: Path) -> None:
    host, result, record = upgraded(tmp_path)
    assert (result["rc"], result["changed"]) == (0, True)
    assert record["versions"] == dict.fromkeys(("registry", "file", "dsa_query"), NEW)
    assert record["remediation"]["phase"] == "update_pending" and record["problems"] == []
    assert [(one["from"], one["to"]) for one in host.events("package_installed")] == [(OLD, NEW)]


@pytest.mark.parametrize(
    ("faults", "listed"),
    [
        ({}, ["file_rename_agent", "file_rename_other", "agent_installer"]),
        ({"reboot_not_listed": True}, ["agent_installer"]),
    ],
    ids=["listed", "not-listed"],
)
def test_a_reboot_is_required_until_it_was_done(tmp_path: Path, faults: dict[str, Any], listed: list[str]) -> None:
    async def work() -> None:
        host = await Host(tmp_path, build=OLD, reboot_required="after_upgrade", faults=faults).start()
        assert (await host.upgrade())["rc"] == 3010
        before = await host.record()
        assert before["versions"]["dsa_query"] == OLD and before["versions"]["registry"] == NEW
        assert before["reboot"]["required"] is True
        assert reasons(before) == listed
        await host.reboot()
        after = await host.record()
        assert after["versions"]["dsa_query"] == NEW and after["reboot"] == {"required": False, "reasons": []}
        assert after["clock"]["boot_time"] > before["clock"]["boot_time"]

    run(work())


def reasons(record: Any) -> list[str]:
    return [reason["code"] for reason in record["reboot"]["reasons"]]


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"release": "2019", "ubr": 2212}, "acs_support"),
        ({"release": "10-1703"}, "acs_support"),
        ({"release": "2012r2", "hotfixes": []}, "acs_support"),
        ({"release": "2008r2", "hotfixes": ["KB5006743"]}, "sha2_support"),
        ({"self_protection": True}, "self_protection"),
        ({"faults": {"package_install_fails": True}}, "package_install_fails"),
        ({"faults": {"disk_full": True}}, "write_error"),
        ({"faults": {"msi_exit_code": 1603}}, "msi_exit_code"),
    ],
)
def test_what_ends_with_1603(tmp_path: Path, about: dict[str, Any], reason: str) -> None:
    async def work() -> None:
        host = await Host(tmp_path, build=OLD, **about).start()
        result = await host.install()
        assert result["failed"] and result["rc"] == 1603
        assert host.events("package_install_failed")[-1]["reason"] == reason
        assert (await host.record())["versions"]["dsa_query"] == OLD
        if reason != "write_error":
            assert "Return value 3" in result["log"]

    run(work())


@pytest.mark.parametrize(
    "about", [{"release": "2019", "ubr": 2213}, {"release": "2012r2", "hotfixes": ["KB5006729"]}, {"release": "2025"}]
)
def test_what_is_new_enough(tmp_path: Path, about: dict[str, Any]) -> None:
    assert upgraded(tmp_path, **about)[1]["rc"] == 0


def test_other_exit_codes(tmp_path: Path) -> None:
    async def work() -> None:
        host = await Host(tmp_path, build=OLD, faults={"msi_exit_code": "once"}).start()
        assert (await host.install())["rc"] == 1618
        assert (await host.install())["rc"] == 0
        assert not (await host.install())["changed"]
        assert (await host.install("20.0.0-5810"))["rc"] == 1638
        host.machine.set_faults({"msi_exit_code": 1641})
        assert (await host.install("20.0.2-1400"))["rc"] == 1641
        assert await asyncio.wait_for(host.machine.wait(), 3) is True

    run(work())


def test_a_missing_root_takes_anti_malware_away_until_it_is_there(tmp_path: Path) -> None:
    host, result, record = upgraded(tmp_path / "2", missing_roots=[ACS_ROOT])
    assert result["rc"] == 0 and record["anti_malware"]["driver_offline"] is True
    assert {"name": "Amsp", "state": "stopped"} in record["services"]
    host, _result, record = upgraded(tmp_path / "3", missing_roots=[ACS_ROOT], root_updates=True)
    assert record["anti_malware"]["mode"] == "on" and host.events("roots_fetched")
    host, result, record = upgraded(tmp_path / "4", disallowed_roots=[ACS_ROOT], root_updates=True)
    assert record["anti_malware"]["mode"] == "driver-offline"


def test_precheck_says_what_is_missing(tmp_path: Path) -> None:
    async def work() -> None:
        about: dict[str, Any] = {
            "release": "2008r2",
            "missing_roots": [ACS_ROOT],
            "pending_reboot": ["sccm", "file_rename_other"],
        }
        host = await Host(tmp_path, build=OLD, free_gb=1.5, **about).start()
        options = precheck_options([ACS_ROOT, ACS_ROOT[::-1]], ["KB4474419"], [r"C:\x.dll"])
        found = (await host.call("win_dsa_host_info", **options))["reading"]
        version = found["keys"]["windows"]["values"]
        assert version["CurrentBuildNumber"]["value"] == "7601" and "UBR" not in version
        name = "Package_for_KB4474419~31bf3856ad364e35~amd64~~6.1.3.2"
        assert facts_of(found)["servicing_packages"] == [{"name": name, "state": 112}]
        assert all(store == {"thumbprints": [], "error": None} for store in found["certificates"].values())
        assert found["keys"]["authroot_policy"]["values"]["DisableRootAutoUpdate"]["value"] == 1
        assert found["room"]["free_bytes"] == 3 << 29
        assert reasons(await host.record()) == ["sccm", "file_rename_other"]

    run(work())


def test_a_windows_relay_serves_linux_and_the_other_way_round(tmp_path: Path) -> None:
    async def work() -> None:
        folder = str(tmp_path / "shared" / "relays")
        relay = await Host(tmp_path, "relay", build=OLD, role="relay").start()
        agent = await Host(tmp_path, "agent", build=NEW, patterns="old").start()
        assert (await relay.record())["relay"] == {"enabled": True, "source": "tcp_4122_listener"}
        assert "9017" in last_line(await agent.update())
        assert agent.events("security_update_failed")[-1]["reason"] == "relay_not_ready"
        await relay.upgrade()
        assert "9017" in last_line(await agent.update()), "fixed, and not updated"
        assert "9016" in last_line(await relay.update())
        assert relays.good(folder, None) == ["relay"]
        assert "9016" in last_line(await agent.update())
        await agent.call("win_dsa_security_update", step="confirm", note={"phase": "done"})
        assert (await agent.record())["remediation"]["phase"] == "done"
        relay.machine.go_down("halt", 0)
        assert not await relay.machine.wait()
        assert relays.good(folder, None) == []
        relays.publish(folder, "linux", "linux", True, "20.0.0-4726", "20.0.0-4726")
        assert "9016" in last_line(await agent.update())

    run(work())


def last_line(look: dict[str, Any]) -> str:
    """What the log gained last. It stands behind the mark of that file, but for the first one."""
    return str(look["lines"][-1]["text"])


def test_faults_of_the_agent(tmp_path: Path) -> None:
    record = upgraded(tmp_path / "1", faults={"dsa_query_hangs": True})[2]
    assert [each["code"] for each in record["problems"]] == ["no_answer"] and record["activated"] is None
    assert record["version_source"] == "registry"
    record = upgraded(tmp_path / "2", faults={"reports_wrong_build": True})[2]
    assert record["versions"]["dsa_query"] == OLD
    host, _result, record = upgraded(tmp_path / "3", faults={"service_does_not_start": True})
    assert record["service"]["state"] == "failed" and record["relay"]["enabled"] is None
    record = upgraded(tmp_path / "4", faults={"anti_malware_offline_after_upgrade": True})[2]
    assert record["anti_malware"]["mode"] == "driver-offline"

    async def heal() -> None:
        host.machine.set_faults({})
        host.machine.agent.kill()
        done = await host.call("win_dsa_upgrade", step="restart")
        assert done["changed"] and not done.get("failed")
        assert host.events("service_started")[-1]["build"] == NEW

    run(heal())


def test_an_agent_that_answers_late(tmp_path: Path) -> None:
    async def work() -> None:
        host = await Host(tmp_path, build=OLD, faults={"answers_late": 3600}).start()
        record = await host.record()
        assert "dsa_query" not in record["versions"] and record["problems"][0]["source"] == "dsa_query"
        host.machine.set_faults({})
        record = await host.record()
        assert record["versions"]["dsa_query"] == OLD and record["problems"] == []

    run(work())


def test_self_protection_with_its_password(tmp_path: Path) -> None:
    async def work() -> None:
        host = await Host(tmp_path, build=OLD, self_protection="secret").start()
        wrong = await host.upgrade(self_protection=True, self_protection_password="guess")
        assert (wrong["code"], wrong["self_protection"]) == ("self_protection_refused", "untouched")
        assert "self_protection" not in (await host.record())["remediation"]
        done = await host.upgrade(self_protection=True, self_protection_password="secret")
        assert done["self_protection"] == "on" and host.machine.state["self_protection"]
        assert [entry["on"] for entry in host.events("self_protection")] == [False, True]
        assert "secret" not in host.machine.layout.journal("w").read_text(encoding="utf-8")

    run(work())


def test_a_package_that_is_not_what_it_should_be(tmp_path: Path) -> None:
    async def work() -> None:
        host = await Host(tmp_path, build=OLD).start()
        drive = host.machine.drive
        drive.write(PACKAGE, b"MZ")
        found = (await host.call("win_dsa_package_info", path=PACKAGE))["package"]
        assert (found["status"], found["signer"], found["chain"]) == ("NotSigned", None, [])
        result = await host.call("win_dsa_upgrade", step="begin", path=PACKAGE, sha256="0" * 64)
        assert result["failed"] and result["refused"] and not drive.exists(PACKAGE)
        gone = await host.call("win_dsa_upgrade", step="begin", path=PACKAGE)
        assert (gone["code"], gone["refused"]) == ("not_there", False)
        drive.write(PACKAGE, b"MZ")
        assert (await host.call("win_package", path=PACKAGE))["rc"] == 1620

    run(work())


def test_a_japanese_host_writes_a_japanese_log(tmp_path: Path) -> None:
    host, result, record = upgraded(tmp_path, language="ja", faults={"package_install_fails": True})
    assert not result.get("failed") and "戻り値 3" in result["log"]["text"]
    assert "error code 1603" in result["log"]["text"] and result["log"]["cut"] is False
    assert record["clock"]["utc_offset"] == 540
    assert host.machine.drive.read(LOG).decode("utf-16").startswith("=== ")


def test_removal_and_what_is_left(tmp_path: Path) -> None:
    async def work() -> None:
        host = await Host(tmp_path, build=NEW, role="relay", faults={"uninstall_leaves_files": True}).start()
        product = (await host.record())["product_code"]
        assert (await host.call("win_package", product_id=product, state="absent"))["changed"]
        record = await host.record()
        assert record["installed"] is None and "leftovers" in [each["code"] for each in record["problems"]]
        left = (await host.call("win_dsa_host_info", paths=[r"%ProgramFiles%\Trend Micro\Deep Security Agent"]))[
            "reading"
        ]
        assert (left["paths"][0]["exists"], left["paths"][0]["folder"]) == (True, True)
        assert not (await host.call("win_package", product_id=product, state="absent"))["changed"]
        await host.install()
        record = await host.record()
        assert record["installed"] and record["activated"] is False and record["relay"]["enabled"] is False
        activated = await host.call("win_dsa_control", arguments=["-a", "dsm://manager.lab.example:4120/"])
        assert activated["reply"]["accepted"] is True and (await host.record())["activated"] is True
        refused = await host.call("win_dsa_control", arguments=["--no-such"])
        assert refused["code"] == "unknown" and refused["reply"]["rc"] == 2

    run(work())


def test_certificates(tmp_path: Path) -> None:
    async def work() -> None:
        host = await Host(tmp_path, build=OLD).start()
        path = rf"{DATA}\certificates\root.der"
        host.machine.drive.write(path, b"\x30\x82" + bytes(400))
        store = {"path": path, "store_name": "Root", "store_location": "LocalMachine"}
        foreseen = await host.call("win_certificate_store", check=True, **store)
        assert foreseen["changed"] and not host.events("certificate_imported")
        done = await host.call("win_certificate_store", **store)
        assert done == {"changed": True, "thumbprints": foreseen["thumbprints"]}
        assert host.events("certificate_imported")[0]["store"] == "Root"
        assert not (await host.call("win_certificate_store", **store))["changed"]
        options = precheck_options(done["thumbprints"], [], [])
        found = (await host.call("win_dsa_host_info", **options))["reading"]["certificates"]
        assert found["Root"]["thumbprints"] == done["thumbprints"] and found["AuthRoot"]["thumbprints"] == []

    run(work())


def test_reading_leaves_no_trace(tmp_path: Path) -> None:
    async def work() -> None:
        host = await Host(tmp_path, build=OLD).start()
        before = host.machine.fingerprint()
        await host.record()
        await host.call("win_dsa_host_info", **precheck_options([], [], []))
        await host.call("win_dsa_host_info", **leftover_options())
        await host.call("win_dsa_upgrade", check=True, step="begin", path=PACKAGE)
        await host.call("win_dsa_security_update", check=True, step="start")
        assert host.machine.fingerprint() == before
        host.machine.drive.write(r"C:\one", b"x")
        assert host.machine.fingerprint() != before

    run(work())


def test_a_reboot_that_does_not_help(tmp_path: Path) -> None:
    async def work() -> None:
        host = await Host(
            tmp_path, build=OLD, pending_reboot=["windows_update"], faults={"reboot_pending_forever": True}
        ).start()
        await host.reboot()
        assert (await host.record())["reboot"]["required"]
        host.machine.set_faults({})
        await host.reboot()
        assert not (await host.record())["reboot"]["required"]

    run(work())
