# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The Japanese sentences of _messages/en/next.py, in the terms of the vendor's article."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "next_nothing": "対処は不要です。",
    "next_upgrade": "プレイブック remediate で Agent をビルドアップしてください。",
    "next_update": "Agent のセキュリティアップデートを実行し、前回の失敗の原因を調べてください。",
    "next_finish_remediation": "ホストでの作業が未完了のため、プレイブック remediate を再度実行してください。",
    "next_run_again": "このホストに対してプレイブックを再度実行してください。",
    "next_run_without_check": "--check を付けずにプレイブックを実行してください。",
    "next_fix_relay_first": (
        "先にプレイブック remediate_relays で、このホストの Relay をビルドアップし、セキュリティアップデートを実"
        "行してください。"
    ),
    "next_name_relays": (
        "どのホストが Relay かを指定し（グループ deep_security_relays、dsa_role、dsa_relays）、再度実行してください。"
    ),
    "next_run_relays_whole": (
        "インベントリ全体に対して（スライスせずに）プレイブック remediate_relays を実行し、同じワークフローでこのプ"
        "レイブックを再度実行してください。"
    ),
    "next_make_reachable": "コントローラからホストに接続できるようにしてから、再度実行してください。",
    "next_look_at_reading": "Agent を読み取れない原因をホストで調べてから、再度実行してください。",
    "next_look_at_agent": "Agent またはホストを再起動し、Agent のログを確認してから、再度実行してください。",
    "next_check_note": "ホストで進捗の記録とセルフプロテクションを手動で確認してから、再度実行してください。",
    "next_install_agent": "ホストに Agent をインストールして有効化してから、再度実行してください。",
    "next_activate": "Manager で Agent を有効化してから、再度実行してください。",
    "next_restore_self_protection": (
        "Agent のセルフプロテクションを有効にしてください（remediate の再実行、または Manager）。"
    ),
    "next_decide_build": "このビルドに修正が含まれるかをベンダーに確認してください。",
    "next_ask_support": "ベンダーの記事の手順を実施するか、診断情報を添えてサポートに問い合わせてください。",
    "next_look_at_failure": "ホストで失敗の原因を取り除いてから、再度実行してください。",
    "next_fix_failed_first": "先に実行した他のホストの失敗の原因を取り除いてから、再度実行してください。",
    "next_remove_obstacle": "事前チェックで見つかった問題をホストで取り除いてから、再度実行してください。",
    "next_provide_package": "目標のビルドのパッケージをコントローラに用意してから、再度実行してください。",
    "next_state_checksum": "dsa_package_checksums にパッケージの SHA-256 を指定してから、再度実行してください。",
    "next_set_target": (
        "dsa_target_version に、修正が含まれ、現在より新しいビルドを指定してから、再度実行してください。"
    ),
    "next_correct_settings": "設定またはインベントリを修正してから、再度実行してください。",
    "next_prepare_controller": (
        "コントローラにコレクション ansible.windows をインストールしてから、再度実行してください。"
    ),
    "next_upgrade_manager": "先に Manager をビルドアップしてください（たとえばプレイブック remediate_managers）。",
    "next_look_at_manager": "Manager で Agent と最終接続を確認してから、再度実行してください。",
    "next_upgrade_appliance": "Manager から仮想アプライアンス（DSVA）の Agent をビルドアップしてください。",
    "next_allow_reboot": (
        "ホストを再起動するか、dsa_reboot と dsa_reboot_window で再起動を許可してから、再度実行してください。"
    ),
}
