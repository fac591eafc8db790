# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metrics by the parsers of prometheus_client: of OpenMetrics, and of the older format that node_exporter reads."""

from __future__ import annotations

import typing as t

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.openmetrics import as_openmetrics
from tests.documents import document, fleet, row

from .whole import whole

Labels = frozenset[tuple[str, str]]
OF_RUN = {"advisory": "KA-0016311", "playbook": "gate"}


def read(made: dict[str, t.Any]) -> dict[str, dict[Labels, float]]:
    """Name without its prefix → labels → value, by both parsers."""
    content = as_openmetrics(made, Texts("en")).decode()
    found = []
    for parse in (openmetrics, prometheus):
        families = list(parse(content))
        assert {family.type for family in families} == {"gauge"}
        samples = [sample for family in families for sample in family.samples]
        # node_exporter refuses a file with a time in it, or the same series twice.
        assert all(sample.timestamp is None for sample in samples)
        values: dict[str, dict[Labels, float]] = {}
        for sample in samples:
            series = values.setdefault(sample.name.removeprefix("deep_security_remediation_"), {})
            assert frozenset(sample.labels.items()) not in series
            series[frozenset(sample.labels.items())] = sample.value
        found.append(values)
    assert found[0] == found[1]
    return found[0]


def value(made: dict[str, t.Any], name: str, **labels: str) -> float | None:
    return read(made).get(name, {}).get(frozenset({**OF_RUN, **labels}.items()))


def test_a_run_that_passed_and_one_that_did_not() -> None:
    assert value(document([row()]), "passed") == 1
    assert value(document(), "passed") == 0


def test_hosts_are_counted_by_verdict_and_platform() -> None:
    rows = [row(), row("b", platform="windows"), row("c", platform=None, verdict="unknown"), row("d")]
    assert value(document(rows), "hosts", verdict="fixed", platform="linux") == 2
    assert value(document(rows), "hosts", verdict="fixed", platform="windows") == 1
    assert value(document(rows), "hosts", verdict="unknown", platform="unknown") == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [("hosts_passed", 90), ("hosts_not_passed", 10), ("hosts_waived", 0), ("hosts_left_out", 0), ("errors", 0)],
)
def test_the_counts_of_the_report(name: str, expected: int) -> None:
    assert value(fleet(100, 10), name) == expected


def test_when_it_ran_and_for_how_long() -> None:
    made = document()
    assert value(made, "start_timestamp_seconds") == 1795744800
    assert value(made, "end_timestamp_seconds") == 1795745400
    assert value(made, "duration_seconds") == 600
    assert value(made, "finished") == 1


def test_a_run_that_did_not_finish_has_no_end() -> None:
    made = document(finished=None, passed=False)
    assert value(made, "finished") == 0
    assert value(made, "end_timestamp_seconds") is None
    assert value(made, "duration_seconds") is None


def test_waivers_by_what_became_of_them() -> None:
    for state in ("applied", "expired", "unused"):
        assert value(whole(), "waivers", playbook="remediate", state=state) == 1
    assert value(whole(), "hosts_waived", playbook="remediate") == 1


def test_the_text_ends_as_openmetrics_requires() -> None:
    assert as_openmetrics(document(), Texts("en")).endswith(b"\n# EOF\n")
