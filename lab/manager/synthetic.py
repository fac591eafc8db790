# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Made-up computers: of all platforms and verdicts, with what goes wrong in a big fleet. Always the same ones."""

from __future__ import annotations

from ..standins import builds
from .store import OFFLINE, ONLINE, Computer, Store

DAY = 24 * 3600 * 1000
# Platform of the vendor's table, the Manager's text for it, and builds: affected, twice fixed, in between, and one of a
# line that is not affected, that depends on the Relay, or that the table does not have.
PLATFORMS = (
    ("linux", "Red Hat Enterprise 8 (64 bit)", "20.0.0-4416 20.0.0-6313 20.0.2-1390 20.0.0-4500 12.5.0-1033"),
    (
        "windows",
        "Microsoft Windows Server 2019 (64 bit)",
        "20.0.0-5995 20.0.0-6313 20.0.2-1390 20.0.0-6100 10.0.0-4600",
    ),
    ("linux", "Ubuntu Linux 20 (64 bit)", "20.0.0-3771 20.0.0-4726 20.0.2-1390 20.0.1-7380 11.0.0-2401"),
    ("windows", "Microsoft Windows Server 2016 (64 bit)", "12.0.0-2265 20.0.0-6313 20.0.2-1390 12.0.0-2380 9.6.2-8996"),
    (
        "linux",
        "SUSE Enterprise Server 15 (64 bit)",
        "20.0.0-4416 20.0.0-4726 20.0.2-1390 20.0.0-4600 12.0.0-2300",
    ),
    ("linux", "Amazon Linux 2 (64 bit)", "20.0.0-2740 20.0.0-6313 20.0.2-1390 20.0.0-4725 9.6.2-8996"),
    ("windows", "Microsoft Windows 10 (64 bit)", "20.0.0-5995 20.0.0-6313 20.0.2-1390 20.0.0-5996 12.5.0-1033"),
    ("unix", "AIX 7.2", "20.0.1-25771 20.0.2-1390 20.0.2-1390 20.0.2-1000 12.0.0-2265"),
    ("unix", "Solaris 11.4 (64 bit)", "20.0.1-25771 20.0.2-1390 20.0.2-1390 20.0.2-1000 11.0.0-2549"),
    ("macos", "macOS 14.5", "20.0.0-224 20.0.0-236 20.0.0-236 20.0.0-230 20.0.0-158"),
)
POLICIES = {"linux": "Linux Server", "windows": "Windows", "unix": "Unix Server", "macos": "Workstation"}
APPLIANCE = "Deep Security Virtual Appliance"


def fill(store: Store, total: int, groups: int) -> None:
    """Adds that many computers, in that many groups of about the same size."""
    policies = {platform: store.numbered(store.policies, name) for platform, name in POLICIES.items()}
    numbers = [store.numbered(store.groups, f"Group {number:03d}") for number in range(1, groups + 1)]
    now = store.now()
    for index in range(total):
        store.add(make(index, numbers[index * groups // total], policies, now))


def make(index: int, group: int, policies: dict[str, int], now: int) -> Computer:
    platform, text, known = PLATFORMS[index % len(PLATFORMS)]
    computer = Computer(f"synthetic{index:06d}.lab.example", platform, text)
    computer.display_name = f"Synthetic {index}" if index % 5 == 0 else ""
    computer.address = f"10.{index >> 16 & 255}.{index >> 8 & 255}.{index & 255}"
    computer.group, computer.policy = group, policies[platform]
    of_line = known.split()
    computer.build = of_line[index // len(PLATFORMS) % len(of_line)]
    computer.patterns_current = works(computer)
    computer.relay = "true" if platform in ("linux", "windows") and index % 100 < 2 else "false"
    computer.relay_list = 1
    computer.status, computer.last_contact = ONLINE, now - index % 600 * 1000
    computer.last_changed = now - (1 if computer.patterns_current else 40) * DAY
    computer.update_failed = not computer.patterns_current and index % 2 == 0
    if index % 97 == 50:
        computer.status, computer.last_contact = OFFLINE, now - 9 * DAY
    elif index % 301 == 75:
        computer.engine_offline = True
    elif index % 211 == 60:
        computer.build, computer.status, computer.last_contact = None, "unmanaged", None
    elif index % 499 == 100:
        computer.kind, computer.platform, computer.platform_text = "appliance", "linux", APPLIANCE
        computer.relay = "false"
    return computer


def works(computer: Computer) -> bool:
    """Whether its security updates work: by its own build alone."""
    return computer.build is not None and builds.can_update(computer.build, computer.platform, False)
