# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the table leaves open: each case of that list, and the traps around it."""

from __future__ import annotations

from collections import UserDict
from itertools import product
from typing import Any

import pytest

from tests.unit.tables import every_combination

from .oracle import agent, judge, no_agent, outcome

PLATFORMS = ["windows", "linux", "unix", "macos"]
WITH_10_0 = ["windows", "linux", "unix"]

# --- a line that is not listed -----------------------------------------------------------------------------------

OLDER_LINES = ["8.0", "9.0", "9.5", "10.1", "10.2", "10.3", "11.1", "11.2", "11.3", "12.1", "12.5", "19.9"]
NEWER_LINES = ["20.1", "21.0", "21.5", "22.0", "100.0"]


@every_combination(platform=WITH_10_0, line=OLDER_LINES + NEWER_LINES, rest=["0-1", "0-6313", "2-1390", "9-99999"])
def test_an_unlisted_line_is_indeterminate(platform: str, line: str, rest: str) -> None:
    verdict = judge(agent(platform, f"{line}.{rest}"))
    assert outcome(verdict) == ("indeterminate", "investigate" if line in NEWER_LINES else "upgrade")
    assert verdict.line == line
    assert (verdict.affected_up_to, verdict.fixed_from) == (None, None)


# --- macOS -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["12.0.0-1", "12.0.9-99999", "11.3.0-5", "11.0.0-2402", "10.3.0-5", "10.0.0-1"])
@pytest.mark.parametrize("relays", [None, [], [agent("linux", "20.0.0-4416")]], ids=["unknown", "none", "affected"])
def test_macos_12_0_or_older_does_not_exist(version: str, relays: list[object] | None) -> None:
    assert outcome(judge(agent("macos", version), relays=relays)) == ("not_applicable", "none")


@pytest.mark.parametrize("version", ["9.6.2-8888", "9.5.0-1", "9.0.0-1", "8.0.0-1"])
def test_macos_far_older_than_12_0_does_not_exist(version: str) -> None:
    assert outcome(judge(agent("macos", version))) == ("not_applicable", "none")


@pytest.mark.parametrize(
    ("version", "action"),
    [
        ("12.1.0-1", "upgrade"),
        ("12.5.0-1", "upgrade"),
        ("19.9.0-1", "upgrade"),
        ("20.1.0-1", "investigate"),
        ("21.0.0-1", "investigate"),
    ],
)
def test_macos_above_12_0_is_judged(version: str, action: str) -> None:
    assert outcome(judge(agent("macos", version))) == ("indeterminate", action)


# --- whole tuples ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "version", "expected"),
    [
        # A small last number in a newer release: newer than the bound.
        ("linux", "20.0.2-1390", "fixed"),
        ("linux", "20.0.1-1", "fixed"),
        ("windows", "20.0.1-1", "fixed"),
        ("windows", "20.0.1-3180", "fixed"),
        ("windows", "20.0.2-1390", "fixed"),
        ("macos", "20.0.1-1", "fixed"),
        ("macos", "20.0.2-1", "fixed"),
        ("unix", "20.0.3-1", "fixed"),
        ("windows", "12.0.1-1", "fixed"),
        ("unix", "11.0.1-1", "fixed"),
        # A large last number in an older release: older than the bound.
        ("unix", "20.0.0-99999", "affected"),
        ("unix", "20.0.1-25771", "affected"),
        ("unix", "20.0.1-99999", "indeterminate"),
        ("unix", "20.0.2-1", "indeterminate"),
        # Numbers, not text.
        ("windows", "20.0.0-10000", "fixed"),
        ("windows", "20.0.0-999", "affected"),
        ("linux", "20.0.0-10000", "fixed"),
        ("linux", "20.0.0-473", "affected"),
        ("macos", "20.0.0-1000", "fixed"),
        ("macos", "20.0.0-99", "affected"),
        ("unix", "20.0.10-1", "fixed"),
        # Between the columns: the same build, another answer.
        ("linux", "20.0.0-5995", "fixed"),
        ("windows", "20.0.0-4726", "affected"),
        ("macos", "20.0.0-4416", "fixed"),
        ("unix", "20.0.0-6313", "affected"),
    ],
)
def test_the_whole_tuple_decides(platform: str, version: str, expected: str) -> None:
    assert judge(agent(platform, version)).verdict == expected


# --- 10.0 and its Relays -----------------------------------------------------------------------------------------

OLD_AGENT = "10.0.0-2775"

# What a Relay can be. Each key is the verdict (or the reason for it) that the Relay has for itself.
RELAYS: dict[str, dict[str, Any]] = {
    "fixed": agent("linux", "20.0.0-4726"),
    "mitigated": agent("windows", "20.0.0-5995", certificate_replaced=True),
    "affected": agent("windows", "20.0.0-5995"),
    "between": agent("windows", "20.0.0-6000"),
    "unlisted": agent("linux", "12.5.0-100"),
    "conditional": agent("linux", OLD_AGENT),
    "not_affected": agent("linux", "9.6.2-8888"),
    "not_applicable": agent("macos", "12.0.0-100"),
    "not_installed": no_agent(),
    "unreadable": agent("linux", None),
    "unparsable": agent("linux", "twenty"),
    "unreachable": {},
}
GOOD = {"fixed", "mitigated"}


def expected_of_10_0(kinds: tuple[str, ...]) -> tuple[str, str]:
    if "affected" in kinds:
        return "affected", "fix_relay"
    if kinds and set(kinds) <= GOOD:
        return "not_affected", "none"
    return "conditional", "investigate"


def test_a_relay_of_each_kind_is_what_its_name_says() -> None:
    """Guards the table above: the Relays' own verdicts, from the article."""
    of_its_own = {
        "mitigated": "affected",  # the replaced file is context, not part of the build
        "between": "indeterminate",
        "unlisted": "indeterminate",
        "unreadable": "unknown",
        "unparsable": "unknown",
        "unreachable": "unknown",
    }
    for kind, record in RELAYS.items():
        plain = {key: value for key, value in record.items() if key != "certificate_replaced"}
        assert judge(plain).verdict == of_its_own.get(kind, kind)


@every_combination(
    platform=WITH_10_0, kinds=[*product(RELAYS), *product(RELAYS, repeat=2), ("fixed", "mitigated", "fixed")]
)
def test_10_0_with_one_and_two_relays(platform: str, kinds: tuple[str, ...]) -> None:
    verdict = judge(agent(platform, OLD_AGENT), relays=[RELAYS[kind] for kind in kinds])
    assert outcome(verdict) == expected_of_10_0(kinds)


@every_combination(kinds=product(RELAYS, repeat=3))
def test_10_0_with_three_relays(kinds: tuple[str, ...]) -> None:
    verdict = judge(agent("linux", OLD_AGENT), relays=[RELAYS[kind] for kind in kinds])
    assert outcome(verdict) == expected_of_10_0(kinds)


@pytest.mark.parametrize("platform", WITH_10_0)
@pytest.mark.parametrize("relays", [None, [], ()], ids=["not-given", "empty-list", "empty-tuple"])
def test_10_0_without_known_relays_is_conditional(platform: str, relays: list[object] | None) -> None:
    """No Relay at all is not 'every Relay is fixed'."""
    assert outcome(judge(agent(platform, OLD_AGENT), relays=relays)) == ("conditional", "investigate")


@pytest.mark.parametrize(
    "relay",
    [
        None,
        "20.0.0-4726",
        4726,
        ["20.0.0-4726"],
        {"version": "20.0.0-4726"},
        {"platform": "linux"},
        {"verdict": "fixed"},
    ],
    ids=repr,
)
def test_10_0_with_a_malformed_relay_is_conditional(relay: object) -> None:
    answer = judge(agent("linux", OLD_AGENT), relays=[RELAYS["fixed"], relay])
    assert outcome(answer) == ("conditional", "investigate")


def test_10_0_with_a_relay_whose_sources_disagree_is_conditional() -> None:
    relay = agent("linux", "20.0.0-4726", versions={"rpm": "20.0.0-4726", "dsa_query": "20.0.0-4416"})
    assert outcome(judge(agent("linux", OLD_AGENT), relays=[relay])) == ("conditional", "investigate")


def test_a_relay_is_judged_by_its_own_platform() -> None:
    build = "20.0.0-5000"
    old = agent("windows", OLD_AGENT)
    assert judge(old, relays=[agent("linux", build)]).verdict == "not_affected"
    assert judge(old, relays=[agent("windows", build)]).verdict == "affected"


def test_one_relay_of_many_decides() -> None:
    many = [RELAYS["fixed"]] * 200
    assert judge(agent("linux", OLD_AGENT), relays=many).verdict == "not_affected"
    assert judge(agent("linux", OLD_AGENT), relays=[*many, RELAYS["unreachable"]]).verdict == "conditional"
    assert judge(agent("linux", OLD_AGENT), relays=[*many, RELAYS["affected"]]).verdict == "affected"


@pytest.mark.parametrize("relay", RELAYS)
@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("20.0.0-4416", ("affected", "upgrade")),
        ("20.0.0-4500", ("indeterminate", "upgrade")),
        ("20.0.0-4726", ("fixed", "none")),
        ("12.0.0-2265", ("affected", "upgrade")),
        ("11.0.0-2549", ("fixed", "none")),
        ("10.1.0-1", ("indeterminate", "upgrade")),
        ("9.6.2-8888", ("not_affected", "none")),
    ],
)
def test_relays_matter_to_10_0_only(version: str, expected: tuple[str, str], relay: str) -> None:
    assert outcome(judge(agent("linux", version), relays=[RELAYS[relay]])) == expected


# --- the certificate file that support replaced -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "version", "expected"),
    [
        ("windows", "20.0.0-5995", "mitigated"),
        ("linux", "20.0.0-4416", "mitigated"),
        ("unix", "20.0.1-25771", "mitigated"),
        ("macos", "20.0.0-224", "mitigated"),
        ("linux", "12.0.0-2265", "mitigated"),
        ("linux", "11.0.0-2401", "mitigated"),
        ("windows", "20.0.0-6000", "mitigated"),
        ("unix", "20.0.2-1389", "mitigated"),
        ("linux", "12.5.0-100", "mitigated"),
        ("linux", "21.0.0-1", "mitigated"),
        ("linux", OLD_AGENT, "mitigated"),
        ("windows", "20.0.0-6313", "fixed"),
        ("unix", "20.0.2-1390", "fixed"),
        ("linux", "9.6.2-8888", "not_affected"),
        ("macos", "12.0.0-1", "not_applicable"),
        ("linux", None, "unknown"),
        ("linux", "twenty", "unknown"),
        ("amiga", "20.0.0-4416", "unknown"),
    ],
)
def test_a_replaced_certificate_on_this_host(platform: str, version: str | None, expected: str) -> None:
    verdict = judge(agent(platform, version), certificate_replaced=True)
    assert outcome(verdict) == (expected, "investigate" if expected == "unknown" else "none")


@every_combination(kinds=[(), *product(RELAYS), *product(RELAYS, repeat=2)])
def test_a_replaced_certificate_on_a_10_0_host(kinds: tuple[str, ...]) -> None:
    """It speaks for this host and not for the Relays: what they made `not_affected` stays, the rest is mitigated."""
    verdict = judge(agent("linux", OLD_AGENT), relays=[RELAYS[kind] for kind in kinds], certificate_replaced=True)
    good = expected_of_10_0(kinds)[0] == "not_affected"
    assert outcome(verdict) == ("not_affected" if good else "mitigated", "none")


def test_a_replaced_certificate_does_not_install_an_agent() -> None:
    assert judge(no_agent(), certificate_replaced=True).verdict == "not_installed"
    assert not judge(no_agent(), certificate_replaced=True, not_installed_compliant=False).compliant


@pytest.mark.parametrize("word", ["false", "no", "0", "", None, 0, [], "unknown"], ids=repr)
def test_only_a_true_statement_replaces_a_certificate_of_a_relay(word: object) -> None:
    """Extra variables are text: 'false' must not count as said."""
    relay = agent("windows", "20.0.0-5995", certificate_replaced=word)
    assert outcome(judge(agent("linux", OLD_AGENT), relays=[relay])) == ("affected", "fix_relay")


@pytest.mark.parametrize("relay", ["unreadable", "unparsable", "unreachable", "not_installed", "not_affected"])
def test_a_replaced_certificate_does_not_make_every_relay_good(relay: str) -> None:
    """Only `fixed` and `mitigated` are good, and what is unknown or not there cannot be mitigated."""
    record = {**RELAYS[relay], "certificate_replaced": True}
    assert judge(agent("linux", OLD_AGENT), relays=[record]).verdict == "conditional"


@pytest.mark.parametrize("relay", ["affected", "between", "unlisted", "conditional", "fixed"])
def test_a_replaced_certificate_makes_a_relay_good(relay: str) -> None:
    record = {**RELAYS[relay], "certificate_replaced": True}
    assert judge(agent("linux", OLD_AGENT), relays=[record]).verdict == "not_affected"


def test_a_replaced_certificate_of_a_relay_is_not_the_agents() -> None:
    assert judge(agent("linux", "20.0.0-4416"), relays=[RELAYS["mitigated"]]).verdict == "affected"


# --- no agent ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_agent_is_compliant(platform: str) -> None:
    verdict = judge(no_agent(platform))
    assert outcome(verdict) == ("not_installed", "none")
    assert verdict.compliant
    assert verdict.version is None


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_agent_is_not_compliant_when_the_operator_says_so(platform: str) -> None:
    verdict = judge(no_agent(platform), not_installed_compliant=False)
    assert verdict.verdict == "not_installed"
    assert not verdict.compliant


@pytest.mark.parametrize("version", ["20.0.0-4416", "20.0.0-4726", "9.6.2-8888", OLD_AGENT, None])
def test_that_wish_is_about_missing_agents_only(version: str | None) -> None:
    record = agent("linux", version)
    assert judge(record, not_installed_compliant=False) == judge(record)


@pytest.mark.parametrize("installed", [None, "false", "no", 0, "", []], ids=repr)
def test_only_a_plain_no_means_no_agent(installed: object) -> None:
    verdict = judge({"installed": installed, "platform": "linux", "version": None})
    assert outcome(verdict) == ("unknown", "investigate")


@pytest.mark.parametrize("evidence", [{"version": "20.0.0-4416"}, {"versions": {"dsa_query": "20.0.0-4416"}}], ids=repr)
def test_an_agent_that_is_said_to_be_missing_but_has_an_affected_build_is_not_compliant(
    evidence: dict[str, object],
) -> None:
    """A verdict is never better than its evidence."""
    assert not judge(no_agent() | evidence).compliant


# --- sources that disagree ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "versions"),
    [
        ("linux", {"rpm": "20.0.0-4726", "dsa_query": "20.0.0-4416"}),
        ("linux", {"rpm": "20.0.0-4416", "dsa_query": "20.0.0-4726"}),
        ("linux", {"dpkg": "20.0.0-4726", "dsa_query": "20.0.0-4500"}),
        ("windows", {"registry": "20.0.0-6313", "file": "20.0.0-5995"}),
        ("windows", {"registry": "20.0.0-6313", "file": "20.0.0-6313", "dsa_query": "20.0.0-5995"}),
        ("unix", {"lslpp": "20.0.2-1390", "dsa_query": "20.0.1-25771"}),
        ("unix", {"pkginfo": "20.0.2-1390", "manager": "21.0.0-1"}),
        ("macos", {"pkgutil": "20.0.0-236", "dsa_query": "20.0.0-224"}),
        ("linux", {"rpm": "9.6.2-8888", "dsa_query": "20.0.0-4416"}),
        ("linux", {"rpm": "20.0.0-4726", "dsa_query": OLD_AGENT}),
        ("linux", {"rpm": "20.0.0-4726", "dsa_query": "twenty", "manager": "20.0.0-4416"}),  # and one unreadable
    ],
    ids=lambda value: "+".join(value.values()) if isinstance(value, dict) else value,
)
def test_sources_that_disagree_about_compliance(platform: str, versions: dict[str, str]) -> None:
    """Whichever of them the reader took for the version."""
    for version in versions.values():
        if version == "twenty":
            continue
        verdict = judge(agent(platform, version, versions=versions))
        assert outcome(verdict) == ("indeterminate", "investigate")
        assert verdict.reason_code == "sources_disagree"
        assert not verdict.compliant


def test_the_version_itself_is_a_source() -> None:
    verdict = judge(agent("linux", "20.0.0-4726", versions={"dsa_query": "20.0.0-4416"}))
    assert outcome(verdict) == ("indeterminate", "investigate")
    assert verdict.reason_code == "sources_disagree"


def test_sources_that_disagree_with_a_replaced_certificate() -> None:
    record = agent("linux", "20.0.0-4726", versions={"rpm": "20.0.0-4726", "dsa_query": "20.0.0-4416"})
    assert outcome(judge(record, certificate_replaced=True)) == ("mitigated", "none")


@pytest.mark.parametrize(
    ("version", "versions", "expected"),
    [
        ("20.0.0-4726", {"rpm": "20.0.0-4726", "dsa_query": "20.0.0.4726"}, "fixed"),
        ("20.0.0-4726", {"rpm": "20.0.0-4726.el7", "dsa_query": "20.0.0-4726"}, "fixed"),
        ("20.0.0-4726", {"rpm": "20.0.0-4726", "dsa_query": "20.0.2-1390"}, "fixed"),
        ("20.0.0-4416", {"rpm": "20.0.0-4416", "dsa_query": "20.0.0-1"}, "affected"),
        ("9.6.2-8888", {"rpm": "9.6.2-8888", "dsa_query": "9.6.2-1"}, "not_affected"),
        (OLD_AGENT, {"rpm": OLD_AGENT, "dsa_query": "10.0.0-1"}, "conditional"),
    ],
)
def test_sources_that_agree_about_compliance(version: str, versions: dict[str, str], expected: str) -> None:
    verdict = judge(agent("linux", version, versions=versions))
    assert verdict.verdict == expected
    assert verdict.reason_code != "sources_disagree"


@pytest.mark.parametrize("versions", [{"a": "20.0.0-4416", "b": "20.0.0-4500"}, {"a": "12.5.0-1", "b": "20.0.0-4416"}])
def test_two_sources_that_are_both_bad_stay_bad(versions: dict[str, str]) -> None:
    for version in versions.values():
        assert judge(agent("linux", version, versions=versions)).verdict in {"affected", "indeterminate"}


@pytest.mark.parametrize("versions", [None, {}, [], ""], ids=repr)
def test_sources_that_are_absent_contradict_nothing(versions: object) -> None:
    assert judge(agent("linux", "20.0.0-4726", versions=versions)).verdict == "fixed"


# --- a source that answered and cannot be read ---------------------------------------------------------------------

UNREADABLE: dict[str, object] = {
    "nothing": None,
    "empty": "",
    "blank": " ",
    "words": "twenty",
    "hotfix": "20.0.0.4416 HF1",
    "nul": "20.0.0-4726\0",
    "shown-nul": "20.0.0-4726\\x00",
    "escape-sequence": "\x1b[0m20.0.0-4726",
    "escape-sequence-behind": "20.0.0-4726\x1b[0m",
    "line-feed": "20.0.0-4726\n",
    "zeros": "0.0.0.0",
    "three-numbers": "20.0.0",
    "list": ["20.0.0-4726"],
    "mapping": {"build": "20.0.0-4726"},
    "number": 20,
    "true": True,
    "long": "x" * 10_000,
    "braces": "{build}{0}",
}
PASSES = [
    agent("linux", "20.0.0-4726"),
    agent("windows", "20.0.0-6313"),
    agent("linux", "9.6.2-8888"),
    agent("macos", "12.0.0-100"),
]


@every_combination(replaced=[False, True], record=PASSES, name=UNREADABLE)
def test_a_source_that_cannot_be_read_contradicts_a_build_that_would_pass(
    name: str, record: dict[str, Any], replaced: bool
) -> None:
    """G1: the package is fixed, and the running agent gives something else."""
    record = record | {"versions": {"rpm": record["version"], "dsa_query": UNREADABLE[name]}}
    verdict = judge(record, certificate_replaced=replaced)
    assert outcome(verdict) == ("unknown", "investigate")
    assert verdict.reason_code == "source_unreadable"
    assert "dsa_query" in verdict.reason


def test_the_reason_names_the_source_and_quotes_its_answer() -> None:
    record = agent("linux", "20.0.2-1390", versions={"dpkg": "20.0.2-1390", "dsa_query": "20.0.0.4416 HF1"})
    assert "dsa_query gives '20.0.0.4416 HF1', which is no build" in judge(record).reason
    record["versions"]["dsa_query"] = None
    assert "dsa_query answered and named no build" in judge(record).reason


@pytest.mark.parametrize("versions", ["junk", 7, ["20.0.0-4726"], True], ids=repr)
def test_sources_of_a_wrong_shape_are_not_absent(versions: object) -> None:
    assert judge(agent("linux", "20.0.0-4726", versions=versions)).reason_code == "source_unreadable"


@pytest.mark.parametrize(
    "names", [("a", "a "), ("x" * 50 + "1", "x" * 50 + "2"), (3, "3")], ids=["blank", "long", "type"]
)
@pytest.mark.parametrize("turned", [False, True])
def test_sources_with_like_names_do_not_hide_each_other(names: tuple[object, object], turned: bool) -> None:
    builds = ["20.0.0-4416", "20.0.0-4726"]
    versions = dict(zip(names, reversed(builds) if turned else builds, strict=True))
    assert judge(agent("linux", "20.0.0-4726", versions=versions)).reason_code == "sources_disagree"


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize(
    ("version", "others", "expected"),
    [
        ("20.0.0-4416", {"rpm": "20.0.0-4416"}, ("affected", "upgrade")),
        ("20.0.0-4500", {"rpm": "20.0.0-4500"}, ("indeterminate", "upgrade")),
        ("12.5.0-100", {}, ("indeterminate", "upgrade")),
        (OLD_AGENT, {}, ("conditional", "investigate")),
        ("20.0.0-4726", {"rpm": "20.0.0-4726", "file": "20.0.0-4416"}, ("indeterminate", "investigate")),
    ],
)
def test_what_fails_anyway_keeps_its_verdict(
    name: str, version: str, others: dict[str, str], expected: tuple[str, str]
) -> None:
    versions = {**others, "dsa_query": UNREADABLE[name]}
    assert outcome(judge(agent("linux", version, versions=versions))) == expected


def test_a_replaced_certificate_does_not_hide_an_unreadable_source() -> None:
    record = agent("linux", "20.0.0-4416", versions={"rpm": "20.0.0-4416", "dsa_query": "20.0.0.4416 HF1"})
    assert judge(record, certificate_replaced=True).verdict == "unknown"


def test_a_relay_with_an_unreadable_source_is_not_known_to_be_fixed() -> None:
    relay = agent("linux", "20.0.0-4726", versions={"rpm": "20.0.0-4726", "dsa_query": "?"})
    assert outcome(judge(agent("linux", OLD_AGENT), relays=[relay])) == ("conditional", "investigate")


# --- an agent that is there although no package is -----------------------------------------------------------------


@pytest.mark.parametrize(
    "sign",
    [
        {"running": True},
        {"service": {"name": "ds_agent", "state": "running"}},
        {"service": {"name": "ds_agent", "state": "pending"}},
        {"service": {"name": "ds_agent", "state": "paused"}},
        {"services": [{"name": "ds_agent", "state": "stopped"}, {"name": "ds_am", "state": "running"}]},
        {"versions": {"dsa_query": None}},
        {"versions": {"file": "20.0.0-4726"}},
        {"versions": {"dsa_query": "20.0.0.4416 HF1"}},
        {"version": "20.0.0-4726"},
        {"version": "20.0.0-4726", "versions": {"dsa_query": "20.0.0-4726"}},
        {"activated": False},
        {"anti_malware": {"mode": "on"}},
    ],
    ids=repr,
)
@pytest.mark.parametrize("replaced", [False, True], ids=["plain", "replaced"])
def test_an_agent_that_shows_itself_is_not_missing(sign: dict[str, Any], replaced: bool) -> None:
    """G10, A13: it runs, and the package database does not list it."""
    verdict = judge(no_agent() | sign, certificate_replaced=replaced)
    assert outcome(verdict) == ("unknown", "investigate")
    assert verdict.reason_code in ("running_without_package", "source_unreadable")


@pytest.mark.parametrize(
    "nothing",
    [
        {"running": False},
        {"running": None, "service": None, "services": None, "anti_malware": None, "activated": None},
        {"service": {"name": "ds_agent", "state": "missing"}, "services": [], "drivers": []},
        {"service": {"name": None, "state": None}, "anti_malware": {"mode": None}, "relay": {"enabled": None}},
        {"service": {"name": "ds_agent", "state": "stopped"}},
        {"drivers": [{"name": "tmcomm", "state": "running"}]},  # another product of the vendor has it too
        {"problems": [{"source": "note", "code": "denied", "text": "no"}]},
    ],
    ids=repr,
)
def test_a_host_without_any_sign_of_an_agent_has_none(nothing: dict[str, Any]) -> None:
    assert judge(no_agent() | nothing).verdict == "not_installed"


@pytest.mark.parametrize("installed", [None, "false", "no", 0, "", []], ids=repr)
@pytest.mark.parametrize("version", ["20.0.0-4726", "9.6.2-8888"])
def test_a_build_is_no_proof_where_the_package_database_was_not_read(installed: object, version: str) -> None:
    verdict = judge({**agent("linux", version), "installed": installed})
    assert outcome(verdict) == ("unknown", "investigate")
    assert verdict.reason_code == "installation_unknown"


@pytest.mark.parametrize("installed", [None, False])
def test_an_affected_build_is_affected_wherever_it_comes_from(installed: object) -> None:
    record = {**agent("linux", "20.0.0-4416"), "installed": installed, "versions": {"file": "20.0.0-4416"}}
    assert outcome(judge(record)) == ("affected", "upgrade")


def test_a_running_agent_whose_build_only_its_files_give_is_judged_by_it() -> None:
    assert judge(agent("windows", "20.0.0-6313", versions={"file": "20.0.0-6313"}, running=True)).verdict == "fixed"


# --- problems -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "problem",
    [
        {"source": "rpm", "code": "no_answer", "text": "no answer within 15 s"},
        "rpm: no answer within 15 s",
    ],
    ids=repr,
)
def test_an_unknown_build_says_why(problem: object) -> None:
    record = {"installed": None, "platform": "linux", "version": None, "problems": [problem]}
    verdict = judge(record)
    assert outcome(verdict) == ("unknown", "investigate")
    assert verdict.reason_code == "no_version"
    assert "rpm: no answer within 15 s" in verdict.reason


@pytest.mark.parametrize(
    "problems",
    [None, "text", 7, [None], [[]], [{}], [{"source": None, "text": 3}], ["\x1b[2J"], ["x" * 5000] * 9],
    ids=lambda value: repr(value)[:30],
)
def test_problems_of_any_shape_are_no_obstacle(problems: object) -> None:
    assert judge({"platform": "linux", "version": None, "problems": problems}).verdict == "unknown"
    assert judge(agent("linux", "20.0.0-4726", problems=problems)).verdict == "fixed"


# --- reasons are sentences for people -------------------------------------------------------------------------------


def test_a_reason_says_what_to_do() -> None:
    assert judge(agent("windows", "20.0.0-5995")).reason == (
        "20.0.0-5995 is affected (Windows builds up to 20.0.0-5995); upgrade to 20.0.0-6313 or later."
    )
    assert judge(agent("windows", "20.0.0-6313")).reason == (
        "20.0.0-6313 has the fix (Windows builds from 20.0.0-6313 on)."
    )


# --- bad records -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "platform",
    [None, "", "hpux", "freebsd", "unknown", "lin ux", "linux\x00", 3, True, ["linux"], {"os": "linux"}, b"linux"],
    ids=repr,
)
@pytest.mark.parametrize("certificate_replaced", [False, True], ids=["plain", "replaced"])
def test_an_unknown_platform_is_unknown(platform: object, certificate_replaced: bool) -> None:
    verdict = judge(agent(platform, "20.0.0-6313"), certificate_replaced=certificate_replaced)
    assert outcome(verdict) == ("unknown", "investigate")


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"installed": True},
        {"installed": None, "platform": "linux", "version": None},
        {"installed": True, "platform": "linux"},
        {"platform": "linux", "version": None, "version_raw": "rpmdb: page 3: illegal page type"},
        {"version": "20.0.0-6313"},
        {"platform": "linux" * 1_000_000, "version": "20.0.0-6313"},
        None,
        [],
        "20.0.0-6313",
        42,
    ],
    ids=lambda value: repr(value)[:50],
)
def test_a_bad_record_is_unknown(record: object) -> None:
    assert outcome(judge(record)) == ("unknown", "investigate")


def test_the_shortest_record_is_enough() -> None:
    """The filter's example: a platform and a version."""
    assert judge({"platform": "windows", "version": "20.0.0-5995"}).verdict == "affected"
    assert judge({"platform": "windows", "version": "20.0.0-6313"}).verdict == "fixed"


def test_any_mapping_is_a_record() -> None:
    assert judge(UserDict({"platform": "windows", "version": "20.0.0-6313"})).verdict == "fixed"


def test_a_whole_record_is_judged_by_build_and_platform() -> None:
    record = agent(
        "linux",
        "20.0.2-1390",
        version_raw="20.0.2-1390.ol7",
        version_source="rpm",
        versions={"rpm": "20.0.2-1390", "dsa_query": "20.0.2-1390"},
        os="linux",
        arch="x86_64",
        install_dir="/opt/ds_agent",
        service={"name": "ds_agent", "state": "active"},
        activated=True,
        manager_url="https://manager.example:4120/",
        relay={"enabled": None, "source": None},
        anti_malware={"mode": "on", "driver_offline": False, "engine": "24.580.1013", "patterns": []},
        reboot={"required": False, "reasons": []},
        problems=[],
        distribution={"id": "ol", "version": "7.9"},
        remediation=None,
    )
    assert outcome(judge(record)) == ("fixed", "none")
