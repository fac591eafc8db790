# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.
"""The Japanese sentences of _messages/en/formats.py, in the terms of the vendor's article."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    # Heads of the columns of CSV
    "format_csv_host": "ホスト",
    "format_csv_passed": "合格",
    "format_csv_verdict": "判定",
    "format_csv_next": "次の対処",
    "format_csv_reason": "理由",
    "format_csv_role": "役割",
    "format_csv_platform": "プラットフォーム",
    "format_csv_os": "OS の種類",
    "format_csv_site": "拠点",
    "format_csv_relays": "使用する Relay",
    "format_csv_version_before": "実行前のビルド",
    "format_csv_version": "ビルド",
    "format_csv_target": "目標のビルド",
    "format_csv_updated": "セキュリティアップデート確認済み",
    "format_csv_done": "実施内容",
    "format_csv_reboot": "再起動",
    "format_csv_ready": "準備完了",
    "format_csv_verdict_before": "実行前の判定",
    "format_csv_reason_code": "理由コード",
    "format_csv_findings": "検出事項",
    "format_csv_waived": "除外",
    "format_csv_stage": "最後のステージ",
    "format_csv_error": "エラー",
    "format_csv_seconds": "所要時間（秒）",
    "format_csv_read_at": "読み取り日時",
    "format_csv_source": "読み取り元",
    # Markdown
    "format_run": "実行 {run_id}（{playbook}、{user}）: {started} ～ {finished}",
    "format_change": "変更番号 {change_id}",
    "format_heading_errors": "この実行のエラー",
    "format_heading_next": "次の対処",
    "format_heading_difference": "前回のレポートとの差分",
    "format_heading_waivers": "除外の指定",
    "format_next": "{next}対象: {count} 台（{hosts}）",
    "format_more": "… 他 {count} 台",
}
