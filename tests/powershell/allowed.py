# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PowerShell on hosts may use of Windows: only what is in allowed.yml, where each entry was looked up."""

from __future__ import annotations

import functools
import re
import typing as t
from collections.abc import Iterator, Set
from pathlib import Path

import yaml
from tree_sitter import Node

from tests.powershell.tree import Problem, first, line, name_of, nodes, text

LIST = Path(__file__).with_suffix(".yml")
TODO = "look it up for Windows PowerShell 5.1 and .NET Framework 4.5, then add it to tests/powershell/allowed.yml"


class Allowed(t.NamedTuple):
    """Commands with their parameters, types with their static members; all in lower case."""

    commands: dict[str, set[str]]
    types: dict[str, set[str]]


@functools.cache
def allowed() -> Allowed:
    """The list."""
    # Null is a member of System.IO.Stream: every entry is a text.
    listed = yaml.load(LIST.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return Allowed(
        *(
            {short(name): {one.lower() for one in entries} for name, entries in listed[kind].items()}
            for kind in Allowed._fields
        )
    )


def short(name: str) -> str:
    """A name by which both spellings of a type are found: PowerShell adds System. by itself."""
    return name.lower().removeprefix("system.")


def commands(root: Node, own: Set[str]) -> Iterator[Problem]:
    """Commands that are neither a function of the collection nor on the list, and parameters that are not."""
    for node in nodes(root):
        if node.type != "command":
            continue
        name, called = name_of(node), text(first(node, "command_name_expr"))
        if called and not called.startswith(("$", "{")):
            yield line(node), f"{called} is started without a time limit; use the function that starts programs"
        elif name and name.lower() not in own:
            known = allowed().commands.get(name.lower())
            if known is None:
                yield line(node), f"the command {name} is not on the list: {TODO}"
            else:
                yield from parameters(node, name, known)


def parameters(command: Node, name: str, known: Set[str]) -> Iterator[Problem]:
    """Of a command of Windows all parameters are named, written out, and on the list."""
    elements = first(command, "command_elements")
    given = [one for one in elements.children if one.type != "command_argument_sep"] if elements else []
    if given and given[0].type != "command_parameter" and not text(given[0]).startswith(("{", "@")):
        yield line(command), f"the first argument of {name} has no name"
    for one in given:
        if one.type == "command_parameter" and text(one).lower().strip("-:") not in known:
            yield line(one), f"{text(one).rstrip(':')} of {name} is not on the list: {TODO}"
        elif re.match(r"@\w", text(one)):
            yield line(one), f"{text(one)} hides the parameters of {name}; write them out"


def types(root: Node) -> Iterator[Problem]:
    """Types that are not on the list."""
    for node in nodes(root):
        if node.type == "type_literal":
            for one in nodes(node):
                if one.type == "type_name" and (one.parent is None or one.parent.type != "type_name"):
                    yield from listed_type(one, text(one))
        elif node.type == "command" and name_of(node).lower() == "new-object":
            words = text(node).split()
            yield from listed_type(
                node, words[words.index("-TypeName") + 1].strip("\"'") if "-TypeName" in words else ""
            )


def listed_type(node: Node, name: str) -> Iterator[Problem]:
    """A problem where the type is not on the list."""
    if short(name) not in allowed().types:
        yield line(node), f"the type {name} is not on the list: {TODO}"


def members(root: Node) -> Iterator[Problem]:
    """Static members that are not on the list, constructors (new) among them."""
    for node in nodes(root):
        if node.type in ("member_access", "invokation_expression") and text(node.children[1]) == "::":
            owner, member = node.children[0], text(node.children[2])
            if owner.type != "type_literal":
                yield line(node), f"{text(owner)}::{member}: write the type out"
                continue
            name = text(owner)[1:-1].partition("[")[0]
            if member.lower() not in allowed().types.get(short(name), {member.lower()}):
                yield line(node), f"[{name}]::{member} is not on the list: {TODO}"


def problems(root: Node, own: Set[str]) -> list[Problem]:
    """All of a file; own has the names of the collection's functions, in lower case."""
    return sorted({*commands(root, own), *types(root), *members(root)})
