# Everything that a newcomer needs. `make demo` and `make test` set up whatever is missing.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
export FLOWS_HOME ?= $(CURDIR)/data/home
export FLOWS_DAGSTER_DIR ?= $(FLOWS_HOME)/dagster
export DAGSTER_HOME := $(FLOWS_DAGSTER_DIR)
export GX_ANALYTICS_ENABLED := false
DEMO_HOME := $(FLOWS_HOME)/demo

.PHONY: help setup demo run test check bench docs web clean

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/ -/'

setup: $(VENV)/.ready  ## the virtual environment, as locked

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

data/case.key: $(VENV)/.ready
	test -e $@ || $(BIN)/flows key $@

demo: setup data/case.key  ## simulate a world, run the nightly job on it, say where to look
	$(BIN)/flows world --out $(DEMO_HOME)/world --seed 7 --seizures 20000
	$(BIN)/flows run --home $(DEMO_HOME) --inbox $(DEMO_HOME)/world/inbox
	$(BIN)/flows release verify latest --home $(DEMO_HOME)
	@echo
	@echo "The release (simulated data) is in $(DEMO_HOME)/releases/latest"
	@echo "One query to try:"
	@echo "  $(BIN)/flows query --home $(DEMO_HOME) \"select country, year, n_lines, kg_mid from published.seizure_trends where commodity_group = 'cocaine' and period_type = 'year' and obs_state = 'value' order by kg_mid desc limit 5\""

run: setup  ## run the nightly job on the home's inbox
	$(BIN)/flows run

test: setup  ## all tests that need nothing from outside the project
	$(BIN)/python -m pytest -m "not real"

check: setup  ## ruff, format, mypy, import direction, contracts, unit tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/unit

bench: setup  ## duplicates beside two baselines; speed and memory beside a peer
	$(BIN)/python bench/duplicates.py
	$(BIN)/python bench/cold_run.py

docs: setup  ## the guides as HTML, in docs/_build
	$(BIN)/python -m sphinx -W -q -b html docs docs/_build/html

web: setup  ## Dagster's page on loopback: it has no login
	mkdir -p $(FLOWS_DAGSTER_DIR)
	ln -sfn $(CURDIR)/dagster.yaml $(FLOWS_DAGSTER_DIR)/dagster.yaml
	$(BIN)/dg dev --host 127.0.0.1 --port 3000

clean:  ## remove everything that was made, but not the home
	rm -rf $(VENV) docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
