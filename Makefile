# Each target sets itself up: a fresh machine needs Python >= 3.10, git and make.

VENV ?= .venv
BIN := $(VENV)/bin
# PYTHON=python3.12 chooses another interpreter; then also choose another VENV.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && { echo $$p; break; }; done)
READY := $(VENV)/ready

.PHONY: help test check lint types cover golden corpus bench bench-watch torture fuzz sample serve-sample dist clean

help:            ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python >= 3.10 found; set PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[build]" --group dev
	@touch $@

test: $(READY)   ## run the tests, a file on each core
	$(BIN)/python -m pytest -n auto --dist loadfile

check: lint types cover  ## everything that must hold before a commit

lint: $(READY)   ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)  ## mypy --strict
	$(BIN)/mypy

cover: $(READY)  ## the tests with branch coverage
	$(BIN)/python -m pytest --cov --cov-report=term

golden: $(READY) ## rewrite the golden releases from what the code makes now
	$(BIN)/python -m tests.golden

corpus: $(READY) ## build real packages and write docs/fidelity.md
	$(BIN)/python -m tests.corpus

bench: $(READY)  ## measure speed beside other tools (20 minutes) and write docs/performance.md
	$(BIN)/python -m benchmarks

bench-watch: $(READY)  ## measure saves beside other tools (12 minutes) and write them into docs/watch.md
	$(BIN)/python -m benchmarks.watch

torture: $(READY)  ## kill builds, make system calls fail (10 minutes) and write docs/reliability.md
	$(BIN)/python -m tests.torture

fuzz: $(READY)   ## feed parsers what nobody writes, for MINUTES (default 5)
	$(BIN)/python -m tests.fuzz --minutes $(or $(MINUTES),5)

sample: $(READY) ## build sample_project/ into a release
	$(BIN)/assetbuild build --config sample_project/assetbuild.toml
	@echo "to see it: make serve-sample (Flask; SAMPLE=django or starlette)"

SAMPLE ?= flask
serve-sample: sample  ## serve the sample site from its release
	$(BIN)/python sample_project/serve.py $(SAMPLE)

dist: $(READY)   ## build the wheel and the source archive
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build .

clean:           ## remove all that the targets above made
	rm -rf $(VENV) build dist sample_project/dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
