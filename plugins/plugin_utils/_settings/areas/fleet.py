# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Which hosts, in which order, how many at once, and how they are judged."""

from __future__ import annotations

from ..setting import Setting

SETTINGS = (
    Setting(
        name="dsa_hosts",
        kind="pattern",
        description="The hosts to look at, as a pattern of Ansible. Those left out are named in the report.",
        roles=("plays",),
        default="all",
        example="production",
        of="run",
        in_readme=True,
    ),
    Setting(
        name="dsa_source",
        kind="choice",
        choices=("host", "manager", "both"),
        description="Where the data of agents come from. V(host): each host is read. V(manager): the inventory plugin "
        "P(deep_security.remediation.dsm#inventory) is enough for the gate, which then touches no host; a remediation "
        "reads hosts that need work, and Relays whose update the Manager does not know of. V(both): each host is read, "
        "and the Manager's data are shown for hosts that do not answer.",
        roles=("assess", "plan", "report", "plays"),
        default="host",
        example="manager",
        in_readme=True,
    ),
    Setting(
        name="dsa_manager_max_age",
        kind="float",
        minimum=0,
        unit="days",
        description="How old an agent's last contact with the Manager may be where C(dsa_source) is V(manager), in "
        "days. Older data prove nothing.",
        roles=("assess", "plan", "report"),
        default=7.0,
        example=2,
    ),
    Setting(
        name="dsa_read_timeout",
        kind="int",
        minimum=1,
        unit="seconds",
        description="How long the tools on a host may take to answer when it is read, in seconds, all together. What "
        "hangs is ended.",
        roles=("assess", "precheck", "upgrade", "reboot", "security_update", "verify", "recover"),
        default=15,
        example=60,
    ),
    Setting(
        name="dsa_advisory",
        kind="str",
        description="The advisory to judge by. An ID that ships with the collection, or the path of a file on the "
        "controller.",
        roles=("assess", "plan", "reboot", "security_update", "verify", "recover", "report"),
        default="KA-0016311",
        example="/srv/dsa/advisory.yml",
        of="run",
    ),
    Setting(
        name="dsa_certificate_replaced",
        kind="bool",
        description="Whether vendor support replaced the certificate file on this host, which makes it V(mitigated). "
        "The collection cannot detect it.",
        roles=("assess", "plan", "verify", "report"),
        default=False,
        example=True,
        in_readme=True,
    ),
    Setting(
        name="dsa_not_installed_compliant",
        kind="bool",
        description="Whether a host without an agent passes.",
        roles=("assess", "plan", "report"),
        default=True,
        example=False,
    ),
    Setting(
        name="dsa_role",
        kind="choice",
        choices=("relay", "agent", "appliance", "manager"),
        description="What this host is. It takes precedence over the Manager's data, the inventory's groups and what "
        "was detected on the host.",
        roles=("assess", "plan", "recover", "report"),
        example="relay",
        in_readme=True,
    ),
    Setting(
        name="dsa_relays",
        kind="names",
        description="The Relays that this host may use, by their names in the inventory. A Relay that is not fixed "
        "then blocks only the hosts that may use it. An empty list means none of this inventory, as with Relays that "
        "the vendor hosts.",
        roles=("plan", "report"),
        default_text="all Relays",
        example=["relay-1", "relay-2"],
        in_readme=True,
    ),
    Setting(
        name="dsa_relays_complete",
        kind="bool",
        description="Whether C(dsa_role) and the group C(deep_security_relays) name every Relay. A host in neither of "
        "them that cannot be read then blocks no other host.",
        roles=("plan", "report"),
        default=False,
        example=True,
        of="run",
        in_readme=True,
    ),
    Setting(
        name="dsa_part_of_fleet",
        kind="bool",
        description="Whether the inventory of the run has only a part of the fleet, as in a slice of AWX. Agents then "
        "wait unless C(dsa_relay_hosts), which C(remediate_relays) publishes, has all Relays of the whole.",
        roles=("plan", "report", "plays"),
        default_text="V(true) in a slice of AWX that its workflow started",
        example=True,
        of="run",
    ),
    Setting(
        name="dsa_bundle_relay",
        kind="str",
        description="The Relay that makes the bundle C(dsupdate_*.zip) for this host of an offline site. The host "
        "waits, and does not pass, until that Relay has the fix and has updated.",
        roles=("plan", "report"),
        example="relay-1",
    ),
    Setting(
        name="dsa_target_version",
        kind="target",
        description="The build to upgrade to, one for all platforms or a mapping of platforms to builds. It must have "
        "the fix, or nothing is started. A host with a newer build keeps it.",
        roles=("plan", "recover", "report"),
        example={"windows": "20.0.0-6313", "linux": "20.0.0-6313"},
        in_readme=True,
    ),
    Setting(
        name="dsa_appliance_package",
        kind="str",
        description="The file name of the package that you mean to import for a virtual appliance, to have it checked. "
        "The appliance itself is upgraded in the Manager.",
        roles=("plan", "report"),
        example="Agent-PGPCore-RedHat_EL7-20.0.0-6313.x86_64.zip",
    ),
    Setting(
        name="dsa_batches",
        kind="batches",
        aliases=("dsa_batch",),
        description="The sizes of the batches of Agents, as numbers of hosts or percentages. After the last size it "
        "goes on with batches of that size.",
        roles=("plan", "plays"),
        default=[1, "10%", "100%"],
        example=[1, 5, "25%"],
        of="run",
        in_readme=True,
    ),
    Setting(
        name="dsa_relay_batches",
        kind="batches",
        aliases=("dsa_relay_batch",),
        description="The sizes of the batches of Relays, as numbers of hosts or percentages.",
        roles=("plan", "plays"),
        default=[1, "100%"],
        example=[1, "50%"],
        of="run",
        in_readme=True,
    ),
    Setting(
        name="dsa_batch_limit",
        kind="int",
        minimum=1,
        unit="hosts",
        description="The number of hosts that no batch exceeds.",
        roles=("plan", "plays"),
        default=200,
        example=50,
        of="run",
    ),
    Setting(
        name="dsa_failure_budget",
        kind="percentage",
        minimum=0,
        maximum=100,
        unit="percent",
        aliases=("dsa_max_fail_percentage",),
        description="How many of the hosts that were tried may have failed before no further batch is started, in "
        "percent. Any failure in the first batch stops as well.",
        roles=("plan", "plays"),
        default=50,
        example=10,
        of="run",
        in_readme=True,
    ),
    Setting(
        name="dsa_unknown_variables",
        kind="choice",
        choices=("fail", "warn"),
        description="What to do about variables that begin with C(dsa_) or C(dsm_) and are no settings, and about "
        "groups whose names are almost those of this collection. V(fail) stops a remediation before a host is touched.",
        roles=("plan", "report", "plays"),
        default="fail",
        example="warn",
        of="run",
    ),
)
