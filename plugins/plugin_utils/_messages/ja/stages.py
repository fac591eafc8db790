# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The Japanese sentences of _messages/en/stages.py, in the terms of the vendor's article."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    # What the controller lacks
    "no_ansible_windows": (
        "コントローラにコレクション ansible.windows がなく、Windows ホストにはこれが必要です: ansible-galaxy "
        "collection install ansible.windows。何も変更していません"
    ),
    "not_downloaded": "{why}",
    "lost": "ステージ {stage} でホストとの接続が失われました: {why}。ホストを確認してから、再度実行してください",
    "stage_settings": "ステージ {stage} を実行できませんでした: {why}",
    "stage_broke": (
        "ステージ {stage} が予期しないエラーで終了しました（{why}）。ホストを確認してから、再度実行してください"
    ),
    "parts": "{parts}",
    # precheck
    "no_precheck_needed": "事前チェックは不要です",
    "precheck_passed": "ビルドアップを妨げるものはありません",
    "precheck_stopped": "ビルドアップせず、何も変更していません: {why}",
    "precheck_failed": "ビルドアップしていません: {why}",
    "would_import": "{files} をインポートする予定です",
    "would_reboot_first": "先に再起動する予定です（{reasons}）",
    "imported": "{files} をインポートしました",
    "not_imported": "ビルドアップしていません。{file} をインポートできませんでした: {why}",
    "reboot_still_pending": (
        "ビルドアップしていません。ホストを再起動しましたが、まだ再起動が保留されています（{reasons}）。原因を取"
        "り除くか、dsa_precheck_waive で pending_reboot を除外してください"
    ),
    # upgrade
    "no_upgrade_planned": "ビルドアップの予定はありません",
    "would_upgrade": "{before} を {target} にビルドアップする予定です（{source}）",
    "would_restart": "Agent {target} を再起動する予定です",
    "upgraded": "{before} を {after} にビルドアップしました（{source}）",
    "restarted": "Agent {build} を再起動しました",
    "guarded": "Agent {build} のセルフプロテクションを有効にしました",
    "not_staged": (
        "{file} を {folder} にコピーできませんでした: {why}。何も変更していません。フォルダへの書き込みと空き容量"
        "を確認してから、再度実行してください"
    ),
    "begin_not_noted": (
        "Manager によるビルドアップを行っていません。開始をホストに記録できませんでした: {why}。再度実行してください"
    ),
    "repository_lacks": (
        "{command} は正常に終了しましたが、何もインストールしませんでした: {output}。ホストのリポジトリに "
        "{target} があり、その一覧が最新であることを確認してください"
    ),
    "installation_failed": "{why}",
    "restart_failed": "Agent のサービスを再起動できませんでした: {why}",
    "self_protection_not_restored": (
        "セルフプロテクションの状態は {state} で、有効にできませんでした: {why}。Manager で有効にしてください"
    ),
    "guard_state": "セルフプロテクションの状態は {state} です。Manager で有効にしてください",
    "guard_open": "{what}。{guard}",
    "restart_waits_for_reboot": "Agent は再起動待ちです。サービスの再起動では解決しません",
    "failed_host_has": "{what}。ホストの現在のビルド: {build}",
    "manager_did_not_upgrade": (
        "Manager のタスクは Agent をビルドアップしませんでした: {why}。Manager で確認してください"
    ),
    "note_not_written": "Agent はビルドアップ済みですが、ホストに記録できませんでした: {why}。再度実行してください",
    "build_not_reached": (
        "インストールは成功を返しましたが、{seconds} 秒後に {sources}、サービス {service} の状態は {state} です（"
        "問題: {problems}）。Agent のログを確認してから、再度実行してください"
    ),
    "msi_not_run": "Windows ではこのパッケージはインストール済みのため、実行していません。{what}",
    # reboot
    "no_reboot_required": "再起動が必要な理由は確認されていません",
    "would_reboot": "再起動する予定です（{reasons}）",
    "rebooted": "再起動しました（{reasons}）",
    "rebooted_meanwhile": "別の実行または利用者が、その間にホストを再起動しました（{reasons}）",
    "reboot_deferred": "再起動が必要ですが（{reasons}）、延期されています: {objection}",
    "reboot_deferred_waiting": (
        "再起動が必要ですが（{reasons}）、延期されています: {objection}。それまで新しいビルドの動作を確認できない"
        "ため、セキュリティアップデートを待機します"
    ),
    "reboot_no_return": "ホストが {seconds} 秒以内に再起動から復帰しませんでした: {why}。コンソールを確認してください",
    "reboot_unknown": (
        "ホストが再起動したかどうかが不明です。接続が失われ（{why}）、ホストが起動時刻を返しません。2 回目の再起"
        "動は行いません。ホストを確認し、再起動していなければ再起動し、起動時刻を読み取れない原因を調べてから、再"
        "度実行してください"
    ),
    "restart_unknown": (
        "インストーラーがホストの再起動を開始しましたが（1641）、ホストが起動時刻を返さないため、再起動が完了したか"
        "どうかが不明です。この実行では再起動しません。ホストを確認し、起動時刻を読み取れない原因を調べてから、再度実"
        "行してください。再度の実行では再起動します"
    ),
    "reboot_agent_not_healthy": "再起動から {seconds} 秒後の時点で、Agent が正常ではありません: {problems}",
    "agent_not_readable": "Agent を読み取れませんでした: {problems}",
    # update
    "would_update": "セキュリティアップデートを要求し、完了を待つ予定です",
    "updated": "アップデート済み: {evidence}",
    "update_waits_for_reboot": "セキュリティアップデートは再起動を待っています",
    "update_not_activated": (
        "Agent が有効化されていないため、Manager は応答しません。有効化してから、再度実行してください"
    ),
    "update_not_started": "セキュリティアップデートを要求できませんでした: {why}",
    "update_failed": "セキュリティアップデートに失敗しました: {evidence}",
    "update_failed_expired": (
        "セキュリティアップデートに失敗しました: {evidence}。コード -24 は、この Agent または配信元の Relay が新"
        "しいコードサイニング証明書に対応していないことを示します。使用するすべての Relay が修正が含まれるビルド"
        "で、アップデート済みであることを確認してから、再度実行してください"
    ),
    "update_not_noted": (
        "セキュリティアップデートは成功しましたが（{evidence}）、ホストに記録できませんでした: {why}。再度実行し"
        "てください"
    ),
    "update_unfinished": (
        "セキュリティアップデートが完了しません: {evidence}。ベンダーの記事 {article}（KA-0016311 からリンクされ"
        "ています）の手順を実施するか、サポートに問い合わせてください。{diagnostics}"
    ),
    "update_not_watched": "セキュリティアップデートを監視できません: {why}",
    "diagnostics_kept": "診断情報は {path} にあります",
    "diagnostics_on_host": "診断情報はホストの {path} にあります（{why}）",
    "diagnostics_not_made": "診断情報を作成できませんでした: {why}",
    # verify
    "nothing_to_verify": "チェックモードのため、何も変更していません",
    "verified": "検証済み",
    "verify_waits_for_reboot": "Agent の検証は再起動後に行います",
    "not_verified": "{seconds} 秒後に検証できませんでした: {reasons}",
}
