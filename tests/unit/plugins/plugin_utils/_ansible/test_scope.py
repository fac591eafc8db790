# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts a run is about, and which options are refused. The command line is that of Ansible."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible import context
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.scope import (
    enter,
    leave,
    left_out,
    listing,
    refuse_partial_run,
    scope_of,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SettingsError

GROUPS = {
    "all": ["a", "b", "c", "日本", "web 1"],
    "ungrouped": ["日本", "web 1"],
    "web": ["a", "b"],
    "db": ["c"],
}
CommandLine = Callable[..., None]


@pytest.fixture
def command_line(monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    def given(*args: str, **options: t.Any) -> None:
        options = {"tags": ["all"], "skip_tags": [], "args": args or ("deep_security.remediation.gate",), **options}
        monkeypatch.setattr(context, "CLIARGS", ImmutableDict(options))

    return given


@pytest.mark.parametrize(
    ("pattern", "limit", "hosts", "limited", "others"),
    [
        ("all", None, ["a", "b", "c", "日本", "web 1"], [], []),
        ("web", None, ["a", "b"], [], ["c", "日本", "web 1"]),
        (["a", "c"], None, ["a", "c"], [], ["b", "日本", "web 1"]),
        ("web:!a", None, ["b"], [], ["a", "c", "日本", "web 1"]),
        ("all", "web:&all", ["a", "b"], ["c", "日本", "web 1"], []),
        ("~^[ab]$", "b,c", ["b"], ["a", "日本", "web 1"], ["c"]),
        ("日本", None, ["日本"], [], ["a", "b", "c", "web 1"]),
        ("a", "b", [], ["a", "c", "日本", "web 1"], ["b"]),
        ("typo", None, [], [], ["a", "b", "c", "日本", "web 1"]),
        ("localhost", None, [], [], ["a", "b", "c", "日本", "web 1"]),
    ],
)
def test_the_scope_is_the_pattern_within_the_limit_and_names_everybody_else(
    command_line: CommandLine,
    pattern: str | list[str],
    limit: str | None,
    hosts: list[str],
    limited: list[str],
    others: list[str],
) -> None:
    command_line(subset=limit)
    scope = scope_of(GROUPS, pattern, DataLoader())
    assert list(scope.hosts) == hosts
    assert [entry["host"] for entry in scope.left_out if entry["why"] == "limit"] == limited
    assert [entry["host"] for entry in scope.left_out if entry["why"] == "dsa_hosts"] == others
    assert scope.limit == limit


@pytest.mark.parametrize(("pattern", "limit"), [("~(", None), ("all", "~("), ("all", "@/no/such/file")])
def test_a_pattern_that_ansible_cannot_read_is_refused(
    command_line: CommandLine, pattern: str, limit: str | None
) -> None:
    command_line(subset=limit)
    with pytest.raises(SettingsError, match=r"dsa_hosts .* or --limit"):
        scope_of(GROUPS, pattern, DataLoader())


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, None),
        ({"tags": ["all", "foo"]}, None),
        ({"skip_tags": [""]}, None),
        ({"tags": []}, None),
        ({"tags": ["foo"]}, "--tags foo"),
        ({"tags": [""]}, "--tags"),
        ({"tags": ["untagged"]}, "--tags untagged"),
        ({"tags": ["tagged"]}, "--tags tagged"),
        ({"tags": ["never"]}, "--tags never"),
        ({"skip_tags": ["all"]}, "--skip-tags all"),
        ({"skip_tags": ["untagged"]}, "--skip-tags untagged"),
        ({"skip_tags": ["always", "foo"]}, "--skip-tags always,foo"),
        ({"start_at_task": "Read"}, "--start-at-task Read"),
        ({"step": True}, "--step"),
    ],
)
def test_an_option_that_leaves_out_tasks_is_refused_and_named(
    command_line: CommandLine, tmp_path: Path, options: dict[str, t.Any], named: str | None
) -> None:
    command_line(**options)
    assert not left_out(str(tmp_path))
    if named is None:
        refuse_partial_run("gate")
        return
    with pytest.raises(SettingsError, match=named):
        refuse_partial_run("gate")


PLAYBOOKS = Path(__file__).resolve().parents[5] / "playbooks"


@pytest.mark.parametrize(
    "playbook",
    [
        "deep_security.remediation.gate",
        "deep_security.remediation.stages.gate",
        str(PLAYBOOKS / "gate.yml"),
        os.path.relpath(PLAYBOOKS / "gate.yml"),
        str(PLAYBOOKS / "stages" / ".." / "gate.yml"),
        str(PLAYBOOKS / "stages" / "gate.yml"),
    ],
)
def test_a_playbook_of_ours_is_known_however_it_is_called(command_line: CommandLine, playbook: str) -> None:
    command_line("other.yml", playbook, tags=["foo"])
    with pytest.raises(SettingsError):
        refuse_partial_run("gate")


def test_a_playbook_of_ours_is_known_by_a_link_and_from_its_own_folder(
    command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.yml").symlink_to(PLAYBOOKS / "gate.yml")
    command_line(str(tmp_path / "mine.yml"), tags=["foo"])
    with pytest.raises(SettingsError):
        refuse_partial_run("gate")
    monkeypatch.chdir(PLAYBOOKS)
    command_line("gate.yml", tags=["foo"])
    with pytest.raises(SettingsError):
        refuse_partial_run("gate")


def test_another_copy_of_the_collection_is_known_as_ours(command_line: CommandLine, tmp_path: Path) -> None:
    """A clone as the project of AWX, and the collection in the execution environment."""
    (tmp_path / "playbooks" / "stages").mkdir(parents=True)
    (tmp_path / "playbooks" / "stages" / "read.yml").touch()
    command_line(str(tmp_path / "playbooks" / "gate.yml"), tags=["foo"])
    with pytest.raises(SettingsError):
        refuse_partial_run("gate")


def test_what_somebodys_own_playbook_imports_is_left_out_unless_a_task_of_it_was_seen(
    command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = str(tmp_path)
    command_line("playbooks/gate.yml", tags=["foo"])
    refuse_partial_run("gate")
    assert left_out(folder)
    enter(folder)
    assert not left_out(folder)
    leave(folder)
    leave(folder)
    assert left_out(folder)
    command_line("site.yml")
    assert not left_out(folder), "without tags nothing is left out"


@pytest.mark.parametrize("option", ["listhosts", "listtasks", "listtags", "syntax"])
def test_listing_is_known(command_line: CommandLine, option: str) -> None:
    command_line(**{option: True})
    assert listing()
    command_line()
    assert not listing()


def test_a_large_fleet_is_in_its_scope_or_left_out(command_line: CommandLine) -> None:
    command_line(subset="host1*")
    names = [f"host{number}" for number in range(2000)]
    scope = scope_of({"all": names, "ungrouped": [], "deep_security_agents": names}, "all:!host11", DataLoader())
    assert len(scope.hosts) == 1110
    assert len(scope.hosts) + len(scope.left_out) == 2000
