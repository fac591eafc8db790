# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The Japanese sentences of _messages/en/report.py, in the terms of the vendor's article."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "check_waived": "事前チェックの除外: {name}（{reason}）",
    "not_judged": "ホストを判定できませんでした: {why}",
    "run_not_finished": "この実行は完了していません",
}
