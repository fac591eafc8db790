# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make bench: what assessing costs beside ping, setup and package_facts, on the same hosts in the same run.

python -m tests.bench [reading | playbooks | manager | report] [--hosts N] [--rounds N] [--computers N ...]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from tests.bench.manager import SIZES, managers
from tests.bench.report import reports
from tests.conftest import ansible_environment, environment
from tests.integration.conftest import FIXED, LabFleet, deb
from tests.preloaded import Preloaded

ASSESS = "dsa_assess"
READERS: dict[str, dict[str, t.Any]] = {
    ASSESS: {"deep_security.remediation.dsa_assess": {}},
    "setup": {"ansible.builtin.setup": {}},
    "setup !all,min": {"ansible.builtin.setup": {"gather_subset": ["!all", "min"]}},
    "package_facts": {"ansible.builtin.package_facts": {}},
    # The yardstick beside itself: how far two equal tasks lie apart on this machine at this time.
    "ping again": {"ansible.builtin.ping": {}},
}
PLAYBOOKS = ("gate", "remediate")
# The lab's dsa_query and systemctl are Python programs and cost more to start than native ones: a shell script goes on
# to say what they say now.
QUICK_TOOLS = """cd /opt/ds_agent
for ask in GetPluginVersion GetAgentStatus GetComponentInfo; do ./dsa_query -c $ask >$ask; done
printf '#!/bin/sh\\nexec cat /opt/ds_agent/$2\\n' >dsa_query
systemctl show -p LoadState -p ActiveState -p SubState ds_agent >state
rm /usr/bin/systemctl
printf '#!/bin/sh\\nexec cat /opt/ds_agent/state\\n' >/usr/bin/systemctl
chmod 755 /usr/bin/systemctl dsa_query
"""
Sample = dict[str, float]
FORKS = 20


def timed(lab: LabFleet, playbook: Path) -> list[dict[str, t.Any]]:
    """Run a playbook and return what the stopwatch wrote, a line a task."""
    laps = playbook.with_suffix(".laps")
    settings = {
        **ansible_environment(lab.folder),
        "ANSIBLE_FORKS": str(FORKS),
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "stopwatch",
        "STOPWATCH": str(laps),
    }
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "-i",
        str(lab.lab / "inventory.yml"),
        str(playbook),
    ]
    done = subprocess.run(command, cwd=lab.folder, env=settings, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{playbook.name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    lines = [json.loads(line) for line in laps.read_text(encoding="utf-8").splitlines()]
    if any(line["wrong"] for line in lines):
        sys.exit(f"some hosts failed:\n{done.stdout}")
    return lines


def reading(lab: LabFleet, rounds: int) -> None:
    """All readers on the lab's hosts, then ours once more on hosts whose tools cost next to nothing."""
    compare(lab, rounds, "one task on all hosts", list(READERS))
    playbook = lab.folder / "quick.yml"
    task = {"name": "Quick tools", "ansible.builtin.raw": QUICK_TOOLS}
    playbook.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [task]}]), encoding="utf-8")
    timed(lab, playbook)
    compare(lab, rounds, "the same, with quick tools", [ASSESS, "setup !all,min", "ping again"])


def compare(lab: LabFleet, rounds: int, title: str, names: list[str]) -> None:
    """Every reader right after a ping, round by round; which comes first changes from round to round."""
    tasks: list[dict[str, t.Any]] = [{"name": "warm", "ansible.builtin.ping": {}}] * 2
    tasks += [{"name": "warm", **READERS[name]} for name in names]
    for number in range(rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            tasks += [{"name": f"before {name}", "ansible.builtin.ping": {}}, {"name": name, **READERS[name]}]
    playbook = lab.folder / f"{len(names)}.yml"
    playbook.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    laps = timed(lab, playbook)
    rows = []
    for name in names:
        of_reader = [lap for lap in laps if lap["task"] == name]
        of_ping = [lap for lap in laps if lap["task"] == f"before {name}"]
        rows.append(row(name, of_reader, of_ping))
    pings = [lap for lap in laps if lap["task"].startswith("before ")]
    table(title, [row("ping", pings, pings), *rows])


def playbooks(lab: LabFleet, rounds: int) -> None:
    """Whole playbooks on a fleet that needs nothing, beside a playbook that pings the same hosts once."""
    ping = lab.folder / "ping.yml"
    task = {"name": "ping", "ansible.builtin.ping": {}}
    ping.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [task]}]), encoding="utf-8")
    samples: dict[str, tuple[list[Sample], list[Sample]]] = {name: ([], []) for name in PLAYBOOKS}
    whole(lab, str(ping))
    for dummy in range(rounds):
        for name in PLAYBOOKS:
            samples[name][1].append(whole(lab, str(ping)))
            samples[name][0].append(whole(lab, f"deep_security.remediation.{name}"))
    pings = [sample for dummy, beside in samples.values() for sample in beside]
    table(
        "a whole run of ansible-playbook",
        [row("ping", pings, pings), *(row(name, *samples[name]) for name in PLAYBOOKS)],
    )


def whole(lab: LabFleet, playbook: str) -> Sample:
    """One run of a playbook, from the start of ansible-playbook to its end."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = lab.ansible(playbook)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{playbook} ended with {done.returncode}:\n{done.stdout}")
    return {"wall": wall, "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def row(name: str, samples: Sequence[Sample], beside: Sequence[Sample]) -> tuple[str, ...]:
    """Median, least and most of wall and processor time, and the median of the ratios, each to the ping before it."""
    cells = [name]
    for key in ("wall", "cpu"):
        values = [sample[key] for sample in samples]
        ratios = sorted(one[key] / other[key] for one, other in zip(samples, beside, strict=True))
        cells += [f"{statistics.median(values):.2f}", f"{min(values):.2f} … {max(values):.2f}"]
        cells.append(
            f"{statistics.median(ratios):.2f} ({ratios[len(ratios) // 4]:.2f} … {ratios[-1 - len(ratios) // 4]:.2f})"
        )
    return tuple(cells)


def table(title: str, rows: Iterable[tuple[str, ...]]) -> None:
    """Print it with aligned columns."""
    head = (title, "wall s", "min … max", "x ping (quartiles)", "CPU s", "min … max", "x ping (quartiles)")
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    print()
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip(), flush=True)


CONCLUSIONS = """
What this says beyond this machine: the ratios, since both sides of each were measured one after the other on the
same hosts; "ping again" shows how much of a ratio is chance. It does not say how long a host of yours takes:
seconds depend on the machine and on the network, and the agent's own dsa_query is a stand-in here (a small Python
program, run three times in a reading; with "quick tools" a shell script that says the same). What the real one costs
is not known. CPU is the controller's: ansible-playbook, its workers and ssh."""


def main() -> None:
    """Measure what was asked for, else everything."""
    kinds = ("reading", "playbooks", "manager", "report")
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("what", nargs="*", choices=[[], *kinds], default=[])
    parser.add_argument("--hosts", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--computers", type=int, nargs="+", default=SIZES)
    arguments = parser.parse_args()
    what = arguments.what or kinds
    if "reading" in what or "playbooks" in what:
        on_lab_hosts(arguments.hosts, arguments.rounds, what)
    if "manager" in what:
        managers(arguments.computers)
    if "report" in what:
        reports()


def on_lab_hosts(size: int, rounds: int, what: Sequence[str]) -> None:
    """The measurements that need hosts."""
    with tempfile.TemporaryDirectory(prefix="dsa-bench-") as folder:
        hosts = {f"web{number}": deb(FIXED) for number in range(1, size)}
        hosts["relay1"] = deb(FIXED, role="relay")
        preloaded = Preloaded(environment(Path(folder)))
        lab = LabFleet(Path(folder), {"packages": [FIXED], "hosts": hosts}, preloaded)
        try:
            print(f"{len(hosts)} hosts, {FORKS} forks, {rounds} rounds, {os.cpu_count()} processors")
            if "playbooks" in what:
                playbooks(lab, max(3, rounds // 2))
            if "reading" in what:
                reading(lab, rounds)
        finally:
            lab.down()
            preloaded.end()
    print(CONCLUSIONS)


if __name__ == "__main__":
    main()
