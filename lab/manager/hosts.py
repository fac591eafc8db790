# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's hosts as computers of the Manager: what it calls them, and their heartbeats."""

from __future__ import annotations

import asyncio
import json
import shlex
import shutil
from collections.abc import Mapping
from typing import Any

from .. import packages
from ..fleet import Fleet, Host
from ..host import Machine
from ..standins import builds
from ..windows.machine import WindowsMachine
from .store import OFFLINE, ONLINE, Computer, Store
from .synthetic import APPLIANCE, PLATFORMS, works
from .tasks import UPDATING, Tasks

MISSED = 3
NEWS = ("activated", "security_update_succeeded", "security_update_failed")
DISTRIBUTIONS = {
    "almalinux": "AlmaLinux",
    "amzn": "Amazon Linux",
    "centos": "CentOS",
    "debian": "Debian",
    "ol": "Oracle Linux Release",
    "rhel": "Red Hat Enterprise",
    "rocky": "Rocky Linux",
    "sles": "SUSE Enterprise Server",
    "ubuntu": "Ubuntu Linux",
}
WINDOWS = {
    "2008": "Server 2008",
    "2008r2": "Server 2008 R2",
    "2012": "Server 2012",
    "2012r2": "Server 2012 R2",
    "7": "7",
    "11": "11",
}
BITS = {"x86_64": " (64 bit)", "i386": " (32 bit)", "aarch64": " (64-bit Arm)", "arm64": " (64-bit Arm)"}
GROUPS = {"relay": "Relays", "agent": "Agents"}
ARCHITECTURES = {"x86_64": "64-bit", "i386": "32-bit", "aarch64": "64-bit Arm", "arm64": "64-bit Arm"}
OPERATING_SYSTEMS = {"linux": "Linux", "windows": "Windows", "aix": "Unix", "solaris": "Unix"}


def platform_name(about: Mapping[str, Any]) -> str:
    """What the Manager calls the platform, without the number of bits. The forms for AIX and macOS are a guess."""
    if about["os"] == "linux":
        identity, version = about["distribution"]["id"], about["distribution"]["version"]
        return f"{DISTRIBUTIONS[identity]} {version.split('.')[0]}"
    if about["os"] == "windows":
        release = about["release"]
        server = f"Server {release}" if release.startswith("20") else release.split("-")[0]
        return f"Microsoft Windows {WINDOWS.get(release, server)}"
    if about["os"] == "solaris":
        return "Solaris 10" if about["release"] == "5.10" else "Solaris 11.4"
    return f"{'AIX' if about['os'] == 'aix' else 'macOS'} {about['release']}"


def platform_text(about: Mapping[str, Any]) -> str:
    return platform_name(about) + BITS.get(about["arch"], "")


def kinds(fleet: Fleet) -> list[tuple[str, str, str]]:
    """Operating system, platform and architecture of all hosts and made-up computers, as version controls call them."""
    found = [
        (
            OPERATING_SYSTEMS.get(host.os, host.os),
            platform_name(host.as_dict()),
            ARCHITECTURES.get(host.arch, host.arch),
        )
        for host in fleet.hosts
    ]
    for platform, text, _builds in PLATFORMS if fleet.manager and fleet.manager.computers else ():
        name, _space, bits = text.partition(" (")
        if platform != "macos":  # no version control is known for it
            found.append((platform.title(), name, "64-bit" if bits else "powerpc"))
    return list(dict.fromkeys(found))


def controls(fleet: Fleet) -> list[dict[str, Any]]:
    """The agent version control of each platform, with the builds on offer to choose from, the newest first."""
    ordered = sorted(fleet.packages, key=lambda build: builds.parse(build) or (0, 0, 0, 0), reverse=True)
    versions = [
        {"version": build.replace("-", "."), "isLatest": build == ordered[0], "isLatestLTS": build == ordered[0]}
        for build in ordered
    ]
    return [
        {
            "os": system,
            "distro": None,
            "platform": platform,
            "architecture": arch,
            "type": "latest",
            "version": versions[0]["version"],
            "availableVersions": versions,
            "ID": number,
        }
        for number, (system, platform, arch) in enumerate(kinds(fleet) if versions else (), 1)
    ]


def register(store: Store, about: Mapping[str, Any], anew: bool) -> Computer:
    """A host whose agent activates itself; anew: after it was deleted, when nothing is left of what was set."""
    known = {} if anew else about["manager"]
    computer = Computer(about["name"], about["platform"], platform_text(about))
    computer.host = about["name"]
    computer.display_name = known.get("display_name", "")
    computer.address = "127.0.0.1"
    computer.kind = known.get("kind", "agent")
    if computer.kind == "appliance":
        computer.platform, computer.platform_text = "linux", APPLIANCE
    if not anew:
        relay = known.get("relay", about["role"] == "relay")
        computer.relay = str(relay).lower() if isinstance(relay, bool) else relay
        computer.group = store.numbered(store.groups, known.get("group", GROUPS[about["role"]]))
        computer.policy = store.numbered(store.policies, known.get("policy", "Base Policy"))
        computer.relay_list = 0 if about["role"] == "relay" else 1
    return store.add(computer)


def register_without_host(store: Store, host: Host) -> None:
    """A host of the fleet that nobody started: a made-up computer like the synthetic ones."""
    if host.role == "none" or host.build is None or not host.activated:
        return
    computer = register(store, host.as_dict(), False)
    computer.host = None
    computer.build, computer.anti_malware = host.build, host.anti_malware
    computer.self_protection = host.self_protection
    computer.status, computer.last_contact = ONLINE, store.now()
    computer.patterns_current = works(computer) if host.patterns is None else host.patterns == "current"
    computer.last_changed = store.now() - 3_600_000


class Hosts:
    """Hears from every host of the lab, and passes on what the Manager wants of it."""

    def __init__(self, store: Store, tasks: Tasks, machines: Mapping[str, Machine]) -> None:
        self.store = store
        self.tasks = tasks
        self.machines = machines
        self.heard: dict[str, int] = {}
        """Host -> how many of its journal's events are known."""
        self.upgrades: set[asyncio.Task[None]] = set()
        self.known: set[str] = set()
        """Hosts that were registered once."""

    async def beat(self, everybody: bool) -> None:
        """One heartbeat of everybody, or of those only that the Manager wants something of."""
        names = [name for name in self.machines if everybody or self.wanted(name)]
        # First the journals: what they tell of has happened when the agents are asked.
        news = {name: self.news(name) for name in names}
        requests = [self.request(name) for name in names]
        heard = await asyncio.gather(
            *(ask(self.machines[name], request) for name, request in zip(names, requests, strict=True))
        )
        # In the order of the fleet, so that the IDs are.
        with self.store.lock:
            for name, request, said in zip(names, requests, heard, strict=True):
                self.hear(name, news[name], request, said, everybody)
                self.start_upgrade(name)

    def wanted(self, name: str) -> bool:
        with self.store.lock:
            computer = self.store.of_host(name)
            return computer is not None and (
                computer.send_update or computer.send_relay is not None or computer.send_upgrade is not None
            )

    def request(self, name: str) -> dict[str, Any]:
        """What the Manager wants of the agent."""
        wanted: dict[str, Any] = {}
        with self.store.lock:
            computer = self.store.of_host(name)
            if computer is not None and computer.send_relay is not None:
                wanted["relay"] = computer.send_relay
            if computer is not None and computer.send_update:
                wanted["update"] = "updates_never_finish" not in self.store.faults
        return wanted

    def hear(
        self, name: str, events: list[str], request: dict[str, Any], said: dict[str, Any] | None, regular: bool
    ) -> None:
        computer = self.store.of_host(name)
        if said is None or not said["activated"]:
            if regular:
                self.miss(computer)
            return
        if computer is None:
            anew = name in self.known
            if anew and "activated" not in events:
                return  # it was deleted here, and does not know
            computer = register(self.store, self.machines[name].about, anew)
            if anew:
                computer.send_relay = False
            self.known.add(name)
            computer.patterns_current = said["patterns_current"]
            computer.last_changed = self.store.now() - 3_600_000
        self.learn(computer, said, events, request)

    def start_upgrade(self, name: str) -> None:
        computer = self.store.of_host(name)
        if computer is None or computer.send_upgrade is None:
            return
        build, computer.send_upgrade = computer.send_upgrade, None
        task = asyncio.create_task(self.upgrade(computer, self.machines[name], build))
        self.upgrades.add(task)
        task.add_done_callback(self.upgrades.discard)

    async def upgrade(self, computer: Computer, machine: Machine, build: str) -> None:
        """With the host's own package manager, on Linux. The agent lets its own Manager do it whatever protects it."""
        about = machine.about
        host = Host(**{name: about[name] for name in Host.__dataclass_fields__})
        source = machine.layout.packages / packages.file_name(host, build)
        if host.os == "linux" and source.exists():
            target = machine.root / "var/cache" / source.name
            shutil.copyfile(source, target)
            protected = computer.self_protection
            await ask(machine, {"self_protection": False})
            command = "dpkg --install" if host.package_manager == "deb" else "rpm --upgrade"
            await machine.run(f"{command} /var/cache/{shlex.quote(source.name)}")
            await ask(machine, {"self_protection": protected})
            target.unlink(missing_ok=True)
        with self.store.lock:
            computer.task = None

    def miss(self, computer: Computer | None) -> None:
        if computer is not None:
            computer.missed += 1
            if computer.missed >= MISSED:
                computer.status = OFFLINE

    def learn(self, computer: Computer, heard: Mapping[str, Any], events: list[str], told: Mapping[str, Any]) -> None:
        computer.missed, computer.status, computer.last_contact = 0, ONLINE, self.store.now()
        computer.build = heard["build"]
        computer.anti_malware = heard["anti_malware"] != "off"
        computer.engine_offline = heard["anti_malware"] == "offline"
        computer.self_protection = heard["self_protection"]
        if told.get("relay", "") == computer.send_relay:
            computer.send_relay = None
        for event in events:
            if event.startswith("security_update_"):
                self.tasks.finish_update(computer, event == "security_update_succeeded")
        if "update" in told:
            computer.send_update, computer.task = False, UPDATING
        if computer.patterns_current and not heard["patterns_current"]:
            computer.patterns_current = False  # the agent was installed anew

    def news(self, name: str) -> list[str]:
        """What the host's journal has had since last time of what the Manager cares for."""
        try:
            lines = self.machines[name].layout.journal(name).read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
        events = [str(json.loads(line)["event"]) for line in lines if line.endswith("}")]
        cared_for = [event for event in events if event in NEWS]
        new = cared_for[self.heard.get(name, 0) :]
        self.heard[name] = len(cared_for)
        return new


async def ask(machine: Machine, request: dict[str, Any]) -> dict[str, Any] | None:
    """What the agent says of itself; None when it does not answer."""
    if not machine.is_up:
        return None
    if isinstance(machine, WindowsMachine):
        return machine.agent.meet_manager(request)
    return await asyncio.to_thread(ask_socket, machine, request)


def ask_socket(machine: Machine, request: dict[str, Any]) -> dict[str, Any] | None:
    answer = machine.ask_agent({"op": "manager", **request})
    heard = None if answer is None else json.loads(answer["text"])
    return heard if isinstance(heard, dict) else None
