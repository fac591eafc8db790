# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a Manager is to be upgraded: every setting that cannot work is refused in words, and so is every doubt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.filter.dsm_upgrade_decision import dsm_upgrade_decision

URL = "https://dsm1.example.com:4119"


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    """All that is needed, as Ansible gives it: what is not set is an empty text."""
    for name in ("Manager.sh", "answers"):
        (tmp_path / name).write_text("x", encoding="ascii")
    return {
        "dsm_url": URL,
        "dsm_api_key": "set",
        "dsm_target_version": "20.0.1234",
        "dsm_installer": str(tmp_path / "Manager.sh"),
        "dsm_installer_checksum": "a" * 64,
        "dsm_verify_installer": "",
        "dsm_answer_file": str(tmp_path / "answers"),
        "dsm_backup_confirmed": "true",
        "dsm_minimum_version": "",
        "dsm_version": "",
        "dsm_installer_arguments": [],
    }


def said(version: str | None, key_type: str = "on_premises") -> dict[str, Any]:
    """What dsm_info returns."""
    return {"manager": {"url": URL, "version": version}, "api_key": {"type": key_type}, "problems": ["it is off"]}


def objection(settings: dict[str, Any], *arguments: Any, **more: Any) -> str:
    """What speaks against it."""
    return str(dsm_upgrade_decision(settings, *arguments, **more)["objection"])


def test_settings_that_can_work(settings: dict[str, Any]) -> None:
    assert objection(settings) == ""
    assert objection({**settings, "dsm_installer_checksum": "", "dsm_verify_installer": "false"}) == ""
    assert objection({**settings, "dsm_minimum_version": "20.0.1234.0"}) == ""
    assert objection(settings, addresses=[URL, "https://dsm2.example.com:4119"]) == ""
    assert objection(settings, answers="UpgradeVerificationScreen.Overwrite=False\n") == ""


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("dsm_url", "", "dsm_url is not set; give the address of this Manager"),
        ("dsm_url", "dsm1:4119", "dsm_url is 'dsm1:4119'; write an address such as https://"),
        ("dsm_url", "https://workload.us-1.cloudone.trendmicro.com", "is Workload Security, whose Manager the vendor"),
        ("dsm_api_key_type", "cloud_one", "is Workload Security, whose Manager the vendor"),
        ("dsm_api_key", "", "dsm_api_key is not set"),
        ("dsm_target_version", "", "dsm_target_version is not set; give the Manager's version to reach"),
        ("dsm_target_version", "newest", "dsm_target_version is 'newest'; write a Manager's version such as 20.0.737"),
        ("dsm_target_version", 20, "dsm_target_version is 20; write a Manager's version"),
        ("dsm_minimum_version", "20.0.1235", "20.0.1234 is older than dsm_minimum_version 20.0.1235; name a newer"),
        ("dsm_minimum_version", "x", "dsm_minimum_version is 'x'"),
        ("dsm_installer", "", "dsm_installer is not set; give the vendor's installer, a file on the controller"),
        ("dsm_installer", "/nowhere/Manager.sh", "dsm_installer is '/nowhere/Manager.sh', which is no file on the con"),
        ("dsm_installer_checksum", "", "dsm_installer_checksum is not set; give the SHA-256"),
        ("dsm_installer_checksum", "abc", "dsm_installer_checksum is 'abc'; a SHA-256 has 64 hexadecimal digits"),
        ("dsm_verify_installer", "perhaps", "dsm_verify_installer is 'perhaps'; write true or false"),
        ("dsm_answer_file", "/nowhere/answers", "dsm_answer_file is '/nowhere/answers', which is no file"),
        ("dsm_install_timeout", "1h", "dsm_install_timeout is '1h'; write a whole number"),
        ("dsm_start_timeout", 0, "dsm_start_timeout is 0; write a whole number"),
        ("dsm_installer_arguments", "-q", "dsm_installer_arguments is '-q'; write a list of texts"),
    ],
)
def test_what_cannot_work(settings: dict[str, Any], name: str, value: object, words: str) -> None:
    assert words in objection({**settings, name: value})


def test_one_address_for_two_nodes(settings: dict[str, Any]) -> None:
    told = objection(settings, addresses=[URL, URL + "/"])
    assert f"dsm_url is {URL} for several Managers; give every node its own address" in told


@pytest.mark.parametrize(
    "line", ["UpgradeVerificationScreen.Overwrite=True", "A=1\n upgradeverificationscreen.overwrite : TRUE \nB=2"]
)
def test_an_answer_file_that_overwrites_the_database_is_refused(settings: dict[str, Any], line: str) -> None:
    assert "write UpgradeVerificationScreen.Overwrite=False for an upgrade" in objection(settings, answers=line)


@pytest.mark.parametrize(
    ("target", "installed", "reached"),
    [
        ("20.0.1234", "20.0.1234", True),
        ("20.0.1234", "20.0.1234.0", True),
        ("20.0.1234", "20.0.1235", True),
        ("20.0.1234", "20.0.1234.1", True),
        ("20.0.1234.1", "20.0.1234", False),
        ("20.0.1234", "20.0.737", False),
        ("20.0.0-1234", "20.0.737", True),  # the same as 20.0.0.1234
        ("20.0.1234", "12.0.5000", False),
        ("20.0.9", "20.0.10", True),
    ],
)
def test_versions_compare_as_numbers(settings: dict[str, Any], target: str, installed: str, reached: bool) -> None:
    given = {**settings, "dsm_target_version": target}
    decided = dsm_upgrade_decision(given, said(installed))
    assert (decided["objection"], decided["reached"]) == ("", reached)
    assert (decided["installed"], decided["state"]) == (installed, f"answers with {installed}")


def test_never_back_to_an_older_line(settings: dict[str, Any]) -> None:
    told = objection({**settings, "dsm_target_version": "12.0.9999"}, said("20.0.1"))
    assert "dsm_target_version 12.0.9999 is of an older line than the Manager, which has 20.0.1" in told


@pytest.mark.parametrize("confirmed", ["", "false", False, None])
def test_no_backup_no_upgrade(settings: dict[str, Any], confirmed: object) -> None:
    given = {**settings, "dsm_backup_confirmed": confirmed}
    assert "then set dsm_backup_confirmed to true. Nothing was changed" in objection(given, said("20.0.737"))
    assert dsm_upgrade_decision(given, said("20.0.1234"))["reached"], "nothing is to do, so no backup is asked for"


def test_a_manager_that_does_not_tell(settings: dict[str, Any]) -> None:
    assert "is Workload Security" in objection(settings, said(None, "cloud_one"))
    assert "the Manager's version is unknown (it is off)" in objection(settings, said(None))


@pytest.mark.parametrize(
    ("stated", "info", "installed"),
    [
        ("", {"answered": False}, None),
        ("20.0.737", {"answered": False}, "20.0.737"),
        ("20.0.1234", {"answered": False}, None),
        ("20.0.737", {"answered": True, "status": 401}, None),
        ("20.0.737", {"answered": None}, None),
        ("20.0.737", {}, None),
    ],
)
# No word of the message decides.
@pytest.mark.parametrize("msg", ["connection refused", "the API key is not accepted (HTTP 401)"])
def test_a_stated_version_counts_only_for_a_node_that_is_silent(
    settings: dict[str, Any], stated: str, info: dict[str, Any], installed: str | None, msg: str
) -> None:
    decided = dsm_upgrade_decision({**settings, "dsm_version": stated}, {"msg": msg, **info})
    assert not decided["reached"]
    assert decided["state"] == f"does not answer: {msg}"
    if installed:
        assert (decided["objection"], decided["installed"]) == ("", installed)
    else:
        assert f"the Manager does not answer: {msg}. Nothing was changed." in str(decided["objection"])
