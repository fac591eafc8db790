# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""System events of the Manager, as the legacy interface tells them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

REQUESTED, SUCCEEDED, FAILED = 273, 2204, 2205
NAMES = {
    REQUESTED: ("Security Update: Security Update Check and Download Requested", "Info"),
    SUCCEEDED: ("Security Update: Pattern Update on Agents/Appliances Successful", "Info"),
    FAILED: ("Security Update: Pattern Update on Agents/Appliances Failed", "Error"),
}
# The prose is a guess; the numbers and the constant are the vendor's.
DESCRIPTIONS = {
    REQUESTED: "A security update check and download was requested for {name}.",
    SUCCEEDED: "The following agent event was received from {name}.\n\nAgent event: 9016\n"
    "Event: Anti-Malware Component Update Successful",
    FAILED: "The following agent event was received from {name}.\n\nAgent event: 9017\n"
    "Event: Anti-Malware Component Update Failed\nError code: -24\n"
    "Error message: IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE",
}


@dataclass(frozen=True, slots=True)
class Event:
    """number is the record's, event the kind's; time in milliseconds."""

    number: int
    event: int
    time: int
    computer: int
    name: str


class Events:
    def __init__(self) -> None:
        self.all: list[Event] = []

    def add(self, event: int, time: int, computer: int, name: str) -> None:
        self.all.append(Event(len(self.all) + 1, event, time, computer, name))

    def above(self, number: int) -> Iterator[Event]:
        """Events with a record number above that, in their order."""
        for place in range(max(0, number), len(self.all)):
            yield self.all[place]
