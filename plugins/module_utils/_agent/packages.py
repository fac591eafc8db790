# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""How each package database is queried for the agent. Its answer is read on the controller (_record/packages.py)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

# The receipt's name on macOS is not public: it is searched for. The loop prints nothing when no receipt matches.
_RECEIPTS = (
    "ids=$(pkgutil --pkgs) || exit 1; "
    'for id in $(echo "$ids" | grep -iE "$0"); do pkgutil --pkg-info "$id" || exit 1; done'
)

# operating system -> source -> command
COMMANDS = {
    "linux": {
        "rpm": ["rpm", "-q", "--qf", "%{VERSION}-%{RELEASE}\\n", "ds_agent"],
        "dpkg": ["dpkg-query", "-W", "-f", "${Status}\\t${Version}\\n", "ds-agent"],
    },
    "aix": {"lslpp": ["lslpp", "-Lc", "ds_agent.rte"]},
    "solaris": {
        "pkg": ["pkg", "info", "security/ds-agent"],
        "pkginfo": ["pkginfo", "-l", "ds-agent"],
    },
    "macos": {"pkgutil": ["/bin/sh", "-c", _RECEIPTS, "trendmicro.*(dsa|ds_agent|deepsecurity|agent)"]},
}
