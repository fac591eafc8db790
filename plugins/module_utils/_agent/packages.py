# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""What each package manager says about the agent: how to ask it, and how to read its answer."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re


class Said(object):
    """installed: True, False, or None when it could not be told; version: as written there, or None; problem: why."""

    def __init__(self, installed=None, version=None, problem=None):
        self.installed = installed
        self.version = version
        self.problem = problem


ABSENT = Said(installed=False)


def _field(text, name):
    found = re.search(r"^\s*" + name + r":[ \t]*(\S.*?)\s*$", text, re.MULTILINE)
    return found.group(1) if found else None


def _rpm(answer):
    # "package ds_agent is not installed", in any language; rpm says so too, on top of its errors, when it cannot open
    # its database. Warnings alone are no such error.
    errors = [line for line in answer.err.splitlines() if line.strip() and not line.startswith("warning:")]
    if answer.rc == 1 and "ds_agent" in answer.out and len(answer.out.splitlines()) == 1 and not errors:
        return ABSENT
    lines = answer.out.split()
    if answer.rc != 0 or not lines:
        return Said(problem=answer.text() or "it said nothing (exit status %s)" % answer.rc)
    if len(set(lines)) > 1:
        return Said(True, problem="lists more than one version, an upgrade did not finish: " + ", ".join(lines))
    return Said(True, lines[0])


def _dpkg(answer):
    # 1 is documented as "no package found", 2 as trouble; what it says is in any language.
    if answer.rc == 1 and not answer.out.strip() and "ds-agent" in answer.err:
        return ABSENT
    status, dummy, version = answer.out.strip().partition("\t")
    if answer.rc != 0 or not status:
        return Said(problem=answer.text() or "it said nothing (exit status %s)" % answer.rc)
    state = status.split()[-1]
    if state in ("not-installed", "config-files"):
        return ABSENT
    if state != "installed" or "reinstreq" in status:
        return Said(True, problem="the package is %s (%s), an installation did not finish" % (state, version))
    return Said(True, version)


def _lslpp(answer):
    for line in answer.out.splitlines():
        fields = line.split(":")
        if len(fields) > 5 and fields[1].strip() == "ds_agent.rte":
            level, state = fields[2].strip(), fields[5].strip()
            if state in ("B", "?"):
                return Said(
                    True,
                    problem="the fileset %s is in state %s (broken), an installation did not finish" % (level, state),
                )
            return Said(True, level)
    # The number of the message is the same in every language.
    if "0504-132" in answer.out + answer.err:
        return ABSENT
    return Said(problem=answer.text() or "it said nothing (exit status %s)" % answer.rc)


def _pkg(answer):
    if answer.rc != 0 and re.search(r"no packages? (installed )?matching|not installed", answer.out + answer.err):
        return ABSENT
    version = _field(answer.out, "Version")
    if answer.rc != 0 or not version:
        return Said(problem=answer.text() or "it said nothing (exit status %s)" % answer.rc)
    if (_field(answer.out, "State") or "").lower().startswith("not installed"):
        return ABSENT
    return Said(True, version)


def _pkginfo(answer):
    if answer.rc != 0 and "was not found" in answer.out + answer.err:
        return ABSENT
    version, status = _field(answer.out, "VERSION"), _field(answer.out, "STATUS") or ""
    if answer.rc != 0 or not version:
        return Said(problem=answer.text() or "it said nothing (exit status %s)" % answer.rc)
    if "partially" in status:
        return Said(True, problem="the package %s is %s, an installation did not finish" % (version, status))
    return Said(True, version)


def _pkgutil(answer):
    # The shell loop prints nothing when no receipt matches.
    version = _field(answer.out, "version")
    if version:
        return Said(True, version)
    return (
        Said(problem=answer.text() or "it said nothing (exit status %s)" % answer.rc)
        if answer.rc != 0 or answer.err.strip()
        else ABSENT
    )


_RECEIPTS = (
    "ids=$(pkgutil --pkgs) || exit 1; "
    'for id in $(echo "$ids" | grep -iE "$0"); do pkgutil --pkg-info "$id" || exit 1; done'
)

# source -> (command, reader of its answer). The receipt's name on macOS is not public: it is searched for.
SOURCES = {
    "linux": {
        "rpm": (["rpm", "-q", "--qf", "%{VERSION}-%{RELEASE}\\n", "ds_agent"], _rpm),
        "dpkg": (["dpkg-query", "-W", "-f", "${Status}\\t${Version}\\n", "ds-agent"], _dpkg),
    },
    "aix": {"lslpp": (["lslpp", "-Lc", "ds_agent.rte"], _lslpp)},
    "solaris": {
        "pkg": (["pkg", "info", "security/ds-agent"], _pkg),
        "pkginfo": (["pkginfo", "-l", "ds-agent"], _pkginfo),
    },
    "macos": {"pkgutil": (["/bin/sh", "-c", _RECEIPTS, "trendmicro.*(dsa|ds_agent|deepsecurity|agent)"], _pkgutil)},
}
