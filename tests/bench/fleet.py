# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fleet of thousands costs the controller: whole playbooks on records that are there, without hosts."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from tests.conftest import ansible_environment

CALLBACKS = Path(__file__).parent / "callbacks"
FIXED, OLD = "20.0.2-1390", "20.0.0-4416"
# Beside ours: the cheapest task that goes to every host and is not in the strategy itself.
YARDSTICK = "ansible.builtin.assert, for comparison"


def record(version: str, relay: bool) -> dict[str, t.Any]:
    """What dsa_info would have read."""
    return {
        "installed": True,
        "version": version,
        "version_raw": version,
        "version_source": "dpkg",
        "versions": {"dpkg": version, "dsa_query": version},
        "platform": "linux",
        "os": "linux",
        "os_version": "6.1.0",
        "arch": "x86_64",
        "distribution": {"id": "debian", "version": "12"},
        "install_dir": "/opt/ds_agent",
        "service": {"name": "ds_agent", "state": "running"},
        "activated": True,
        "manager_url": "https://manager.example.com:4120/",
        "relay": {"enabled": relay, "source": "tcp_4122_listener"},
        "anti_malware": {
            "mode": "on",
            "driver_offline": False,
            "engine": "24.580.1013",
            "patterns": [{"name": f"Pattern {number}", "version": "20.611.00"} for number in range(5)],
        },
        "reboot": {"required": None, "reasons": []},
        "remediation": {"phase": "done"} if version == FIXED else None,
        "problems": [],
    }


def write_inventory(path: Path, size: int) -> None:
    """One host in a hundred is a Relay, one in two is affected."""
    relays = range(0, size, 100)
    hosts = {
        f"host{number:05}": {"__assess_result": {"agent": record((FIXED, OLD)[number % 2], number in relays)}}
        for number in range(size)
    }
    names = list(hosts)
    groups: dict[str, dict[str, t.Any]] = {
        "deep_security_relays": {names[number]: {} for number in relays},
        "deep_security_agents": {name: {} for number, name in enumerate(names) if number not in relays},
    }
    children = {name: {"hosts": members} for name, members in groups.items()}
    package = {"version": FIXED, "path": str(path.parent / "agent.deb"), "os": "linux"}
    settings = {"dsa_target_version": FIXED, "dsa_packages": [package]}
    (path.parent / "agent.deb").touch()
    everything = {"all": {"hosts": hosts, "children": children, "vars": settings}}
    path.write_text(json.dumps(everything), encoding="utf-8")


def large_fleet(size: int) -> None:
    """Print where the time of gate and of remediate --check goes."""
    with tempfile.TemporaryDirectory(prefix="dsa-fleet-") as name:
        folder = Path(name)
        inventory = folder / "inventory.json"
        write_inventory(inventory, size)
        yardstick = folder / "yardstick.yml"
        task = {"name": YARDSTICK, "ansible.builtin.assert": {"that": True, "quiet": True}}
        yardstick.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}]), encoding="utf-8")
        print(f"\n{size} hosts whose records are there: what the controller does with them")
        for playbook in (
            [str(yardstick)],
            ["deep_security.remediation.gate"],
            ["deep_security.remediation.remediate", "--check"],
        ):
            run(folder, inventory, playbook)


def run(folder: Path, inventory: Path, playbook: list[str]) -> None:
    """One run: its tasks, its wall time, its processor time and its memory."""
    laps = folder / "laps"
    laps.write_text("", encoding="utf-8")
    environment = {
        **ansible_environment(folder),
        "ANSIBLE_FORKS": "20",
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "stopwatch",
        "STOPWATCH": str(laps),
    }
    program = str(Path(sys.executable).parent / "ansible-playbook")
    log = folder / "log"
    start = time.perf_counter()
    with log.open("wb") as stream:
        outputs = [(os.POSIX_SPAWN_DUP2, stream.fileno(), number) for number in (1, 2)]
        command = [program, "-i", str(inventory), *playbook]
        # Through sh, since only a shell can change the folder in which a spawned program starts.
        shell = ["/bin/sh", "-c", 'cd "$0" && exec "$@"', str(folder), *command]
        pid = os.posix_spawn(shell[0], shell, environment, file_actions=outputs)
        dummy, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in (0, 2):
        sys.exit(log.read_text(encoding="utf-8", errors="replace")[-5000:])
    cpu, memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    name = " ".join(Path(word).name for word in playbook)
    print(f"\n{name}: {wall:.1f} s, {cpu:.1f} s of the processor, {memory:.0f} MB in its largest process")
    for line in map(json.loads, laps.read_text(encoding="utf-8").splitlines()):
        print(f"  {line['wall']:8.2f} s  {line['cpu']:8.2f} s CPU  {line['task']}", flush=True)
