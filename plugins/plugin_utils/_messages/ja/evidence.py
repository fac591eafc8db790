# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The Japanese sentences of _messages/en/evidence.py, in the terms of the vendor's article."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "log_succeeded": "ログ {file} に次の行があります: {line}",
    "log_failed": "ログ {file} に次の行があります: {line}",
    "log_not_whole": (
        "ログ {file} に次の行があります: {line}。ただし、読み取れないログがあり、そこに失敗が記録されている可能性"
        "があります"
    ),
    "log_order_unknown": (
        "ログ {file} に次の行があります: {line}。ただし、別のログに時刻のない失敗があり、後から発生した可能性があります"
    ),
    "logs_unread": (
        "{what}。{files} を読み取れなかったため、ログの成功は証拠になりません。ログを開いているプログラムと読み取"
        "りの権限を確認するか、ログをフォルダの外に移してから、再度実行してください"
    ),
    "done_by_other_run": "アップデートの正常終了を、別の実行がホストに記録しています",
    "request_refused": "dsa_control が要求を拒否しました: {why}",
    "query_incomplete": "dsa_query: {why}",
    "patterns_not_known_before": "要求前のパターンファイルが不明で、ログにはまだ結果がありません",
    "patterns_unchanged": "パターンファイルに変化がありません",
    "patterns_missing": "応答にパターンファイルが不足しています: {patterns}",
    "patterns_added": "パターンファイルは追加されましたが、新しくなったものはありません: {patterns}",
    "patterns_not_newer": "パターンファイルは変わりましたが、新しくなっていません: {patterns}",
    "patterns_changing": "新しいパターンファイルを取得中です: {patterns}",
    "patterns_newer": "新しいパターンファイル: {patterns}",
}
