# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""Keeps secrets out of texts that somebody else wrote, however a server spells, trims, folds or cuts them."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import re
from urllib.parse import quote

MASK = "********"
# A secret may be cut by the server that sends it back, or by whoever limits an answer, so its beginning is masked as
# well: half of it, but never so little that it stands in every text.
LEAST = 4
NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
PLAIN = re.compile("[A-Za-z0-9]")


class Masks:
    """The secrets of one conversation. Mask a text before it is stripped, folded or cut."""

    def __init__(self):
        self._secrets = []

    def add(self, secret):
        """Mask this secret from now on. Blanks at its ends are left to the text: they tell nothing by themselves."""
        units = _units(secret)
        if units:
            size = max(LEAST, (len(units) + 1) // 2)
            tail = [_pattern([unit]) for unit in units[size:]]
            self._secrets.append((len(units), _pattern(units), _pattern(units[:size]), tail))

    def hide(self, text):
        """The text with a mask for every secret, and for the beginning of one that was cut."""
        # The longest first: a short one may be a part of it.
        longest_first = sorted(self._secrets, key=lambda secret: -secret[0])
        for secret in longest_first:
            text = secret[1].sub(MASK, text)
        for secret in longest_first:
            text = _without_beginnings(text, *secret[2:])
        return text


def _units(secret):
    """A secret as regular expressions, one after the other: what each of its characters may have become.

    A run of blanks may be folded, and a run of backslashes escaped once or twice. What follows such a run leaves its
    own backslash to the run: with two ways to read each backslash a search could take for ever.
    """
    units, escaped = [], False
    for piece in re.findall(r"\s+|\\+|.", secret.strip(), re.DOTALL):
        if piece.isspace():
            blanks = {text for blank in set(piece + " ") for text in _spellings(blank, escaped)} | {"+"}
            blanks = {text for text in blanks if text.strip()}
            units.append(r"(?:\s|%s){1,%d}" % (_either(blanks), len(piece)))
        elif piece[0] == "\\":
            units.append("(?:%s){1,%d}" % (_either(_spellings("\\") - {"\\\\"}), 4 * len(piece)))
        elif PLAIN.match(piece):
            units.append(piece)
        else:
            units.append(_either(_spellings(piece, escaped)))
        escaped = piece[0] == "\\"
    return units


def _spellings(character, escaped=False):
    """One character as it is, in an address, in JSON, XML, HTML or a quoted text; escaped: after a backslash."""
    code = ord(character)
    found = {
        character,
        quote(character, safe="", errors="replace"),
        "".join("%%%02x" % byte for byte in bytearray(character.encode("utf-8", "replace"))),
        json.dumps(character)[1:-1],
        repr(character)[1:-1],
        "\\" + character,
        "\\u%04x" % code,
        "&#%d;" % code,
        "&#x%x;" % code,
        NAMED.get(character, character),
    }
    return {text.lstrip("\\") for text in found} if escaped else found


def _either(spellings):
    return "|".join(re.escape(spelling) for spelling in sorted(spellings, key=lambda text: (-len(text), text)))


def _pattern(units):
    return re.compile("".join("(?:%s)" % unit for unit in units), re.IGNORECASE)


def _without_beginnings(text, head, tail):
    """The text with a mask for each head, and for as much of the tail as follows it."""
    pieces, start = [], 0
    for match in head.finditer(text):
        if match.start() < start:
            continue
        end = match.end()
        for unit in tail:
            more = unit.match(text, end)
            if not more:
                break
            end = more.end()
        pieces += [text[start : match.start()], MASK]
        start = end
    return "".join(pieces) + text[start:]
