# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a build is written, and what is not a build."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import BuildError, parse_build
from tests.unit.tables import every_combination

from .oracle import REASON_LIMIT, agent, judge, outcome

MIB_10 = 10 * 2**20


class Text(str):
    """Ansible hands over subclasses of str."""


@pytest.mark.parametrize(
    ("written", "text", "line"),
    [
        ("20.0.0-6313", "20.0.0-6313", "20.0"),
        ("20.0.0.6313", "20.0.0-6313", "20.0"),
        ("20.0.0-4416.el7", "20.0.0-4416", "20.0"),
        ("20.0.0-4416.el8", "20.0.0-4416", "20.0"),
        ("20.0.2-1390.ol7", "20.0.2-1390", "20.0"),
        ("20.0.2-1390.ol7.x86_64", "20.0.2-1390", "20.0"),
        ("20.0.1-25771", "20.0.1-25771", "20.0"),
        ("20.0.1.25771", "20.0.1-25771", "20.0"),
        ("12.5.0-100", "12.5.0-100", "12.5"),
        ("9.6.2-8888", "9.6.2-8888", "9.6"),
        ("9.6.2.8888", "9.6.2-8888", "9.6"),
        (Text("20.0.0-6313"), "20.0.0-6313", "20.0"),
    ],
)
def test_accepted_spellings(written: str, text: str, line: str) -> None:
    build = parse_build(written)
    assert (build.text, build.line) == (text, line)
    assert build == parse_build(text)
    assert hash(build) == hash(parse_build(text))

    verdict = judge(agent("linux", written))
    assert verdict.verdict != "unknown"
    assert (verdict.version, verdict.line) == (text, line)


def test_builds_are_ordered_as_whole_tuples() -> None:
    ascending = [
        "9.6.2-8888",
        "10.0.0-2775",
        "11.0.0-2401",
        "12.0.0-2380",
        "12.5.0-1",
        "20.0.0-999",
        "20.0.0-4726",
        "20.0.0-10000",
        "20.0.1-25771",
        "20.0.2-1390",
        "20.0.10-1",
        "20.1.0-1",
        "21.0.0-1",
    ]
    for lower, higher in pairwise(map(parse_build, ascending)):
        assert lower < higher
        assert lower <= higher
        assert higher > lower
        assert higher >= lower
        assert lower != higher


def test_a_build_cannot_be_changed() -> None:
    build = parse_build("20.0.0-6313")
    with pytest.raises(dataclasses.FrozenInstanceError):
        build.text = "20.0.0-1"  # type: ignore[misc]


NOT_A_BUILD: dict[str, object] = {
    # nothing
    "none": None,
    "empty": "",
    "blank": " ",
    "zeros": "0.0.0.0",
    "zeros-with-a-dash": "0.0.0-0",
    "dash": "-",
    "dots": "...",
    "null-word": "null",
    "none-word": "None",
    "rpm-message": "package ds_agent is not installed",
    # too few or too many numbers
    "one-field": "20",
    "two-fields": "20.0",
    "three-fields": "20.0.0",
    "three-fields-with-a-dash": "20.0-6313",
    "open-end": "20.0.0-",
    "open-end-dotted": "20.0.0.",
    "open-start": ".0.0-6313",
    "hole": "20..0-6313",
    "trailing-dot": "20.0.0-6313.",
    "trailing-dash": "20.0.0-6313-",
    "five-fields": "20.0.0.6313.1",
    "five-fields-with-a-dash": "20.0.0-6313.1",
    "five-fields-with-a-suffix": "20.0.0-6313.1.el7",
    "two-dashes": "20.0.0-6313-1",
    "dashes-only": "20-0-0-6313",
    "dash-too-early": "20.0-0.6313",
    # letters
    "words": "twenty",
    "letters": "a.b.c-d",
    "letter-for-a-number": "20.0.x-6313",
    "letter-o-for-zero": "20.O.0-6313",
    "letters-at-the-end": "20.0.0-6313abc",
    "letters-for-the-build": "20.0.0-el7",
    "v": "v20.0.0-6313",
    "package-name": "ds_agent-20.0.0-6313",
    "file-name": "Agent-RedHat_EL7-20.0.0-4726.x86_64.zip",
    "epoch": "1:20.0.0-6313",
    "python-epoch": "1!20.0.0-6313",
    "local-part": "20.0.0-6313+local",
    "release-candidate": "20.0.0-6313rc1",
    "post-release": "20.0.0-6313.post1",
    "dev-release": "20.0.0-6313.dev1",
    "debian-pre-release": "20.0.0-6313~rc1",  # which sorts below 20.0.0-6313
    "suffix-after-a-dash": "20.0.0-6313-el7",
    "hexadecimal": "20.0.0-0x18A9",
    "exponent": "20.0.0-6e3",
    "underscore-in-a-number": "20.0.0-6_313",
    "comma": "20,0,0,6313",
    "two-builds": "20.0.0-6313,20.0.0-5995",
    "suffix-that-is-a-command": "20.0.0-4416.el7; reboot",
    "suffix-with-a-space": "20.0.0-4416.el7 beta",
    # whitespace
    "leading-space": " 20.0.0-6313",
    "trailing-space": "20.0.0-6313 ",
    "space-inside": "20.0.0 -6313",
    "space-after-the-dash": "20.0.0- 6313",
    "space-in-a-number": "20.0.0-6 313",
    "leading-tab": "\t20.0.0-6313",
    "trailing-tab": "20.0.0-6313\t",
    "trailing-newline": "20.0.0-6313\n",
    "trailing-newline-after-a-suffix": "20.0.0-4416.el7\n",
    "trailing-carriage-return": "20.0.0-6313\r\n",
    "newline-inside": "20.0.0\n-6313",
    "two-lines": "20.0.0-6313\n20.0.0-5995",
    "no-break-space": "20.0.0-6313\u00a0",
    "ideographic-space": "\u300020.0.0-6313",
    # signs
    "negative": "-20.0.0-6313",
    "negative-field": "20.-1.0-6313",
    "negative-build": "20.0.0--6313",
    "plus": "20.0.0-+6313",
    # Unicode
    "arabic-indic-digits": "٢٠.٠.٠-٦٣١٣",  # noqa: RUF001
    "devanagari-digits": "२०.०.०-६३१३",  # noqa: RUF001
    "full-width-digits": "２０.０.０-６３１３",  # noqa: RUF001
    "one-full-width-digit": "20.0.0-631３",  # noqa: RUF001
    "full-width-everything": "２０．０．０－６３１３",  # noqa: RUF001
    "superscript": "20.0.0-631³",
    "circled-digit": "20.0.0-631③",
    "en-dash": "20.0.0\u20136313",
    "minus-sign": "20.0.0\u22126313",
    "zero-width-space": "20.0.0-6313\u200b",
    "byte-order-mark": "\ufeff20.0.0-6313",
    "right-to-left-mark": "\u200f20.0.0-6313",
    "unicode-suffix": "20.0.0-4416.el７",  # noqa: RUF001
    "lone-surrogate": "20.0.0-6313\ud800",
    "emoji": "20.0.0-6313\U0001f600",
    # control characters
    "nul": "20.0.0-6313\x00",
    "nul-inside": "20.0.0\x00-6313",
    "escape-sequence": "\x1b[31m20.0.0-6313\x1b[0m",
    # other types
    "bytes": b"20.0.0-6313",
    "bytearray": bytearray(b"20.0.0-6313"),
    "int": 20,
    "zero": 0,
    "float": 20.0,
    "not-a-number": float("nan"),
    "true": True,
    "false": False,
    "list": ["20.0.0-6313"],
    "list-of-numbers": [20, 0, 0, 6313],
    "tuple": (20, 0, 0, 6313),
    "dict": {"version": "20.0.0-6313"},
    "set": frozenset({"20.0.0-6313"}),
    "object": object,
    # size
    "digits-beyond-int-limit": "20.0.0-" + "9" * 5000,
    "digits-just-beyond-int-limit": "20.0.0-" + "9" * 4301,
    "long-major": "9" * 5000 + ".0.0-6313",
    "10-MiB-of-letters": "x" * MIB_10,
    "10-MiB-of-digits": "9" * MIB_10,
    "10-MiB-build-number": "20.0.0-" + "9" * MIB_10,
    "10-MiB-of-zeros": "0" * MIB_10,
    "10-MiB-of-dots": "." * MIB_10,
    "10-MiB-of-fields": "20." * (MIB_10 // 3),
    "10-MiB-of-newlines": "\n" * MIB_10,
    "10-MiB-after-a-build": "20.0.0-6313" + " " * MIB_10,
    "10-MiB-suffix": "20.0.0-6313." + "el7." * (MIB_10 // 4),
    "10-MiB-suffix-that-ends-badly": "20.0.0-6313." + "e" * MIB_10 + "!",
    "10-MiB-of-bytes": b"9" * MIB_10,
    "long-list": ["20.0.0-6313"] * 100_000,
}


@every_combination(name=NOT_A_BUILD)
def test_anything_else_is_no_build(name: str) -> None:
    with pytest.raises(BuildError) as caught:
        parse_build(NOT_A_BUILD[name])
    assert isinstance(caught.value, ValueError)
    message = str(caught.value)
    assert message.strip()
    assert len(message) <= REASON_LIMIT


@every_combination(name=NOT_A_BUILD, platform=["windows", "linux", "unix", "macos"], certificate_replaced=[False, True])
def test_a_version_that_is_no_build_is_unknown(name: str, platform: str, certificate_replaced: bool) -> None:
    """`judge` checks that the reason is there, short and printable."""
    verdict = judge(agent(platform, NOT_A_BUILD[name]), certificate_replaced=certificate_replaced)
    assert outcome(verdict) == ("unknown", "investigate")
    assert not verdict.compliant
    assert len(str(verdict.as_dict())) <= 2000, "nothing of the junk is carried along"


def test_the_reason_quotes_the_value() -> None:
    with pytest.raises(BuildError, match="twenty"):
        parse_build("twenty")
    assert "twenty" in judge(agent("linux", "twenty")).reason
