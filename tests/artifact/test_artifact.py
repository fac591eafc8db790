# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The archive that users install: what is in it, and that it works at another place than this repository."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import typing as t
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import Run, ansible_environment
from tests.run.common import NAME, NAMESPACE, ROOT, files_of_the_project

COLLECTION = f"{NAMESPACE}.{NAME}"
BIN = Path(sys.executable).parent
# What a user gets. Whatever else appears at the top of the archive is a leftover, or belongs into this list.
EXPECTED = {
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.ja.md",
    "README.md",
    "bindep.txt",
    "changelogs",
    "docs",
    "execution-environment.yml",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "roles",
}
SHIPPED_WHOLE = ("extensions", "meta", "playbooks", "plugins", "roles")
LARGEST_FILE = 1_000_000
# Kinds of plugin that ansible-doc knows, by their folder.
KINDS = {
    "callback": "callback",
    "modules": "module",
    "filter": "filter",
    "test": "test",
    "inventory": "inventory",
    "lookup": "lookup",
}


def plugins(folder: str) -> list[str]:
    """The public plugins of one kind: a .py, or a .ps1 with its .yml."""
    files = (ROOT / "plugins" / folder).glob("*.*")
    return sorted({file.stem for file in files if file.suffix in (".py", ".ps1", ".yml") and file.stem[0] != "_"})


def tool(home: Path, *command: str | Path, collections: Path | None = None) -> str:
    """Runs one of Ansible's commands that must succeed; its standard output."""
    env = ansible_environment(home)
    if collections:
        env["ANSIBLE_COLLECTIONS_PATH"] = str(collections)
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection, built from this repository as it is."""
    home = tmp_path_factory.mktemp("build")
    tool(home, "ansible-galaxy", "collection", "build", "--output-path", home / "out")
    (built,) = (home / "out").iterdir()
    return built


@pytest.fixture(scope="module")
def installed(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for ANSIBLE_COLLECTIONS_PATH that holds nothing but the installed archive."""
    home = tmp_path_factory.mktemp("install")
    folder = home / "collections"
    arguments = ("--offline", "--no-deps", "--collections-path", folder)
    tool(home, "ansible-galaxy", "collection", "install", archive, *arguments, collections=folder)
    return folder


def test_holds_what_users_need_and_nothing_else(archive: Path) -> None:
    with tarfile.open(archive) as content:
        sizes = {member.name: member.size for member in content if member.isfile()}
    assert {name.split("/")[0] for name in sizes} <= EXPECTED
    assert not [name for name in sizes if "__pycache__" in name or name.endswith((".pyc", "~", ".orig", ".tar.gz"))]
    assert not {name: size for name, size in sizes.items() if size > LARGEST_FILE}
    wanted = {name for name in files_of_the_project() if name.split("/")[0] in SHIPPED_WHOLE}
    assert wanted <= set(sizes)


def test_every_plugin_and_role_is_documented(installed: Path, tmp_path: Path) -> None:
    dump = tool(tmp_path, "ansible-doc", "--metadata-dump", COLLECTION, collections=installed)
    documented: Mapping[str, Mapping[str, Mapping[str, t.Any]]] = json.loads(dump)["all"]
    for folder, kind in KINDS.items():
        assert set(documented[kind]) == {f"{COLLECTION}.{name}" for name in plugins(folder)}
        for name, parts in documented[kind].items():
            assert parts["doc"]["short_description"], name
            assert Path(parts["doc"]["filename"]).is_relative_to(installed), name
    roles = {f"{COLLECTION}.{path.name}": path.name for path in (ROOT / "roles").iterdir()}
    assert set(documented["role"]) == set(roles)
    for name, role in roles.items():
        assert documented["role"][name]["entry_points"]["main"]["short_description"], role


def test_every_playbook_is_found_and_parses(installed: Path, tmp_path: Path) -> None:
    playbooks = sorted(f"{COLLECTION}.{path.stem}" for path in (ROOT / "playbooks").glob("*.yml"))
    shown = tool(tmp_path, "ansible-playbook", "-i", "localhost,", "--syntax-check", *playbooks, collections=installed)
    assert [line.split()[-1] for line in shown.splitlines() if line.startswith("playbook: ")] == [
        str(installed / "ansible_collections" / NAMESPACE / NAME / "playbooks" / f"{name.rpartition('.')[2]}.yml")
        for name in playbooks
    ]


@pytest.mark.matrix
def test_the_gate_runs_from_the_installed_collection(installed: Path, run_playbook: Run, tmp_path: Path) -> None:
    """This machine has no agent, so it complies."""
    inventory = tmp_path / "inventory.ini"
    inventory.write_text("[deep_security_agents]\nlocalhost ansible_connection=local\n")
    done = run_playbook(f"{COLLECTION}.gate", inventory, environment={"ANSIBLE_COLLECTIONS_PATH": str(installed)})
    assert done.returncode == 0, done.stdout
    assert "localhost" in done.stdout
