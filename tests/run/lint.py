# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make lint: every check that reads the files and runs nothing of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.pythons import interpreters
from tests.run.common import (
    FAILED,
    NAME,
    NAMESPACE,
    PASSED,
    ROOT,
    Tally,
    check,
    collections_path,
    environment,
    files_of_the_project,
    say,
    skip,
)

# What runs on managed hosts, down to Python 2.7 (AIX, Solaris 10) and 3.6.
HOST_SIDE = ("plugins/modules/*.py", "plugins/module_utils/_agent/**/*.py")
HOST_PYTHONS = ("2.7", "3.6")
# What runs on the controller and is fully typed. Plugins are found through the collection's own name.
TYPED_PLUGINS = ("action", "callback", "filter", "inventory", "lookup", "plugin_utils", "test")
TYPED_FOLDERS = ("lab", "tests")
SPDX = "SPDX-License-Identifier: GPL-3.0-or-later"
SOURCE = {".py", ".ps1", ".psm1", ".sh"}

_COMPILE = """
import io, sys
for name in sys.argv[1:]:
    with io.open(name, "rb") as source:
        compile(source.read(), name, "exec", 0, True)
"""


def tools() -> Iterator[tuple[str, list[str]]]:
    """The checks that are one command: a name and Python's arguments."""
    yield "ruff check", ["ruff", "check", "."]
    yield "ruff format", ["ruff", "format", "--check", "."]
    yield "mypy", ["mypy", *typed()]
    yield "yamllint", ["yamllint", "--strict", "."]
    yield "PowerShell", ["tests.powershell.check"]
    workflows = [str(path) for path in sorted(ROOT.glob(".github/workflows/*.yml"))]
    yield "workflows", ["check_jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows]
    yield "antsibull-changelog", ["antsibull_changelog", "lint"]
    yield "ansible-lint", ["tests.run.ansible_lint", "--offline", "--strict", "--profile", "production"]


def typed() -> list[str]:
    """The files and folders for mypy. A folder without Python files would be an error to it."""
    collection = collections_path() / "ansible_collections" / NAMESPACE / NAME
    folders = [collection / "plugins" / kind for kind in TYPED_PLUGINS]
    folders += [collection / "extensions", *map(Path, TYPED_FOLDERS)]
    return [str(folder) for folder in folders if any((ROOT / folder).rglob("*.py"))]


def host_side_syntax() -> Tally:
    """Compiles host-side code with the oldest Pythons that it must run on, where they are."""
    files = sorted(str(path) for pattern in HOST_SIDE for path in ROOT.glob(pattern))
    total = Tally()
    for version in HOST_PYTHONS:
        name = f"host-side syntax, Python {version}"
        python = interpreters().get(version)
        if python:
            total += check(name, [python, "-c", _COMPILE, *files])
        else:
            total += skip(name, f"no python{version} on PATH or in ~/.pyenv/versions")
    return total


def headers() -> Tally:
    """Every source file says its licence."""
    missing = []
    for name in files_of_the_project():
        if Path(name).suffix in SOURCE:
            text = (ROOT / name).read_text()
            if text and SPDX not in text[:1000]:
                missing.append(name)
    if missing:
        say("FAILED licence headers: no SPDX line in\n  " + "\n  ".join(missing))
        return FAILED
    say("ok     licence headers")
    return PASSED


def main() -> Tally:
    """All of it."""
    env = environment()
    env["NO_COLOR"] = "1"
    total = headers()
    for name, arguments in tools():
        total += check(name, [sys.executable, "-m", *arguments], env)
    return total + host_side_syntax()


if __name__ == "__main__":
    result = main()
    say(str(result))
    sys.exit(1 if result.failed else 0)
