# Two commands do everything from nothing: `make demo` and `make test`.

SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
TEST_WORKERS ?= 3

.PHONY: help setup aave clients slither demo october test quick coverage check lint types documents static bench profile fuzz mutants docs site \
  hooks dist lock clean

help:
	@echo "make demo   everything from nothing, then the flagship replay: prints its summary and the report's path"
	@echo "make october  the whole account of October 2025 beside the record: prints what differs and the path of the page"
	@echo "make test   everything from nothing, then the whole test suite"
	@echo "make quick  the tests that need no chain, in under a minute"
	@echo "make check  linters, types, generated documents and slither"
	@echo "make coverage  the whole test suite, with the share of the package's lines that it runs"
	@echo "make bench  speed, as ratios from one run; ONLY= names parts of it"
	@echo "make profile  where the time of a run goes; SCENARIO=october-2025 SET='PATH=VALUE ...'"
	@echo "make fuzz   the property tests in their large size"
	@echo "make mutants  mutation tests of the contracts: 25 mutants of each; SAMPLE=, SEED=, ONLY=, ALL=1"
	@echo "make docs   write the generated documents"
	@echo "make site   the documents as a site that opens from disk"
	@echo "make aave   Aave V3.6 itself (BUSL-1.1), for lending.engine aave-v3; make test and make fuzz install it too"
	@echo "make hooks  let git run make check before each commit"
	@echo "make setup  install the tools only"
	@echo "make dist   build the wheel, with compiled contracts and scenarios, into dist/"
	@echo "make lock   resolve the requirements and write the lock files"
	@echo "make clean  remove everything that make has made"

setup: $(VENV)/.ready node_modules/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: python3: not found: install Python 3.11 or 3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' \
	  || { echo "error: $(PYTHON): expected Python 3.11 or 3.12; name one with PYTHON=" >&2; exit 2; }
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { echo "error: $(VENV): cannot be made: does $(PYTHON) have its venv module?" >&2; exit 2; }
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock \
	  || { echo "error: requirements.lock: the download failed or a hash differs: see above, then try again" >&2; exit 2; }
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable . \
	  || { echo "error: pyproject.toml: the package cannot be installed: see above" >&2; exit 2; }
	@touch $@

node_modules/.ready: package-lock.json requirements-node.lock $(VENV)/.ready
	@echo "setting up anvil, forge, OpenZeppelin, solc"
	@$(BIN)/python -m cascade.commands.setup
	@touch $@

aave: setup .cache/aave-v3/.ready

.cache/aave-v3/.ready: python/cascade/toolchain/aave_v3/package-lock.json node_modules/.ready
	@echo "setting up Aave V3.6"
	@$(BIN)/python -m cascade.commands.setup aave-v3
	@touch $@

clients: setup .cache/clients/.ready

.cache/clients/.ready: tests/conformance/clients.lock $(VENV)/.ready
	@echo "setting up a third-party client, for tests"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --upgrade --require-hashes \
	  --target .cache/clients -r tests/conformance/clients.lock \
	  || { echo "error: clients.lock: the download failed or a hash differs: see above, then try again" >&2; exit 2; }
	@touch $@

slither: .venv-slither/.ready

.venv-slither/.ready: requirements-slither.lock $(VENV)/.ready
	@echo "setting up .venv-slither"
	@$(PYTHON) -m venv --clear .venv-slither
	@.venv-slither/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-slither.lock \
	  || { echo "error: requirements-slither.lock: the download failed or a hash differs: see above, then try again" >&2; exit 2; }
	@touch $@

demo: setup
	@$(BIN)/ape run replay scenarios/loop-and-crash.yaml

october: setup
	@$(BIN)/ape run compare october-2025 october-2025-record --no-amplification --workers 2

test: setup aave clients
	@$(BIN)/python -m pytest -p no:ape_test -n $(TEST_WORKERS) --dist loadgroup

# Tests of contracts, of whole runs and against third parties each start chains; those of tests/python start none.
quick: setup
	@$(BIN)/python -m pytest -p no:ape_test -q -n $(TEST_WORKERS) --dist loadgroup tests/python

coverage: setup aave clients
	@$(BIN)/python -m pytest -p no:ape_test -q -n $(TEST_WORKERS) --dist loadgroup --cov --cov-report=term

check: lint types documents static

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup
	@$(BIN)/mypy

documents: setup
	@$(BIN)/python -m cascade.commands.documents --check

static: setup slither
	@$(BIN)/python -m cascade.toolchain.static_analysis

site: setup
	@$(BIN)/mkdocs build --quiet --strict
	@echo "open build/site/index.html"

docs: setup
	@$(BIN)/python -m cascade.commands.documents

bench: setup
	@$(BIN)/python -m cascade.bench $(ONLY)

SCENARIO ?= loop-and-crash

profile: setup
	@$(BIN)/python -m cascade.bench.profile $(SCENARIO) runs/profile-$(basename $(notdir $(SCENARIO))).html $(SET)

fuzz: setup aave
	@$(BIN)/python -m pytest -p no:ape_test tests/properties tests/conformance/test_aave_differential.py --fuzz-size large

# Most of an hour; ALL=1 is most of a day.
mutants: setup
	@PYTHONPATH=tests $(BIN)/python -m mutants $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(ONLY),--only $(ONLY)) $(if $(ALL),--all)

hooks: setup
	@$(BIN)/pre-commit install

# The build asks for nothing: setup has compiled the contracts.
dist: setup
	@rm -rf dist
	@$(BIN)/python -m pip wheel -qq --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist . \
	  || { echo "error: the wheel cannot be built: see above" >&2; exit 2; }
	@ls dist/*.whl

lock: setup
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml requirements.in -o requirements.lock
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-node.in -o requirements-node.lock
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-slither.in -o requirements-slither.lock
	@$(BIN)/uv pip compile --quiet --no-deps --python-version 3.11 --generate-hashes --no-emit-index-url --no-header tests/conformance/clients.in -o tests/conformance/clients.lock

clean:
	@rm -rf $(VENV) .venv-slither node_modules .build .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage build dist
