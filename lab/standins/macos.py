# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""macOS: installer, pkgutil and launchctl. The receipt's name is a guess (the vendor's is not public): discover it."""

from __future__ import annotations

import sys

from . import service, unixpkg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List

RECEIPT = "com.trendmicro.dsa.agent"
LABEL = "com.trendmicro.dsa"
APPLE = ["com.apple.pkg.CLTools_Executables", "com.apple.pkg.XProtectPlistConfigData_10_15"]


def pkgutil(argv: List[str]) -> int:
    record = unixpkg.installed()
    option = argv[1] if len(argv) > 1 else ""
    name = argv[2] if len(argv) > 2 else ""
    if option in ("--pkgs", "--packages") or option.startswith("--pkgs="):
        print("\n".join(sorted(APPLE + ([RECEIPT] if record else []))))
        return 0
    if option in ("--pkg-info", "--pkg-info-plist"):
        if record is None or name != RECEIPT:
            print("No receipt for '%s' found at '/'." % name, file=sys.stderr)
            return 1
        print(
            "package-id: %s\nversion: %s\nvolume: /\nlocation: \ninstall-time: %d"
            % (RECEIPT, str(record["build"]).replace("-", "."), record["time"])
        )
        return 0
    if option == "--check-signature":
        try:
            unixpkg.read(name)
        except unixpkg.PackageError:
            print('Package "%s":\n   Status: package is invalid (checksum did not verify)' % name)
            return 1
        print(
            'Package "%s":\n   Status: signed by a developer certificate issued by Apple for distribution\n'
            "   Certificate Chain:\n    1. Developer ID Installer: Trend Micro, Inc. (E8P47U2H32)" % name
        )
        return 0
    if option == "--forget" and record is not None and name == RECEIPT:
        unixpkg.remove()
        return 0
    print("pkgutil: unknown option", file=sys.stderr)
    return 1


def installer(argv: List[str]) -> int:
    options = dict(zip(argv[1:], argv[2:]))
    path = options.get("-pkg", options.get("-package", ""))
    if options.get("-target", options.get("-tgt", "")) not in ("/", "LocalSystem"):
        print("installer: Error - the target volume is not valid", file=sys.stderr)
        return 1
    try:
        about = unixpkg.read(path)
        if about["platform"] != "macos":
            raise unixpkg.PackageError("it is not a package")
    except unixpkg.PackageError as error:
        print("installer: Error the package path specified was invalid: '%s' (%s)." % (path, error), file=sys.stderr)
        return 1
    record = unixpkg.installed()
    print("installer: Package name is %s\ninstaller: Installing at base path /" % "Trend Micro Deep Security Agent")
    try:
        unixpkg.install(about)
    except unixpkg.PackageError as error:
        print(
            "installer: The install failed. (The Installer encountered an error that caused the installation to fail:"
            " %s.)" % error,
            file=sys.stderr,
        )
        return 1
    print("installer: The %s was successful." % ("install" if record is None else "upgrade"))
    return 0


def launchctl(argv: List[str]) -> int:
    words = [word for word in argv[1:] if not word.startswith("-")]
    verb, names = (words[0], words[1:]) if words else ("help", [])
    about_agent = any(LABEL in name for name in names) and service.installed()
    number = service.pid() if service.installed() else None
    loaded = service.installed() and service.enabled()
    if verb == "list" and not names:
        print("PID\tStatus\tLabel\n-\t0\tcom.apple.SafariHistoryServiceAgent")
        if loaded:
            print("%s\t%d\t%s" % (number or "-", 1 if service.failed() else 0, LABEL))
        return 0
    if not about_agent or (verb in ("list", "print", "stop", "start", "kickstart") and not loaded):
        print('Could not find service "%s" in domain for system' % " ".join(names), file=sys.stderr)
        return 113
    if verb in ("list", "print"):
        pid_line = '\t"PID" = %s;\n' % number if number else ""
        print(
            '{\n\t"LimitLoadToSessionType" = "System";\n\t"Label" = "%s";\n\t"OnDemand" = false;\n'
            '\t"LastExitStatus" = %d;\n%s'
            '\t"Program" = "/Library/Application Support/com.trendmicro.DSAgent/ds_agent";\n'
            "};" % (LABEL, 256 if service.failed() else 0, pid_line)
        )
    elif verb in ("unload", "bootout"):
        service.stop()
        service.remember(enabled=False, failed=False)
    elif verb == "stop":
        service.restart()  # launchd keeps it alive
    elif verb == "kickstart":
        service.restart() if "-k" in argv else service.start()
    elif verb in ("load", "bootstrap", "start"):
        service.remember(enabled=True)
        service.start()
    return 0


def sw_vers(argv: List[str]) -> int:
    values = {"-productName": "macOS", "-productVersion": "14.5", "-buildVersion": "23F79"}
    if len(argv) > 1:
        print(values.get(argv[1].replace("--", "-"), ""))
    else:
        print("ProductName:\t\tmacOS\nProductVersion:\t\t14.5\nBuildVersion:\t\t23F79")
    return 0


def sysctl(argv: List[str]) -> int:
    known = {"kern.osversion": "23F79", "hw.model": "Macmini9,1", "hw.memsize": "8589934592", "hw.ncpu": "2"}
    for name in [word for word in argv[1:] if not word.startswith("-")]:
        value = known.get(name)
        if value is None:
            print("sysctl: unknown oid '%s'" % name, file=sys.stderr)
            return 1
        print(value if "-n" in argv else "%s: %s" % (name, value))
    return 0


TOOLS: Dict[str, Callable[[List[str]], int]] = {
    "pkgutil": pkgutil,
    "installer": installer,
    "launchctl": launchctl,
    "sw_vers": sw_vers,
    "sysctl": sysctl,
}
