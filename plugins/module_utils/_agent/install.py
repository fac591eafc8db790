# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""Verifying a package file and installing it with the platform's own package manager."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import gzip
import hashlib
import os
import re
import shlex
import shutil
import time
import zlib

from . import commands

# kind of package -> how its installation is documented. {file} stands for the package file, unpacked.
# The forms for AIX, Solaris and macOS upgrades are not confirmed by a public text: the operator can give another.
COMMANDS = {
    ".rpm": ["rpm", "-U", "{file}"],
    ".deb": ["dpkg", "--refuse-downgrade", "--force-confold", "-i", "{file}"],
    ".bff": ["installp", "-a", "-d", "{file}", "ds_agent"],
    ".p5p": ["pkg", "update", "-g", "file://{file}", "pkg:/security/ds-agent"],
    "solaris.pkg": ["pkgadd", "-v", "-a", "/opt/ds_agent/ds_adm.file", "-d", "{file}", "ds-agent"],
    "macos.pkg": ["installer", "-pkg", "{file}", "-target", "/"],
}
# The host's own repository: the first of these that is there. The repository checks signatures by its own settings.
REPOSITORY = (
    ["apt-get", "install", "-y", "--only-upgrade", "ds-agent={version}*"],
    ["dnf", "-y", "upgrade", "ds_agent-{version}*"],
    ["yum", "-y", "upgrade", "ds_agent-{version}*"],
    ["zypper", "--non-interactive", "update", "ds_agent"],
)
# Another package manager run at the same time: wait, it ends by itself.
_BUSY = re.compile(
    r"frontend lock|could not get lock|transaction lock|is another process using it|unable to acquire the dpkg", re.I
)
_BUSY_PAUSE = 10


class InstallError(Exception):
    """The package cannot be trusted or installed; the message says why and what to do."""


def numbers(build):
    """The four numbers of a build, or None. Good enough to see what is older; judging is the controller's."""
    found = re.match(r"(\d+)\.(\d+)\.(\d+)[-.](\d+)", build or "")
    return tuple(int(part) for part in found.groups()) if found else None


def sha256(path):
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1024 * 1024), b""):
            digest.update(block)
    return digest.hexdigest()


def _signature(path):
    """Return (good, what was found). good is None where nothing on this host can check a signature."""
    if path.endswith(".rpm"):
        answer = commands.run(["rpm", "--checksig", path], 120)
        # Without the file's name, where PGP is often a part.
        said = answer.out.replace(path, "")
        good = answer.rc == 0 and "NOT OK" not in said and re.search(r"pgp|gpg|signatures", said, re.I)
        return (None if answer.missing else bool(good)), answer.text()
    if path.endswith(".deb"):
        answer = commands.run(["dpkg-sig", "--verify", path], 120)
        if answer.missing:
            return None, "dpkg-sig is not installed here"
        return answer.rc == 0 and "GOODSIG" in answer.out.replace(path, ""), answer.text()
    return None, "this kind of package has no signature that can be checked on the host"


def _identity(path):
    """What the package says it is, such as 'ds_agent 20.0.2-1390.el8', or None where that cannot be asked."""
    if path.endswith(".rpm"):
        answer = commands.run(["rpm", "-qp", "--nosignature", "--qf", "%{NAME} %{VERSION}-%{RELEASE}", path], 60)
    elif path.endswith(".deb"):
        answer = commands.run(["dpkg-deb", "-W", "--showformat=${Package} ${Version}", path], 60)
    else:
        return None
    if answer.rc != 0:
        raise InstallError("%s is damaged or no package: %s; bring an intact file" % (path, answer.text()))
    return answer.out.strip()


def inspect(path, version, digest, verify):
    """Check a package file before it is trusted; return how it was verified. Raises InstallError."""
    if not os.path.isfile(path):
        raise InstallError("%s is not there any more; run again" % path)
    by = _trust(path, digest, verify)
    said = _identity(path)
    if said is not None:
        name, dummy, build = said.partition(" ")
        if name not in ("ds_agent", "ds-agent") or numbers(build) != numbers(version):
            raise InstallError(
                "%s holds %s, not the agent %s; correct dsa_packages or the file" % (path, said, version)
            )
    return by


def _trust(path, digest, verify):
    """How the file is known to be the vendor's. Asked before anything looks into the file."""
    if not verify:
        return "not verified, as dsa_verify_packages says"
    if digest:
        found = sha256(path)
        if found != digest:
            raise InstallError(
                "%s has SHA-256 %s, and not %s as you state; find out which is right" % (path, found, digest)
            )
        return "SHA-256"
    good, found = _signature(path)
    if good:
        return "package signature"
    raise InstallError(
        "%s is not verified: %s (%s), and no SHA-256 is stated. Give its SHA-256 in dsa_package_checksums, %s"
        % (
            path,
            "its signature is not good" if good is False else "its signature cannot be checked",
            found,
            "or import the vendor's key on the host; dsa_verify_packages: false switches this off",
        )
    )


def _unpacked(path):
    """The file without .gz around it."""
    if not path.endswith(".gz"):
        return path
    plain = path[: -len(".gz")]
    try:
        with gzip.open(path, "rb") as packed, open(plain, "wb") as stream:
            shutil.copyfileobj(packed, stream, 1024 * 1024)
    except (IOError, OSError, EOFError, zlib.error) as error:
        if os.path.exists(plain):
            os.unlink(plain)
        raise InstallError("%s could not be unpacked: %s; make room there, or bring an intact file" % (path, error))
    return plain


def command_for(os_name, path, version, override):
    """The command that installs. override: the operator's own, with {file} and {version}."""
    if override:
        argv = shlex.split(override)
    elif path is None:
        found = [argv for argv in REPOSITORY if _there(argv[0])]
        if not found:
            raise InstallError(
                "none of %s is on this host; name a package file or an address instead of the repository"
                % ", ".join(argv[0] for argv in REPOSITORY)
            )
        argv = found[0]
    else:
        ending = os.path.splitext(path)[1]
        argv = COMMANDS.get(ending) or COMMANDS.get(os_name + ending)
        if argv is None:
            raise InstallError("%s: no way is known to install this on %s; set dsa_upgrade_command" % (path, os_name))
    return [part.replace("{file}", path or "").replace("{version}", version) for part in argv]


def _there(tool):
    folders = os.environ.get("PATH", "").split(os.pathsep) + commands.SEARCH_PATH
    return any(os.access(os.path.join(folder, tool), os.X_OK) for folder in folders if folder)


def install(os_name, path, version, override, timeout):
    """Install and return the Answer; wait while another package manager holds the lock. Raises InstallError."""
    plain = _unpacked(path) if path else None
    argv = command_for(os_name, plain, version, override)
    deadline = time.time() + timeout
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    while True:
        answer = commands.run(argv, max(1, deadline - time.time()))
        if answer.rc in (0, None) or not _BUSY.search(answer.out + answer.err) or time.time() + _BUSY_PAUSE > deadline:
            break
        time.sleep(_BUSY_PAUSE)
    if plain != path:
        os.unlink(plain)
    if answer.missing:
        raise InstallError("%s is not on this host" % argv[0])
    return argv, answer
