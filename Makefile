# Everything a person does here is one word behind `make`. Nothing is needed but Python 3.11 and make: the rest comes as
# wheels, pinned with hashes in requirements.lock, which names no index and so installs behind any mirror.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

TOOLS := .run/tools
UV := $(TOOLS)/bin/uv
BIN := .venv/bin
MEMBERS := $(wildcard libs/* services/*)
PACKAGES := $(foreach member,$(MEMBERS),$(wildcard $(member)/recital_*))
TEST_FOLDERS := $(wildcard $(addsuffix /tests,$(MEMBERS)) tests/* bench)
PROCESSES ?= 2
export UV_PYTHON_DOWNLOADS := never

.PHONY: help setup demo run start stop status clock test house-tests other-tests check campaign restore-drill bench generate lock minio clean

help: ## Show this
	@awk -f dev/help.awk $(MAKEFILE_LIST)

##@ Try it

demo: setup ## One call from its notice to its certified erasure, told step by step
	@$(BIN)/python -m demo

setup: .venv/.synced ## Install everything into .venv, from the lock

##@ Run it

run: setup ## Start the servers and the four services, and stay (Ctrl-C stops all)
	@$(BIN)/python dev/run.py run

start: setup ## The same in the background
	@$(BIN)/python dev/run.py start

stop: setup ## Stop what `make run` or `make start` started
	@$(BIN)/python dev/run.py stop

status: setup ## What runs, where, and how it is
	@$(BIN)/python dev/run.py status

clock: setup ## Move the running services' clock: make clock ADVANCE=P6M
	@$(BIN)/python dev/run.py clock "$(ADVANCE)"

##@ Test it

test: setup ## Every test, on the real servers; the pure ones show that no branch of a decision goes untested
	@# the house's tests mostly wait for four services to tell each other, and leave room beside them
	@$(MAKE) -j2 house-tests other-tests

house-tests:
	@mkdir -p .run
	@$(BIN)/pytest -m "house and not campaign" >.run/house-tests.log 2>&1 && status=0 || status=$$?; cat .run/house-tests.log; exit $$status

other-tests:
	@$(BIN)/coverage run -m pytest -m "not servers and not house and not campaign" services
	@$(BIN)/coverage report --skip-covered --fail-under=100
	@$(BIN)/pytest -m "not house and not campaign" -n $(PROCESSES) --dist loadfile libs tests
	@$(BIN)/pytest -m "servers and not house and not campaign" -n $(PROCESSES) --dist loadfile services

check: setup ## What CI runs: style, types, imports, events, and `make test`
	@echo "style:   ruff check, ruff format"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@echo "types:   mypy --strict, the packages and then the tests"
	@$(BIN)/mypy --no-error-summary $(PACKAGES) dev demo deploy
	@$(BIN)/mypy --no-error-summary --explicit-package-bases $(TEST_FOLDERS)
	@echo "imports: import-linter's contracts"
	@$(BIN)/lint-imports --no-logo >.run/imports.log || { cat .run/imports.log; exit 1; }
	@echo "events:  schemas, examples and pages are those of the catalogue"
	@$(BIN)/python -m recital_events check
	@$(BIN)/python dev/lawful_rules.py check
	@$(MAKE) test

campaign: setup ## The campaigns' whole editions: kills, malformed files, races, large tables
	@$(BIN)/python -m pytest -m campaign

restore-drill: setup ## Restore an older backup and see that nothing that was erased comes back
	@$(BIN)/python -m dev.restore_drill

bench: setup ## One benchmark beside its raw limit: make bench BENCH=bus
	@$(BIN)/python -m bench.$(or $(BENCH),$(error name one, as in: make bench BENCH=bus))

##@ Change it

generate: setup ## Write the generated schemas, examples and pages anew
	@$(BIN)/python -m recital_events generate
	@$(BIN)/python dev/lawful_rules.py generate

lock: $(UV) ## Resolve the dependencies anew and write requirements.lock
	@# uv.lock itself names index hosts and stays out of git
	@env -u UV_INDEX -u UV_DEFAULT_INDEX $(UV) lock
	@$(UV) export --quiet --all-packages --all-groups --all-extras --no-emit-workspace --no-emit-project --no-header --no-annotate \
		--format requirements.txt -o requirements.lock

minio: ## Build MinIO's binary, which is then used everywhere (needs Go; 8 minutes the first time)
	@BIN=.run/bin deploy/minio/build.sh

clean: ## Remove what was installed and what ran, with all its data
	@if [ -x $(BIN)/python ]; then $(BIN)/python dev/run.py stop --quiet; fi
	@rm -rf .venv .run .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage

$(UV): uv.requirements.txt
	@python3 -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Recital needs Python 3.11 or newer, this is %d.%d" % sys.version_info[:2])'
	@echo "installing uv into $(TOOLS)"
	@python3 -m venv $(TOOLS) || { echo "python3 -m venv failed: on Debian install python3-venv"; exit 1; }
	@$(TOOLS)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r uv.requirements.txt
	@touch $@

# nkeys is published as source only; what builds it is pinned with its hash like everything else.
.venv/.synced: $(UV) requirements.lock build.constraints.txt $(wildcard services/*/pyproject.toml libs/*/pyproject.toml)
	@echo "installing Recital and what it needs into .venv (once; about half a minute)"
	@$(UV) venv --quiet --allow-existing .venv
	@$(UV) --no-config pip install --require-hashes --only-binary :all: --no-binary nkeys \
		--build-constraints build.constraints.txt -r requirements.lock
	@$(UV) --no-config pip install --quiet --no-deps --no-build-isolation $(foreach member,$(MEMBERS),-e $(member))
	@touch $@
