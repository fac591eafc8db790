# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A job as AWX 24 starts it: a private data directory for ansible-runner, and what the runner leaves there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

Event = Mapping[str, Any]
# `ansible-inventory --list`.
Inventory = Mapping[str, Any]
# AWX cuts what its API and its pages show of an event.
SHOWN = 1024
NOBODY = 65534
_AS_NOBODY = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
_SETTINGS = {"idle_timeout": 0, "job_timeout": 0, "pexpect_timeout": 5, "suppress_ansible_output": True}
_RESULTS = ("runner_on_ok", "runner_on_failed", "runner_on_unreachable", "runner_on_skipped")


class _Survey(yaml.SafeDumper):
    """As AWX writes what people typed: nothing in it is a template."""

    def represent_data(self, data: Any) -> Any:
        return self.represent_scalar("!unsafe", data) if isinstance(data, str) else super().represent_data(data)


def sliced(inventory: Inventory, number: int, count: int) -> Inventory:
    """As AWX slices: every count-th host by name. The others leave the groups too."""
    chosen = set(sorted(inventory["_meta"]["hostvars"])[number - 1 :: count])
    groups = {
        name: {**group, **({"hosts": [host for host in group["hosts"] if host in chosen]} if "hosts" in group else {})}
        for name, group in inventory.items()
        if name != "_meta"
    }
    hostvars = {host: values for host, values in inventory["_meta"]["hostvars"].items() if host in chosen}
    return {"_meta": {"hostvars": hostvars}, **groups}


def of_lab(file: Path) -> Inventory:
    """The inventory of a lab that is up. The password of Windows hosts is that of the job, as with a credential."""
    everyone = yaml.safe_load(file.read_text("utf-8"))["all"]
    hostvars = {name: dict(values) for name, values in everyone["hosts"].items()}
    passwords = [own.pop("ansible_password") for own in hostvars.values() if "ansible_password" in own]
    credential = {"ansible_winrm_password": passwords[0]} if passwords else {}
    groups = {name: {"hosts": list(group["hosts"])} for name, group in everyone["children"].items()}
    top = {"hosts": list(hostvars), "children": list(groups), "vars": {**everyone["vars"], **credential}}
    return {"_meta": {"hostvars": hostvars}, "all": top, **groups}


@dataclass(frozen=True)
class Finished:
    """status: exit status of ansible-playbook. folder: the runner's artifacts of the job."""

    status: int
    folder: Path

    @cached_property
    def events(self) -> list[Event]:
        """All events, in their order."""
        files = (self.folder / "job_events").glob("*-*.json")
        return sorted((json.loads(file.read_text("utf-8")) for file in files), key=lambda event: int(event["counter"]))

    @property
    def stdout(self) -> str:
        """What the output page has for download."""
        return (self.folder / "stdout").read_text("utf-8")

    @property
    def artifacts(self) -> Mapping[str, Any]:
        """What a workflow hands to the nodes that follow, as extra variables."""
        ended = [event for event in self.events if event["event"] == "playbook_on_stats"]
        return dict(ended[-1]["event_data"].get("artifact_data", {})) if ended else {}

    def results(self, host: str) -> list[Event]:
        """The events about a host's tasks."""
        return [each for each in self.events if each["event"] in _RESULTS and each["event_data"]["host"] == host]

    def failed(self) -> dict[str, str]:
        """Host → msg, of the hosts that AWX takes for "relaunch on failed hosts"."""
        events = [each["event_data"] for each in self.events if each["event"] == _RESULTS[1]]
        return {each["host"]: str(each["res"].get("msg", "")) for each in events if not each.get("ignore_errors")}


@dataclass(frozen=True)
class Job:
    """variables: the survey's answers and what earlier nodes handed on. arguments: such as --check."""

    playbook: str
    inventory: Inventory
    variables: Mapping[str, Any] = field(default_factory=dict)
    limit: Iterable[str] = ()
    arguments: Iterable[str] = ()

    def lay_out(self, folder: Path, environment: Mapping[str, str]) -> None:
        """The private data directory."""
        for name in ("env", "inventory", "project", "home"):
            (folder / name).mkdir(parents=True)
        script = folder / "inventory" / "hosts"
        script.write_text(f"#!{sys.executable}\nprint({json.dumps(self.inventory)!r})\n", encoding="utf-8")
        script.chmod(0o700)
        arguments = [*self.arguments, *(["--limit", ",".join(self.limit)] if self.limit else [])]
        about = {"awx_job_id": 7, "awx_job_template_name": self.playbook, "awx_user_name": "admin"}
        own = {
            "ANSIBLE_FORCE_COLOR": "True",
            "ANSIBLE_HOME": str(folder / "home" / ".ansible"),
            "ANSIBLE_HOST_KEY_CHECKING": "False",
            "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
            "AWX_PRIVATE_DATA_DIR": str(folder),
            "HOME": str(folder / "home"),
            "JOB_ID": "7",
        }
        texts = {
            "cmdline": " ".join(arguments),
            "envvars": json.dumps({**own, **environment}),
            "extravars": yaml.dump({**self.variables, **about}, Dumper=_Survey),
            "settings": json.dumps(_SETTINGS),
        }
        for name, text in texts.items():
            (folder / "env" / name).write_text(text, encoding="utf-8")
        (folder / "project").chmod(0o500)

    def command(self, folder: Path) -> list[str]:
        """The runner's; root runs it as nobody, as the user of a container may not write into the project."""
        runner = [sys.executable, "-m", "ansible_runner", "run", str(folder), "-p", self.playbook, "--ident", "job"]
        return [*(_AS_NOBODY if os.getuid() == 0 else []), *runner]

    def start(self, folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Several can run at once, as slices do. environment: what the execution environment has."""
        self.lay_out(folder, environment)
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "AWX_"))}
        path = f"{Path(sys.executable).parent}{os.pathsep}{plain['PATH']}"
        with (folder / "runner.log").open("wb") as log:
            return subprocess.Popen(
                self.command(folder),
                cwd=folder,
                env={**plain, "PATH": path},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def run(self, folder: Path, environment: Mapping[str, str], timeout: float = 600) -> Finished:
        """Start it and wait for its end."""
        return finished(self.start(folder, environment), folder, timeout)


def finished(process: subprocess.Popen[bytes], folder: Path, timeout: float = 600) -> Finished:
    """Wait for the end of a job."""
    status = process.wait(timeout)
    artifacts = folder / "artifacts" / "job"
    if not (artifacts / "rc").exists():
        raise RuntimeError(f"ansible-runner ended with {status}: {(folder / 'runner.log').read_text('utf-8')}")
    return Finished(status, artifacts)
