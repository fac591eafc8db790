# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The Japanese sentences of _messages/en/plan.py, in the terms of the vendor's article."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    # Why there is no record of a host
    "not_read": "この実行では読み取られていません",
    "not_in_manager": (
        "Manager のインベントリに該当する項目がありません（dsm_computer が未設定です）。Manager と同じ名前にする"
        "か、dsa_source: both でホスト自体を読み取ってください"
    ),
    "unreachable": "応答がありませんでした: {why}",
    "unreachable_manager": "応答がありませんでした: {why}。Manager ではビルド {build}、最終接続 {contact} です",
    "not_readable": "読み取れませんでした: {why}",
    "not_readable_manager": "読み取れませんでした: {why}。Manager ではビルド {build}、最終接続 {contact} です",
    "manager_inventory_missing": (
        "dsa_source は {source} ですが、dsm_computer を持つホストがありません。Manager のインベントリも指定し（"
        "-i dsm.yml）、読み取れないという Ansible の警告がないかを確認してください"
    ),
    # Relays
    "relay_failed": "{host} はこの実行のステージ {stage} で失敗しました",
    "relay_unread": "{host}: {why}",
    "relay_not_in_inventory": (
        "{host} はインベントリにありません。dsa_relays または dsa_bundle_relay を修正するか、フリートのスライスで"
        "は同じワークフローで先に remediate_relays を実行してください"
    ),
    "relay_same_address": (
        "{host} と {other} のアドレスが同じため、一方は読み取られていません。ansible_host または ansible_port を修正"
        "するか、一方の名前を削除してください"
    ),
    "relay_not_fixed": "{host} は {verdict} です（{build}）",
    "relay_not_updated": (
        "{host} には修正が含まれていますが、その後のセキュリティアップデートが確認できません。remediate_relays を"
        "実行してください"
    ),
    "relay_served_expired": (
        "{host} は期限切れの証明書のパターンファイルをまだ配信している可能性があります。この実行で {agent} のセキ"
        "ュリティアップデートが -24 で失敗しました。Relay 自身がアップデートできることを確認してから、再度実行し"
        "てください"
    ),
    "relay_finding": "{host}: {finding}",
    "relay_contradicted": (
        "{objection}（Manager では {host} は Relay ではありません。それが正しい場合は dsa_role: agent を設定して"
        "ください）"
    ),
    "may_be_relays": (
        "Relay の可能性があるホストがあります。グループ、dsa_role、この実行での読み取りのいずれからも役割がわかり"
        "ません: {hosts}（合計 {count}）。これらも読み取るか、この Agent の Relay を dsa_relays に指定するか、"
        "deep_security_relays と dsa_role がすべての Relay を示す場合は dsa_relays_complete: true を設定してくだ"
        "さい"
    ),
    "relays_first": "先に Relay への対処が必要です: {relays}",
    "relays_left_out": (
        "Manager には、インベントリから除外されている Relay があります（{relays}）。インベントリに含めるか、この"
        "ホストの Relay を dsa_relays に指定してください"
    ),
    "relays_elsewhere": (
        "この実行のインベントリはフリートの一部のため、フリート全体の Relay がわかりません: {why}。同じワークフロー"
        "で先に、インベントリ全体に対して（スライスせずに）remediate_relays を実行するか、このホストの Relay を "
        "dsa_relays に指定してください。インベントリ全体に対する実行であれば、dsa_part_of_fleet を false に設定してく"
        "ださい"
    ),
    "relay_way_unpublished": (
        "{host} への接続方法（{variables}）がインベントリ全体にしかないため、スライスでは読み取られません。スライス"
        "せずに実行するか、その接続方法をグループ all に設定してください"
    ),
    "relay_hosts_missing": "dsa_relay_hosts が設定されていません",
    "relay_hosts_of_part": "dsa_relay_hosts は実行 {run} のもので、その実行もフリートの一部を対象としていました",
    "relay_hosts_of_other": "dsa_relay_hosts は AWX の別のインベントリ（{inventory}）に対する実行 {run} のものです",
    "relay_hosts_old": "dsa_relay_hosts は実行 {run}（{at}）のもので、有効期間の {hours} 時間を超えています",
    "no_relay_known": (
        "Relay がわかりません。Relay をグループ deep_security_relays に入れるか（--limit の範囲外でも読み取られま"
        "す）、Relay を使用しないホストに dsa_relays: [] を設定してください"
    ),
    "bundle_relay_not_fixed": (
        "この拠点のバンドルファイル dsupdate_*.zip を作成する Relay への対処が先です: {objection}。対処後に新しい"
        "バンドルファイルを作成して拠点に運び、再度実行してください"
    ),
    "finding_bundle_relay_not_fixed": (
        "この拠点のバンドルファイル dsupdate_*.zip を作成する Relay への対処が先です: {objection}。対処後に新しい"
        "バンドルファイルを作成して拠点に運び、再度実行してください。"
    ),
    # The host itself
    "failed_in_this_run": "この実行のステージ {stage} で失敗しました。原因を取り除いてから、再度実行してください",
    "note_unreadable": (
        "進捗の記録を読み取れません: {why}。ビルドアップが未完了、またはセルフプロテクションが無効の可能性があり"
        "ます。ホストを確認し、記録を削除してから、再度実行してください"
    ),
    "agent_lost": (
        "{target} へのビルドアップが開始されましたが完了しておらず（フェーズ {phase}）、現在 Agent がインストール"
        "されていません。Agent をインストールし（Windows ではプレイブック recover）、再度実行してください"
    ),
    "reboot_comes_first": "新しいビルドは再起動後に動作しますが、再起動は延期されています: {objection}",
    "no_target": (
        "ビルドアップが必要ですが、dsa_target_version に {platform} のビルドがありません。{fixed_from} 以降のビル"
        "ドを指定してください"
    ),
    "not_newer": (
        "{installed} は {verdict} で、dsa_target_version {target} より古くありません。ダウングレードは行いません。"
        "より新しいビルドを指定してください"
    ),
    "upgrade_begun_newer": (
        "{begun} へのビルドアップが開始されましたが完了していません。dsa_target_version {target} はそれより古いで"
        "す。{begun} またはより新しいビルドを指定してください"
    ),
    "not_known_to_manager": (
        "dsa_upgrade_through は manager ですが、Manager のインベントリにこのホストの項目がありません（"
        "dsm_computer が未設定です）"
    ),
    # Packages
    "unusable_platform": (
        "{name} が {value} で、ファイル名やアドレスに使用できません。ホストが自身について返す情報を確認してください"
    ),
    "no_package": (
        "{os} {arch}（{platform}）用の {target} のパッケージがありません。dsa_packages に該当がありません。ベンダー"
        "のファイルを dsa_package_dir に置くか、Manager からダウンロードするために dsm_url を設定するか、"
        "dsa_packages に記述してください（version、os、arch、distribution と、path、url、repository のいずれか）"
    ),
    "no_package_in": (
        "{os} {arch}（{platform}）用の {target} のパッケージがありません。dsa_packages に該当がなく、{directory} "
        "にもファイルがありません。ベンダーのファイルをそこに置くか、Manager からダウンロードするために dsm_url "
        "を設定するか、dsa_packages に記述してください（version、os、arch、distribution と、path、url、"
        "repository のいずれか）"
    ),
    "package_unverifiable": (
        "{file} を検証できませんでした。この種類のパッケージには検証できる署名がありません。"
        "dsa_package_checksums に SHA-256 を指定してください"
    ),
    "dpkg_sig_missing": (
        "{file} を検証できませんでした。ホストに dpkg-sig がインストールされていません。dsa_package_checksums に "
        "SHA-256 を指定するか、dpkg-sig をインストールしてください"
    ),
    "package_checksum_wrong": (
        "{path} の SHA-256 は {found} ですが、指定は {stated} です。どちらが正しいかを確認し、ファイルを置き換え"
        "るか、dsa_package_checksums または dsa_packages を修正してください"
    ),
    "package_unreadable": (
        "コントローラ上の {path} を読み取れません: {why}。アクセス権を確認するか、ファイルを置き換えてください"
    ),
    "deb_signature_unknown": (
        "{file} には SHA-256 の指定がなく、ホストに dpkg-sig があるかどうかも不明です。なければホストがパッケージ"
        "を拒否します。dsa_package_checksums に SHA-256 を指定してください"
    ),
    "msi_signature_unknown": (
        "{file} には SHA-256 の指定がありません。署名が有効かどうかはホストでのみ判定でき、有効でなければ拒否され"
        "ます。dsa_package_checksums に SHA-256 を指定してください"
    ),
    # Virtual appliances
    "appliance_by_manager": (
        "仮想アプライアンス（DSVA）の Agent は Manager からビルドアップします。{first} から {last} までのパッケー"
        "ジを Manager にインポートし、アプライアンスの Agent をビルドアップしてください。dsa_appliance_package に"
        "パッケージ名を指定すると確認できます"
    ),
    "appliance_package": (
        "仮想アプライアンス（DSVA）の Agent は Manager からビルドアップします。{package} を Manager にインポート"
        "し、Agent をビルドアップしてください"
    ),
    "appliance_package_unusable": (
        "dsa_appliance_package は {package} ですが、仮想アプライアンス（DSVA）では使用できません。使用できるのは "
        "{first} から {last} までです"
    ),
    # Tiers
    "tier_stopped_first_batch": (
        "これ以上の {tier} は開始しません。最初のバッチで {failed} 台が失敗しました（{hosts}）。原因を取り除いて"
        "から、再度実行してください"
    ),
    "tier_stopped_budget": (
        "これ以上の {tier} は開始しません。{tried} 台のうち {failed} 台が失敗し、dsa_failure_budget（{budget} %）"
        "を超えました。原因を取り除いてから、再度実行してください"
    ),
    # Reboots
    "reboot_never": "dsa_reboot は never です",
    "reboot_not_required": "再起動が必要な理由は確認されていません",
    "reboot_time_unknown": (
        "ホストの時刻が不明で、dsa_reboot_window はホストの時刻で判定します。dsa_reboot_timezone を指定してください"
    ),
    "reboot_outside_window": "現地時刻は {time}（UTC{offset}）で、dsa_reboot_window は {window} です",
}
