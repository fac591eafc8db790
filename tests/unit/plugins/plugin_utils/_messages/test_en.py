# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every message that the code can make has its sentence, and all that the sentence names."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.deep_security.remediation.plugins import plugin_utils
from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages.en import SENTENCES

PLUGINS = Path(next(iter(plugin_utils.__path__))).parent
# Function → where its code stands among the arguments; what follows are its values.
MAKERS = {"message": 0, "Message": 0, "Evidence": 1}
Found = tuple[str, set[str] | None]


def texts(node: ast.AST, assigned: dict[str, list[str]]) -> list[str]:
    """The texts that an expression can be, as far as that is plain."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.IfExp):
        return texts(node.body, assigned) + texts(node.orelse, assigned)
    return assigned.get(node.id, []) if isinstance(node, ast.Name) else []


def values_of(call: ast.Call, after: int) -> set[str] | None:
    """The names of the values that a call gives; None where they are not written there."""
    names = {keyword.arg for keyword in call.keywords}
    if len(call.args) > after:
        given = call.args[after]
        if not isinstance(given, ast.Dict):
            return None
        names = {str(key.value) if isinstance(key, ast.Constant) else None for key in given.keys}
    return None if None in names else {str(name) for name in names}


def messages_in(path: Path) -> Iterator[Found]:
    """Each code that a file makes a message of, with the names of its values."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not any(isinstance(node, ast.Name) and node.id in MAKERS for node in ast.walk(tree)):
        return
    for scope in [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))]:
        assigned: dict[str, list[str]] = {}
        nodes = list(ast.walk(scope))
        for node in nodes:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                assigned.setdefault(node.targets[0].id, []).extend(texts(node.value, assigned))
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
                position = MAKERS[node.func.id]
                names = values_of(node, position + 1) if node.func.id != "message" else values_of(node, 99)
                if len(node.args) > position and (scope is not tree or isinstance(node.args[position], ast.Constant)):
                    yield from ((code, names) for code in texts(node.args[position], assigned))


def fields(sentence: str) -> set[str]:
    return {name for _text, name, _format, _conversion in string.Formatter().parse(sentence) if name}


FILES = sorted(path for path in PLUGINS.rglob("*.py") if "plugin_utils" in path.parts or "action" in path.parts)
MADE = [(path, code, names) for path in FILES for code, names in messages_in(path)]


@pytest.mark.parametrize("path", sorted({path for path, _code, _names in MADE}), ids=lambda path: path.name)
def test_every_code_has_a_sentence_and_every_value_of_it_is_given(path: Path) -> None:
    for where, code, names in MADE:
        if where == path:
            assert code in SENTENCES, f"{path}: {code} has no sentence"
            missing = fields(SENTENCES[code]) - (names if names is not None else fields(SENTENCES[code]))
            assert not missing, f"{path}: {code} lacks {missing}"


def test_the_search_finds_what_it_is_for() -> None:
    codes = {code for _path, code, _names in MADE}
    assert {"lost", "would_restart", "reboot_deferred_waiting", "update_not_watched", "update_failed_expired"} <= codes


def test_every_sentence_of_the_stages_is_used() -> None:
    from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages.en import stages

    text = "\n".join(path.read_text(encoding="utf-8") for path in FILES if path.parent.name != "en")
    assert [code for code in stages.SENTENCES if f'"{code}"' not in text] == []
