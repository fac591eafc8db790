# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What FLEET.yml says under `manager:`, for the fleet and for one host; and the Manager's faults."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..fleet import Problems

# Fault -> what its parameter may be. A count is used up by the requests it spoils.
FAULTS = {
    "clock_skew": "seconds",
    "deleted_between_pages": "ids",
    "expired_certificate": "true",
    "lost_answer": "count",
    "rate_limit": "count",
    "server_errors": "count",
    "slow_pages": "seconds",
    "soap_off": "true",
    "storm": "count",
    "task_not_removed": "true",
    "truncated": "count",
    "updates_never_finish": "true",
}
PARAMETERS = {
    "count": "a whole number from 0 on",
    "ids": "a list of IDs of computers",
    "seconds": "a number of seconds",
    "true": "true",
}
VERSION = re.compile(r"\d+(\.\d+){1,3}([.-]\d+)?")
HOST_KEYS = ("display_name", "group", "kind", "policy", "relay")
KINDS = ("agent", "appliance")


@dataclass
class Options:
    """What kind of Manager it is."""

    version: str = "20.0.737"
    hosted: bool = False
    computers: int = 0
    groups: int = 10
    page_limit: int = 5000
    heartbeat_seconds: float = 0.5
    update_seconds: float = 0.3
    task_seconds: float = 0.2
    settings: int = 12
    faults: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def wrong_fault(name: object, parameter: object) -> str | None:
    """What is allowed instead, or None where it is allowed."""
    if name not in FAULTS:
        return "one of " + ", ".join(FAULTS)
    kind = FAULTS[str(name)]
    number = isinstance(parameter, int | float) and not isinstance(parameter, bool)
    fits = {
        "count": number and isinstance(parameter, int) and parameter >= 0,
        "ids": isinstance(parameter, list)
        and all(isinstance(one, int) and not isinstance(one, bool) for one in parameter),
        "seconds": number,
        "true": parameter is True,
    }[kind]
    return None if fits else PARAMETERS[kind]


def read(content: object, problems: Problems) -> Options:
    """The fleet's key `manager:`. Raises FleetError through problems."""
    values = {} if content is None else content
    if not isinstance(values, dict):
        raise problems.error("manager", content, "a mapping, which may be empty")
    values = dict(values)
    options = Options()
    faults = values.pop("faults", None) or {}
    if not isinstance(faults, dict):
        raise problems.error("manager.faults", faults, "a mapping")
    if "rate_limit" in values:
        faults = {"rate_limit": values.pop("rate_limit"), **faults}
    for name, parameter in faults.items():
        allowed = wrong_fault(name, parameter)
        if allowed:
            raise problems.error(f"manager.faults.{name}", parameter, allowed)
    options.faults = dict(faults)
    for name, value in values.items():
        if name not in Options.__dataclass_fields__:
            known = sorted({*Options.__dataclass_fields__, "rate_limit"})
            raise problems.error("manager", name, "one of " + ", ".join(known))
        setattr(options, name, read_one(f"manager.{name}", name, value, problems))
    return options


def read_one(key: str, name: str, value: object, problems: Problems) -> object:
    if name == "version":
        if not isinstance(value, str) or not VERSION.fullmatch(value):
            raise problems.error(key, value, "a version like 20.0.737, in quotes")
        return value
    if name == "hosted":
        return problems.switch(key, value)
    if name in ("heartbeat_seconds", "update_seconds", "task_seconds"):
        return problems.number(key, value)
    least = 1 if name in ("groups", "page_limit") else 0
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise problems.error(key, value, f"a whole number from {least} on")
    return value


def read_host(content: object, problems: Problems) -> dict[str, Any]:
    """A host's key `manager:`: how the Manager knows it."""
    values = {} if content is None else content
    if not isinstance(values, dict):
        raise problems.error("manager", content, "a mapping")
    for name, value in values.items():
        if name not in HOST_KEYS:
            raise problems.error("manager", name, "one of " + ", ".join(HOST_KEYS))
        if name == "kind":
            problems.choice("manager.kind", value, KINDS)
        elif not isinstance(value, (str, bool) if name == "relay" else str):
            raise problems.error(f"manager.{name}", value, "a text" + (", true or false" if name == "relay" else ""))
    return dict(values)
