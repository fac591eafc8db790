# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AIX: installp, lslpp and the System Resource Controller, over the lab's package database."""

from __future__ import annotations

import os
import sys

from . import service, unixpkg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List

FILESET = "ds_agent.rte"
NOT_ON_FILE = "0513-085 The ds_agent Subsystem is not on file."


def level(build: str) -> str:
    return build.replace("-", ".")


def lslpp(argv: List[str]) -> int:
    options = "".join(word[1:] for word in argv[1:] if word.startswith("-"))
    names = [word for word in argv[1:] if not word.startswith("-")]
    record = unixpkg.installed()
    for name in names:
        pattern = name.rstrip("*")
        if record is None or not (name == FILESET or (name.endswith("*") and FILESET.startswith(pattern))):
            print("lslpp: 0504-132  Fileset %s not installed." % name, file=sys.stderr)
            return 1
    build = "" if record is None else level(str(record["build"]))
    if "c" in options:
        if "q" not in options:
            print(
                "#Package Name:Fileset:Level:State:PTF Id:Fix State:Type:Description:Destination Dir.:Uninstaller:"
                "Message Catalog:Message Set:Message Number:Parent:Automatic:EFIX Locked:Install Path:Build Date"
            )
        if not names:
            print("bos:bos.rte:7.2.5.100: : :C: :Base Operating System Runtime: : : : : : :0:0:/:2148")
        if record is not None:
            print("ds_agent:%s:%s: : :C: :Trend Micro Deep Security Agent: : : : : : :0:0:/:" % (FILESET, build))
        return 0
    print(
        "  Fileset                      Level  State      Description\n"
        "  ----------------------------------------------------------------------------\n"
        "Path: /usr/lib/objrepos"
    )
    if record is not None:
        print("  %-24s %9s  COMMITTED  Trend Micro Deep Security Agent" % (FILESET, build))
    return 0


def summary(build: str, result: str) -> None:
    print(
        "\nInstallation Summary\n--------------------\n"
        "Name                        Level           Part        Event       Result\n" + "-" * 79
    )
    print("%-27s %-15s USR         APPLY       %s" % (FILESET, level(build), result))


def installp(argv: List[str]) -> int:
    device, names, options = "", [], ""
    rest = argv[1:]
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            letters = word[1:]
            options += letters.split("d")[0]
            if "d" in letters:
                device = letters.split("d", 1)[1] or (rest.pop(0) if rest else "")
        else:
            names.append(word)
    if "C" in options:
        return 0
    if "u" in options:
        try:
            unixpkg.remove()
        except unixpkg.PackageError as error:
            print("installp: 0503-000 the removal failed: %s" % error, file=sys.stderr)
            return 1
        return 0
    try:
        about = unixpkg.read(device)
    except unixpkg.PackageError as error:
        print("installp: 0503-433  Unable to use the device or file %s: %s." % (device, error), file=sys.stderr)
        return 1
    if about["platform"] != "aix":
        print("installp: 0503-430  %s is not an installable image." % device, file=sys.stderr)
        return 1
    if "l" in options or "L" in options:
        print("ds_agent:%s:%s::I:C:::::N:Trend Micro Deep Security Agent::::0::" % (FILESET, level(about["build"])))
        return 0
    record = unixpkg.installed()
    if not names or not {"ds_agent", FILESET, "all"} & set(names):
        print("installp: 0503-408  no fileset of that name is on the media.", file=sys.stderr)
        return 1
    if (
        record is not None
        and unixpkg.versions(str(record["build"])) >= unixpkg.versions(about["build"])
        and "F" not in options
    ):
        print("MISCELLANEOUS INFORMATION\n  The selected level, or a later one, is already installed.")
        summary(about["build"], "ALREADY")
        return 0
    if "p" in options:
        summary(about["build"], "PREVIEW")
        return 0
    try:
        unixpkg.install(about)
    except unixpkg.PackageError as error:
        print("installp: 0503-464  the installation failed: %s" % error, file=sys.stderr)
        summary(about["build"], "FAILED")
        return 1
    summary(about["build"], "SUCCESS")
    return 0


def subsystem(argv: List[str]) -> bool:
    return "ds_agent" in argv[1:] and service.installed()


def startsrc(argv: List[str]) -> int:
    if not subsystem(argv):
        print(NOT_ON_FILE, file=sys.stderr)
        return 1
    if service.pid():
        print(
            "0513-029 The ds_agent Subsystem is already active.\nMultiple instances are not supported.", file=sys.stderr
        )
        return 1
    service.start()
    # startsrc says that it asked, not that the subsystem stayed up.
    print("0513-059 The ds_agent Subsystem has been started. Subsystem PID is %s." % (service.pid() or 4456696))
    return 0


def stopsrc(argv: List[str]) -> int:
    if not subsystem(argv):
        print(NOT_ON_FILE, file=sys.stderr)
        return 1
    if not service.pid():
        print("0513-004 The Subsystem or Group, ds_agent, is currently inoperative.", file=sys.stderr)
        return 1
    print("0513-044 The ds_agent Subsystem was requested to stop.")
    service.stop()
    return 0


def lssrc(argv: List[str]) -> int:
    if not subsystem(argv) and "-a" not in argv:
        print(NOT_ON_FILE, file=sys.stderr)
        return 1
    print("Subsystem         Group            PID          Status ")
    if service.installed():
        number = service.pid()
        print(" ds_agent                          %-12s %s" % (number or "", "active" if number else "inoperative"))
    return 0


def oslevel(argv: List[str]) -> int:
    print("7200-05-03-2148" if "-s" in argv else "7.2.0.0")
    return 0


def bootinfo(argv: List[str]) -> int:
    print("64")
    return 0


def getconf(argv: List[str]) -> int:
    if argv[1:] == ["MACHINE_ARCHITECTURE"]:
        print("CHRP")
        return 0
    os.execv("/.machine/usr/bin/getconf", ["getconf", *argv[1:]])


def lsattr(argv: List[str]) -> int:
    print("fwversion IBM,FW950.00 Firmware version and revision levels False")
    return 0


TOOLS: Dict[str, Callable[[List[str]], int]] = {
    "lslpp": lslpp,
    "installp": installp,
    "startsrc": startsrc,
    "stopsrc": stopsrc,
    "lssrc": lssrc,
    "oslevel": oslevel,
    "bootinfo": bootinfo,
    "getconf": getconf,
    "lsattr": lsattr,
}
