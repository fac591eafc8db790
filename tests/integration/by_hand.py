# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody does to the lab's hosts behind the collection's back, before a run and in the middle of one."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
import typing as t
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from tests.integration.conftest import QUICK, LabFleet

NOTE = "var/opt/deep_security_remediation/progress.json"


def sh(lab: LabFleet, host: str, command: str, check: bool = True) -> str:
    """Run a shell command on a host; return what it printed."""
    everything = yaml.safe_load((lab.lab / "inventory.yml").read_text(encoding="utf-8"))["all"]
    variables = everything["vars"]
    done = subprocess.run(
        [
            *("ssh", *shlex.split(variables["ansible_ssh_args"]), "-o", "ControlMaster=no"),
            *("-i", variables["ansible_ssh_private_key_file"], "-p", str(everything["hosts"][host]["ansible_port"])),
            *("root@127.0.0.1", command),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )
    assert not check or done.returncode == 0, f"{host}: {command}: {done.stdout}"
    return done.stdout


def write(lab: LabFleet, host: str, path: str, content: str | bytes, mode: int = 0o600) -> Path:
    """A file in a host's world, in place of whatever is there."""
    file = lab.lab / "roots" / host / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    file.chmod(mode)
    return file


def package(lab: LabFleet, build: str) -> Path:
    """The file of a build for Debian."""
    found: list[Path] = [path for path in (lab.lab / "packages").glob("*Debian*.deb") if build in path.name]
    assert len(found) == 1, sorted(path.name for path in (lab.lab / "packages").iterdir())
    return found[0]


def install(lab: LabFleet, host: str, build: str, purge: bool = False) -> None:
    """What an administrator does without the collection."""
    write(lab, host, "root/agent.deb", package(lab, build).read_bytes())
    remove = "dpkg -P ds-agent && " if purge else ""
    sh(lab, host, f"{remove}dpkg -i /root/agent.deb && systemctl start ds_agent && rm /root/agent.deb")


def begin(lab: LabFleet, playbook: str, *arguments: str, **extra: t.Any) -> subprocess.Popen[str]:
    """Start a playbook of the collection in a session of its own, as LabFleet.play does, and do not wait for it."""
    variables = {name: value for name, value in {**QUICK, **extra}.items() if value is not None}
    return subprocess.Popen(
        [
            *(str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(lab.lab / "inventory.yml")),
            *("-e", f"@{lab.lab / 'vars.yml'}", "-e", json.dumps(variables)),
            *(f"deep_security.remediation.{playbook}", *arguments),
        ],
        cwd=lab.folder,
        env=lab.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(condition: Callable[[], object], what: str, seconds: float = 90) -> None:
    """Wait until something is the case."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)


def kill(run: subprocess.Popen[str]) -> None:
    """SIGKILL to the controller and its workers, each of which has a session of its own since ansible-core 2.19."""
    for pid in [run.pid, *descendants(run.pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    run.communicate(timeout=30)


def descendants(pid: int) -> list[int]:
    """All processes below this one, but ssh masters, which leave their parent."""
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except FileNotFoundError:
        return []
    return [each for child in map(int, below) for each in (child, *descendants(child))]


def reasons(outcome: Mapping[str, t.Any]) -> str:
    """All that the report tells of a host."""
    return json.dumps(outcome, ensure_ascii=False)


def codes(outcome: Mapping[str, t.Any]) -> set[str]:
    """The codes of what was found on a host, and of why it was not worked on."""
    found = {finding["code"] for finding in outcome["findings"]}
    return {*found, outcome["reason_code"], *(reason["code"] for reason in outcome.get("reasons") or ())}
