# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fleet of ten thousands costs that is judged by the Manager's data: requests, time and memory.

Every measurement is a process of its own, and so is the Manager beside it, a stand-in that has its answers ready.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import typing as t
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ansible_environment
from tests.manager_stub.stub import KEY, Answer, Asked, certificate, computer, serving

SIZES = (1_000, 10_000, 50_000)
READY, COUNT, INVENTORY, LISTED, STATIC = "ready", "requests", "dsm.yml", "listed.json", "static.sh"
REPORT = "report.json"
SYSTEMS = (
    {"platform": "Red Hat Enterprise 8 (64 bit)", "agentVersion": "20.0.0.4416"},
    {"platform": "Microsoft Windows Server 2019 (64 bit) Build 17763", "agentVersion": "20.0.0.6313"},
    {"platform": "AIX 7.2 (powerpc)", "agentVersion": "20.0.2.1390"},
    # What depends on its Relays is the dearest to judge.
    {"platform": "Ubuntu Linux 20 (64 bit)", "agentVersion": "10.0.0.3000"},
)


def serve(folder: Path, size: int) -> None:
    """A Manager with that many computers, one in a hundred a Relay, until it is ended. Writes what a client needs."""
    pages: dict[int, bytes] = {}

    def answer(asked: Asked) -> Answer:
        counter = folder / COUNT
        counter.write_text(str(int(counter.read_text()) + 1))
        return Answer(body=pages[asked.body["searchCriteria"][0]["idValue"]])

    for first in range(0, size + 1, 5000):
        numbers = range(first + 1, min(first + 5000, size) + 1)
        pages[first] = json.dumps({"computers": [one(number) for number in numbers]}).encode()
    pages[size] = b'{"computers": []}'
    (folder / COUNT).write_text("0")
    pem = certificate(folder, "manager")
    with serving(pem) as stub:
        stub.answer = answer
        options = {"plugin": "deep_security.remediation.dsm", "url": stub.url, "ca_path": str(pem)}
        (folder / INVENTORY).write_text(json.dumps(options))
        (folder / READY).touch()
        while True:
            time.sleep(60)


def one(number: int) -> dict[str, t.Any]:
    """One computer of the fleet."""
    relay = {"platformSettingRelayState": {"value": "true" if number % 100 == 0 else "false"}}
    return computer(number, computerSettings=relay, **SYSTEMS[number % len(SYSTEMS)])


def read(folder: Path) -> None:
    """The client, the records and the verdicts, without Ansible."""
    from ansible_collections.deep_security.remediation.plugins.inventory import dsm
    from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm, _dsm_computers
    from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import load_advisory
    from ansible_collections.deep_security.remediation.plugins.plugin_utils._record.manager import Reader

    options = json.loads((folder / INVENTORY).read_text())
    client = _dsm.Client(options["url"], KEY, ca_path=options["ca_path"])
    reader = Reader()
    computers = [reader.computer(raw) for raw in _dsm_computers.search(client, _dsm_computers.EXPAND)]
    verdicts = dsm.Verdicts(load_advisory(), computers)
    print(len([verdicts.of(entry) for entry in computers]))


def load(folder: Path) -> None:
    """The inventory as ansible-playbook loads it, and every host's record."""
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader()
    hosts = InventoryManager(loader=DataLoader(), sources=[str(folder / INVENTORY)]).get_hosts()
    print(len([host.vars["dsm_computer"]["agent"]["version"] for host in hosts]))


def managers(sizes: Sequence[int]) -> None:
    """Print a table for fleets of these sizes."""
    programs = Path(sys.executable).parent
    myself = [sys.executable, "-m", "tests.bench.manager"]
    print(f"\nfrom the Manager, {os.cpu_count()} processors")
    print(f"{'computers':>9}  {'requests':>8}  {'wall s':>7}  {'CPU s':>7}  {'peak MB':>7}")
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="dsa-manager-") as name, beside(Path(name), size) as folder:
            static = folder / STATIC
            static.write_text(f'#!/bin/sh\nexec cat "{folder / LISTED}"\n')
            static.chmod(0o755)
            listing = [str(programs / "ansible-inventory"), "--list", "-i"]
            # Without failing the hosts that do not pass: that is one task of Ansible for each of them.
            settings = {"dsa_source": "manager", "dsa_gate": False, "dsa_report_path": str(folder / REPORT)}
            gate = [str(programs / "ansible-playbook"), "-i", str(folder / INVENTORY), "-e", json.dumps(settings)]
            for what, command, output in (
                ("client, records, verdicts", [*myself, "read", name], "read"),
                ("loaded, every record read", [*myself, "load", name], "loaded"),
                ("ansible-inventory --list", [*listing, str(folder / INVENTORY)], LISTED),
                ("the same hosts from a script, for comparison", [*listing, str(static)], "compared"),
                ("the whole gate, no host is read", [*gate, "deep_security.remediation.gate"], "gate"),
            ):
                (folder / COUNT).write_text("0")
                wall, cpu, memory = measured(folder, command, folder / output)
                requests = (folder / COUNT).read_text()
                print(f"{size:9}  {requests:>8}  {wall:7.1f}  {cpu:7.1f}  {memory:7.0f}  {what}", flush=True)
                if (text := (folder / output).read_text()).strip().isdigit() and int(text) != size:
                    sys.exit(f"{what} found {text.strip()} of {size} computers")
            found = len(json.loads((folder / LISTED).read_text())["_meta"]["hostvars"])
            if found != size:
                sys.exit(f"ansible-inventory lists {found} of {size} computers")
            reported = json.loads((folder / REPORT).read_text())["summary"]["hosts"]
            if reported != size:
                sys.exit(f"the report has {reported} of {size} computers")


@contextmanager
def beside(folder: Path, size: int) -> Iterator[Path]:
    """A Manager in a process of its own."""
    server = subprocess.Popen([sys.executable, "-m", "tests.bench.manager", "serve", str(folder), str(size)])
    try:
        while not (folder / READY).exists():
            if server.poll() is not None:
                sys.exit("the Manager of the measurement ended")
            time.sleep(0.1)
        yield folder
    finally:
        server.terminate()
        server.wait()


def measured(folder: Path, command: Sequence[str], output: Path) -> tuple[float, float, float]:
    """(wall seconds, processor seconds, peak MB) of one command.

    The peak is at least what this process takes, about 60 MB: Linux counts it from before the program was started.
    """
    environment = {
        **ansible_environment(folder),
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
        "DSM_API_KEY": KEY,
        "PYTHONPATH": ansible_environment(folder)["ANSIBLE_COLLECTIONS_PATH"],
        "no_proxy": "127.0.0.1",
    }
    errors = folder / "errors"
    start = time.perf_counter()
    with output.open("wb") as stdout, errors.open("wb") as stderr:
        outputs = [(os.POSIX_SPAWN_DUP2, stream.fileno(), number) for number, stream in ((1, stdout), (2, stderr))]
        pid = os.posix_spawn(command[0], list(command), environment, file_actions=outputs)
        dummy, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"{command} failed:\n{errors.read_text(errors='replace')[-5000:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        {"read": read, "load": load}[sys.argv[1]](Path(sys.argv[2]))
