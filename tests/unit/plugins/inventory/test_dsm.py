# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory: the real ansible-inventory on a Manager, and tables of names, groups and verdicts without it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.inventory.data import InventoryData

from ansible_collections.deep_security.remediation.plugins.inventory import dsm
from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm_computers
from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import load_advisory
from ansible_collections.deep_security.remediation.plugins.plugin_utils._manager import names
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record.manager import Reader
from tests.manager_stub.stub import KEY, Answer, Asked, Stub, computer
from tests.preloaded import Preloaded

ADVISORY = load_advisory()
RELAY = {"platformSettingRelayState": {"value": "true"}}
NO_WORD = {"platformSettingRelayState": {"value": "perhaps"}}
AGENT_GONE = {"agentVersion": "0.0.0.0", "agentFingerPrint": None}
OLD, FIXED = "20.0.0.4416", "20.0.0.4726"


class Inventory:
    """Runs ansible-inventory and other programs on a dsm.yml."""

    def __init__(self, folder: Path, manager: Stub, pem: Path, commands: Preloaded) -> None:
        self.folder = folder
        self.commands = commands
        self.manager = manager
        self.options: dict[str, Any] = {"url": manager.url, "ca_path": str(pem)}
        self.environment = {"DSM_API_KEY": KEY}
        self.output = ""

    def write(self, name: str = "dsm.yml", **options: Any) -> Path:
        """The file, with these options beside those that it needs; None takes one away."""
        path = self.folder / name
        content = {"plugin": "deep_security.remediation.dsm", **self.options, **options}
        path.write_text(yaml.safe_dump({key: value for key, value in content.items() if value is not None}))
        return path

    def run(self, program: str, *arguments: str | Path) -> str:
        """What a program printed. What it said beside that is in output, and the key is in neither."""
        env = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1"} | self.environment
        done = self.commands.command([program, *map(str, arguments)], self.folder, env)
        self.output = " ".join((done.stdout + done.stderr).split())
        assert KEY not in done.stdout + done.stderr
        return done.stdout if done.returncode == 0 else ""

    def list(self, *more: str | Path, **options: Any) -> dict[str, Any]:
        """The whole inventory. more: what comes before the file."""
        listed = self.run("ansible-inventory", *more, "-i", self.write(**options), "--list")
        assert listed, self.output
        # Up to ansible-core 2.18 this is how text that is no template is shown.
        shown: dict[str, Any] = json.loads(listed, object_hook=lambda part: part.get("__ansible_unsafe", part))
        return shown

    def hosts(self, *more: str | Path, **options: Any) -> dict[str, dict[str, Any]]:
        """The hosts' variables."""
        found: dict[str, dict[str, Any]] = self.list(*more, **options)["_meta"]["hostvars"]
        return found

    def refused(self, **options: Any) -> str:
        """What is said of a file that cannot be used."""
        assert not self.run("ansible-inventory", "-i", self.write(**options), "--list", "-vvv"), self.output
        return self.output


@pytest.fixture
def inventory(manager: Stub, pem: Path, tmp_path: Path, preloaded: Preloaded) -> Inventory:
    """An inventory file for the Manager of this test."""
    return Inventory(tmp_path, manager, pem, preloaded)


def fleet(*computers: dict[str, Any]) -> Callable[[Asked], Answer]:
    """Answers of a Manager with these computers, that knows its key and two groups."""

    def answer(asked: Asked) -> Answer:
        if asked.headers.get("api-secret-key") != KEY:
            return Answer(401, {"message": "Invalid API key"})
        after = asked.body["searchCriteria"][0]["idValue"]
        if asked.path.startswith("/api/computergroups/"):
            groups = [{"ID": 1, "name": "Desktops"}, {"ID": 2, "name": "Servers"}]
            return Answer(body={"computerGroups": [group for group in groups if group["ID"] > after]})
        found = [one for one in computers if one["ID"] > after]
        return Answer(body={"computers": found[: asked.body["maxItems"]]})

    return answer


def test_hosts_groups_and_variables(inventory: Inventory) -> None:
    inventory.manager.answer = fleet(
        computer(1, hostName="WEB1.example.com", agentVersion=OLD),
        computer(2, hostName="relay.example.com", computerSettings=RELAY),
        computer(3, hostName="dsva.example.com", platform="Deep Security Virtual Appliance", agentVersion=FIXED),
        computer(4, hostName="win.example.com", platform="Microsoft Windows Server 2019 (64 bit)", **AGENT_GONE),
    )
    listed = inventory.list()
    web = listed["_meta"]["hostvars"]["web1.example.com"]
    assert web == {
        "dsm_computer": Reader().computer(computer(1, hostName="WEB1.example.com", agentVersion=OLD)),
        "dsm_url": inventory.manager.url,
        "dsm_hosted_relays": False,
        "dsm_read_at": web["dsm_read_at"],
        "dsm_relays_left_out": [],
        "dsm_inventories": [str(inventory.folder / "dsm.yml")],
    }
    assert len(web["dsm_read_at"]) == len("2026-11-01T03:04:05Z")
    members = {group: part["hosts"] for group, part in listed.items() if "hosts" in part}
    assert members == {
        "deep_security_agents": ["web1.example.com", "win.example.com"],
        "deep_security_relays": ["relay.example.com"],
        "deep_security_appliances": ["dsva.example.com"],
        "deep_security_linux": ["web1.example.com", "relay.example.com", "dsva.example.com"],
        "deep_security_windows": ["win.example.com"],
        "deep_security_verdict_affected": ["web1.example.com"],
        "deep_security_verdict_fixed": ["relay.example.com", "dsva.example.com"],
        "deep_security_verdict_unknown": ["win.example.com"],
    }
    assert [asked.path.partition("?")[2] for asked in inventory.manager.asked] == 2 * [
        "expand=computerStatus&expand=computerSettings&expand=antiMalware&overrides=false"
    ]
    assert inventory.run("ansible-inventory", "-i", inventory.write(), "--list", "-vvvv")


def test_filters(inventory: Inventory) -> None:
    inventory.manager.answer = fleet(
        *(computer(number) for number in range(1, 7)),
        # A Relay in another group: its state decides about the 10.0 agent in this one.
        computer(7, computerSettings=RELAY, agentVersion=OLD),
        computer(8, agentVersion="10.0.0.3000"),
        computer(11, **AGENT_GONE),
    )
    listed = inventory.list(groups_filter=["Servers"], without_agent="exclude", names=["id"], page_size=4)
    assert set(listed["_meta"]["hostvars"]) == {"2", "5", "8"}
    assert listed["_meta"]["hostvars"]["2"]["ansible_host"] == "host2.example.com"
    assert listed["deep_security_verdict_affected"]["hosts"] == ["8"]
    assert "hosts" not in listed.get("deep_security_relays", {})
    assert listed["_meta"]["hostvars"]["2"]["dsm_relays_left_out"] == ["host7.example.com (7)"]


def test_names_that_several_computers_have(inventory: Inventory) -> None:
    names = [f"web{number}" for number in range(12) for dummy in range(2)]
    inventory.manager.answer = fleet(*(computer(number, hostName=name) for number, name in enumerate(names, 1)))
    hosts = inventory.hosts()
    assert list(hosts)[:2] == ["web0_1", "web0_2"]
    assert (len(hosts), hosts["web0_2"]["ansible_host"]) == (24, "web0")
    assert inventory.run("ansible-inventory", "-i", inventory.write(), "--list")
    assert inventory.output.count("several computers of one name") == 1
    assert "web0 (1, 2), web1 (3, 4), web10 (21, 22)" in inventory.output
    assert "and 2 more. Delete stale computers in the Manager" in inventory.output


def test_japanese_names(inventory: Inventory) -> None:
    inventory.manager.answer = fleet(computer(1, displayName="経理 サーバー", hostName="acc1.example.com"))
    hosts = inventory.hosts(names=["display_name"])
    assert list(hosts) == ["経理_サーバー"]
    assert hosts["経理_サーバー"]["ansible_host"] == "acc1.example.com"
    assert hosts["経理_サーバー"]["dsm_computer"]["display_name"] == "経理 サーバー"


def test_constructed(inventory: Inventory) -> None:
    inventory.manager.answer = fleet(computer(1, hostName="os_linux"), computer(2, policyID=3))
    listed = inventory.list(
        strict=True,
        compose={"ansible_port": "22 + dsm_computer.id", "kept": "dsm_computer.policy_id"},
        groups={"third policy": "kept | int == 3"},
        keyed_groups=[{"prefix": "os", "key": "dsm_computer.agent.os"}],
    )
    hosts = listed["_meta"]["hostvars"]
    # Up to ansible-core 2.18 numbers become text here.
    ports = {name: str(variables["ansible_port"]) for name, variables in hosts.items()}
    assert ports == {"os_linux": "23", "host2.example.com": "24"}
    assert listed["third_policy"]["hosts"] == ["host2.example.com"]
    # A group that gets the name of a host gets the hosts all the same.
    assert listed["os_linux"]["hosts"] == ["os_linux", "host2.example.com"]


CACHED = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": "cached"}


def test_cache(inventory: Inventory) -> None:
    asked = inventory.manager.asked
    inventory.manager.answer = fleet(computer(1, agentVersion=OLD), computer(2, displayName="{{ 7 * 7 }}"))
    first = inventory.list(**CACHED)
    assert len(asked) == 2
    files = [path.read_text() for path in (inventory.folder / "cached").iterdir()]
    assert [first["_meta"]["hostvars"]["host1.example.com"]["dsm_read_at"] in text for text in files] == [True]
    assert not [text for text in files if KEY in text]

    assert inventory.list(**CACHED) == first
    assert inventory.list(**CACHED, names_lowercase=False, without_agent="exclude") == first
    assert len(asked) == 2

    inventory.manager.answer = fleet(computer(1), computer(3))
    assert "host2.example.com" in inventory.hosts(**CACHED)
    # Not all of the versions of ansible-inventory have this option.
    playbook = inventory.folder / "play.yml"
    playbook.write_text(yaml.safe_dump([{"hosts": "all"}]))
    flushed = inventory.run("ansible-playbook", "--flush-cache", "--list-hosts", "-i", "dsm.yml", playbook)
    assert ("host3" in flushed, "host2" in flushed, len(asked)) == (True, False, 4), inventory.output
    assert set(inventory.hosts(**CACHED)) == {"host1.example.com", "host3.example.com"}
    assert len(asked) == 4


@pytest.mark.parametrize(
    "changed",
    [{"expand": ["computerSettings"]}, {"groups_filter": ["1"]}, {"relay_states": {"true": False}}],
)
def test_a_cache_of_something_else_is_not_used(inventory: Inventory, changed: dict[str, Any]) -> None:
    inventory.manager.answer = fleet(computer(1, computerSettings=RELAY))
    assert inventory.list(**CACHED)["deep_security_relays"]["hosts"] == ["host1.example.com"]
    inventory.manager.says(Answer(500))
    assert "has trouble of its own" in inventory.refused(**CACHED, **changed, retries=0)


def test_without_cache_the_manager_is_asked_every_time(inventory: Inventory) -> None:
    inventory.manager.answer = fleet(computer(1))
    inventory.environment["ANSIBLE_INVENTORY_CACHE_CONNECTION"] = "cached"
    inventory.list()
    inventory.list()
    assert len(inventory.manager.asked) == 4
    assert not (inventory.folder / "cached").exists()


def test_hosts_of_another_source(inventory: Inventory) -> None:
    inventory.manager.answer = fleet(
        computer(1, hostName="WEB1.example.com"),
        computer(2, hostName="db.example.com"),
        computer(3, hostName="new.example.com"),
        computer(4, hostName="twin.example.com"),
        computer(5, hostName="TWIN.example.com"),
    )
    known = inventory.folder / "hosts.yml"
    hosts = {"Web1.example.com": {}, "db": {"ansible_host": "192.0.2.77"}, "other": {}, "twin.example.com": {}}
    known.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    names = ["host_name", "host_name_short"]
    found = inventory.hosts("-i", known, names=names, known_hosts_only=True)
    assert {name for name, variables in found.items() if "dsm_computer" in variables} == {"Web1.example.com", "db"}
    assert found["db"]["ansible_host"] == "192.0.2.77"
    assert "ansible_host" not in found["Web1.example.com"]
    assert inventory.run("ansible-inventory", "-i", known, "-i", inventory.write(known_hosts_only=True), "--list")
    assert "these hosts are left as they are: twin.example.com (4, 5)" in inventory.output

    everywhere = inventory.list("-i", known, names=names)
    assert set(everywhere["deep_security_agents"]["hosts"]) == {
        *("Web1.example.com", "db", "new.example.com", "twin.example.com_4", "twin.example.com_5"),
    }


def test_a_host_of_two_managers_is_two_hosts(inventory: Inventory) -> None:
    inventory.manager.answer = fleet(computer(1, hostName="web"))
    first = inventory.write("first.dsm.yml")
    assert set(inventory.hosts("-i", first)) == {"web", "web_1"}


def test_templates_in_the_file(inventory: Inventory) -> None:
    inventory.manager.answer = fleet(computer(1))
    secrets = inventory.folder / "secrets.yml"
    secrets.write_text(yaml.safe_dump({"vault_key": KEY, "manager_port": inventory.manager.url.rsplit(":", 1)[1]}))
    password = inventory.folder / "password"
    password.write_text("secret\n")
    inventory.run("ansible-vault", "encrypt", "--vault-password-file", password, secrets)
    assert KEY not in secrets.read_text()
    inventory.environment = {"CA": inventory.options["ca_path"]}
    path = inventory.write(
        url="https://127.0.0.1:{{ manager_port }}", api_key="{{ vault_key }}", ca_path="{{ lookup('env', 'CA') }}"
    )
    arguments = ("-e", f"@{secrets}", "--vault-password-file", password, "--graph")
    assert "host1.example.com" in inventory.run("ansible-inventory", "-i", path, *arguments), inventory.output


def test_options_from_extra_variables(inventory: Inventory) -> None:
    inventory.manager.answer = fleet(computer(1))
    inventory.environment = {}
    variables = inventory.folder / "variables.yml"
    variables.write_text(yaml.safe_dump({"dsm_url": inventory.manager.url, "dsm_api_key": KEY}))
    assert inventory.run(*("ansible-inventory", "-i", inventory.write(url=None), "-e", f"@{variables}", "--graph")), (
        inventory.output
    )


BAIT = "{{ lookup('pipe', 'touch bitten') }}"


@pytest.mark.parametrize("options", [{}, CACHED], ids=["asked", "cached"])
def test_names_from_the_manager_are_no_templates(inventory: Inventory, options: dict[str, Any]) -> None:
    bait = {"hostName": BAIT, "displayName": BAIT, "lastIPUsed": BAIT, "hostGUID": BAIT, "platform": BAIT}
    status = {"agentStatus": BAIT, "agentStatusMessages": [BAIT]}
    inventory.manager.answer = fleet(computer(1, **bait, agentVersion=BAIT, computerStatus=status))
    more = {**options, "compose": {"said": "dsm_computer.display_name"}, "strict": True}
    for dummy in range(2):
        (variables,) = inventory.hosts(**more).values()
    assert variables["dsm_computer"]["display_name"] == variables["said"] == BAIT
    assert "ansible_host" not in variables
    playbook = inventory.folder / "play.yml"
    said = {"msg": "{{ [dsm_computer, said, hostvars[inventory_hostname].dsm_computer.agent] }} {{ said }}"}
    task = {"ansible.builtin.debug": said}
    playbook.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
    assert inventory.run("ansible-playbook", "-i", inventory.write(**more), playbook), inventory.output
    assert "touch bitten" in inventory.output
    assert not (inventory.folder / "bitten").exists()


# Options that cannot be used → what is said of them.
UNUSABLE: list[tuple[dict[str, Any], str]] = [
    ({"url": None}, "config 'url'|setting: url"),
    ({"url": "http://127.0.0.1:4119"}, "write https:// and the Manager's address"),
    ({"api_key": "wrong"}, r"does not accept the API key \(HTTP 401\); the answer is: Invalid API key"),
    ({"api_key": [KEY, "more"]}, "api_key is no text"),
    ({"api_key": {KEY: KEY}}, "api_key is no text"),
    ({"api_key": "{{ nothing_here }}"}, "api_key is a template that gives nothing"),
    ({"ca_path": "nothing.pem"}, "nothing.pem cannot be used"),
    ({"ca_path": None}, "is self-signed"),
    ({"known_host_only": True}, "known_host_only is no option of deep_security.remediation.dsm; did you mean known_h"),
    ({"names": ["host_name", "nick"]}, "'nick'"),
    ({"expand": ["everything"]}, "'everything'"),
    ({"groups_filter": ["Nobody"]}, "has no group Nobody"),
    ({"page_size": 0}, "page_size is 0; give at least 1"),
    ({"timeout": 0}, "timeout is 0; give at least 1"),
    ({"platform_patterns": {"linux": "("}}, "the pattern for linux is no regular expression"),
    ({"relay_states": {"on": "perhaps"}}, "relay_states: .*perhaps"),
    ({"advisory": "KA-1"}, "name a shipped one"),
    ({"strict": True, "compose": {"x": "nothing.here"}}, "Could not set x for host host1.example.com"),
    (
        {"strict": True, "keyed_groups": [{"key": "nothing.here"}]},
        "Could not generate group for host host1.example.com",
    ),
    ({"name": "manager.yml"}, "could not be verified"),
]


def test_what_cannot_be_used(inventory: Inventory) -> None:
    inventory.manager.answer = fleet(computer(1))
    inventory.environment["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "0"
    paths = [
        inventory.write(**{"name": f"{number}.dsm.yml", **options}) for number, (options, dummy) in enumerate(UNUSABLE)
    ]
    inventory.run("ansible-inventory", *(part for path in paths for part in ("-i", path)), "--list", "-vvv")
    assert not [said for dummy, said in UNUSABLE if not re.search(said, inventory.output)]
    assert inventory.output.count("Unable to parse") == len(UNUSABLE)


@pytest.mark.parametrize("key", ["{{ %s", "%s {{ nothing_here }}", "%s {%% bad", "{{ '%s' | nothing_here }}"])
def test_a_key_that_is_a_broken_template_is_not_shown(inventory: Inventory, key: str) -> None:
    inventory.environment["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "0"
    path = inventory.write(api_key=key % "s3cr3tKeyOfTheManager")
    inventory.run("ansible-inventory", "-i", path, "--list", "-vvv")
    assert "api_key is a template that gives nothing" in inventory.output
    assert "s3cr3t" not in inventory.output


def test_an_inventory_that_broke_off_has_no_hosts(inventory: Inventory) -> None:
    whole = fleet(*(computer(number) for number in range(1, 5)))

    def breaks(asked: Asked) -> Answer:
        return whole(asked) if len(inventory.manager.asked) < 2 else Answer(403)

    inventory.manager.answer = breaks
    inventory.environment["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "0"
    assert inventory.hosts(page_size=2) == {}


def test_the_documentation_is_that_of_the_modules() -> None:
    documentation = yaml.safe_load(dsm.DOCUMENTATION)
    options = documentation["options"]
    assert "deep_security.remediation._dsm.record" in documentation["extends_documentation_fragment"]
    assert options["names"]["choices"] == list(names.PREFERENCES)
    assert options["expand"]["choices"] == list(_dsm_computers.EXPANDABLE)
    assert options["expand"]["default"] == list(_dsm_computers.EXPAND)
    assert options["advisory"]["default"] == ADVISORY.id


# Without Ansible's command: groups and verdicts


class Display:
    """What the plugin warns of."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, text: str) -> None:
        self.warnings.append(text)


class Client:
    """As much of a client as the plugin asks for what it is."""

    def __init__(self, url: str = "https://dsm.example.com:4119/", api_key_type: str = "on_premises") -> None:
        self.url = url
        self.api_key_type = api_key_type


def populated(*raw: dict[str, Any], client: Any = None, **options: Any) -> tuple[Any, list[str]]:
    """(inventory, warnings) that the plugin makes of these computers."""
    plugin = dsm.InventoryModule()
    documented = yaml.safe_load(dsm.DOCUMENTATION)["options"]
    defaults = {name: option.get("default") for name, option in documented.items()}
    settings = {**defaults, "strict": True, "compose": {}, "groups": {}, "keyed_groups": [], **options}
    plugin.get_option = settings.__getitem__
    plugin.inventory, plugin.display = InventoryData(), Display()
    reader = Reader(expand=_dsm_computers.EXPAND)
    answers: dsm.Answers = {
        "asked": "",
        "read_at": "2026-11-01T03:04:05Z",
        "group_ids": [],
        "computers": [reader.computer(one) for one in raw],
    }
    plugin._populate(answers, client or Client(), ADVISORY)
    return plugin.inventory, plugin.display.warnings


def groups_of(inventory: Any, host: str) -> Collection[str]:
    """The groups of a host, short."""
    return {group.name.removeprefix("deep_security_") for group in inventory.hosts[host].groups}


@pytest.mark.parametrize(
    ("more", "groups"),
    [
        ({}, {"agents", "linux", "verdict_fixed"}),
        ({"agentVersion": OLD}, {"agents", "linux", "verdict_affected"}),
        ({"agentVersion": "20.0.0.4500"}, {"agents", "linux", "verdict_indeterminate"}),
        ({"agentVersion": "9.6.0.1"}, {"agents", "linux", "verdict_not_affected"}),
        ({"agentVersion": "10.0.0.1"}, {"agents", "linux", "verdict_conditional"}),
        ({"computerSettings": RELAY}, {"relays", "linux", "verdict_fixed"}),
        ({"computerSettings": NO_WORD}, {"linux", "verdict_fixed"}),
        ({"platform": "Deep Security Virtual Appliance"}, {"appliances", "linux", "verdict_fixed"}),
        (
            {"platform": "Deep Security Virtual Appliance", "computerSettings": NO_WORD},
            {"appliances", "linux", "verdict_fixed"},
        ),
        ({"platform": "AIX 7.2", "agentVersion": "20.0.1.25771"}, {"agents", "aix", "verdict_affected"}),
        ({"platform": "Solaris 11", "agentVersion": "20.0.2.1390"}, {"agents", "solaris", "verdict_fixed"}),
        ({"platform": "macOS 14", "agentVersion": "12.0.0.1"}, {"agents", "macos", "verdict_not_applicable"}),
        ({"platform": "Windows 10"}, {"agents", "windows", "verdict_fixed"}),
        ({"platform": "BeOS"}, {"agents", "verdict_unknown"}),
        (AGENT_GONE, {"agents", "linux", "verdict_unknown"}),
    ],
)
def test_groups(more: dict[str, Any], groups: set[str]) -> None:
    inventory, warnings = populated(computer(1, **more))
    assert groups_of(inventory, "host1.example.com") == groups
    assert len(warnings) == bool(not groups & {"agents", "relays", "appliances"})


@pytest.mark.parametrize(
    ("relays", "verdict"),
    [
        ([], "conditional"),
        ([{"computerSettings": RELAY, "agentVersion": FIXED}], "not_affected"),
        ([{"computerSettings": RELAY, "agentVersion": OLD}], "affected"),
        ([{"computerSettings": RELAY, **AGENT_GONE}], "conditional"),
        # Where any host may be a Relay, it is not proven that all Relays are fixed.
        ([{"computerSettings": RELAY, "agentVersion": FIXED}, {"computerSettings": NO_WORD}], "conditional"),
        (
            [{"computerSettings": RELAY, "agentVersion": FIXED}, {"computerSettings": NO_WORD, **AGENT_GONE}],
            "not_affected",
        ),
    ],
)
@pytest.mark.parametrize("option", [{}, {"groups_filter": ["1"]}])
def test_agents_that_depend_on_their_relays(
    relays: list[dict[str, Any]], verdict: str, option: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Relays of other groups are left out of the inventory, and count nonetheless.
    others = [computer(number, groupID=2, **more) for number, more in enumerate(relays, 2)]
    monkeypatch.setattr(dsm.InventoryModule, "_filtered", _only_first) if option else None
    inventory, dummy = populated(computer(1, groupID=1, agentVersion="10.0.0.1"), *others, **option)
    assert groups_of(inventory, "host1.example.com") == {"agents", "linux", f"verdict_{verdict}"}
    assert len(inventory.hosts) == (1 if option else 1 + len(relays))


def _only_first(plugin: Any, answers: dsm.Answers) -> list[dsm.Computer]:
    return answers["computers"][:1]


def test_a_relay_does_not_depend_on_itself() -> None:
    inventory, dummy = populated(computer(1, computerSettings=RELAY, agentVersion="10.0.0.1"))
    assert "verdict_conditional" in groups_of(inventory, "host1.example.com")


def test_groups_are_there_when_nobody_is_in_them() -> None:
    inventory, dummy = populated()
    assert {"deep_security_relays", "deep_security_aix", "deep_security_verdict_affected"} <= set(inventory.groups)
    assert not inventory.hosts


@pytest.mark.parametrize(
    ("client", "option", "hosted"),
    [
        (Client(), None, False),
        (Client(), True, True),
        (Client(api_key_type="cloud_one"), None, True),
        (Client("https://workload.us-1.cloudone.trendmicro.com/"), None, True),
        (Client(api_key_type="cloud_one"), False, False),
    ],
)
def test_hosted_relays(client: Client, option: bool | None, hosted: bool) -> None:
    inventory, dummy = populated(computer(1), client=client, hosted_relays=option)
    assert inventory.hosts["host1.example.com"].vars["dsm_hosted_relays"] is hosted


def test_no_variable_of_a_host_goes_to_a_group_of_its_name() -> None:
    inventory, warnings = populated(computer(1, hostName="all"), computer(2, hostName="deep_security_relays"))
    assert set(inventory.hosts) == {"all_1", "deep_security_relays_2"}
    assert {name: set(group.vars) for name, group in inventory.groups.items() if group.vars} == {
        "all": {"dsm_relays_left_out"}
    }
    assert "all (1), deep_security_relays (2)" in warnings[0]
