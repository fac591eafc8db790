# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The choice of a package: by the vendor's names, or as the operator lists it; and what the controller verifies."""

from __future__ import annotations

import hashlib
import os
import typing as t
from collections.abc import Sequence
from pathlib import Path

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import (
    Package,
    Plan,
    verify_on_controller,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SettingsErrors
from tests.builders import FIXED, host_run, plan_of, record, relay

from .common import codes

SHA256 = hashlib.sha256(b"x").hexdigest()
WRONG = "0" * 64
CORE, PGP = (f"Agent-{kind}-RedHat_EL8-{FIXED}.x86_64.rpm" for kind in ("Core", "PGPCore"))


def plan(settings: dict[str, t.Any], of: dict[str, t.Any] | None = None, predicting: bool = False) -> Plan:
    """The plan for one affected host with these settings, and no package but those."""
    given = {"dsa_packages": [], **settings}
    return plan_of(relay(), host_run("web1", of or record(), settings=given), predicting=predicting)


def in_directory(folder: Path, names: Sequence[str], of: dict[str, t.Any] | None = None, **settings: t.Any) -> Plan:
    """The same where these files lie in dsa_package_dir."""
    for name in names:
        (folder / name).write_bytes(b"x")
    return plan({"dsa_package_dir": str(folder), **settings}, of)


def package_of(made: Plan) -> Package:
    """The package that the plan has for the host."""
    package = made.work["web1"].package
    assert package is not None
    return package


class TestDirectory:
    """Files named as the vendor names them."""

    @pytest.mark.parametrize(
        ("names", "sums", "chosen"),
        [
            ([CORE, PGP], {}, PGP),
            ([CORE], {}, CORE),
            ([CORE, PGP], {CORE: SHA256}, CORE),
            ([CORE, PGP], {CORE: SHA256, PGP: SHA256}, PGP),
        ],
    )
    def test_a_checksum_is_preferred_then_a_signature(
        self, tmp_path: Path, names: list[str], sums: dict[str, str], chosen: str
    ) -> None:
        package = package_of(in_directory(tmp_path, names, dsa_package_checksums=sums))
        assert (package.file, package.sha256) == (chosen, sums.get(chosen))

    @pytest.mark.parametrize(
        "name",
        [
            f"Agent-Core-RedHat_EL7-{FIXED}.x86_64.rpm",
            f"Agent-Core-RedHat_EL8-{FIXED}.aarch64.rpm",
            "Agent-Core-RedHat_EL8-20.0.2-1391.x86_64.rpm",
            f"Agent-Core-RedHat_EL8-{FIXED}.x86_64.deb",
            f"Agent-Core-RedHat_EL80-{FIXED}.x86_64.rpm",
        ],
    )
    def test_nothing_else_fits(self, tmp_path: Path, name: str) -> None:
        blocked = in_directory(tmp_path, [name]).blocked["web1"]
        assert codes(blocked) == ["no_package_in"]
        assert "there is no package of 20.0.2-1390 for linux x86_64 (RedHat_EL8)" in blocked.text
        assert str(tmp_path) in blocked.text

    def test_a_folder_is_no_package(self, tmp_path: Path) -> None:
        (tmp_path / PGP).mkdir()
        assert package_of(in_directory(tmp_path, [CORE])).file == CORE

    @pytest.mark.parametrize("predicting", [False, True])
    def test_one_that_does_not_exist_stops_the_run(self, tmp_path: Path, predicting: bool) -> None:
        with pytest.raises(SettingsErrors, match=r"dsa_package_dir is .*cannot be read on the controller"):
            plan({"dsa_package_dir": str(tmp_path / "missing")}, predicting=predicting)

    @pytest.mark.parametrize(
        "own",
        [
            {"arch": "*"},
            {"arch": "../../../x"},
            {"arch": "[x]86_64"},
            {"arch": ".."},
            {"distribution": {"id": "ubuntu", "version": "22.04/../x"}},
            {"distribution": {"id": "ubuntu", "version": "*"}},
            {"os": "aix", "os_version": "7.2/x", "platform": "unix"},
        ],
    )
    def test_what_a_host_says_of_itself_enters_no_name_unchecked(self, tmp_path: Path, own: dict[str, t.Any]) -> None:
        address = {"dsm_url": "https://dsm.example.com:4119"}
        blocked = in_directory(tmp_path, [CORE, PGP], {**record(), **own}, **address).blocked["web1"]
        assert codes(blocked) == ["unusable_platform"]


class TestListed:
    """Entries of dsa_packages."""

    def test_an_entry_wins_and_carries_its_checksum(self, tmp_path: Path) -> None:
        entry = {
            "version": FIXED,
            "os": "linux",
            "arch": "x86_64",
            "url": "https://m.example/a.rpm",
            "sha256": "A" * 64,
        }
        package = package_of(in_directory(tmp_path, [CORE], dsa_packages=[{**entry, "arch": "sparc"}, entry]))
        assert (package.origin, package.file, package.sha256) == ("url", "a.rpm", "a" * 64)

    @pytest.mark.parametrize(
        ("entry", "message"),
        [
            ({"version": "x", "url": "https://m.example/a.rpm"}, r"dsa_packages\[0\].version: the version 'x'"),
            ({"version": FIXED, "url": "https://m.example/"}, r"dsa_packages\[0\].url"),
            ({"version": FIXED, "path": "/no/such.rpm"}, "there is no such file on the controller"),
        ],
    )
    @pytest.mark.parametrize("predicting", [False, True])
    def test_a_bad_entry_stops_the_run(self, entry: t.Any, message: str, predicting: bool) -> None:
        with pytest.raises(SettingsErrors, match=message):
            plan({"dsa_packages": [entry]}, predicting=predicting)

    def test_one_for_another_platform_does_not_matter(self) -> None:
        others = [
            {"version": FIXED, "os": "windows", "path": "/no/such.msi"},
            {"version": FIXED, "repository": "false", "url": "https://m.example/a.rpm"},
        ]
        assert package_of(plan({"dsa_packages": others})).origin == "url"

    def test_one_for_another_build_does_not_matter(self) -> None:
        entries: list[dict[str, t.Any]] = [{"version": f"20.0.2-{build}", "repository": True} for build in (1391, 1389)]
        entries.append({"version": FIXED, "url": "https://m.example/a.rpm"})
        package = package_of(plan({"dsa_target_version": FIXED, "dsa_packages": entries}))
        assert (package.version, package.origin) == (FIXED, "url")


def test_the_manager_serves_what_is_found_nowhere_else() -> None:
    package = package_of(plan({"dsm_url": "https://dsm.example:4119/"}))
    assert package.origin == "manager"
    assert package.location == "https://dsm.example:4119/software/agent/RedHat_EL8/x86_64/20.0.2.1390/agent.rpm"


class TestVerification:
    """What is known on the controller is told before any host is touched, in check mode too."""

    @pytest.mark.parametrize("predicting", [False, True])
    @pytest.mark.parametrize("verify", [True, False])
    def test_a_wrong_checksum_blocks_every_host_that_needs_the_file(
        self, tmp_path: Path, predicting: bool, verify: bool
    ) -> None:
        (tmp_path / CORE).write_bytes(b"x")
        settings = {
            "dsa_packages": [],
            "dsa_package_dir": str(tmp_path),
            "dsa_package_checksums": {CORE: WRONG},
            "dsa_verify_packages": verify,
        }
        agents = [host_run(name, record(), settings=settings) for name in ("web1", "web2")]
        blocked = plan_of(relay(), *agents, predicting=predicting).blocked
        for name in ("web1", "web2"):
            assert codes(blocked[name]) == ["package_checksum_wrong"]
            assert SHA256 in blocked[name].text
            assert WRONG in blocked[name].text

    def test_a_right_one_does_not(self, tmp_path: Path) -> None:
        entry = {"version": FIXED, "path": str(tmp_path / "a.rpm"), "sha256": SHA256}
        (tmp_path / "a.rpm").write_bytes(b"x")
        assert package_of(plan({"dsa_packages": [entry]})).sha256 == SHA256

    def test_each_file_is_hashed_once_and_again_when_it_changed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made: list[object] = []
        sha256 = hashlib.sha256

        def counted() -> t.Any:
            made.append(1)
            return sha256()

        monkeypatch.setattr(hashlib, "sha256", counted)
        path = tmp_path / "a.rpm"
        path.write_bytes(b"x")
        package = Package(FIXED, "directory", str(path), "a.rpm", SHA256)
        assert [verify_on_controller(package) for dummy in range(100)] == [None] * 100
        assert len(made) == 1
        path.write_bytes(b"another")
        assert codes(verify_on_controller(package)) == ["package_checksum_wrong"]

    def test_a_file_that_cannot_be_read_blocks(self, tmp_path: Path) -> None:
        package = Package(FIXED, "directory", str(tmp_path), "a.rpm", SHA256)
        assert codes(verify_on_controller(package)) == ["package_unreadable"]

    @pytest.mark.parametrize("origin", ["url", "manager", "repository", "task"])
    def test_what_does_not_lie_here_is_verified_elsewhere(self, origin: str) -> None:
        assert verify_on_controller(Package(FIXED, origin, "https://m.example/a.rpm", "a.rpm", WRONG)) is None

    @pytest.mark.parametrize(
        ("platform", "file", "more", "settings", "blocked", "doubt"),
        [
            ("linux", "a.rpm", {}, {}, None, None),  # it may be signed
            ("deb", "a.deb", {"tools": {"dpkg-sig": True}}, {}, None, None),
            ("deb", "a.deb", {"tools": {"dpkg-sig": False}}, {}, "dpkg_sig_missing", None),
            ("deb", "a.deb", {"tools": {}}, {}, None, "deb_signature_unknown"),
            ("deb", "a.deb", {}, {}, None, "deb_signature_unknown"),
            ("deb", "a.deb", {}, {"dsa_package_checksums": {"a.deb": SHA256}}, None, None),
            ("deb", "a.deb", {"tools": {"dpkg-sig": False}}, {"dsa_verify_packages": "false"}, None, None),
            ("windows", "a.msi", {}, {}, None, "msi_signature_unknown"),
            ("windows", "a.msi", {}, {"dsa_package_checksums": {"a.msi": SHA256}}, None, None),
            ("windows", "a.msi", {}, {"dsa_verify_packages": "false"}, None, None),
            ("unix", "a.bff.gz", {}, {}, "package_unverifiable", None),
            ("unix", "a.bff.gz", {}, {"dsa_package_checksums": {"a.bff.gz": SHA256}}, None, None),
            ("unix", "a.bff.gz", {}, {"dsa_verify_packages": "false"}, None, None),
            ("macos", "a.pkg", {}, {}, "package_unverifiable", None),
        ],
    )
    def test_what_no_host_could_verify_blocks_and_what_is_not_known_is_doubted(
        self,
        tmp_path: Path,
        platform: str,
        file: str,
        more: dict[str, t.Any],
        settings: dict[str, t.Any],
        blocked: str | None,
        doubt: str | None,
    ) -> None:
        (tmp_path / file).write_bytes(b"x")
        affected = {"windows": "20.0.0-5995", "unix": "20.0.0-1304", "macos": "20.0.0-100"}.get(platform, "20.0.0-4416")
        own = record(affected, "linux" if platform == "deb" else platform, **more)
        if platform == "deb":
            own["distribution"] = {"id": "ubuntu", "version": "22.04"}
        entry = {"version": FIXED, "path": str(tmp_path / file)}
        for predicting in (False, True):
            made = plan({"dsa_packages": [entry], **settings}, own, predicting)
            assert codes(made.blocked.get("web1")) == ([blocked] if blocked else [])
            assert codes(made.entries["web1"].doubt) == ([doubt] if doubt else [])


def test_the_directory_may_be_below_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "HOME", str(tmp_path))
    (tmp_path / CORE).write_bytes(b"x")
    assert package_of(plan({"dsa_package_dir": "~"})).location == str(tmp_path / CORE)
