# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Every target makes .venv and what it needs by itself, without root, and uses it again the next time.
# PYTHON=/path/to/python3 make ... chooses the Python for it.

VENV = sh tests/run/venv.sh
PY = .venv/bin/python

help:
	@echo "make demo       up to seventeen lab hosts on this machine: gate, remediate, gate again"
	@echo "make demo-awx   the workflow of docs/awx.md by ansible-runner, as AWX runs it: three slices of Agents, one report"
	@echo "make check      lint and unit tests, without a fleet: about a minute"
	@echo "make test       everything that protects a user: also fleets, sanity, importer, oldest and newest ansible-core"
	@echo "make test-all   before a release: every ansible-core, mutants and full property tests as well"
	@echo "make lint       ruff, mypy, ansible-lint, yamllint, antsibull-changelog, syntax of host-side code"
	@echo "make sanity     ansible-test sanity with the newest ansible-core that the Pythons here allow"
	@echo "make importer   build the collection and let galaxy-importer judge it"
	@echo "make matrix     the short round with every supported ansible-core that the Pythons here allow"
	@echo "make mutants    known defects, one at a time: does a test fail for each?"
	@echo "make screenshots  pictures of the HTML report in every state, and that of README; needs Chromium"
	@echo "make bench      what reading, gate and remediate cost beside ping, setup and package_facts"
	@echo "make build      the collection's archive, in build/"
	@echo "make venv       .venv with all that the tests need; then .venv/bin/pytest -k one_story"
	@echo "make clean      remove what these targets made"

demo:
	@$(VENV) demo
	@$(PY) -m lab demo

demo-awx:
	@$(VENV) demo
	@$(PY) -m lab demo-awx

check:
	@$(VENV) pip
	@$(PY) -m tests.run.all check

test:
	@$(VENV) pip
	@$(PY) -m tests.run.all test

test-all:
	@$(VENV) pip
	@HYPOTHESIS_PROFILE=full $(PY) -m tests.run.all all

venv:
	@$(VENV) lint

lint:
	@$(VENV) lint
	@$(PY) -m tests.run.lint

sanity:
	@$(VENV) demo
	@$(PY) -m tests.run.sanity

importer:
	@$(VENV) demo
	@$(PY) -m tests.run.importer

matrix:
	@$(VENV) demo
	@$(PY) -m tests.run.matrix

mutants:
	@$(VENV) test
	@$(PY) -m tests.mutants

screenshots:
	@$(VENV) test
	@$(PY) -m tests.screenshots

bench:
	@$(VENV) test
	@$(PY) -m tests.bench

build:
	@$(VENV) demo
	@.venv/bin/ansible-galaxy collection build --force --output-path build

clean:
	rm -rf .venv .cache build

.PHONY: help demo demo-awx check test test-all venv lint sanity importer matrix mutants screenshots bench build clean
