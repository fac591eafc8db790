# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Values as Ansible gives them, parsed. Extra variables and surveys give everything as text.

Each function takes the value and the name for its message, and raises WrongValue.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from .errors import WrongValue

_WORDS = {
    **dict.fromkeys(("true", "yes", "on", "y", "t", "1"), True),
    **dict.fromkeys(("false", "no", "off", "n", "f", "0"), False),
}
_WHOLE = re.compile(r"[+-]?[0-9]{1,15}(?:\.0+)?")
_FLOAT = re.compile(r"[+-]?(?:[0-9]{1,15}\.?[0-9]*|\.[0-9]+)")


def is_blank(value: object) -> bool:
    """Whether a value means "not set": none, or a text without anything in it, as surveys send empty fields."""
    return value is None or (isinstance(value, str) and not value.strip())


def structure_of(value: object, name: str) -> Any:
    """The value; a text that is a list or a mapping in JSON or YAML becomes one."""
    if not isinstance(value, str) or not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        pass
    try:
        return yaml.safe_load(value)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError):
        raise WrongValue(name, value, "it begins as a list or mapping and cannot be read as YAML or JSON") from None


def flag_of(value: object, name: str) -> bool:
    """A truth value."""
    found = _WORDS.get(str(value).strip().lower()) if isinstance(value, (str, int)) else None
    if found is None:
        raise WrongValue(name, value, "write true or false")
    return found


def whole_of(value: object, name: str, minimum: float | None = None, maximum: float | None = None) -> int:
    """A whole number within bounds."""
    number = _number(value, _WHOLE)
    if number is None or not number.is_integer() or not _within(number, minimum, maximum):
        raise WrongValue(name, value, f"write a whole number{_bounds(minimum, maximum)}")
    return int(number)


def number_of(value: object, name: str, minimum: float | None = 0, maximum: float | None = None) -> float:
    """A number within bounds."""
    number = _number(value, _FLOAT)
    if number is None or not _within(number, minimum, maximum):
        raise WrongValue(name, value, f"write a number{_bounds(minimum, maximum)}")
    return number


def percentage_of(value: object, name: str) -> int:
    """A whole number from 0 to 100; 25 and "25%" are the same."""
    bare = value.strip().removesuffix("%") if isinstance(value, str) else value
    number = _number(bare, _WHOLE)
    if number is None or not number.is_integer() or not 0 <= number <= 100:
        raise WrongValue(name, value, "write a percentage from 0 to 100")
    return int(number)


def text_of(value: object, name: str) -> str:
    """A text, without blanks around it. A whole number will do; 20.0 will not, as YAML has dropped zeros from it."""
    return exact_text_of(value, name).strip()


def exact_text_of(value: object, name: str) -> str:
    """A text as it is: blanks at the ends of a password are part of it."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise WrongValue(name, value, "write a text, in quotes")
    return str(value)


def choice_of(value: object, name: str, choices: Sequence[str]) -> str:
    """One of the choices; case and blanks around do not matter."""
    chosen = value.strip().lower() if isinstance(value, str) else None
    if chosen not in choices:
        raise WrongValue(name, value, f"write {_either(choices)}")
    return str(chosen)


def names_of(value: object, name: str, choices: Sequence[str] = ()) -> list[str]:
    """A list of texts; one text with commas will do. Blank entries are left out."""
    found = structure_of(value, name)
    if isinstance(found, str):
        found = found.split(",")
    if not isinstance(found, (list, tuple)) or not all(_is_name(part) for part in found):
        raise WrongValue(name, value, "write a list of texts, or one text with commas")
    parts = [text for part in found if (text := str(part).strip())]
    if choices and any(part not in choices for part in parts):
        raise WrongValue(name, value, f"its entries can be {', '.join(choices)}")
    return parts


def mapping_of(value: object, name: str) -> dict[str, Any]:
    """A mapping with texts as keys."""
    found = structure_of(value, name)
    if not isinstance(found, Mapping):
        raise WrongValue(name, value, "write a mapping")
    return {_key(key): item for key, item in found.items()}


def _is_name(value: object) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def _key(key: object) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _number(value: object, spelling: re.Pattern[str]) -> float | None:
    if isinstance(value, str) and spelling.fullmatch(value.strip()):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 10**15 or math.isnan(value):
        return None
    return float(value)


def _within(number: float, minimum: float | None, maximum: float | None) -> bool:
    return (minimum is None or number >= minimum) and (maximum is None or number <= maximum)


def _bounds(minimum: float | None, maximum: float | None) -> str:
    if minimum is None and maximum is None:
        return ""
    if maximum is None:
        return f", at least {minimum}"
    return f" up to {maximum}" if minimum is None else f" from {minimum} to {maximum}"


def _either(choices: Sequence[str]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"
