# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compiles each text once a process, in the importer of ansible-test sanity.

It imports every file of the collection by itself and unloads all of it after each: the same files were compiled, and
the methods of the same dataclasses, two hundred times. What is run stays the same. get_pip.py has it loaded. No
"from __future__" here: a caller of compile() would inherit it.
"""

import builtins
import dataclasses
import functools
import typing as t

_compile = builtins.compile
_once = functools.lru_cache(maxsize=None)(_compile)


def compile_once(source: t.Any, filename: t.Any, mode: str, *rest: t.Any, **options: t.Any) -> t.Any:
    """As compile(). Code is kept, a tree is not: whoever has one may change it."""
    if rest or options.get("flags") or not isinstance(source, (str, bytes)):
        return _compile(source, filename, mode, *rest, **options)
    return _once(source, filename, mode, **options)


def exec_once(source: str, *spaces: t.Any) -> None:
    """As exec() in given name spaces, which is how dataclasses make their methods."""
    exec(_once(source, "<string>", "exec"), *spaces)


builtins.compile = compile_once
dataclasses.exec = exec_once  # type: ignore[attr-defined]
