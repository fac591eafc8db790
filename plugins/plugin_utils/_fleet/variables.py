# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The variables of all roles, as the roles' own argument specs document them: checked before anything is touched.

A wrong word for the reboot must not come to light after the upgrade. One check for all roles and hosts also
costs one task, where a validation by each role costs one a role and host.
"""

from __future__ import annotations

import difflib
import typing as t
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .settings import SettingsError

_ROLES = Path(__file__).resolve().parents[3] / "roles"
# Read by plays, before any role.
_OF_PLAYS = ("dsa_batch", "dsa_hosts", "dsa_relay_batch")
_PREFIX = "dsa_"


@lru_cache(maxsize=1)
def specification() -> dict[str, dict[str, t.Any]]:
    """Variable → its argument spec, over all roles."""
    options: dict[str, dict[str, t.Any]] = {}
    for path in sorted(_ROLES.glob("*/meta/argument_specs.yml")):
        for name, option in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"][
            "options"
        ].items():
            options[name] = {key: value for key, value in option.items() if key != "description"}
    return options


def check(host: str, variables: Mapping[str, object]) -> None:
    """Raise SettingsError for the first variable of a host that has a wrong type or is none of its choices."""
    for name, value in variables.items():
        spec = specification().get(name)
        if spec is None or value is None:
            continue
        outcome = ArgumentSpecValidator({name: spec}).validate({name: value})
        if outcome.error_messages:
            raise SettingsError(f"{name} of {host}: {'; '.join(outcome.error_messages)}. Nothing was changed")


def misspelt(names: Iterable[str]) -> list[str]:
    """Sentences about variables that look like ours and are not."""
    known = [*specification(), *_OF_PLAYS]
    said = []
    for name in sorted(set(names)):
        if name.startswith(_PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            said.append(f"{name} is set, and no role of this collection knows it{hint}")
    return said
