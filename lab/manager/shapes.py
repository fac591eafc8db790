# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Computers as JSON texts. What many computers have in common is serialised once."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from ..standins.agent import ENGINE, PATTERNS
from .store import OFFLINE, ONLINE, Computer

# What may stand in `expand`, beside none, all and allSecurityModules.
MODULES = (
    "antiMalware",
    "webReputation",
    "activityMonitoring",
    "firewall",
    "intrusionPrevention",
    "integrityMonitoring",
    "logInspection",
    "applicationControl",
    "SAP",
)
PARTS = (
    "computerStatus",
    "tasks",
    "securityUpdates",
    "computerSettings",
    *MODULES,
    "interfaces",
    "ESXSummary",
    "azureARMVirtualMachineSummary",
    "azureVMVirtualMachineSummary",
    "ec2VirtualMachineSummary",
    "noConnectorVirtualMachineSummary",
    "vmwareVMVirtualMachineSummary",
    "vcloudVMVirtualMachineSummary",
    "workspaceVirtualMachineSummary",
    "gcpVirtualMachineSummary",
)
RELAY_STATE = "platformSettingRelayState"
# Some of the 219 settings of a computer. A fleet asks for more with `settings:`, which get made-up names.
SETTINGS = {
    "platformSettingAgentCommunicationsDirection": "Bidirectional",
    "platformSettingAgentSelfProtectionPassword": "",
    "platformSettingAgentSelfProtectionPasswordEnabled": "false",
    "platformSettingAutoUpdateAntiMalwareEngineEnabled": "true",
    "platformSettingHeartbeatInactiveVmOfflineAlertEnabled": "false",
    "platformSettingHeartbeatInterval": "10 minutes",
    "platformSettingHeartbeatLocalTimeShiftAlertThreshold": "Unlimited",
    "platformSettingHeartbeatMissedAlertThreshold": "5",
    "platformSettingInactiveAgentCleanupOverrideEnabled": "false",
    "platformSettingEnvironmentVariableOverrides": "",
}
MESSAGES = {ONLINE: ("active", "Managed (Online)"), OFFLINE: ("error", "Offline")}
PAIRS = re.compile("..")
COMPACT = json.JSONEncoder(separators=(",", ":"))
ENGINE_OFFLINE = "Anti-Malware Engine Offline"
UPDATE_FAILED = "Security Update: Pattern Update on Agents/Appliances Failed"


def wanted_parts(expand: Collection[str]) -> list[str]:
    """The parts that `expand` asks for. Raises ValueError for a word that is none."""
    wanted: set[str] = set()
    for word in expand or ("all",):
        if word == "all":
            wanted.update(PARTS)
        elif word == "allSecurityModules":
            wanted.update(MODULES)
        elif word == "allVirtualMachineSummaries":
            wanted.update(part for part in PARTS if part.endswith("Summary"))
        elif word in PARTS:
            wanted.add(word)
        elif word != "none":
            raise ValueError(f"Invalid expand option: {word}")
    return [part for part in PARTS if part in wanted and not part.endswith("Summary")]


def basic(computer: Computer) -> dict[str, Any]:
    """What is there whatever `expand` says."""
    activated = computer.build is not None
    appliance = computer.kind == "appliance"
    finger = finger_print(computer) if activated else None
    dotted = computer.build.replace("-", ".") if computer.build else "0.0.0.0"
    return {
        "hostName": computer.name,
        "displayName": computer.display_name,
        "description": computer.description,
        "lastIPUsed": computer.address,
        "platform": computer.platform_text,
        "groupID": computer.group,
        "policyID": computer.policy,
        "assetImportanceID": 0,
        "relayListID": computer.relay_list,
        "agentFingerPrint": None if appliance else finger,
        "applianceFingerPrint": finger if appliance else None,
        "lastAgentCommunication": None if appliance else computer.last_contact,
        "lastApplianceCommunication": computer.last_contact if appliance else None,
        "lastSendPolicyRequest": computer.last_contact,
        "lastSendPolicySuccess": computer.last_contact,
        "agentVersion": dotted,
        "hostGUID": computer.guid,
        "ID": computer.number,
    }


def finger_print(computer: Computer) -> str:
    plain = computer.guid.replace("-", "") + computer.guid[:8]
    return ":".join(PAIRS.findall(plain))


def serialise(computer: Computer, parts: list[str], overrides: bool, settings: int) -> str:
    """The JSON of one computer."""
    text = COMPACT.encode(basic(computer))
    if not parts:
        return text
    return (
        text[:-1]
        + ","
        + ",".join(f'"{part}":{serialise_part(computer, part, overrides, settings)}' for part in parts)
        + "}"
    )


def serialise_part(computer: Computer, part: str, overrides: bool, settings: int) -> str:
    if part == "computerStatus":
        return status(computer.status, computer.kind, computer.anti_malware and computer.engine_offline)
    if part == "tasks":
        return tasks(computer.task, computer.kind)
    if part == "securityUpdates":
        return updates(
            computer.platform,
            computer.anti_malware,
            computer.patterns_current,
            computer.update_failed,
            computer.build is not None,
            computer.last_changed,
        )
    if part == "computerSettings":
        return computer_settings(computer.relay, computer.self_protection, overrides, settings)
    if part == "antiMalware":
        return anti_malware(computer.anti_malware, computer.engine_offline, computer.build is not None)
    if part == "interfaces":
        return '{"interfaces":[]}'
    return module_off()


@lru_cache(100)
def status(state: str, kind: str, engine_offline: bool) -> str:
    word, message = MESSAGES.get(state, ("inactive", "Unmanaged (Unknown)"))
    messages = [message]
    if engine_offline and state == ONLINE:
        word, messages = "error", [ENGINE_OFFLINE, message]
    quiet: dict[str, tuple[str, list[str]]] = {"appliance" if kind == "agent" else "agent": ("inactive", [])}
    said = {kind: (word, messages), **quiet}
    return json.dumps(
        {
            "agentStatus": said["agent"][0],
            "agentStatusMessages": said["agent"][1],
            "applianceStatus": said["appliance"][0],
            "applianceStatusMessages": said["appliance"][1],
        }
    )


@lru_cache(100)
def tasks(task: str | None, kind: str) -> str:
    listed = [] if task is None else [task]
    return json.dumps(
        {"agentTasks": listed if kind == "agent" else [], "applianceTasks": listed if kind == "appliance" else []}
    )


def updates(platform: str, anti_malware_on: bool, current: bool, failed: bool, known: bool, changed: int | None) -> str:
    rest = update_parts(platform, anti_malware_on, current, failed, known)
    return f'{{"lastChanged":{"null" if changed is None else changed},{rest}'


@lru_cache(100)
def update_parts(platform: str, anti_malware_on: bool, current: bool, failed: bool, known: bool) -> str:
    word, message = "active", "Security updates are current"
    if not known:
        word, message = "inactive", "Unknown"
    elif failed:
        word, message = "error", UPDATE_FAILED
    elif not current:
        word, message = "warning", "Security updates are not current"
    listed = []
    if known and anti_malware_on:
        for name, versions in [("Advanced Threat Scan Engine", ENGINE), *sorted(PATTERNS.items())]:
            listed.append(
                {
                    "name": name,
                    "forUseBy": "Agent",
                    "platform": platform,
                    "version": versions[1 if current else 0],
                    "latest": current,
                }
            )
    content = {
        "updateStatus": {"status": word, "statusMessage": message},
        "rules": [],
        "antiMalware": listed,
        "webReputationService": [],
        "manifests": [],
        "other": [],
    }
    return json.dumps(content, separators=(",", ":"))[1:]


@lru_cache(100)
def computer_settings(relay: str, self_protection: bool, overrides: bool, number: int) -> str:
    return json.dumps(
        {name: {"value": value} for name, value in settings_of(relay, self_protection, overrides, number).items()},
        separators=(",", ":"),
    )


def settings_of(relay: str, self_protection: bool, overrides: bool, number: int) -> dict[str, str]:
    """name -> value. With overrides only what this computer has for itself."""
    own = {RELAY_STATE: relay, "platformSettingAgentSelfProtectionEnabled": str(self_protection).lower()}
    if overrides:
        return {name: value for name, value in own.items() if value != "false"}
    made_up = {f"labSetting{index:03d}": "inherited" for index in range(number - len(own) - len(SETTINGS))}
    return {**own, **SETTINGS, **made_up}


@lru_cache(100)
def anti_malware(on: bool, offline: bool, known: bool) -> str:
    word, message = ("active", "On, Real Time") if on else ("inactive", "Off")
    if on and offline:
        word, message = "error", ENGINE_OFFLINE
    if not known:
        word, message = "inactive", "Off, not installed"
    return json.dumps(
        {
            "state": "on" if on else "off",
            "moduleStatus": {
                "agentStatus": word,
                "agentStatusMessage": message,
                "applianceStatus": "inactive",
                "applianceStatusMessage": "",
            },
            "realTimeScanConfigurationID": 1,
            "manualScanConfigurationID": 2,
            "scheduledScanConfigurationID": 3,
        }
    )


@lru_cache(1)
def module_off() -> str:
    return json.dumps({"state": "off", "moduleStatus": {"agentStatus": "inactive", "agentStatusMessage": "Off"}})
