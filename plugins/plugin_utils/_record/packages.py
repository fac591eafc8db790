# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What each package database says about the agent."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .answer import Answer

_UNFINISHED = "an installation did not finish"


@dataclass(frozen=True)
class Package:
    """installed: None where it cannot be told. version: as written there, None where none was named.

    code and text: a problem, as in the record.
    """

    installed: bool | None = None
    version: str | None = None
    code: str | None = None
    text: str = ""


_ABSENT = Package(installed=False)


def _half_installed(text: str) -> Package:
    return Package(True, None, "half_installed", text)


def _no_use(answer: Answer) -> Package:
    return Package(None, None, "no_answer", answer.why(None))


def _named(version: str | None) -> Package:
    return Package(True, version or None)


def _fields(text: str, name: str) -> str | None:
    """The value of a field; every different one where it is there more than once, so that none is taken for the one."""
    found = re.findall(rf"^[ \t]*{name}:[ \t]*([^ \t\n][^\n]*?)[ \t]*$", text, re.MULTILINE)
    return ", ".join(dict.fromkeys(found)) or None


def _rpm(answer: Answer) -> Package:
    # "package ds_agent is not installed", in any language; rpm says so too, on top of its errors, when it cannot open
    # its database. Warnings alone are no such error.
    lines = answer.lines
    errors = [line for line in answer.err.split("\n") if line.strip() and not line.startswith("warning:")]
    if answer.rc == 1 and len(lines) == 1 and "ds_agent" in lines[0] and not errors:
        return _ABSENT
    if answer.rc != 0 or not lines:
        return _no_use(answer)
    if len(set(lines)) > 1:
        return _half_installed("lists more than one version, an upgrade did not finish: " + ", ".join(lines))
    return _named(lines[0])


def _dpkg(answer: Answer) -> Package:
    # 1 is documented as "no package found", 2 as trouble; what it says is in any language.
    if answer.rc == 1 and not answer.lines and "ds-agent" in answer.err:
        return _ABSENT
    status, dummy, version = answer.out.strip(" \t\n").partition("\t")
    words = status.split()
    if answer.rc != 0 or not words:
        return _no_use(answer)
    if words[-1] in ("not-installed", "config-files"):
        return _ABSENT
    if words[-1] != "installed" or "reinstreq" in words:
        return _half_installed(f"the package is {words[-1]} ({version}), {_UNFINISHED}")
    return _named(version)


def _lslpp(answer: Answer) -> Package:
    for line in answer.lines:
        fields = [field.strip(" \t") for field in line.split(":")]
        if len(fields) > 5 and fields[1] == "ds_agent.rte":
            if fields[5] in ("B", "?"):
                return _half_installed(f"the fileset {fields[2]} is in state {fields[5]} (broken), {_UNFINISHED}")
            return _named(fields[2])
    # The number of the message is the same in every language.
    return _ABSENT if "0504-132" in answer.out + answer.err else _no_use(answer)


def _pkg(answer: Answer) -> Package:
    if answer.rc != 0 and re.search(r"no packages? (installed )?matching|not installed", answer.out + answer.err):
        return _ABSENT
    version = _fields(answer.out, "Version")
    if answer.rc != 0 or not version:
        return _no_use(answer)
    if (_fields(answer.out, "State") or "").lower().startswith("not installed"):
        return _ABSENT
    return _named(version)


def _pkginfo(answer: Answer) -> Package:
    if answer.rc != 0 and "was not found" in answer.out + answer.err:
        return _ABSENT
    version, status = _fields(answer.out, "VERSION"), _fields(answer.out, "STATUS") or ""
    if answer.rc != 0 or not version:
        return _no_use(answer)
    if "partially" in status:
        return _half_installed(f"the package {version} is {status}, {_UNFINISHED}")
    return _named(version)


def _pkgutil(answer: Answer) -> Package:
    version = _fields(answer.out, "version")
    if version:
        return _named(version)
    # The loop over receipts prints nothing when none matches.
    return _ABSENT if answer.rc == 0 and not answer.out.strip() and not answer.err.strip() else _no_use(answer)


_Reader = Callable[[Answer], Package]
# operating system -> source -> reader of its answer, in the order in which they name the version
DATABASES: Mapping[str, Mapping[str, _Reader]] = {
    "linux": {"dpkg": _dpkg, "rpm": _rpm},
    "aix": {"lslpp": _lslpp},
    "solaris": {"pkg": _pkg, "pkginfo": _pkginfo},
    "macos": {"pkgutil": _pkgutil},
}


def packages(os_name: str, answers: Mapping[str, Answer], timeout: object) -> dict[str, Package]:
    """source -> what it says, of every package database of this operating system that is there."""
    found = {}
    for source, read in DATABASES[os_name].items():
        answer = answers.get(source, Answer())
        if answer.missing:
            continue  # not this host's package manager
        found[source] = read(answer) if answer.complete else Package(None, None, "no_answer", answer.why(timeout))
    return found
