# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Which package brings a host to its target build, and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from .._advisory import Advisory, Build, BuildError, parse_build, shorten
from .settings import SettingsError, mapping_of, text_of

_PACKAGE_FILE = re.compile(
    r"(?P<head>[A-Za-z0-9_-]+-)(?P<build>[0-9]{1,9}(?:\.[0-9]{1,9}){2}-[0-9]{1,9})(?P<tail>\..+)"
)
# Beside these an entry of dsa_packages says where the file is: path, url, or repository.
_CONDITIONS = ("os", "arch", "distribution")
_PLACES = ("path", "url", "repository")
_EXTENSIONS = {
    "linux": ("rpm", "deb"),
    "aix": ("bff", "bff.gz"),
    "solaris": ("p5p", "p5p.gz", "pkg", "pkg.gz"),
    "macos": ("pkg",),
    "windows": ("msi",),
}


@dataclass(frozen=True)
class Package:
    """One way to a build. origin is directory, url, manager (a download), repository or task (the Manager installs).

    location is a path, a URL, or empty.
    """

    version: str
    origin: str
    location: str = ""
    file: str = ""
    sha256: str | None = None

    @property
    def verifiable(self) -> bool:
        """Whether there is a way to verify the file: a SHA-256, or a kind of package that can bear a signature."""
        return self.sha256 is not None or self.file.lower().endswith((".rpm", ".deb", ".msi"))

    def as_dict(self) -> dict[str, object]:
        """The package as plain data for a task's arguments."""
        return asdict(self)


def vendor_platforms(record: Mapping[str, object]) -> list[str]:
    """The names by which the vendor's package files may call this host's platform, best first."""
    os_name, os_version = record.get("os"), str(record.get("os_version") or "")
    if os_name == "linux":
        raw = record.get("distribution")
        distribution = raw if isinstance(raw, Mapping) else {}
        name, version = str(distribution.get("id") or "").lower(), str(distribution.get("version") or "")
        major = version.split(".", maxsplit=1)[0]
        red_hat = f"RedHat_EL{major}"
        return {
            "rhel": [red_hat],
            "centos": [f"CentOS_{major}", red_hat],
            "almalinux": [f"AlmaLinux_{major}", red_hat],
            "rocky": [f"Rocky_{major}", red_hat],
            "ol": [f"Oracle_OL{major}", red_hat],
            "sles": [f"SuSE_{major}"],
            "ubuntu": [f"Ubuntu_{version}", f"Ubuntu_{major}.04"],
            "debian": [f"Debian_{major}"],
            "cloudlinux": [f"CloudLinux_{major}"],
            "amzn": ["amzn1" if major == "2018" else f"amzn{major}"],
        }.get(name, [])
    if os_name == "aix":
        return [f"AIX_{os_version}", "AIX", "AIX_*"]  # a package of an older release serves newer ones too
    if os_name == "solaris":
        return [f"Solaris_{os_version}", f"Solaris_{os_version}_U*"]
    return {"macos": ["macOS*", "Mac*"], "windows": ["Windows"]}.get(str(os_name), [])


def extensions(record: Mapping[str, object]) -> tuple[str, ...]:
    """The endings that a package for this host can have."""
    if record.get("os") == "linux":
        versions = record.get("versions")
        deb = record.get("version_source") == "dpkg" or (isinstance(versions, Mapping) and "dpkg" in versions)
        raw = record.get("distribution")
        known_deb = isinstance(raw, Mapping) and raw.get("id") in ("debian", "ubuntu")
        return ("deb",) if deb or known_deb else ("rpm",)
    if record.get("os") == "solaris":
        return ("pkg", "pkg.gz") if record.get("os_version") == "5.10" else ("p5p", "p5p.gz")
    return _EXTENSIONS.get(str(record.get("os")), ())


def _for_others(file: str, record: Mapping[str, object]) -> bool:
    """Whether the ending of a file's name is that of a package for another kind of host."""

    def ends(names: Iterable[str]) -> bool:
        return file.lower().endswith(tuple(f".{name}" for name in names))

    known = any(ends(names) for names in _EXTENSIONS.values())
    return bool(vendor_platforms(record)) and known and not ends(extensions(record))


def shown(address: str) -> str:
    """An address without what may be secret in it: a user with a password, and the query."""
    return re.sub(r"^(\w+://)[^/?#]*@", r"\1", address).split("?", maxsplit=1)[0]


def choose(record: Mapping[str, object], target: Build, variables: Mapping[str, object]) -> Package:
    """The package for one host. variables are the host's dsa_* variables.

    An entry of dsa_packages that fits wins, then a file in dsa_package_dir named as the vendor names its files, then
    the download endpoint of the Manager at dsm_url.
    Raises SettingsError with what was looked for, where, and what the operator can do.
    """
    what = (
        f"{target} for {record.get('os')} {record.get('arch')} ({' or '.join(vendor_platforms(record)) or 'unknown'})"
    )
    package = (
        _listed(record, target, variables)
        or _in_directory(record, target, variables)
        or _from_manager(record, target, variables)
    )
    if package is not None:
        return package
    directory = variables.get("dsa_package_dir")
    looked = f"dsa_packages has none and {directory} has no such file" if directory else "dsa_packages has none"
    raise SettingsError(
        f"there is no package of {what}: {looked}; put the vendor's file into dsa_package_dir, set dsm_url to "
        "download it from the Manager, or describe it in dsa_packages "
        "(version, os, arch, distribution, and path, url or repository)"
    )


def appliance_steps(name: object, advisory: Advisory) -> str:
    """What the operator does in the Manager for a virtual appliance, with the package of that name if it can use it."""
    first, last = advisory.appliance_packages["from"], advisory.appliance_packages["to"]
    if not name:
        return (
            f"a virtual appliance's agent is upgraded from the Manager: import a package from {first} to {last} there, "
            "and upgrade the appliance's agent with it. dsa_appliance_package lets a package's name be checked"
        )
    if not _is_between(str(name), first, last):
        return (
            f"dsa_appliance_package is {shorten(name)}, which a virtual appliance cannot use: it takes {first} to "
            f"{last}, and nothing else"
        )
    return (
        f"a virtual appliance's agent is upgraded from the Manager: import {name} there, and upgrade the agent with it"
    )


def _is_between(name: str, first: str, last: str) -> bool:
    """Whether two package files and a third differ in the build alone, and its build is one of theirs or between."""
    parts = [_PACKAGE_FILE.fullmatch(text) for text in (first, name, last)]
    if not all(parts) or len({(part["head"], part["tail"]) for part in parts if part}) != 1:
        return False
    low, build, high = (parse_build(part["build"]) for part in parts if part)
    return low <= build <= high


def _checksum(value: object, name: str) -> str | None:
    if value is None:
        return None
    text = str(value).strip().lower().removeprefix("sha256:")
    if len(text) != 64 or not all(letter in "0123456789abcdef" for letter in text):
        raise SettingsError(f"{name} is {shorten(value)}; a SHA-256 has 64 hexadecimal digits")
    return text


def _listed(record: Mapping[str, object], target: Build, variables: Mapping[str, object]) -> Package | None:
    entries = variables.get("dsa_packages") or []
    if not isinstance(entries, (list, tuple)):
        raise SettingsError(f"dsa_packages is {shorten(entries)}; write a list of packages")
    raw = record.get("distribution")
    distribution = raw if isinstance(raw, Mapping) else {}
    own = {
        "os": [record.get("os"), record.get("platform")],
        "arch": [record.get("arch")],
        "distribution": [*vendor_platforms(record), distribution.get("id")],
    }
    for number, entry in enumerate(entries):
        name = f"dsa_packages[{number}]"
        fields = mapping_of(entry, name)
        for key in fields:
            if key not in (*_CONDITIONS, *_PLACES, "version", "sha256"):
                raise SettingsError(
                    f"{name}.{key} is not known; known are version, sha256, {', '.join(_CONDITIONS + _PLACES)}"
                )
        places = [key for key in _PLACES if fields.get(key)]
        if len(places) != 1:
            raise SettingsError(f"{name} names {len(places)} of {', '.join(_PLACES)}; name exactly one")
        try:
            version = parse_build(fields.get("version"))
        except BuildError as error:
            raise SettingsError(f"{name}.version: {error}") from error
        if version != target or any(fields.get(key) not in (None, *own[key]) for key in _CONDITIONS):
            continue
        sha256 = _checksum(fields.get("sha256"), f"{name}.sha256")
        if places[0] == "repository":
            return Package(target.text, "repository", sha256=sha256)
        value = text_of(fields[places[0]], f"{name}.{places[0]}")
        location, file = (_url if places[0] == "url" else _path)(value, f"{name}.{places[0]}")
        if _for_others(file, record):
            continue
        origin = "url" if places[0] == "url" else "directory"
        return Package(target.text, origin, location, file, sha256 or _sum_of(file, variables))
    return None


def _url(value: str, name: str) -> tuple[str, str]:
    """An address, and the name of the file at its end."""
    found = re.fullmatch(r"https?://[^/?#]+/(?:[^?#]*/)?([^/?#]*[^/?#.])(?:[?#].*)?", value)
    if found is None:
        raise SettingsError(
            f"{name} is {shorten(shown(value))}; write an address with https:// or http:// that ends in the name of a "
            "file"
        )
    return value, found.group(1)


def _path(value: str, name: str) -> tuple[str, str]:
    """The absolute path of a file, and the file's name."""
    path = Path(value).expanduser().absolute()
    if not path.is_file():
        raise SettingsError(f"{name} is {path}; there is no such file on the controller")
    return str(path), path.name


def _sum_of(file: str, variables: Mapping[str, object]) -> str | None:
    sums = mapping_of(variables.get("dsa_package_checksums") or {}, "dsa_package_checksums")
    return _checksum(sums.get(file), f"dsa_package_checksums.{file}")


def _in_directory(record: Mapping[str, object], target: Build, variables: Mapping[str, object]) -> Package | None:
    value = variables.get("dsa_package_dir")
    if not value:
        return None
    directory = Path(text_of(value, "dsa_package_dir")).expanduser()
    if not directory.is_dir():
        raise SettingsError(f"dsa_package_dir is {directory}; there is no such directory on the controller")
    names = sorted(path.name for path in directory.iterdir())
    for platform in vendor_platforms(record):
        for extension in extensions(record):
            # PGPCore is the same package with a PGP signature: prefer what can be verified.
            for kind in ("PGPCore", "Core"):
                pattern = f"Agent-{kind}-{platform}-{target}.{record.get('arch')}.{extension}"
                found = [name for name in names if fnmatchcase(name, pattern)]
                if len(found) > 1:
                    raise SettingsError(
                        f"more than one file in {directory} fits {pattern}: {', '.join(found)}; "
                        "name the right one in dsa_packages"
                    )
                if found:
                    return Package(
                        target.text, "directory", str(directory / found[0]), found[0], _sum_of(found[0], variables)
                    )
    return None


def _from_manager(record: Mapping[str, object], target: Build, variables: Mapping[str, object]) -> Package | None:
    """The Manager serves what was imported into it; its names carry neither build nor platform, so they get ours."""
    value = variables.get("dsm_url")
    platforms = [name for name in vendor_platforms(record) if "*" not in name]
    if not value or not platforms or not extensions(record):
        return None
    address = text_of(value, "dsm_url").rstrip("/")
    if not re.match(r"https?://[^/]", address):
        raise SettingsError(f"dsm_url is {shorten(shown(address))}; write one such as https://dsm.example.com:4119")
    extension = extensions(record)[-1]
    platform, arch, dotted = platforms[0], record.get("arch"), str(target.version)
    location = f"{address}/software/agent/{platform}/{arch}/{dotted}/agent.{extension}"
    file = f"Agent-{platform}-{target}.{arch}.{extension}"
    return Package(target.text, "manager", location, file, _sum_of(file, variables))
