# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where packages come from, with real package managers and real signatures: one host for each way, all in one run.

What is refused before any host is touched, and why, is tested without a fleet: tests/unit, _ansible/test_downloads.py.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.manager_stub.stub import Answer, Asked, Stub, certificate, serving

from .conftest import FIXED, LabFleet, StartFleet, deb, rpm

RPM = all(shutil.which(tool) for tool in ("rpm", "rpmbuild", "rpmsign", "gpg"))
OLDER_FIX = "20.0.0-4726"
DEB = f"Agent-Core-Debian_12-{FIXED}.x86_64.deb"
RPM_FILE = f"Agent-PGPCore-RedHat_EL8-{FIXED}.x86_64.rpm"
SUN = f"Agent-Core-Solaris_5.11-{FIXED}.x86_64.p5p"
OF_MANAGER = f"/software/agent/Solaris_5.11/x86_64/{FIXED.replace('-', '.')}/agent.p5p.gz"
STAGING = "var/opt/deep_security_remediation/packages"
# A dollar sign is as odd as it may be: Ansible replaces the names of real environment variables in any path.
ODD = 'odd [it\'s] 100% "ü" $odd?#x'
SECRET = "s3cret-token"
# No more than it takes to install something.
ROLES = ("assess", "plan", "upgrade", "report")


@dataclass
class World:
    """The fleet, the server, and what the run gave."""

    lab: LabFleet
    output: str
    report: dict[str, dict[str, t.Any]]
    asked: list[Asked]

    def staged(self, host: str) -> list[str]:
        """Package files that a host still has."""
        folder = self.lab.lab / "roots" / host / STAGING
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _hosts(url: str, folder: Path) -> dict[str, dict[str, t.Any]]:
    """Every host's variables say where its package comes from."""

    def listed(entry: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
        return {"vars": {"dsa_packages": [{"version": FIXED, **entry}], **more}}

    offer: dict[str, t.Any] = {"vars": {"dsa_package_dir": "{{ offer }}"}}
    hosts: dict[str, dict[str, t.Any]] = {
        "url": deb(**listed({"url": f"{url}/agent.deb?token={SECRET}", "sha256": "{{ sums.deb }}"})),
        "manager": {
            "os": "solaris",
            "build": "20.0.1-25771",
            "release": "5.11",
            "vars": {"dsm_url": f"{url}/", "dsa_package_checksums": "{{ sums.packed }}"},
        },
        "repo": deb(**listed({"repository": True}), repository=[FIXED]),
        "command": deb(
            **listed(
                {"path": str(folder / ODD / DEB), "sha256": "{{ sums.deb }}"},
                dsa_upgrade_command='sh -c \'stat -c %a "$0" "${0%/*}" > /root/modes && dpkg -i "$0"\' {file}',
            )
        ),
        "renamed": deb(**listed({"path": str(folder / "renamed" / DEB), "sha256": "{{ sums.renamed }}"})),
    }
    if RPM:
        hosts |= {
            "rpmrepo": rpm(**listed({"repository": True}), repository=[FIXED]),
            "rpmsigned": rpm(**offer),
            "rpmunsigned": rpm(**listed({"path": str(folder / "unsigned" / RPM_FILE)})),
        }
    return hosts


def _prepare(offer: Path, folder: Path, server: Stub) -> dict[str, t.Any]:
    """Make files that are not what they seem; return the variables by which the hosts name what the lab made."""
    for name in ("renamed", "unsigned", ODD):
        (folder / name).mkdir()
    shutil.copy(offer / DEB, folder / ODD)
    renamed = shutil.copy(offer / DEB.replace(FIXED, OLDER_FIX), folder / "renamed" / DEB)
    if RPM:
        unsigned = shutil.copy(offer / RPM_FILE, folder / "unsigned")
        subprocess.run(["rpmsign", "--delsign", str(unsigned)], check=True, capture_output=True)
    packed = gzip.compress((offer / SUN).read_bytes())
    bodies = {"/agent.deb": (offer / DEB).read_bytes(), OF_MANAGER: packed}
    server.answer = lambda asked: Answer(body=bodies.get(asked.path.partition("?")[0], b""))

    def digest(data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()

    sums = {"deb": digest(bodies["/agent.deb"]), "renamed": digest(Path(renamed).read_bytes())}
    file = f"Agent-Solaris_5.11-{FIXED}.x86_64.p5p.gz"
    return {"offer": str(offer), "sums": {**sums, "packed": {file: digest(packed)}}}


@pytest.fixture(scope="module")
def world(start_fleet: StartFleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The run."""
    folder = tmp_path_factory.mktemp("sources")
    pem = certificate(folder, "server")
    with serving(pem) as server:
        lab = start_fleet({"packages": [FIXED, OLDER_FIX], "hosts": _hosts(server.url, folder)})
        # Both would overrule what a host's own variables say.
        given = yaml.safe_load((lab.lab / "vars.yml").read_text(encoding="utf-8"))
        for name in ("dsa_package_dir", "dsa_package_checksums"):
            del given[name]
        (lab.lab / "vars.yml").write_text(yaml.safe_dump(given), encoding="utf-8")
        play = {"hosts": "all", "gather_facts": False, "roles": [f"deep_security.remediation.{role}" for role in ROLES]}
        (lab.folder / "sources.yml").write_text(json.dumps([play]), encoding="utf-8")
        extra = {
            "dsa_package_cache": str(folder / "cache"),
            "dsa_package_ca_path": str(pem),
            "dsa_relays": [],  # nobody has to wait
            **_prepare(lab.lab / "packages", folder, server),
        }
        done = lab.ansible(str(lab.folder / "sources.yml"), "-vv", extra=extra)
        assert done.returncode == 2, done.stdout
        yield World(lab, done.stdout, lab.report(), server.asked)


@pytest.mark.parametrize("name", ["url", "manager", "repo", "command", *(["rpmrepo", "rpmsigned"] if RPM else [])])
def test_a_package_is_installed_and_no_file_of_it_left(world: World, name: str) -> None:
    assert world.report[name]["done"] == "upgraded", world.report[name]["reason"]
    assert world.lab.journal(name, "package_installed")
    assert world.staged(name) == []


def test_a_file_is_downloaded_once_and_what_its_address_carries_is_not_shown(world: World) -> None:
    paths = sorted((asked.path, asked.headers.get("agent-version-control")) for asked in world.asked)
    assert paths == [(f"/agent.deb?token={SECRET}", None), (OF_MANAGER, "off")]
    assert SECRET not in world.output


REFUSED = {
    "renamed": f"holds ds-agent {OLDER_FIX}, not the agent {FIXED}",
    **({"rpmunsigned": "its signature is not good"} if RPM else {}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_not_what_it_should_be_is_refused(world: World, name: str) -> None:
    outcome = world.report[name]
    assert REFUSED[name] in outcome["reason"]
    assert outcome["done"] == "failed"
    assert not world.lab.journal(name, "package_installed", "package_install_failed")
    assert not world.staged(name), "what is not trusted is not left on the host"


def test_an_own_command_finds_a_file_for_root_alone(world: World) -> None:
    modes = world.lab.lab / "roots" / "command" / "root" / "modes"
    assert modes.read_text(encoding="ascii").split() == ["600", "700"]
