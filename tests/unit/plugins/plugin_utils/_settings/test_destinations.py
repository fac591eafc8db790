# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where reports are sent: what can be written there, and that what is wrong is told without its values."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import (
    Settings,
    SettingsError,
    for_run,
)

URL = {"url": "https://store.example.com/dsa/"}


def parsed(value: object) -> list[dict[str, t.Any]]:
    found: list[dict[str, t.Any]] = Settings.parse({"dsa_report_to": value})["dsa_report_to"]
    return found


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        ([{"directory": "/srv/dsa", "host": "store"}, URL, {"tasks": "/srv/send.yml"}], ["directory", "url", "tasks"]),
        ('[{"directory": "/srv/dsa", "host": "store"}]', ["directory"]),
        (URL, ["url"]),
        ([], []),
        ([{**URL, "username": "", "password": None, "headers": {"X-Token": "t"}, "validate_certs": "no"}], ["url"]),
    ],
    ids=["list", "text", "one", "none", "blank"],
)
def test_a_destination_is_of_the_kind_of_its_key(value: object, kinds: list[str]) -> None:
    assert [each["kind"] for each in parsed(value)] == kinds


def test_an_address_has_what_a_request_needs() -> None:
    given = {**URL, "username": "u", "password": " p ", "headers": {"X-Token": "t"}, "validate_certs": "false"}
    assert parsed([given]) == [{"kind": "url", **given, "ca_path": None, "validate_certs": False}]
    assert parsed([URL])[0]["validate_certs"] is True


@pytest.mark.parametrize("value", ["", None, "  "])
def test_an_empty_field_is_not_set(value: object) -> None:
    assert Settings.parse({"dsa_report_to": value}).is_set("dsa_report_to") is False


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("S3CRET", "dsa_report_to"),
        ([{}], "dsa_report_to[0]"),
        ([{**URL, "tasks": "S3CRET"}], "dsa_report_to[0]"),
        ([{"directory": "/S3CRET"}], "dsa_report_to[0].host"),
        ([{"directory": ["S3CRET"], "host": "a"}], "dsa_report_to[0].directory"),
        ([{"directory": "reports", "host": "a"}], "dsa_report_to[0].directory"),
        ([{**URL, "pasword": "S3CRET"}], "dsa_report_to[0].pasword"),
        ([URL, {"url": "ftp://S3CRET"}], "dsa_report_to[1].url"),
        ([{**URL, "password": ["S3CRET"]}], "dsa_report_to[0].password"),
        ([{**URL, "validate_certs": "S3CRET"}], "dsa_report_to[0].validate_certs"),
        ([{**URL, "headers": "S3CRET"}], "dsa_report_to[0].headers"),
        ([{**URL, "headers": {"X": "S3CRET\r\nHost: x"}}], "dsa_report_to[0].headers.X"),
        ([{**URL, "headers": {"a b": "S3CRET"}}], "dsa_report_to[0].headers.a b"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_named_and_no_value_is_shown(value: object, place: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parsed(value)
    assert str(caught.value).startswith(f"{place} cannot be used as it is")
    assert "S3CRET" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        # To everything that reads an address its host ends at the first of / ? #: the rest of the password is a path.
        "http://u:S3CRET/x@store/",
        "http://u:1/S3CRET@store/",
        "http://u:1?S3CRET@store/",
        "http://u:1#S3CRET@store/",
        "http://u:S3@CRET@store/",
        "http://store/S3CRET@/",
        "http://store:S3CRET/",
        "http://store:99999/S3CRET",
        "http://store:0/S3CRET",
        "http://store:-1/S3CRET",
        "http://store/a\nb?S3CRET",
        "http://store/a b?S3CRET",
        "http://store/a\x7f?S3CRET",
        "http://store/a\u3000b?S3CRET",
        "http://u:S3CRET[@store/",
        "http:///S3CRET",
        "file:///S3CRET",
    ],
)
def test_an_address_in_which_a_secret_could_not_be_found_is_refused(url: str) -> None:
    """It would be in the output: of an address only the user and the query are left out there."""
    with pytest.raises(SettingsError) as caught:
        parsed([{"url": url}])
    assert str(caught.value).startswith("dsa_report_to[0].url cannot be used as it is")
    assert "S3CRET" not in str(caught.value)
    assert ("write %40 for @" in str(caught.value)) is ("@" in url and "[" not in url)


@pytest.mark.parametrize(
    "url",
    ["http://u:p%40%2F@store:8443/dsa/?sig=a%2Fb#x", "https://[::1]:443/", "http://store", "HTTPS://store:65535/"],
)
def test_an_address_is_used_as_it_is(url: str) -> None:
    assert parsed([{"url": url}])[0]["url"] == url


def test_hosts_that_contradict_each_other_show_no_value() -> None:
    hosts = [Settings.parse({"dsa_report_to": [{**URL, "password": f"S3CRET-{name}"}]}, name) for name in "ab"]
    with pytest.raises(SettingsError, match="dsa_report_to is one thing on a and another on b") as caught:
        for_run(hosts)
    assert "S3CRET" not in str(caught.value)
