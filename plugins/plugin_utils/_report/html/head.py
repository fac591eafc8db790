# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The top of the page: do we comply, and what it is that was measured."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping

from ..._messages import Texts
from ..document import Document
from ..labels import counted, label, moment, number, shown
from .charts import ring, share

# States that prove something; in all others the figure is no result.
_MEASURED = ("complies", "not")


def state(document: Document) -> str:
    """complies, not, nothing_to_do, or why nothing is proven: unfinished, error or empty."""
    counts = document["summary"]
    if document["finished"] is None:
        return "unfinished"
    if document["errors"]:
        return "error"
    if not counts["hosts"]:
        # A slice of a job for one tier can have no host of it.
        return "nothing_to_do" if document["passed"] else "empty"
    # Where the gate is on readiness, passed says nothing about compliance.
    by_gate = document["passed"] or document["gate_on"] == "readiness"
    return "complies" if by_gate and not counts["not_passed"] else "not"


def hero(document: Document, texts: Texts) -> dict[str, t.Any]:
    """One figure and one sentence."""
    counts, now = document["summary"], state(document)
    passed, hosts = counts["passed"], counts["hosts"]
    measured = now in _MEASURED
    return {
        "state": now,
        "word": texts(f"page_state_{now}"),
        "sentence": _sentence(document, texts, now),
        "figure": texts("page_figure", percent=share(passed, hosts)) if measured else "—",
        "caption": texts("page_figure_caption", passed=number(passed), hosts=number(hosts)),
        "ring": ring(passed if measured else 0, hosts),
        "date": moment(document["finished"] or document["started"] or "")[:10],
    }


def _sentence(document: Document, texts: Texts, now: str) -> str:
    counts = document["summary"]
    if now == "complies" and counts["waived"]:
        return counted(texts, "page_sentence_complies_waived", counts["hosts"], waived=number(counts["waived"]))
    if now == "complies":
        return counted(texts, "page_sentence_complies", counts["hosts"])
    if now == "not":
        return counted(texts, "page_sentence_not", counts["not_passed"], hosts=number(counts["hosts"]))
    return texts(f"page_sentence_{now}")


def facts(document: Document, texts: Texts) -> list[tuple[str, list[str]]]:
    """What was measured: a label with its lines each."""
    count = len(document["left_out"])
    found = {
        "kind": [_kind(document, texts)],
        "when": [_when(document, texts)],
        "scope": list(_scope(document, texts)),
        "left_out": [counted(texts, "page_group_hosts", count) if count else texts("page_left_out_none")],
        "gate": [label(texts, "page_gate", document["gate_on"])],
        "change": [shown(document["change_id"])],
    }
    return _labelled(found, texts)


def about(document: Document, texts: Texts) -> list[tuple[str, list[str]]]:
    """Where the report comes from."""
    versions = {"collection": shown(document["collection_version"]), "core": shown(document["core_version"])}
    found = {
        "started_by": list(_started_by(document, texts)),
        "run": [shown(document["run_id"])],
        "versions": [texts("page_versions", **versions)],
        "source": [shown(document["source"])],
        "merged": [_merged(each, texts) for each in document["merged_from"]],
    }
    return _labelled(found, texts)


def _labelled(found: Mapping[str, list[str]], texts: Texts) -> list[tuple[str, list[str]]]:
    return [(texts(f"page_fact_{name}"), lines) for name, lines in found.items() if any(lines)]


def left_out(document: Document, texts: Texts) -> dict[str, t.Any]:
    """Hosts that nothing is known of here: a result for some hosts must not pass for one of all."""
    hosts = document["left_out"]
    named = [texts("page_left_out_why", host=shown(each["host"]), why=shown(each["why"])) for each in hosts[:200]]
    more = len(hosts) - len(named)
    return {
        "count": len(hosts),
        "sentence": counted(texts, "page_left_out", len(hosts)),
        "hosts": named + ([counted(texts, "page_other_values", more)] if more else []),
    }


def _kind(document: Document, texts: Texts) -> str:
    if document["merged_from"]:
        return texts("page_kind_merged")
    playbook = document["playbook"]
    if playbook == "gate":
        return texts("page_kind_gate")
    if document["check_mode"]:
        return texts("page_kind_check")
    return texts("page_kind_remediate" if playbook else "page_kind_other")


def _when(run: Mapping[str, t.Any], texts: Texts) -> str:
    started, finished = moment(run["started"] or ""), moment(run["finished"] or "")
    if not started:
        return finished or texts("page_when_unknown")
    if not finished:
        return texts("page_when_open", started=started)
    day, dummy, minute = finished.partition(" ")
    return texts("page_when", started=started, finished=minute if started.startswith(day) else finished)


def _merged(run: Mapping[str, t.Any], texts: Texts) -> str:
    playbook = shown(run["playbook"]) or texts("page_kind_other")
    return texts("page_merged", run_id=shown(run["run_id"]), playbook=playbook, when=_when(run, texts))


def _scope(document: Document, texts: Texts) -> Iterator[str]:
    if document["limit"]:
        yield texts("page_scope_limit", limit=shown(document["limit"]))
    if document["dsa_hosts"]:
        yield texts("page_scope_hosts", hosts=shown(document["dsa_hosts"]))
    if not document["limit"] and not document["dsa_hosts"] and not document["left_out"]:
        yield texts("page_scope_all")


def _started_by(document: Document, texts: Texts) -> Iterator[str]:
    by = document["started_by"]
    if by["user"]:
        yield shown(by["user"])
    if by["awx_job"] and by["awx_job_name"]:
        yield texts("page_awx_job_named", job=shown(by["awx_job"]), name=shown(by["awx_job_name"]))
    elif by["awx_job"]:
        yield texts("page_awx_job", job=shown(by["awx_job"]))
    if by["awx_user"]:
        yield texts("page_awx_user", user=shown(by["awx_user"]))
