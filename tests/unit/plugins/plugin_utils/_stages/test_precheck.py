# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pre-checks of a Windows host: nothing is changed unless all that stops an upgrade can be corrected."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import StageResult
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages import precheck as _room
from ansible_collections.deep_security.remediation.plugins.plugin_utils._windows_readiness import (
    Certificate,
    Directory,
    load_lists,
)
from tests.builders import AFFECTED, record

from .fake import FAILED, LOST, FakePort, carried, run_of, work
from .host import ready

PENDING = {"required": True, "reasons": ["[windows_update]: an update waits"]}
IF_REQUIRED = {"dsa_reboot": "if_required"}
ROOT = load_lists().thumbprints()[0]


def host(**more: Any) -> FakePort:
    return FakePort(record(AFFECTED, "windows"), **more)


def checked(port: FakePort, settings: Any = None, wanted: Any = None) -> StageResult:
    return carried(port, run_of(port, wanted, settings), ["precheck"]).stages["precheck"]


def certificate(issuer: str = "One") -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("One", issuer)]
    now = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(names[1], names[0], key.public_key(), 1, now, now + datetime.timedelta(days=9000))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """Settings of a folder with the one certificate that the host does not trust."""
    one = Certificate("one.crt", ROOT, "A" * 64, None, certificate())
    monkeypatch.setattr(_room, "read_directory", lambda *given: Directory(str(tmp_path), (one,), {}))
    return {"dsa_certificates_dir": str(tmp_path)}


def lacking() -> FakePort:
    """A host without that certificate, which gets it when it is imported."""
    port = host()
    port.facts["certificates"]["Root"].remove(ROOT)

    def imported(port: FakePort) -> Any:
        port.facts["certificates"]["Root"].append(ROOT)
        return {"changed": True}

    port.answers["win_certificate_store"] = [imported]
    return port


@pytest.mark.parametrize(
    ("port", "wanted"),
    [(FakePort(), None), (host(), work(None)), (host(), work(None, None))],
    ids=["linux", "nothing", "restart"],
)
def test_only_a_windows_host_with_a_package_is_checked(port: FakePort, wanted: Any) -> None:
    assert checked(port, wanted=wanted).outcome == "nothing"
    assert port.calls == ["= precheck nothing"]


def test_a_host_that_is_ready_is_left_as_it_is() -> None:
    port = host()
    result = checked(port)
    assert (result.outcome, result.changed, result.details["imported"]) == ("done", False, [])
    assert {check["result"] for check in result.details["checks"]} <= {"pass", "warn"}
    assert port.changing() == []


def test_what_prevents_an_upgrade_stops_the_host_unchanged() -> None:
    port = host()
    port.facts["free_bytes"] = 0
    result = checked(port)
    assert (result.outcome, result.changed) == ("failed", False)
    assert "nothing was changed" in result.message.text
    assert "free" in result.message.text
    assert port.changing() == []


@pytest.mark.parametrize(
    ("facts", "check", "words"),
    [
        ({"build": 17763, "ubr": 2000}, "azure_code_signing_support", ("17763.2000", "KB5005625")),
        ({"build": 7601, "nt_version": "6.1"}, "sha2_support", ("KB4474419",)),
        (
            {"certificates": {**ready()["certificates"], "Root": []}},
            "root_certificates",
            ("Microsoft Identity Verification Root Certificate Authority 2020", "dsa_certificates_dir"),
        ),
        ({"certificates": {**ready()["certificates"], "Disallowed": [ROOT]}}, "root_certificates", ("Disallowed",)),
        ({"reboot": PENDING}, "pending_reboot", ("windows_update",)),
        ({"free_bytes": 0}, "free_space", ("free",)),
    ],
)
def test_each_thing_in_the_way_stops_the_host_with_its_remedy(facts: Any, check: str, words: tuple[str, ...]) -> None:
    port = host()
    port.facts.update(facts)
    result = checked(port)
    assert (result.outcome, result.changed) == ("failed", False)
    (found,) = [each for each in result.details["checks"] if each["name"] == check]
    assert found["result"] in ("fail", "undetermined")
    assert found["remedy"]
    for word in words:
        assert word in result.message.text, result.message.text
    assert port.changing() == []


@pytest.mark.parametrize("answer", [FAILED, {"windows": "none"}])
def test_a_host_that_cannot_be_checked_is_stopped_with_the_reason(answer: Any) -> None:
    result = checked(host(answers={"dsa_host_info": [answer]}))
    assert result.outcome == "failed"
    assert str(answer.get("msg", "no reason given")) in result.message.text


def test_a_waived_check_does_not_stop_a_host() -> None:
    port = host()
    port.facts["free_bytes"] = 0
    result = checked(port, {"dsa_precheck_waive": ["free_space"]})
    assert result.outcome == "done"
    assert any(check["waived"] for check in result.details["checks"])


# Certificates


def test_a_missing_certificate_is_imported_and_looked_for_again(offered: Any) -> None:
    port = lacking()
    result = checked(port, offered)
    assert (result.outcome, result.changed, result.details["imported"]) == ("done", True, ["one.crt"])
    assert port.changing() == ["win_file", "win_copy", "win_certificate_store", "win_file"]
    store = port.sent("win_certificate_store")[0]
    assert (store["store_name"], store["store_location"], store["state"]) == ("Root", "LocalMachine", "present")
    assert port.sent("win_file")[1] == {"path": store["path"], "state": "absent"}
    assert port.calls[-2] == "dsa_host_info"


def test_a_certificate_that_the_host_disallows_is_never_imported(offered: Any) -> None:
    port = lacking()
    port.facts["certificates"]["Disallowed"] = [ROOT]
    assert checked(port, offered).outcome == "failed"
    assert checked(port, {**offered, "dsa_precheck_waive": ["root_certificates"]}).details["imported"] == []
    assert port.changing() == []


@pytest.mark.parametrize("call", ["win_file", "win_copy", "win_certificate_store"])
def test_a_certificate_that_cannot_be_imported_stops_the_host(offered: Any, call: str) -> None:
    port = lacking()
    port.answers[call] = [FAILED]
    result = checked(port, offered)
    assert result.outcome == "failed"
    assert "one.crt could not be imported: it does not work" in result.message.text


def test_a_certificate_that_is_missing_after_its_import_stops_the_host(offered: Any) -> None:
    port = lacking()
    port.answers["win_certificate_store"] = [{"changed": True}]
    result = checked(port, offered)
    assert (result.message.code, result.changed) == ("precheck_failed", True)


def test_an_intermediate_certificate_goes_to_its_own_store() -> None:
    assert _room._store(Certificate("x", "A", "B", None, certificate())) == "Root"
    assert _room._store(Certificate("x", "A", "B", None, certificate("Two"))) == "CA"


def test_check_mode_names_what_would_be_imported(offered: Any) -> None:
    port = lacking()
    port.check_mode = True
    result = checked(port, offered)
    assert (result.outcome, result.details["imported"]) == ("predicted", [])
    assert "one.crt" in result.message.text
    assert port.changing() == []


# A reboot that is pending


def test_a_pending_reboot_is_done_first() -> None:
    port = host()
    port.facts["reboot"] = PENDING
    result = checked(port, IF_REQUIRED)
    assert (result.outcome, result.details["rebooted"]) == ("done", True)
    assert port.calls[:-1] == ["dsa_host_info", "dsa_info", "win_reboot", "dsa_info", "dsa_host_info"]
    assert result.record is not None


def test_a_pending_reboot_that_somebody_else_did_meanwhile_is_not_repeated() -> None:
    port = host()
    port.facts["reboot"] = PENDING
    run = run_of(port, settings=IF_REQUIRED)
    port.answers["dsa_host_info"] = [
        lambda host: (host._dsa_host_info({"system": True}), host.sleep(90), host.boot())[0]
    ]
    result = carried(port, run, ["precheck"]).stages["precheck"]
    assert (result.outcome, result.details["rebooted"]) == ("done", False)
    assert "win_reboot" not in port.calls
    assert port.calls[-2] == "dsa_host_info"


def test_a_reboot_that_was_done_before_the_check_does_not_count_for_what_is_pending_now() -> None:
    port = host()
    run = run_of(port, settings=IF_REQUIRED)
    port.sleep(600)
    port.boot()
    port.facts["reboot"] = PENDING
    port.state["reboot"] = {"required": True, "reasons": []}
    assert carried(port, run, ["precheck"]).stages["precheck"].outcome == "done"
    assert port.calls.count("win_reboot") == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"dsa_reboot": "never"}, "dsa_reboot"),
        ({**IF_REQUIRED, "dsa_reboot_window": ["22:00-23:00"]}, "dsa_reboot_window is 22:00-23:00"),
    ],
    ids=str,
)
def test_a_pending_reboot_that_is_not_allowed_now_stops_the_host(settings: dict[str, Any], words: str) -> None:
    port = host()
    port.facts["reboot"] = PENDING
    result = checked(port, settings)
    assert (result.outcome, result.changed) == ("failed", False)
    assert words in result.message.text
    assert "Message(" not in result.message.text
    assert port.changing() == []


def test_a_pending_reboot_that_is_waived_is_not_done() -> None:
    port = host()
    port.facts["reboot"] = PENDING
    assert checked(port, {"dsa_precheck_waive": ["pending_reboot"]}).outcome == "done"
    assert port.changing() == []


def test_a_reboot_that_is_pending_after_the_reboot_stops_the_host() -> None:
    port = host()
    port.facts["reboot"] = PENDING
    port.answers["win_reboot"] = [{"rebooted": True}]
    result = checked(port, IF_REQUIRED)
    assert (result.message.code, result.changed) == ("reboot_still_pending", True)


def test_a_host_that_does_not_come_back_is_not_waited_for_again() -> None:
    port = host(answers={"win_reboot": [FAILED]})
    port.facts["reboot"] = PENDING
    result = checked(port, IF_REQUIRED)
    assert (result.outcome, result.message.code) == ("failed", "reboot_no_return")
    assert port.calls[-2] == "win_reboot"


def test_check_mode_names_the_reboot() -> None:
    port = host(check_mode=True)
    port.facts["reboot"] = PENDING
    result = checked(port, IF_REQUIRED)
    assert (result.outcome, result.message.values["parts"][0].code) == (  # type: ignore[index]
        "predicted",
        "would_reboot_first",
    )
    assert port.changing() == []


def test_a_host_that_is_lost_while_it_is_checked_has_failed() -> None:
    assert checked(host(answers={"dsa_host_info": [LOST]})).message.code == "lost"


def test_a_certificate_that_the_host_disallows_is_not_imported(offered: dict[str, str]) -> None:
    """Beside its entry among the disallowed ones it would change nothing, and the operator disallowed it."""
    port = lacking()
    port.facts["certificates"]["Disallowed"] = [ROOT]
    result = checked(port, {**offered, "dsa_precheck_waive": ["root_certificates"]})
    assert (result.outcome, result.details["imported"]) == ("done", [])
    assert port.changing() == []
