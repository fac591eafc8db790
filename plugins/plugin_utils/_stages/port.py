# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What a stage needs of a host. The stages know nothing of Ansible: tests give them a port of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from .._messages import Message

Result = dict[str, Any]


class HostLost(Exception):
    """The connection is lost and did not come back within dsa_reconnect_timeout; the message says what was seen."""


class Port(Protocol):
    """One host. Every text of a result is clean; a result has failed and msg as Ansible's results do.

    read, module and action reconnect after a lost connection and run again, so what they run must be safe to repeat;
    they raise HostLost when the connection does not come back. A reboot is not run again: it raises HostLost at once.
    """

    @property
    def host(self) -> str:
        """The host's name in the inventory."""

    @property
    def windows(self) -> bool:
        """Whether it is a Windows host."""

    @property
    def check_mode(self) -> bool:
        """Whether nothing may be changed."""

    @property
    def run_id(self) -> str:
        """The run that this is a part of."""

    def read(self) -> Mapping[str, Any]:
        """The agent record, now. A reader that fails gives a record with installed null and a problem."""

    def module(self, name: str, options: Mapping[str, Any]) -> Result:
        """Run a module. A name without dots is one of this collection's; on a Windows host its win_ twin runs."""

    def action(self, name: str, options: Mapping[str, Any]) -> Result:
        """Run an action plugin of Ansible, such as ansible.builtin.copy."""

    def display(self, text: str) -> None:
        """Show a line to the operator while the stage goes on."""

    def progress(self, stage: str, what: Message | None = None) -> None:
        """Note which stage goes on, and what it waits for. Shown now and then, for all hosts together."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def clock(self) -> float:
        """Seconds on a monotonic clock."""

    def now(self) -> datetime:
        """The time of day, with a time zone."""
