# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of roles, and their conditions without Ansible."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import yaml
from jinja2 import Environment
from jinja2.runtime import Undefined

from tests.run.common import ROOT

JINJA = Environment()
JINJA.filters["bool"] = lambda value: str(value).lower() in ("true", "yes", "1")


def load(role: str, file: str = "main", folder: str = "tasks") -> t.Any:
    """A YAML file of a role."""
    return yaml.safe_load((ROOT / "roles" / role / folder / f"{file}.yml").read_text(encoding="utf-8"))


def flat(tasks: list[dict[str, t.Any]]) -> Iterator[dict[str, t.Any]]:
    """The tasks, those within blocks too."""
    for task in tasks:
        if "block" in task:
            yield from flat([*task["block"], *task.get("rescue", []), *task.get("always", [])])
        else:
            yield task


def named(role: str, file: str, name: str) -> dict[str, t.Any]:
    """The task of that name."""
    (found,) = (task for task in flat(load(role, file)) if task.get("name") == name)
    return found


def holds(conditions: str | list[str], **variables: object) -> bool:
    """Whether all conditions of a task hold."""
    listed = [conditions] if isinstance(conditions, str) else conditions
    found = [JINJA.compile_expression(one, undefined_to_none=False)(**variables) for one in listed]
    assert not any(isinstance(one, Undefined) for one in found)
    return all(found)
