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
    "in_no_report": "元のレポートのいずれにも含まれていません",
    # Events of the Manager about security updates
    "event_last_success": "最後のセキュリティアップデートは {time} に成功しました。",
    "event_last_failure": "最後のセキュリティアップデートは {time} に失敗しました。",
    "event_certificate_expired": (
        "セキュリティアップデートがエラーコード -24 で失敗しています。新しいコードサイニング証明書に対応していません。"
    ),
    # Verdicts
    "verdict_name_affected": "影響を受けるビルド",
    "verdict_name_conditional": "構成によって異なる",
    "verdict_name_fixed": "修正が含まれるビルド",
    "verdict_name_indeterminate": "判定保留",
    "verdict_name_mitigated": "証明書ファイルの置き換え済み",
    "verdict_name_not_affected": "影響なし",
    "verdict_name_not_applicable": "該当なし",
    "verdict_name_not_installed": "未インストール",
    "verdict_name_unknown": "不明",
    "verdict_name_unreachable": "応答なし",
    # What was done
    "done_blocked": "保留",
    "done_failed": "失敗",
    "done_nothing": "なし",
    "done_updated": "アップデート済み",
    "done_upgraded": "ビルドアップ済み",
    "done_upgraded_and_updated": "ビルドアップ・アップデート済み",
    "done_would_update": "アップデート予定",
    "done_would_upgrade": "ビルドアップ予定",
    "done_would_upgrade_and_update": "ビルドアップ・アップデート予定",
    # Reboots
    "reboot_name_done": "再起動済み",
    "reboot_name_pending": "再起動の保留",
    "reboot_name_would_reboot": "再起動予定",
    "reboot_name_would_wait": "再起動は延期予定",
    # Roles and platforms
    "role_agent": "Agent",
    "role_appliance": "仮想アプライアンス（DSVA）",
    "role_manager": "Manager",
    "role_relay": "Relay",
    "role_unknown": "役割不明",
    "platform_linux": "Linux",
    "platform_macos": "macOS",
    "platform_unix": "Unix",
    "platform_unknown": "プラットフォーム不明",
    "platform_windows": "Windows",
}
