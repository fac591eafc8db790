# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Which hosts a run is about: dsa_hosts within --limit; and refusal of what would skip the gate."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible import context
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader

from .._settings import SettingsError

_COLLECTION = "deep_security.remediation"
_PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
# In Ansible's own temporary folder of this run.
_ENTERED = "dsa-run.entered"


@dataclass(frozen=True)
class Scope:
    """hosts: in the order of the inventory. left_out: each other host of the inventory, and why."""

    hosts: tuple[str, ...]
    left_out: tuple[Mapping[str, str], ...]
    pattern: str
    limit: str | None

    def as_dict(self) -> dict[str, object]:
        """The scope as JSON."""
        return {
            "hosts": list(self.hosts),
            "left_out": [dict(entry) for entry in self.left_out],
            "pattern": self.pattern,
            "limit": self.limit,
        }


def listing() -> bool:
    """Whether Ansible only lists or checks playbooks, so that nothing is run."""
    arguments = context.CLIARGS
    return any(arguments.get(name) for name in ("listhosts", "listtasks", "listtags", "syntax"))


def scope_of(groups: Mapping[str, Sequence[str]], pattern: object, loader: t.Any, without: Sequence[str] = ()) -> Scope:
    """The hosts that fit the pattern within the limit of the command line. without: hosts that the run itself added.

    The limit is read from the command line, as ansible_limit can be set like any variable. Raises SettingsError for a
    pattern or a limit that Ansible cannot read.
    """
    limit = context.CLIARGS.get("subset") or None
    text = ",".join(map(str, pattern)) if isinstance(pattern, (list, tuple)) else str(pattern)
    everybody = _everybody(groups, loader)
    try:
        fitting = {host.name for host in everybody.get_hosts(text)}
        everybody.subset(limit)
        limited = {host.name for host in everybody.get_hosts("all")}
    except AnsibleError as error:
        raise SettingsError(f"dsa_hosts {text!r} or --limit {limit!r} cannot be used: {error}") from error
    names = [str(name) for name in groups.get("all", ()) if str(name) not in without]
    return Scope(
        hosts=tuple(name for name in names if name in fitting and name in limited),
        left_out=tuple(
            {"host": name, "why": "limit" if name not in limited else "dsa_hosts"}
            for name in names
            if name not in fitting or name not in limited
        ),
        pattern=text,
        limit=str(limit) if limit else None,
    )


def fitting(groups: Mapping[str, Sequence[str]], pattern: str) -> frozenset[str]:
    """The hosts that fit a pattern, whatever the limit is. Raises AnsibleError for one that Ansible cannot read."""
    return frozenset(str(host.name) for host in _everybody(groups, DataLoader()).get_hosts(pattern))


def _everybody(groups: Mapping[str, Sequence[str]], loader: t.Any) -> InventoryManager:
    everybody = InventoryManager(loader, parse=False)
    for group, names in groups.items():
        everybody.add_group(group)
        for name in names:
            everybody.add_host(name, group=group)
    return everybody


def refuse_partial_run(playbook: str) -> None:
    """Raise SettingsError where options would leave out a part of a playbook of ours that was called itself.

    One that somebody's own playbook imports runs wholly or not at all: no task of ours has tags of its own.
    """
    given = _leaving_out() if _called_itself() else []
    if given:
        raise SettingsError(
            f"{' and '.join(given)} would leave out parts of the playbook {playbook}, and its result would prove "
            "nothing. Run it without; use --limit or dsa_hosts to choose hosts"
        )


def enter(run_folder: str) -> None:
    """Note that the tags of somebody's own playbook let the playbook of ours run that it imports. See left_out()."""
    (Path(run_folder) / _ENTERED).touch()


def leave(run_folder: str) -> None:
    """Forget that: the next import has tags of its own."""
    (Path(run_folder) / _ENTERED).unlink(missing_ok=True)


def left_out(run_folder: str) -> bool:
    """Whether the options leave out all of the playbook of ours that somebody's own playbook imports.

    A play's hosts are templated whatever its tags are. Only a task shows them, in the play that begins: see enter().
    """
    return bool(_leaving_out()) and not _called_itself() and not (Path(run_folder) / _ENTERED).exists()


def _leaving_out() -> list[str]:
    """The options of the command line or the environment that leave out tasks."""
    arguments = context.CLIARGS
    tags, skipped = list(arguments.get("tags") or ()), list(filter(None, arguments.get("skip_tags") or ()))
    given = [f"--tags {','.join(tags)} (or ANSIBLE_RUN_TAGS)"] if tags and "all" not in tags else []
    given += [f"--skip-tags {','.join(skipped)} (or ANSIBLE_SKIP_TAGS)"] if skipped else []
    given += [f"--start-at-task {arguments['start_at_task']}"] if arguments.get("start_at_task") else []
    given += ["--step"] if arguments.get("step") else []
    return given


def _called_itself() -> bool:
    """Whether a playbook of ours stands on the command line: by its name, or as a file of this or another copy."""
    return any(map(_is_ours, map(str, context.CLIARGS.get("args") or ())))


def _is_ours(argument: str) -> bool:
    path = Path(argument).resolve()
    copy = path.parent.name == "playbooks" and (path.parent / "stages" / "read.yml").is_file()
    return argument.startswith(f"{_COLLECTION}.") or path.is_relative_to(_PLAYBOOKS) or copy
