# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Names that look like ours and are not: variables that set nothing, groups that name no Relay, internal variables."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from .errors import Problem
from .parsed import Settings
from .table import SETTINGS

# The groups that decide on the role of a host.
GROUPS = (
    "deep_security_relays",
    "deep_security_agents",
    "deep_security_managers",
    "deep_security_appliances",
)
_PREFIXES = ("dsa_", "dsm_")
# What a run publishes for the next node of a workflow, which has it as an extra variable.
OUTPUTS = ("dsa_result", "dsa_relay_hosts", "dsa_workflow")
_ROLES = {group.removeprefix("deep_security_").removesuffix("s"): group for group in GROUPS}
# With more words before or behind it is a group of the user's own, such as deep_security_relays_tokyo.
_CORE = r"deep_security_(?:relay|agent|manager|appliance)s?"
_OWN = re.compile(rf".*[^a-z]{_CORE}|{_CORE}[^a-z].*")
# How much alike two names are when one is a misspelling of the other.
_ALIKE = 0.9
_INTERNAL = re.compile(
    r"__dsa.*|__(?:assess|events|manager|plan|precheck|reboot|recover|report|rescue|security_update|upgrade|"
    r"upgrade_manager|verify)_\w+"
)
_WARN = "or set dsa_unknown_variables to warn"


def unknown_variables(names: Iterable[str]) -> list[Problem]:
    """Variables that begin as ours do and are no settings, so that they have no effect."""
    problems = []
    known = Settings.names()
    for name in sorted(set(names) - known - set(OUTPUTS)):
        if name.lower().startswith(_PREFIXES):
            # The inventory plugin's variables are not there to be set.
            near = difflib.get_close_matches(name.lower(), sorted(n for n in known if not _made(n)), 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            text = f"{name} is set and is no setting of this collection, so it has no effect.{hint} Correct it, {_WARN}"
            problems.append(Problem(name, "", text))
    return problems


def suspicious_groups(group_names: Iterable[str]) -> list[Problem]:
    """Groups whose names are almost those of the groups that make a host a Relay, an agent, a Manager, an appliance."""
    problems = []
    for name in sorted(set(group_names)):
        meant = _meant(name)
        if meant is not None:
            text = f"the group {name} is not {meant}, so its hosts do not count as such. Rename it to {meant}, {_WARN}"
            problems.append(Problem(name, "", text))
    return problems


def internal_variables(names: Iterable[str]) -> list[Problem]:
    """Variables of an inventory or of -e that have the names of the collection's own."""
    return [
        Problem(name, "", f"{name} is set, and names like it are reserved for this collection: remove it")
        for name in sorted(set(names))
        if _INTERNAL.fullmatch(name)
    ]


def _made(name: str) -> bool:
    return name in SETTINGS and SETTINGS[name].made


def _meant(name: str) -> str | None:
    """The group of ours that was meant, None where the name is right, or a name of its own."""
    spelt = name.lower()
    if name in GROUPS or name.startswith("__") or _OWN.fullmatch(spelt):
        return None
    glued = "".join(word.removesuffix("s") for word in re.split(r"[^a-z]+", spelt))
    for role, group in _ROLES.items():
        ours = f"deepsecurity{role}"
        if any(glued in (prefix + role, role + prefix) for prefix in ("deepsecurity", "dsa", "dsm")):
            return group
        if abs(len(glued) - len(ours)) <= 2 and difflib.SequenceMatcher(None, glued, ours).ratio() >= _ALIKE:
            return group
    return None
