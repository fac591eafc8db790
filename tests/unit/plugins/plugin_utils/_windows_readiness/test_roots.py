# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decision table for root certificates."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.tables import every_combination

from .sample import INFORMATIONAL, RECOMMENDED, REQUIRED, checks, host, shipped

NAME = "root_certificates"
ACS_NAME, ACS_ROOT = next(iter(REQUIRED.items()))
G5 = RECOMMENDED["VeriSign Class 3 Public Primary Certification Authority - G5"]


def without(*thumbprints: str, disallowed: Any = (), disabled: bool | None = False, **stores: Any) -> dict[str, Any]:
    """A host that has every root but these."""
    certificates: dict[str, Any] = {
        "Root": [root for root in REQUIRED.values() if root not in thumbprints],
        "AuthRoot": [root for root in RECOMMENDED.values() if root not in thumbprints],
        "CA": [],
        "Disallowed": list(disallowed),
    }
    return host(certificates={**certificates, **stores}, root_update={"disabled": disabled, "source": None})


@pytest.mark.parametrize("root", REQUIRED.values())
@pytest.mark.parametrize(
    ("disabled", "reachable", "importable", "expected"),
    [
        (False, True, False, "warn"),
        (False, False, False, "fail"),  # whether Windows gets there is unknown
        (True, True, False, "fail"),
        (True, False, False, "fail"),
        (None, True, False, "fail"),
        (None, False, False, "fail"),
        (False, True, True, "warn"),
        (False, False, True, "warn"),
        (True, True, True, "warn"),
        (True, False, True, "warn"),
        (None, False, True, "warn"),
    ],
)
def test_a_required_root_is_missing(
    root: str, disabled: bool | None, reachable: bool, importable: bool, expected: str
) -> None:
    check = checks(
        without(root, disabled=disabled), root_updates_reachable=reachable, importable={root} if importable else set()
    )[NAME]
    assert check.result == expected
    assert root in check.evidence
    assert ("will be imported" in check.evidence) == importable


@every_combination(
    root=[*REQUIRED.values(), *RECOMMENDED.values()],
    there=[True, False],
    reachable=[True, False],
    disabled=[True, False, None],
)
def test_a_distrusted_root_always_fails(root: str, there: bool, reachable: bool, disabled: bool | None) -> None:
    facts = without(*([] if there else [root]), disallowed=[root], disabled=disabled)
    check = checks(facts, root_updates_reachable=reachable, importable={root})[NAME]
    assert check.result == "fail"
    assert root in check.evidence
    assert "Disallowed" in check.remedy
    assert "imported" not in check.evidence


@pytest.mark.parametrize("store", ["Root", "AuthRoot"])
@pytest.mark.parametrize("disabled", [True, False, None])
def test_either_store_will_do(store: str, disabled: bool | None) -> None:
    everything = [*REQUIRED.values(), *RECOMMENDED.values()]
    stores = {"Root": [], "AuthRoot": [], store: everything}
    assert checks(without(disabled=disabled, **stores))[NAME].result == "pass"
    assert (
        checks(without(disabled=disabled, **{**stores, store: [t.lower() for t in everything]}))[NAME].result == "pass"
    )


def test_the_store_of_intermediates_does_not_count() -> None:
    assert checks(without(ACS_ROOT, CA=[ACS_ROOT]))[NAME].result == "fail"


@pytest.mark.parametrize("root", RECOMMENDED.values())
@pytest.mark.parametrize("disabled", [True, False, None])
def test_a_recommended_root_is_a_warning(root: str, disabled: bool | None) -> None:
    check = checks(without(root, disabled=disabled))[NAME]
    assert check.result == "warn"
    assert root in check.evidence


def test_informational_roots_never_matter() -> None:
    for distrusted in ([], list(INFORMATIONAL.values())):
        check = checks(without(disallowed=distrusted))[NAME]
        assert check.result == "pass"
        assert not any(root in check.evidence for root in INFORMATIONAL.values())


@pytest.mark.parametrize("junk", [None, "F40042", {"F40042": 1}, [None], [1], 7])
@pytest.mark.parametrize("store", ["Root", "AuthRoot", "Disallowed"])
def test_a_store_that_was_not_read(store: str, junk: Any) -> None:
    check = checks(without(*REQUIRED.values(), *RECOMMENDED.values(), **{store: junk}))[NAME]
    assert check.result == "undetermined"
    assert store in check.evidence


def test_what_the_other_store_has_needs_no_second() -> None:
    """All are in Root and none is distrusted: what AuthRoot holds is not asked."""
    everything = [*REQUIRED.values(), *RECOMMENDED.values()]
    assert checks(without(Root=everything, AuthRoot=None))[NAME].result == "pass"
    assert checks(without(Root=everything, AuthRoot=[], Disallowed=None))[NAME].result == "undetermined"


def test_known_distrust_is_worse_than_an_unread_store() -> None:
    assert checks(without(Root=None, disallowed=[ACS_ROOT]))[NAME].result == "fail"


@pytest.mark.parametrize("certificates", [None, {}, [], "Root", {"Root": None, "AuthRoot": None, "Disallowed": None}])
def test_no_stores_at_all(certificates: Any) -> None:
    assert checks(host(certificates=certificates))[NAME].result == "undetermined"


def test_import_of_one_does_not_help_another() -> None:
    check = checks(without(*REQUIRED.values()), importable={ACS_ROOT})[NAME]
    assert check.result == "fail"
    assert ACS_NAME not in check.reason
    assert "DigiCert Trusted Root G4" in check.reason
    assert "DigiCert Assured ID Root CA" in check.reason


def test_every_missing_root_is_named_with_where_to_get_it() -> None:
    check = checks(without(*REQUIRED.values(), *RECOMMENDED.values()))[NAME]
    for name, thumbprint in {**REQUIRED, **RECOMMENDED}.items():
        assert name in check.evidence
        assert thumbprint in check.evidence
    for name in REQUIRED:
        assert name in check.reason
        assert name in check.remedy
    assert "https://www.microsoft.com/pkiops/certs/" in check.remedy
    assert "dsa_certificates_dir" in check.remedy


def test_the_module_is_asked_for_every_root() -> None:
    assert shipped().thumbprints() == [*REQUIRED.values(), *RECOMMENDED.values(), *INFORMATIONAL.values()]
    assert G5 in shipped().thumbprints()
