# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Who signed a package for Windows: a signature counts when it is valid, whole and of the right organisation."""

from __future__ import annotations

from collections.abc import Mapping

from .._messages import Message, message
from .._text import one_line
from .bounded import PatternTooSlow, matches

SETTING = "dsa_windows_signer"
# The organisation in the subject of a certificate, as Windows writes it: a value with a comma is quoted, and what is
# within quotation marks is no organisation. (?a): an i without a dot is another letter.
SIGNER = (
    r'(?ai)^(?:(?:[^"]|"[^"]*")*, )?O=(?:"Trend Micro(?:,? Inc(?:orporated)?\.?)?"'
    r"|Trend Micro(?: Inc(?:orporated)?\.?)?)(?=,|\Z)"
)


def judge_signature(package: object, signer_regex: str) -> Message | None:
    """Why the signature of a package does not count, or None.

    package: of win_dsa_package_info. signer_regex: what the subject of the signer's certificate has to match.
    """
    found = package if isinstance(package, Mapping) else {}
    status, signer, chain = found.get("status"), found.get("signer"), found.get("chain")
    shown = one_line(signer or "an unknown signer", 200)
    if found.get("exists") is not True or found.get("error"):
        return message("package_unseen", why=one_line(found.get("error") or "it is not there"))
    if status != "Valid":
        return message("signature_not_valid", status=one_line(status or "unknown", 60), signer=shown)
    if found.get("partial") is not False or not isinstance(chain, list) or not chain:
        return message("signature_partial", signer=shown)
    try:
        if isinstance(signer, str) and matches(SETTING, signer_regex, [signer]) == [True]:
            return None
    except PatternTooSlow as error:
        return message("signer_slow", why=str(error))
    return message("signed_by_other", signer=shown, setting=SETTING)
