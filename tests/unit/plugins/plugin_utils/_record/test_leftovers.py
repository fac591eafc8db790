# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an uninstallation left, by what the host found of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import judge_leftovers, leftover_options

from .windows_reading import UNINSTALL, key, listed

Json = dict[str, Any]
SERVICE = "SYSTEM\\CurrentControlSet\\Services\\"


def found(*there: str, **more: Any) -> Json:
    """A clean host, but for these keys, values and paths, by what their names end with."""
    options = leftover_options()

    def is_there(name: str) -> bool:
        return any(name.endswith(each) for each in there)

    keys = {
        name: key(path, is_there(path), **(dict.fromkeys(values, "x") if is_there(path) else {}))
        for name, (path, *values) in options["keys"].items()
    }
    return {
        "keys": keys,
        "paths": [
            {"path": each, "exists": is_there(each), "folder": is_there(each) and not each.endswith(".sys")}
            for each in options["paths"]
        ],
        "uninstall": {"entries": [], "errors": []},
        **more,
    }


def left(kind: str, name: str, shared: bool = False) -> Json:
    return {"kind": kind, "name": name, "maybe_other_product": shared}


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (found(), []),
        (found(SERVICE + "ds_agent"), [left("service", "ds_agent")]),
        (found(SERVICE + "tmcomm"), [left("service", "tmcomm", True)]),
        (
            found("TrendMicro\\AMSP"),
            [left("registry", f"HKLM\\SOFTWARE\\{view}TrendMicro\\AMSP") for view in ("", "WOW6432Node\\")],
        ),
        (
            found("WOW6432Node\\TrendMicro\\AEGIS"),
            [left("registry", "HKLM\\SOFTWARE\\WOW6432Node\\TrendMicro\\AEGIS", True)],
        ),
        (
            found("EventLog\\System\\tbimdsa"),
            [left("registry", f"HKLM\\{SERVICE}EventLog\\System\\tbimdsa")],
        ),
        (
            found("WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Run"),
            [
                left(
                    "registry",
                    f"HKLM\\SOFTWARE\\WOW6432Node\\{UNINSTALL[9:].replace('Uninstall', 'Run')}\\Deep Security Notifier",
                )
            ],
        ),
        (
            found("%\\Trend Micro\\AMSP"),
            [left("folder", f"%{root}%\\Trend Micro\\AMSP") for root in ("ProgramFiles", "ProgramData")],
        ),
        (found("drivers\\tmumh.sys"), []),
        (found("drivers\\TMUMH.sys"), [left("file", "%SystemRoot%\\System32\\drivers\\TMUMH.sys", True)]),
        (found("LogFiles\\ds_agent"), [left("folder", "%SystemRoot%\\System32\\LogFiles\\ds_agent")]),
        (
            found(uninstall={"entries": [listed(), listed(name="Trend Micro Deep Security Notifier")], "errors": []}),
            [left("uninstall_entry", f"Trend Micro Deep Security {name}") for name in ("Agent", "Notifier")],
        ),
        # The Manager on the same host is none of the agent's.
        (found(uninstall={"entries": [listed(name="Trend Micro Deep Security  MANAGER")], "errors": []}), []),
    ],
)
def test_what_is_left(given_: Json, expected: list[Json]) -> None:
    assert judge_leftovers(given_) == (expected, [])


_CLEAN = found()
_AGENT, _RUN = SERVICE + "ds_agent", "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"


def with_key(name: str, answer: object) -> Json:
    """A clean host, but for one key."""
    return {**_CLEAN, "keys": {**_CLEAN["keys"], name: answer}}


@pytest.mark.parametrize(
    "given_",
    [
        {},
        None,
        {**_CLEAN, "keys": {name: each for name, each in _CLEAN["keys"].items() if name != _AGENT}},
        {**_CLEAN, "keys": {name: each for name, each in _CLEAN["keys"].items() if name != _RUN}},
        {**_CLEAN, "paths": None},
        with_key(_AGENT, key(_AGENT, None)),
        with_key(_AGENT, "junk"),
        with_key(_RUN, key(_RUN, None)),
        {**_CLEAN, "paths": [{"path": "x", "exists": None}, *_CLEAN["paths"][1:]]},
        {**_CLEAN, "paths": ["junk", *_CLEAN["paths"][1:]]},
        {**_CLEAN, "uninstall": None},
        {**_CLEAN, "uninstall": {"entries": [], "errors": ["Access is denied"]}},
        {**_CLEAN, "uninstall": {"entries": [listed(name=7)], "errors": []}},
    ],
    ids=range(13),
)
def test_what_could_not_be_looked_at_is_a_problem(given_: Json | None) -> None:
    leftovers, problems = judge_leftovers(given_)
    assert leftovers == []
    assert problems
    assert all(isinstance(problem, str) for problem in problems)


def test_one_key_that_is_denied_hides_no_other() -> None:
    """findings/powershell.md, B."""
    given_ = found(SERVICE + "ds_notifier", "LogFiles\\ds_agent")
    given_["keys"][_AGENT] = key(_AGENT, None)
    leftovers, problems = judge_leftovers(given_)
    assert [each["name"] for each in leftovers] == ["ds_notifier", "%SystemRoot%\\System32\\LogFiles\\ds_agent"]
    assert len(problems) == 1


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(_CLEAN)), _JUNK, min_size=1))
def test_junk_never_breaks_it_and_never_reads_as_clean(junk: Json) -> None:
    leftovers, problems = judge_leftovers({**_CLEAN, **junk})
    assert leftovers or problems or set(junk) <= {"uninstall"}
