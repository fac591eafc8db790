# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a host sends: judging never fails, and nothing passes on what is not known."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .sample import REQUIRED, checks, host

LEAF = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from([*REQUIRED.values(), "6.1", "112", "file_rename_other: x", "Package_for_RollupFix~7601.1"]),
)
JUNK = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
KEYS = sorted(host())
# Without these facts their checks have nothing to stand on.
DEPENDS = {
    "build": ["sha2_support", "azure_code_signing_support"],
    "certificates": ["root_certificates"],
    "reboot": ["pending_reboot"],
    "free_bytes": ["free_space"],
    "shared_dlls": ["shared_dlls"],
    "cert_padding_check": ["certificate_padding_check"],
}


@given(st.dictionaries(st.sampled_from(KEYS), JUNK))
def test_junk_never_raises_and_a_null_never_passes(changes: dict[str, Any]) -> None:
    found = checks(_comparable(host(**changes)))
    for key, names in DEPENDS.items():
        if key in changes and changes[key] is None:
            assert all(found[name].result != "pass" for name in names)


@given(st.sampled_from([6003, 7600, 7601]), st.sampled_from(["6.0", "6.1", None]), JUNK, st.lists(LEAF, max_size=3))
def test_junk_in_packages_never_passes(build: int, version: Any, junk: Any, states: list[Any]) -> None:
    packages = [{"name": "Package_for_KB4474419~x~amd64~~6.1.3.2", "state": s} for s in states if s != 112]
    facts = host(build=build, nt_version=version, servicing_packages=[*packages, junk], ubr=None)
    found = checks(_comparable(facts))
    assert found["sha2_support"].result != "pass"
    assert found["azure_code_signing_support"].result != "pass"


@given(JUNK)
def test_a_record_that_is_junk_as_a_whole(record: Any) -> None:
    if isinstance(record, dict):
        record = _comparable(record)
    elif _is_nan(record) or isinstance(record, list):
        record = repr(record)
    assert all(check.result != "pass" for check in checks(record).values())


@given(st.integers(0, 40_000), st.integers(0, 40_000), st.integers(0, 10_000))
def test_more_updates_never_make_it_worse(build: int, ubr: int, more: int) -> None:
    before = checks(host(build=build, ubr=ubr))["azure_code_signing_support"].result
    after = checks(host(build=build, ubr=ubr + more))["azure_code_signing_support"].result
    assert before != "pass" or after == "pass"


@pytest.mark.parametrize("facts", [{}, None, [], "windows", 7, dict.fromkeys(KEYS)])
def test_nothing_known_is_nothing_passed(facts: Any) -> None:
    found = checks(facts)
    assert all(check.result in ("warn", "undetermined") for check in found.values())


@pytest.mark.parametrize("key", DEPENDS)
def test_each_null_alone(key: str) -> None:
    assert all(checks(host(**{key: None}))[name].result != "pass" for name in DEPENDS[key])
    facts = host()
    del facts[key]
    assert all(checks(facts)[name].result != "pass" for name in DEPENDS[key])


def _comparable(value: Any) -> Any:
    """The same without NaN, which is not equal to its own copy."""
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    return None if _is_nan(value) else value


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
