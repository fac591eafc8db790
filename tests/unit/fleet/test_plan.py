# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may be touched, and who must wait: the invariants of the order, as tables."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone
from pathlib import Path

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import load_advisory
from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import (
    Fleet,
    Host,
    Plan,
    SettingsError,
    make_plan,
)

AFFECTED, BETWEEN, FIXED = "20.0.0-4416", "20.0.0-4500", "20.0.2-1390"
REPOSITORY = {"dsa_target_version": FIXED, "dsa_packages": [{"version": FIXED, "repository": True}]}
RELAYS = ["deep_security_relays"]


def host(
    name: str,
    build: str | None = AFFECTED,
    groups: t.Sequence[str] = (),
    phase: str | None = None,
    unread: dict[str, t.Any] | None = None,
    listens: bool | None = False,
    results: dict[str, dict[str, t.Any]] | None = None,
    **variables: t.Any,
) -> Host:
    """One Linux host as a run would know it after its assessment."""
    agent: dict[str, t.Any] = {
        "installed": build is not None,
        "version": build,
        "platform": "linux",
        "os": "linux",
        "arch": "x86_64",
        "versions": {"rpm": build, "dsa_query": build} if build else {},
        "distribution": {"id": "rhel", "version": "8.10"},
        "relay": {"enabled": listens, "source": "tcp_4122_listener"},
        "remediation": {"phase": phase} if phase else None,
        "problems": [],
    }
    values = {"__assess_result": unread or {"agent": agent}, **(results or {}), **REPOSITORY, **variables}
    return Host.from_variables(name, groups, values)


def plan(*hosts: Host, scope: t.Sequence[str] | None = None, predicting: bool = False) -> Plan:
    """The plan for these hosts."""
    fleet = Fleet({one.name: one for one in hosts}, load_advisory())
    return make_plan(fleet, scope or list(fleet.hosts), predicting)


def relay(build: str | None = FIXED, name: str = "relay1", phase: str | None = "done", **more: t.Any) -> Host:
    """A Relay by its group, updated since its upgrade."""
    return host(name, build, RELAYS, phase=phase, **more)


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (relay(AFFECTED), "relay1 is affected (20.0.0-4416)"),
        (relay(BETWEEN), "relay1 is indeterminate (20.0.0-4500)"),
        (relay(None), "relay1 is not_installed"),
        (relay(unread={"unreachable": True, "msg": "no route"}), "relay1: it did not answer: no route"),
        (relay(unread={"failed": True, "msg": "no python"}), "relay1: it could not be read: no python"),
        (relay(phase="update_pending"), "relay1 has the fix, but nobody knows that it has updated since"),
        (relay(phase="upgrading"), "relay1 has the fix, but nobody knows that it has updated since"),
        (relay(phase=None), "relay1 has the fix, but nobody knows that it has updated since"),
        (
            relay(results={"__security_update_result": {"failed": True, "msg": "-24"}}),
            "relay1 failed in stage security_update",
        ),
        (relay("21.0.0-1"), "relay1 is indeterminate (21.0.0-1)"),
        (relay("10.0.0-100"), "relay1 is conditional (10.0.0-100)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_agent_waits_for_its_relay(first: Host, why: str) -> None:
    made = plan(first, host("web1"))
    assert "web1" not in made.todo
    assert why in made.blocked["web1"]


@pytest.mark.parametrize(
    "first",
    [
        relay(FIXED),
        relay(FIXED, results={"__security_update_result": {"outcome": "succeeded"}}),
        relay("9.6.2-8888"),
        relay(AFFECTED, dsa_certificate_replaced=True),
        relay(AFFECTED, dsa_certificate_replaced="true"),
        host("relay1", FIXED, phase="done", dsa_role="relay"),
        host("relay1", FIXED, phase="done", listens=True),
    ],
    ids=["fixed", "updated", "9.6", "certificate", "certificate as text", "by dsa_role", "by its looks"],
)
def test_an_agent_goes_when_its_relay_is_good(first: Host) -> None:
    made = plan(first, host("web1"))
    assert made.todo["web1"].wave == "agents"
    assert made.todo["web1"].target == FIXED


def test_no_relay_known_is_not_permission() -> None:
    assert "no Relay is known" in plan(host("web1")).blocked["web1"]
    assert "web1" in plan(host("web1", dsa_relays=[])).todo


def test_a_relay_of_another_site_holds_nobody_back() -> None:
    bad, good = relay(AFFECTED, "osaka"), relay(FIXED, "tokyo")
    made = plan(bad, good, host("here", dsa_relays=["tokyo"]), host("there", dsa_relays="osaka"), host("anywhere"))
    assert set(made.todo) == {"osaka", "here"}
    assert set(made.blocked) == {"there", "anywhere"}


def test_a_relay_nobody_has_is_refused() -> None:
    with pytest.raises(SettingsError, match="dsa_relays of web1 names tokio, which is not in the inventory"):
        plan(relay(), host("web1", dsa_relays=["tokio"]))


@pytest.mark.parametrize("groups", [["deep_security_managers", *RELAYS], ["deep_security_agents", *RELAYS]])
def test_a_relay_is_a_relay_whatever_else_it_is(groups: list[str]) -> None:
    assert "web1" in plan(host("both", AFFECTED, groups), host("web1")).blocked
    looks = host("both", AFFECTED, [group for group in groups if group not in RELAYS], listens=True)
    assert "web1" in plan(relay(), looks, host("web1")).blocked


def test_an_empty_survey_field_does_not_free_an_agent() -> None:
    assert "web1" in plan(relay(AFFECTED), host("web1", dsa_relays=" ")).blocked


def test_where_no_relay_is_declared_a_silent_host_may_be_one() -> None:
    silent = {"unreachable": True, "msg": "no route"}
    good = host("relay1", FIXED, phase="done", listens=True)
    assert "it may be a Relay" in plan(good, host("x", unread=silent), host("web1")).blocked["web1"]
    assert "web1" in plan(good, host("x", groups=["deep_security_agents"], unread=silent), host("web1")).todo
    assert "web1" in plan(relay(), host("x", unread=silent), host("web1")).todo


def test_a_relay_that_has_the_fix_is_updated_when_somebody_waits_for_it() -> None:
    made = plan(relay(phase=None), host("web1"))
    assert (made.todo["relay1"].package, made.todo["relay1"].target) == (None, None)
    assert plan(relay(phase=None), host("web1", FIXED)).todo == {}
    assert "relay1" in plan(relay(phase=None), Host.from_variables("web1", [], {}), scope=["relay1"]).todo


def test_self_protection_that_was_left_off_is_work() -> None:
    bare = host("web1", FIXED, phase="done")
    assert bare.record is not None
    t.cast(dict[str, t.Any], bare.record)["remediation"] = {"phase": "done", "self_protection": "off"}
    work = plan(relay(), bare).todo["web1"]
    assert (work.target, work.package) == (FIXED, None)


ASKED = {"required": True, "reasons": ["agent_installer: it wants one since it was installed"]}
RENAMING = {"required": True, "reasons": ["file_rename_agent: 2 files of the agent, first C:\\x"]}


def rebooting(running: str = FIXED, reboot: dict[str, t.Any] | None = None, **variables: t.Any) -> Host:
    """A Windows host with the fix installed, what runs on it, and what asks for a reboot."""
    made = host("win1", FIXED, phase="done" if running == FIXED else "update_pending", **variables)
    agent = {
        **t.cast("dict[str, t.Any]", made.record),
        "platform": "windows",
        "os": "windows",
        "versions": {"registry": FIXED, "dsa_query": running},
        "reboot": reboot or ASKED,
        "clock": {"utc_offset": 540, "boot_time": None},
    }
    return Host.from_variables("win1", [], {**made.variables, "__assess_result": {"agent": agent}})


def test_the_agents_own_reboot_that_was_put_off_is_made_up_for_when_it_may() -> None:
    assert "win1" not in plan(relay(), rebooting()).todo, "dsa_reboot is never"
    work = plan(relay(), rebooting(dsa_reboot="if_required")).todo["win1"]
    assert (work.target, work.package) == (None, None)
    for others in (RENAMING, {"required": True, "reasons": ["windows_update"]}):
        assert "win1" not in plan(relay(), rebooting(reboot=others, dsa_reboot="if_required")).todo, "not our business"


def test_at_another_hour_it_stays_put_off() -> None:
    site = rebooting(dsa_reboot="if_required", dsa_reboot_window="01:00-05:00")
    for hour, expected in ((17, True), (2, False)):  # 02:00 and 11:00 there
        now = datetime(2026, 11, 23, hour, tzinfo=timezone.utc)
        fleet = Fleet({"relay1": relay(), "win1": site}, load_advisory(), now)
        assert ("win1" in make_plan(fleet, ["win1"]).todo) is expected


def test_an_agent_that_runs_only_after_a_reboot_waits_for_it() -> None:
    made = plan(relay(), rebooting("20.0.0-5995", RENAMING))
    assert "runs only after a reboot, which is put off: dsa_reboot is never" in made.blocked["win1"]
    work = plan(relay(), rebooting("20.0.0-5995", dsa_reboot="if_required")).todo["win1"]
    assert (work.target, work.package) == (None, None), "restarting its service would not help"


def test_a_host_that_a_pre_check_stopped_is_no_failure_of_its_wave() -> None:
    stopped = {"__precheck_result": {"failed": True, "msg": "root_certificates"}}
    hosts = [host(f"web{number}", results=stopped) for number in range(1, 9)]
    assert "web9" in plan(relay(), *hosts, host("web9")).todo


def test_relays_outside_the_play_count_too() -> None:
    """With --limit, or in a slice."""
    assert plan(relay(AFFECTED), host("web1"), scope=["web1"]).todo == {}
    assert (
        "it was not read in this run"
        in plan(Host.from_variables("relay1", RELAYS, {}), host("web1"), scope=["web1"]).blocked["web1"]
    )


def test_check_mode_counts_a_relay_that_would_be_fixed() -> None:
    assert set(plan(relay(AFFECTED), host("web1"), predicting=True).todo) == {"relay1", "web1"}
    failed = relay(AFFECTED, results={"__upgrade_result": {"failed": True, "msg": "no package"}})
    assert "web1" in plan(failed, host("web1"), predicting=True).blocked


@pytest.mark.parametrize("role", ["relay", "agent"])
@pytest.mark.parametrize("build", [FIXED, "20.0.0-4726", "20.0.3-1", "9.6.2-8888", None])
def test_what_complies_is_left_alone(role: str, build: str | None) -> None:
    made = plan(relay(name="other"), host("web1", build, dsa_role=role))
    assert "web1" not in made.todo
    assert "web1" not in made.blocked


@pytest.mark.parametrize("phase", ["upgrading", "update_pending"])
def test_an_interrupted_host_goes_on_with_its_update(phase: str) -> None:
    work = plan(relay(), host("web1", FIXED, phase=phase)).todo["web1"]
    assert work.package is None
    assert work.target is None


def test_a_half_installed_host_goes_on_with_its_upgrade() -> None:
    agent: dict[str, t.Any] = {
        "installed": True,
        "version": None,
        "platform": "linux",
        "os": "linux",
        "arch": "x86_64",
        "remediation": {"phase": "upgrading", "to": FIXED},
        "problems": ["dpkg: the package is half-configured"],
    }
    half = Host.from_variables("web1", [], {"__assess_result": {"agent": agent}, **REPOSITORY})
    assert plan(relay(), half).todo["web1"].target == FIXED
    agent["remediation"] = {"phase": "upgrading", "to": "20.0.3-1"}
    assert "an upgrade to 20.0.3-1 was begun" in plan(relay(), half).blocked["web1"]


@pytest.mark.parametrize("version", ["21.0.0-1", "20.0.0-4500"])
def test_never_a_downgrade(version: str) -> None:
    older: dict[str, t.Any] = {
        "dsa_target_version": "12.0.0-2380",
        "dsa_packages": [{"version": "12.0.0-2380", "repository": True}],
    }
    made = plan(relay(), host("web1", version, **older))
    assert made.todo == {}


@pytest.mark.parametrize(
    "target", [AFFECTED, BETWEEN, "9.6.2-1", "21.0.0-1", "newest", "", {"linux": AFFECTED}, {"bsd": FIXED}]
)
def test_a_target_without_the_fix_stops_the_run(target: t.Any) -> None:
    with pytest.raises(SettingsError, match="dsa_target_version"):
        plan(relay(), host("web1", dsa_target_version=target))


def test_a_target_can_differ_by_platform_and_host() -> None:
    both = {"linux": "20.0.0-4726", "unix": "20.0.2-1390"}
    packages = [{"version": "20.0.0-4726", "repository": True}]
    assert (
        plan(relay(), host("web1", dsa_target_version=both, dsa_packages=packages)).todo["web1"].target == "20.0.0-4726"
    )
    nothing = plan(relay(), host("web1", dsa_target_version={"unix": FIXED}))
    assert "names no build for linux" in nothing.blocked["web1"]


def test_an_appliance_is_never_upgraded_by_package() -> None:
    made = plan(relay(), host("dsva1", AFFECTED, ["deep_security_appliances"]))
    assert "Agent-RedHat_EL7-20.0.0-8453.x86_64.zip" in made.blocked["dsva1"]


def test_a_10_0_agent_goes_free_once_its_relays_are_fixed() -> None:
    fleet = Fleet({one.name: one for one in [relay(), host("old", "10.0.0-100")]}, load_advisory())
    assert fleet.judge(fleet.hosts["old"]).verdict == "not_affected"
    fleet = Fleet({one.name: one for one in [relay(AFFECTED), host("old", "10.0.0-100")]}, load_advisory())
    assert fleet.judge(fleet.hosts["old"]).action == "fix_relay"


@pytest.mark.parametrize(
    ("file", "settings", "blocked"),
    [
        ("agent.bff.gz", {}, True),
        ("agent.p5p", {}, True),
        ("agent.bff.gz", {"dsa_package_checksums": {"agent.bff.gz": "a" * 64}}, False),
        ("agent.bff.gz", {"dsa_verify_packages": "false"}, False),
        ("agent.rpm", {}, False),  # it may be signed
    ],
)
def test_what_no_host_could_verify_is_said_before_any_is_touched(
    tmp_path: Path, file: str, settings: dict[str, t.Any], blocked: bool
) -> None:
    (tmp_path / file).touch()
    listed = {"dsa_packages": [{"version": FIXED, "path": str(tmp_path / file)}], **settings}
    one = host("web1", **listed)
    if not file.endswith("rpm"):
        os_name = "aix" if "bff" in file else "solaris"
        agent = {**t.cast("dict[str, t.Any]", one.record), "platform": "unix", "os": os_name, "os_version": "7.1"}
        agent["versions"] = {"lslpp": "20.0.1-25771", "dsa_query": "20.0.1-25771"}
        agent["version"] = "20.0.1-25771"
        one = Host.from_variables("web1", [], {**one.variables, "__assess_result": {"agent": agent}})
    made = plan(relay(), one)
    assert ("web1" in made.blocked) is blocked, made
    if blocked:
        assert "dsa_package_checksums" in made.blocked["web1"]


def test_too_many_failures_stop_the_next_batch() -> None:
    def tried(name: str, failed: bool) -> Host:
        return host(name, FIXED, results={"__upgrade_result": {"failed": failed, "changed": True, "msg": "scriptlet"}})

    fresh = host("next")
    assert "next" in plan(relay(), tried("a", True), fresh).todo, "one failure is no pattern"
    assert "next" in plan(relay(), tried("a", True), tried("b", True), tried("c", False), tried("d", False), fresh).todo
    stopped = plan(relay(), tried("a", True), tried("b", True), tried("c", False), fresh)
    assert "2 of 3 hosts before it failed" in stopped.blocked["next"]
    patient = [
        host(n, FIXED, results={"__upgrade_result": {"failed": True, "msg": "x"}}, dsa_max_fail_percentage="100%")
        for n in "ab"
    ]
    assert "next" in plan(relay(), *patient, fresh).todo


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"dsa_role": "relais"}, "dsa_role of web1 is 'relais'; write one of relay"),
        ({"dsa_certificate_replaced": "perhaps"}, "write true or false"),
        ({"dsa_reboot_window": "nightly"}, "dsa_reboot_window is 'nightly'"),
        ({"dsa_reboot_timezone": "Mars/Olympus"}, "dsa_reboot_timezone is 'Mars/Olympus'"),
        ({"dsa_relays": {"a": 1}}, "write a list of names"),
        ({"dsa_target_version": ["20.0.2-1390"]}, "dsa_target_version"),
    ],
)
def test_bad_settings_name_variable_value_and_remedy(variables: dict[str, t.Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        plan(relay(), host("web1", **variables))


class TestPackages:
    """The choice of a package: by the vendor's names, or as the operator lists it."""

    @staticmethod
    def chosen(folder: Path, names: t.Sequence[str], **more: t.Any) -> Plan:
        for name in names:
            (folder / name).write_bytes(b"x")
        return plan(relay(), host("web1", dsa_packages=None, dsa_package_dir=str(folder), **more))

    def test_the_signed_one_is_preferred(self, tmp_path: Path) -> None:
        names = [f"Agent-{kind}-RedHat_EL8-{FIXED}.x86_64.rpm" for kind in ("Core", "PGPCore")]
        package = self.chosen(tmp_path, names).todo["web1"].package
        assert package is not None
        assert package.file == names[1]

    @pytest.mark.parametrize(
        "name",
        [
            f"Agent-Core-RedHat_EL7-{FIXED}.x86_64.rpm",
            f"Agent-Core-RedHat_EL8-{FIXED}.aarch64.rpm",
            "Agent-Core-RedHat_EL8-20.0.2-1391.x86_64.rpm",
            f"Agent-Core-RedHat_EL8-{FIXED}.x86_64.deb",
            f"Agent-Core-RedHat_EL80-{FIXED}.x86_64.rpm",
        ],
    )
    def test_nothing_else_fits(self, tmp_path: Path, name: str) -> None:
        blocked = self.chosen(tmp_path, [name]).blocked["web1"]
        assert "there is no package of 20.0.2-1390 for linux x86_64 (RedHat_EL8)" in blocked
        assert str(tmp_path) in blocked

    def test_an_entry_wins_and_carries_its_checksum(self, tmp_path: Path) -> None:
        entry = {
            "version": FIXED,
            "os": "linux",
            "arch": "x86_64",
            "url": "https://mirror.example/a.rpm",
            "sha256": "A" * 64,
        }
        package = plan(relay(), host("web1", dsa_packages=[{**entry, "arch": "sparc"}, entry])).todo["web1"].package
        assert package is not None
        assert (package.origin, package.file, package.sha256) == ("url", "a.rpm", "a" * 64)

    @pytest.mark.parametrize(
        ("entry", "message"),
        [
            ({"version": FIXED}, "names 0 of path, url, repository"),
            ({"version": FIXED, "url": "u", "path": "p"}, "names 2 of"),
            ({"version": "x", "url": "u"}, r"dsa_packages\[0\].version: the version 'x'"),
            ({"version": FIXED, "url": "u", "sha256": "12"}, "64 hexadecimal digits"),
            ({"version": FIXED, "url": "u", "platfrom": "linux"}, "dsa_packages.0..platfrom is not known"),
            ({"version": FIXED, "path": "/no/such.rpm"}, "there is no such file on the controller"),
            ("https://mirror.example/a.rpm", "write a mapping"),
        ],
    )
    def test_a_bad_entry_is_explained(self, entry: t.Any, message: str) -> None:
        blocked = plan(relay(), host("web1", dsa_packages=[entry])).blocked["web1"]
        import re

        assert re.search(message, blocked)

    def test_the_manager_serves_what_is_found_nowhere_else(self) -> None:
        package = plan(relay(), host("web1", dsa_packages=[], dsm_url="https://dsm.example:4119/")).todo["web1"].package
        assert package is not None
        assert package.origin == "manager"
        assert package.location == "https://dsm.example:4119/software/agent/RedHat_EL8/x86_64/20.0.2.1390/agent.rpm"
