# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where things are in a lab's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    top: Path

    @property
    def plan(self) -> Path:
        return self.top / "lab.json"

    @property
    def socket(self) -> Path:
        return self.top / "control.sock"

    @property
    def pid(self) -> Path:
        return self.top / "lab.pid"

    @property
    def log(self) -> Path:
        return self.top / "lab.log"

    @property
    def key(self) -> Path:
        return self.top / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.top / "known_hosts"

    @property
    def inventory(self) -> Path:
        return self.top / "inventory.yml"

    @property
    def vars(self) -> Path:
        return self.top / "vars.yml"

    @property
    def packages(self) -> Path:
        """What is on offer to the operator."""
        return self.top / "packages"

    @property
    def store(self) -> Path:
        """What the hosts start with, and good copies of what is broken in `packages`."""
        return self.top / "store"

    @property
    def signing_key(self) -> Path:
        return self.top / "signing-key.asc"

    @property
    def standins(self) -> Path:
        return self.top / "standins"

    @property
    def shared(self) -> Path:
        return self.top / "shared"

    @property
    def code(self) -> Path:
        """Compiled code of Ansible's modules: of all labs, since they are sent the same."""
        return Path(__file__).parents[1] / ".cache" / "code"

    def host(self, name: str) -> Path:
        """What the lab knows of a host; the host sees it as /.lab."""
        return self.top / "hosts" / name

    def root(self, name: str) -> Path:
        """The host's private world."""
        return self.top / "roots" / name

    def journal(self, name: str) -> Path:
        return self.host(name) / "journal.jsonl"
