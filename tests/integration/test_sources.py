# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where packages come from, and what is refused: one host for each case, all in the same four runs.

A prediction that fetches nothing; a run that a setting stops; a run in which much is wrong; a run after it was mended.
"""

from __future__ import annotations

import gzip
import hashlib
import http.server
import shutil
import socket
import ssl
import subprocess
import threading
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.downloads import Downloads
from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import Package

from .conftest import FIXED, TARGETS, LabFleet, StartFleet, deb, rpm

RPM = all(shutil.which(tool) for tool in ("rpm", "rpmbuild", "rpmsign", "gpg"))
OPENSSL = shutil.which("openssl") is not None
OLDER_FIX = "20.0.0-4726"
DOTTED = FIXED.replace("-", ".")
DEB = f"Agent-Core-Debian_12-{FIXED}.x86_64.deb"
RPM_FILE = f"Agent-PGPCore-RedHat_EL8-{FIXED}.x86_64.rpm"
MANAGER = f"/software/agent/{{}}/x86_64/{DOTTED}/agent.{{}}"
STAGING = "var/opt/deep_security_remediation/packages"
# A dollar sign is as odd as it may be: Ansible replaces the names of real environment variables in any path.
ODD = 'odd [it\'s] 100% "ü" $odd?#x'
SECRET = "s3cret-token"


@dataclass
class Server:
    """A web server; what it has not it answers with 404, and in what is broken the connection ends in the middle."""

    port: int = 0
    bodies: dict[str, bytes] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    requests: list[tuple[str, str | None]] = field(default_factory=list)

    def gets(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(path == asked for asked, dummy in self.requests)


def _serve(server: Server, certificate: Path | None = None) -> http.server.ThreadingHTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            server.requests.append((path, self.headers.get("Agent-Version-Control")))
            body = server.bodies.get(path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write((body or b"")[: 1000 if path in server.broken else None])

        def log_message(self, format: str, *args: t.Any) -> None:
            pass

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
    server.port = listening.server_address[1]
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    return listening


def _certificate(folder: Path) -> Path:
    """Self-signed, with its key in the same file."""
    path, key = folder / "tls.pem", folder / "tls.key"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run([*command.split(), "-keyout", str(key), "-out", str(path)], check=True, capture_output=True)
    path.write_text(path.read_text(encoding="ascii") + key.read_text(encoding="ascii"), encoding="ascii")
    return path


def _closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class World:
    """The fleet, the servers, and what the three runs gave."""

    lab: LabFleet
    web: Server
    tls: Server
    folder: Path
    outputs: dict[str, str] = field(default_factory=dict)
    reports: dict[str, dict[str, dict[str, t.Any]]] = field(default_factory=dict)
    predicted_nothing: bool = False
    kept: list[str] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def cache(self) -> Path:
        """Where the controller keeps what it downloads."""
        return self.folder / "cache"

    def cached(self) -> list[str]:
        """Names of the files that are kept."""
        return sorted(path.name for path in self.cache.rglob("*") if path.is_file())

    def run(self, name: str, *arguments: str, **extra: t.Any) -> None:
        """remediate; what a host's own variables say must not be overruled from outside."""
        done = self.lab.play(
            "remediate",
            *arguments,
            dsa_package_cache=str(self.cache),
            dsa_package_dir="{{ test_dir | default('') }}",
            dsa_package_checksums="{{ test_sums | default({}) }}",
            dsa_target_version="{{ test_target | default(test_targets) }}",
            test_targets=TARGETS,
            dsa_max_fail_percentage=100,
            **extra,
        )
        assert done.returncode == 2, done.stdout
        self.outputs[name], self.reports[name] = done.stdout, self.lab.report()

    def staged(self, host: str) -> list[str]:
        """Package files that a host still has."""
        folder = self.lab.lab / "roots" / host / STAGING
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def touched(self, host: str) -> bool:
        """Whether anything was installed on a host, or tried."""
        return bool(self.lab.journal(host, "package_installed", "package_install_failed", "security_update_requested"))


def _hosts(web: Server, tls: Server, folder: Path) -> dict[str, dict[str, t.Any]]:
    """Every host's variables say where its package comes from."""
    address = f"http://127.0.0.1:{web.port}"

    def listed(entry: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
        return {"vars": {"dsa_packages": [{"version": FIXED, **entry}], **more}}

    def url(path: str, **more: t.Any) -> dict[str, t.Any]:
        return listed({"url": address + path, "sha256": "{{ sums.deb }}", **more})

    manager: dict[str, t.Any] = {"vars": {"dsm_url": address + "/", "test_sums": "{{ all_sums }}"}}
    packed = {"test_dir": "{{ offer }}", "test_sums": "{{ all_sums }}"}
    unix = {"os": "solaris", "build": "20.0.1-25771"}
    hosts: dict[str, dict[str, t.Any]] = {
        "relay1": deb(FIXED, role="relay"),
        # From a URL
        "url1": deb(**url(f"/good/agent.deb?token={SECRET}")),
        "url2": deb(**url(f"/good/agent.deb?token={SECRET}")),
        "late": deb(**url(f"/good/agent.deb?token={SECRET}"), faults={"unreachable": True}),
        "missing": deb(**url("/missing/agent.deb")),
        "changed": deb(**url("/changed/agent.deb")),
        "empty": deb(**url("/empty/agent.deb")),
        "page": deb(**url("/page/agent.deb")),
        "broken": deb(**url("/broken/agent.deb", sha256=None)),
        "refused": deb(**listed({"url": f"http://127.0.0.1:{_closed_port()}/agent.deb", "sha256": "{{ sums.deb }}"})),
        "noname": deb(**url("/")),
        "macpage": {"os": "macos", "build": "20.0.0-224", **url("/page/agent.pkg", version="20.0.0-236")},
        # From the Manager
        "manager": deb(**manager),
        "notthere": deb(**manager, distribution={"id": "debian", "version": "11"}),
        "sun11": {**unix, "release": "5.11", **manager},
        # From the host's own repository
        "repo": deb(**listed({"repository": True}), repository=[FIXED]),
        "norepo": deb(**listed({"repository": True}), repository=[OLDER_FIX]),
        # From a directory
        "unsigned": deb(vars={"test_dir": "{{ offer }}"}),
        "trusting": deb(vars={"test_dir": "{{ offer }}", "dsa_verify_packages": "false"}),
        "renamed": deb(vars={"test_dir": str(folder / "renamed"), "test_sums": {DEB: "{{ sums.renamed }}"}}),
        "othername": deb(**listed({"path": str(folder / "other" / DEB), "sha256": "{{ sums.other }}"})),
        "aix1": {"os": "aix", "build": "20.0.1-25771", "vars": packed},
        "command": deb(
            **listed(
                {"path": str(folder / ODD / DEB), "sha256": "{{ sums.deb }}"},
                dsa_upgrade_command='sh -c \'stat -c %a "$0" "${0%/*}" > /root/modes && dpkg -i "$0"\' {file}',
            )
        ),
        # Never a downgrade
        "newer": deb("20.0.0-4500", vars={"test_target": "12.0.0-2380"}),
        "newest": deb("20.0.3-1", vars={"test_dir": "{{ offer }}"}),
    }
    if OPENSSL:
        hosts["tls"] = deb(
            **listed({"url": f"https://127.0.0.1:{tls.port}/good/agent.deb", "sha256": "{{ sums.deb }}"})
        )
    if RPM:
        hosts |= {
            "rpmrepo": rpm(**listed({"repository": True}), repository=[FIXED]),
            "norpmrepo": rpm(**listed({"repository": True}), repository=[OLDER_FIX]),
            "rpmsigned": rpm(vars={"test_dir": "{{ offer }}"}),
            "rpmunsigned": rpm(**listed({"path": str(folder / "unsigned" / RPM_FILE)})),
            "rpmbroken": rpm(
                vars=packed,
                distribution={"id": "rhel", "version": "9.4"},
                faults={"broken_package": "signature"},
            ),
        }
    for host in hosts.values():
        host["update_seconds"] = 0.2
    return hosts


def _prepare(world: World) -> dict[str, t.Any]:
    """Make files that are not what they seem; return the variables by which the hosts name what the lab made."""
    offer, folder = world.lab.lab / "packages", world.folder
    for name in ("renamed", "other", "unsigned", ODD):
        (folder / name).mkdir()
    shutil.copy(offer / DEB, folder / ODD)
    shutil.copy(offer / DEB.replace(FIXED, OLDER_FIX), folder / "renamed" / DEB)
    control = folder / "tree" / "DEBIAN" / "control"
    control.parent.mkdir(parents=True, mode=0o755)
    control.write_text(
        f"Package: nano\nVersion: {FIXED}\nArchitecture: amd64\nMaintainer: m <m@example.com>\nDescription: x\n",
        encoding="ascii",
    )
    other = folder / "other" / DEB
    subprocess.run(["dpkg-deb", "--build", str(folder / "tree"), str(other)], check=True, capture_output=True)
    if RPM:
        unsigned = shutil.copy(offer / RPM_FILE, folder / "unsigned")
        subprocess.run(["rpmsign", "--delsign", str(unsigned)], check=True, capture_output=True)
    good = (offer / DEB).read_bytes()
    packed = gzip.compress((offer / f"Agent-Core-Solaris_5.11-{FIXED}.x86_64.p5p").read_bytes())
    world.web.bodies |= {
        "/good/agent.deb": good,
        "/changed/agent.deb": good + b"\n",
        "/empty/agent.deb": b"",
        "/page/agent.deb": b"<html>Log in first</html>",
        "/page/agent.pkg": b"\r\n<!DOCTYPE html>",
        "/broken/agent.deb": good,
        "/": good,
        MANAGER.format("Debian_12", "deb"): good,
        MANAGER.format("Debian_11", "deb"): b"",
        MANAGER.format("Solaris_5.11", "p5p.gz"): packed,
    }
    world.web.broken.add("/broken/agent.deb")
    world.tls.bodies["/good/agent.deb"] = good

    def digest(data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()

    sums = yaml.safe_load((world.lab.lab / "vars.yml").read_text(encoding="utf-8"))["dsa_package_checksums"]
    sums[f"Agent-Debian_12-{FIXED}.x86_64.deb"] = digest(good)
    sums[f"Agent-Solaris_5.11-{FIXED}.x86_64.p5p.gz"] = digest(packed)
    renamed = (folder / "renamed" / DEB).read_bytes()
    return {
        "offer": str(offer),
        "all_sums": sums,
        "sums": {"deb": digest(good), "renamed": digest(renamed), "other": digest(other.read_bytes())},
    }


@pytest.fixture(scope="module")
def world(start_fleet: StartFleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The four runs."""
    folder = tmp_path_factory.mktemp("sources")
    web, tls = Server(), Server()
    listening = [_serve(web)]
    if OPENSSL:
        listening.append(_serve(tls, _certificate(folder)))
    hosts = _hosts(web, tls, folder)
    world = World(start_fleet({"packages": [FIXED, OLDER_FIX, "20.0.0-236"], "hosts": hosts}), web, tls, folder)
    made = _prepare(world)
    before = world.lab.fingerprint()
    world.run("predicted", "--check", "--limit", "relay1,url1,missing,manager,repo", **made)
    world.predicted_nothing = world.lab.fingerprint() == before and not web.requests and not world.cache.exists()
    world.run("stopped", "--limit", "relay1,noname", **made)
    world.run("first", "--limit", "all:!noname", **made)
    world.kept = world.cached()
    world.asked = list(web.requests)
    web.bodies["/missing/agent.deb"] = web.bodies["/changed/agent.deb"] = web.bodies["/good/agent.deb"]
    web.bodies[MANAGER.format("Debian_11", "deb")] = web.bodies["/good/agent.deb"]
    made["all_sums"][f"Agent-Debian_11-{FIXED}.x86_64.deb"] = made["sums"]["deb"]
    world.lab.heal("late")
    world.run(
        "mended",
        "--limit",
        f"late,missing,changed,notthere,unsigned{',tls' if OPENSSL else ''}",
        **made,
        dsa_package_ca_path=str(folder / "tls.pem"),
    )
    yield world
    for one in listening:
        one.shutdown()
        one.server_close()


def test_a_prediction_fetches_nothing_and_changes_nothing(world: World) -> None:
    assert world.predicted_nothing
    for name in ("url1", "missing", "manager", "repo"):
        assert world.reports["predicted"][name]["done"] == "would upgrade"


def test_a_file_is_downloaded_once_for_all_hosts_and_kept(world: World) -> None:
    for name in ("url1", "url2"):
        assert world.reports["first"][name]["done"] == "upgraded"
    assert world.reports["first"]["late"]["verdict"] == "unreachable"
    assert world.reports["mended"]["late"]["done"] == "upgraded"
    assert world.web.gets("/good/agent.deb") == 1


def test_only_what_is_good_is_kept(world: World) -> None:
    manager = [f"Agent-Debian_12-{FIXED}.x86_64.deb", f"Agent-Solaris_5.11-{FIXED}.x86_64.p5p.gz"]
    assert world.kept == [*manager, "agent.deb"]
    assert sum(path.is_dir() for path in world.cache.rglob("*")) == len(world.cached())


def test_what_a_url_carries_is_not_shown(world: World) -> None:
    for output in world.outputs.values():
        assert SECRET not in output


REFUSED_DOWNLOADS = {
    "missing": "HTTP Error 404: Not Found; check the address",
    "changed": "and not {deb} as you state; it was thrown away: find out which of the two is right",
    "empty": "gave no package (0 bytes); check the address",
    "page": "gave no package (25 bytes that begin with '<html>Log in fi'); check the address",
    "macpage": "that begin with '<!DOCTYPE html>'); check the address",
    "broken": "the connection ended after 1000 of",
    "refused": "Connection refused",
    "notthere": "gave no package (0 bytes); import this build into the Manager",
}


@pytest.mark.parametrize("name", REFUSED_DOWNLOADS)
def test_who_needs_a_file_that_cannot_be_had_is_blocked(world: World, name: str) -> None:
    outcome = world.reports["first"][name]
    digest = hashlib.sha256(world.web.bodies["/good/agent.deb"]).hexdigest()
    assert REFUSED_DOWNLOADS[name].format(deb=digest) in outcome["reason"]
    assert outcome["done"] == "blocked"


def test_a_setting_that_can_fit_no_host_stops_the_run_before_anything_is_done(world: World) -> None:
    error = f"dsa_packages[0].url is 'http://127.0.0.1:{world.web.port}/'; write an address with"
    assert f"Error of this run: {error}" in world.outputs["stopped"]
    for name in ("relay1", "noname"):
        assert world.reports["stopped"][name]["done"] == "nothing"
    assert not world.touched("noname")


@pytest.mark.parametrize("name", ["missing", "changed", "notthere"])
def test_a_mended_server_serves_the_next_run(world: World, name: str) -> None:
    assert world.reports["mended"][name]["done"] == "upgraded", world.reports["mended"][name]["reason"]


@pytest.mark.skipif(not OPENSSL, reason="openssl is not on this machine")
def test_a_certificate_must_be_known(world: World) -> None:
    outcome = world.reports["first"]["tls"]
    assert outcome["done"] == "blocked"
    assert "certificate" in outcome["reason"]
    assert "dsa_package_ca_path" in outcome["reason"]
    assert world.reports["mended"]["tls"]["done"] == "upgraded"


def test_the_manager_is_asked_for_the_build_itself(world: World) -> None:
    assert (MANAGER.format("Debian_12", "deb"), "off") in world.asked
    for name in ("manager", "sun11"):
        assert world.reports["first"][name]["done"] == "upgraded", world.reports["first"][name]["reason"]
    others = {header for path, header in world.asked if not path.startswith("/software/")}
    assert others == {None}


def test_the_hosts_own_repository(world: World) -> None:
    assert world.reports["first"]["repo"]["done"] == "upgraded"
    reason = world.reports["first"]["norepo"]["reason"]
    assert "apt-get failed with exit status 100" in reason
    assert f"Version '{FIXED}*' for 'ds-agent' was not found" in reason


@pytest.mark.skipif(not RPM, reason="rpm or gpg is not on this machine")
def test_the_hosts_own_rpm_repository(world: World) -> None:
    assert world.reports["first"]["rpmrepo"]["done"] == "upgraded", world.reports["first"]["rpmrepo"]["reason"]
    reason = world.reports["first"]["norpmrepo"]["reason"]
    assert "installed nothing: No packages marked for upgrade. | Nothing to do. See that the host's own repo" in reason
    assert f"has {FIXED}" in reason
    assert world.lab.status()["norpmrepo"]["package_build"] == "20.0.0-4416"


REFUSED_FILES = {
    "unsigned": "and no SHA-256 is stated. Give its SHA-256 in dsa_package_checksums",
    "renamed": f"holds ds-agent {OLDER_FIX}, not the agent {FIXED}",
    "othername": f"holds nano {FIXED}, not the agent {FIXED}",
}
REFUSED_RPMS = {"rpmunsigned": "its signature is not good"}


@pytest.mark.parametrize("name", [*REFUSED_FILES, *(REFUSED_RPMS if RPM else ())])
def test_a_file_that_is_not_what_it_should_be_is_refused(world: World, name: str) -> None:
    outcome = world.reports["first"][name]
    assert {**REFUSED_FILES, **REFUSED_RPMS}[name] in outcome["reason"]
    assert outcome["done"] == "failed"
    assert not world.touched(name)
    assert not world.staged(name), "what is not trusted is not left on the host"


@pytest.mark.skipif(not RPM, reason="rpm or gpg is not on this machine")
def test_a_signature_is_as_good_as_a_checksum(world: World) -> None:
    assert world.reports["first"]["rpmsigned"]["done"] == "upgraded"
    outcome = world.reports["first"]["rpmbroken"]
    assert outcome["done"] == "failed"
    assert any(words in outcome["reason"] for words in ("is damaged", "rpm failed with exit status"))
    assert world.lab.status()["rpmbroken"]["package_build"] == "20.0.0-4416"


def test_verification_is_switched_off_by_its_variable_alone(world: World) -> None:
    assert world.reports["first"]["trusting"]["done"] == "upgraded"


def test_odd_paths_and_packed_files(world: World) -> None:
    for name in ("command", "aix1"):
        assert world.reports["first"][name]["done"] == "upgraded", world.reports["first"][name]["reason"]


def test_an_own_command_finds_a_file_for_root_alone(world: World) -> None:
    assert world.reports["first"]["command"]["done"] == "upgraded", world.reports["first"]["command"]["reason"]
    modes = world.lab.lab / "roots" / "command" / "root" / "modes"
    assert modes.read_text(encoding="ascii").split() == ["600", "700"]


def test_no_file_is_left_on_a_host_that_has_it_installed(world: World) -> None:
    done = [name for name, outcome in world.reports["first"].items() if outcome["done"] == "upgraded"]
    assert {name: world.staged(name) for name in done} == {name: [] for name in done}


def test_never_a_downgrade(world: World) -> None:
    newer, newest = world.reports["first"]["newer"], world.reports["first"]["newest"]
    assert newer["done"] == "blocked"
    assert "agents are never downgraded, name a newer target" in newer["reason"]
    assert newest["done"] == "nothing"
    assert newest["passed"]
    for name in ("newer", "newest"):
        assert not world.touched(name)


def test_a_new_build_at_the_same_address_is_a_new_file(world: World, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{world.web.port}/moving/agent.deb"
    downloads = Downloads(str(tmp_path), ca_path=None, validate_certs=True, display=print)
    for build in (OLDER_FIX, FIXED, FIXED):
        world.web.bodies["/moving/agent.deb"] = b"!<arch>\n" + build.encode()
        package = downloads.bring(Package(build, "url", address, "agent.deb"))
        assert Path(package.location).read_bytes().endswith(build.encode())
    assert world.web.gets("/moving/agent.deb") == 2
