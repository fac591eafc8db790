# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Whether a host may be rebooted now: the operator's policy, and the hours in which it is allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

from .._messages import Message, message

Policy = Literal["never", "if_required", "always"]
# Reasons that come from an upgrade of the agent; for others a host that complies is not rebooted. A virus scanner
# renames files of its own day by day: those count only where the agent that runs is not the one that is installed.
_OF_AGENT = frozenset({"agent_installer", "reboot_required_file"})
_PERHAPS_OF_AGENT = _OF_AGENT | {"file_rename_agent"}


@dataclass(frozen=True)
class RebootRules:
    """When a host may be rebooted. spans: (from, to) in minutes of the day; one that ends before it begins goes over
    midnight; none means at any time. zone: None is the host's own time.
    """

    policy: Policy = "never"
    spans: tuple[tuple[int, int], ...] = ()
    zone: tzinfo | None = None
    window: str = ""

    def objection(self, required: bool | None, clock: Mapping[str, object] | None, now: datetime) -> Message | None:
        """Why the host is not rebooted now, or None when it is. clock: the record's; now: with a time zone."""
        if self.policy == "never":
            return message("reboot_never")
        if self.policy == "if_required" and required is not True:
            return message("reboot_not_required")
        if not self.spans:
            return None
        zone = self.zone or _zone_of(clock)
        if zone is None:
            return message("reboot_time_unknown")
        here = now.astimezone(zone)
        minute = here.hour * 60 + here.minute
        if any(start <= minute < end if start < end else minute >= start or minute < end for start, end in self.spans):
            return None
        return message("reboot_outside_window", time=f"{here:%H:%M}", offset=f"{here:%z}", window=self.window)


def _zone_of(clock: Mapping[str, object] | None) -> tzinfo | None:
    offset = (clock or {}).get("utc_offset")
    if isinstance(offset, bool) or not isinstance(offset, int) or abs(offset) > 16 * 60:
        return None
    return timezone(timedelta(minutes=offset))


def rules_from(policy: Policy, window: Sequence[str] | None, zone: str | None) -> RebootRules:
    """The rules as dsa_reboot, dsa_reboot_window and dsa_reboot_timezone state them, parsed. None: not set."""
    texts = list(window or ())
    named = zone if zone and zone != "host" else None
    # UTC is known even where the machine has no time zone database.
    chosen = None if named is None else timezone.utc if named == "UTC" else ZoneInfo(named)
    return RebootRules(policy, tuple(_span(text) for text in texts), chosen, ", ".join(texts))


def _span(text: str) -> tuple[int, int]:
    start, end = (int(hour) * 60 + int(minute) for hour, minute in (part.split(":") for part in text.split("-")))
    return start, end


def asked_by_agent(reboot: object, surely: bool = True) -> bool:
    """Whether a record's reboot is required, and for the sake of the agent, surely or perhaps."""
    if not isinstance(reboot, Mapping) or reboot.get("required") is not True:
        return False
    reasons = reboot.get("reasons")
    listed = reasons if isinstance(reasons, (list, tuple)) else ()
    codes = {str(reason.get("code")) for reason in listed if isinstance(reason, Mapping)}
    return bool(codes & (_OF_AGENT if surely else _PERHAPS_OF_AGENT))
