# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make sanity: ansible-test sanity on a copy of the collection, with the newest ansible-core that the Pythons allow.

python -m tests.run.sanity ends: only what users get, imported by the oldest and the newest Python; part of make test.
"""

from __future__ import annotations

import ast
import configparser
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.pythons import interpreters
from tests.run.common import (
    CACHE,
    FAILED,
    NAME,
    NAMESPACE,
    PASSED,
    ROOT,
    Tally,
    files_of_the_project,
    requirement,
    run,
    say,
    skip,
    venv,
)

# From the newest: which Pythons can drive ansible-core at all.
CONTROLLER_PYTHONS = ("3.14", "3.13", "3.12", "3.11")
# Of those that the newest ansible-core supports on hosts, the oldest; older ones compile the code in make lint.
OLDEST = ("3.9",)
NOT_SHIPPED = ("lab/", "tests/")
# What ansible-test's pslint requires of pwsh.
ANALYZERS = ("PSScriptAnalyzer", "PSSA-PSCustomUseLiteralPath")
# Side by side: with pwsh, which starts for each module, validate-modules takes as long as pylint.
APART = (["--skip-test", "validate-modules"], ["--test", "validate-modules"])
# pwsh, which reads the options of a module by this repository's script around ansible-test's.
PWSH = """#!/bin/sh
export DOTNET_TieredPGO=0
case "$1" in */ps_argspec.ps1) exec "{pwsh}" -NoProfile -NonInteractive -File "{script}" "{folder}" "$@" ;; esac
exec "{pwsh}" "$@"
"""
PIP_VERSION = """
import sys, types
from ansible_test._internal.python_requirements import collect_bootstrap
print(collect_bootstrap(types.SimpleNamespace(version="%d.%d" % sys.version_info[:2]))[0].pip_version)
"""


def copy_of_the_collection(parent: Path, shipped: bool) -> Path:
    """ansible-test wants the folder names ansible_collections/NAMESPACE/NAME above the files.

    shipped: only what users get, which is a fifth of it. Tests and lab have the checks of make lint as well.
    """
    copy = parent / "ansible_collections" / NAMESPACE / NAME
    for name in files_of_the_project():
        if shipped and name.startswith(NOT_SHIPPED):
            continue
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return copy


def home(venv_bin: Path) -> Path:
    """ansible-test keeps its environments in the home folder: it gets one of its own, so that no other is touched."""
    return venv_bin.parent / "home"


def environment(venv_bin: Path, versions: Sequence[str]) -> dict[str, str]:
    """Only these Pythons are on the path, by their plain names."""
    names = CACHE / "pythons"
    shutil.rmtree(names, ignore_errors=True)
    names.mkdir(parents=True)
    for version in versions:
        (names / f"python{version}").symlink_to(interpreters()[version])
    pwsh = shutil.which("pwsh")
    if pwsh:
        file = names / "pwsh"
        file.write_text(PWSH.format(pwsh=pwsh, script=ROOT / "tests" / "run" / "argspec.ps1", folder=names))
        file.chmod(0o755)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    env["HOME"] = str(home(venv_bin))
    env["PATH"] = os.pathsep.join([str(venv_bin), str(names), "/usr/local/bin", "/usr/bin", "/bin"])
    return env


def has_analyzers(env: dict[str, str]) -> bool:
    """Whether pwsh has what pslint requires."""
    command = f"(Get-Module -ListAvailable -Name {','.join(ANALYZERS)} | Select-Object -Unique -Property Name).Count"
    status, output = run(["pwsh", "-NoProfile", "-NonInteractive", "-Command", command], env)
    return status == 0 and output.strip() == str(len(ANALYZERS))


def stand_in_for_pwsh(venv_bin: Path) -> None:
    """validate-modules reads the options of PowerShell modules by pwsh; where there is none, Python reads them."""
    file = CACHE / "pythons" / "pwsh"
    file.write_text(f'#!/bin/sh\nexec "{venv_bin}/python" "{ROOT}/tests/powershell/argspec.py" "$@"\n')
    file.chmod(0o755)


def keep_pip_settings(venv_bin: Path) -> None:
    """ansible-test hides the variables and, here, the home folder from pip: an index set there is written down.

    So is the cache, or each clone would download everything; and to compile what is installed costs more than it saves.
    """
    listed = run([sys.executable, "-m", "pip", "config", "list"])[1]
    settings = configparser.RawConfigParser()
    for line in listed.splitlines():
        name, found, value = line.partition("=")
        section, dummy, option = name.replace(":env:", "global").rpartition(".")
        if found and section and option:
            if not settings.has_section(section):
                settings.add_section(section)
            settings.set(section, option, ast.literal_eval(value))
    cache = run([sys.executable, "-m", "pip", "cache", "dir"])[1].strip()
    for section, option, value in (("global", "cache-dir", cache), ("install", "no-compile", "true")):
        if not settings.has_section(section):
            settings.add_section(section)
        settings.set(section, option, value)
    file = home(venv_bin) / ".config" / "pip" / "pip.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as stream:
        settings.write(stream)


def offer_pip(venv_bin: Path) -> None:
    """ansible-test would download a script that installs pip; found in its cache, this one is used instead.

    It takes pip in and out of an environment for each of its tests: one that all share costs less than half of that.
    """
    status, output = run([venv_bin / "python", "-c", PIP_VERSION])
    version = output.strip()
    folder = home(venv_bin) / f"pip-{version}"
    if not status and not folder.exists():
        part = folder.with_name(f"part-{version}")
        shutil.rmtree(part, ignore_errors=True)
        options: list[str | Path] = ["--disable-pip-version-check", "--no-deps", "--no-compile", "--target", part]
        status, output = run([sys.executable, "-m", "pip", "install", "-qq", *options, f"pip=={version}"])
        for about in part.glob("*.dist-info"):
            shutil.rmtree(about)  # or each environment would try to remove this pip
        if not status:
            part.rename(folder)
    if status:
        say(f"ansible-test may need a download, as the pip that it wants is not here:\n{output}")
        return
    cached = home(venv_bin) / ".ansible" / "test" / "cache" / f"get_pip_{version.replace('.', '_')}.py"
    cached.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(ROOT / "tests" / "run" / "compile_once.py", folder)
    script = (ROOT / "tests" / "run" / "get_pip.py").read_text()
    cached.write_text(script.replace("FOLDER", str(folder)))


def shown(command: list[str], cwd: Path, env: dict[str, str]) -> tuple[int, list[str]]:
    """Run a command with its output on the screen; its exit status and its lines that say ERROR."""
    errors = []
    with subprocess.Popen(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        for line in running.stdout or ():
            print(line, end="", flush=True)
            if line.startswith("ERROR"):
                errors.append(line)
    return running.returncode, errors


def main(arguments: list[str]) -> Tally:
    """The arguments go to ansible-test sanity, for one test or one file. "ends" may stand before them."""
    version = next((version for version in CONTROLLER_PYTHONS if version in interpreters()), None)
    if version is None:
        return skip("ansible-test sanity", f"needs one of Python {', '.join(CONTROLLER_PYTHONS)}; none found")
    versions, shipped = list(interpreters()), arguments[:1] == ["ends"]
    if shipped:
        arguments = arguments[1:]
        versions = [each for each in versions if each in (*OLDEST, version)]
    start = time.monotonic()
    venv_bin = venv(f"sanity-{version}", interpreters()[version], requirement("sanity"))
    offer_pip(venv_bin)
    keep_pip_settings(venv_bin)
    say(f"ansible-test sanity of {run([venv_bin / 'ansible', '--version'])[1].splitlines()[0]} on Python {version}")
    env, left_out = environment(venv_bin, versions), []
    if not shutil.which("pwsh", path=env["PATH"]):
        stand_in_for_pwsh(venv_bin)
        left_out = ["--skip-test", "pslint"]
        say("pslint is skipped, and Python reads the options of PowerShell modules: there is no pwsh")
    elif not has_analyzers(env):
        left_out = ["--skip-test", "pslint"]
        say(f"pslint is skipped: this pwsh has not both modules {' and '.join(ANALYZERS)}")
    with tempfile.TemporaryDirectory(prefix="sanity-") as parent, ThreadPoolExecutor() as pool:
        runs = []
        for number, chosen in enumerate([arguments] if arguments else APART):
            copy = copy_of_the_collection(Path(parent) / str(number), shipped)
            command = [str(venv_bin / "ansible-test"), "sanity", "--color", "no", *left_out, *chosen]
            runs.append(pool.submit(shown, command, copy, env))
        ended = [each.result() for each in runs]
    status, errors = any(code for code, _lines in ended), [line for _code, lines in ended for line in lines]
    # They stand between pages of pip's messages; whoever reads the end of a log finds them here.
    say("".join(errors) + f"{'FAILED' if status else 'ok    '} ansible-test sanity ({time.monotonic() - start:.1f} s)")
    return FAILED if status else PASSED


if __name__ == "__main__":
    result = main(sys.argv[1:])
    say(str(result))
    sys.exit(1 if result.failed else 0)
