# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""How a security update ended, or why what was seen is no proof of it."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "log_succeeded": "the log {file} has: {line}",
    "log_failed": "the log {file} has: {line}",
    "log_not_whole": "the log {file} has: {line}; but not all of the logs could be read, and a failure may stand there",
    "log_order_unknown": "the log {file} has: {line}; but another log has a failure without a time, maybe a later one",
    "logs_unread": (
        "{what}. {files} could not be read, so a success in a log proves nothing: see what has that log open and that "
        "it can be read, or move it out of its folder, and run again"
    ),
    "done_by_other_run": "another run noted on the host that the update succeeded",
    "request_refused": "dsa_control refused the request: {why}",
    "query_incomplete": "dsa_query: {why}",
    "patterns_not_known_before": "the patterns from before the request are not known, and the log has no result yet",
    "patterns_unchanged": "the patterns have not changed",
    "patterns_missing": "patterns are missing from the answer: {patterns}",
    "patterns_added": "patterns were added and none is newer: {patterns}",
    "patterns_not_newer": "patterns changed and are not newer: {patterns}",
    "patterns_changing": "new patterns arrive: {patterns}",
    "patterns_newer": "new patterns: {patterns}",
}
