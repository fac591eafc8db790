# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One reading of every kind of host, of the awkward ones above all: a record with nulls and reasons, never a failure.

What is wrong with a host is brought about in its own files, below its root, so that the real module meets it over SSH.
"""

from __future__ import annotations

import json
import shutil
import sys
import typing as t
from collections.abc import Mapping

import pytest

from tests.integration.conftest import FIXED, LabFleet, StartFleet, deb, needs_rpm, rpm

OLD = "20.0.0-4416"
TIMEOUT = 4

# Tools that do not care for LC_ALL; the real ones say it in these words.
JAPANESE_DPKG = "echo 'dpkg-query: ds-agent に一致するパッケージが見つかりません' >&2; exit 1"
JAPANESE_QUERY = "echo 'エージェントに接続できません' >&2; exit 1"
DENIED = "#!/bin/sh\necho 'root is not in the sudoers file.' >&2\nexit 1\n"
LISTEN = "import socket, time; s = socket.socket(); s.bind(('127.0.0.1', 4122)); s.listen(1); time.sleep(600)"

RPM = not needs_rpm.args[0]
BREAK_RPM = "rm -rf /var/lib/rpm/*; for name in rpmdb.sqlite Packages Packages.db; do mkdir /var/lib/rpm/$name; done"
# grep's own command line is no match for its pattern.
COUNT_QUERIES = "echo counted $(cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c '/opt/ds_agent/dsa_[q]uery')"


def instead(path: str, script: str, mode: str = "755") -> str:
    """A shell command that puts a script in the place of a tool."""
    quoted = f"#!/bin/sh\n{script}\n".replace("'", "'\\''")
    return f"rm -f {path}; printf '%s' '{quoted}' > {path}; chmod {mode} {path}"


def prepared(host: dict[str, t.Any], command: str) -> dict[str, t.Any]:
    """A host on which a shell command is run before it is read."""
    return {**host, "vars": {**host.get("vars", {}), "prepare": command}}


def hosts() -> dict[str, dict[str, t.Any]]:
    """Healthy kinds first, then one host a trouble."""
    found = {
        "deb": deb(),
        "relay": deb(role="relay", group=False),
        "aix": {"os": "aix", "build": "20.0.1-25771"},
        "sun10": {"os": "solaris", "release": "5.10", "build": "20.0.1-25771"},
        "sun11": {"os": "solaris", "release": "5.11", "build": "20.0.1-25771"},
        "mac": {"os": "macos", "build": "20.0.0-224"},
        "bare": deb(None),
        "idle": deb(activated=False, anti_malware=False),
        "stopped": prepared(deb(role="relay", group=False), "systemctl stop ds_agent"),
        "foreign": prepared(deb(), f'/.lab/python3 -c "{LISTEN}" >/dev/null 2>&1 & sleep 0.3'),
        "hanging": deb(faults={"dsa_query_hangs": True}),
        "late": deb(faults={"dsa_query_slow": 0.5}),
        "starting": prepared(deb(), instead("/opt/ds_agent/dsa_query", "echo 'AgentStatus.1: agentState'")),
        "half": prepared(deb(faults={"package_install_fails": True}), "dpkg -i /var/tmp/agent.deb; true"),
        "damaged": deb(FIXED),
        "unmanaged": prepared(deb(), ": > /var/lib/dpkg/status"),
        "no_tools": prepared(deb(), "rm /usr/bin/dpkg-query /usr/bin/systemctl /etc/init.d/ds_agent"),
        "init": prepared(deb(), "printf '#!/bin/sh\nexit 3\n' > /etc/init.d/ds_agent; rm /usr/bin/systemctl"),
        "no_query": prepared(deb(), "rm /opt/ds_agent/dsa_query"),
        "refused_query": prepared(deb(), "chmod 000 /opt/ds_agent/dsa_query"),
        "refused_tool": prepared(deb(), instead("/usr/bin/dpkg-query", "exit 0", "644")),
        "refused_database": prepared(deb(), "rm /var/lib/dpkg/status; mkdir /var/lib/dpkg/status"),
        "bare_refused": prepared(deb(None), "rm /var/lib/dpkg/status; mkdir /var/lib/dpkg/status"),
        "japanese": prepared(deb(None), instead("/usr/bin/dpkg-query", JAPANESE_DPKG)),
        "japanese_query": prepared(deb(), instead("/opt/ds_agent/dsa_query", JAPANESE_QUERY)),
        "japanese_name": prepared(deb(), 'printf \'NAME="日本"\nID=debian\nVERSION_ID="12"\n\' > /etc/os-release'),
        "no_python": deb(vars={"ansible_python_interpreter": "/nowhere/python3"}),
        "no_sudo": deb(
            vars={
                "ansible_become": True,
                "ansible_become_method": "sudo",
                "ansible_become_exe": "/root/sudo",
                "ansible_become_user": "nobody",
            }
        ),
        "silent": deb(faults={"unreachable": True}),
    }
    if RPM:
        found["rpm"] = rpm()
        found["broken_rpm"] = prepared(rpm(), BREAK_RPM)
        found["bare_broken_rpm"] = prepared({**rpm(), "build": None, "role": "none"}, BREAK_RPM)
    return found


PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Prepare
      ansible.builtin.raw: "{{ prepare }}"
      when: prepare is defined
    - name: Assess
      deep_security.remediation.dsa_assess:
        timeout: TIMEOUT
      environment: {LANG: ja_JP.UTF-8, LC_ALL: ja_JP.UTF-8, LANGUAGE: ja}
      register: seen
      ignore_unreachable: true
    - name: Keep
      ansible.builtin.copy:
        content: "{{ dict(names | zip(names | map('extract', hostvars, 'seen'))) | to_json }}"
        dest: FOLDER/seen.json
        mode: "0644"
      delegate_to: localhost
      run_once: true
      vars:
        names: "{{ ansible_play_hosts_all }}"
        ansible_connection: local
        ansible_python_interpreter: PYTHON
"""
# Key → the types of its values; what is not known is None everywhere.
CONTRACT: dict[str, tuple[type, ...]] = {
    "installed": (bool,),
    "version": (str,),
    "version_raw": (str,),
    "version_source": (str,),
    "versions": (dict,),
    "platform": (str,),
    "os": (str,),
    "os_version": (str,),
    "arch": (str,),
    "distribution": (dict,),
    "install_dir": (str,),
    "installed_at": (str,),
    "running": (bool,),
    "service": (dict,),
    "services": (list,),
    "drivers": (list,),
    "activated": (bool,),
    "manager_url": (str,),
    "relay": (dict,),
    "anti_malware": (dict,),
    "reboot": (dict,),
    "clock": (dict,),
    "product_code": (str,),
    "remediation": (dict,),
    "remediation_unreadable": (str,),
    "problems": (list,),
}
PARTS: dict[str, dict[str, tuple[type, ...]]] = {
    "distribution": {"id": (str,), "version": (str,)},
    "service": {"name": (str,), "state": (str,)},
    "relay": {"enabled": (bool,), "source": (str,)},
    "anti_malware": {"mode": (str,), "driver_offline": (bool,), "engine": (str,), "patterns": (list,)},
    "reboot": {"required": (bool,), "reasons": (list,)},
    "clock": {"utc_offset": (int,), "boot_time": (str,), "now": (str,)},
}
# The elements of lists.
ELEMENTS: dict[str, dict[str, tuple[type, ...]]] = {
    "services": {"name": (str,), "state": (str,)},
    "problems": {"source": (str,), "code": (str,), "text": (str,)},
}
STATES = ("running", "stopped", "failed", "paused", "pending", "disabled", "missing", None)
ALWAYS = ("versions", "service", "services", "drivers", "relay", "anti_malware", "reboot", "clock", "problems")


class Reading(t.NamedTuple):
    """The hosts, and what one task told of each."""

    lab: LabFleet
    results: Mapping[str, Mapping[str, t.Any]]
    output: str

    def record(self, host: str) -> Mapping[str, t.Any]:
        """The agent record of a host."""
        record: Mapping[str, t.Any] = self.results[host]["agent"]
        return record

    def problems(self, host: str) -> str:
        """Why something is null: source and text, a line each."""
        return "\n".join(f"{problem['source']}: {problem['text']}" for problem in self.record(host)["problems"])


@pytest.fixture(scope="module")
def reading(start_fleet: StartFleet) -> Reading:
    """Everything that is read here, read once."""
    lab = start_fleet({"packages": [FIXED], "hosts": hosts()})
    roots = lab.lab / "roots"
    (package,) = (lab.lab / "packages").glob("*Debian*.deb")
    shutil.copyfile(package, roots / "half/var/tmp/agent.deb")
    (roots / "no_sudo/root/sudo").write_text(DENIED, encoding="utf-8")
    (roots / "no_sudo/root/sudo").chmod(0o755)
    progress = roots / "damaged/var/opt/deep_security_remediation/progress.json"
    progress.parent.mkdir(parents=True)
    progress.write_bytes(b'{"phase": "upd\xe3\x81')
    playbook = lab.folder / "reading.yml"
    text = PLAY.replace("TIMEOUT", str(TIMEOUT)).replace("FOLDER", str(lab.folder)).replace("PYTHON", sys.executable)
    playbook.write_text(text, encoding="utf-8")
    done = lab.ansible(str(playbook))
    kept = lab.folder / "seen.json"
    assert kept.exists(), done.stdout
    return Reading(lab, json.loads(kept.read_text(encoding="utf-8")), done.stdout)


def check_parts(value: Mapping[str, t.Any], types: Mapping[str, tuple[type, ...]], where: str) -> None:
    """The keys that are promised, all of them and no other, with values of the types that are promised, or None."""
    assert set(value) == set(types), where
    for key, allowed in types.items():
        assert value[key] is None or type(value[key]) in allowed, f"{where}.{key} is {value[key]!r}"


def test_every_record_keeps_the_contract(reading: Reading) -> None:
    read = [name for name in reading.results if name not in ("no_python", "no_sudo", "silent")]
    assert len(read) >= 26
    for name in read:
        record = reading.record(name)
        check_parts(record, CONTRACT, name)
        for key in ALWAYS:
            assert record[key] is not None, f"{name}.{key}"
        for key, types in PARTS.items():
            if record[key] is not None:
                check_parts(record[key], types, f"{name}.{key}")
        for key, types in ELEMENTS.items():
            for element in record[key]:
                check_parts(element, types, f"{name}.{key}")
        assert record["relay"]["enabled"] in (True, False, None)
        assert record["service"]["state"] in STATES
        if record["installed"] is None or (record["installed"] and record["version"] is None):
            assert record["problems"], f"{name} does not say why"


@pytest.mark.parametrize(
    ("host", "os_name", "platform", "sources", "version"),
    [
        ("deb", "linux", "linux", {"dpkg", "dsa_query"}, OLD),
        pytest.param("rpm", "linux", "linux", {"rpm", "dsa_query"}, OLD, marks=needs_rpm),
        ("aix", "aix", "unix", {"lslpp", "dsa_query"}, "20.0.1-25771"),
        ("sun10", "solaris", "unix", {"pkginfo", "dsa_query"}, "20.0.1-25771"),
        ("sun11", "solaris", "unix", {"pkg", "dsa_query"}, "20.0.1-25771"),
        ("mac", "macos", "macos", {"pkgutil", "dsa_query"}, "20.0.0-224"),
    ],
)
def test_a_healthy_host(
    reading: Reading, host: str, os_name: str, platform: str, sources: set[str], version: str
) -> None:
    record = reading.record(host)
    assert record["problems"] == []
    assert (record["os"], record["platform"], record["installed"]) == (os_name, platform, True)
    assert record["versions"] == dict.fromkeys(sources, version)
    assert record["version"] == version
    assert record["version_source"] in sources - {"dsa_query"}
    assert record["service"]["state"] == "running"
    assert record["activated"] is True
    assert record["manager_url"] == "https://manager.lab.example:4120/"
    assert record["relay"]["enabled"] is False
    assert (record["anti_malware"]["mode"], record["anti_malware"]["driver_offline"]) == ("on", False)
    assert len(record["anti_malware"]["patterns"]) == 5
    assert reading.results[host]["verdict"] == "affected"


def test_no_agent(reading: Reading) -> None:
    record = reading.record("bare")
    assert (record["installed"], record["version"], record["problems"]) == (False, None, [])
    assert reading.results["bare"]["verdict"] == "not_installed"


def test_an_agent_that_is_not_activated_and_has_no_anti_malware(reading: Reading) -> None:
    record = reading.record("idle")
    assert (record["activated"], record["anti_malware"]["mode"], record["problems"]) == (False, "off", [])


def test_relays_by_their_looks(reading: Reading) -> None:
    assert reading.record("relay")["relay"] == {"enabled": True, "source": "tcp_4122_listener"}
    assert reading.record("foreign")["relay"]["enabled"] is False, "somebody else's listener"
    stopped = reading.record("stopped")
    assert stopped["relay"]["enabled"] is None, "a stopped Relay listens nowhere either"
    assert stopped["service"]["state"] == "stopped"
    assert stopped["versions"] == {"dpkg": OLD}
    assert "dsa_query:" in reading.problems("stopped")


def test_a_query_that_hangs_costs_its_time_limit_and_nothing_else(reading: Reading) -> None:
    record = reading.record("hanging")
    text = f"no answer within {TIMEOUT} s"
    assert record["problems"] == [{"source": "dsa_query", "code": "no_answer", "text": text}]
    assert record["versions"] == {"dpkg": OLD}
    assert record["service"]["state"] == "running"
    assert (record["activated"], record["anti_malware"]["mode"]) == (None, None)
    assert reading.results["hanging"]["verdict"] == "affected"


def test_a_hanging_query_is_gone_afterwards(reading: Reading) -> None:
    tasks = [{"name": "Count", "ansible.builtin.raw": COUNT_QUERIES}]
    playbook = reading.lab.folder / "count.yml"
    playbook.write_text(json.dumps([{"hosts": "hanging", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    done = reading.lab.ansible(str(playbook), "-v")
    assert done.returncode == 0, done.stdout
    assert "counted 0" in done.stdout


def test_a_late_query_is_waited_for(reading: Reading) -> None:
    assert reading.record("late")["problems"] == []
    assert set(reading.record("late")["versions"]) == {"dpkg", "dsa_query"}


def test_an_answer_cut_short_is_said(reading: Reading) -> None:
    assert "dsa_query: " in reading.problems("starting")
    assert reading.record("starting")["activated"] is None
    assert reading.record("starting")["versions"] == {"dpkg": OLD}


def test_half_an_installation_is_no_version(reading: Reading) -> None:
    record = reading.record("half")
    assert (record["installed"], record["version"]) == (True, None)
    assert "an installation did not finish" in reading.problems("half")
    assert reading.results["half"]["compliant"] is False


def test_a_damaged_progress_file(reading: Reading) -> None:
    record = reading.record("damaged")
    assert record["remediation"] is None
    assert "progress.json is damaged" in reading.problems("damaged")
    assert record["version"] == FIXED


def test_an_agent_that_no_package_manager_knows(reading: Reading) -> None:
    record = reading.record("unmanaged")
    assert (record["installed"], record["version"], record["version_source"]) == (True, OLD, "dsa_query")
    assert reading.results["unmanaged"]["verdict"] == "affected"


def test_missing_tools(reading: Reading) -> None:
    record = reading.record("no_tools")
    assert (record["installed"], record["version"], record["version_source"]) == (True, OLD, "dsa_query")
    assert "no package database is there (dpkg, rpm)" in reading.problems("no_tools")
    assert record["service"]["state"] == "missing", "neither systemd nor an init script has it"
    assert record["running"] is True, "it answers all the same"
    assert reading.record("init")["service"]["state"] == "stopped", "without systemctl its init script is asked"
    assert reading.record("no_query")["versions"] == {"dpkg": OLD}
    assert "dsa_query is not there" in reading.problems("no_query")


def test_no_permission(reading: Reading) -> None:
    assert reading.record("refused_query")["versions"] == {"dpkg": OLD}
    assert "ermission denied" in reading.problems("refused_query")
    for host in ("refused_tool", "refused_database"):
        assert reading.record(host)["versions"] == {"dsa_query": OLD}
        assert "dpkg: " in reading.problems(host)


def test_a_database_that_cannot_be_read_is_not_an_agent_that_is_not_there(reading: Reading) -> None:
    for host in ("bare_refused", *(["bare_broken_rpm"] if RPM else [])):
        assert reading.record(host)["installed"] is None, host
        assert reading.results[host]["verdict"] == "unknown", host
        assert reading.results[host]["compliant"] is False
    if RPM:
        assert reading.record("broken_rpm")["versions"] == {"dsa_query": OLD}


def test_in_japanese(reading: Reading) -> None:
    assert reading.record("japanese")["installed"] is False
    assert reading.results["japanese"]["verdict"] == "not_installed"
    assert "エージェントに接続できません" in reading.problems("japanese_query")
    assert reading.record("japanese_name")["distribution"] == {"id": "debian", "version": "12"}


def test_what_cannot_even_run_is_unknown_with_the_reason(reading: Reading) -> None:
    for host, word in (("no_python", "/nowhere/python3"), ("no_sudo", "sudoers")):
        result = reading.results[host]
        assert (result["verdict"], result["compliant"]) == ("unknown", False)
        assert word in reading.problems(host)
    assert reading.results["silent"]["unreachable"] is True


def test_the_gate_goes_on(reading: Reading) -> None:
    names = {"deb", "bare", "hanging", "no_python", "no_sudo", "silent"}
    done = reading.lab.play("gate", "--limit", ",".join(sorted(names)), dsa_read_timeout=TIMEOUT)
    assert done.returncode == 2, done.stdout
    report = reading.lab.report()
    assert set(report) == names
    assert {name for name, outcome in report.items() if outcome["passed"]} == {"bare"}
    assert all(outcome["reason"] for outcome in report.values())
    assert {name: outcome["verdict"] for name, outcome in report.items()} == {
        "deb": "affected",
        "bare": "not_installed",
        "hanging": "affected",
        "no_python": "unknown",
        "no_sudo": "unknown",
        "silent": "unreachable",
    }
