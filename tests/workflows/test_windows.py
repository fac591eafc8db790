# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the workflow does on a Windows, as far as it can be shown without one: its scenarios, and how it runs them."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from lab.windows.engine import (
    AGENT,
    LOGS,
    Answer,
    Call,
    Certificate,
    DescribedHost,
    Engine,
    Listener,
    Process,
    Service,
    Signature,
    missing,
)
from lab.windows.engine.build import Builder
from tests import warm
from tests.workflows.windows import scenarios
from tests.workflows.windows.run import main, passes
from tests.workflows.windows.scenarios import RELAY_PORT, ROOT, SCENARIOS, Scenario

pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")
SCRIPT = Path(__file__).with_name("windows") / "fake_agent.ps1"
PYTHON = Process(4711, r"C:\hostedtoolcache\windows\Python\python.exe")


class FakeAgentHost(DescribedHost):
    """What fake_agent.ps1 makes, on a host that is described."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.service_list = [
            Service("ds_agent", path=rf'"{AGENT}\ds_agent.exe"', process_id=2120, dependents=("Amsp",)),
            Service("Amsp", path=rf'"{AGENT}\ds_agent.exe"', process_id=2121),
        ]
        self.stores["Root"] = [ROOT]
        microsoft = Certificate("CN=Microsoft Corporation, O=Microsoft Corporation, C=US", "CN=CA", "AA" * 20)
        self.default_signature = Signature("Valid", (microsoft, Certificate("CN=CA", "CN=CA", "BB" * 20)))
        self.signatures[rf"{AGENT}\dsa.exe"] = Signature("NotSigned")
        self.process_list.append(PYTHON)
        self.write(rf"{AGENT}\package.msi", "no package\r\n")
        self.write(rf"{LOGS}\ds_agent.log", "a line of the fake agent\r\n")
        self.write(r"C:\Program Files\PowerShell\7\pwsh.exe", b"")

    def dsa_control(self, call: Call) -> Answer:
        if call.arguments[0] == "--refuse":
            return Answer(0, b"HTTP Status: 403 - Forbidden\r\nResponse:\r\n")
        return super().dsa_control(call)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return warm.engine()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> FakeAgentHost:
    return FakeAgentHost(tmp_path_factory.mktemp("host"))


@pytest.mark.parametrize("one", SCENARIOS, ids=lambda one: one.name)
def test_a_scenario_fits_the_modules(one: Scenario, engine: Engine, host: FakeAgentHost) -> None:
    """In the order in which they run, on one host: as there, each finds what the ones before it left."""
    host.listener_list = [Listener(RELAY_PORT, PYTHON.process_id)] if one.listens else []
    one.check(engine.run_module(host, one.module, one.options, check=one.check_mode), host.read)


def test_each_module_has_a_scenario() -> None:
    modules = (Path(__file__).parents[2] / "plugins" / "modules").glob("win_*.ps1")
    assert {one.module for one in SCENARIOS} == {path.stem for path in modules}


def test_the_script_makes_what_the_scenarios_are_about() -> None:
    text = SCRIPT.read_text(encoding="ascii")
    for path in (scenarios.AGENT, scenarios.PRODUCT):
        assert path.removeprefix(r"C:\Program Files") in text
    assert 'AssemblyFileVersion("20.0.0.5995")' in text and "PluginVersion.core: 20.0.0-5995" in text
    assert "a line of the fake agent" in text and "%* " not in text


# A module that needs nothing of Windows, so that it runs here without stand-ins.
NO_FILE = Scenario("no_file", "win_dsa_package_info", lambda result, read: None, {"path": "/no/such/file"})


def no_file(result: dict[str, Any], read: scenarios.Read) -> None:
    assert result["package"]["exists"] is False and result["package"]["status"] is None


@pytest.fixture(scope="module")
def payload() -> dict[str, str]:
    builder = Builder()
    try:
        script, data = builder.module(NO_FILE.module, NO_FILE.options, False, 0)
    finally:
        builder.close()
    return {"name": NO_FILE.name, "script": script, "data": data.decode()}


def test_a_payload_runs_as_winrm_would_run_it(payload: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert passes(dataclasses.replace(NO_FILE, check=no_file), "pwsh", payload)
    assert capsys.readouterr().out == "ok     no_file\n"


def test_what_does_not_fit_fails(
    payload: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def other(result: dict[str, Any], read: scenarios.Read) -> None:
        assert result["package"]["exists"] is True

    # Any script that prints a result will do: the class is compiled for each real one.
    printing = payload | {"script": """'{"package": {"exists": false}}'"""}
    assert not passes(dataclasses.replace(NO_FILE, check=other), "pwsh", printing)
    assert not passes(NO_FILE, "pwsh", payload | {"name": "other"})
    assert not passes(NO_FILE, "pwsh", payload | {"script": "exit 3"})
    printed = capsys.readouterr().out
    assert "AssertionError" in printed and "built from other scenarios" in printed and "exit status 3" in printed
    monkeypatch.setattr("tests.workflows.windows.run.SCENARIOS", [])
    assert main(tmp_path, "pwsh") == 1
    (tmp_path / "00.json").write_text(json.dumps(payload), encoding="utf-8")
    with pytest.raises(ValueError, match="zip"):
        main(tmp_path, "pwsh")


def test_the_workflow_names_what_is_there() -> None:
    text = (Path(__file__).parents[2] / ".github" / "workflows" / "windows.yml").read_text(encoding="utf-8")
    named = re.findall(r"tests[./]workflows[./]windows[./](\w+)", text)
    assert sorted(set(named)) == ["fake_agent", "payloads", "run"]
    assert all(list(SCRIPT.parent.glob(f"{name}.*")) for name in named)
    assert shutil.which("pwsh")
