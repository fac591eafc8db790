# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What the running agent says: dsa_query's 'Key: value' lines, incomplete for some seconds after a service start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .._text import one_line
from .answer import Answer
from .shape import Json

# The certificate every agent ships with, until a Manager activates it.
NOT_ACTIVATED_CERTIFICATE = "D0:68:DE:48:1B:DC:4D:00:89:07:7F:85:15:20:C5:90:11:EB:56:6A"
# What is queried, and how the keys of each answer begin.
_QUERIES = (
    ("GetPluginVersion", "PluginVersion."),
    ("GetAgentStatus", "AgentStatus."),
    ("GetComponentInfo", "Component."),
)
_LINE = re.compile(r"[ \t]*([A-Za-z]+(?:\.[A-Za-z0-9_]+)+)[ \t]*:(.*)", re.DOTALL)
# Such as 'AgentStatus.13: driverHooked': it names a field and carries no value.
_INDEX = re.compile(r"[A-Za-z]+\.[0-9]+")
_PATTERN = re.compile(r"Component\.AM\.version\.pattern\.([^.]+)\.(name|version)")


@dataclass(frozen=True)
class QueryAnswer:
    """values: key -> value, empty where nothing of use came. code and text: a problem, as in the record."""

    values: Mapping[str, str]
    code: str | None = None
    text: str = ""

    @property
    def version(self) -> str | None:
        """The running build as the agent writes it, None where it named none."""
        return self.values.get("PluginVersion.core") or None

    @property
    def manager_url(self) -> str | None:
        """The Manager that the agent reports to."""
        return self.values.get("AgentStatus.dsmUrl") or None

    @property
    def activated(self) -> bool | None:
        """Whether a Manager activated the agent. Only a whole answer with the certificate in it tells."""
        certificate = self.values.get("AgentStatus.agentCertHash", "").upper()
        if "AgentStatus.agentState" not in self.values or (self.code and not certificate):
            return None
        return bool(self.manager_url) and certificate != NOT_ACTIVATED_CERTIFICATE

    @property
    def _driver_offline(self) -> bool | None:
        """Whether anything of the Anti-Malware module is offline, whatever its key is; None where nothing tells."""
        module = {key: value.lower() for key, value in self.values.items() if key.startswith("Component.AM.")}
        if any("offline" in value for key, value in module.items() if not _PATTERN.fullmatch(key)):
            return True
        return {"true": True, "false": False}.get(module.get("Component.AM.driverOffline", ""))

    @property
    def anti_malware(self) -> Json:
        """The Anti-Malware part of a record; mode is the agent's own word, whatever it is."""
        patterns: dict[str, dict[str, str]] = {}
        for key, value in self.values.items():
            found = _PATTERN.fullmatch(key)
            if found:
                patterns.setdefault(found[1], {})[found[2]] = value
        # The index differs from host to host, the name does not.
        named = [
            {"name": entry["name"], "version": entry.get("version")} for entry in patterns.values() if entry.get("name")
        ]
        return {
            "mode": self.values.get("Component.AM.mode") or None,
            "driver_offline": self._driver_offline,
            "engine": self.values.get("Component.AM.version.engine.ATSE") or None,
            "patterns": sorted(named, key=lambda entry: entry["name"] or ""),
        }


def read_query(answer: Answer, timeout: object) -> QueryAnswer:
    """Read what dsa_query wrote until its end, or until it was stopped."""
    values: dict[str, str] = {}
    # Without what follows the last line feed: half a line would be taken for another build.
    for line in answer.out.split("\n")[:-1]:
        found = _LINE.fullmatch(line)
        if found and not _INDEX.fullmatch(found[1]):
            key, value = found[1], found[2].strip(" \t")
            # Two values for one key contradict each other; both together are no build and no known word.
            values[key] = value if values.get(key, value) == value else f"{values[key]}, {value}"
    if answer.timed_out or not values:
        return QueryAnswer(values, "no_answer", answer.why(timeout))
    # In the first seconds after a start, or when one of the three fails, there is nothing from it but field names.
    silent = [query for query, prefix in _QUERIES if not any(key.startswith(prefix) for key in values)]
    if silent:
        more = one_line(answer.err, 500)
        return QueryAnswer(values, "incomplete", f"no answer to {', '.join(silent)}{more and ': ' + more}")
    if not answer.complete:
        return QueryAnswer(values, "incomplete", answer.why(timeout))
    return QueryAnswer(values)
