# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's Python and the real PowerShell on the same hosts: every Windows fleet, each fault, and generated hosts.

Each difference is a defect of one of the two. Without HYPOTHESIS_PROFILE=full a few of each: it takes
every host, fault and fleet through a whole remediation, and generates hundreds of hosts.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import leftover_options, reading_options
from ansible_collections.deep_security.remediation.plugins.plugin_utils._windows_readiness import precheck_options
from lab.fleet import WINDOWS_FAULTS
from lab.windows import msi
from lab.windows.engine import missing
from lab.windows.engine.build import PLUGINS
from lab.windows.releases import RELEASES
from tests.lab.twins import Step, Twins
from tests.lab.windows_host import LOG, NEW, OLD, PACKAGE
from tests.run.common import ROOT
from tests.warm import engine

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))

FULL = os.environ.get("HYPOTHESIS_PROFILE") == "full"
GENERATED, EACH = (600, 30) if FULL else (6, 6)
UPGRADE, UPDATE = "win_dsa_upgrade", "win_dsa_security_update"
DIGEST = hashlib.sha256(msi.make(NEW, "x86_64")).hexdigest()
FLEETS = (
    "test_recover_through_manager",
    "test_windows",
    "test_windows_faults",
    "test_windows_precheck",
    "test_windows_recover",
)
SHORT = {"service_timeout": 1, "lock_timeout": 5}
READ: Step = ("win_dsa_info", {"timeout": 5, **reading_options()})
PRECHECK: Step = (
    "win_dsa_host_info",
    precheck_options(
        ["DDFB16CD4931C973A2037D3FC83A4D7D775D05E4", "F40042E2E5F7E8EF8189FED15519AECE42C3BFA2", "A" * 40],
        ["KB4474419", "KB5006714"],
        [r"%SystemRoot%\System32\msvcp140.dll", r"%SystemRoot%\System32\other.dll"],
    ),
)
LEFTOVERS: Step = (
    "win_dsa_host_info",
    {
        **leftover_options(),
        "paths": [
            r"%ProgramFiles%\Trend Micro\Deep Security Agent",
            r"%ProgramData%\Trend Micro\Deep Security Agent",
            r"%SystemRoot%\System32\drivers\tbimdsa.sys",
        ],
    },
)


def own(step: str, **more: Any) -> Step:
    return UPGRADE, {"step": step, **SHORT, **more}


def updating(step: str, **more: Any) -> Step:
    return UPDATE, {"step": step, "lock_timeout": 5, "timeout": 5, **more}


PUT: Step = ("put", {"path": PACKAGE, "build": NEW})
INSTALL: Step = (
    "win_package",
    {"path": PACKAGE, "log_path": LOG, "expected_return_code": [0, 1618, 1641, 3010], "checksum_algorithm": "sha256"},
)
REMOVE: Step = ("win_package", {"state": "absent", "log_path": LOG})
REBOOT: Step = ("reboot", {})


def remediation(**protect: Any) -> list[Step]:
    """What a remediation does on a host, and what may come after it."""
    note, nothing = {"phase": "upgrading", "run": "r1", "from": OLD, "to": NEW}, {"run": None, "phase": None}
    return [
        READ,
        PRECHECK,
        PUT,
        ("win_dsa_package_info", {"path": PACKAGE}),
        own("begin", path=PACKAGE, sha256=DIGEST, note=note, log_path=LOG, seen=nothing, **protect),
        INSTALL,
        own("end", note={"phase": "update_pending"}, reboot_required=True, log_path=LOG, **protect),
        READ,
        own("restart", **protect),
        READ,
        REBOOT,
        READ,
        updating("start", note={"run": "r1"}),
        updating("look"),
        # Once more, as by now there are logs to mark.
        updating("start", note={"run": "r2"}),
        updating("look"),
        updating("confirm", note={"phase": "done", "build": NEW}, seen={"phase": "upgrading"}),
        updating("confirm", note={"phase": "done", "build": NEW}, seen={"phase": "update_pending"}),
        # By what was read before that.
        updating("start", note={"run": "r3"}, seen={"run": "r2", "phase": "update_pending"}),
        own("note", note={"phase": "upgrading", "run": "r3"}, seen={"run": "r2", "phase": "update_pending"}),
        updating("diagnose", **({"self_protection_password": protect["self_protection_password"]} if protect else {})),
        READ,
        own("begin", note={"phase": "upgrading"}, log_path=LOG, **protect),
        REMOVE,
        own("end", log_path=LOG, **protect),
        READ,
        LEFTOVERS,
    ]


PROTECTED = {"self_protection": True, "self_protection_password": "open-sesame"}
# A name -> what the host is, and whether self-protection may be lowered.
HOSTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "protected": ({"self_protection": "open-sesame"}, PROTECTED),
    "not-permitted": ({"self_protection": "open-sesame"}, {}),
    "wrong-password": ({"self_protection": "another"}, PROTECTED),
    "japanese": ({"release": "2016", "language": "ja"}, PROTECTED),
    "relay": ({"role": "relay", "release": "2008r2"}, {}),
    "fixed": ({"build": NEW}, {}),
    "none": ({"role": "none", "build": None}, {}),
    "not-activated": ({"activated": False, "anti_malware": False}, PROTECTED),
    "pending": ({"pending_reboot": ["sccm", "computer_rename", "server_manager", "file_rename_other"]}, {}),
    "updates-wait": ({"pending_reboot": ["windows_update", "component_based_servicing", "file_rename_agent"]}, {}),
    "after-upgrade": ({"reboot_required": "after_upgrade", "self_protection": "open-sesame"}, PROTECTED),
    "no-roots": ({"missing_roots": ["DDFB16CD4931C973A2037D3FC83A4D7D775D05E4"]}, {}),
}
# Faults of all hosts that matter here; each has hosts of its own, with and without permission.
FAULTS: dict[str, Any] = {
    "answers_late": 3600,
    "dsa_query_hangs": True,
    "package_install_fails": True,
    "reports_wrong_build": True,
    "service_does_not_start": True,
    "anti_malware_offline_after_upgrade": True,
    "security_update_fails": True,
    "security_update_never_finishes": True,
    **{
        name: True if "true" in allowed else OLD if "build" in allowed else "paused" if "paused" in allowed else 2
        for name, allowed in WINDOWS_FAULTS.items()
    },
}
# Those that show after an installation or a removal alone.
LATE = (
    "chain_is_partial",
    "package_install_fails",
    "signed_by_other",
    "uninstall_leaves_files",
    "uninstall_leaves_keys",
)
# Of the way there, or of the installer alone. A disk that is full needs a mount, which the lab's process makes.
OTHER = ("winrm_dies", "winrm_drops_during_install", "msi_exit_code", "disk_full_after_install")


class Comparison:
    """One engine for all hosts of this file, and what was compared with it."""

    def __init__(self) -> None:
        self.engine = engine()
        self.counts: Counter[str] = Counter()

    def hosts(self, folder: Path, hosts: dict[str, tuple[dict[str, Any], list[Step]]]) -> None:
        """Run the steps of each host twice: no difference is left."""

        async def work() -> Twins:
            twins = Twins(self.engine.pool, self.engine.builder(PLUGINS), folder)
            for name, (about, steps) in hosts.items():
                await twins.run(name, about, steps)
            return twins

        twins = self.engine.wait(work())
        assert not twins.found, "\n".join(twins.found)
        assert twins.counts["calls"] == sum(len(steps) for _about, steps in hosts.values())
        self.counts.update(twins.counts)


@pytest.fixture(scope="module")
def twins(pytestconfig: pytest.Config) -> Iterator[Comparison]:
    made = Comparison()
    yield made
    counts = ", ".join(f"{number} {name}" for name, number in made.counts.items())
    # Not captured, as it is the measure of what was compared.
    capture: Any = pytestconfig.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\nPython and PowerShell did the same: {counts or 'nothing was compared'}", file=sys.__stderr__)


@pytest.mark.parametrize("name", HOSTS if FULL else ("protected",))
def test_each_kind_of_host(twins: Comparison, tmp_path: Path, name: str) -> None:
    about, protect = HOSTS[name]
    twins.hosts(tmp_path, {name: ({"build": OLD, **about}, remediation(**protect))})


@pytest.mark.parametrize(
    "faults", [(fault,) for fault in sorted(set(FAULTS) - set(OTHER))] if FULL else [LATE[-2:]], ids="+".join
)
def test_each_fault(twins: Comparison, tmp_path: Path, faults: tuple[str, ...]) -> None:
    """On a host that protects itself, where that may be lowered. The short form: two on one host, which do not meet."""
    fault = faults[0]
    short = [READ, own("restart", **PROTECTED), updating("start"), updating("look")]
    if fault == "dsa_query_hangs":
        short = [READ]  # each waits for the time limit
    if fault.startswith("log"):
        short += [updating("start"), updating("look")]  # by now there are logs to mark
    given = {name: FAULTS[name] for name in faults}
    given |= {"service_dependents": True} if fault.startswith("dependent") else {}
    about = {"build": OLD, "self_protection": "open-sesame", "role": "relay", "faults": given}
    steps = remediation(**PROTECTED) if FULL or fault in LATE else short
    twins.hosts(tmp_path, {fault.replace("_", "-"): (about, steps)})


def fleet_hosts() -> dict[str, dict[str, Any]]:
    """The Windows hosts of the lab's fleets and of the fleets that the tests of whole runs describe."""
    found: dict[str, dict[str, Any]] = {}

    class Started(Exception):
        pass

    def start(fleet: dict[str, Any]) -> None:
        found.update({f"{module}.{name}": host for name, host in fleet["hosts"].items()})
        raise Started

    for module in FLEETS:
        fixture = importlib.import_module(f"tests.integration.{module}").lab
        with pytest.raises(Started):
            inspect.unwrap(fixture)(start)
    for file in (ROOT / "lab/fleets").glob("*.yml"):
        hosts = yaml.safe_load(file.read_text(encoding="utf-8"))["hosts"]
        found.update({f"{file.stem}.{name}": host for name, host in hosts.items()})
    known = {name: dict(host) for name, host in found.items() if host.get("os") == "windows"}
    for host in known.values():
        # Without what is not part of a host: its variables, Relays of its fleet, and the way to it.
        for key in ("vars", "uses", "group", "manager", "os", "update_seconds"):
            host.pop(key, None)
        host["faults"] = {name: one for name, one in host.get("faults", {}).items() if name in FAULTS}
        for name in OTHER:
            host["faults"].pop(name, None)
    return known


@pytest.mark.parametrize("part", range(4) if FULL else (0,))
def test_the_hosts_of_every_fleet(twins: Comparison, tmp_path: Path, part: int) -> None:
    hosts = fleet_hosts()
    steps = remediation(**PROTECTED) if FULL else [READ]
    twins.hosts(tmp_path, {name: (hosts[name], steps) for name in sorted(hosts)[part::4]})


NOTES = {
    "valid": b'{"phase": "update_pending", "since": "2026-11-01T00:00:00Z", "run": "r0"}',
    "lowered": b'{"phase": "upgrading", "self_protection": "off", "run": "r0"}',
    "done": b'\xef\xbb\xbf{"phase": "done", "build": "20.0.2-1390", "caf\\u00e9": ["x", {"y": null}]}',
    "cut": b'{"phase": "upd',
    "list": b'[{"phase": "done"}]',
    "other-phase": b'{"phase": "finished"}',
    "no-phase": b'{"run": "r0"}',
    "other-protection": b'{"phase": "done", "self_protection": "maybe"}',
    "empty": b"",
    "null": b"null",
    "utf-16": '{"phase": "done"}'.encode("utf-16"),
    "latin-1": b'{"phase": "done", "name": "\xe9"}',
    "deep": b'{"phase": "done", "x": ' + b"[" * 300 + b"]" * 300 + b"}",
    "long": b'{"phase": "done", "x": "' + b"y" * 70_000 + b'"}',
}
ELSEWHERE = r"C:\Temp\other.json"
PROGRESS = PACKAGE.rpartition("\\packages")[0] + r"\progress.json"


def some_seen(rng: random.Random) -> dict[str, Any]:
    """What a note may have had when the host was read."""
    return {"run": rng.choice([None, "r0", "r1"]), "phase": rng.choice([None, "upgrading", "update_pending", "done"])}


def some_step(rng: random.Random, protect: dict[str, Any]) -> list[Step]:
    """One step of a run, or some that belong together, with options that it may get and some that it must refuse."""
    note = {"phase": rng.choice(["upgrading", "update_pending", "done"]), "run": "r1"}
    path = rng.choice([PACKAGE, PACKAGE, PACKAGE, r"D:\agent.msi", r"C:\Windows", r"C:\missing\agent.msi"])
    digest = rng.choice([None, DIGEST, DIGEST.upper(), "0" * 64])
    begin = {"path": path, "log_path": LOG, **protect, "note": rng.choice([None, note])}
    if digest:
        begin["sha256"] = digest
    if rng.random() < 0.5:
        begin["seen"] = some_seen(rng)
    kept = rng.choice(sorted(NOTES))
    return rng.choice(
        [
            [PUT, own("begin", **begin)],
            [
                PUT,
                own("begin", **begin),
                INSTALL,
                own("end", log_path=LOG, reboot_required=rng.random() < 0.5, **protect),
            ],
            [own("begin", note=note, **protect), REMOVE, own("end", **protect), LEFTOVERS],
            [own("restart", **protect)],
            [own("protect", **protect)],
            [own("note", note=note, **rng.choice([{}, {"seen": some_seen(rng)}]))],
            [updating("start", note={"run": "r1"}, seen=some_seen(rng))],
            [
                updating("start", note={"run": "r1"}, **{k: v for k, v in protect.items() if "password" in k}),
                updating("look"),
            ],
            [updating("confirm", note=note, **rng.choice([{}, {"seen": some_seen(rng)}]))],
            [updating("diagnose", **{k: v for k, v in protect.items() if "password" in k})],
            [("file", {"path": PROGRESS, "content": NOTES[kept]})],
            [("win_dsa_control", {"arguments": rng.choice([["-m"], ["-r"], ["--no-such"], []])})],
            [("win_dsa_package_info", {"path": path})],
            [REBOOT],
            [PRECHECK],
            [LEFTOVERS],
            [("win_dsa_info", {**READ[1], "timeout": rng.choice([0, 3, 1_000_001]), "progress_file": ELSEWHERE})],
            [own(rng.choice(["begin", "end", "restart", "protect", "note"]), check=True, note=note, **protect)],
        ]
    )


def generated(seed: int) -> tuple[dict[str, Any], list[Step]]:
    """A host and what is done to it, the same for a seed in every process."""
    rng = random.Random(seed)
    build = rng.choice([OLD, OLD, "20.0.0-5810", "20.0.1-12510", NEW, None])
    about: dict[str, Any] = {"build": build, "role": rng.choice(["agent", "agent", "relay"]) if build else "none"}
    release = about["release"] = rng.choice(sorted(RELEASES))
    about["arch"] = rng.choice(RELEASES[release].arches)
    choices: dict[str, list[Any]] = {
        "language": ["en", "en", "ja"],
        "activated": [True, True, False],
        "anti_malware": [True, True, False],
        "self_protection": [False, True, "open-sesame", "another"],
        "patterns": ["current", "old"],
        "reboot_required": [False, True, "after_upgrade"],
        "root_updates": [False, True],
        "missing_roots": [[], ["DDFB16CD4931C973A2037D3FC83A4D7D775D05E4"]],
        "disallowed_roots": [[], ["F40042E2E5F7E8EF8189FED15519AECE42C3BFA2"]],
        "free_gb": [0.5, 40],
    }
    about |= {name: rng.choice(values) for name, values in choices.items()}
    waiting = ["component_based_servicing", "windows_update", "server_manager", "computer_rename", "sccm"]
    about["pending_reboot"] = rng.sample([*waiting, "file_rename_agent", "file_rename_other"], rng.choice([0, 0, 1, 2]))
    names = rng.sample(sorted(set(FAULTS) - set(OTHER)), rng.choice([0, 1, 1, 2, 3]))
    about["faults"] = {name: FAULTS[name] for name in names}
    permissions: list[dict[str, Any]] = [{}, {"self_protection": True}, {"self_protection_password": "open-sesame"}]
    protect = rng.choice([*permissions, PROTECTED, {**PROTECTED, "self_protection": False}])
    steps = [step for _number in range(rng.choice([1, 2, 3])) for step in some_step(rng, protect)]
    return about, [READ, *steps, READ]


@pytest.mark.parametrize("first", range(1, 1 + GENERATED, EACH))
def test_generated_hosts(twins: Comparison, tmp_path: Path, first: int) -> None:
    twins.hosts(tmp_path, {f"seed-{seed}": generated(seed) for seed in range(first, first + EACH)})
