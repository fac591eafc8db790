# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the Manager knows: computers, groups, policies, settings, events, sessions, and its faults.

Threads of the web server and the lab's own loop share it: whoever reads or writes holds `lock`.
"""

from __future__ import annotations

import bisect
import heapq
import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from .options import FAULTS, Options

ROOT_GROUP = 0
ONLINE, OFFLINE, UNMANAGED = "online", "offline", "unmanaged"
SYSTEM_SETTINGS = {
    "platformSettingApiSoapWebServiceEnabled": "true",
    "platformSettingApiStatusMonitoringEnabled": "true",
    "platformSettingLoadBalancerRelayPort": "4122",
    "platformSettingUpdateAgentSecurityContactPrimarySourceOnMissingRelayEnabled": "true",
    "platformSettingUpdateImportedSoftwareAutoDownloadEnabled": "false",
    "platformSettingUpdateSecurityPrimarySourceMode": "Trend Micro Update Server",
    "platformSettingUpdateSecurityPrimarySourceUrl": "",
    "platformSettingUpdateSoftwareAlternateUpdateServerUrls": "",
}


class Computer:
    """One computer. Times are the Manager's, in milliseconds since 1970. build is like 20.0.0-6313, or None."""

    __slots__ = (
        "address",
        "anti_malware",
        "build",
        "description",
        "display_name",
        "engine_offline",
        "group",
        "guid",
        "host",
        "kind",
        "last_changed",
        "last_contact",
        "missed",
        "name",
        "number",
        "patterns_current",
        "platform",
        "platform_text",
        "policy",
        "relay",
        "relay_list",
        "self_protection",
        "send_relay",
        "send_update",
        "send_upgrade",
        "status",
        "task",
        "update_failed",
    )

    def __init__(self, name: str, platform: str, platform_text: str) -> None:
        self.number = 0
        self.name = name
        self.platform = platform
        """The column of the vendor's table: windows, linux, unix, macos."""
        self.platform_text = platform_text
        self.display_name = ""
        self.description = ""
        self.guid = str(uuid.uuid5(uuid.NAMESPACE_DNS, name)).upper()
        self.address: str | None = None
        self.kind = "agent"
        self.group = ROOT_GROUP
        self.policy = 0
        self.relay_list = 0
        self.build: str | None = None
        self.relay = "false"
        self.status = UNMANAGED
        self.missed = 0
        self.last_contact: int | None = None
        self.last_changed: int | None = None
        self.patterns_current = False
        self.update_failed = False
        self.anti_malware = True
        self.engine_offline = False
        self.self_protection = False
        self.task: str | None = None
        """What the agent is doing for the Manager now."""
        self.host: str | None = None
        """The lab's host that it is, or None for a made-up computer."""
        self.send_update = False
        self.send_relay: bool | None = None
        self.send_upgrade: str | None = None
        """What the agent is told in its next heartbeat."""


class Store:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.lock = threading.RLock()
        self.computers: dict[int, Computer] = {}
        self.order: list[int] = []
        self.groups: dict[int, str] = {ROOT_GROUP: "Computers"}
        self.policies: dict[int, str] = {1: "Base Policy"}
        self.settings = dict(SYSTEM_SETTINGS)
        self.faults: dict[str, Any] = dict(options.faults)
        self.sessions: dict[str, str] = {}
        self.logins = 0
        self.wake: Callable[[], None] = lambda: None
        self.faults_changed: Callable[[], None] = lambda: None
        self.last_computer = 0
        self.later: list[tuple[float, int, Callable[[], None]]] = []
        self.ticket = itertools.count()

    # Time

    def now(self) -> int:
        return int((time.time() + self.skew) * 1000)

    @property
    def skew(self) -> float:
        return float(self.faults.get("clock_skew", 0))

    def schedule(self, seconds: float, action: Callable[[], None]) -> None:
        """Do that later, with the lock held."""
        with self.lock:
            heapq.heappush(self.later, (time.monotonic() + seconds, next(self.ticket), action))
        self.wake()

    def run_due(self) -> float:
        """Does what is due; returns in how many seconds the next is."""
        while True:
            with self.lock:
                left = self.later[0][0] - time.monotonic() if self.later else 3600.0
                if left > 0:
                    return left
                heapq.heappop(self.later)[2]()

    # Faults

    def take(self, name: str) -> bool:
        """Whether a fault with a count hits now; one less is left of it."""
        with self.lock:
            left = int(self.faults.get(name, 0))
            if left > 1:
                self.faults[name] = left - 1
            elif left == 1:
                del self.faults[name]
            return left > 0

    def set_faults(self, faults: dict[str, Any]) -> None:
        """Arms these beside those that there are."""
        with self.lock:
            self.faults.update(faults)
        self.faults_changed()

    def heal(self, names: list[str]) -> list[str]:
        """Takes these away, or all without names. Raises ValueError for a name that is no fault."""
        unknown = [name for name in names if name not in FAULTS]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no fault of the Manager; its faults are {', '.join(FAULTS)}")
        with self.lock:
            healed = [name for name in self.faults if not names or name in names]
            for name in healed:
                del self.faults[name]
        self.faults_changed()
        return healed

    # Computers

    def add(self, computer: Computer) -> Computer:
        """A computer that registers itself: it gets the next ID."""
        with self.lock:
            self.last_computer += 1
            computer.number = self.last_computer
            self.computers[computer.number] = computer
            self.order.append(computer.number)
        return computer

    def remove(self, number: int) -> bool:
        with self.lock:
            if self.computers.pop(number, None) is None:
                return False
            del self.order[bisect.bisect_left(self.order, number)]
        return True

    def between(self, above: int, below: int) -> Iterator[Computer]:
        """Computers with an ID above the one and below the other, in the order of their IDs."""
        for place in range(bisect.bisect_right(self.order, above), bisect.bisect_left(self.order, below)):
            yield self.computers[self.order[place]]

    def of_host(self, name: str) -> Computer | None:
        return next((one for one in self.computers.values() if one.host == name), None)

    def numbered(self, names: dict[int, str], name: str) -> int:
        """The ID of a group or policy of that name, which is made if there is none."""
        for number, known in names.items():
            if known == name:
                return number
        number = max(names) + 1
        names[number] = name
        return number

    @property
    def soap_enabled(self) -> bool:
        switched_on = self.settings["platformSettingApiSoapWebServiceEnabled"] == "true"
        return switched_on and "soap_off" not in self.faults and not self.options.hosted
