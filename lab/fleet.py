# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads FLEET.yml; whatever is wrong in it is said with host, key, value, and what is allowed."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .errors import LabError
from .manager import options as manager_options
from .windows import releases

BUILD = re.compile(r"\d+\.\d+\.\d+-\d+")
NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")
DEB_DISTRIBUTIONS = ("debian", "ubuntu")
RPM_DISTRIBUTIONS = ("rhel", "centos", "almalinux", "rocky", "ol", "amzn", "sles")
ARCHES = {
    "linux": ("x86_64", "aarch64"),
    "aix": ("powerpc",),
    "solaris": ("x86_64", "sparc"),
    "macos": ("x86_64", "arm64"),
    "windows": ("x86_64", "i386"),
}
RELEASES = {
    "aix": ("7.1",),
    "solaris": ("5.11", "5.10"),
    "macos": ("14.5",),
    "linux": ("",),
    "windows": tuple(releases.RELEASES),
}
# Keys that only a Windows host has.
WINDOWS_KEYS = (
    "ubr",
    "hotfixes",
    "missing_roots",
    "disallowed_roots",
    "root_updates",
    "pending_reboot",
    "free_gb",
    "install_seconds",
    "outage_seconds",
    "language",
)
PENDING_REBOOT = (
    "component_based_servicing",
    "windows_update",
    "server_manager",
    "computer_rename",
    "sccm",
    "file_rename_agent",
    "file_rename_other",
)
ENGINES = ("powershell", "python")
SWITCH = "true or once"
SECONDS = "a number of seconds"
A_BUILD = "a build like 20.0.0-6313"
# Those of Windows hosts alone.
WINDOWS_FAULTS = {
    "agent_not_listed": "true",
    "boot_time_unreadable": "true",
    "chain_is_partial": "true",
    "dependent_does_not_start": "true",
    "disk_full_after_install": "true",
    "dsa_control_no_status": SWITCH,
    "dsa_query_cp932": "true",
    "dsa_query_cut": "true",
    "earlier_run_died": "true",
    "listed_twice": A_BUILD,
    "log_rotates": "a number of times",
    "log_utf16": "true",
    "msi_exit_code": "a number, or once (1618 the first time)",
    "no_display_version": "true",
    "no_netstat": "true",
    "note_damaged": "true",
    "note_locked": "true",
    "reboot_not_listed": "true",
    "reboot_pending_forever": "true",
    "registry_denied": "true",
    "registry_stale": A_BUILD,
    "service_dependents": "true",
    "service_disabled": "true",
    "service_does_not_stop": SWITCH,
    "service_state": "paused, start_pending or stop_pending",
    "signed_by_other": "true",
    "uninstall_leaves_files": "true",
    "uninstall_leaves_keys": "true",
    "winrm_dies": SWITCH,
    "winrm_drops_during_install": SWITCH,
}
FAULTS = {
    **WINDOWS_FAULTS,
    "answers_late": SECONDS,
    "anti_malware_offline_after_upgrade": "true, once or a number of seconds",
    "broken_package": "true, checksum or signature",
    "disk_full": "true",
    "dsa_query_hangs": SWITCH,
    "dsa_query_slow": SECONDS,
    "package_install_fails": SWITCH,
    "reboot_never": "true",
    "reboot_seconds": SECONDS,
    "reports_wrong_build": "true",
    "security_update_fails": SWITCH,
    "security_update_never_finishes": SWITCH,
    "service_does_not_start": SWITCH,
    "ssh_drops_during_install": SWITCH,
    "unreachable": "true",
}


class FleetError(LabError):
    """The fleet cannot be used; the text says what to change."""


@dataclass
class Host:
    name: str
    os: str = "linux"
    release: str = ""
    package_manager: str = ""
    distribution: dict[str, str] = field(default_factory=dict)
    arch: str = ""
    role: str = "agent"
    group: bool = True
    build: str | None = None
    python: str | None = None
    activated: bool = True
    self_protection: bool = False
    password: str | None = None
    anti_malware: bool = True
    patterns: str | None = None
    reboot_required: bool | str = False
    uses: list[str] | None = None
    update_seconds: float = 0.3
    repository: list[str] = field(default_factory=list)
    ubr: int | None = None
    hotfixes: list[str] = field(default_factory=list)
    missing_roots: list[str] = field(default_factory=list)
    disallowed_roots: list[str] = field(default_factory=list)
    root_updates: bool = False
    pending_reboot: list[str] = field(default_factory=list)
    free_gb: float = 40.0
    install_seconds: float = 0.0
    outage_seconds: float = 0.5
    language: str = "en"
    user: str = ""
    winrm_password: str = ""
    engine: str = ""
    faults: dict[str, Any] = field(default_factory=dict)
    vars: dict[str, Any] = field(default_factory=dict)
    manager: dict[str, Any] = field(default_factory=dict)

    @property
    def platform(self) -> str:
        """The column of the vendor's table."""
        return "unix" if self.os in ("aix", "solaris") else self.os

    @property
    def uname(self) -> list[str]:
        if self.os == "aix":
            return ["AIX", self.name, "2", "7", "00F7C8B14C00"]
        if self.os == "solaris":
            version = "Generic_147148-26" if self.release == "5.10" else "11.4.0.15.0"
            return ["SunOS", self.name, self.release, version, "sun4v" if self.arch == "sparc" else "i86pc"]
        if self.os == "macos":
            return ["Darwin", self.name, "23.5.0", "Darwin Kernel Version 23.5.0: root:xnu-10063", self.arch]
        if self.os == "windows":
            return []
        real = os.uname()
        return [real.sysname, self.name, real.release, real.version, self.arch]

    @property
    def processor(self) -> str:
        if self.os == "solaris":
            return "sparc" if self.arch == "sparc" else "i386"
        return {"arm64": "arm"}.get(self.arch, self.arch)

    @property
    def is_this_machine(self) -> bool:
        return self.os == "linux" and self.arch == os.uname().machine

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "platform": self.platform, "uname": self.uname, "processor": self.processor}


@dataclass
class Fleet:
    packages: list[str]
    hosts: list[Host]
    manager: manager_options.Options | None = None


class Problems:
    def __init__(self, host: str) -> None:
        self.host = host

    def error(self, key: str, value: object, allowed: str) -> FleetError:
        where = f"host {self.host}" if self.host else "fleet"
        return FleetError(f"{where}: {key}: {value!r} is not allowed; allowed is {allowed}")

    def choice(self, key: str, value: object, allowed: tuple[str, ...]) -> str:
        if value not in allowed:
            raise self.error(key, value, "one of " + ", ".join(repr(one) for one in allowed))
        return str(value)

    def build(self, key: str, value: object) -> str:
        if not isinstance(value, str) or not BUILD.fullmatch(value):
            raise self.error(key, value, "a build like 20.0.0-6313")
        return value

    def number(self, key: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise self.error(key, value, SECONDS)
        return float(value)

    def texts(self, key: str, value: object) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.error(key, value, "a list of texts")
        return list(value)

    def switch(self, key: str, value: object) -> bool:
        if not isinstance(value, bool):
            raise self.error(key, value, "true or false")
        return value


def read(path: Path) -> Fleet:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FleetError(f"{path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise FleetError(f"{path}: not YAML: {error}") from error
    return build_fleet(content)


def build_fleet(content: object) -> Fleet:
    problems = Problems("")
    if not isinstance(content, dict) or set(content) - {"packages", "hosts", "manager", "engine"}:
        raise problems.error(
            "top level",
            content if not isinstance(content, dict) else sorted(content),
            "a mapping with the keys packages, hosts, manager and engine",
        )
    packages, hosts = content.get("packages", []), content.get("hosts")
    manager = manager_options.read(content["manager"], problems) if "manager" in content else None
    if manager is not None and hosts is None:
        hosts = {}
    if not isinstance(packages, list):
        raise problems.error("packages", packages, "a list of builds")
    if not isinstance(hosts, dict) or (not hosts and manager is None):
        raise problems.error("hosts", hosts, "a mapping from host names to what they are")
    fleet = Fleet(
        [problems.build("packages", one) for one in packages],
        [build_host(name, about) for name, about in hosts.items()],
        manager,
    )
    check_together(fleet)
    engine = choose_engine(content.get("engine"), problems)
    for host in fleet.hosts:
        host.engine = engine if host.os == "windows" else ""
    return fleet


def choose_engine(wanted: object, problems: Problems) -> str:
    """What runs the modules of Windows hosts: the environment, then the fleet, then PowerShell where it is."""
    available = shutil.which("pwsh") is not None
    source, value = "engine", wanted
    if os.environ.get("LAB_WINDOWS_ENGINE"):
        source, value = "LAB_WINDOWS_ENGINE", os.environ["LAB_WINDOWS_ENGINE"]
    if value is None:
        return "powershell" if available else "python"
    chosen = problems.choice(source, value, ENGINES)
    if chosen == "powershell" and not available:
        raise problems.error(source, value, "python: there is no pwsh on PATH")
    return chosen


def build_host(name: object, about: object) -> Host:
    problems = Problems(str(name))
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise problems.error("name", name, "lower-case letters, digits, - and _, at most 41")
    values: dict[str, Any] = dict(about) if isinstance(about, dict) else {}
    if about is not None and not isinstance(about, dict):
        raise problems.error("value", about, "a mapping")
    known = set(Host.__dataclass_fields__) - {"name", "password", "user", "winrm_password", "engine"}
    for key in values:
        if key not in known:
            raise problems.error("key", key, ", ".join(sorted(known)))
    host = Host(name)
    host.os = problems.choice("os", values.get("os", "linux"), tuple(ARCHES))
    host.release = problems.choice("release", str(values.get("release", RELEASES[host.os][0])), RELEASES[host.os])
    default_arch = os.uname().machine if host.os == "linux" else ARCHES[host.os][0]
    host.arch = problems.choice("arch", values.get("arch", default_arch), ARCHES[host.os])
    if host.os == "linux":
        read_linux(host, values, problems)
    elif host.os == "windows":
        read_windows(host, values, problems)
    elif "package_manager" in values or "distribution" in values:
        raise problems.error("package_manager or distribution", values.get("package_manager"), "only with os: linux")
    else:
        host.package_manager = {"aix": "installp", "macos": "installer"}.get(
            host.os, "pkgadd" if host.release == "5.10" else "pkg"
        )
    if host.os != "windows":
        for key in WINDOWS_KEYS:
            if key in values:
                raise problems.error(key, values[key], "nothing here: only with os: windows")
    host.role = problems.choice("role", values.get("role", "agent"), ("relay", "agent", "none"))
    if values.get("build") is not None:
        if host.role == "none":
            raise problems.error("build", values["build"], "no build with role: none")
        host.build = problems.build("build", values["build"])
    if host.role == "relay" and (host.os not in ("linux", "windows") or host.build is None):
        raise problems.error("role", "relay", "a Relay only on os: linux or windows, and with a build")
    for key in ("group", "activated", "anti_malware"):
        if key in values:
            setattr(host, key, problems.switch(key, values[key]))
    reboot = values.get("reboot_required", False)
    host.reboot_required = reboot if reboot == "after_upgrade" else problems.switch("reboot_required", reboot)
    read_rest(host, values, problems)
    return host


def read_linux(host: Host, values: dict[str, Any], problems: Problems) -> None:
    distribution = values.get("distribution") or {}
    if not isinstance(distribution, dict) or set(distribution) - {"id", "version"}:
        raise problems.error("distribution", distribution, "{id: …, version: …}")
    manager = values.get("package_manager")
    if manager is None:
        manager = "deb" if distribution.get("id", "debian") in DEB_DISTRIBUTIONS else "rpm"
    host.package_manager = problems.choice("package_manager", manager, ("deb", "rpm"))
    allowed, default, version = (
        (DEB_DISTRIBUTIONS, "debian", "12") if manager == "deb" else (RPM_DISTRIBUTIONS, "rhel", "8.6")
    )
    host.distribution = {
        "id": problems.choice("distribution.id", distribution.get("id", default), allowed),
        "version": str(distribution.get("version", version)),
    }


# One for all of them, as the credential of a job in AWX.
WINDOWS_PASSWORD = secrets.token_urlsafe(16)


def read_windows(host: Host, values: dict[str, Any], problems: Problems) -> None:
    release = releases.RELEASES[host.release]
    host.package_manager = "msi"
    host.arch = problems.choice("arch", host.arch, release.arches)
    host.user, host.winrm_password = "administrator", WINDOWS_PASSWORD
    ubr = values.get("ubr", release.ubr)
    if ubr is not None and (isinstance(ubr, bool) or not isinstance(ubr, int)):
        raise problems.error("ubr", ubr, "a number, as in 17763.2213")
    host.ubr = ubr
    host.hotfixes = problems.texts("hotfixes", values.get("hotfixes", list(release.hotfixes)))
    for key in ("missing_roots", "disallowed_roots"):
        found = [(text, releases.thumbprint(text)) for text in problems.texts(key, values.get(key, []))]
        for text, known in found:
            if known is None:
                raise problems.error(key, text, "thumbprints or names of lab/windows/releases.py")
        setattr(host, key, [known for _text, known in found])
    host.root_updates = problems.switch("root_updates", values.get("root_updates", False))
    host.pending_reboot = [
        problems.choice("pending_reboot", one, PENDING_REBOOT)
        for one in problems.texts("pending_reboot", values.get("pending_reboot", []))
    ]
    for key in ("free_gb", "install_seconds", "outage_seconds"):
        if key in values:
            setattr(host, key, problems.number(key, values[key]))
    host.language = problems.choice("language", values.get("language", "en"), ("en", "ja"))


def read_rest(host: Host, values: dict[str, Any], problems: Problems) -> None:
    protection = values.get("self_protection", False)
    if not isinstance(protection, bool | str):
        raise problems.error("self_protection", protection, "true, false, or the password")
    host.self_protection = bool(protection)
    host.password = protection if isinstance(protection, str) else None
    if "patterns" in values:
        host.patterns = problems.choice("patterns", values["patterns"], ("current", "old"))
    if "update_seconds" in values:
        host.update_seconds = problems.number("update_seconds", values["update_seconds"])
    if values.get("python") is not None:
        if not isinstance(values["python"], str):
            raise problems.error("python", values["python"], "the name or path of an interpreter, like python3.9")
        host.python = values["python"]
    uses = values.get("uses")
    if uses is not None and not (isinstance(uses, list) and all(isinstance(one, str) for one in uses)):
        raise problems.error("uses", uses, "a list of names of Relays")
    host.uses = uses
    repository = values.get("repository", [])
    if not isinstance(repository, list) or (repository and host.os != "linux"):
        raise problems.error("repository", repository, "a list of builds, on os: linux")
    host.repository = [problems.build("repository", one) for one in repository]
    host.manager = manager_options.read_host(values.get("manager"), problems)
    for key in ("vars", "faults"):
        if not isinstance(values.get(key) or {}, dict):
            raise problems.error(key, values[key], "a mapping")
    host.vars = dict(values.get("vars") or {})
    for name, parameter in (values.get("faults") or {}).items():
        check_fault(name, parameter, problems)
        if (name in WINDOWS_FAULTS and host.os != "windows") or (name.startswith("ssh_") and host.os == "windows"):
            raise problems.error("faults", name, "a fault that hosts of this os have")
        host.faults[name] = parameter


def check_fault(name: object, parameter: object, problems: Problems) -> None:
    if name not in FAULTS:
        raise problems.error("faults", name, "one of " + ", ".join(sorted(FAULTS)))
    allowed = FAULTS[str(name)]
    number = isinstance(parameter, int | float) and not isinstance(parameter, bool) and parameter >= 0
    fits = (
        (parameter is True and "true" in allowed)
        or (number and "number" in allowed)
        or (
            isinstance(parameter, str)
            and parameter in allowed.replace(",", "").split()
            and parameter in ("once", "checksum", "signature", "paused", "start_pending", "stop_pending")
        )
        or (allowed == A_BUILD and isinstance(parameter, str) and bool(BUILD.fullmatch(parameter)))
    )
    if not fits:
        raise problems.error(f"faults.{name}", parameter, allowed)


def check_together(fleet: Fleet) -> None:
    from .packages import file_name, platform_name

    relays = {host.name for host in fleet.hosts if host.role == "relay"}
    if fleet.manager is None:
        for host in fleet.hosts:
            if host.manager:
                raise Problems(host.name).error("manager", host.manager, "only in a fleet with the key manager")
    elif any(host.name == "manager" for host in fleet.hosts):
        raise Problems("manager").error("name", "manager", "another name: the Manager has this one")
    for host in fleet.hosts:
        for name in host.uses or []:
            if name not in relays:
                raise Problems(host.name).error("uses", name, "Relays of this fleet: " + ", ".join(sorted(relays)))
        if "broken_package" in host.faults:
            sharing = [
                other.name for other in fleet.hosts if other is not host and file_name(other, "") == file_name(host, "")
            ]
            if sharing:
                raise Problems(host.name).error(
                    "faults.broken_package",
                    platform_name(host),
                    f"a distribution of its own, as {', '.join(sharing)} would get the same broken file",
                )
