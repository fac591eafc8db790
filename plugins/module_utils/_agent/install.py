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
from .progress import StepError, clock, native

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
# Another package manager that runs at the same time ends by itself.
_BUSY = re.compile(
    r"frontend lock|could not get lock|transaction lock|is another process using it|unable to acquire the dpkg", re.I
)
_BUSY_PAUSE = 10


def numbers(build):
    """The four numbers of a build, or None: for the identity of a package file. Judging is the controller's."""
    match = re.match(r"(\d+)\.(\d+)\.(\d+)[-.](\d+)", build or "")
    return tuple(int(part) for part in match.groups()) if match else None


def sha256(path):
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1024 * 1024), b""):
            digest.update(block)
    return digest.hexdigest()


def _signature(path):
    """Return (good, evidence). good is None where nothing on this host can check a signature."""
    if path.endswith(".rpm"):
        answer = commands.run(["rpm", "--checksig", path], 120)
        # Without the file's name, where PGP is often a part.
        output = native(answer.out).replace(path, "")
        good = answer.rc == 0 and "NOT OK" not in output and re.search(r"pgp|gpg|signatures", output, re.I)
        return (None if answer.missing else bool(good)), native(answer.text())
    if path.endswith(".deb"):
        answer = commands.run(["dpkg-sig", "--verify", path], 120)
        if answer.missing:
            return None, "dpkg-sig is not installed here"
        return answer.rc == 0 and "GOODSIG" in native(answer.out).replace(path, ""), native(answer.text())
    return None, "this kind of package has no signature that can be checked on the host"


def _identity(path):
    """The name and build in the package, such as 'ds_agent 20.0.2-1390.el8', or None where it has none to read."""
    if path.endswith(".rpm"):
        answer = commands.run(["rpm", "-qp", "--nosignature", "--qf", "%{NAME} %{VERSION}-%{RELEASE}", path], 60)
    elif path.endswith(".deb"):
        answer = commands.run(["dpkg-deb", "-W", "--showformat=${Package} ${Version}", path], 60)
    else:
        return None
    if answer.rc != 0:
        raise StepError(
            "damaged", "%s is damaged or no package: %s; bring an intact file" % (path, native(answer.text()))
        )
    return native(answer.out.strip())


def inspect(path, version, digest, verify):
    """Check a package file before it is trusted; return how it was verified. Raises StepError.

    Codes: not_there, package_refused (not the vendor's, as far as can be seen), damaged, wrong_package.
    """
    if not os.path.isfile(path):
        raise StepError("not_there", "%s is not there any more; run again" % path)
    verified_by = _trust(path, digest, verify)
    identity = _identity(path)
    if identity is not None:
        name, dummy, build = identity.partition(" ")
        if name not in ("ds_agent", "ds-agent") or numbers(build) != numbers(version):
            raise StepError(
                "wrong_package",
                "%s holds %s, not the agent %s; correct dsa_packages or the file" % (path, identity[:200], version),
            )
    return verified_by


def _trust(path, digest, verify):
    """How the file is known to be the vendor's. Before anything looks into the file."""
    if digest:
        actual = sha256(path)
        if actual != digest.strip().lower():
            raise StepError(
                "package_refused",
                "%s has SHA-256 %s, and not %s as you state; find out which is right" % (path, actual, digest),
            )
        return "SHA-256"
    if not verify:
        return "not verified, by dsa_verify_packages"
    good, evidence = _signature(path)
    if good:
        return "package signature"
    raise StepError(
        "package_refused",
        "%s is not verified: %s (%s), and no SHA-256 is stated. Give its SHA-256 in dsa_package_checksums, "
        "or import the vendor's key on the host; dsa_verify_packages: false switches this off"
        % (path, "its signature is not good" if good is False else "its signature cannot be checked", evidence),
    )


def plain_name(path):
    """The file without .gz around it."""
    return path[: -len(".gz")] if path.endswith(".gz") else path


def unpack(path):
    """Unpack a .gz beside itself; return the plain file's path. Raises StepError (damaged)."""
    plain = plain_name(path)
    if plain == path:
        return path
    try:
        with gzip.open(path, "rb") as packed, open(plain, "wb") as stream:
            shutil.copyfileobj(packed, stream, 1024 * 1024)
    except (IOError, OSError, EOFError, zlib.error) as error:
        remove(plain)
        raise StepError(
            "damaged", "%s could not be unpacked: %s; make room there, or bring an intact file" % (path, error)
        )
    return plain


def remove(path):
    """Delete a file if it can be; return whether it is gone."""
    try:
        os.unlink(path)
    except OSError:
        pass
    return not os.path.lexists(path)


def command_for(os_name, path, version, override):
    """The command that installs path, the host's own repository for None. Raises StepError (no_command).

    override: the operator's own command, with {file} and {version}.
    """
    if override:
        try:
            argv = shlex.split(override)
        except ValueError as error:
            raise StepError("no_command", "dsa_upgrade_command cannot be split into words: %s" % error)
    elif path is None:
        usable = [argv for argv in REPOSITORY if _there(argv[0])]
        if not usable:
            raise StepError(
                "no_command",
                "none of %s is on this host; name a package file or an address instead of the repository"
                % ", ".join(argv[0] for argv in REPOSITORY),
            )
        argv = usable[0]
    else:
        ending = os.path.splitext(path)[1]
        argv = COMMANDS.get(ending) or COMMANDS.get("%s%s" % (os_name, ending))
        if argv is None:
            raise StepError(
                "no_command", "%s: no way is known to install this on %s; set dsa_upgrade_command" % (path, os_name)
            )
    argv = [part.replace("{file}", path or "").replace("{version}", version) for part in argv]
    if not argv or not _there(argv[0]):
        raise StepError("no_command", "%s is not on this host; set dsa_upgrade_command" % " ".join(argv[:1]))
    return argv


def _there(program):
    if "/" in program:
        return os.access(program, os.X_OK)
    folders = os.environ.get("PATH", "").split(os.pathsep) + commands.SEARCH_PATH
    return any(os.access(os.path.join(folder, program), os.X_OK) for folder in folders if folder)


def run(argv, timeout):
    """Run the installer and return (Answer, busy); wait while another package manager holds its lock."""
    deadline = clock() + timeout
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    while True:
        answer = commands.run(argv, max(1, deadline - clock()))
        busy = answer.rc not in (0, None) and bool(_BUSY.search(answer.out + answer.err))
        if not busy or clock() + _BUSY_PAUSE > deadline:
            return answer, busy
        time.sleep(_BUSY_PAUSE)
