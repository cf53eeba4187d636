# `make` alone lists the targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help install demo down clean format check test chaos bench bench-registry

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 26

install: .venv/.installed ## make .venv with everything pinned by hash

.venv/.installed: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing the pinned packages into .venv (about half a minute)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

demo: install ## everything from one command: MySQL rows become governed records
	@$(BIN)/cdc demo

down: install ## stop what the demo or `cdc stack up` started
	@$(BIN)/cdc stack down

clean: install ## stop everything and remove its state (downloads are kept)
	@$(BIN)/cdc stack clean

format: install ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

check: install ## format, lint, types, import contracts, migrations, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/cdc check --base mysql/bootstrap.sql --migrations mysql/migrations \
		--connector connectors/pizzashop.json --policies schemas/policies --waivers mysql/waivers.yaml
	$(BIN)/cdc schemas lock --check --sql mysql/bootstrap.sql
	$(BIN)/pytest -m "not stack" --cov --cov-report=term:skip-covered

test: check ## check, then the tests on a real MySQL, Kafka and Connect
	$(BIN)/pytest -m stack

chaos: install ## kill relay, Connect and broker 51 times; every change must be there once
	@$(BIN)/python -m tests.chaos

bench: install ## speed of the whole relay, as JSON on stdout (about six minutes)
	@$(BIN)/python -m tests.bench

bench-registry: install ## speed of the schema registry, as JSON on stdout
	@$(BIN)/python -m tests.bench_registry
