# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""Asking a Manager for its computers: what modules and the inventory plugin share."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm


def search(client, expand, after=0, size=_dsm.PAGE_SIZE):
    """The computers with an ID above after as the Manager describes them, with the parts that expand names."""
    query = [("expand", name) for name in expand or ["none"]] + [("overrides", "false")]
    return client.search("computers", "computers", query, after=after, size=size)


def group_ids(client, groups):
    """The IDs of groups given by name or ID. Raises DsmError for a name that no group has."""
    ids = {int(group) for group in groups if group.isdigit()}
    names = {group for group in groups if not group.isdigit()}
    if names:
        known = {}
        for group in client.search("computergroups", "computerGroups"):
            known.setdefault(str(group.get("name")), []).append(group["ID"])
        for name in sorted(names):
            if name not in known:
                raise _dsm.DsmError("the Manager has no group %s, or does not show it to this API key" % name)
            ids.update(known[name])
    return ids
