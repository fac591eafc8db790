# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The syntax tree of a PowerShell file, and the few steps through it that the checks need."""

from __future__ import annotations

import re
from collections.abc import Iterator

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

# A line number and what is wrong there.
Problem = tuple[int, str]


def parse(source: bytes) -> Node:
    """The tree of a file. The grammar takes the KB of 64KB for a command: digits are put in its place."""
    source = re.sub(rb"(?i)(?<=\d)[kmgtp]b\b", b"00", source)
    return Parser(Language(tree_sitter_powershell.language())).parse(source).root_node


def nodes(node: Node, leave_out: frozenset[str] = frozenset()) -> Iterator[Node]:
    """A node and all below it, without what lies below the types left out."""
    yield node
    for child in node.children:
        if child.type not in leave_out:
            yield from nodes(child, leave_out)


def text(node: Node | None) -> str:
    """What stands there."""
    return node.text.decode() if node and node.text else ""


def line(node: Node) -> int:
    """Where it stands, counted from 1."""
    return node.start_point.row + 1


def first(node: Node | None, kind: str) -> Node | None:
    """The first child of a type."""
    return next((child for child in node.children if child.type == kind), None) if node else None


def variable(node: Node) -> str:
    """A variable's name as it is spelled, without $, braces and scope."""
    return text(node).lstrip("$@").strip("{}").rpartition(":")[2]


def name_of(command: Node) -> str:
    """The command's name; empty where that is not written out."""
    return text(first(command, "command_name"))


def functions(root: Node) -> Iterator[tuple[str, Node]]:
    """The functions of a file, with their names."""
    for node in nodes(root):
        if node.type == "function_statement":
            yield text(first(node, "function_name")), node
