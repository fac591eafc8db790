# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The Japanese sentences of _messages/en/findings.py, in the terms of the vendor's article."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    # Reasons of verdicts
    "verdict_at_or_above_fixed": "{build} は修正が含まれるビルドです（{platform}: {fixed_from} 以降）。",
    "verdict_at_or_below_affected": (
        "{build} は影響を受けるビルドです（{platform}: {affected_up_to} 以下）。{fixed_from} 以降にビルドアップし"
        "てください。"
    ),
    "verdict_between_bounds": (
        "{build} はどちらの一覧にもありません。{platform} では {affected_up_to} 以下が影響を受けるビルド、"
        "{fixed_from} 以降が修正が含まれるビルドです。安全のため {fixed_from} 以降にビルドアップしてください。"
    ),
    "verdict_line_not_listed": (
        "{advisory} には {platform} の系列 {line} の記載がありません。安全のため、修正が含まれるビルドにビルドア"
        "ップしてください。"
    ),
    "verdict_line_not_listed_newer": (
        "{advisory} には {platform} の系列 {line} の記載がありません。この系列に修正が含まれるかをベンダーに確認"
        "してください。"
    ),
    "verdict_line_not_affected": "系列 {line} は {platform} では影響を受けません。",
    "verdict_no_such_agent": "{advisory} は {platform} の系列 {line} の Agent には該当しません。",
    "verdict_relay_affected": (
        "{build} が影響を受けるかどうかは Relay によって異なり、対処が済んでいない Relay があります: {relays}。先"
        "に Relay に対処し、その後この Agent についてサポートに問い合わせてください。"
    ),
    "verdict_relay_not_known_good": (
        "{build} が影響を受けるかどうかは Relay によって異なり、対処済みと確認できない Relay があります: {relays}。"
    ),
    "verdict_relays_unknown": (
        "{build} が影響を受けるかどうかは Relay によって異なりますが、Relay が不明です。dsa_relays に指定してください。"
    ),
    "verdict_relays_fixed": "すべての Relay が対処済みのため、{build} は影響を受けません。",
    "verdict_certificate_replaced": (
        "このホスト（ビルド {build}）では、サポートの案内による証明書ファイルの置き換えが済んでいると運用者が指定"
        "しています。"
    ),
    "verdict_not_installed": "Deep Security Agent はインストールされていません。",
    "verdict_sources_disagree": (
        "情報源が一致しません（{sources}）。インストールされている Agent と動作中の Agent が異なる可能性がありま"
        "す。サービスまたはホストを再起動してから、再度実行してください。"
    ),
    "verdict_source_unreadable": (
        "ビルドを確定できません。{build} であれば合格ですが、{sources}。Agent のサービスまたはホストを再起動して"
        "から、再度実行してください。変わらない場合は、この Agent を手動で確認してください。"
    ),
    "verdict_running_without_package": (
        "Agent のパッケージはインストールされていませんが、Agent の形跡があります: {signs}。このホストを手動で確"
        "認し、Agent を修復または削除してください。"
    ),
    "verdict_installation_unknown": (
        "Agent がインストールされているかを読み取れなかったため、ビルド {build} は証拠になりません。このホストを"
        "手動で確認してください。"
    ),
    "verdict_no_version": "ビルドが不明です。読み取れるビルドを示す情報源がありません。",
    "verdict_unreadable_version": "ビルドが不明です。{value} は 20.0.0-6313 のような形式のビルドではありません。",
    "verdict_no_platform": "ビルドを判定できません。記録にプラットフォームがありません。",
    "verdict_unknown_platform": (
        "ビルドを判定できません。プラットフォーム {platform} は {known} のいずれでもありません。"
    ),
    "verdict_no_record": "ビルドが不明です。記録が {value} で、マッピングではありません。",
    "verdict_with_problems": "{reason} 問題: {problems}。",
    # Parts
    "problem": "{source}: {text}",
    "source_gives": "{source} は {build} を示しています",
    "source_without_build": "{source} は応答しましたが、ビルドを示していません",
    "source_unreadable": "{source} は {value} を示しており、これはビルドではありません",
    "sign_running": "Agent のプロセスが動作しています",
    "sign_dsa_query": "dsa_query が応答します",
    "state_of": "{name} の状態は {state} です",
    "relay_is": "{name} は {verdict} です",
    "since": "（{since} から）",
    "nothing": "",
    # Findings
    "finding_remediation_pending": (
        "このホストの対処は開始されましたが、完了していません{since}: フェーズ {phase}。remediate を再度実行して"
        "ください。"
    ),
    "finding_note_unreadable": (
        "このホストの進捗の記録を読み取れません（{why}）。アップデートが未完了で、セルフプロテクションが無効の可"
        "能性があります。セルフプロテクションを手動で確認してから remediate を再度実行するか、未完了の作業がない"
        "ことを確認して記録を削除してください。"
    ),
    "finding_self_protection_off": (
        "ビルドアップのためにセルフプロテクションを無効にした後、有効に戻していません。remediate を再度実行してく"
        "ださい。"
    ),
    "finding_self_protection_off_unknown": (
        "ビルドアップの後にセルフプロテクションを有効に戻したかどうかが不明です。remediate を再度実行してください。"
    ),
    "finding_agent_gone": (
        "対処の途中で Agent がなくなっています{since}（フェーズ {phase}、セルフプロテクション {self_protection}）。"
        "Agent を再インストールし、有効化してください。"
    ),
    "finding_service_not_running": "サービス {name} の状態は {state} です。開始し、Agent のログを確認してください。",
    "finding_service_unknown": (
        "サービス {name} の状態が不明（{why}）なため、Agent が動作しているかどうかもわかりません。ホストで確認し"
        "てください。"
    ),
    "finding_service_part_not_running": (
        "動作していない Agent のサービスがあります: {services}。Agent を再起動し、ログを確認してください。"
    ),
    "finding_drivers_not_running": (
        "不正プログラム対策は有効ですが、動作していないドライバがあります: {drivers}。ホストを再起動してください。"
        "改善しない場合は、プレイブック recover を実行してください。"
    ),
    "finding_anti_malware_offline": (
        "不正プログラム対策エンジンがオフラインのため、ホストは保護されていません。Agent のサービスまたはホストを"
        "再起動してください。オフラインのままの場合は、Agent のログを確認してください。"
    ),
    "finding_anti_malware_offline_windows": (
        "不正プログラム対策エンジンがオフラインのため、ホストは保護されていません。ホストを再起動してください。オ"
        "フラインのままの場合は、プレイブック recover を実行してください。"
    ),
    "finding_anti_malware_unknown": (
        "不正プログラム対策の状態が不明です。dsa_query が示すモードは {mode} です。ホストまたは Manager で Agent "
        "の状態を確認してください。"
    ),
    "finding_anti_malware_unknown_driver": (
        "不正プログラム対策は有効ですが、dsa_query がドライバの状態（Component.AM.driverOffline）を示していません。"
        "ホストまたは Manager で Agent の状態を確認してください。"
    ),
    "finding_anti_malware_absent": "dsa_query によると、この Agent には不正プログラム対策モジュールがありません。",
    "finding_agent_silent": "Agent の応答が不完全なため、ホストが保護されているかどうかが不明です: {why}。",
    "finding_not_activated": "Agent が有効化されていないため、どの Manager にも管理されていません。",
    "finding_reboot_pending": "再起動が保留されています（{reasons}）。",
    # Findings from the Manager
    "finding_manager_disagrees_build": (
        "ホストのビルドは {here}、Manager のビルドは {there} です。その後 Agent が Manager に接続していないか、"
        "Manager が別のコンピュータを指しています。"
    ),
    "finding_manager_disagrees_relay": (
        "Manager ではこのコンピュータは Relay ですが、ホストでは Relay として待ち受けているものがありません。"
        "Manager の情報を優先します。"
    ),
    "finding_manager_disagrees_relay_host": (
        "Manager ではこのコンピュータは Relay ではありませんが、ホストでは Relay のように待ち受けているものがあり"
        "ます。dsa_role で役割を指定するまで、Agent はこのホストを待ちます。"
    ),
    "finding_manager_disagrees_relay_inventory": (
        "Manager ではこのコンピュータは Relay ではありませんが、グループ deep_security_relays に含まれています。"
        "dsa_role で役割を指定するまで、Agent はこのホストを待ちます。"
    ),
    "finding_manager_word_old": (
        "Agent が最後に Manager に接続したのは {last_contact} で、dsa_manager_max_age（{days} 日）より前です。"
        "Manager の情報は古い可能性があります。"
    ),
    "finding_manager_word_old_never": (
        "Manager に Agent との最終接続時刻がないため（{last_contact}）、Manager の情報は証拠になりません。"
    ),
    "finding_manager_word_old_future": (
        "Agent が最後に Manager に接続した時刻 {last_contact} は未来のため、Manager の情報がいつのものか不明です。"
        "Manager とこのマシンの時計を比べてください。"
    ),
    "finding_updates_failing": "Manager によると、この Agent のセキュリティアップデートは失敗しています: {why}。",
    "finding_updates_failing_certificate": (
        "この Agent はすでにパターンファイルのアップデートに失敗しています: イベント 9017、エラーコード -24、最終"
        " {last_failure}。"
    ),
    # What stands against "verified"
    "unverified_one_source": "ビルドを示す情報源が {source} だけです。2 つの情報源が必要です。",
    "unverified_no_source": "ビルドを示す情報源がありません。2 つの情報源が必要です。",
    "unverified_below_target": "{source} は {build} を示しており、目標 {target} より古いです。",
    # Why the signature of a package for Windows does not count
    "package_unseen": "パッケージを確認できません: {why}",
    "signature_not_valid": (
        "Windows によると {signer} の署名の状態は {status} で、SHA-256 の指定もありません。dsa_package_checksums "
        "に SHA-256 を指定するか、必要な証明書をインポートしてください。dsa_verify_packages: false でこの確認を無"
        "効にできます"
    ),
    "signature_partial": (
        "{signer} の証明書チェーンがルートに達しません。中間証明書がホストにありません。証明書をインポートするか、"
        "パッケージの SHA-256 を dsa_package_checksums に指定してください"
    ),
    "signed_by_other": "署名者は {signer} で、{setting} に一致しません。パッケージの入手元を確認してください",
    "signer_slow": "{why}",
}
