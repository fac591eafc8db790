# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts from a Deep Security Manager."""

from __future__ import annotations

DOCUMENTATION = r"""
name: dsm
short_description: Hosts, Relays and verdicts from a Deep Security Manager
version_added: 0.1.0
description:
  - Makes a host of every computer of a Deep Security Manager (DSM) or of Workload Security, with what the Manager knows
    of its agent, and judges it by the advisory. No host is touched. 5000 computers come with one request.
  - The file's name must end in C(dsm.yml), C(dsm.yaml), C(deep_security.yml) or C(deep_security.yaml).
  - Every computer is in at most one of the groups C(deep_security_relays), C(deep_security_agents) and
    C(deep_security_appliances). One whose Relay state is not in the answer of the Manager is in none of them, because
    an unknown Relay must not be taken for an Agent.
  - By its operating system it is in C(deep_security_windows), C(deep_security_linux), C(deep_security_aix),
    C(deep_security_solaris) or C(deep_security_macos).
  - By its verdict it is in one of C(deep_security_verdict_affected), C(deep_security_verdict_fixed) and so on, with the
    verdicts of P(deep_security.remediation.dsa_verdict#filter). These are by the Manager's data alone; what
    you set for a host, such as that its certificate was replaced, counts in the roles.
  - Every host has the variable C(dsm_computer), which is an entry of C(computers) of
    M(deep_security.remediation.dsm_computer_info), C(dsm_url), C(dsm_hosted_relays), and C(dsm_read_at), the moment in
    UTC at which the Manager was read.
  - Of all hosts C(dsm_relays_left_out) names the Relays that the Manager knows and that O(groups_filter) or
    O(known_hosts_only) leaves out; Agents wait for them, unless C(dsa_relays) names the Relays they use. And
    C(dsm_inventories) has the paths of the files of this plugin that were read.
  - Hosts that an inventory source before this one has made are found by O(names) without regard to case, and keep the
    spelling and the address that they have. So name this file after the others, such as in
    C(-i hosts.yml -i dsm.yml).
  - Where the name of a new host is neither its host name nor its address, C(ansible_host) is set to that.
  - Names with spaces or characters that have a meaning to Ansible get C(_) for these. Names of the controller itself,
    such as V(localhost), are passed over.
  - Where several computers have the same name, which often comes from computers that were never deleted in the Manager,
    all of them get their ID appended, with a warning.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
notes:
  - Ansible goes on with a warning when an inventory source cannot be read. Set
    E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) to V(true), so that no fleet is judged by half of its hosts.
  - The API key is in no variable of a host and in no cache.
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [deep_security.remediation.dsm]
  url:
    description:
      - The address of the Manager's console, such as V(https://dsm.example.com:4119), with or without C(/api).
      - Workload Security has V(https://workload.REGION.cloudone.trendmicro.com).
      - May be a Jinja2 template.
    env:
      - name: DSM_URL
    vars:
      - name: dsm_url
  api_key:
    description:
      - The secret of an API key. The role Auditor suffices.
      - May be a Jinja2 template, so that it can come from a lookup, or from a vaulted file that is given with C(-e).
    type: raw  # Ansible shows a value that is of the wrong type
    env:
      - name: DSM_API_KEY
    vars:
      - name: dsm_api_key
  api_key_type:
    env:
      - name: DSM_API_KEY_TYPE
    vars:
      - name: dsm_api_key_type
  ca_path:
    description:
      - A PEM file of the CAs, or of the self-signed certificate, to trust instead of those of the system.
      - May be a Jinja2 template.
    type: str
    env:
      - name: DSM_CA_PATH
    vars:
      - name: dsm_ca_path
  validate_certs:
    env:
      - name: DSM_VALIDATE_CERTS
    vars:
      - name: dsm_validate_certs
  use_proxy:
    env:
      - name: DSM_USE_PROXY
  timeout:
    env:
      - name: DSM_TIMEOUT
  retries:
    env:
      - name: DSM_RETRIES
  deadline:
    env:
      - name: DSM_DEADLINE
  names:
    description:
      - What to name hosts after. The first that a computer has is taken.
      - V(host_name_short) is the host name up to its first dot, V(id) the Manager's number of the computer.
    type: list
    elements: str
    choices: [host_name, display_name, address, host_name_short, id]
    default: [host_name, display_name, address]
  names_lowercase:
    description:
      - Whether new hosts get names in lower case. The DNS knows no case, but Ansible does, and Windows hosts often
        register in capitals while inventories and C(host_vars) have small letters.
    type: bool
    default: true
  known_hosts_only:
    description: Whether to make no new hosts, and only add to those that inventory sources before this one have made.
    type: bool
    default: false
  groups_filter:
    description:
      - Only computers in one of these groups of the Manager, by name or ID, without the groups below.
      - All computers are read nonetheless, since Relays outside of them count for the verdicts.
    type: list
    elements: str
  without_agent:
    description: What to do with computers on which the Manager knows no agent.
    type: str
    choices: [include, exclude]
    default: include
  hosted_relays:
    description:
      - Whether the vendor hosts Relays for this Manager.
      - If it is left out, Workload Security (Cloud One) has them, and all others do not.
    type: bool
  advisory:
    description: The advisory to judge by, the name of a shipped one or the path of a YAML file.
    type: str
    default: KA-0016311
  expand:
    description:
      - What to read from the Manager beside the computers themselves, as in
        M(deep_security.remediation.dsm_computer_info).
      - Without V(computerSettings) it is not known which computers are Relays.
    type: list
    elements: str
    choices: [computerStatus, computerSettings, antiMalware, securityUpdates]
    default: [computerStatus, computerSettings, antiMalware]
extends_documentation_fragment:
  - deep_security.remediation._dsm
  - deep_security.remediation._dsm.record
  - constructed
  - inventory_cache
seealso:
  - module: deep_security.remediation.dsm_computer_info
  - plugin: deep_security.remediation.dsa_verdict
    plugin_type: filter
"""

EXAMPLES = r"""
# dsm.yml. The API key comes from the environment variable DSM_API_KEY.
plugin: deep_security.remediation.dsm
url: https://dsm.example.com:4119
ca_path: /etc/pki/dsm.pem

---
# production.dsm.yml: only hosts of hosts.yml (ansible-playbook -i hosts.yml -i production.dsm.yml -e @vault.yml ...)
plugin: deep_security.remediation.dsm
url: https://dsm.example.com:4119
api_key: "{{ vault_dsm_api_key }}"
names: [host_name, host_name_short, address]
known_hosts_only: true
expand: [computerStatus, computerSettings, antiMalware, securityUpdates]

---
# deep_security.yml: servers alone, for an hour from a file, with groups of your own
plugin: deep_security.remediation.dsm
url: https://dsm.example.com:4119
groups_filter: [Servers]
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/dsm
cache_timeout: 3600
strict: true
compose:
  ansible_connection: "'winrm' if dsm_computer.agent.os == 'windows' else 'ssh'"
groups:
  silent: dsm_computer.status != 'active'
keyed_groups:
  - prefix: policy
    key: dsm_computer.policy_id | string
"""

import difflib
import json
import time
import typing as t
from urllib.parse import urlsplit

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.path import unfrackpath
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm, _dsm_computers
from ansible_collections.deep_security.remediation.plugins.module_utils._masks import Masks

from ..plugin_utils._advisory import Advisory, AdvisoryError, Context, decide, load_advisory
from ..plugin_utils._advisory.rules import VerdictName
from ..plugin_utils._manager.names import Names, choose, connect_to
from ..plugin_utils._record.manager import PLATFORMS, Reader

Computer = dict[str, t.Any]
"""An entry of dsm_computer_info's computers."""

SUFFIXES = ("dsm.yml", "dsm.yaml", "deep_security.yml", "deep_security.yaml")
TEMPLATES = ("url", "api_key", "ca_path")
RELAYS = "deep_security_relays"
AGENTS = "deep_security_agents"
APPLIANCES = "deep_security_appliances"
VERDICT = "deep_security_verdict_"
# They are always there, so that a play for an empty group causes no warning.
GROUPS = (
    RELAYS,
    AGENTS,
    APPLIANCES,
    *(f"deep_security_{system}" for system in PLATFORMS),
    *(VERDICT + verdict for verdict in t.get_args(VerdictName)),
)
# Up to ansible-core 2.18 every text is a template unless it is marked; later ones mark what is one.
TEXT_IS_TEMPLATE = wrap_var("").__class__ is not str
# Part of what a cache is compared with: raise it when a computer looks different from before.
CACHE_FORMAT = 2


class Answers(t.TypedDict):
    """What is cached of the Manager: all computers, since Relays left out by a filter count for verdicts."""

    asked: str
    read_at: str
    group_ids: list[int]
    computers: list[Computer]


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """What Ansible looks for."""

    NAME = "deep_security.remediation.dsm"

    def verify_file(self, path: str) -> bool:
        """Whether the file may be for this plugin, by its name."""
        return bool(super().verify_file(path)) and path.endswith(SUFFIXES)

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Fill the inventory. Everything that may fail comes before the first host, but for expressions with strict."""
        super().parse(inventory, loader, path, cache)
        self._refuse_unknown_options(self._read_config_data(path))
        try:
            advisory = load_advisory(self.get_option("advisory"))
            client = self._client()
            answers = self._answers(client, path, cache)
        except (_dsm.DsmError, AdvisoryError, ValueError) as error:
            raise AnsibleParserError(str(error)) from None
        self._populate(answers, client, advisory)
        # Last of all, as who looks for it wants to know that nothing of it is missing.
        self._of_all("dsm_inventories", [path])

    def _of_all(self, name: str, more: list[str]) -> None:
        """Add to a list that is a variable of all hosts, as several Managers may have one."""
        everybody = self.inventory.groups["all"]
        everybody.set_variable(name, [*everybody.vars.get(name, []), *more])

    def _refuse_unknown_options(self, config: t.Iterable[str]) -> None:
        """Ansible itself would pass over a filter that is misspelt, and act on all hosts."""
        known = set(self.option_definitions)
        for name in config:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, 1)
                meant = f"; did you mean {near[0]}?" if near else ""
                raise AnsibleParserError(f"{name} is no option of {self.NAME}{meant}")

    def _client(self) -> t.Any:
        """A client of the Manager. Raises DsmError for options that cannot be used."""
        options = {name: self.get_option(name) for name in _dsm.argument_spec()}
        self.templar.available_variables = self._vars
        for name in TEMPLATES:
            if options[name] is not None:
                try:
                    value = self.templar.template(options[name])
                except AnsibleError as error:
                    # The message may quote what was written, and a key that is no template is written there.
                    masks = Masks()
                    masks.add(str(options[name]) if name == "api_key" else "")
                    why = masks.hide(str(error))
                    raise AnsibleParserError(f"{name} is a template that gives nothing: {why}") from None
                if isinstance(value, (list, dict)):
                    raise AnsibleParserError(f"{name} is no text; write it in quotes")
                options[name] = str(value)
        if options["ca_path"]:
            options["ca_path"] = unfrackpath(options["ca_path"], follow=False)
        return _dsm.Client(**options)

    def _answers(self, client: t.Any, path: str, cache: bool) -> Answers:
        """From the cache where it may be used and holds what would be asked for, else from the Manager."""
        asked = {
            "format": CACHE_FORMAT,
            "url": client.url,
            **{name: self.get_option(name) for name in ("expand", "groups_filter", "platform_patterns")},
            **{name: self.get_option(name) for name in ("relay_states", "engine_offline_pattern")},
        }
        question = json.dumps(asked, sort_keys=True)
        if not self.get_option("cache"):
            return self._ask(client, question)
        key = self.get_cache_key(path)
        try:
            found: Answers | None = self._cache[key] if cache else None
        except KeyError:
            found = None
        if not isinstance(found, dict) or found.get("asked") != question:
            self._cache[key] = found = self._ask(client, question)
        return found

    def _ask(self, client: t.Any, question: str) -> Answers:
        expand, size = self.get_option("expand"), self.get_option("page_size")
        if size < 1:
            raise ValueError(f"page_size is {size}; give at least 1")
        reader = Reader(
            self.get_option("platform_patterns"),
            self.get_option("relay_states"),
            self.get_option("engine_offline_pattern"),
            expand,
        )
        read_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        groups = [str(group) for group in self.get_option("groups_filter") or ()]
        answers: Answers = {
            "asked": question,
            "read_at": read_at,
            "group_ids": sorted(_dsm_computers.group_ids(client, groups)),
            "computers": [reader.computer(raw) for raw in _dsm_computers.search(client, expand, size=size)],
        }
        self.display.vv(f"{client.url}: {len(answers['computers'])} computers, {client.statistics()}")
        return answers

    def _populate(self, answers: Answers, client: t.Any, advisory: Advisory) -> None:
        computers = self._filtered(answers)
        names = self._names(computers, client.url)
        verdicts = Verdicts(advisory, answers["computers"])
        hosted = self.get_option("hosted_relays")
        if hosted is None:
            host = str(urlsplit(client.url).hostname)
            hosted = client.api_key_type == "cloud_one" or bool(_dsm.CLOUD_ONE.search(host))
        common = {
            "dsm_url": client.url.rstrip("/"),
            "dsm_hosted_relays": hosted,
            "dsm_read_at": answers["read_at"],
        }
        for group in GROUPS:
            self.inventory.add_group(group)
        hosts, unknown = [], 0
        shown = {computer["id"] for computer in computers if computer["id"] in {**names.new, **names.known}}
        self._of_all(
            "dsm_relays_left_out",
            [_shown_as(one) for one in answers["computers"] if one["id"] not in shown and may_be_relay(one)],
        )
        for computer in computers:
            new = names.new.get(computer["id"])
            name = new or names.known.get(computer["id"])
            if name is None:
                continue
            role = role_group(computer)
            unknown += role is None
            system = computer["agent"]["os"]
            self.inventory.add_host(name)
            for group in (role, system and f"deep_security_{system}", VERDICT + verdicts.of(computer)):
                if group:
                    self.inventory.add_host(name, group)
            # Not by the inventory's set_variable, which prefers groups to hosts and copies every word.
            host = self.inventory.hosts[name]
            host.set_variable("dsm_computer", untemplated(computer) if TEXT_IS_TEMPLATE else computer)
            for key, value in common.items():
                host.set_variable(key, value)
            # Where another source made the host, it also knows how to reach it, if only in group_vars.
            address = connect_to(computer, new) if new else None
            if address:
                host.set_variable("ansible_host", address)
            hosts.append(name)
        if unknown:
            self.display.warning(
                f"{client.url} does not return for {unknown} computers whether they are Relays; they are in none of "
                f"{RELAYS}, {AGENTS} and {APPLIANCES}. See relay_states and expand, and problems in dsm_computer.agent"
            )
        self._construct(hosts)

    def _filtered(self, answers: Answers) -> list[Computer]:
        """The computers that the operator wants to see."""
        groups = set(answers["group_ids"]) if self.get_option("groups_filter") is not None else None
        all_of_them = self.get_option("without_agent") == "include"
        return [
            computer
            for computer in answers["computers"]
            if (groups is None or computer["group_id"] in groups)
            and (all_of_them or computer["agent"]["installed"] is not None)
        ]

    def _names(self, computers: list[Computer], url: str) -> Names:
        """The computers' names, with a warning about those that several have."""
        known_only = self.get_option("known_hosts_only")
        # A host that has a dsm_computer is one of another Manager.
        others = {name for name, host in self.inventory.hosts.items() if "dsm_computer" in host.vars}
        names = choose(
            computers,
            self.get_option("names"),
            [name for name in self.inventory.hosts if name not in others],
            {*self.inventory.groups, *GROUPS, *self.get_option("groups"), *others},
            lowercase=self.get_option("names_lowercase"),
            known_only=known_only,
        )
        if names.clashes:
            some = [f"{name} ({', '.join(map(str, ids))})" for name, ids in sorted(names.clashes.items())[:10]]
            more = f" and {len(names.clashes) - 10} more" if len(names.clashes) > 10 else ""
            done = "these hosts are left as they are" if known_only else "their IDs are appended to their names"
            self.display.warning(
                f"{url} has several computers of one name, or one that has the name of another host or group, so "
                f"{done}: {', '.join(some)}{more}. Delete stale computers in the Manager, or choose other names"
            )
        return names

    def _construct(self, hosts: list[str]) -> None:
        """The operator's expressions. Groups come last: they may get the name of a host."""
        strict = self.get_option("strict")
        compose, groups, keyed = (self.get_option(name) for name in ("compose", "groups", "keyed_groups"))
        for name in hosts if compose else ():
            self._set_composite_vars(compose, self.inventory.hosts[name].get_vars(), name, strict=strict)
        for name in hosts if groups else ():
            variables = self.inventory.hosts[name].get_vars()
            self._add_host_to_composed_groups(groups, variables, name, strict=strict, fetch_hostvars=False)
        for name in hosts if keyed else ():
            variables = self.inventory.hosts[name].get_vars()
            self._add_host_to_keyed_groups(keyed, variables, name, strict=strict, fetch_hostvars=False)


class Verdicts:
    """Judges computers in the context of the Manager's Relays, and alike ones once."""

    def __init__(self, advisory: Advisory, computers: list[Computer]) -> None:
        self._advisory = advisory
        agents = [computer["agent"] for computer in computers if computer["kind"] == "agent"]
        relays = [agent for agent in agents if agent["relay"]["enabled"] is True]
        # An agent that is not known to be no Relay may be one, and then not all of them are known.
        complete = all(agent["relay"]["enabled"] is not None for agent in agents if agent["installed"])
        self._relays = relays if relays and complete else None
        self._known: dict[tuple[object, ...], VerdictName] = {}

    def of(self, computer: Computer) -> VerdictName:
        """The verdict about one computer."""
        record = computer["agent"]
        relay = role_group(computer) == RELAYS
        alike = (record["installed"], record["version"], record["os"], relay)
        if alike not in self._known:
            context = Context(relays=None if relay else self._relays)
            self._known[alike] = decide(record, self._advisory, context).verdict
        return self._known[alike]


def may_be_relay(computer: Computer) -> bool:
    """Whether there is an agent that the Manager does not say to be no Relay."""
    agent = computer["agent"]
    return computer["kind"] == "agent" and agent["installed"] is not None and agent["relay"]["enabled"] is not False


def _shown_as(computer: Computer) -> str:
    """What to call a computer that is no host: no template, as anybody can name a computer."""
    name = str(computer["name"] or computer["display_name"] or "")
    return f"{name} ({computer['id']})" if name.replace(".", "").replace("-", "").isalnum() else f"ID {computer['id']}"


def role_group(computer: Computer) -> str | None:
    """The group of a computer by what it is, None where it is unknown whether it is a Relay."""
    if computer["kind"] == "appliance":
        return APPLIANCES
    enabled = computer["agent"]["relay"]["enabled"]
    return None if enabled is None else RELAYS if enabled else AGENTS


def untemplated(value: t.Any) -> t.Any:
    """A copy in which no text is a template: who may name a computer could otherwise run commands here.

    Only what could be one is marked, because ansible-inventory shows the marks.
    """
    if isinstance(value, dict):
        return {key: untemplated(item) for key, item in value.items()}
    if isinstance(value, list):
        return [untemplated(item) for item in value]
    return wrap_var(value) if isinstance(value, str) and "{" in value else value
