# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Solaris: pkg (11), pkginfo, pkgadd and pkgrm (10), and the service management facility."""

from __future__ import annotations

import sys

from . import service, unixpkg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Optional, Tuple

DESCRIPTION = "Trend Micro Deep Security Agent"


def version(build: str) -> str:
    return build.replace("-", ".")


# Solaris 11


def names_the_agent(word: str) -> bool:
    name = word.split("://trendmicro/")[-1].split("pkg:/")[-1].split("@")[0].lstrip("/")
    return name in ("security/ds-agent", "ds-agent")


def split_pkg_options(words: List[str]) -> Tuple[Optional[str], List[str], List[str]]:
    origin, options, names = None, [], []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "-g" and rest:
            origin = rest.pop(0)
        elif word.startswith("-"):
            options.append(word)
        else:
            names.append(word)
    return origin, options, names


def pkg(argv: List[str]) -> int:
    verb = argv[1] if len(argv) > 1 else ""
    origin, options, names = split_pkg_options(argv[2:])
    if verb == "info":
        return pkg_info(names)
    if verb == "list":
        return pkg_list(options, names)
    if verb in ("install", "update"):
        return pkg_install(verb, origin, options, names)
    if verb == "uninstall":
        try:
            unixpkg.remove()
        except unixpkg.PackageError as error:
            print("pkg uninstall: %s" % error, file=sys.stderr)
            return 1
        return 0
    if verb == "publisher":
        print(
            "PUBLISHER                   TYPE     STATUS P LOCATION\n"
            "solaris                     origin   online F http://pkg.lab.example/solaris/"
        )
        return 0
    if verb in ("set-publisher", "unset-publisher", "refresh"):
        return 0
    print("pkg: unknown subcommand '%s'" % verb, file=sys.stderr)
    return 2


def pkg_info(names: List[str]) -> int:
    record = unixpkg.installed()
    if record is None or not all(names_the_agent(name) for name in names):
        print(
            "pkg: info: no packages matching the following patterns you specified are\n"
            "installed on the system.  Try querying remotely instead:\n\n        " + " ".join(names),
            file=sys.stderr,
        )
        return 1
    build = version(str(record["build"]))
    print(
        "             Name: security/ds-agent\n"
        "          Summary: %s\n"
        "            State: Installed\n"
        "        Publisher: trendmicro\n"
        "          Version: %s\n"
        "           Branch: None\n"
        "   Packaging Date: September 25, 2025 at 01:02:03 AM\n"
        "             Size: 98.41 MB\n"
        "             FMRI: pkg://trendmicro/security/ds-agent@%s:20250925T010203Z" % (DESCRIPTION, build, build)
    )
    return 0


def pkg_list(options: List[str], names: List[str]) -> int:
    record = unixpkg.installed()
    if record is None or not all(names_the_agent(name) for name in names):
        print(
            "pkg list: no packages matching the following patterns are installed:\n  " + " ".join(names),
            file=sys.stderr,
        )
        return 1
    build = version(str(record["build"]))
    letters = "".join(option.lstrip("-") for option in options)
    if "H" not in letters:
        print(
            "FMRI                                                                         IFO"
            if "v" in letters
            else "NAME (PUBLISHER)                                  VERSION                    IFO"
        )
    print(
        "pkg://trendmicro/security/ds-agent@%s:20250925T010203Z    i--" % build
        if "v" in letters
        else "security/ds-agent (trendmicro)                    %s                i--" % build
    )
    return 0


def pkg_install(verb: str, origin: Optional[str], options: List[str], names: List[str]) -> int:
    if not names or not all(names_the_agent(name) for name in names):
        print("\npkg %s: The following pattern(s) did not match any allowable packages." % verb, file=sys.stderr)
        return 1
    record = unixpkg.installed()
    if verb == "update" and record is None:
        print(
            "pkg update: no packages matching the following patterns are installed:\n  %s" % names[0], file=sys.stderr
        )
        return 1
    if origin is None:
        print("No updates available for this image.")
        return 4
    path = origin[7:] if origin.startswith("file://") else origin
    try:
        about = unixpkg.read(path)
        if (about["platform"], about["release"]) != ("solaris", "5.11"):
            raise unixpkg.PackageError("it is not a package archive")
    except unixpkg.PackageError as error:
        print(
            "pkg %s: The origin URIs for '%s' do not appear to point to a valid pkg repository: %s."
            % (verb, origin, error),
            file=sys.stderr,
        )
        return 1
    if record is not None and unixpkg.versions(str(record["build"])) >= unixpkg.versions(about["build"]):
        print("No updates available for this image." if verb == "update" else "No updates necessary for this image.")
        return 4
    print(
        "            Packages to %s:  1\n       Create boot environment: No"
        % ("install" if record is None else "update ")
    )
    if "-n" in options:
        return 0
    try:
        unixpkg.install(about)
    except unixpkg.PackageError as error:
        print("pkg %s: the image could not be changed: %s" % (verb, error), file=sys.stderr)
        return 1
    print("PHASE                                          ITEMS\nUpdating package state database                 Done")
    return 0


# Solaris 10


def pkginfo(argv: List[str]) -> int:
    names = [word for word in argv[1:] if not word.startswith("-")]
    record = unixpkg.installed()
    if record is None or (names and names != ["ds-agent"]):
        if "-q" not in argv:
            print('ERROR: information for "%s" was not found' % " ".join(names), file=sys.stderr)
        return 1
    if "-q" in argv:
        return 0
    if "-l" in argv:
        print(
            "   PKGINST:  ds-agent\n      NAME:  %s\n  CATEGORY:  security\n      ARCH:  %s\n   VERSION:  %s\n"
            "   BASEDIR:  /\n    VENDOR:  Trend Micro Inc.\n    STATUS:  completely installed\n"
            % (DESCRIPTION, "sparc" if record["arch"] == "sparc" else "i386", version(str(record["build"])))
        )
    else:
        print("security    ds-agent                         %s" % DESCRIPTION)
    return 0


def pkgadd(argv: List[str]) -> int:
    device = admin = ""
    names = []
    noninteractive = False
    rest = argv[1:]
    while rest:
        word = rest.pop(0)
        if word in ("-d", "-a", "-R", "-r") and rest:
            value = rest.pop(0)
            device = value if word == "-d" else device
            admin = value if word == "-a" else admin
        elif word.startswith("-"):
            noninteractive = noninteractive or "n" in word
        else:
            names.append(word)
    try:
        about = unixpkg.read(device)
        if (about["platform"], about["release"]) != ("solaris", "5.10"):
            raise unixpkg.PackageError("it is not a package datastream")
    except unixpkg.PackageError as error:
        print("pkgadd: ERROR: attempt to process datastream failed\n    - %s" % error, file=sys.stderr)
        return 1
    if names not in (["ds-agent"], ["all"]):
        print("pkgadd: ERROR: no packages were found in <%s>" % device, file=sys.stderr)
        return 1
    settings = ""
    if admin:
        try:
            with open(admin, encoding="utf-8") as stream:
                settings = stream.read()
        except OSError:
            print("pkgadd: ERROR: unable to open admin file <%s>" % admin, file=sys.stderr)
            return 1
    if unixpkg.installed() is not None and "instance=overwrite" not in settings:
        # Without that line it would have to ask, and there is nobody to answer.
        print(
            "pkgadd: ERROR: an instance of <ds-agent> is already installed and administration requires interaction"
            + ("" if noninteractive else " (no terminal)"),
            file=sys.stderr,
        )
        return 4
    print("\nProcessing package instance <ds-agent> from <%s>" % device)
    try:
        unixpkg.install(about)
    except unixpkg.PackageError as error:
        print("pkgadd: ERROR: %s\n\nInstallation of <ds-agent> failed." % error, file=sys.stderr)
        return 1
    print("\nInstallation of <ds-agent> was successful.")
    return 0


def pkgrm(argv: List[str]) -> int:
    try:
        unixpkg.remove()
    except unixpkg.PackageError as error:
        print("pkgrm: ERROR: %s" % error, file=sys.stderr)
        return 1
    print("\nRemoval of <ds-agent> was successful.")
    return 0


# Services


def smf_state() -> str:
    return (
        "online"
        if service.pid()
        else "disabled"
        if not service.enabled()
        else "maintenance"
        if service.failed()
        else "offline"
    )


def is_agent(word: str) -> bool:
    return service.installed() and word.split("/")[-1].split(":")[0] in ("ds_agent", "ds-agent")


def svcs(argv: List[str]) -> int:
    columns = ["state", "stime", "fmri"]
    heading, everything, names = True, False, []
    rest = argv[1:]
    while rest:
        word = rest.pop(0)
        if word in ("-o", "-Ho") and rest:
            columns = rest.pop(0).lower().split(",")
            heading = heading and word == "-o"
        elif word == "-H":
            heading = False
        elif word.startswith("-"):
            everything = everything or "a" in word
        else:
            names.append(word)
    for name in names:
        if not is_agent(name):
            print("svcs: Pattern '%s' doesn't match any instances" % name, file=sys.stderr)
            return 1
    if heading:
        print("  ".join(column.upper().ljust(14) for column in columns).rstrip())
    if service.installed() and (names or everything or smf_state() == "online"):
        values = {"state": smf_state(), "stime": "10:02:03", "fmri": "svc:/application/ds_agent:default"}
        print("  ".join(values.get(column, "-").ljust(14) for column in columns).rstrip())
    return 0


def svcadm(argv: List[str]) -> int:
    words = [word for word in argv[1:] if not word.startswith("-")]
    if len(words) != 2 or not is_agent(words[1]):
        print("svcadm: Pattern '%s' doesn't match any instances" % " ".join(words[1:]), file=sys.stderr)
        return 1
    verb = words[0]
    if verb in ("enable", "disable"):
        service.remember(enabled=verb == "enable")
    if verb == "disable":
        service.stop()
        service.remember(failed=False)
    elif verb in ("restart", "refresh") and smf_state() == "online":
        service.restart()
    elif verb in ("enable", "clear", "restart"):
        service.start()
    return 0  # svcadm says that it asked; svcs says what became of it


def zonename(argv: List[str]) -> int:
    print("global")
    return 0


def isainfo(argv: List[str]) -> int:
    print("amd64 i386")
    return 0


def prtconf(argv: List[str]) -> int:
    print("System Configuration:  Oracle Corporation  i86pc\nMemory size: 8192 Megabytes")
    return 0


COMMON: Dict[str, Callable[[List[str]], int]] = {
    "svcs": svcs,
    "svcadm": svcadm,
    "zonename": zonename,
    "isainfo": isainfo,
    "prtconf": prtconf,
}
TOOLS_10: Dict[str, Callable[[List[str]], int]] = {**COMMON, "pkginfo": pkginfo, "pkgadd": pkgadd, "pkgrm": pkgrm}
TOOLS_11: Dict[str, Callable[[List[str]], int]] = {**COMMON, "pkg": pkg}
