# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The Japanese sentences of _messages/en/terminal.py, in the terms of the vendor's article."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    # The result
    "terminal_passed": "{advisory} 合格: {hosts} 台中 {passed} 台が合格しました",
    "terminal_not_passed": "{advisory} 不合格: {hosts} 台中 {passed} 台が合格しました",
    "terminal_ready": "{advisory} 合格: {hosts} 台中 {ready} 台が準拠済みまたは対処可能です",
    "terminal_not_ready": "{advisory} 不合格: {hosts} 台中 {ready} 台が準拠済みまたは対処可能です",
    "terminal_not_finished": "この実行は完了していません",
    "terminal_nothing_to_do": "この実行の対象ホストに、対象の階層のホストはありません。処理するものはありませんでした",
    "terminal_check_mode": "チェックモード: 何も変更していません",
    "terminal_errors_one": "この実行のエラー 1 件",
    "terminal_errors": "この実行のエラー {count} 件",
    "terminal_left_out_one": "インベントリのホスト 1 台が対象外です（{why}）",
    "terminal_left_out": "インベントリのホスト {count} 台が対象外です（{why}）",
    "terminal_end_passed": "合格。レポート: {path}",
    "terminal_end_passed_more": "合格。レポート: {path}（同じ場所に {others}）",
    "terminal_end_not_passed": "不合格。レポート: {path}",
    "terminal_end_not_passed_more": "不合格。レポート: {path}（同じ場所に {others}）",
    "terminal_sent": "レポートを {to} に送信しました",
    "terminal_not_sent": "レポートを {to} に送信できませんでした: {problem}",
    # Counts
    "terminal_count": "{name} {count}",
    "terminal_separator": "、",
    "terminal_merged": "{count} 件の実行のレポートから作成（終了時刻: {first} ～ {last} UTC）",
    "terminal_verdicts": "判定: {counts}",
    "terminal_done": "実施: {counts}",
    "terminal_readiness": (
        "変更作業の準備状況: ビルドアップ予定 {would_upgrade}、アップデート予定 {would_update}、再起動予定 "
        "{would_reboot}、再起動は延期予定 {would_reboot_later}、保留 {blocked}、応答なし {silent}、準拠済み "
        "{complies}"
    ),
    # What the operator should know of the run itself
    "terminal_error": "この実行のエラー: {text}",
    "terminal_warning": "警告: {text}",
    "terminal_more_errors": "… 他にエラーが {count} 件あります。レポートを参照してください",
    "terminal_more_warnings": "… 他に警告が {count} 件あります。レポートを参照してください",
    "terminal_more_waivers": "… 他に除外の指定が {count} 件あります。レポートを参照してください",
    "terminal_waiver_applied": "除外を適用: {count} 台（{hosts}）、{what}、期限 {expires}、責任者 {owner}: {reason}",
    "terminal_waiver_expired": (
        "この除外は {expires} に期限切れとなり、適用されません: {what}、責任者 {owner}: {reason}"
    ),
    "terminal_waiver_unused": "この除外により合格したホストはこの実行にありません: {what}、責任者 {owner}: {reason}",
    "terminal_difference_fixed": "{since} 以降に対処済み: {count} 台（{hosts}）",
    "terminal_difference_newly_affected": "{since} 以降に新たに影響: {count} 台（{hosts}）",
    "terminal_difference_regressed": "{since} より悪化: {count} 台（{hosts}）",
    "terminal_difference_gone": "{since} のレポートにあり、今回ないもの: {count} 台（{hosts}）",
    "terminal_difference_new": "{since} 以降に追加: {count} 台（{hosts}）",
    # What needs attention
    "terminal_block_one": "{host}: {reason}",
    "terminal_block": "{count} 台: {reason}",
    "terminal_block_example": "{count} 台（値はホストごとに異なります。例: {host}）: {reason}",
    "terminal_hosts_more": "{hosts} … 他 {count} 台",
    "terminal_next": "→ {next}",
    "terminal_more_blocks": (
        "… 他に {count} 件の理由（{hosts} 台）があります。レポートにすべてあり、-v で全ホストを表示します"
    ),
    "terminal_build_change": "{before} → {after}",
    # Progress
    "progress_tier": (
        "{tier}、バッチ {batch}/{batches}: {hosts} 台中 {done} 台完了、経過 {elapsed}、{working}、{host}: {what}"
    ),
    "progress_play": "{done} 台完了、経過 {elapsed}、{working}、{host}: {what}",
    "progress_working": "ステージ {stage} に {count} 台",
    "progress_relays": "Relay",
    "progress_agents": "Agent",
    "progress_stage": "ステージ {stage} を {seconds} 秒間実行中",
    "progress_plan": "計画: {parts}",
    "progress_plan_relays": "作業対象の Relay: {count} 台（{hosts}）",
    "progress_plan_agents": "作業対象の Agent: {count} 台（{hosts}）",
    "progress_plan_blocked": "現時点で保留: {count} 台（例: {host}: {reason}）",
    "progress_plan_nothing": "作業はありません",
    "waiting_for_update": "セキュリティアップデート、{seconds} 秒経過（上限 {limit} 秒）: {evidence}",
    "waiting_for_verification": "未検証: {problems}",
    "waiting_for_agent": "再起動後: {problems}",
    "waiting_for_build": "{target} の動作を待っています。現在は {build} です",
    "waiting_for_reboot": "再起動中（{reasons}）",
    "waiting_for_installation": "別のインストールが実行中のため、再試行しています",
}
