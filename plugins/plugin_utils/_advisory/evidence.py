# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What an agent record proves, taken apart without ever failing: a record may come from a user as well.

A source that answered and cannot be read contradicts the others. It is never the same as a source that is absent.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from .._messages import Message, message
from .._text import one_line, shorten
from .builds import Build, build_or_none

# States of a service in which somebody runs it, or is about to.
_AT_WORK = ("running", "pending", "paused")
_PREFIX = re.compile(r"([a-z][a-z0-9_]*): *(.*)", re.DOTALL)
_NONE: Mapping[str, t.Any] = {}


@dataclass(frozen=True)
class Problem:
    """Why something in a record is not known. source and code are for decisions, text is for people."""

    source: str
    code: str
    text: str

    @property
    def message(self) -> Message:
        """The problem for people, short enough to be one of several in a sentence."""
        return message("problem", source=one_line(self.source, 40), text=one_line(self.text, 80))


@dataclass(frozen=True)
class Sources:
    """What the sources of a record give.

    builds: source → build, where it can be read. unreadable: source → why not, for each other one that answered.
    """

    builds: Mapping[str, Build]
    unreadable: Mapping[str, Message]

    def messages(self) -> list[Message]:
        """One message for each source that gives a build."""
        return [
            message("source_gives", source=source, build=build.text) for source, build in sorted(self.builds.items())
        ]


def part(record: Mapping[str, t.Any], key: str) -> Mapping[str, t.Any]:
    """The mapping under that key, empty where there is none."""
    value = record.get(key)
    return value if isinstance(value, Mapping) else _NONE


def entries(value: object) -> list[t.Any]:
    """The entries of a list, none where it is no list."""
    return list(value) if isinstance(value, (list, tuple)) else []


def from_manager(record: Mapping[str, t.Any]) -> bool:
    """Whether the record is the Manager's entry of a computer. That holds no state of services, by design."""
    return record.get("version_source") == "manager" or part(record, "relay").get("source") == "manager"


def problems_of(record: Mapping[str, t.Any]) -> list[Problem]:
    """The problems of a record: mappings, or plain texts such as "dsa_query: no answer"."""
    return [_problem(value) for value in entries(record.get("problems"))]


def _problem(value: object) -> Problem:
    if isinstance(value, Mapping):
        source, code, text = (value.get(key) for key in ("source", "code", "text"))
        return Problem(str(source or "reader"), str(code or "unreadable"), one_line(text or "no reason given"))
    found = _PREFIX.fullmatch(str(value))
    source, text = found.groups() if found else ("reader", str(value))
    return Problem(source, "unreadable", one_line(text))


def sources_of(record: Mapping[str, t.Any]) -> Sources:
    """The sources under the key versions."""
    versions = record.get("versions")
    if versions is not None and not isinstance(versions, Mapping):
        versions = {"versions": versions} if versions else {}  # a wrong shape is an answer that cannot be read
    builds: dict[str, Build] = {}
    unreadable: dict[str, Message] = {}
    for number, (key, value) in enumerate((versions or {}).items(), start=1):
        source, build = one_line(key, 40), build_or_none(value)
        if source in builds or source in unreadable:
            source = f"{source} ({number})"  # else one of two keys that are cut alike would hide the other
        if build is not None:
            builds[source] = build
        elif value is None:
            unreadable[source] = message("source_without_build", source=source)
        else:
            unreadable[source] = message("source_unreadable", source=source, value=shorten(value))
    return Sources(builds, unreadable)


def signs_of_agent(record: Mapping[str, t.Any]) -> list[Message]:
    """What shows that there is an agent, whatever the package database says; empty where nothing does."""
    sources = sources_of(record)
    signs = [*sources.messages(), *sources.unreadable.values()]
    if not signs and record.get("version"):
        signs.append(message("source_gives", source="version", build=shorten(record["version"])))
    if record.get("running") is True:
        signs.append(message("sign_running"))
    for service in (record.get("service"), *entries(record.get("services"))):
        if isinstance(service, Mapping) and service.get("state") in _AT_WORK:
            signs.append(state_of(service))
    if record.get("activated") is not None or part(record, "anti_malware").get("mode") is not None:
        signs.append(message("sign_dsa_query"))
    return signs


def state_of(service: Mapping[str, t.Any]) -> Message:
    """One service or driver with its state, for people."""
    name, state = service.get("name") or "the service", service.get("state")
    return message("state_of", name=one_line(name, 60), state=one_line(state or "in an unknown state", 60))
