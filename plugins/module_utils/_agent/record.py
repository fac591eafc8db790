# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""One agent record from one POSIX host. Unknown is None with an entry in problems, never a guess."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import os
import re
import time

from . import commands, dsa_query, packages, progress, relay

PLATFORMS = {
    "Linux": ("linux", "linux"),
    "AIX": ("aix", "unix"),
    "SunOS": ("solaris", "unix"),
    "Darwin": ("macos", "macos"),
}
INSTALL_DIRS = {"macos": "/Library/Application Support/com.trendmicro.DSAgent"}
INSTALL_DIR = "/opt/ds_agent"
SERVICES = {
    "linux": ("ds_agent", ["systemctl", "show", "-p", "ActiveState", "ds_agent"]),
    "aix": ("ds_agent", ["lssrc", "-s", "ds_agent"]),
    "solaris": ("ds_agent", ["svcs", "-H", "-o", "state", "ds_agent"]),
    "macos": ("com.trendmicro.dsa", ["launchctl", "list", "com.trendmicro.dsa"]),
}
REBOOT_FILES = ("/run/reboot-required", "/var/run/reboot-required")


def host_platform():
    """Return (os, platform, architecture, version of the system); the first two are None where unsupported."""
    system, dummy, release, version, machine = os.uname()
    name, platform = PLATFORMS.get(system, (None, None))
    architecture = {"i86pc": "x86_64", "amd64": "x86_64", "i686": "i386", "sun4v": "sparc", "sun4u": "sparc"}.get(
        machine, machine
    )
    if name == "aix":
        # uname -m is a machine number there, and the release is split in two.
        return name, platform, "powerpc", "%s.%s" % (version, release)
    return name, platform, architecture, release


def install_dir(os_name):
    """Where the agent lives on this operating system."""
    return INSTALL_DIRS.get(os_name, INSTALL_DIR)


def _distribution():
    """{id, version} of a Linux distribution, from /etc/os-release."""
    values = {}
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            # Names in the country's own script are common, and old Pythons would read them as ASCII here.
            with io.open(path, encoding="utf-8", errors="replace") as stream:
                for line in stream:
                    key, equals, value = line.strip().partition("=")
                    if equals:
                        values[key] = value.strip("\"'")
            break
        except (IOError, OSError):
            continue
    return {"id": values.get("ID"), "version": values.get("VERSION_ID")} if values.get("ID") else None


def _service(os_name, answers):
    """{name, state}: running, stopped, failed, or None."""
    name = SERVICES[os_name][0]
    answer = answers["service"]
    words = answer.out.replace("=", " ").split()
    state = None
    if os_name == "linux":
        if answer.rc == 0 and words:
            state = {"active": "running", "reloading": "running", "failed": "failed", "inactive": "stopped"}.get(
                words[-1]
            )
        elif answer.missing and "init" in answers and answers["init"].rc is not None:
            state = "running" if answers["init"].rc == 0 else "stopped"
    elif os_name == "aix":
        state = {"active": "running", "inoperative": "stopped"}.get(words[-1]) if answer.rc == 0 and words else None
    elif os_name == "solaris":
        known = {"online": "running", "offline": "stopped", "disabled": "stopped", "maintenance": "failed"}
        state = known.get(words[0].rstrip("*")) if answer.rc == 0 and words else None
    elif answer.rc is not None:
        state = "running" if answer.rc == 0 and '"PID"' in answer.out else "stopped"
    return {"name": name, "state": state}


def _reboot():
    """Debian's mark of a pending reboot, with the packages that asked for it; elsewhere nothing is known."""
    for path in REBOOT_FILES:
        if os.path.exists(path):
            try:
                with open(path + ".pkgs") as stream:
                    names = sorted(set(stream.read().split()))
            except (IOError, OSError):
                names = []
            mine = [name for name in names if name in ("ds-agent", "ds_agent")]
            return {
                "required": bool(mine),
                "reasons": ["reboot-required: %s" % (", ".join(mine or names) or "unnamed package")],
            }
    return {"required": None, "reasons": []}


def _clock():
    """{utc_offset: minutes east of UTC now, boot_time: ISO 8601 in UTC or None}."""
    seconds = time.altzone if time.localtime().tm_isdst > 0 else time.timezone
    boot = None
    try:
        with open("/proc/stat") as stream:
            found = re.search(r"^btime (\d+)$", stream.read(), re.MULTILINE)
        if found:
            boot = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(found.group(1))))
    except (IOError, OSError):
        pass  # only Linux has it there
    return {"utc_offset": -seconds // 60, "boot_time": boot}


def read(timeout=15, progress_path=progress.DEFAULT_PATH):
    """Read everything in at most about timeout seconds and return the agent record.

    version is left for the controller, which normalises and judges what stands in versions.
    """
    os_name, platform, architecture, os_version = host_platform()
    record = {
        "installed": None,
        "version": None,
        "version_raw": None,
        "version_source": None,
        "versions": {},
        "platform": platform,
        "os": os_name,
        "os_version": os_version,
        "arch": architecture,
        "distribution": None,
        "install_dir": None,
        "service": {"name": None, "state": None},
        "activated": None,
        "manager_url": None,
        "relay": {"enabled": None, "source": None},
        "anti_malware": {"mode": None, "driver_offline": None, "engine": None, "patterns": []},
        "reboot": {"required": None, "reasons": []},
        "clock": _clock(),
        "remediation": None,
        "problems": [],
    }
    if os_name is None:
        record["problems"].append(
            "the operating system %s is none of %s" % (os.uname()[0], ", ".join(sorted(PLATFORMS)))
        )
        return record

    folder = install_dir(os_name)
    query = os.path.join(folder, "dsa_query")
    sources = packages.SOURCES[os_name]
    started = {}
    # The slowest first; all run side by side, while the files are read here.
    if os.path.exists(query):
        started["dsa_query"] = commands.Running(dsa_query.command(query))
    for name, (argv, dummy) in sources.items():
        started[name] = commands.Running(argv)
    started["service"] = commands.Running(SERVICES[os_name][1])
    if os_name == "linux" and started["service"].missing:
        started["init"] = commands.Running(["/etc/init.d/ds_agent", "status"])
    if os_name == "linux":
        record["distribution"] = _distribution()
        is_relay, relay_problem = relay.detect(folder)
    record["remediation"], progress_problem = progress.load(progress_path)
    answers = commands.answers(started, timeout)

    half_installed = _read_packages(record, sources, answers, timeout)
    if progress_problem:
        record["problems"].append(progress_problem)
    if "dsa_query" in answers:
        _read_query(record, answers["dsa_query"], timeout, half_installed)
    elif record["installed"]:
        record["problems"].append("dsa_query: %s is not there, or may not be seen by this user" % query)
    if record["installed"] is False:
        return record

    record["install_dir"] = folder if os.path.isdir(folder) else None
    record["service"] = _service(os_name, answers)
    if record["service"]["state"] is None and record["installed"]:
        record["problems"].append("the state of its service: %s" % _why(answers["service"], timeout))
    record["reboot"] = _reboot()
    if os_name == "linux":
        record["relay"] = is_relay
        if relay_problem:
            record["problems"].append(relay_problem)
        if is_relay["enabled"] is False and record["service"]["state"] != "running":
            record["relay"]["enabled"] = None  # a stopped Relay listens nowhere either
    elif record["installed"]:
        record["relay"] = {"enabled": False, "source": "platform"}  # Relays exist on Windows and Linux only
    return record


def _why(answer, timeout):
    """Why an answer is of no use."""
    if answer.timed_out:
        return "no answer within %d s" % timeout
    return answer.text() or "it said nothing (exit status %s)" % answer.rc


def _read_packages(record, sources, answers, timeout):
    """Fill in what the package managers say; return whether one of them calls the package half installed."""
    said = {}
    for name in sorted(sources):
        answer = answers[name]
        if answer.missing:
            continue  # not this host's package manager
        if answer.timed_out:
            said[name] = packages.Said(problem=_why(answer, timeout))
        else:
            said[name] = sources[name][1](answer)
    for name in sorted(said):
        if said[name].problem:
            record["problems"].append("%s: %s" % (name, said[name].problem))
        if said[name].version:
            record["versions"][name] = said[name].version
            if record["version_raw"] is None:
                record["version_raw"], record["version_source"] = said[name].version, name
    states = [entry.installed for entry in said.values()]
    if True in states:
        record["installed"] = True
    elif states and None not in states:
        record["installed"] = False
    if not states:
        record["problems"].append("no package manager answered (%s)" % ", ".join(sorted(sources)))
    return any(entry.installed and entry.problem for entry in said.values())


def _read_query(record, answer, timeout, half_installed):
    """The running agent's own word. It also finds an agent that no package manager knows."""
    record["installed"] = True
    values = dsa_query.parse(answer.out)
    running = values.get("PluginVersion.core")
    if running:
        record["versions"]["dsa_query"] = running
        if record["version_raw"] is None and not half_installed:
            record["version_raw"], record["version_source"] = running, "dsa_query"
    record["activated"], record["manager_url"] = dsa_query.activation(values)
    record["anti_malware"] = dsa_query.anti_malware(values)
    # In the first seconds after a start, or when one of the three fails, there is nothing from it but field names.
    silent = [command for command, prefix in dsa_query.COMMANDS if not any(key.startswith(prefix) for key in values)]
    if answer.timed_out or not values:
        record["problems"].append("dsa_query: %s" % _why(answer, timeout))
    elif silent:
        text = " ".join(answer.err.split())[:500]
        record["problems"].append("dsa_query: no answer to %s%s" % (", ".join(silent), text and ": " + text))
