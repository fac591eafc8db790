# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every version string there is, with the full profile over 100,000 of them; and for any record.

The oracle here is a grammar and integer tuples, not `packaging`.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import (
    Build,
    BuildError,
    Context,
    build_or_none,
    decide,
    parse_build,
)

from .oracle import agent, judge, shipped

PLATFORMS = ("windows", "linux", "unix", "macos")
Numbers = tuple[int, int, int, int]

# Strings are drawn in batches, which is several times faster than one a run. Each check names its one string, and these
# are short, so nothing is shrunk.
BATCH = 25
NOT_SHRUNK = settings(phases=[Phase.explicit, Phase.generate])

# The widest reading of "a build": four numbers and at most a distribution's suffix, which starts with a letter.
WIDEST_BUILD = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+[-.][0-9]+(?:\.[A-Za-z][0-9A-Za-z_.]*)?", re.ASCII)
PLAIN_BUILD = re.compile(r"[1-9][0-9]{0,2}\.(?:0|[1-9][0-9]?)\.(?:0|[1-9][0-9]?)[-.][1-9][0-9]{0,5}", re.ASCII)


def batches(strings: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(strings, min_size=BATCH, max_size=BATCH)


NUMBERS = st.tuples(st.integers(1, 30), st.integers(0, 12), st.integers(0, 12), st.integers(1, 99_999))
# Around the builds that the article names, where the mistakes are.
LINES = [(20, 0), (12, 0), (11, 0), (10, 0), (9, 6), (12, 5), (21, 0)]
BOUNDS = [224, 236, 1390, 2265, 2380, 2401, 2549, 4416, 4726, 5995, 6313, 25771]
RELEASES = [(*line, micro) for line in LINES for micro in range(4)]
NEXT_TO_A_BOUND = [bound + step for bound in BOUNDS for step in (-2, -1, 0, 1, 2)]
LISTED = st.tuples(st.sampled_from(RELEASES), st.one_of(st.integers(1, 30_000), st.sampled_from(NEXT_TO_A_BOUND))).map(
    lambda parts: (*parts[0], parts[1])
)
BUILDS: st.SearchStrategy[Numbers] = st.one_of(NUMBERS, LISTED)


def dashed(numbers: Numbers) -> str:
    return "{}.{}.{}-{}".format(*numbers)


def dotted(numbers: Numbers) -> str:
    return "{}.{}.{}.{}".format(*numbers)


SPELLINGS = ["{}.{}.{}-{}", "{}.{}.{}.{}", "{}.{}.{}-{}.el7", "{}.{}.{}-{}.ol7.x86_64"]
PIECES = [*"0 -.+_x\n\t\r\0e/,:;~!", "", "..", "--", "0.", ".1", "٣", "３", "²", "－", "\u200b"]  # noqa: RUF001


def damaged(parts: tuple[str, Numbers, int, int, str]) -> str:
    spelling, numbers, where, removed, piece = parts
    text = spelling.format(*numbers)
    where %= len(text) + 1
    return text[:where] + piece + text[where + removed :]


# A build with one thing wrong in one place, or, now and then, nothing.
ALMOST_BUILDS = st.tuples(
    st.sampled_from(SPELLINGS), BUILDS, st.integers(0, 30), st.integers(0, 2), st.sampled_from(PIECES)
).map(damaged)


def check_any_string(text: str) -> None:
    try:
        build: Build | None = parse_build(text)
    except BuildError as error:
        build = None
        assert str(error).strip()

    if build is None:
        assert not PLAIN_BUILD.fullmatch(text), "a plain build was refused"
    else:
        assert WIDEST_BUILD.fullmatch(text), "no build was taken for one"
        assert parse_build(build.text) == build

    for platform in PLATFORMS:
        verdict = decide(agent(platform, text), shipped())
        assert (verdict.verdict == "unknown") == (build is None)
        assert verdict.reason.strip()
        if build is None:
            assert not verdict.compliant
            assert verdict.action == "investigate"


@NOT_SHRUNK
@given(batches(st.text(max_size=12)))
def test_any_text_gets_a_verdict(strings: list[str]) -> None:
    for text in strings:
        check_any_string(text)


@NOT_SHRUNK
@given(batches(ALMOST_BUILDS))
def test_almost_a_build_gets_a_verdict(strings: list[str]) -> None:
    for text in strings:
        check_any_string(text)


@NOT_SHRUNK
@given(st.lists(BUILDS, min_size=BATCH, max_size=BATCH))
def test_both_spellings_are_one_build(builds: list[Numbers]) -> None:
    for numbers in builds:
        with_dash, with_dot = parse_build(dashed(numbers)), parse_build(dotted(numbers))
        assert with_dash == with_dot
        assert hash(with_dash) == hash(with_dot)
        assert with_dash.text == with_dot.text == dashed(numbers)
        assert with_dash.line == with_dot.line == "{}.{}".format(*numbers)
        for platform in PLATFORMS:
            verdict = decide(agent(platform, dashed(numbers)), shipped())
            assert verdict == decide(agent(platform, dotted(numbers)), shipped())
            assert verdict.verdict != "unknown"


@NOT_SHRUNK
@given(st.lists(BUILDS, min_size=BATCH, max_size=BATCH))
def test_builds_are_ordered_like_tuples_of_integers(builds: list[Numbers]) -> None:
    parsed = [(numbers, parse_build(dashed(numbers))) for numbers in builds]
    for left_numbers, left in parsed:
        for right_numbers, right in parsed:
            assert (left < right) == (left_numbers < right_numbers)
            assert (left <= right) == (left_numbers <= right_numbers)
            assert (left > right) == (left_numbers > right_numbers)
            assert (left >= right) == (left_numbers >= right_numbers)
            assert (left == right) == (left_numbers == right_numbers)
    in_order = [build.text for build in sorted(build for dummy, build in parsed)]
    assert in_order == [dashed(each) for each in sorted(builds)]


RISING = {"affected": 0, "indeterminate": 1, "fixed": 2}
BOUNDED = [(platform, line) for line in ((20, 0), (12, 0), (11, 0)) for platform in PLATFORMS]
BOUNDED = [(platform, line) for platform, line in BOUNDED if platform != "macos" or line == (20, 0)]


@NOT_SHRUNK
@given(
    st.sampled_from(BOUNDED),
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 30_000)), min_size=BATCH, max_size=BATCH),
)
def test_a_newer_build_is_never_worse(cell: tuple[str, tuple[int, int]], rest: list[tuple[int, int]]) -> None:
    """On one line and platform: affected, then between, then fixed, and never back."""
    platform, line = cell
    rising = [
        (dashed(numbers), RISING[decide(agent(platform, dashed(numbers)), shipped()).verdict])
        for numbers in sorted((*line, *each) for each in rest)
    ]
    for (older, before), (newer, after) in pairwise(rising):
        assert before <= after, f"{newer} is judged worse than the older {older}"


# --- records of any shape -----------------------------------------------------------------------------------------

JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)
VERSIONS = st.sampled_from(
    ["20.0.0-4416", "20.0.0-4500", "20.0.0-4726", "20.0.0-6313", "20.0.2-1390", "12.5.0-1", "10.0.0-2775", "9.6.2-8888"]
)
SOURCES = st.dictionaries(st.sampled_from(["rpm", "file", "registry", "dsa_query"]), VERSIONS | JUNK, max_size=3)
STATES = st.sampled_from(["running", "stopped", "pending", "missing", None])
SERVICE = st.fixed_dictionaries({"name": st.just("ds_agent"), "state": STATES})
RECORDS = st.fixed_dictionaries(
    {"platform": st.sampled_from([*PLATFORMS, "aix", "amiga"]) | JUNK, "version": VERSIONS | JUNK},
    optional={
        "installed": st.booleans() | JUNK,
        "versions": SOURCES,
        "running": st.booleans() | JUNK,
        "service": SERVICE | JUNK,
        "services": st.lists(SERVICE, max_size=2) | JUNK,
        "anti_malware": st.fixed_dictionaries({"mode": st.sampled_from(["on", "off", None])}) | JUNK,
        "activated": st.booleans() | JUNK,
        "problems": st.lists(JUNK, max_size=2) | JUNK,
        "relay": JUNK,
    },
)


@NOT_SHRUNK
@given(RECORDS, JUNK.filter(lambda value: build_or_none(value) is None), st.booleans())
def test_one_more_source_that_cannot_be_read_never_makes_a_verdict_better(
    record: dict[str, Any], answer: object, replaced: bool
) -> None:
    context = Context(certificate_replaced=replaced)
    without = decide(record, shipped(), context)
    versions = {**record.get("versions", {}), "one_more": answer}
    verdict = decide({**record, "versions": versions}, shipped(), context)
    assert not verdict.compliant
    if not without.compliant:
        assert (verdict.verdict, verdict.action) == (without.verdict, without.action)


@NOT_SHRUNK
@given(RECORDS | JUNK, st.booleans())
def test_any_record_gets_a_verdict_and_a_compliant_one_is_not_contradicted(record: Any, replaced: bool) -> None:
    verdict = decide(record, shipped(), Context(certificate_replaced=replaced))
    json.dumps(verdict.as_dict())
    assert verdict.reason.strip()
    if not verdict.compliant:
        return
    sources = record.get("versions", {})
    assert all(build_or_none(value) is not None for value in sources.values())
    if verdict.verdict == "not_installed":
        assert record["installed"] is False
        assert not sources and record.get("running") is not True
    else:
        assert record.get("installed", True) is True


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_helper_and_the_function_agree(platform: str) -> None:
    """The properties call `decide` itself, for speed; everything else goes through `judge`."""
    record = agent(platform, "20.0.0-6313")
    assert judge(record) == decide(record, shipped())
