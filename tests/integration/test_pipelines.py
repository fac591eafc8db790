# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The recipes of docs/pipelines.md: each is what its platform reads, and its command line does what the text states."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema
import yaml

from tests.conftest import ansible_environment
from tests.integration.test_gate_by_manager import AFFECTED, FIXED, by_manager
from tests.report_schema import read
from tests.run.common import ROOT

TEXT = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
XUNIT2 = ROOT / "tests" / "unit" / "plugins" / "plugin_utils" / "_report" / "xunit2.xsd"
SUFFIXES = {"json": "json", "html": "html", "junit": "xml", "markdown": "md", "openmetrics": "prom"}
# What platforms and their stores of secrets set.
GIVEN = ("CI_PIPELINE_ID", "GITHUB_RUN_ID", "BUILD_TAG", "BUILD_BUILDNUMBER", "SSH_KEY", "SSH_USER")
SCHEMAS = {
    ".gitlab-ci.yml": ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
    ".github/workflows/deep-security.yml": ["vendor.github-workflows"],
    # Its patterns are no regular expressions of the newest JavaScript.
    "azure-pipelines.yml": [
        "vendor.azure-pipelines",
        "--data-transform",
        "azure-pipelines",
        "--regex-variant",
        "python",
    ],
}


def file_of(block: str) -> str:
    """The file that a recipe names in its first line."""
    return block.splitlines()[0].removeprefix("# ").removeprefix("// ")


def texts(value: t.Any) -> Iterator[str]:
    """Every text in it."""
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(item)


def commands() -> Iterator[tuple[str, str]]:
    """Every command line with ansible-playbook, and the recipe that it is of."""
    for language, block in BLOCKS:
        for text in texts(yaml.safe_load(block)) if language == "yaml" else [block]:
            for line in re.sub(r"\\\n\s*", "", text).splitlines():
                if "ansible-playbook -i" in line:
                    yield file_of(block), line.strip().removeprefix("$ ")


COMMANDS = list(commands())
GATES = [line for dummy, line in COMMANDS if "remediation.gate" in line]
ONCE = [GATES[0], *(line for dummy, line in COMMANDS if line not in GATES)]


def recipe(name: str) -> t.Any:
    """A recipe as its platform reads it."""
    return yaml.safe_load(next(block for language, block in BLOCKS if language == "yaml" and file_of(block) == name))


def test_every_yaml_is_read() -> None:
    assert sum(isinstance(yaml.safe_load(block), dict) for language, block in BLOCKS if language == "yaml") == 5


def test_each_platform_has_its_command_line() -> None:
    recipes = [name for name, dummy in COMMANDS]
    assert recipes[:2] == [".gitlab-ci.yml", ".gitlab-ci.yml"]
    assert recipes[2:5] == [".github/workflows/deep-security.yml", "Jenkinsfile", "azure-pipelines.yml"]
    assert TEXT.count("ansible-playbook -i") == len(COMMANDS) == 6


@pytest.mark.parametrize("name", SCHEMAS)
def test_it_is_what_the_schema_of_its_platform_has(tmp_path: Path, name: str) -> None:
    path = tmp_path / "recipe.yml"
    path.write_text(next(block for dummy, block in BLOCKS if file_of(block) == name), encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *SCHEMAS[name], str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_job_installs_is_pinned() -> None:
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    own, windows = recipe("collections/requirements.yml")["collections"]
    assert own == {"name": f"packages/deep_security-remediation-{version}.tar.gz", "type": "file"}
    assert re.fullmatch(r"[0-9.]+", windows["version"])
    packages = next(block for language, block in BLOCKS if language == "text").split()
    assert all(re.fullmatch(r"[a-z-]+==[0-9.]+", package) for package in packages)


def test_the_report_is_kept_also_when_the_gate_fails() -> None:
    artifacts = recipe(".gitlab-ci.yml")[".deep_security"]["artifacts"]
    assert artifacts["when"] == "always"
    assert (artifacts["reports"], artifacts["paths"]) == ({"junit": "dsa-reports/report.xml"}, ["dsa-reports/report.*"])

    steps = recipe(".github/workflows/deep-security.yml")["jobs"]["gate"]["steps"]
    after = steps[[step.get("name") for step in steps].index("Gate") + 1 :]
    assert [step["if"] for step in after] == ["always()"] * 3
    assert after[1]["with"]["report_paths"] == "dsa-reports/report.xml"
    assert after[2]["with"]["path"] == "dsa-reports/report.*"

    steps = recipe("azure-pipelines.yml")["jobs"][0]["steps"]
    after = steps[[step.get("displayName") for step in steps].index("Gate") + 1 :]
    assert {step["condition"] for step in after} == {"succeededOrFailed()"}
    assert "dsa-reports/report.xml" in [step.get("inputs", {}).get("testResultsFiles") for step in after]

    post = next(block for language, block in BLOCKS if language == "groovy").partition("  post {\n    always {\n")[2]
    assert post.startswith(
        "      junit 'dsa-reports/report.xml'\n      archiveArtifacts artifacts: 'dsa-reports/report.*'\n"
    )


def ran(folder: Path, line: str, hosts: dict[str, t.Any]) -> tuple[int, str]:
    """Run a command line as the shell of a platform would; exit status and output."""
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "ansible-playbook").symlink_to(Path(sys.executable).parent / "ansible-playbook")
    done = subprocess.run(
        ["bash", "-euc", line.replace("/var/lib/node_exporter", str(folder / "dsa-reports"))],
        cwd=folder,
        env={**ansible_environment(folder), **{name: f"the-{name}" for name in GIVEN}, "SSH_KEY": os.devnull},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout


def files_of(folder: Path, line: str) -> dict[str, Path]:
    """The formats that a line names, and their files: all of this run, and no other."""
    named = re.findall(r"dsa_report_formats=(\S+)", line)[0].split(",")
    path = folder / "dsa-reports" / ("deep-security.json" if "dsa_report_path" in line else "report.json")
    files = {name: path.with_suffix(f".{SUFFIXES[name]}") for name in named}
    assert sorted(path.parent.glob(f"{path.stem}.*")) == sorted(files.values())
    return files


@pytest.mark.parametrize("number", range(len(GATES)))
def test_a_gate_that_does_not_pass_fails_the_job_and_leaves_what_is_uploaded(tmp_path: Path, number: int) -> None:
    line = GATES[number]
    status, output = ran(tmp_path, line, {"a": by_manager(1, FIXED), "b": by_manager(2, AFFECTED)})
    assert status == 2, output
    files = files_of(tmp_path, line)
    report = read(files["json"])
    assert [host["passed"] for host in report["hosts"]] == [True, False]
    change = re.findall(r"dsa_change_id=\$(\w+)", line)
    assert report["change_id"] == (f"the-{change[0]}" if change else None)
    if "junit" in files:
        xmlschema.XMLSchema(str(XUNIT2)).validate(str(files["junit"]))
        failed = ElementTree.parse(files["junit"]).findall("testsuite/testcase[failure]")
        assert [case.get("name") for case in failed] == ["b"]
    else:
        assert 'passed{advisory="KA-0016311",playbook="gate"} 0' in files["openmetrics"].read_text("utf-8")


@pytest.mark.parametrize("number", range(len(ONCE)))
def test_a_job_is_green_where_every_host_passes(tmp_path: Path, number: int) -> None:
    status, output = ran(tmp_path, ONCE[number], {"a": by_manager(1, FIXED)})
    assert status == 0, output
    files = files_of(tmp_path, ONCE[number])
    assert read(files["json"])["passed"] is True
    assert ElementTree.parse(files["junit"]).findall("testsuite/testcase/*[@message]") == []
