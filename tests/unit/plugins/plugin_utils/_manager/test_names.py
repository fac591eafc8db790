# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of the Manager's computers: usable, unique, and never those of somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._manager import names


def entry(number: int, name: str | None, display: str | None = None, address: str | None = None) -> dict[str, Any]:
    """As much of a computer as its name is made from."""
    return {"id": number, "name": name, "display_name": display, "address": address}


DEFAULT = ("host_name", "display_name", "address")


@pytest.mark.parametrize(
    ("one", "preferences", "name"),
    [
        (entry(1, "WEB1.Example.COM"), DEFAULT, "web1.example.com"),
        (entry(1, "web1.example.com"), ["host_name_short"], "web1"),
        (entry(1, "192.0.2.1"), ["host_name_short"], "192.0.2.1"),
        (entry(1, "web1"), ["id"], "1"),
        (entry(1, "web1", "My Web"), ["display_name"], "my_web"),
        (entry(1, None, "My Web", "192.0.2.1"), DEFAULT, "my_web"),
        (entry(1, "", " ", "192.0.2.1"), DEFAULT, "192.0.2.1"),
        (entry(1, None, None, None), DEFAULT, "computer_1"),
        (entry(1, "2001:db8::1"), DEFAULT, "2001:db8::1"),
        (entry(1, "web1:22"), DEFAULT, "web1_22"),
        (entry(1, "web[1:5]"), DEFAULT, "web_1_5_"),
        (entry(1, "a,b;c&d!e*f"), DEFAULT, "a_b_c_d_e_f"),
        (entry(1, "-oProxyCommand=x"), DEFAULT, "_oproxycommand_x"),
        (entry(1, ".."), ["host_name", "id"], "_."),
        (entry(1, "../../etc"), DEFAULT, "_._.._etc"),
        (entry(1, "web1\nweb2"), DEFAULT, "web1_web2"),
        (entry(1, "  web1 "), DEFAULT, "web1"),
        (entry(1, "???", "web"), DEFAULT, "web"),
        (entry(1, "サーバー１"), DEFAULT, "サーバー１"),
        (entry(1, "か\u3099"), DEFAULT, "が"),
        (entry(1, "localhost", "Web"), DEFAULT, "web"),
        (entry(1, "LOCALHOST.localdomain", "127.0.0.1", "::1"), DEFAULT, "computer_1"),
        (entry(1, "localhost4", "0.0.0.0", "192.0.2.1"), DEFAULT, "192.0.2.1"),
        (entry(1, "localhost"), ["host_name_short"], "computer_1"),
        (entry(1, "localhosting"), DEFAULT, "localhosting"),
        (entry(1, "fe80::1%eth0 x"), DEFAULT, "fe80__1_eth0_x"),
    ],
)
def test_names(one: dict[str, Any], preferences: Sequence[str], name: str) -> None:
    assert names.choose([one], preferences).new == {1: name}


def test_names_in_their_own_case() -> None:
    chosen = names.choose([entry(1, "WEB"), entry(2, "Db")], DEFAULT, lowercase=False)
    assert chosen.new == {1: "WEB", 2: "Db"}


@pytest.mark.parametrize(
    ("wanted", "taken", "expected"),
    [
        (["web", "db"], [], ["web", "db"]),
        (["web", "WEB", "db"], [], ["web_1", "web_2", "db"]),
        (["all", "x"], ["all"], ["all_1", "x"]),
        (["web", "web", "web_1"], [], ["web_1_1", "web_2", "web_1_3"]),
        (["web", "web"], ["web_1"], ["web_1_1", "web_2"]),
        (["a b", "a_b"], [], ["a_b_1", "a_b_2"]),
    ],
)
def test_equal_names_get_the_id_appended(wanted: list[str], taken: list[str], expected: list[str]) -> None:
    computers = [entry(number, name) for number, name in enumerate(wanted, 1)]
    assert list(names.choose(computers, DEFAULT, taken=taken).new.values()) == expected


@pytest.mark.parametrize(
    ("computers", "hosts", "known"),
    [
        ([entry(1, "WEB")], ["Web"], {1: "Web"}),
        ([entry(1, "other", "web")], ["web"], {1: "web"}),
        ([entry(1, None, None, "192.0.2.1")], ["192.0.2.1"], {1: "192.0.2.1"}),
        # A host name counts for more than what somebody typed.
        ([entry(1, "other", "web"), entry(2, "web", "x")], ["web"], {2: "web"}),
        # One computer is one host, by what comes first.
        ([entry(1, "web", "x", "192.0.2.1")], ["192.0.2.1", "web"], {1: "web"}),
        # Nobody can tell which of them it is.
        ([entry(1, "web"), entry(2, "WEB")], ["web"], {}),
        ([entry(1, "web"), entry(2, "WEB"), entry(3, "x", "web")], ["web"], {}),
        ([entry(1, "localhost")], ["localhost"], {}),
    ],
)
@pytest.mark.parametrize("known_only", [True, False])
def test_hosts_that_are_known(
    computers: list[dict[str, Any]], hosts: list[str], known: dict[int, str], known_only: bool
) -> None:
    chosen = names.choose(computers, DEFAULT, hosts, known_only=known_only)
    assert chosen.known == known
    assert set(chosen.new) == (set() if known_only else {one["id"] for one in computers} - set(known))
    assert not {name.lower() for name in chosen.new.values()} & {host.lower() for host in hosts}


WORDS = st.none() | st.text(max_size=6) | st.sampled_from(["web", "WEB", "web_1", "web_2", "all", "a b", "localhost"])


@given(
    st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=8),
    st.lists(st.sampled_from(names.PREFERENCES), max_size=5),
    st.lists(st.sampled_from(["web", "Web_1", "db"]), max_size=3, unique=True),
    st.booleans(),
)
def test_every_computer_has_a_name_of_its_own(
    words: list[tuple[str | None, str | None, str | None]], preferences: list[str], hosts: list[str], lowercase: bool
) -> None:
    computers = [entry(number, *three) for number, three in enumerate(words, 1)]
    chosen = names.choose(computers, preferences, hosts, ["all"], lowercase=lowercase)
    assert set(chosen.new) | set(chosen.known) == set(range(1, len(words) + 1))
    assert not set(chosen.new) & set(chosen.known)
    every = [name.lower() for name in (*chosen.new.values(), *chosen.known.values())]
    assert len(set(every)) == len(every)
    assert "all" not in every
    for name in chosen.new.values():
        assert all(letter.isalnum() or letter in "._-" for letter in name) or "::" in name
        assert name[0] not in "-." and name.lower() != "localhost"


@pytest.mark.parametrize(
    ("one", "name", "address"),
    [
        (entry(1, "web.example.com", None, "192.0.2.1"), "web.example.com", None),
        (entry(1, "WEB.example.com", None, "192.0.2.1"), "web.example.com", None),
        (entry(1, "web.example.com", None, "192.0.2.1"), "192.0.2.1", None),
        (entry(1, "web.example.com", None, "192.0.2.1"), "web", "web.example.com"),
        (entry(1, "web.example.com", None, "192.0.2.1"), "web.example.com_1", "web.example.com"),
        (entry(1, None, "Web", "192.0.2.1"), "web", "192.0.2.1"),
        (entry(1, None, "Web", None), "web", None),
        (entry(1, "-oProxyCommand=x", "Web", "192.0.2.1"), "web", "192.0.2.1"),
        (entry(1, "-lroot", "Web", "192.0.2.1"), "web", "192.0.2.1"),
        (entry(1, "{{ 7 * 7 }}", "Web", "$(id)"), "web", None),
        (entry(1, "web.example.com\n-o", "Web", "192.0.2.1\n"), "web", None),
        (entry(1, "localhost", "Web", "127.0.0.1"), "web", None),
        (entry(1, "2001:db8::1", "Web", None), "web", "2001:db8::1"),
        (entry(1, "fe80::1%-o", "Web", None), "web", None),
    ],
)
def test_what_to_connect_to(one: dict[str, Any], name: str, address: str | None) -> None:
    assert names.connect_to(one, name) == address
