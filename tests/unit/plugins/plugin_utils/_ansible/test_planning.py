# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts a run reads, what it brings for them, and who works on them: a real journal, and no host."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible import constants, context
from ansible.module_utils.common.collections import ImmutableDict

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible import planning
from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.run import Run
from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.scope import Scope
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import Reading
from tests.builders import AFFECTED, FIXED, NOW, REPOSITORY, manager_computer, record, result
from tests.manager_stub.stub import Answer, Stub

Begin = Callable[..., Run]
RPM = b"\xed\xab\xee\xdb" + b"x" * 300


class Display:
    """What a run shows."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def display(self, text: str) -> None:
        self.shown.append(text)

    warning = display


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Begins a run. hosts: name → its variables; read: name → the record that was read of it; relays: the group."""

    def begun(
        hosts: Mapping[str, Mapping[str, t.Any]],
        read: Mapping[str, t.Any] | None = None,
        relays: tuple[str, ...] = (),
        *,
        playbook: str = "remediate",
        scope: tuple[str, ...] = (),
        check: bool = False,
    ) -> Run:
        monkeypatch.setattr(context, "CLIARGS", ImmutableDict(check=check))
        monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
        settings = {"dsa_report_path": str(tmp_path / "reports" / "report.json")}
        hostvars: dict[str, dict[str, t.Any]] = {
            name: {**REPOSITORY, **settings, **variables} for name, variables in hosts.items()
        }
        groups = {"all": list(hosts), "deep_security_relays": list(relays)}
        for name, variables in hostvars.items():
            variables["group_names"] = [group for group, names in groups.items() if name in names and group != "all"]
        run = Run({**settings, "groups": groups, "hostvars": hostvars}, t.cast(t.Any, Display()))
        run.begin(playbook, Scope(tuple(scope or hosts), (), "all", None))
        for name, content in (read or {}).items():
            run.journal.append(name, "read", **Reading("read", content).as_dict())
        return run

    return begun


# Packages


def of_web(manager: Stub, pem: Path, file: str, **more: t.Any) -> dict[str, t.Any]:
    """A host that waits for nobody, and whose package comes from that server."""
    entry = {"version": FIXED, "url": f"{manager.url}/{file}"}
    return {"dsa_packages": [entry], "dsa_relays": [], "dsa_package_ca_path": str(pem), **more}


def test_each_file_is_brought_once_and_a_host_whose_file_cannot_be_had_is_blocked(
    begin: Begin, manager: Stub, pem: Path, tmp_path: Path
) -> None:
    cache = {"dsa_package_cache": str(tmp_path / "cache"), "dsa_verify_packages": False}
    files = {"web1": "good/agent.rpm", "web2": "missing/agent.rpm", "web3": "missing/agent.rpm"}
    manager.answer = lambda asked: Answer(body=RPM) if "good" in asked.path else Answer(404)
    run = begin(
        {name: of_web(manager, pem, file, **cache) for name, file in files.items()} | {"own": {"dsa_relays": []}},
        dict.fromkeys([*files, "own"], record(AFFECTED)),
    )
    dummy, plan = planning.plan_hosts(run, [*files, "own"])
    assert plan.work["web1"].package is not None
    assert Path(plan.work["web1"].package.location).is_relative_to(tmp_path / "cache")
    assert {name: reason.code for name, reason in plan.blocked.items()} == {
        "web2": "not_downloaded",
        "web3": "not_downloaded",
    }
    assert f"{manager.url}/missing/agent.rpm cannot be downloaded: HTTP Error 404" in plan.blocked["web2"].text
    assert "own" in plan.work
    assert len(manager.asked) == 2, "a file that cannot be had is not tried again for the next host"
    assert run.host("web2").blocked == plan.blocked["web2"], "it is in the journal"


def test_check_mode_fetches_nothing(begin: Begin, manager: Stub, pem: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    hosts = {"web1": of_web(manager, pem, "agent.rpm", dsa_package_cache=str(cache))}
    run = begin(hosts, {"web1": record(AFFECTED)}, check=True)
    dummy, plan = planning.plan_hosts(run, ["web1"])
    assert "web1" in plan.work
    assert (manager.asked, cache.exists()) == ([], False)


# What the Manager's data spare


BY_MANAGER = {"dsa_source": "manager"}
UPDATED = {"status": "active", "latest": True}


def of_manager(build: str | None, relay: bool = False, **more: t.Any) -> dict[str, t.Any]:
    """A host whose truth is the Manager's record."""
    settings = {name: more.pop(name) for name in list(more) if name.startswith("ds")}
    return {**BY_MANAGER, "dsm_computer": manager_computer(build, relay, **more), **settings}


@pytest.fixture
def known(begin: Begin) -> Callable[..., Run]:
    """Begins a run for hosts of all kinds, of which the Manager's data are some minutes old."""
    now = datetime.now(timezone.utc) - NOW
    recent: dict[str, t.Any] = {"days": -now.total_seconds() / 86400}
    hosts = {
        "affected": of_manager(AFFECTED, **recent),
        "fixed": of_manager(FIXED, **recent),
        "old": of_manager(FIXED, days=recent["days"] + 9),
        "failing": of_manager(FIXED, updates={"status": "error"}, **recent),
        "relay": of_manager(FIXED, True, **recent),
        "updated": of_manager(FIXED, True, updates=UPDATED, **recent),
        "stranger": dict(BY_MANAGER),
        "own": {"dsm_computer": manager_computer(FIXED, **recent)},
    }
    return lambda **more: begin(hosts, **more)


def test_the_managers_data_are_enough_for_a_host_that_has_the_fix_and_for_a_gate(known: Callable[..., Run]) -> None:
    read = planning.hosts_to_read(known())
    assert read == ["affected", "old", "failing", "relay", "stranger", "own"]
    assert planning.hosts_to_read(known(playbook="gate")) == ["own"]


def test_relays_outside_the_scope_are_read_unless_the_managers_data_are_enough(known: Callable[..., Run]) -> None:
    assert planning.relays_outside(known(scope=("affected",))) == ["relay"]
    assert planning.relays_outside(known(scope=("affected",), playbook="gate")) == []


def test_nothing_is_read_in_a_run_that_is_stopped(begin: Begin) -> None:
    run = begin({"web1": {**BY_MANAGER, "dsm_computer": manager_computer()}, "web2": {"dsa_batch": "many"}})
    assert "dsa_batch" in " ".join(run.errors)
    assert (planning.hosts_to_read(run), planning.relays_outside(run)) == ([], [])
    assert planning.tier_of(run, "agents")["order"] == []


def test_without_the_managers_inventory_a_run_is_stopped(begin: Begin) -> None:
    """What the Manager alone knows, such as who is a Relay, would be missing, and the rest would pass for all."""
    missing = "no host has dsm_computer: give the Manager's inventory too"
    assert missing in " ".join(begin({"web1": {"dsa_source": "both"}}).errors)


# Who works: the hosts themselves, or tasks of the Manager


def test_hosts_of_the_managers_tasks_have_their_own_order_and_builds(begin: Begin) -> None:
    by_task = {"dsa_upgrade_through": "manager", "dsa_relays": []}
    hosts = {
        "web1": {**by_task, "dsm_computer": manager_computer(), "dsa_batch": 1},
        "web2": {"dsa_relays": []},
        "web3": {**by_task, "dsm_computer": manager_computer()},
        "web4": {"dsa_security_update_through": "manager", "dsa_relays": [], "dsm_computer": manager_computer()},
        "mac1": {**by_task, "dsm_computer": manager_computer(), "dsa_target_version": "20.0.0-236"},
    }
    read = {**dict.fromkeys(hosts, record(AFFECTED)), "mac1": record("20.0.0-100", "macos")}
    run = begin(hosts, read)
    tier = planning.tier_of(run, "agents")
    assert (tier["order"], tier["sizes"]) == (["web2"], [1])
    assert tier["by_manager"] == {"order": ["web1", "web3", "web4", "mac1"], "sizes": [1, 1, 1, 1]}
    assert planning.hosts_by_manager(run, hosts) == ["web1", "web3", "mac1"], "the others install it themselves"
    assert planning.hosts_by_manager(run, hosts, FIXED) == ["web1", "web3"]
    assert planning.builds_by_manager(run, hosts) == ["20.0.0-236", FIXED]
    run.journal.append("web1", "stage", **result("upgrade", "failed").as_dict())
    assert planning.hosts_by_manager(run, hosts, FIXED) == ["web3"], "what failed gets no task"


# An inventory of the Manager that could not be read


@pytest.mark.parametrize(
    ("name", "content", "missing"),
    [
        ("missing.dsm.yml", None, True),
        ("unread.dsm.yml", "plugin: deep_security.remediation.dsm\n", True),
        ("folder/unread.dsm.yml", "# a comment\nplugin: 'deep_security.remediation.dsm'\n", True),
        ("read.dsm.yml", "plugin: deep_security.remediation.dsm\n", False),
        ("other.dsm.yml", "plugin: amazon.aws.aws_ec2\n", False),
        ("hosts.yml", "plugin: deep_security.remediation.dsm\n", False),
    ],
)
def test_a_run_is_stopped_where_an_inventory_of_the_manager_was_not_read(
    begin: Begin, tmp_path: Path, name: str, content: str | None, missing: bool
) -> None:
    """To Ansible that is a warning; what remains of the fleet would pass for all of it."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    if content is not None:
        path.write_text(content, encoding="utf-8")
    source = path.parent if name.startswith("folder") else path
    read = {"dsm_inventories": [str(tmp_path / "read.dsm.yml")], "ansible_inventory_sources": [str(source)]}
    run = begin({"web1": {**read, "dsm_computer": manager_computer(FIXED)}})
    error = f"the Manager's inventory {path} could not be read, so its hosts are missing"
    assert (error in " ".join(run.errors)) is missing
    assert bool(planning.hosts_to_read(run)) is not missing
