# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab itself: that it is what it says, and that it fails whom it should fail."""

from __future__ import annotations

import asyncio
import json
import re
from io import BufferedIOBase, BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import asyncssh
import pytest

from lab.ssh import Door
from lab.standins import agent
from tests.lab.lab_fleet import Lab

QUERY = "/opt/ds_agent/dsa_query -c "
CONTROL = "/opt/ds_agent/dsa_control "
UPDATE = CONTROL + '-m "UpdateComponent:true"'


def current(lab: Lab, host: str) -> bool:
    return lab.status(host)["patterns_current"] is True


def test_groups(lab: Lab) -> None:
    text = lab.inventory.read_text(encoding="utf-8")
    assert "relay2: {}" not in text and "bare: {}" not in text
    assert re.search(r"deep_security_relays:\n +hosts:\n +relay1: {}", text)


def test_every_kind_of_host_answers_ansible_as_its_platform(lab: Lab, tmp_path: Path) -> None:
    platforms = {
        "deb1": ("Linux", "Debian"),
        "aix": ("AIX", "AIX"),
        "sol10": ("SunOS", "Solaris"),
        "sol11": ("SunOS", "Solaris"),
        "mac": ("Darwin", "Darwin"),
        "rpm1": ("Linux", "RedHat"),
    }
    here = {name: platform for name, platform in platforms.items() if name in lab.hosts()}
    done = lab.ansible(",".join(here), "-f", "8", "-m", "setup", "-a", "gather_subset=min", "--tree", str(tmp_path))
    found = {}
    for name in here:
        facts = json.loads((tmp_path / name).read_text(encoding="utf-8")).get("ansible_facts", {})
        found[name] = facts.get("ansible_system"), facts.get("ansible_os_family")
    assert found == here, done.stdout + done.stderr


def test_tools_of_other_platforms_are_not_there(lab: Lab) -> None:
    tools = "dpkg dpkg-query rpm systemctl apt-get"
    for host in ("aix", "sol10", "sol11", "mac"):
        listing = f"for tool in {tools}; do command -v $tool; ls /usr/bin/$tool /bin/$tool 2>/dev/null; done; echo end"
        assert lab.run(host, listing) == (0, "end\n"), host
    assert lab.run("deb1", "ls /usr/bin/rpm")[0] != 0
    assert lab.run("rpm1", "ls /usr/bin/dpkg-query")[0] != 0


def test_the_machine_is_out_of_reach(lab: Lab) -> None:
    assert lab.run("deb1", "touch /usr/lib/x || touch /usr/bin/x")[0] != 0 or lab.run("deb1", "ls /usr/lib/x")[0] != 0
    assert lab.run("deb1", f"ls {lab.folder}")[0] != 0


def test_versions_as_the_platforms_say_them(lab: Lab) -> None:
    assert lab.run("deb2", "dpkg-query -W -f '${Version}' ds-agent") == (0, "20.0.0-4500")
    assert ":20.0.1.25771:" in lab.run("aix", "lslpp -Lc ds_agent.rte")[1]
    assert "VERSION:  20.0.1.25771" in lab.run("sol10", "pkginfo -l ds-agent")[1]
    assert "Version: 20.0.1.25771" in lab.run("sol11", "pkg info security/ds-agent")[1]
    receipt = lab.run("mac", "pkgutil --pkgs | grep -i trendmicro")[1].strip()
    assert "version: 20.0.0.224" in lab.run("mac", f"pkgutil --pkg-info {receipt}")[1]


def test_answers_of_the_agent(lab: Lab) -> None:
    assert "PluginVersion.core" not in lab.run("deb2", QUERY + "GetPluginVersion")[1], "it answers late"
    assert lab.run("deb2", QUERY + "GetComponentInfo") == (0, "Component.CORE.version: 20.0\n")
    lab.command("heal", str(lab.folder), "deb2", "answers_late")
    lab.run("deb2", "systemctl restart ds_agent")
    assert "PluginVersion.core: 20.0.0-4500\n" in lab.run("deb2", QUERY + "GetPluginVersion")[1]
    status = lab.run("deb2", QUERY + "GetAgentStatus")[1]
    assert re.search(r"^AgentStatus\.\d+: agentState$", status, re.M) and "AgentStatus.agentState: green\n" in status
    components = lab.run("deb2", QUERY + "GetComponentInfo")[1]
    assert "Component.AM.mode: on\n" in components and "Component.AM.driverOffline: false\n" in components
    assert re.search(r"^Component\.AM\.version\.pattern\.\d\.name: Smart Scan Agent Pattern$", components, re.M)
    lab.run("deb2", "systemctl stop ds_agent")
    assert lab.run("deb2", QUERY + "GetAgentStatus")[0] != 0
    lab.run("deb2", "systemctl start ds_agent")


def test_a_relay_listens_in_its_own_network(lab: Lab) -> None:
    for host, listens in (("relay1", True), ("relay2", True), ("deb1", False)):
        assert (":101A " in lab.run(host, "cat /proc/net/tcp")[1]) is listens
    assert "/opt/ds_agent/ds_agent" in lab.run("relay1", "cat /proc/[0-9]*/cmdline | tr '\\0' '\\n'")[1]


def test_order_is_enforced(lab: Lab) -> None:
    """An agent's update works with a fixed build of its own and a Relay that is fixed and updated; not before."""
    lab.run("deb1", UPDATE)
    assert lab.wait_for("deb1", "security_update_failed")["code"] == -24
    assert lab.upgrade("deb1")[0] == 0
    lab.run("deb1", UPDATE)
    assert lab.wait_for("deb1", "security_update_failed", 2)["reason"] == "relay_not_ready"
    log = lab.run("deb1", "tail -1 /var/opt/ds_agent/diag/ds_agent.log")[1]
    assert "9017" in log and "-24" in log and "IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE" in log

    assert lab.upgrade("relay1")[0] == 0
    lab.run("deb1", UPDATE)
    assert lab.wait_for("deb1", "security_update_failed", 3)["reason"] == "relay_not_ready"
    before = lab.run("relay1", QUERY + "GetComponentInfo")[1]
    assert "HTTP Status: 200 - OK" in lab.run("relay1", UPDATE)[1]
    lab.wait_for("relay1", "security_update_succeeded")
    assert lab.run("relay1", QUERY + "GetComponentInfo")[1] != before

    lab.run("deb1", UPDATE)
    lab.wait_for("deb1", "security_update_succeeded")
    assert current(lab, "deb1")
    assert "9016" in lab.run("deb1", "tail -1 /var/opt/ds_agent/diag/ds_agent.log")[1]


def test_a_fixed_relay_that_never_updated_does_not_help(lab: Lab) -> None:
    assert lab.run("deb2", "apt-get install -y --only-upgrade ds-agent=20.0.2-1390")[0] == 0
    assert lab.status("deb2")["running_build"] == "20.0.2-1390"
    lab.run("deb2", UPDATE)
    assert lab.wait_for("deb2", "security_update_failed")["reason"] == "relay_not_ready"


def test_self_protection(lab: Lab) -> None:
    lab.need("rpm1")
    code, text = lab.upgrade("rpm1")
    assert code != 0, text
    assert lab.journal("rpm1", "package_install_failed")[-1]["reason"] == "self_protection"
    assert lab.run("rpm1", "rpm -q ds_agent")[1].startswith("ds_agent-20.0.0-4416")
    assert "403" in lab.run("rpm1", CONTROL + "--selfprotect=0")[1]
    assert "403" in lab.run("rpm1", CONTROL + "--selfprotect=0 -p guess")[1]
    assert "200" in lab.run("rpm1", CONTROL + "-m")[1], "a request needs no password"
    assert "200" in lab.run("rpm1", CONTROL + "--selfprotect=0 -p secret")[1]
    code, text = lab.upgrade("rpm1")
    assert code == 0, text
    assert "200" in lab.run("rpm1", CONTROL + "--selfprotect=1 -p secret")[1]
    state = lab.status("rpm1")
    assert (state["package_build"], state["running_build"], state["self_protection"]) == (
        "20.0.2-1390",
        "20.0.2-1390",
        True,
    )
    assert [entry["on"] for entry in lab.journal("rpm1", "self_protection")] == [False, True]


def test_rpm_signatures_are_real(lab: Lab) -> None:
    lab.need("rpm1")
    lab.copy("rpm1", lab.offer("rpm1"), "/var/tmp/a.rpm")
    code, text = lab.run("rpm1", "rpm --checksig /var/tmp/a.rpm")
    assert code == 0 and "signatures OK" in text
    lab.run("rpm1", "printf x | dd of=/var/tmp/a.rpm bs=1 seek=$(($(stat -c %s /var/tmp/a.rpm) - 9)) conv=notrunc")
    assert lab.run("rpm1", "rpm --checksig /var/tmp/a.rpm")[0] != 0


@pytest.mark.parametrize("host", ["aix", "sol10", "sol11"])
def test_upgrade_by_the_platforms_tools(lab: Lab, host: str) -> None:
    code, text = lab.upgrade(host)
    assert code == 0, text
    state = lab.status(host)
    assert state["package_build"] == state["running_build"] == "20.0.2-1390"
    assert lab.journal(host, "package_installed") == [
        {**lab.journal(host, "package_installed")[0], "from": "20.0.1-25771", "to": "20.0.2-1390"}
    ]


def test_macos_with_self_protection(lab: Lab) -> None:
    assert lab.upgrade("mac")[0] != 0
    control = "'/Library/Application Support/com.trendmicro.DSAgent/dsa_control' "
    assert "200" in lab.run("mac", control + "-s 0")[1]
    assert lab.upgrade("mac")[0] == 0
    assert lab.run("mac", "launchctl list com.trendmicro.dsa")[0] == 0


def test_half_configured(lab: Lab) -> None:
    assert lab.upgrade("half")[0] != 0
    assert "half-configured" in lab.run("half", "dpkg-query -W -f '${Status}' ds-agent")[1]
    assert lab.status("half")["running_build"] == "20.0.0-4416"
    assert lab.upgrade("half")[0] == 0
    assert lab.status("half")["package_build"] == lab.status("half")["running_build"] == "20.0.2-1390"


def test_service_does_not_start(lab: Lab) -> None:
    assert lab.run("nostart", "systemctl is-active ds_agent")[0] == 0
    assert lab.upgrade("nostart")[0] == 0
    assert "failed" in lab.run("nostart", "systemctl show -p ActiveState ds_agent")[1]
    assert lab.run("nostart", "systemctl start ds_agent")[0] != 0
    lab.command("heal", str(lab.folder), "nostart")
    assert lab.run("nostart", "systemctl start ds_agent")[0] == 0


def test_query_hangs_once(lab: Lab) -> None:
    code, _text = lab.run("query", "timeout -k 1 0.5 " + QUERY + "GetAgentStatus")
    assert code == 124
    assert lab.run("query", QUERY + "GetAgentStatus")[0] == 0


def test_a_slow_query_waits_before_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[object] = []
    monkeypatch.setattr("lab.standins.agent.time.sleep", happened.append)
    monkeypatch.setattr("lab.standins.world.fault", {"dsa_query_slow": 1.5}.get)
    query = SimpleNamespace(query=lambda command: f"{command}!")
    writer = SimpleNamespace(write=happened.append)
    agent.Agent.answer_dsa_query(cast(agent.Agent, query), "GetAgentStatus", BytesIO(), cast(BufferedIOBase, writer))
    assert happened == [1.5, b"answer\nGetAgentStatus!"]


def test_control_ignores_sigterm(lab: Lab) -> None:
    """SIGTERM is the 15th bit of the signals that a process ignores; the agent answers only after it was sent."""
    code, text = lab.run(
        "update",
        f"""agent=$(cat /run/ds_agent.pid); kill -STOP $agent
{CONTROL} -m & asked=$!
until grep -q 'SigIgn:.*[4-7c-f]...$' /proc/$asked/status; do sleep 0.02; done
kill -TERM $asked; kill -CONT $agent; wait $asked""",
    )
    assert code == 0 and "HTTP Status: 200 - OK" in text


def test_update_fault_and_healing(lab: Lab) -> None:
    lab.run("update", UPDATE)
    assert lab.wait_for("update", "security_update_failed")["reason"] == "fault"
    lab.run("update", UPDATE)
    lab.wait_for("update", "security_update_succeeded")
    assert lab.status("update")["faults"] == {}


def test_ssh_drops_and_the_command_goes_on(lab: Lab) -> None:
    try:
        code, _text = lab.upgrade("drops")
    except (OSError, asyncssh.Error):
        code = -1
    assert code == -1
    lab.wait_for("drops", "service_started")  # by the package's last script
    done = "install ok installed 20.0.2-1390"
    query = "dpkg-query -W -f '${Status} ${Version}' ds-agent"
    assert lab.run("drops", f"until {query} | grep '^{done}$'; do sleep 0.02; done") == (0, done + "\n")


def test_disk_full(lab: Lab) -> None:
    with pytest.raises((OSError, asyncssh.Error)):
        lab.upgrade("full")
    assert "No space left" in lab.run("full", "head -c 20000 /dev/zero > /var/tmp/x")[1]
    assert "No space left" in lab.run("full", "head -c 20000 /dev/zero > /opt/x")[1]
    lab.run("full", "rm -f /var/tmp/x /opt/x")
    lab.command("heal", str(lab.folder), "full", "disk_full")
    assert lab.upgrade("full")[0] == 0


def test_broken_package(lab: Lab) -> None:
    code, _text = lab.upgrade("broken")
    assert code != 0
    assert lab.status("broken")["running_build"] == "20.0.0-4416"
    lab.command("heal", str(lab.folder), "broken")
    assert lab.upgrade("broken")[0] == 0


def test_unreachable(lab: Lab) -> None:
    with pytest.raises(OSError):
        lab.run("gone", "true")
    lab.command("heal", str(lab.folder), "gone")
    assert lab.run("gone", "true")[0] == 0


def test_offline_after_the_upgrade_and_wrong_build(lab: Lab) -> None:
    assert lab.upgrade("offline")[0] == 0
    text = lab.run("offline", QUERY + "GetComponentInfo")[1]
    assert "Component.AM.mode: driver-offline" in text and "driverOffline: true" in text
    assert lab.upgrade("wrong")[0] == 0
    assert (lab.status("wrong")["package_build"], lab.status("wrong")["running_build"]) == (
        "20.0.2-1390",
        "20.0.0-4416",
    )


def test_fingerprint(lab: Lab) -> None:
    """It does not see who only looks, and sees one byte."""
    before = lab.fingerprint()
    done = lab.ansible("deb1:rpm1:aix", "-m", "ping")
    assert done.stdout.count("SUCCESS") >= 2
    for host, command in (("deb1", "dpkg-query -W"), ("rpm1", "rpm -qa; rpm -q ds_agent"), ("aix", "lslpp -Lc")):
        if host in lab.hosts():
            lab.run(host, command + f"; systemctl status ds_agent; {QUERY} GetComponentInfo")
    assert lab.fingerprint() == before
    lab.run("deb1", "printf x > /opt/one")
    after = lab.fingerprint()
    assert {name for name in before if before[name] != after[name]} == {"deb1"}
    lab.run("deb1", "rm /opt/one")
    assert lab.fingerprint() == before


def test_reboot(lab: Lab) -> None:
    """The connections go, the port refuses, the host comes back another one."""
    command = "cat /proc/sys/kernel/random/boot_id"
    before = lab.run("bare", command)[1]
    lab.run("bare", "touch /run/reboot-required")
    lab.run_until_down("bare", "shutdown -r now")
    with pytest.raises(OSError):
        lab.run("bare", "true")
    lab.command("heal", str(lab.folder), "bare")
    lab.wait_for("bare", "booted", 2)
    assert lab.run("bare", command)[1] != before
    assert lab.run("bare", "ls /run/reboot-required")[0] != 0
    events = [entry["event"] for entry in lab.journal("bare", "reboot", "booted", "healed")]
    assert events == ["booted", "reboot", "healed", "booted"]


def test_a_reboot_waits_for_the_answer_of_the_command_that_wants_it(lab: Lab) -> None:
    code, text = lab.run("sol11", "shutdown -y -g 0 -i 6; sleep 0.5; echo answered")
    assert (code, text) == (0, "answered\n")
    lab.wait_for("sol11", "booted", 2)


def test_a_command_that_never_ends_does_not_hold_up_its_reboot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.ssh.ANSWER_LIMIT", 0)
    door = SimpleNamespace(unanswered={"1": asyncio.Event()})
    asyncio.run(asyncio.wait_for(Door.answered(cast(Door, door), "1"), 60))


def test_reboot_by_ansible(lab: Lab) -> None:
    boots = len(lab.journal("sol11", "booted"))
    before = lab.run("sol11", "who -b")
    done = lab.ansible("sol11", "-m", "reboot", "-a", "reboot_timeout=30")
    assert "CHANGED" in done.stdout, done.stdout + done.stderr
    assert len(lab.journal("sol11", "booted")) == boots + 1
    assert lab.run("sol11", "who -b") != before
    assert lab.run("sol11", "svcs -H -o state ds_agent")[1].strip() == "online"


def test_reboot_that_never_ends(lab: Lab) -> None:
    """Without the fault it would be up again at once: its reboot takes 0 s."""
    lab.run_until_down("never", "shutdown -r now")
    status = lab.status("never")
    assert (status["state"], status["boots"]) == ("down", 1)
    with pytest.raises(OSError):
        lab.run("never", "true")
    lab.command("heal", str(lab.folder), "never")
    lab.wait_for("never", "booted", 2)


def test_every_remote_command_is_in_the_journal(lab: Lab) -> None:
    before = len(lab.journal("aix", "ssh_command"))
    lab.run("aix", "true")
    lab.run("aix", "echo two")
    assert len(lab.journal("aix", "ssh_command")) == before + 2


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"os": "beos"}, "host h: os: 'beos'"),
        ({"build": "20.0.0.4416"}, "host h: build: '20.0.0.4416'"),
        ({"bild": "20.0.0-4416"}, "host h: key: 'bild'"),
        ({"faults": {"no_such": True}}, "host h: faults: 'no_such'"),
        ({"faults": {"dsa_query_slow": "very"}}, "host h: faults.dsa_query_slow: 'very'"),
        ({"os": "aix", "role": "relay", "build": "20.0.0-1"}, "a Relay only on os: linux"),
        ({"os": "windows", "release": "xp"}, "host h: release: 'xp'"),
        ({"os": "windows", "missing_roots": ["Nobody's"]}, 'host h: missing_roots: "Nobody\'s"'),
        ({"os": "windows", "pending_reboot": ["mood"]}, "host h: pending_reboot: 'mood'"),
        ({"os": "windows", "faults": {"ssh_drops_during_install": True}}, "host h: faults: 'ssh_drops_during_install'"),
        ({"ubr": 1}, "host h: ubr: 1"),
        ({"faults": {"msi_exit_code": 1603}}, "host h: faults: 'msi_exit_code'"),
        ({"uses": ["nobody"]}, "host h: uses: 'nobody'"),
    ],
)
def test_bad_fleets_are_refused_with_the_place(about: dict[str, object], said: str) -> None:
    from lab import fleet

    with pytest.raises(fleet.FleetError, match=re.escape(said)):
        fleet.build_fleet({"packages": [], "hosts": {"h": about}})
