# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the agent packages: real .deb and signed .rpm, and stand-ins for the other platforms' formats.

All carry the same payload: ds_agent, dsa_query and dsa_control, which know the build they came with.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .errors import LabError
from .fleet import Fleet, Host
from .layout import Layout
from .windows import msi

DESCRIPTION = "Trend Micro Deep Security Agent"
KEY_NAME = "Deep Security lab (not the vendor)"
RPM_BASE = "bash-5.1.8-6.lab.noarch.rpm"
PROGRAM = (
    "#!/.lab/python3 -IS\nimport sys\nsys.path.insert(0, '/.lab')\n"
    "from standins import {room}\nsys.exit({room}.{call})\n"
)
INIT_SCRIPT = """#!/bin/sh
exec systemctl "$1" ds_agent
"""


class PackagesError(LabError):
    """A package could not be made; the text has the tool's output."""


def platform_name(host: Host) -> str:
    """As the vendor names platforms. AIX and macOS file names are a guess: the vendor's are not public."""
    if host.os == "aix":
        return f"AIX_{host.release}"
    if host.os == "solaris":
        return "Solaris_5.11" if host.release == "5.11" else "Solaris_5.10_U7"
    if host.os == "macos":
        return "macOS"
    if host.os == "windows":
        return "Windows"
    identity, version = host.distribution["id"], host.distribution["version"]
    major = version.split(".")[0]
    if identity == "amzn":
        return f"amzn{major}"
    return {
        "ubuntu": f"Ubuntu_{version}",
        "debian": f"Debian_{major}",
        "ol": f"Oracle_OL{major}",
        "sles": f"SuSE_{major}",
    }.get(identity, f"RedHat_EL{major}")


def file_name(host: Host, build: str) -> str:
    kind, ending = {
        "deb": ("Agent-Core", "deb"),
        "rpm": ("Agent-PGPCore", "rpm"),
        "installp": ("Agent-Core", "bff.gz"),
        "pkg": ("Agent-Core", "p5p"),
        "pkgadd": ("Agent-Core", "pkg"),
        "installer": ("Agent-Core", "pkg"),
        "msi": ("Agent-Core", "msi"),
    }[host.package_manager]
    return f"{kind}-{platform_name(host)}-{build}.{host.arch}.{ending}"


def payload(host: Host, build: str) -> dict[str, tuple[int, str]]:
    folder = "Library/Application Support/com.trendmicro.DSAgent" if host.os == "macos" else "opt/ds_agent"
    files = {
        f"{folder}/ds_agent": (0o700, PROGRAM.format(room="agent", call=f"run_agent({build!r})")),
        f"{folder}/dsa_query": (0o700, PROGRAM.format(room="query", call="dsa_query(sys.argv)")),
        f"{folder}/dsa_control": (0o700, PROGRAM.format(room="query", call="dsa_control(sys.argv)")),
    }
    if host.os == "linux":
        files["etc/init.d/ds_agent"] = (0o755, INIT_SCRIPT)
    if host.os == "solaris" and host.release == "5.10":
        files[f"{folder}/ds_adm.file"] = (0o644, "mail=\ninstance=overwrite\npartial=nocheck\nconflict=nocheck\n")
    return files


def run(*command: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C", **(env or {})},
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode != 0:
        raise PackagesError(f"{command[0]} failed ({done.returncode}): {done.stdout.decode(errors='replace')[-2000:]}")


def write_tree(root: Path, files: dict[str, tuple[int, str]]) -> None:
    for name, (mode, text) in files.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(mode)


def make_deb(host: Host, build: str, target: Path, work: Path) -> None:
    tree = work / "tree"
    arch = {"x86_64": "amd64", "aarch64": "arm64"}[host.arch]
    control = (
        f"Package: ds-agent\nVersion: {build}\nArchitecture: {arch}\nSection: admin\nPriority: optional\n"
        f"Maintainer: {KEY_NAME} <lab@lab.example>\nDescription: {DESCRIPTION}\n"
    )
    write_tree(tree, payload(host, build))
    write_tree(
        tree,
        {
            "DEBIAN/control": (0o644, control),
            "DEBIAN/preinst": (0o755, f'#!/bin/sh\ncase "$1" in install|upgrade) exec /.lab/hook pre {build};; esac\n'),
            "DEBIAN/postinst": (0o755, f'#!/bin/sh\ncase "$1" in configure) exec /.lab/hook post {build};; esac\n'),
            "DEBIAN/prerm": (0o755, f'#!/bin/sh\ncase "$1" in remove) exec /.lab/hook remove {build};; esac\n'),
        },
    )
    for folder, _folders, _files in os.walk(tree):
        os.chmod(folder, 0o755)
    run("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", str(tree), str(target))


def make_rpm(host: Host, build: str, target: Path, work: Path, signing_home: Path) -> None:
    version, number = build.split("-")
    suffix = platform_name(host).split("_")[-1].lower()
    files = payload(host, build)
    write_tree(work / "tree", files)
    listing = "\n".join(f"%attr({mode:04o},root,root) /{name}" for name, (mode, _text) in files.items())
    build_rpm(
        f"""\
Name: ds_agent
Version: {version}
Release: {number}.{suffix}
Summary: {DESCRIPTION}
License: proprietary stand-in
Vendor: Trend Micro, Inc.
AutoReqProv: no
%description
{DESCRIPTION}
%pre
/.lab/hook pre {build}
%post
/.lab/hook post {build}
%preun
[ "$1" != 0 ] || /.lab/hook remove {build}
%files
%dir /opt/ds_agent
{listing}
""",
        host.arch,
        target,
        work,
        signing_home,
    )


def make_rpm_base(target: Path, work: Path, signing_home: Path) -> None:
    """What the shell of an rpm system says it provides: without it no package with scripts can be installed."""
    (work / "tree").mkdir()
    build_rpm(
        """\
Name: bash
Version: 5.1.8
Release: 6.lab
Summary: The shell, as the package database knows it
License: none
BuildArch: noarch
Provides: /bin/sh
%description
Nothing but its name.
%files
""",
        "noarch",
        target,
        work,
        signing_home,
    )


def build_rpm(spec: str, arch: str, target: Path, work: Path, signing_home: Path) -> None:
    (work / "package.spec").write_text(spec, encoding="utf-8")
    settings = {
        "_topdir": str(work),
        "_dbpath": str(work / "db"),
        "__os_install_post": "%{nil}",
        "_build_id_links": "none",
        "_binary_payload": "w1.gzdio",
        "debug_package": "%{nil}",
        "_rpmdir": str(work / "out"),
        "_rpmfilename": "package.rpm",
        "_gpg_name": KEY_NAME,
        "_gpg_path": str(signing_home),
        "_tmppath": str(work),
        "_rundir": str(work),
        "__gpg": shutil.which("gpg") or "gpg",
    }
    defines = [word for name, value in settings.items() for word in ("--define", f"{name} {value}")]
    env = {"HOME": str(work), "GNUPGHOME": str(signing_home)}
    run(
        "rpmbuild",
        "-bb",
        "--quiet",
        "--target",
        f"{arch}-linux",
        "--buildroot",
        str(work / "tree"),
        *defines,
        str(work / "package.spec"),
        env=env,
    )
    run("rpmsign", "--addsign", *defines, str(work / "out" / "package.rpm"), env=env)
    shutil.move(work / "out" / "package.rpm", target)


def make_archive(host: Host, build: str, target: Path) -> None:
    files = payload(host, build)
    about = {
        "platform": host.os,
        "release": host.release,
        "build": build,
        "arch": host.arch,
        "modes": {name: mode for name, (mode, _text) in files.items()},
    }
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        members = {"about.json.gz": json.dumps(about), **{name: text for name, (_mode, text) in files.items()}}
        for name, text in members.items():
            # Compressed member by member, so that damage anywhere is found (gzip has a checksum).
            data = gzip.compress(text.encode(), mtime=0)
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    data = stream.getvalue()
    target.write_bytes(gzip.compress(data, mtime=0) if target.name.endswith(".gz") else data)


def make_signing_key(home: Path, public: Path) -> None:
    home.mkdir(mode=0o700, exist_ok=True)
    env = {"GNUPGHOME": str(home)}
    run(
        "gpg",
        "--batch",
        "--quiet",
        "--passphrase",
        "",
        "--quick-generate-key",
        KEY_NAME,
        "rsa2048",
        "sign",
        "never",
        env=env,
    )
    run("gpg", "--batch", "--quiet", "--armor", "--output", str(public), "--export", KEY_NAME, env=env)


def make_all(fleet: Fleet, store: Path, offer: Path, public_key: Path) -> None:
    """Every build that a host starts with goes to `store`, every build of `packages:` to `offer`."""
    wanted: dict[Path, tuple[Host, str]] = {}
    for host in fleet.hosts:
        for build in [*([host.build] if host.build else []), *host.repository]:
            wanted[store / file_name(host, build)] = (host, build)
        for build in fleet.packages:
            wanted[offer / file_name(host, build)] = (host, build)
    store.mkdir(parents=True, exist_ok=True)
    offer.mkdir(parents=True, exist_ok=True)
    # GnuPG's agent has a socket in its home, and the path of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="lab-") as scratch:
        signing_home = Path(scratch) / "key"
        if any(host.package_manager == "rpm" for host in fleet.hosts):
            make_signing_key(signing_home, public_key)
            make_rpm_base(store / RPM_BASE, Path(tempfile.mkdtemp(dir=scratch)), signing_home)

        def make(item: tuple[Path, tuple[Host, str]]) -> None:
            target, (host, build) = item
            work = Path(tempfile.mkdtemp(dir=scratch))
            if host.package_manager == "deb":
                make_deb(host, build, target, work)
            elif host.package_manager == "rpm":
                make_rpm(host, build, target, work, signing_home)
            elif host.package_manager == "msi":
                target.write_bytes(msi.make(build, host.arch))
            else:
                make_archive(host, build, target)

        try:
            with ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
                list(pool.map(make, wanted.items()))
        finally:
            if signing_home.exists():
                run("gpgconf", "--kill", "all", env={"GNUPGHOME": str(signing_home)})


def corrupt(path: Path) -> None:
    """Damage where the payload is: still a file of its kind, with readable metadata where the format allows it."""
    data = bytearray(path.read_bytes())
    real = path.suffix in (".deb", ".rpm")
    for place in range(len(data) - 160 if real else len(data) // 3, len(data), 17 if real else 97):
        data[place] ^= 0x5A
    path.write_bytes(bytes(data))


def corrupt_offers(layout: Layout, fleet: Fleet) -> dict[str, list[str]]:
    """Breaks what is on offer for the hosts that have the fault; good copies stay in the store."""
    broken: dict[str, list[str]] = {}
    for host in fleet.hosts:
        if "broken_package" in host.faults:
            names = broken[host.name] = [file_name(host, build) for build in fleet.packages]
            (layout.store / "good").mkdir(exist_ok=True)
            for name in names:
                shutil.copyfile(layout.packages / name, layout.store / "good" / name)
                corrupt(layout.packages / name)
    return broken


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
