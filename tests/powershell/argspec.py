# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a PowerShell module, read out of its file: stands in for pwsh where ansible-test has none.

ansible-test's validate-modules ends with an error without pwsh, and uses it for one thing only: what options a module
has. With this as "pwsh" it compares them with the documentation, which it then checks in full as well.
"""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser


def _text(node: Node) -> str:
    return node.text.decode() if node.text else ""


def _below(node: Node, kind: str) -> t.Iterator[Node]:
    """The nearest nodes of a type below a node."""
    for child in node.children:
        if child.type == kind:
            yield child
        else:
            yield from _below(child, kind)


def value(node: Node) -> t.Any:
    """A literal: tables, arrays, texts, numbers, and texts that are put together with +."""
    parts = [child for child in node.children if child.type not in ("(", ")", "@(", "@{", "}", ",", "comment")]
    if node.type == "hash_literal_expression":
        entries = [
            [part for part in entry.named_children if part.type != "comment"] for entry in _below(node, "hash_entry")
        ]
        return {_text(key): value(content) for key, content in entries}
    if node.type == "array_expression":
        found = [value(child) for child in _below(node, "statement_list")]
        return [] if not found else found[0] if isinstance(found[0], list) else found
    if node.type == "array_literal_expression" and len(parts) > 1:
        return [value(part) for part in parts]
    if node.type == "expression_with_unary_operator" and _text(node).startswith(","):
        return [value(parts[-1])]
    if node.type == "additive_expression" and len(parts) == 3 and _text(parts[1]) == "+":
        return value(parts[0]) + value(parts[2])
    if node.type == "string_literal":
        return _text(node)[1:-1]
    if node.type == "variable":
        return {"$true": True, "$false": False, "$null": None}[_text(node).lower()]
    if node.type == "decimal_integer_literal":
        return int(_text(node))
    if len(parts) != 1:
        raise ValueError(f"line {node.start_point.row + 1}: {_text(node)} is no literal that this can read")
    return value(parts[0])


def spec(source: bytes) -> dict[str, t.Any]:
    """What stands behind $spec = in a module."""
    root = Parser(Language(tree_sitter_powershell.language())).parse(source).root_node
    for node in _below(root, "assignment_expression"):
        if _text(node.children[0]) == "$spec":
            return t.cast("dict[str, t.Any]", value(node.children[-1]))
    raise ValueError("there is no $spec")


if __name__ == "__main__":
    # ansible-test gives its own script, which a real pwsh would run, and what that shall read.
    if Path(sys.argv[1]).name != "ps_argspec.ps1":
        sys.exit(f"{sys.argv[1]} needs a real pwsh")
    print(json.dumps(spec(Path(json.loads(sys.argv[2])["module_path"]).read_bytes())))
