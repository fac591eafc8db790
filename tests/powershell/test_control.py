# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dsa_control on Windows: what it is given, and what counts as its consent."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.module_utils._agent import commands, control

from .windows import OK, Program, Windows

# What dsa_control answers where it is not certain that it did it.
NO_SUCCESS = {
    "an error without a status": Program(err="could not connect to the agent\r\n"),
    "usage": Program("Usage: dsa_control [-a <str>] [-s <num>]\r\n"),
    "nothing": Program(),
    "a blank line": Program("\r\n"),
    "403": Program("HTTP Status: 403 - Forbidden\r\n"),
    "403 in another spelling": Program("HTTP/1.1 403 Forbidden\r\nhttp status = 403\r\n"),
    "403 as a code": Program("HTTP status code 403\r\n"),
    "200, then 403": Program("HTTP Status: 200 - OK\r\nHTTP Status: 403 - Forbidden\r\n"),
    "403, then 200": Program("HTTP Status: 403 - Forbidden\r\nHTTP Status: 200 - OK\r\n"),
    "403 beside it": Program("HTTP Status: 200 - OK\r\n", err="http_status: 403\r\n"),
    "200 and an exit status": Program("HTTP Status: 200 - OK\r\n", rc=1),
    "200 and a negative exit status": Program("HTTP Status: 200 - OK\r\n", rc=-1073741819),
    "200 inside of a line": Program("not like HTTP Status: 200 - OK\r\n"),
    "2000": Program("HTTP Status: 2000\r\n"),
    "20": Program("HTTP Status: 20\r\n"),
    "500": Program("HTTP Status: 500 - Internal\r\n"),
    "302": Program("HTTP Status: 302 - Found\r\n"),
    "a status that is no number of ours": Program("HTTP Status: \u0662\u0660\u0660\r\n"),
    "a status larger than any": Program(f"HTTP Status: 200\r\nHTTP Status: {'9' * 40}\r\n"),
    "UTF-16": Program("HTTP Status: 200 - OK\r\n".encode("utf-16")),
    "no answer": Program("HTTP Status: 200 - OK\r\n", hangs=True),
}
REFUSED = ("403", "403 in another spelling", "403 as a code")
SUCCESS = {
    "200": OK,
    "201": Program("HTTP Status: 201 - Created\r\n"),
    "200 twice": Program("HTTP Status: 200 - OK\r\nResponse:\r\nHTTP Status: 204\r\n"),
    "200 with a line feed alone": Program("HTTP Status: 200 - OK\n"),
    "200 on the other stream": Program(err="HTTP Status: 200 - OK\r\n"),
    "200 behind blanks": Program(" \t HTTP Status:\t200\r\n"),
    "200 behind other lines": Program("Activation will be re-attempted 30 time(s)\r\nHTTP Status: 200 - OK\r\n"),
    "200 in Japanese": Program("更新を要求しました\r\nHTTP Status: 200 - OK\r\n".encode("cp932")),
}


EVERY = {**NO_SUCCESS, **SUCCESS}


def answer_of(program: Program) -> dict[str, t.Any]:
    """What Wait-DsaProcess makes of a program."""
    out, err = (text.replace("\r\n", "\n") for text in program.texts())
    rc = None if program.hangs else program.rc
    return {"rc": rc, "out": out, "err": err, "cut": False, "missing": False, "timed_out": program.hangs}


def posix(program: Program) -> bool | None:
    """What the twin on POSIX makes of the same answer."""
    answer = answer_of(program)
    del answer["cut"]
    accepted: bool | None = control.Reply(commands.Answer(**answer), None).accepted
    return accepted


def accepted(host: Windows, programs: list[Program]) -> list[bool | None]:
    return host.each("_DsaControl", "Test-DsaAccepted -Answer $one", [answer_of(program) for program in programs])


def test_what_counts_as_consent(host: Windows) -> None:
    expected = {name: True if name in SUCCESS else False if name in REFUSED else None for name in EVERY}
    assert dict(zip(EVERY, accepted(host, list(EVERY.values())), strict=True)) == expected
    assert {name: posix(answer) for name, answer in EVERY.items()} == expected, "the twin on POSIX"


@pytest.mark.parametrize("name", ["nothing", "403", "no answer", "200 in Japanese"])
def test_without_consent_the_module_fails(host: Windows, name: str) -> None:
    answer = EVERY[name]
    host.control_answer = answer
    host.code_page("932")
    expected = True if name in SUCCESS else False if name in REFUSED else None
    result = host.module("win_dsa_control", arguments=["--selfprotect=1"], timeout=2 if answer.hangs else 60)
    assert (result["reply"]["accepted"], result.get("failed", False)) == (expected, not expected)
    assert result["reply"]["out"] == answer_of(answer)["out"]


# Words that an answer of dsa_control may be made of, in any order.
WORDS = st.sampled_from(
    [
        "HTTP Status: ",
        "HTTP Status:",
        "http status ",
        "HTTP/1.1 ",
        "HTTP_STATUS=",
        "200",
        "201",
        "403",
        "500",
        "99",
        " - OK",
        " ",
        "\t",
        "\r\n",
        "\n",
        "Response:",
        "x",
        "更新",
        "**",
        ": ",
    ]
)
ANSWERS = st.builds(
    lambda out, err, rc: Program("".join(out), err="".join(err), rc=rc),
    st.lists(WORDS, max_size=8),
    st.lists(WORDS, max_size=3),
    st.sampled_from([0, 0, 0, 0, 1, 255]),
)


@settings(max_examples=4, deadline=None, derandomize=True, database=None)
@given(answers=st.lists(ANSWERS, min_size=50, max_size=50))
def test_an_answer_is_judged_as_on_posix(shared: Windows, answers: list[Program]) -> None:
    assert accepted(shared, answers) == [posix(answer) for answer in answers]


@pytest.mark.parametrize(
    ("password", "answer", "accepted"),
    [
        ("403", "HTTP Status: 403 - Forbidden", False),
        ("HTTP Status", "HTTP Status: 403 - Forbidden", False),
        ("4", "HTTP Status: 403 - Forbidden", False),
        ("HTTP Status: 403", "HTTP Status: 403", False),
        ("200", "HTTP Status: 200 - OK", True),
        ("HTTP Status: 200", "wrong password: HTTP Status: 200", None),
    ],
)
def test_the_status_is_read_before_the_password_is_masked(
    host: Windows, password: str, answer: str, accepted: bool | None
) -> None:
    """A17: a password that is a part of the answer turned a refusal into success."""
    host.control_answer = Program(answer + "\r\n")
    reply = host.module("win_dsa_control", arguments=["-x"], password=password)["reply"]
    assert reply["accepted"] is accepted
    assert password not in reply["out"] and "********" in reply["out"]
    assert host.acts() == [f"dsa_control -x -p {password}"]


def test_arguments_arrive_as_they_are(host: Windows) -> None:
    """cmd.exe has its own ideas of most of these."""
    odd = ["-m", "UpdateComponent:true", "dsm://dsm.example.com:4120/", "a b", "a&b", "a|b>c<d", "%PATH%", "%", "^x^"]
    odd += ["(x)", "!x!", "a'b", "a,b;c=d", "\\", "a b\\", "a b\\\\", "トークン", "*?", "a@b#c$d~e`f{g}h[i]j+k", "-p"]
    host.module("win_dsa_control", arguments=odd, password="p w&%")
    assert host.arguments() == [[*odd, "-p", "p w&%"]]
    host.module("win_dsa_control", arguments=[1, True, 2.5])
    assert host.arguments()[1] == ["1", "True", "2.5"]


@pytest.mark.parametrize("argument", ['tok"&calc.exe', "tok\nen"])
@pytest.mark.parametrize("where", ["arguments", "password"])
def test_what_cmd_exe_cannot_be_trusted_with_is_refused_and_not_shown(host: Windows, where: str, argument: str) -> None:
    given: dict[str, t.Any] = {"arguments": ["-a", argument]} if where == "arguments" else {"password": argument}
    result = host.module("win_dsa_control", **{"arguments": ["-a"], **given})
    assert result["failed"] is True
    assert host.acts() == []
    assert "tok" not in json.dumps(result)


SECRET = "token:s3cr3t9"


@pytest.mark.parametrize(
    "answer",
    [
        Program(f"dsa_control -a {SECRET} -s3cr3t9 was refused: s3cr3t9 is no token\r\n", rc=1),
        Program(err=f"HTTP Status: 403 {SECRET}\r\n"),
        Program(f"{SECRET}\r\n", hangs=True),
        None,
    ],
    ids=["exit status", "403", "no answer", "missing"],
)
def test_no_argument_is_shown_where_it_fails(host: Windows, answer: Program | None) -> None:
    """A token can stand behind a colon, and begin with a hyphen."""
    host.control_answer = answer
    result = host.module("win_dsa_control", arguments=["-a", SECRET, "-s3cr3t9"], password="pa55word", timeout=2)
    assert result["failed"] is True and result["reply"]["accepted"] is not True
    assert "s3cr3t9" not in json.dumps(result) and "pa55word" not in json.dumps(result)


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout": "soon"},
        {"timeout": 0},
        {"arguments": {"a": "token:s3cr3t9"}},
        {"arguments": [""]},
        {"arguments": ["token:s3cr3t9", None]},
    ],
)
def test_an_option_that_is_refused_shows_no_argument(host: Windows, wrong: dict[str, t.Any]) -> None:
    """Ansible.Basic masks texts, not those of a list: the whole invocation is shown where an option is refused."""
    result = host.module("win_dsa_control", **{"arguments": ["-a", SECRET], "password": "pa55word", **wrong})
    assert result["failed"] is True
    assert "s3cr3t9" not in json.dumps(result) and "pa55word" not in json.dumps(result)
    assert host.acts() == []


@pytest.mark.parametrize("wrong", [{"timeout": "soon"}, {"unknown": 1}], ids=str)
def test_an_option_in_another_case_is_not_shown(host: Windows, wrong: dict[str, t.Any]) -> None:
    """Ansible.Basic takes it, and what was given stands in what it returns."""
    result = host.module("win_dsa_control", **{"ARGUMENTS": ["-a", SECRET], "PASSWORD": "pa55word", **wrong})
    assert result["failed"] is True
    assert "s3cr3t9" not in json.dumps(result) and "pa55word" not in json.dumps(result)


def test_no_secret_is_on_a_command_line_of_cmd_exe(host: Windows) -> None:
    """cmd.exe gets the arguments by its environment; only the agent's own program must have them."""
    host.module("win_dsa_control", arguments=["-a", SECRET], password="pa55word")
    (call,) = host.programs
    lines = {name: value for name, value in call.environment.items() if "s3cr3t9" in value or "pa55word" in value}
    assert list(lines) == ["DSA_CONTROL_ARGUMENTS"]


def test_check_mode_does_nothing(host: Windows) -> None:
    result = host.module("win_dsa_control", check_mode=True, arguments=["-a", SECRET])
    assert (result["changed"], host.acts()) == (True, [])
    assert "s3cr3t9" not in json.dumps(result)


def test_without_dsa_control_there_is_a_clear_error(host: Windows) -> None:
    host.control_answer = None
    result = host.module("win_dsa_control", arguments=["-x"])
    assert (result["failed"], result["reply"]["missing"], result["reply"]["accepted"]) == (True, True, False)
    assert "dsa_control" in result["msg"]
