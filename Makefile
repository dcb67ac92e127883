# Each step leaves a stamp in .venv, so a second run installs nothing.
PYTHON ?= python3
STUDY  ?= studies/mpc_intradiscal.toml
BIN    := .venv/bin
# wheels only: nothing is compiled on the way
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: -c constraints.txt
PINS   := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo setup check static test peers bench docs run clean

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /\1 · /p' Makefile | awk -F ' · ' '{ printf "  make %-8s %s\n", $$1, $$2 }'

demo: .venv/.core ## install, simulate the shipped study, write its report
	$(BIN)/sciatrial run $(STUDY)
	@report=$$(ls -t runs/*/report.html 2>/dev/null | head -n 1); \
	if [ -n "$$report" ]; then echo "Open $$report in a browser."; \
	else echo "The run left no report under runs/." >&2; exit 1; fi

run: .venv/.core ## the same for another study: make run STUDY=studies/NAME.toml
	$(BIN)/sciatrial run $(STUDY)

setup: .venv/.test .venv/.hooks ## everything that a developer needs, hooks included

check: static ## the fast set: format, lint, types, layers, spelling, house rules (under a minute)
	$(BIN)/python -m pytest -q tests/house

static: .venv/.test
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/codespell
	$(BIN)/basedpyright
	$(BIN)/lint-imports

test: static ## everything
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

bench: .venv/.test ## speed, alone and beside other programs, each of those in an environment of its own
	@status=0; for script in benchmarks/bench_*.py; do echo "== $$script"; \
	  PYTHONPATH=. $(BIN)/python "$$script" || status=1; done; exit $$status

docs: .venv/.test ## write docs/reference from the code
	$(BIN)/python docs/generate.py

peers: .venv/.core ## agreement with other programs, each in an environment of its own
	@found=0; for folder in peers/*/; do \
	  [ -f "$$folder/compare.py" ] || continue; found=1; name=$$(basename "$$folder"); env=".venv-peers/$$name"; \
	  echo "== $$name"; [ -x "$$env/bin/python" ] || $(PYTHON) -m venv "$$env" || exit 1; \
	  "$$env/bin/python" -m pip install --quiet --disable-pip-version-check -e . -r "$$folder/requirements.txt" || exit 1; \
	  "$$env/bin/python" "$$folder/compare.py" || exit 1; \
	done; if [ $$found -eq 0 ]; then echo "No comparison yet: a peer is a folder peers/NAME with requirements.txt and compare.py."; fi

clean: ## remove caches and builds; keep runs and environments
	rm -rf build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
	find src tests docs benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "sciatrial needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || echo not there)." >&2; \
	  echo "Install one, then name it: make $(or $(MAKECMDGOALS),demo) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "No virtual environment could be made: on Debian, install python3-venv." >&2; rm -rf .venv; exit 1; }

.venv/.core: $(PINS) | .venv/bin/python
	@echo "Installing sciatrial and its libraries into .venv (a minute or two, once) ..."
	@$(INSTALL) -e .
	@touch $@

.venv/.test: .venv/.core
	@echo "Installing what the tests need ..."
	@$(INSTALL) -e '.[test]'
	@touch $@

.venv/.hooks: .venv/.test .pre-commit-config.yaml
	@$(INSTALL) -e '.[test,hooks]'
	@if git rev-parse --git-dir >/dev/null 2>&1; then $(BIN)/pre-commit install; else echo "Not a git clone: no hooks."; fi
	@touch $@
