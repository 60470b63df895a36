# Every target sets up what it needs. `make` alone explains them.
.DEFAULT_GOAL := help
.PHONY: help setup run test coverage torture containers lint fix migrations check messages bench bench-quick lock audit manage reset

PYTHON ?= python3
RUN := $(PYTHON) run.py
BIN := .venv/bin
ARGS ?=
LOCK := $(BIN)/python -m uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-emit-index-url

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make .venv and install the pinned packages
	@$(RUN) setup

run: ## Start all of FlipDash here, with demo data (PORT=8001 for another port)
	@$(RUN) run

test: ## Run the tests (ARGS='-k transfer' goes to pytest)
	@$(RUN) test $(ARGS)

coverage: ## Run the tests, and hold how much of the code they reach
	@$(RUN) test -n auto --dist worksteal --cov --cov-report= $(ARGS)

torture: ## Move money for long beside a model, and amid kills (LEDGER_STEPS=500000 CHAOS_TRANSFERS=5000)
	@LEDGER_STEPS=$${LEDGER_STEPS:-100000} $(RUN) test tests/deposits/test_machine.py -s $(ARGS)
	@TRANSFER_STEPS=$${TRANSFER_STEPS:-5000} $(RUN) test tests/transactions/test_outgoing_machine.py -s $(ARGS)
	@CHAOS_TRANSFERS=$${CHAOS_TRANSFERS:-1000} $(RUN) test tests/test_chaos.py -s $(ARGS)
	@SENT_UNDER_KILLS=$${SENT_UNDER_KILLS:-2000} $(RUN) test tests/transactions/test_sending_survives.py -s $(ARGS)
	@CALLBACK_FACTS=$${CALLBACK_FACTS:-5000} $(RUN) test tests/developer/test_callbacks_survive.py -s $(ARGS)
	@$(RUN) test tests/documents/test_reports_survive.py -k 'full_disk or killed' $(ARGS)

containers: setup ## Run the Compose deployment for real, and kill, upgrade, restore it (as root; ARGS='--minutes 10')
	@$(BIN)/python -m devtools.containers $(ARGS)

lint: setup ## Check style, templates, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --check templates
	$(BIN)/djlint --lint templates
	$(RUN) exec mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

fix: setup ## Repair what lint can repair by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/djlint --quiet --warn --reformat templates

migrations: setup
	$(RUN) manage makemigrations --check --dry-run

check: lint migrations test ## Everything that CI runs: lint, missing migrations, tests

messages: setup ## Collect the words for translation into locale/, and compile them
	$(BIN)/python -m devtools.messages

bench: setup ## Measure on ten million rows of each distribution, made once (ARGS=search for one group)
	@$(BIN)/python -m bench usual $(ARGS)
	@$(BIN)/python -m bench lopsided $(ARGS)

bench-quick: setup ## Measure on 200,000 rows of each distribution, in three minutes
	@$(BIN)/python -m bench usual $(ARGS) --quick
	@$(BIN)/python -m bench lopsided $(ARGS) --quick

lock: setup ## Renew requirements/ after a change of pyproject.toml (ARGS=--upgrade takes new versions)
	$(LOCK) --group dev --output-file requirements/development.txt $(ARGS)
	$(LOCK) --output-file requirements/production.txt $(ARGS)

audit: setup ## Hold what is pinned against the faults that are known (requirements/advisories.json), offline
	$(BIN)/python -m devtools.advisories

manage: ## Run a Django command (make manage ARGS='shell')
	@$(RUN) manage $(ARGS)

reset: ## Delete the local database; the next run makes a new one
	@$(RUN) reset
