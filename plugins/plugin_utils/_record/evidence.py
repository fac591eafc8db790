# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""How a security update ended, by what a host shows of it. Only evidence newer than its start counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from .._messages import message
from .._text import load_json, one_line
from .answer import Answer
from .bounded import matches
from .dsa_query import read_query
from .note import noted_patterns, patterns_by_name, record_patterns
from .remediation import check_note
from .shape import part

State = Literal["running", "succeeded", "failed", "unproven"]
Patterns = Mapping[str, str]

# An operator's expression can take long over a long line.
_LONGEST_LINE = 4096
# Such as '2026-11-24 17:26:38.000000 [+0000]: '. Without a zone it is not known which time it is; "UTC+9" is none that
# is read here, and not UTC.
_STAMP = re.compile(
    r"\W{0,3}(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,]\d{1,9})?"
    r"(?:\s?\[?(?:(Z|UTC|GMT)(?!\s?[+-]\d)|([+-])(0\d|1[0-4]):?([0-5]\d))\b)?"
)
# How far the clock of a zone is behind UTC, at most.
_FURTHEST = timedelta(hours=12)
_CERTIFICATE_EXPIRED = re.compile(r"DIGITAL_SIGNATURE_CERT_EXPIRE|(?<![\w.-])-24(?![\d-]|\.\d)")
_BEGINNING = datetime.min.replace(tzinfo=timezone.utc)
_VERSION = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,7}", re.ASCII)


@dataclass(frozen=True)
class UpdateStart:
    """What a host showed before the update was requested, and how the request was answered. JSON by as_dict().

    now: the host's clock. build: the installed one. before: pattern -> version, read after the upgrade and before the
    request, None where that is not known. accepted: of the request; None where it is not known what came of it. answer:
    the answer to it in one line.
    """

    now: str
    build: str | None = None
    marks: Sequence[Mapping[str, Any]] = ()
    before: Patterns | None = None
    accepted: bool | None = None
    answer: str = ""

    @classmethod
    def from_result(cls, result: Mapping[str, Any], note: Mapping[str, Any], record: Mapping[str, Any]) -> UpdateStart:
        """From the result of step start. note, record: as they were before it, and after the upgrade.

        Patterns of an earlier run's start take precedence: its update may have ended since.
        """
        before = noted_patterns(note, record)
        if before is None:
            before = patterns_of(result.get("query"))
        if before is None:
            before = record_patterns(record)
        request = Answer.of(result.get("request"))
        accepted = part(result, "request").get("accepted")
        answer = "dsa_control is not there" if request.missing else one_line(f"{request.out} {request.err}")
        marks = result.get("marks") or ()
        accepted = accepted if isinstance(accepted, bool) else None
        return cls(str(result.get("now")), record.get("version"), marks, before, accepted, answer)

    def as_dict(self) -> dict[str, Any]:
        """The start as JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> UpdateStart:
        """The start that as_dict() was made from."""
        return cls(**value)


@dataclass(frozen=True)
class Evidence:
    """What is known of an update.

    running and unproven both mean: look again, and unfinished at the time limit; with unproven, code says why what was
    seen is no proof. values: for the sentence of code. certificate_expired: it failed with code -24.
    """

    state: State
    code: str
    values: Mapping[str, Any] = field(default_factory=dict)
    certificate_expired: bool = False

    @property
    def text(self) -> str:
        """One sentence."""
        return message(self.code, **self.values).text


@dataclass(frozen=True)
class _Word:
    """What one line of a log says of the update. time: None where it cannot be read."""

    state: Literal["succeeded", "failed"]
    time: datetime | None
    file: str
    text: str


# The time to order a line by, its own, and the line.
_Counting = tuple[datetime, datetime | None, Mapping[str, Any]]


def judge_update(
    start: UpdateStart,
    look: Mapping[str, Any],
    previous: Mapping[str, Any] | None,
    success_regex: str | None,
    failure_regex: str | None,
) -> Evidence:
    """How the update ended, by this look and the one before it (results of step look), if it did.

    What another run noted since, and the last word of the log, count most; then a request that was refused; then
    patterns that are newer and stand still. Raises PatternTooSlow for an expression that takes too long over a line.
    """
    found, unread = _judge(start, look, previous, success_regex, failure_regex), look.get("lines_unread")
    if found.state in ("succeeded", "failed") or not isinstance(unread, (list, tuple)) or not unread:
        return found
    return Evidence(found.state, "logs_unread", {"what": found.text, "files": [one_line(name) for name in unread]})


def _judge(
    start: UpdateStart,
    look: Mapping[str, Any],
    previous: Mapping[str, Any] | None,
    success_regex: str | None,
    failure_regex: str | None,
) -> Evidence:
    if look.get("failed"):
        return Evidence("unproven", "update_not_watched", {"why": one_line(look.get("msg") or "no reason given")})
    began, ended = parse_time(start.now), parse_time(look.get("now"))
    listed = look.get("lines")
    lines = [line for line in listed if isinstance(line, Mapping)] if isinstance(listed, (list, tuple)) else []
    word, doubt = _last_word(list(_counting(began, ended, lines)), success_regex, failure_regex)
    done_at = _done_by_other_run(began, start.build, look.get("note_text"))
    if done_at and not (word and word.state == "failed" and (word.time is None or word.time > done_at)):
        return Evidence("succeeded", "done_by_other_run", {"time": done_at.strftime("%Y-%m-%dT%H:%M:%SZ")})
    if word:
        expired = word.state == "failed" and bool(_CERTIFICATE_EXPIRED.search(word.text))
        values = {"file": word.file, "line": one_line(word.text)}
        if word.state == "succeeded" and (doubt or look.get("lines_cut") is not False):
            return Evidence("unproven", "log_order_unknown" if doubt else "log_not_whole", values)
        return Evidence(word.state, f"log_{word.state}", values, expired)
    if start.accepted is False:
        return Evidence("failed", "request_refused", {"why": start.answer})
    return _by_patterns(start.before, look, previous)


def _last_word(counting: Sequence[_Counting], success: str | None, failure: str | None) -> tuple[_Word | None, bool]:
    """The line that counts and comes last by time, as a retry can follow a failure, and logs rotate meanwhile.

    And whether another file has a failure without any time, of which it is not known whether it came later.
    """
    texts = [str(line.get("text"))[:_LONGEST_LINE] for _order, _time, line in counting]
    failed, succeeded = (
        matches(f"dsa_security_update_{word}_regex", pattern, texts) if pattern else [False] * len(texts)
        for word, pattern in (("failure", failure), ("success", success))
    )
    last: tuple[datetime, _Word] | None = None
    undated: set[str] = set()
    dated: set[str] = set()
    for number, (order, time, line) in enumerate(counting):
        file = str(line.get("file"))
        if time is not None:
            dated.add(file)
        elif failed[number] and file not in dated:
            undated.add(file)
        if (failed[number] or succeeded[number]) and (last is None or order >= last[0]):
            state: Literal["succeeded", "failed"] = "failed" if failed[number] else "succeeded"
            last = order, _Word(state, time, file, texts[number])
    return (last[1], bool(undated - {last[1].file})) if last else (None, False)


def _counting(
    began: datetime | None, ended: datetime | None, lines: Sequence[Mapping[str, Any]]
) -> Iterator[_Counting]:
    """The lines newer than the start, with the time to order them by, and their own.

    Without a readable time only what stands behind the mark of a file that was there is new for certain. It takes the
    time of the line before it in its file. A time after the look was written with another clock, and proves nothing.
    """
    latest: dict[str, datetime] = {}
    counted: dict[str, datetime] = {}
    for line in lines:
        file, marked = str(line.get("file")), line.get("marked") is True
        text = str(line.get("text"))[:_LONGEST_LINE]
        time = parse_time(text)
        order: datetime = time or latest.get(file) or began or _BEGINNING
        latest[file] = order
        if time is None:
            counts = marked and (began is None or order >= began) and not _is_older(text, began)
        else:
            counts = began is not None and time >= began and (marked or ended is None or time <= ended)
        if counts:
            # Within a file what comes later is later, even where the clock was set back meanwhile.
            counted[file] = max(order, counted.get(file, order))
            yield counted[file], time, line


def parse_time(text: object) -> datetime | None:
    """The time, to the second, at the beginning of a text; None without one, or without its zone."""
    stamp = _STAMP.match(text) if isinstance(text, str) else None
    return _time(stamp) if stamp and (stamp[7] or stamp[8]) else None


def _time(stamp: re.Match[str]) -> datetime | None:
    offset = timedelta()
    if stamp[8]:
        offset = timedelta(hours=int(stamp[9]), minutes=int(stamp[10])) * (1 if stamp[8] == "+" else -1)
    try:
        return datetime(*(int(part) for part in stamp.groups()[:6]), tzinfo=timezone.utc) - offset  # type: ignore[misc, arg-type]
    except (ValueError, OverflowError):
        return None


def _is_older(text: str, began: datetime | None) -> bool:
    """Whether a text begins with a time without a zone that is before the start in every zone."""
    stamp = _STAMP.match(text)
    time = _time(stamp) if stamp else None
    return bool(began and time and began - time > _FURTHEST)


def _done_by_other_run(began: datetime | None, build: str | None, text: object) -> datetime | None:
    """When another run noted, since our start, that an update of this build ended well; None if none did."""
    try:
        note = check_note(load_json(text))[0] if isinstance(text, str) else None
    except ValueError:
        return None
    if not note or note["phase"] != "done" or (build and note.get("build") != build):
        return None
    done_at = parse_time(note.get("done_at"))
    return done_at if done_at and began and done_at >= began else None


def _by_patterns(before: Patterns | None, look: Mapping[str, Any], previous: Mapping[str, Any] | None) -> Evidence:
    """Whether the patterns prove an update: none is missing, none is older, one is newer, all stand still."""
    now = patterns_of(look.get("query"))
    if now is None:
        query = Answer.of(look.get("query"))
        return Evidence("running", "query_incomplete", {"why": query.why("the time limit")})
    if not before:
        return Evidence("running", "patterns_not_known_before")
    if now == before:
        return Evidence("running", "patterns_unchanged")
    missing = sorted(set(before) - set(now))
    if missing:
        return Evidence("unproven", "patterns_missing", {"patterns": missing})
    changes = {name: _compare(before[name], now[name]) for name in before if now[name] != before[name]}
    wrong = sorted(name for name, newer in changes.items() if not newer)
    if wrong:
        return Evidence("unproven", "patterns_not_newer", {"patterns": _shown(wrong, before, now)})
    if not changes:  # only names that were not there before: they come with a new build, or late after its start
        return Evidence("unproven", "patterns_added", {"patterns": sorted(set(now) - set(before))})
    shown = {"patterns": _shown(sorted(changes), before, now)}
    if previous is None or patterns_of(previous.get("query")) != now:
        return Evidence("running", "patterns_changing", shown)  # an update brings several
    return Evidence("succeeded", "patterns_newer", shown)


def patterns_of(query: object) -> dict[str, str] | None:
    """pattern -> version of dsa_query's raw answer; None unless it answered everything, whole and in time."""
    answer = Answer.of(query)
    if answer.rc != 0 or answer.timed_out or not answer.complete:
        return None
    found = read_query(answer, "the time limit")
    return None if found.code else patterns_by_name(found.anti_malware["patterns"])


def _compare(before: str, now: str) -> bool:
    """Whether a version is newer by its numbers, 1.0 being 1. What has no numbers is not."""
    if not (_VERSION.fullmatch(before) and _VERSION.fullmatch(now)):
        return False
    old, new = ([int(number) for number in version.split(".")] for version in (before, now))
    while old and old[-1] == 0:
        old.pop()
    while new and new[-1] == 0:
        new.pop()
    return new > old


def _shown(names: Sequence[str], before: Patterns, now: Patterns) -> list[str]:
    return [f"{name} {before[name]} -> {now[name]}" for name in names]
