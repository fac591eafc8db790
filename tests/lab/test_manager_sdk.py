# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor's own SDK against the simulator: it understands the simulator's answers as it does a Manager's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.manager_client import ManagerClient, manager_alone

deepsecurity: Any = pytest.importorskip("deepsecurity", reason="the vendor's SDK (deep-security-api) is not installed")

FLEET: dict[str, Any] = {
    "packages": ["20.0.0-6313", "20.0.2-1390"],
    "manager": {"computers": 60, "groups": 3, "update_seconds": 0.2, "page_limit": 25, "settings": 219},
    "hosts": {
        "relay1": {"role": "relay", "build": "20.0.2-1390", "distribution": {"id": "ubuntu", "version": "20.04"}},
        "web1": {
            "build": "20.0.0-4416",
            "distribution": {"id": "debian", "version": "10"},
            "manager": {"group": "Web", "policy": "Web policy"},
        },
    },
}
VERSION = "v1"


class Sdk:
    """The SDK's classes, connected."""

    def __init__(self, manager: ManagerClient, key: str) -> None:
        configuration = deepsecurity.Configuration()
        configuration.host = manager.about["url"] + "/api"
        configuration.ssl_ca_cert = manager.about["ca_path"]
        configuration.verify_ssl = True
        configuration.api_key = {"api-secret-key": key}
        self.client = deepsecurity.ApiClient(configuration)

    def __getattr__(self, name: str) -> Any:
        return getattr(deepsecurity, name)(self.client)


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManagerClient]:
    with manager_alone(tmp_path_factory.mktemp("manager"), FLEET) as client:
        yield client


@pytest.fixture
def sdk(manager: ManagerClient) -> Iterator[Sdk]:
    yield Sdk(manager, manager.about["api_key"])
    manager.raw("DELETE", "/lab/faults")


def expand(*parts: str) -> Any:
    return deepsecurity.Expand(*parts).list()


def search_by_id(sdk: Sdk, above: int) -> Any:
    """As the vendor's examples read page by page."""
    criteria = deepsecurity.SearchCriteria(id_value=above, id_test="greater-than")
    wanted = deepsecurity.SearchFilter(None, [criteria])
    wanted.max_items = 20
    return sdk.ComputersApi.search_computers(VERSION, search_filter=wanted, expand=expand("none")).computers


def test_list(sdk: Sdk) -> None:
    listed = sdk.ComputersApi.list_computers(
        VERSION, expand=expand("computerStatus", "securityUpdates"), overrides=False
    )
    first = listed.computers[0]
    assert (first.host_name, first.agent_version, first.platform) == (
        "relay1",
        "20.0.2.1390",
        "Ubuntu Linux 20 (64 bit)",
    )
    assert first.computer_status.agent_status_messages == ["Managed (Online)"]
    assert first.security_updates.update_status.status == "active"
    assert first.security_updates.anti_malware[0].latest is True
    assert first.computer_settings is None


def test_everything_of_a_computer(sdk: Sdk) -> None:
    one = sdk.ComputersApi.describe_computer(1, VERSION)
    assert one.computer_settings.platform_setting_relay_state.value == "true"
    assert one.anti_malware.module_status.agent_status == "active"
    assert one.tasks.agent_tasks == []


def test_search_page_by_page(sdk: Sdk) -> None:
    above, found = 0, []
    while page := search_by_id(sdk, above):
        assert len(page) <= 20
        found += [computer.id for computer in page]
        above = page[-1].id
    assert found == list(range(1, 63))


def test_search_by_name(sdk: Sdk) -> None:
    criteria = deepsecurity.SearchCriteria()
    criteria.field_name, criteria.string_test, criteria.string_value = "hostName", "equal", "web1"
    found = sdk.ComputersApi.search_computers(VERSION, search_filter=deepsecurity.SearchFilter(None, [criteria]))
    assert [computer.id for computer in found.computers] == [2]


def test_settings(sdk: Sdk) -> None:
    name = deepsecurity.ComputerSettings.platform_setting_relay_state
    assert sdk.ComputersApi.describe_computer_setting(2, name, VERSION).value == "false"
    wanted = deepsecurity.SettingValue(value="true")
    assert sdk.ComputersApi.modify_computer_setting(2, name, wanted, VERSION).value == "true"
    assert sdk.ComputersApi.reset_computer_setting(2, name, VERSION).value == "false"
    system = deepsecurity.SystemSettings.platform_setting_api_soap_web_service_enabled
    assert sdk.SystemSettingsApi.describe_system_setting(system, VERSION).value == "true"
    assert sdk.SystemSettingsApi.list_system_settings(VERSION).platform_setting_load_balancer_relay_port.value == "4122"


def updates(sdk: Sdk) -> Any:
    return sdk.ComputersApi.describe_computer(2, VERSION, expand=expand("securityUpdates")).security_updates


def test_a_scheduled_task(sdk: Sdk, manager: ManagerClient) -> None:
    """As in the vendor's example: it runs now, once, and removes itself."""
    task = deepsecurity.ScheduledTask()
    task.name, task.type, task.run_now = "sdk", "check-for-security-updates", True
    task.schedule_details = deepsecurity.ScheduleDetails(recurrence_type="none", recurrence_count=1)
    task.schedule_details.once_only_schedule_parameters = deepsecurity.OnceOnlyScheduleParameters(start_time=0)
    parameters = deepsecurity.CheckForSecurityUpdatesTaskParameters(timeout="never")
    parameters.computer_filter = deepsecurity.ComputerFilter(type="computer", computer_id=2)
    task.check_for_security_updates_task_parameters = parameters
    made = sdk.ScheduledTasksApi.create_scheduled_task(task, VERSION)
    assert made.id and made.last_run_time
    manager.wait("its removal", lambda: not sdk.ScheduledTasksApi.list_scheduled_tasks(VERSION).scheduled_tasks)
    manager.wait("the update", lambda: updates(sdk).update_status.status == "error")
    assert updates(sdk).anti_malware[0].latest is False


def test_a_task_that_is_run_later(sdk: Sdk) -> None:
    details = deepsecurity.ScheduleDetails(recurrence_type="daily")
    task = deepsecurity.ScheduledTask(name="later", type="send-policy", schedule_details=details)
    made = sdk.ScheduledTasksApi.create_scheduled_task(task, VERSION)
    assert made.last_run_time is None
    assert sdk.ScheduledTasksApi.describe_scheduled_task(made.id, VERSION).name == "later"
    run = deepsecurity.ScheduledTask(run_now=True)
    assert sdk.ScheduledTasksApi.modify_scheduled_task(made.id, run, VERSION).last_run_time
    sdk.ScheduledTasksApi.delete_scheduled_task(made.id, VERSION)
    with pytest.raises(deepsecurity.rest.ApiException) as caught:
        sdk.ScheduledTasksApi.describe_scheduled_task(made.id, VERSION)
    assert caught.value.status == 404


def test_version_controls(sdk: Sdk) -> None:
    (profile,) = sdk.AgentVersionControlProfilesApi.list_agent_version_control_profiles(
        VERSION
    ).agent_version_control_profiles
    found = sdk.AgentVersionControlsApi.list_agent_version_controls(profile.id, VERSION).agent_version_controls
    ubuntu = next(one for one in found if one.platform == "Ubuntu Linux 20")
    assert (ubuntu.architecture, ubuntu.version) == ("64-bit", "20.0.2.1390")
    versions = [(one.version, one.is_latest) for one in ubuntu.available_versions]
    assert versions == [("20.0.2.1390", True), ("20.0.0.6313", False)]
    assert sdk.AgentVersionControlsApi.describe_agent_version_control(profile.id, ubuntu.id, VERSION).id == ubuntu.id


def test_a_computer_is_changed(sdk: Sdk) -> None:
    policies = {one.name: one.id for one in sdk.PoliciesApi.list_policies(VERSION).policies}
    groups = {one.name: one.id for one in sdk.ComputerGroupsApi.list_computer_groups(VERSION).computer_groups}
    web = sdk.ComputersApi.describe_computer(2, VERSION, expand=expand("none"))
    assert (web.policy_id, web.group_id) == (policies["Web policy"], groups["Web"])
    changed = deepsecurity.Computer(policy_id=policies["Base Policy"], display_name="the web")
    answer = sdk.ComputersApi.modify_computer(2, changed, VERSION, overrides=False)
    assert (answer.policy_id, answer.display_name) == (policies["Base Policy"], "the web")
    sdk.ComputersApi.delete_computer(62, VERSION)
    assert search_by_id(sdk, 61) in (None, [])


def test_keys(sdk: Sdk, manager: ManagerClient) -> None:
    assert sdk.APIKeysApi.describe_current_api_key(VERSION).role_id == 2
    for key, status in (("wrong", 401), (manager.about["auditor_key"], 403)):
        with pytest.raises(deepsecurity.rest.ApiException) as caught:
            Sdk(manager, key).ComputersApi.delete_computer(1, VERSION)
        assert caught.value.status == status
        assert "message" in caught.value.body


def test_too_many_requests(sdk: Sdk, manager: ManagerClient) -> None:
    manager.arm(storm=1)
    with pytest.raises(deepsecurity.rest.ApiException) as caught:
        search_by_id(sdk, 0)
    assert caught.value.status == 429 and caught.value.headers["Retry-After"] == "1"
    manager.arm(storm=1)
    assert sdk.PoliciesApi.list_policies(VERSION).policies, "what only reads waits for so long and asks again"
