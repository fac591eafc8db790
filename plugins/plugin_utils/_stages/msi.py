# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What the exit codes of Windows Installer mean, and what to do about them.

Meanings: https://learn.microsoft.com/windows/win32/msi/error-codes. What to do is ours.
"""

from __future__ import annotations

import re

BUSY = 1618
REBOOT_REQUIRED = 3010
REBOOT_STARTED = 1641
SUCCESS = (0, REBOOT_REQUIRED, REBOOT_STARTED)

_MEANINGS = {
    1601: ("the Windows Installer service cannot be reached", "see that the service msiserver can start"),
    1602: ("the installation was cancelled", "see whether a user is logged on there"),
    1603: (
        "a fatal error",
        "read the lines of the log; common causes are self-protection that is on (set dsa_self_protection), a missing "
        "certificate or Windows update, and a pending reboot",
    ),
    1612: ("the source of the installed version is not there", "see the log for the file that is missing"),
    BUSY: ("another installation is running", "wait until it is done, for instance Windows Update, and run again"),
    1619: ("the package could not be opened", "see that it is the MSI, not the zip around it"),
    1620: ("the package is not one of Windows Installer", "see that it is the MSI, not the zip around it"),
    1625: ("a policy forbids the installation", "see the policies for Windows Installer and AppLocker"),
    1633: ("the package is for another kind of processor", "take the package for this host's architecture"),
    1638: ("another version of the product is installed", "see the log for the version that is in the way"),
}


# Lines of the log that give a cause, in words that no translation touches; the first is the cause, the rest follows.
_CAUSE = re.compile(r"\bError \d{4}\b|actual error code|Product: .* -- ")


# Most of its words are translated, the numbers and "MSI (s)" are not.
_ERROR = re.compile(r"^MSI \(s\).*(?:return|error)|\bError \d{4}\b|-- Error|Return value 3", re.IGNORECASE)
_LINES = 20
_LONGEST_LINE = 500


def explain(code: int | None, lines: list[str]) -> str:
    """A sentence or two about an exit code, with the lines of the log that matter."""
    if code is None:
        meaning, remedy = "it gave no exit status", "look at the log on the host"
    else:
        meaning, remedy = _MEANINGS.get(code, ("an error of Windows Installer", "look its code up"))
    causes = [line.strip() for line in lines if _CAUSE.search(line)] or [line.strip() for line in lines[-3:]]
    log = f". The log contains: {' | '.join(dict.fromkeys(causes[:3])).rstrip('.')}" if lines else ""
    return f"msiexec ended with {code}, {meaning}: {remedy}{log}"


def telling(log: str) -> list[str]:
    """The lines of a log that show why it failed: the last of those with an error in them, and its end."""
    lines = [line.strip()[:_LONGEST_LINE] for line in log.split("\n") if line.strip()]
    errors = [line for line in lines[:-_LINES] if _ERROR.search(line)]
    return errors[-_LINES:] + lines[-_LINES:]
