# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WinRM over HTTPS: the gate reads a host whose certificate it checks, and refuses one that it cannot check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.layout import Layout
from lab.windows import tls
from tests import report_schema
from tests.conftest import Run
from tests.lab.lab_fleet import Lab
from tests.run import ansible_windows

pytestmark = pytest.mark.skipif(
    not ansible_windows.there(), reason="ansible.windows is not here: python -m tests.run.ansible_windows"
)
GATE = "deep_security.remediation.gate"
OVER_HTTPS = {"ansible_winrm_scheme": "https"}
# What answers behind the door is not what is proven here, and Python's answers are the cheaper ones.
FLEET = {
    "engine": "python",
    "hosts": {"secure": {"os": "windows", "build": "20.0.2-1390", "vars": OVER_HTTPS}},
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("https") / "run")
    with lab.up(FLEET):
        yield lab


def gate(lab: Lab, run_playbook: Run, **variables: Any) -> tuple[int, dict[str, Any]]:
    """The gate's exit status, and the host in its report."""
    report = lab.folder / "report.json"
    done = run_playbook(GATE, lab.inventory, {"dsa_report_path": str(report), **variables})
    assert report.exists(), done.stdout
    (host,) = report_schema.read(report)["hosts"]
    return done.returncode, host


def requests(lab: Lab) -> int:
    return int(lab.status("secure")["winrm_requests"])


def test_the_gate_reads_a_host_with_the_certificate_of_the_ca_it_trusts(lab: Lab, run_playbook: Run) -> None:
    host = lab.hosts()["secure"]
    assert host["ansible_winrm_server_cert_validation"] == "validate"
    assert host["ansible_winrm_ca_trust_path"] == str(tls.authority(Layout(lab.folder)))
    status, found = gate(lab, run_playbook)
    assert (status, found["verdict"], found["version"]) == (0, "fixed", "20.0.2-1390"), found
    assert requests(lab) > 0


def test_another_ca_is_refused_before_the_password_is_sent(lab: Lab, run_playbook: Run, tmp_path: Path) -> None:
    tls.write(Layout(tmp_path))
    before = requests(lab)
    status, found = gate(lab, run_playbook, ansible_winrm_ca_trust_path=str(tls.authority(Layout(tmp_path))))
    assert (status, found["verdict"]) == (2, "unreachable")
    (reason,) = found["reasons"]
    assert "certificate verify failed" in reason["values"]["why"]
    assert "set ansible_winrm_ca_trust_path" in reason["values"]["why"]
    assert requests(lab) == before


def test_without_https_there_is_no_answer(lab: Lab, run_playbook: Run) -> None:
    before = requests(lab)
    status, found = gate(lab, run_playbook, ansible_winrm_scheme="http")
    assert (status, found["verdict"]) == (2, "unreachable")
    assert requests(lab) == before
