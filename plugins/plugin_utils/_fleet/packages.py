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
from typing import Any

from .._advisory import Build, BuildError, parse_build
from .._messages import Message, message
from .._settings import SettingsError
from .._text import shorten

# What of a host's own text may enter a file name, an address or a pattern.
_USABLE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_EXTENSIONS = {
    "linux": ("rpm", "deb"),
    "aix": ("bff", "bff.gz"),
    "solaris": ("p5p", "p5p.gz", "pkg", "pkg.gz"),
    "macos": ("pkg",),
    "windows": ("msi",),
}


class NoPackage(Exception):
    """There is no package for a host; reason says what was searched, where, and what to do."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason.code)
        self.reason = reason


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

    def as_dict(self) -> dict[str, object]:
        """The package as JSON, its address without what may be secret in it."""
        return {**asdict(self), "location": shown(self.location) if "://" in self.location else self.location}


def vendor_platforms(record: Mapping[str, object]) -> list[str]:
    """The names by which the vendor's package files may call this host's platform, best first."""
    os_name, os_version = record.get("os"), str(record.get("os_version") or "")
    if os_name == "linux":
        distribution = _distribution(record)
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
        return ("deb",) if deb or _distribution(record).get("id") in ("debian", "ubuntu") else ("rpm",)
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


def choose(record: Mapping[str, object], target: Build, settings: Mapping[str, Any]) -> Package:
    """The package for one host.

    An entry of dsa_packages that fits wins, then a file in dsa_package_dir named as the vendor names its files, then
    the download endpoint of the Manager at dsm_url.
    Raises NoPackage where there is none for this host, and SettingsError for a setting that fits no host.
    """
    for name, value in _own_texts(record).items():
        if value is not None and not _USABLE.fullmatch(str(value)):
            raise NoPackage(message("unusable_platform", name=name, value=shorten(value)))
    package = (
        _listed(record, target, settings)
        or _in_directory(record, target, settings)
        or _from_manager(record, target, settings)
    )
    if package is not None:
        return package
    directory = settings["dsa_package_dir"]
    raise NoPackage(
        message(
            "no_package_in" if directory else "no_package",
            target=target.text,
            os=record.get("os"),
            arch=record.get("arch"),
            platform=" or ".join(vendor_platforms(record)) or "unknown",
            directory=directory,
        )
    )


def _own_texts(record: Mapping[str, object]) -> dict[str, object]:
    """What of a host's own text enters file names, addresses and patterns."""
    name = {"linux": "distribution version", "aix": "os_version", "solaris": "os_version"}.get(str(record.get("os")))
    version = _distribution(record).get("version") if record.get("os") == "linux" else record.get("os_version")
    return {"arch": record.get("arch")} | ({name: version} if name else {})


def _distribution(record: Mapping[str, object]) -> Mapping[str, object]:
    value = record.get("distribution")
    return value if isinstance(value, Mapping) else {}


def _listed(record: Mapping[str, object], target: Build, settings: Mapping[str, Any]) -> Package | None:
    own = {
        "os": [record.get("os"), record.get("platform")],
        "arch": [record.get("arch")],
        "distribution": [*vendor_platforms(record), _distribution(record).get("id")],
    }
    for number, entry in enumerate(settings["dsa_packages"] or ()):
        name = f"dsa_packages[{number}]"
        try:
            version = parse_build(entry["version"])
        except BuildError as error:
            raise SettingsError(f"{name}.version: {error}") from error
        if version != target or any(entry.get(key) not in (None, *own[key]) for key in own):
            continue
        sha256 = entry.get("sha256")
        if entry.get("repository"):
            return Package(target.text, "repository", sha256=sha256)
        place = "url" if entry.get("url") else "path"
        location, file = (_url if place == "url" else _path)(entry[place], f"{name}.{place}")
        if _for_others(file, record):
            continue
        origin = "url" if place == "url" else "directory"
        return Package(target.text, origin, location, file, sha256 or _sum_of(file, settings))
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


def _sum_of(file: str, settings: Mapping[str, Any]) -> str | None:
    found: str | None = (settings["dsa_package_checksums"] or {}).get(file)
    return found


def _in_directory(record: Mapping[str, object], target: Build, settings: Mapping[str, Any]) -> Package | None:
    value = settings["dsa_package_dir"]
    if not value:
        return None
    directory = Path(value).expanduser()
    try:
        names = sorted(path.name for path in directory.iterdir() if path.is_file())
    except OSError as error:
        raise SettingsError(
            f"dsa_package_dir is {directory}, which cannot be read on the controller: {error.strerror}. Nothing was "
            "changed; name a directory with the vendor's packages"
        ) from error
    for platform in vendor_platforms(record):
        for extension in extensions(record):
            # PGPCore is the same package with a PGP signature. What certainly can be verified is better than both.
            found = [
                Package(target.text, "directory", str(directory / name), name, _sum_of(name, settings))
                for kind in ("PGPCore", "Core")
                if (name := _only(names, f"Agent-{kind}-{platform}-{target}.{record.get('arch')}.{extension}"))
            ]
            if found:
                return next((package for package in found if package.sha256), found[0])
    return None


def _only(names: Iterable[str], pattern: str) -> str | None:
    found = [name for name in names if fnmatchcase(name, pattern)]
    if len(found) > 1:
        raise SettingsError(
            f"dsa_package_dir has more than one file that fits {pattern}: {', '.join(found)}. Nothing was changed; "
            "name the right one in dsa_packages"
        )
    return found[0] if found else None


def _from_manager(record: Mapping[str, object], target: Build, settings: Mapping[str, Any]) -> Package | None:
    """The Manager serves what was imported into it; its names carry neither build nor platform, so they get ours."""
    value = settings["dsm_url"]
    platforms = [name for name in vendor_platforms(record) if "*" not in name]
    if not value or not platforms or not extensions(record):
        return None
    extension = extensions(record)[-1]
    platform, arch, dotted = platforms[0], record.get("arch"), str(target.version)
    location = f"{str(value).rstrip('/')}/software/agent/{platform}/{arch}/{dotted}/agent.{extension}"
    file = f"Agent-{platform}-{target}.{arch}.{extension}"
    return Package(target.text, "manager", location, file, _sum_of(file, settings))
