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

from tests.integration.by_hand import sh
from tests.integration.conftest import FIXED, RPM, LabFleet, StartFleet, deb, needs_rpm, rpm

OLD = "20.0.0-4416"
TIMEOUT = 4

DENIED = "#!/bin/sh\necho 'root is not in the sudoers file.' >&2\nexit 1\n"
LISTEN = "import socket, time; s = socket.socket(); s.bind(('127.0.0.1', 4122)); s.listen(1); time.sleep(600)"
# The port is open when the command has ended.
LISTENING = "for try in $(seq 100); do grep -q ':101A 00000000:0000 0A' /proc/net/tcp && break; sleep 0.1; done"
BREAK_RPM = "rm -rf /var/lib/rpm/*; for name in rpmdb.sqlite Packages Packages.db; do mkdir /var/lib/rpm/$name; done"
# grep's own command line is no match for its pattern.
COUNT_QUERIES = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c '/opt/ds_agent/dsa_[q]uery'"


def instead(path: str, script: str, mode: str = "755") -> str:
    """A shell command that puts a script in the place of a tool."""
    quoted = f"#!/bin/sh\n{script}\n".replace("'", "'\\''")
    return f"rm -f {path}; printf '%s' '{quoted}' > {path}; chmod {mode} {path}"


def prepared(host: dict[str, t.Any], command: str) -> dict[str, t.Any]:
    """A host on which a shell command is run before it is read."""
    return {**host, "vars": {**host.get("vars", {}), "prepare": command}}


def hosts() -> dict[str, dict[str, t.Any]]:
    """Healthy kinds first, then one host a trouble, or two where neither hides the other."""
    found = {
        # Its system is named in the country's own script, and its agent answers late.
        "deb": prepared(
            deb(faults={"dsa_query_slow": 0.5}),
            'printf \'NAME="日本"\nID=debian\nVERSION_ID="12"\n\' > /etc/os-release',
        ),
        "relay": deb(role="relay", group=False),
        "aix": {"os": "aix", "build": "20.0.1-25771"},
        "sun10": {"os": "solaris", "release": "5.10", "build": "20.0.1-25771"},
        "sun11": {"os": "solaris", "release": "5.11", "build": "20.0.1-25771"},
        "mac": {"os": "macos", "build": "20.0.0-224"},
        "bare": deb(None),
        "stopped": prepared(deb(role="relay", group=False), "systemctl stop ds_agent"),
        "foreign": prepared(deb(), f'/.lab/python3 -c "{LISTEN}" >/dev/null 2>&1 & {LISTENING}'),
        "hanging": deb(faults={"dsa_query_hangs": True}, vars={"dsa_read_timeout": TIMEOUT}),
        # It answers before it is ready, and its progress file is damaged.
        "starting": prepared(deb(FIXED), instead("/opt/ds_agent/dsa_query", "echo 'AgentStatus.1: agentState'")),
        "half": prepared(deb(faults={"package_install_fails": True}), "dpkg -i /var/tmp/agent.deb; true"),
        "no_tools": prepared(deb(), "rm /usr/bin/dpkg-query /usr/bin/systemctl /etc/init.d/ds_agent"),
        "init": prepared(
            deb(),
            "printf '#!/bin/sh\nexit 3\n' > /etc/init.d/ds_agent; rm /usr/bin/systemctl /opt/ds_agent/dsa_query",
        ),
        "refused_query": prepared(deb(), "chmod 000 /opt/ds_agent/dsa_query"),
        "refused_tool": prepared(deb(), instead("/usr/bin/dpkg-query", "exit 0", "644")),
        "bare_refused": prepared(deb(None), "rm /var/lib/dpkg/status; mkdir /var/lib/dpkg/status"),
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
        timeout: "{{ dsa_read_timeout | default(60) }}"
      environment: {LANG: ja_JP.UTF-8, LC_ALL: ja_JP.UTF-8, LANGUAGE: ja}
      register: seen
      ignore_unreachable: true
    - name: Read without a verdict
      deep_security.remediation.dsa_info:
      register: read
      when: inventory_hostname == 'deb'
    - name: Keep
      ansible.builtin.copy:
        content: "{{ {'seen': dict(names | zip(all_seen)), 'read': hostvars.deb.read} | to_json }}"
        dest: FOLDER/seen.json
        mode: "0644"
      delegate_to: localhost
      run_once: true
      vars:
        names: "{{ ansible_play_hosts_all }}"
        all_seen: "{{ names | map('extract', hostvars, 'seen') }}"
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
    """The hosts, what one task returned for each, and what dsa_info returned for deb."""

    lab: LabFleet
    results: Mapping[str, Mapping[str, t.Any]]
    read: Mapping[str, t.Any]

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
    progress = roots / "starting/var/opt/deep_security_remediation/progress.json"
    progress.parent.mkdir(parents=True)
    progress.write_bytes(b'{"phase": "upd\xe3\x81')
    playbook = lab.folder / "reading.yml"
    text = PLAY.replace("FOLDER", str(lab.folder)).replace("PYTHON", sys.executable)
    playbook.write_text(text, encoding="utf-8")
    done = lab.ansible(str(playbook))
    kept = lab.folder / "seen.json"
    assert kept.exists(), done.stdout
    found = json.loads(kept.read_text(encoding="utf-8"))
    return Reading(lab, found["seen"], found["read"])


def check_parts(value: Mapping[str, t.Any], types: Mapping[str, tuple[type, ...]], where: str) -> None:
    """The keys that are promised, all of them and no other, with values of the types that are promised, or None."""
    assert set(value) == set(types), where
    for key, allowed in types.items():
        assert value[key] is None or type(value[key]) in allowed, f"{where}.{key} is {value[key]!r}"


def test_every_record_keeps_the_contract(reading: Reading) -> None:
    read = [name for name in reading.results if name not in ("no_python", "no_sudo", "silent")]
    assert len(read) >= 17
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


def test_a_record_is_the_same_with_and_without_a_verdict(reading: Reading) -> None:
    assert reading.read["changed"] is False
    assert {**reading.read["agent"], "clock": None} == {**reading.record("deb"), "clock": None}


def test_no_agent(reading: Reading) -> None:
    record = reading.record("bare")
    assert (record["installed"], record["version"], record["problems"]) == (False, None, [])
    assert reading.results["bare"]["verdict"] == "not_installed"


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
    assert sh(reading.lab, "hanging", COUNT_QUERIES, check=False).split() == ["0"]


def test_a_late_query_and_a_name_in_another_script(reading: Reading) -> None:
    assert set(reading.record("deb")["versions"]) == {"dpkg", "dsa_query"}
    assert reading.record("deb")["distribution"] == {"id": "debian", "version": "12"}


def test_an_answer_cut_short_is_said(reading: Reading) -> None:
    assert "dsa_query: " in reading.problems("starting")
    assert reading.record("starting")["activated"] is None
    assert reading.record("starting")["versions"] == {"dpkg": FIXED}


def test_half_an_installation_is_no_version(reading: Reading) -> None:
    record = reading.record("half")
    assert (record["installed"], record["version"]) == (True, None)
    assert "an installation did not finish" in reading.problems("half")
    assert reading.results["half"]["compliant"] is False


def test_a_damaged_progress_file(reading: Reading) -> None:
    record = reading.record("starting")
    assert record["remediation"] is None
    assert "progress.json is damaged" in reading.problems("starting")
    assert record["version"] == FIXED


def test_missing_tools(reading: Reading) -> None:
    record = reading.record("no_tools")
    assert (record["installed"], record["version"], record["version_source"]) == (True, OLD, "dsa_query")
    assert "no package database is there (dpkg, rpm)" in reading.problems("no_tools")
    assert record["service"]["state"] == "missing", "neither systemd nor an init script has it"
    assert record["running"] is True, "it answers all the same"
    assert reading.results["no_tools"]["verdict"] == "affected"
    assert reading.record("init")["service"]["state"] == "stopped", "its init script is what there is without systemctl"
    assert reading.record("init")["versions"] == {"dpkg": OLD}
    assert "dsa_query is not there" in reading.problems("init")


def test_no_permission(reading: Reading) -> None:
    assert reading.record("refused_query")["versions"] == {"dpkg": OLD}
    assert "ermission denied" in reading.problems("refused_query")
    assert reading.record("refused_tool")["versions"] == {"dsa_query": OLD}
    assert "dpkg: " in reading.problems("refused_tool")


def test_a_database_that_cannot_be_read_is_not_an_agent_that_is_not_there(reading: Reading) -> None:
    for host in ("bare_refused", *(["bare_broken_rpm"] if RPM else [])):
        assert reading.record(host)["installed"] is None, host
        assert reading.results[host]["verdict"] == "unknown", host
        assert reading.results[host]["compliant"] is False


def test_what_cannot_even_run_is_unknown_with_the_reason(reading: Reading) -> None:
    for host, word in (("no_python", "/nowhere/python3"), ("no_sudo", "sudoers")):
        result = reading.results[host]
        assert (result["verdict"], result["compliant"]) == ("unknown", False)
        assert word in reading.problems(host)
    assert reading.results["silent"]["unreachable"] is True


def test_the_gate_goes_on(reading: Reading) -> None:
    names = {"deb", "bare", "hanging", "no_python", "no_sudo", "silent"}
    done = reading.lab.play("gate", "--limit", ",".join(sorted(names)))
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
