# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second advisory is a second file: other product lines, other bounds, no code. And what a bad file is told."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import (
    Advisory,
    AdvisoryError,
    load_advisory,
)

from .oracle import agent, judge, no_agent, outcome, shipped

Tree = dict[Any, Any]

OWN: Tree = {
    "id": "OWN-0001",
    "title": "An advisory of the tests",
    "source": "https://advisory.example/OWN-0001",
    "updated": "2031-01-31",
    "effective_from": "2031-02-01",
    "platforms": {
        "windows": {"label": "Windows"},
        "linux": {"label": "Linux", "aliases": ["dsva"]},
        "unix": {"label": "Unix", "aliases": ["aix", "solaris"]},
        "macos": {"label": "macOS", "not_applicable_up_to": "29.5"},
    },
    "lines": {
        "30.1": {
            "windows": {"affected_up_to": "30.1.0-100", "fixed_from": "30.1.2-50"},
            "linux": {"affected_up_to": "30.1.4-7", "fixed_from": "30.1.4-8"},
            "unix": {"affected_up_to": "30.1.0-9", "fixed_from": "30.1.0-12"},
            "macos": {"affected_up_to": "30.1.0-1000", "fixed_from": "30.1.0-2000"},
        },
        "29.5": {"windows": "relay_dependent", "linux": "relay_dependent", "unix": "relay_dependent"},
        "7.10": {"windows": "not_affected", "linux": "not_affected", "unix": "not_affected"},
    },
    "appliance_packages": {
        "from": "Agent-RedHat_EL7-30.1.4-8.x86_64.zip",
        "to": "Agent-RedHat_EL7-30.1.4-99.x86_64.zip",
    },
    "events": {"system": 2205, "agent": 9017, "error_code": -24, "error_name": "SOME_ERROR"},
}


def write(path: Path, tree: object) -> str:
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return str(path)


@pytest.fixture
def own(tmp_path: Path) -> Advisory:
    return load_advisory(write(tmp_path / "own.yml", OWN))


# --- another advisory decides by its own table --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "version", "expected"),
    [
        ("windows", "30.1.0-1", ("affected", "upgrade")),
        ("windows", "30.1.0-100", ("affected", "upgrade")),
        ("windows", "30.1.0-101", ("indeterminate", "upgrade")),
        ("windows", "30.1.1-1", ("indeterminate", "upgrade")),
        ("windows", "30.1.2-49", ("indeterminate", "upgrade")),
        ("windows", "30.1.2-50", ("fixed", "none")),
        ("windows", "30.1.3-1", ("fixed", "none")),
        ("linux", "30.1.3-99999", ("affected", "upgrade")),
        ("linux", "30.1.4-7", ("affected", "upgrade")),
        ("linux", "30.1.4-8", ("fixed", "none")),
        ("dsva", "30.1.4-7", ("affected", "upgrade")),
        ("aix", "30.1.0-9", ("affected", "upgrade")),
        ("solaris", "30.1.0-10", ("indeterminate", "upgrade")),
        ("unix", "30.1.0-12", ("fixed", "none")),
        ("macos", "30.1.0-1000", ("affected", "upgrade")),
        ("macos", "30.1.0-2000", ("fixed", "none")),
        ("macos", "29.5.0-1", ("not_applicable", "none")),
        ("macos", "20.0.0-224", ("not_applicable", "none")),
        ("macos", "29.6.0-1", ("indeterminate", "upgrade")),
        ("linux", "29.5.0-1", ("conditional", "investigate")),
        ("linux", "7.10.0-1", ("not_affected", "none")),
        # Lines that only the shipped advisory lists, and lines that no one lists.
        ("windows", "20.0.0-5995", ("indeterminate", "upgrade")),
        ("windows", "20.0.0-6313", ("indeterminate", "upgrade")),
        ("linux", "10.0.0-2775", ("indeterminate", "upgrade")),
        ("linux", "9.6.2-8888", ("indeterminate", "upgrade")),
        ("linux", "7.1.0-1", ("indeterminate", "upgrade")),
        ("linux", "30.0.0-1", ("indeterminate", "upgrade")),
        ("linux", "30.2.0-1", ("indeterminate", "investigate")),
        ("linux", "31.0.0-1", ("indeterminate", "investigate")),
        ("linux", "thirty", ("unknown", "investigate")),
    ],
)
def test_its_own_lines_and_bounds(own: Advisory, platform: str, version: str, expected: tuple[str, str]) -> None:
    verdict = judge(agent(platform, version), advisory=own)
    assert outcome(verdict) == expected
    assert verdict.advisory == "OWN-0001"


def test_its_bounds_are_in_the_verdict(own: Advisory) -> None:
    verdict = judge(agent("windows", "30.1.0-7"), advisory=own)
    assert (verdict.line, verdict.affected_up_to, verdict.fixed_from) == ("30.1", "30.1.0-100", "30.1.2-50")


@pytest.mark.parametrize(
    ("relays", "expected"),
    [
        ([agent("linux", "30.1.4-8")], ("not_affected", "none")),
        (
            [agent("linux", "30.1.4-8"), agent("windows", "30.1.0-1", certificate_replaced=True)],
            ("not_affected", "none"),
        ),
        ([agent("linux", "30.1.4-7")], ("affected", "fix_relay")),
        ([agent("linux", "20.0.0-4726")], ("conditional", "investigate")),  # fixed, but by the other advisory
    ],
    ids=["fixed", "fixed+mitigated", "affected", "unlisted"],
)
def test_relays_are_judged_by_the_same_advisory(own: Advisory, relays: list[object], expected: tuple[str, str]) -> None:
    assert outcome(judge(agent("linux", "29.5.0-1"), relays=relays, advisory=own)) == expected


def test_the_rest_of_the_context_holds_too(own: Advisory) -> None:
    affected = agent("windows", "30.1.0-1")
    assert judge(affected, certificate_replaced=True, advisory=own).verdict == "mitigated"
    assert judge(no_agent(), advisory=own).verdict == "not_installed"
    disagreeing = {**affected, "versions": {"registry": "30.1.0-1", "file": "30.1.2-50"}}
    assert judge(disagreeing, advisory=own).reason_code == "sources_disagree"


def test_advisories_do_not_leak_into_each_other(own: Advisory) -> None:
    record = agent("windows", "20.0.0-6313")
    assert [judge(record, advisory=each).verdict for each in (shipped(), own, shipped())] == [
        "fixed",
        "indeterminate",
        "fixed",
    ]


def test_a_path_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "own.yml", OWN)
    monkeypatch.chdir(tmp_path)
    assert judge(agent("linux", "30.1.4-8"), advisory=load_advisory("./own.yml")).advisory == "OWN-0001"


def test_the_default_is_the_shipped_one() -> None:
    record = agent("linux", "20.0.0-4416")
    assert judge(record, advisory=load_advisory()) == judge(record)


# --- a bad file ---------------------------------------------------------------------------------------------------


def edited(edit: Callable[[Tree], object]) -> Tree:
    tree = copy.deepcopy(OWN)
    edit(tree)
    return tree


def without(*keys: str) -> Tree:
    def edit(tree: Tree) -> None:
        for key in keys[:-1]:
            tree = tree[key]
        del tree[keys[-1]]

    return edited(edit)


def having(*keys: Any, value: Any) -> Tree:
    def edit(tree: Tree) -> None:
        for key in keys[:-1]:
            tree = tree[key]
        tree[keys[-1]] = value

    return edited(edit)


CELL = ("lines", "30.1", "windows")

# name: (the file, words that the message must have: the key, and the value where there is one)
BAD_FILES: dict[str, tuple[object, list[str]]] = {
    # a missing key
    "no-id": (without("id"), ["id"]),
    "no-platforms": (without("platforms"), ["platforms"]),
    "no-lines": (without("lines"), ["lines"]),
    "no-affected-bound": (without(*CELL, "affected_up_to"), ["30.1", "windows", "affected_up_to"]),
    "no-fixed-bound": (without(*CELL, "fixed_from"), ["30.1", "windows", "fixed_from"]),
    # a wrong type
    "id-is-a-number": (having("id", value=16311), ["id", "16311"]),
    "platforms-is-a-list": (having("platforms", value=["windows", "linux"]), ["platforms", "windows"]),
    "platforms-is-null": (having("platforms", value=None), ["platforms"]),
    "lines-is-text": (having("lines", value="all of them"), ["lines", "all of them"]),
    "lines-is-null": (having("lines", value=None), ["lines"]),
    "lines-is-empty": (having("lines", value={}), ["lines"]),
    "line-is-a-list": (having("lines", "30.1", value=["windows"]), ["lines", "30.1", "windows"]),
    "line-name-is-a-number": (having("lines", 30.2, value=OWN["lines"]["7.10"]), ["lines", "30.2"]),
    "line-name-is-text": (having("lines", "thirty", value=OWN["lines"]["7.10"]), ["lines", "thirty"]),
    "cell-is-a-number": (having(*CELL, value=7), ["30.1", "windows", "7"]),
    "cell-is-a-list": (having(*CELL, value=["30.1.0-100", "30.1.2-50"]), ["30.1", "windows", "30.1.0-100"]),
    "aliases-is-text": (having("platforms", "unix", "aliases", value="aix"), ["platforms", "unix", "aliases", "aix"]),
    "platform-line-is-a-number": (
        having("platforms", "macos", "not_applicable_up_to", value=29.5),
        ["platforms", "macos", "not_applicable_up_to", "29.5"],
    ),
    "platform-line-is-no-line": (
        having("platforms", "macos", "not_applicable_up_to", value="old"),
        ["platforms", "macos", "not_applicable_up_to", "old"],
    ),
    # an unknown key or word
    "unknown-key": (having("liness", value={}), ["liness"]),
    "unknown-key-in-a-platform": (having("platforms", "linux", "alias", value=["x"]), ["platforms", "linux", "alias"]),
    "unknown-key-in-a-cell": (having(*CELL, "fixed_form", value="30.1.2-50"), ["30.1", "windows", "fixed_form"]),
    "unknown-platform-in-a-line": (having("lines", "30.1", "amiga", value="not_affected"), ["30.1", "amiga"]),
    "unknown-rule": (having(*CELL, value="not_afected"), ["30.1", "windows", "not_afected"]),
    # a bound that is no build
    **{
        f"{bound}-is-{name}": (having(*CELL, bound, value=value), ["30.1", "windows", bound, *words])
        for bound in ("affected_up_to", "fixed_from")
        for name, value, words in [
            ("three-fields", "30.1.2", ["30.1.2"]),
            ("words", "the newest", ["the newest"]),
            ("with-a-space", "30.1.1-50 ", ["30.1.1-50"]),
            ("a-float", 30.1, ["30.1"]),
            ("empty", "", []),
            ("null", None, []),
            ("a-list", ["30.1.1-50"], ["30.1.1-50"]),
        ]
    },
    # bounds in the wrong order
    "equal-bounds": (
        having(*CELL, value={"affected_up_to": "30.1.2-50", "fixed_from": "30.1.2-50"}),
        ["30.1", "windows", "30.1.2-50"],
    ),
    "swapped-bounds": (
        having(*CELL, value={"affected_up_to": "30.1.2-50", "fixed_from": "30.1.0-100"}),
        ["30.1", "windows", "30.1.2-50", "30.1.0-100"],
    ),
    "bounds-swapped-as-tuples-only": (
        having(*CELL, value={"affected_up_to": "30.1.2-50", "fixed_from": "30.1.1-900"}),
        ["30.1", "windows", "30.1.2-50", "30.1.1-900"],
    ),
    # not a tree of keys at all
    "a-list": ([OWN], []),
    "a-word": ("KA-0016311", ["KA-0016311"]),
    "null": (None, []),
}


def refusal(name_or_path: str) -> str:
    with pytest.raises(AdvisoryError) as caught:
        load_advisory(name_or_path)
    return str(caught.value)


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_by_file_key_and_value(tmp_path: Path, name: str) -> None:
    tree, words = BAD_FILES[name]
    path = write(tmp_path / "bad.yml", tree)
    message = refusal(path)
    assert path in message
    rest = message.replace(path, "")
    assert [word for word in words if word not in rest] == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"lines: [unclosed\n",
        b"id: OWN\n\tlines: {}\n",
        b"id: 'unclosed\n",
        b"id: *nowhere\n",
        b"--- {}\n--- {}\n",
        b"!!python/object/apply:os.system ['true']\n",
        b"\x00\x01\x02",
        b"\xff\xfe\xfa not UTF-8",
    ],
    ids=["empty", "bracket", "tab", "quote", "alias", "two-documents", "python-object", "binary", "encoding"],
)
def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.yml"
    path.write_bytes(content)
    assert str(path) in refusal(str(path))


def test_a_path_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "a folder with a long name, for the operator must be able to copy the path from the message"
    missing, folder, loop = home / "missing.yml", home / "folder.yml", home / "loop.yml"
    folder.mkdir(parents=True)
    loop.symlink_to(loop)
    for path in (missing, folder, loop):
        assert str(path) in refusal(str(path))


@pytest.mark.parametrize("name", ["KA-9999999", "", "../KA-0016311", "ka_0016311.yml/../../secret"])
def test_a_name_that_is_not_shipped_is_refused(name: str) -> None:
    assert name in refusal(name)
