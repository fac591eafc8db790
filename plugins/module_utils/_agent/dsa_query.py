# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""How the running agent is queried. Its answer is read on the controller (_record/dsa_query.py)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

QUERIES = ("GetPluginVersion", "GetAgentStatus", "GetComponentInfo")
# One shell runs all three in turn: one time limit, and what was answered before a hang still counts.
_SCRIPT = "; ".join('"$0" -c ' + name for name in QUERIES)


def command(path):
    """The command that runs every query, for the dsa_query at path."""
    return ["/bin/sh", "-c", _SCRIPT, path]
