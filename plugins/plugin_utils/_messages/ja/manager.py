# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The Japanese sentences of _messages/en/manager.py, in the terms of the vendor's article."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "manager_not_read": (
        "dsm_minimum_version は {minimum} ですが、Manager のバージョンが不明です。読み取れるように dsm_url と "
        "dsm_api_key を設定するか、dsm_version に指定してください"
    ),
    "manager_unreadable": (
        "dsm_minimum_version は {minimum} ですが、Manager のバージョンを読み取れませんでした: {problem}。これを修"
        "正するか、dsm_version にバージョンを指定してください"
    ),
    "manager_older_line": (
        "先に Manager をビルドアップする必要があります。Manager のバージョン {version} は、目標 {target} より古い"
        "系列です。たとえばプレイブック remediate_managers を使用してください"
    ),
    "manager_below_minimum": (
        "先に Manager をビルドアップする必要があります。Manager のバージョン {version} は dsm_minimum_version "
        "{minimum} より古いです。たとえばプレイブック remediate_managers を使用してください"
    ),
}
