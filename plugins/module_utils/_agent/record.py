# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""One raw reading of a POSIX host. Nothing is judged here: the controller makes the agent record of it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import re
import stat
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
# One -p for each: not every systemctl splits a list.
SERVICES = {
    "linux": ["systemctl", "show", "-p", "LoadState", "-p", "ActiveState", "-p", "SubState", "ds_agent"],
    "aix": ["lssrc", "-s", "ds_agent"],
    "solaris": ["svcs", "-H", "-o", "state", "ds_agent"],
    "macos": ["launchctl", "list", "com.trendmicro.dsa"],
}
FILES = {
    "os_release": ("/etc/os-release", "/usr/lib/os-release"),
    "reboot_required": ("/run/reboot-required", "/var/run/reboot-required"),
    "reboot_required_pkgs": ("/run/reboot-required.pkgs", "/var/run/reboot-required.pkgs"),
}
# No text of a reading is longer. The note and every answer that is understood are far below.
_LONGEST = 64 * 1024


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


def _file(path):
    """{path, exists, text, error, cut} of a file. exists is False only where there is nothing of that name."""
    found = {"path": path, "exists": True, "text": None, "error": None, "cut": False}
    try:
        # Without O_NONBLOCK a named pipe would hold the reading up for ever.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                return dict(found, error="it is no regular file")
            content = os.read(number, _LONGEST + 1)
        finally:
            os.close(number)
    except (IOError, OSError) as error:
        exists = error.errno not in (errno.ENOENT, errno.ENOTDIR) or os.path.lexists(path)
        return dict(found, exists=exists, error=error.strerror or str(error))
    return dict(found, text=content[:_LONGEST].decode("utf-8", "replace"), cut=len(content) > _LONGEST)


def _first_file(paths):
    """The first of the files that is there."""
    for path in paths:
        found = _file(path)
        if found["exists"]:
            break
    return found


def _program(path):
    """{path, exists, executable, changed, error} of a program. exists is None where that cannot be seen."""
    found = {"path": path, "exists": None, "executable": None, "changed": None, "error": None}
    try:
        changed = os.stat(path).st_ctime
    except OSError as error:
        found["error"] = error.strerror
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            found["exists"] = False
        return found
    return dict(found, exists=True, executable=os.access(path, os.X_OK), changed=_utc(changed))


def _utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _clock():
    """{utc_offset: minutes east of UTC now, boot_time and now: ISO 8601 in UTC, boot_time None where unknown}."""
    seconds = time.altzone if time.localtime().tm_isdst > 0 else time.timezone
    boot = None
    try:
        with open("/proc/stat") as stream:
            found = re.search(r"^btime (\d+)$", stream.read(), re.MULTILINE)
        if found:
            boot = _utc(int(found.group(1)))
    except (IOError, OSError):
        pass  # only Linux has it there
    return {"utc_offset": -seconds // 60, "boot_time": boot, "now": _utc(time.time())}


def read(timeout=15, progress_path=progress.DEFAULT_PATH):
    """Collect everything in at most about timeout seconds and return the reading: JSON, some KiB as a rule.

    timeout, uname, os, platform, arch, os_version, clock: of the host. os and platform are None where unsupported, and
    then there is nothing but these.
    install_dir: None where it is no folder. programs: name -> _program(). files: name -> _file(), note among them.
    commands: name -> argv and Answer.as_dict(), of the package databases, service, init where there is no systemctl,
    and dsa_query where it is to be seen.
    relay: relay.listener() on Linux. processes: relay.processes() where the service does not plainly run or a port is
    open. Both None elsewhere.
    """
    os_name, platform, architecture, os_version = host_platform()
    reading = {
        "timeout": timeout,
        "uname": list(os.uname()),
        "os": os_name,
        "platform": platform,
        "arch": architecture,
        "os_version": os_version,
        "clock": _clock(),
    }
    if os_name is None:
        return reading
    folder = install_dir(os_name)
    programs = dict((name, _program(os.path.join(folder, name))) for name in ("ds_agent", "dsa_query"))
    started = {}
    # The slowest first; all run side by side, while the files are read here.
    if programs["dsa_query"]["exists"]:
        started["dsa_query"] = commands.Running(dsa_query.command(programs["dsa_query"]["path"]))
    for name, argv in packages.COMMANDS[os_name].items():
        started[name] = commands.Running(argv)
    started["service"] = commands.Running(SERVICES[os_name])
    if os_name == "linux" and started["service"].missing:
        started["init"] = commands.Running(["/etc/init.d/ds_agent", "status"])
    reading["install_dir"] = folder if os.path.isdir(folder) else None
    reading["programs"] = programs
    reading["files"] = dict((name, _first_file(paths)) for name, paths in FILES.items())
    reading["files"]["note"] = _file(progress_path)
    reading["relay"], inodes = relay.listener() if os_name == "linux" else (None, set())
    answers = commands.answers(started, timeout)
    reading["commands"] = dict(
        (name, dict(answers[name].as_dict(_LONGEST), argv=started[name].argv)) for name in answers
    )
    # Reading every process is what costs most here: only where the service does not plainly run, or a port is open.
    plainly_running = "ActiveState=active\nSubState=running" in answers["service"].out
    reading["processes"] = None
    if os_name == "linux" and (inodes or not plainly_running):
        reading["processes"] = relay.processes(folder, inodes)
    return reading
