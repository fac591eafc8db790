# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages from a URL or from the Manager: fetched once, kept only where they are good, and refused with the reason."""

from __future__ import annotations

import gzip
import hashlib
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.downloads import Downloads
from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import Package
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SettingsError
from tests.builders import AFFECTED, FIXED
from tests.manager_stub.stub import Answer, Stub

GOOD = b"!<arch>\n" + b"x" * 3000
SECRET = "s3cret-token"
Begin = Callable[..., Downloads]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def begin(pem: Path, tmp_path: Path, manager: Stub, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Begins the downloads of a run. The folder is the same for all runs of a test, and empty at first."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def downloads(ca_path: str | None = str(pem), display: Callable[[str], None] = print) -> Downloads:
        return Downloads(str(tmp_path / "cache"), ca_path, True, display=display)

    return downloads


def package(server: Stub, file: str = "agent.deb", sha256: str | None = digest(GOOD), **more: t.Any) -> Package:
    """A file of this server, its address with a secret."""
    values = {"version": FIXED, "origin": "url", "location": f"{server.url}/new/{file}?token={SECRET}", **more}
    return Package(file=file, sha256=sha256, **values)


def kept(folder: Path) -> list[str]:
    """The files that are kept, and those that were not finished."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and "cache" in path.parts)


def test_a_file_is_fetched_once_for_all_hosts_and_runs(begin: Begin, manager: Stub, tmp_path: Path) -> None:
    manager.says(Answer(body=GOOD))
    shown: list[str] = []
    downloads = begin(display=shown.append)
    brought = [downloads.bring(package(manager)) for dummy in range(2)]
    brought.append(begin().bring(package(manager)))
    assert len({one.location for one in brought}) == 1
    assert Path(brought[0].location).read_bytes() == GOOD
    assert shown == [f"downloading {manager.url}/new/agent.deb"], "without what may be secret"
    assert len(manager.asked) == 1
    assert kept(tmp_path) == ["agent.deb"]


def test_a_kept_file_that_is_damaged_is_fetched_again(begin: Begin, manager: Stub) -> None:
    manager.says(Answer(body=GOOD))
    path = Path(begin().bring(package(manager)).location)
    path.write_bytes(b"!<arch>\n")
    assert Path(begin().bring(package(manager)).location).read_bytes() == GOOD
    assert len(manager.asked) == 2


def test_a_new_build_at_the_same_address_is_a_new_file(begin: Begin, manager: Stub) -> None:
    for build, requests in ((AFFECTED, 1), (FIXED, 1), (FIXED, 0)):
        manager.says(Answer(body=b"!<arch>\n" + build.encode()))
        brought = begin().bring(package(manager, version=build, sha256=None))
        assert Path(brought.location).read_bytes().endswith(build.encode())
        assert len(manager.asked) == requests


def test_only_the_manager_gets_the_header_for_the_explicit_build(begin: Begin, manager: Stub) -> None:
    manager.says(Answer(body=GOOD))
    begin().bring(package(manager))
    begin().bring(package(manager, origin="manager", location=f"{manager.url}/software/agent/x/agent.deb"))
    assert [asked.headers.get("agent-version-control") for asked in manager.asked] == [None, "off"]


def test_a_packed_file_stays_packed(begin: Begin, manager: Stub) -> None:
    packed = gzip.compress(b"p5p")
    manager.says(Answer(body=packed, headers={"Content-Encoding": "gzip"}))
    brought = begin().bring(package(manager, "agent.p5p.gz", digest(packed)))
    assert Path(brought.location).read_bytes() == packed


REFUSED: dict[str, tuple[Answer, dict[str, t.Any], str]] = {
    "missing": (Answer(404), {}, "HTTP Error 404: Not Found; check the address"),
    "another file": (
        Answer(body=GOOD + b"\n"),
        {},
        f"has SHA-256 {digest(GOOD + bytes([10]))}, and not {digest(GOOD)} as you state; it was thrown away: find out",
    ),
    "empty": (Answer(body=b""), {}, "gave no package (0 bytes); check the address"),
    "a page": (
        Answer(body=b"<html>Log in first</html>"),
        {},
        "gave no package (25 bytes that begin with '<html>Log in fi'); check the address",
    ),
    "a page where no kind is known": (
        Answer(body=b"\r\n<!DOCTYPE html>"),
        {"file": "agent.pkg"},
        "that begin with '<!DOCTYPE html>'); check the address",
    ),
    "another kind": (Answer(body=b"PK\x03\x04"), {"sha256": None}, "gave no package (4 bytes that begin with 'PK"),
    "cut": (
        Answer(body=GOOD[:1000], length=len(GOOD)),
        {"sha256": None},
        f"the connection ended after 1000 of {len(GOOD)} bytes",
    ),
    "not imported": (
        Answer(body=b""),
        {"origin": "manager"},
        "gave no package (0 bytes); import this build into the Manager",
    ),
    "nobody there": (Answer(404), {"location": "https://127.0.0.1:1/agent.deb"}, "Connection refused"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_package_is_refused_once_and_not_kept(
    begin: Begin, manager: Stub, tmp_path: Path, name: str
) -> None:
    answer, more, words = REFUSED[name]
    manager.says(answer)
    downloads = begin()
    for dummy in range(2):
        with pytest.raises(SettingsError) as caught:
            downloads.bring(package(manager, **more))
        assert words in str(caught.value)
        assert SECRET not in str(caught.value)
    assert len(manager.asked) == (0 if "location" in more else 1), "it is not tried again for each host"
    assert kept(tmp_path) == []
    manager.says(Answer(body=GOOD))
    begin().bring(package(manager))


def test_a_certificate_must_be_known(begin: Begin, manager: Stub, tmp_path: Path) -> None:
    manager.says(Answer(body=GOOD))
    with pytest.raises(SettingsError, match="certificate") as caught:
        begin(ca_path=None).bring(package(manager))
    assert "dsa_package_ca_path" in str(caught.value)
    assert (manager.asked, kept(tmp_path)) == ([], [])
