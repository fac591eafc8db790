# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of Ansible without Ansible: real actions, lookup, journal and report on the controller, and simulated hosts."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible import constants, context
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader

from ansible_collections.deep_security.remediation.plugins.lookup import dsa_run
from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.run import Run
from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.scope import scope_of
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import (
    RELAY_GROUP,
    Journal,
    Reading,
    StageResult,
)
from tests import report_schema
from tests.builders import AFFECTED, REPOSITORY, record
from tests.unit.plugins.plugin_utils._stages.fake import FakePort

Result = dict[str, t.Any]


class Shown:
    """What is shown while a run goes on."""

    verbosity = 0

    def __init__(self) -> None:
        self.lines: list[str] = []

    def display(self, text: str, **ignored: object) -> None:
        self.lines.append(text)

    warning = error = vv = display


class Lookup(dsa_run.LookupModule):
    """The lookup, with options that need no loader of plugins."""

    def set_options(self, task_keys: object = None, var_options: object = None, direct: t.Any = None) -> None:
        self._options = direct

    def get_option(self, option: str, hostvars: object = None) -> object:
        return self._options.get(option)


class Controller:
    """One run. hosts: host → its variables; ports: host → the simulated host, made of AFFECTED when it is needed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.report = folder / "reports" / "report.json"
        self.temporary = folder / "ansible-local-1abc"
        self.temporary.mkdir()
        self.shown = Shown()
        self.hosts: dict[str, dict[str, t.Any]] = {}
        self.relays: list[str] = []
        self.play: dict[str, t.Any] = {}
        self.ports: dict[str, FakePort] = {}
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(self.temporary))
        monkeypatch.setattr(dsa_run, "Display", lambda: self.shown)
        self.command_line()

    def command_line(self, *arguments: str, **options: t.Any) -> None:
        """The options of ansible-playbook."""
        given = arguments or ("deep_security.remediation.remediate",)
        self._monkeypatch.setattr(
            context, "CLIARGS", ImmutableDict({"tags": ["all"], "skip_tags": [], "args": given, **options})
        )

    def inventory(
        self, hosts: Mapping[str, Mapping[str, t.Any]] | Sequence[str], relays: Sequence[str] = ()
    ) -> Controller:
        """Hosts, with their variables or without, and which of them are in the group of Relays."""
        if not isinstance(hosts, Mapping):
            hosts = {name: {} for name in hosts}
        self.relays = list(relays)
        own = {"dsa_report_path": str(self.report), "dsa_relays": []}
        self.hosts = {
            name: {**REPOSITORY, **own, **values, "group_names": [RELAY_GROUP] if name in relays else []}
            for name, values in hosts.items()
        }
        return self

    @property
    def variables(self) -> dict[str, t.Any]:
        """Those of a play."""
        groups = {"all": list(self.hosts), RELAY_GROUP: self.relays}
        return {"dsa_report_path": str(self.report), "groups": groups, "hostvars": self.hosts, **self.play}

    def run(self) -> Run:
        """The run as it is now."""
        return Run(self.variables, t.cast(t.Any, self.shown))

    def begin(self, playbook: str = "remediate", /, **read: t.Any) -> Run:
        """Begin a run of a playbook. read: host → the record that was read of it."""
        run = self.run()
        run.begin(playbook, scope_of(run.variables["groups"], run.settings["dsa_hosts"], DataLoader()))
        for name, content in read.items():
            run.journal.append(name, "read", **Reading("read", content).as_dict())
        return run

    def plan(self, name: str, **work: t.Any) -> None:
        """Record that the plan has this work for a host; without work it is blocked."""
        blocked = {"code": "not_read", "values": {}} if not work else None
        self.run().journal.append(name, "plan", work=work or None, blocked=blocked)

    def staged(self, name: str, result: StageResult) -> None:
        """Record what a stage did."""
        self.run().journal.append(name, "stage", **result.as_dict())

    def entries(self, name: str, kind: str) -> list[dict[str, t.Any]]:
        """What the journal has of a host."""
        return [entry for entry in self.run().journal.entries(name) if entry["kind"] == kind]

    @property
    def begun(self) -> bool:
        """Whether there is a journal of this run."""
        return Journal.begun(str(self.temporary))

    def reported(self) -> dict[str, t.Any]:
        """The report as it is now."""
        content: dict[str, t.Any] = report_schema.read(self.report)
        return content

    def port(self, name: str) -> FakePort:
        """The simulated host of that name."""
        if name not in self.ports:
            self.ports[name] = FakePort(record(AFFECTED), host=name)
        return self.ports[name]

    def query(self, *terms: str, **options: t.Any) -> list[t.Any]:
        """What the lookup gives."""
        templar = SimpleNamespace(template=lambda value: value)
        found: list[t.Any] = Lookup(loader=DataLoader(), templar=templar).run(list(terms), self.variables, **options)
        return found

    def act(
        self,
        action: t.Any,
        name: str = "web1",
        *,
        check: bool = False,
        delegate_to: str | None = None,
        hosts: Sequence[str] = (),
        modules: t.Callable[..., Result] | None = None,
        **arguments: t.Any,
    ) -> Result:
        """The result of one task. action: its module; hosts: those of the play, all without any."""

        def port(
            action: t.Any, variables: t.Any, run_id: str, timeout: int, reconnect: float, *more: t.Any
        ) -> FakePort:
            host = self.port(delegate_to or name)
            host.__dict__.update(check_mode=check, run_id=run_id, read_timeout=timeout, reconnect=reconnect)
            return host

        if hasattr(action, "AnsiblePort"):
            self._monkeypatch.setattr(action, "AnsiblePort", port)
        task = SimpleNamespace(
            args=arguments, check_mode=check, delegate_to=delegate_to, async_val=0, _uuid="1", action="", diff=False
        )
        plugin = action.ActionModule(
            task=task,
            connection=SimpleNamespace(_shell=SimpleNamespace(tmpdir=None), _play_context=None),
            play_context=SimpleNamespace(check_mode=check),
            loader=DataLoader(),
            templar=SimpleNamespace(template=lambda value: value),
            shared_loader_obj=None,
        )
        plugin._execute_module = modules
        names = list(hosts or self.hosts)
        own = {"inventory_hostname": name, "ansible_play_hosts_all": names, "ansible_play_batch": names}
        result: Result = plugin.run(task_vars={**self.hosts[name], **self.variables, **own})
        return result


@pytest.fixture
def controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Controller:
    """A controller with one host, web1."""
    return Controller(tmp_path, monkeypatch).inventory(["web1"])
