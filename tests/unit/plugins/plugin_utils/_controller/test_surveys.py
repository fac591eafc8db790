# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Surveys: what AWX accepts as an answer, the collection's own settings accept; no answer is "not set"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller.surveys import QUESTIONS, survey_of
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SETTINGS, Settings
from tests.awx_stub import checks

EVERY = [(template, name) for template, names in QUESTIONS.items() for name in names]


def question(template: str, name: str, preset: Mapping[str, Any] | None = None) -> dict[str, Any]:
    (found,) = (each for each in survey_of(template, preset or {})["spec"] if each["variable"] == name)
    return dict(found)


def answers(shown: Mapping[str, Any]) -> list[Any]:
    """What AWX sends for a question: each choice, or the example of the setting as somebody would write it."""
    if shown["type"] == "multiplechoice":
        return list(shown["choices"].splitlines())
    if shown["type"] == "multiselect":
        return [[choice] for choice in shown["choices"].splitlines()] + [shown["choices"].splitlines(), []]
    example = SETTINGS[shown["variable"]].example
    if shown["type"] in ("integer", "float"):
        return [example]
    preset = {shown["variable"]: example}
    return [question_default(shown, preset)]


def question_default(shown: Mapping[str, Any], preset: Mapping[str, Any]) -> Any:
    """A value of an inventory, as text."""
    template = next(template for template, names in QUESTIONS.items() if shown["variable"] in names)
    value = preset[shown["variable"]]
    found = question(template, shown["variable"], preset).get("default")
    return ",".join(value) if found is None else found  # a password has no default


@pytest.mark.parametrize("template", QUESTIONS)
def test_awx_accepts_the_survey(template: str) -> None:
    presets = {name: SETTINGS[name].example for name in QUESTIONS[template] if SETTINGS[name].example is not None}
    assert checks.survey(survey_of(template, {})) is None
    assert checks.survey(survey_of(template, presets)) is None


@pytest.mark.parametrize(("template", "name"), EVERY, ids=lambda value: value)
def test_each_answer_is_one_that_the_settings_accept(template: str, name: str) -> None:
    for answer in answers(question(template, name)):
        assert Settings.parse({name: answer}).is_set(name)


@pytest.mark.parametrize(("template", "name"), EVERY, ids=lambda value: value)
def test_no_answer_is_not_set_so_that_the_default_of_the_collection_counts(template: str, name: str) -> None:
    """The UI sends an empty text for a text that was left out; AWX itself sets what has a default."""
    shown = question(template, name)
    assert "default" not in shown
    settings = Settings.parse({name: ""})
    assert not settings.is_set(name)
    assert settings[name] == Settings()[name]
    default = SETTINGS[name].default
    if shown["type"] == "multiplechoice" and default is not None:
        assert str(default).lower() in shown["choices"].splitlines()
        assert str(default).lower() in shown["question_description"]


def test_an_answer_that_is_left_out_does_not_undo_what_the_template_sets() -> None:
    """AWX puts a survey's default over the variables of the template, and an empty text over both."""
    preset = {"dsa_target_version": {"linux": "20.0.0-6313"}, "dsa_reboot": "if_required", "dsa_failure_budget": 10}
    survey = {each["variable"]: each.get("default") for each in survey_of("agents", preset)["spec"]}
    parsed = Settings.parse({name: value for name, value in survey.items() if value is not None})
    assert parsed["dsa_target_version"] == {"linux": "20.0.0-6313"}
    assert (parsed["dsa_reboot"], parsed["dsa_failure_budget"]) == ("if_required", 10)


def test_a_truth_value_is_a_choice_and_a_secret_is_a_password_without_a_default() -> None:
    flag = question("gate", "dsa_not_installed_compliant")
    assert (flag["type"], flag["choices"]) == ("multiplechoice", "true\nfalse")
    secret = question("recover", "dsa_activation", {"dsa_activation": ["dsm://x"]})
    assert secret["type"] == "password"
    assert "default" not in secret


def test_only_the_hosts_to_recover_must_be_named() -> None:
    required = {(t, name) for t, name in EVERY if question(t, name)["required"]}
    assert required == {("recover", "dsa_recover_hosts")}


def test_a_node_that_works_has_the_questions_of_the_workflow_when_it_is_launched_alone() -> None:
    for node in ("predict", "relays", "agents"):
        assert set(QUESTIONS["workflow"]) <= set(QUESTIONS[node])


def test_descriptions_have_no_markup_of_ansible() -> None:
    for template in QUESTIONS:
        for each in survey_of(template, {})["spec"]:
            assert "V(" not in each["question_description"] and "C(" not in each["question_description"]
