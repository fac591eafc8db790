# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What was seen of a host that does not pass, small enough to be in the report of ten thousand hosts."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator, Mapping

from .._advisory.evidence import entries, part, problems_of
from .._messages import message
from .._run import HostRun
from .._text import one_line

# Bytes of a host's evidence as JSON, at most.
LONGEST = 4096
_MOST, _LINE = 12, 300
Json = dict[str, t.Any]


def evidence_of(host: HostRun, events: object) -> Json | None:
    """The evidence of one host, None where nothing was seen. events: what the Manager's events tell of its updates."""
    record = host.record or {}
    found: Json = {
        "versions": dict(_few(_versions(record))),
        "services": list(_few(_services(record))),
        "problems": list(_few({"source": each.source, "text": each.text} for each in problems_of(record))),
        "events": list(_events(events)),
        "manager": list(_few(_manager(host))),
        "log": list(_few(_log(host))),
    }
    if not any(found.values()):
        return None
    for name in ("problems", "log", "services", "manager", "versions"):  # what goes first where it is too much
        while found[name] and _size(found) > LONGEST:
            found[name].popitem() if isinstance(found[name], dict) else found[name].pop()
    return found


def _versions(record: Mapping[str, t.Any]) -> Iterator[tuple[str, str | None]]:
    for source, build in part(record, "versions").items():
        yield one_line(source, 60), None if build is None else one_line(build, 60)


def _services(record: Mapping[str, t.Any]) -> Iterator[Json]:
    """Services and drivers that do not run."""
    seen: list[object] = []
    for each in (record.get("service"), *entries(record.get("services")), *entries(record.get("drivers"))):
        if isinstance(each, Mapping) and each.get("name") not in (None, *seen) and each.get("state") != "running":
            seen.append(each["name"])
            yield {"name": one_line(each["name"], 60), "state": one_line(each.get("state") or "unknown", 60)}


def _events(events: object) -> Iterator[Json]:
    known = events if isinstance(events, Mapping) else {}
    for name in ("last_success", "last_failure"):
        if known.get(name):
            yield message(f"event_{name}", time=one_line(known[name], 60)).as_dict()
    if known.get("certificate_expired") is True:
        yield message("event_certificate_expired").as_dict()


def _manager(host: HostRun) -> Iterator[str]:
    """What the Manager has of the computer: its status, and the last contact."""
    computer = host.computer
    yield from (one_line(text, _LINE) for text in entries(computer.get("status_messages")))
    if computer.get("last_contact"):
        yield one_line(computer["last_contact"], 60)


def _log(host: HostRun) -> Iterator[str]:
    """What the stages saw in logs, and the last lines of an installer."""
    for stage in host.stages.values():
        if stage.details.get("evidence"):
            yield one_line(stage.details["evidence"], _LINE)
        yield from (one_line(line, _LINE) for line in entries(stage.details.get("output"))[-_MOST:])


def _few(found: t.Iterable[t.Any]) -> Iterator[t.Any]:
    return (each for dummy, each in zip(range(_MOST), found, strict=False))


def _size(found: Json) -> int:
    return len(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
