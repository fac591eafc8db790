# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment: ansible-builder accepts its definition, and what it would install is enough.

No image is built: the Python packages that ansible-builder finds are installed beside ansible-core and nothing else,
with the built collection, and run against a fleet.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.conftest import COLLECTIONS, ansible_environment
from tests.run.common import ROOT, requirement, venv

from .conftest import ANSWERS, FIXED, QUICK, WINDOWS, LabFleet, StartFleet, deb, windows

DEFINITION = ROOT / "execution-environment.yml"
GALAXY = Path(sys.executable).parent / "ansible-galaxy"
ANSIBLE_WINDOWS = Path("ansible_collections") / "ansible" / "windows"


def program(*command: str | Path, home: Path, cwd: Path = ROOT, collections: Path = COLLECTIONS) -> None:
    """Run a program that must succeed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=ansible_environment(home, collections),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def made(name: str, requirements: list[str]) -> Path:
    """The bin folder of a virtual environment; a skipped test where it cannot be made, as without a network."""
    try:
        return venv(name, Path(sys.executable), requirements)
    except RuntimeError as error:
        pytest.skip(f"the virtual environment {name} could not be made: {error}")


@pytest.fixture(scope="module")
def builder() -> Path:
    """The program ansible-builder."""
    return made("builder", requirement("builder")) / "ansible-builder"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection's archive."""
    home = tmp_path_factory.mktemp("build")
    program(GALAXY, "collection", "build", "--output-path", home / "out", home=home)
    (built,) = (home / "out").iterdir()
    return built


@pytest.fixture(scope="module")
def collections(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed archive, and with ansible.windows where it could be had."""
    home = tmp_path_factory.mktemp("install")
    folder = home / "collections"
    options = ("--offline", "--no-deps", "--collections-path", folder)
    program(GALAXY, "collection", "install", archive, *options, home=home, collections=folder)
    if WINDOWS:
        shutil.copytree(COLLECTIONS / ANSIBLE_WINDOWS, folder / ANSIBLE_WINDOWS)
    return folder


@pytest.fixture(scope="module")
def found(builder: Path, collections: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The Python and system packages that ansible-builder finds in the collections."""
    home = tmp_path_factory.mktemp("introspect")
    wanted = {"python": home / "python.txt", "system": home / "system.txt"}
    options = ("--write-pip", wanted["python"], "--write-bindep", wanted["system"])
    program(builder, "introspect", collections, *options, home=home)
    lines = {kind: file.read_text("utf-8").splitlines() for kind, file in wanted.items()}
    return {kind: [text for line in read if (text := line.partition("#")[0].strip())] for kind, read in lines.items()}


@pytest.fixture(scope="module")
def bare(found: dict[str, list[str]]) -> Path:
    """The bin folder of ansible-core with these packages."""
    return made("execution-environment", [*requirement("core"), *found["python"]])


def test_the_definition_names_this_collection_and_every_release_of_core_that_it_allows() -> None:
    definition = yaml.safe_load(DEFINITION.read_text("utf-8"))
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))
    archive = f"{galaxy['namespace']}-{galaxy['name']}-{galaxy['version']}.tar.gz"
    (collection,) = definition["dependencies"]["galaxy"]["collections"]
    (file,) = definition["additional_build_files"]
    assert collection == {"name": f"{file['dest']}/{archive}", "type": "file"}
    assert file["src"] == f"build/{archive}"
    oldest = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text("utf-8"))["requires_ansible"]
    newest = (ROOT / "requirements" / "core.txt").read_text("utf-8").rpartition("<")[2].strip()
    assert definition["dependencies"]["ansible_core"]["package_pip"] == (
        f"ansible-core{oldest.removesuffix('.0')},<{newest}"
    )


def test_ansible_builder_makes_the_context_of_an_image(builder: Path, archive: Path, tmp_path: Path) -> None:
    shutil.copy(DEFINITION, tmp_path)
    (tmp_path / "build").mkdir()
    shutil.copy(archive, tmp_path / "build")
    program(builder, "create", "--context", tmp_path / "context", home=tmp_path, cwd=tmp_path)
    inside = tmp_path / "context" / "_build"
    (collection,) = yaml.safe_load((inside / "requirements.yml").read_text("utf-8"))["collections"]
    assert (inside / collection["name"]).read_bytes() == archive.read_bytes()


def test_the_collection_declares_what_windows_and_ssh_need(found: dict[str, list[str]]) -> None:
    assert [name for name in found["python"] if not name.startswith("pywinrm")] == []
    assert len(found["python"]) == 1
    assert sorted(line.split()[0] for line in found["system"]) == ["openssh-client", "openssh-clients", "sshpass"]


@pytest.fixture(scope="module")
def lab(start_fleet: StartFleet) -> LabFleet:
    """Linux, Windows and a Manager."""
    hosts: dict[str, t.Any] = {"relay1": deb(role="relay"), "web1": deb()}
    if WINDOWS:
        hosts["win1"] = windows()
    for host in hosts.values():
        host["update_seconds"] = 0.2
    return start_fleet({"packages": [FIXED], "manager": {}, "hosts": hosts, **ANSWERS})


def test_it_is_enough_for_linux_windows_and_the_manager(lab: LabFleet, bare: Path, collections: Path) -> None:
    environment = {
        **ansible_environment(lab.folder, collections),
        "ANSIBLE_PYTHON_INTERPRETER": str(bare / "python"),
        "PATH": f"{bare}{os.pathsep}{os.environ['PATH']}",
    }

    def ends(name: str, **extra: t.Any) -> int:
        given = ["-i", str(lab.lab / "inventory.yml"), "-e", f"@{lab.lab / 'vars.yml'}", *lab.with_manager()]
        done = subprocess.run(
            [
                bare / "ansible-playbook",
                *given,
                "-e",
                json.dumps({**QUICK, **extra}),
                f"deep_security.remediation.{name}",
            ],
            cwd=lab.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        print(done.stdout)
        return done.returncode

    assert ends("gate", dsa_source="manager") == 2
    assert {outcome["verdict"] for outcome in lab.report().values()} == {"affected"}
    assert ends("gate") == 2
    assert {outcome["verdict"] for outcome in lab.report().values()} == {"affected"}
    assert ends("remediate") == 0
    assert {outcome["done"] for outcome in lab.report().values()} == {"upgraded and updated"}
    assert {host["patterns_current"] for host in lab.status().values()} == {True}
