# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Whether a host may be rebooted now: the operator's policy, and the hours in which it is allowed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .._advisory import shorten
from .settings import SettingsError

Policy = Literal["never", "if_required", "always"]
POLICIES: tuple[Policy, ...] = ("never", "if_required", "always")
# What asks for a reboot because the agent was upgraded. Others do so too, and an agent that complies is not their
# errand boy. A virus scanner renames files of its own day by day: those count only where something else is amiss.
_OURS = ("agent_installer", "reboot-required")
_PERHAPS_OURS = (*_OURS, "file_rename_agent")
_SPAN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]|24):([0-5]\d)")


@dataclass(frozen=True)
class RebootRules:
    """When a host may be rebooted. spans: (from, to) in minutes of the day; one that ends before it begins goes over
    midnight; none means at any time. zone: None is the host's own time.
    """

    policy: Policy = "never"
    spans: tuple[tuple[int, int], ...] = ()
    zone: tzinfo | None = None
    window: str = ""

    def objection(self, required: bool | None, clock: Mapping[str, object] | None, now: datetime) -> str | None:
        """Why the host is not rebooted now, or None when it is. clock: the record's; now: with a time zone."""
        if self.policy == "never":
            return "dsa_reboot is never"
        if self.policy == "if_required" and required is not True:
            return "nothing is known to need a reboot"
        if not self.spans:
            return None
        zone = self.zone or _zone_of(clock)
        if zone is None:
            return "the host's own time is not known, and dsa_reboot_window counts in it; name a dsa_reboot_timezone"
        here = now.astimezone(zone)
        minute = here.hour * 60 + here.minute
        if any(start <= minute < end if start < end else minute >= start or minute < end for start, end in self.spans):
            return None
        return f"it is {here:%H:%M} (UTC{here:%z}) there, and dsa_reboot_window is {self.window}"


def _zone_of(clock: Mapping[str, object] | None) -> tzinfo | None:
    offset = (clock or {}).get("utc_offset")
    if isinstance(offset, bool) or not isinstance(offset, int) or abs(offset) > 16 * 60:
        return None
    return timezone(timedelta(minutes=offset))


def rules_from(policy: object, window: object, zone: object) -> RebootRules:
    """The rules as dsa_reboot, dsa_reboot_window and dsa_reboot_timezone state them; None means not set."""
    chosen = next((known for known in POLICIES if known == (policy or "never")), None)
    if chosen is None:
        raise SettingsError(f"dsa_reboot is {shorten(policy)}; write one of {', '.join(POLICIES)}")
    texts = [window] if isinstance(window, str) else window or []
    if not isinstance(texts, (list, tuple)):
        raise SettingsError(f"dsa_reboot_window is {shorten(window)}; write a text such as 22:00-04:00")
    spans = tuple(_span(text) for text in texts if str(text).strip())
    return RebootRules(chosen, spans, _zone(zone), ", ".join(map(str, texts)))


def _span(text: object) -> tuple[int, int]:
    found = _SPAN.fullmatch(str(text).strip())
    if found is None:
        raise SettingsError(f"dsa_reboot_window is {shorten(text)}; write from and to, such as 22:00-04:00")
    hour, minute, to_hour, to_minute = map(int, found.groups())
    start, end = hour * 60 + minute, to_hour * 60 + to_minute
    if start == end or end > 24 * 60:
        raise SettingsError(f"dsa_reboot_window is {shorten(text)}, which is no time at all; leave it out for any time")
    return start, end


def _zone(name: object) -> tzinfo | None:
    if name is None or str(name).strip().lower() in ("", "host"):
        return None
    if str(name).strip().upper() == "UTC":
        return timezone.utc  # known even where the machine has no time zone database
    try:
        return ZoneInfo(str(name).strip())
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            f"dsa_reboot_timezone is {shorten(name)}, which this machine does not know; write host, UTC, or a name "
            "such as Asia/Tokyo (the names come from the package tzdata)"
        ) from error


def asked_by_agent(reboot: object, surely: bool = True) -> bool:
    """Whether a record's reboot is required, and the agent is among those that ask for it, surely or perhaps."""
    if not isinstance(reboot, Mapping) or reboot.get("required") is not True:
        return False
    reasons = reboot.get("reasons")
    return isinstance(reasons, (list, tuple)) and any(
        str(reason).startswith(_OURS if surely else _PERHAPS_OURS) for reason in reasons
    )
